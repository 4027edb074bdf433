//! The samples of `events/` are what they say.

use defsg_e2e::events::{Event, SAMPLES};
use defsg_e2e::fake::RULE;

#[test]
fn every_sample_is_of_the_emulators_account_and_in_test_mode() {
    for name in SAMPLES {
        let event = Event::sample(name);
        assert_eq!(event.envelope["resultToken"], "TESTMODE", "{name}");
        assert_eq!(event.envelope["accountId"], defsg_e2e::ACCOUNT, "{name}");
        assert_eq!(event.envelope["configRuleName"], RULE, "{name}");
    }
}
