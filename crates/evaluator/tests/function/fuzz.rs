//! Garbage in: never a panic, and never "closed" out of it. `PROPTEST_CASES` makes it as long as you like.

use defsg_core::{ComplianceType, Exemptions};
use defsg_evaluator::event::{Event, Invocation};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::date;

use crate::fixture::{change_message, envelope, parse};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("OK")),
        Just(json!("default")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-zA-Z]{1,12}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every value of a document, by pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| pointers(value, &format!("{at}/{i}"), found))
        }
        _ => {}
    }
}

fn is_closed(event: Value) -> bool {
    let Ok(Event { invocation: Invocation::Change { item, left_scope }, .. }) = parse(event) else {
        return false;
    };
    item.judge(left_scope, &Exemptions::default(), date!(2026 - 11 - 22))
        .is_ok_and(|verdict| ComplianceType::from(&verdict) == ComplianceType::Compliant)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), ..Default::default() })]

    #[test]
    fn no_json_makes_the_parser_panic_or_a_closed_group(event in any_json()) {
        prop_assert!(!is_closed(event.clone()));
        prop_assert!(!is_closed(envelope(&event)));
    }

    #[test]
    fn no_text_for_an_invoking_event_makes_the_parser_panic_or_a_closed_group(text in any::<String>()) {
        let mut event = envelope(&json!({}));
        event["invokingEvent"] = json!(text);
        prop_assert!(!is_closed(event));
    }

    #[test]
    fn a_closed_group_s_event_with_garbage_in_one_place_is_closed_only_where_the_place_does_not_decide(
        garbage in any_json(), place in any::<prop::sample::Index>(),
    ) {
        let mut message = change_message();
        let mut places = Vec::new();
        pointers(&message["configurationItem"]["configuration"], "/configurationItem/configuration", &mut places);
        let place = place.get(&places).clone();
        *message.pointer_mut(&place).unwrap() = garbage.clone();
        let same = change_message().pointer(&place) == Some(&garbage);
        let does_not_decide = place.ends_with("/tags") || garbage == json!([]) || same;
        prop_assert!(does_not_decide || !is_closed(envelope(&message)), "{place} = {garbage}");
    }

    #[test]
    fn an_event_cut_anywhere_or_with_any_byte_changed_makes_no_panic(cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let whole = envelope(&change_message()).to_string().into_bytes();
        let at = cut.index(whole.len());
        let mut changed = whole.clone();
        changed[at] = byte;
        for bytes in [&whole[..at], &changed[..]] {
            if let Ok(event) = std::str::from_utf8(bytes) {
                let _ = Event::parse(event);
            }
        }
    }
}
