//! A close that ends at any of its calls, or whose call fails in any way. No rule may ever be gone that is in
//! no backup, and the next close ends well.

use defsg_e2e::fake::Fault;
use defsg_e2e::fake::Occurrence::Nth;
use defsg_e2e::process::kill_group;
use defsg_e2e::remediator::{World, shared_moto};
use serde_json::json;

/// Every call of a close that meets no fault, by its operation and by which one of these it is.
fn calls_of_a_close() -> Vec<(String, usize)> {
    let world = World::one_try();
    world.assert_closed();
    let calls = world.aws.occurrences();
    assert!(calls.len() > 12, "a close makes more calls than {calls:?}");
    calls
}

/// Plays `fault` at each call of a close, every time in a new world.
fn fail_at_every_call(fault: &Fault) {
    let _moto = shared_moto();
    for (operation, nth) in calls_of_a_close() {
        let world = World::one_try();
        let context = format!("{fault:?} at {operation} {nth}");
        let (before, watch) = (world.rules(), world.watch());
        world.aws.fault(&operation, Nth(nth), fault.clone());
        let answer = world.close();
        assert!(world.aws.calls_of(&operation).len() >= nth, "{context}: not reached: {answer:?}");
        // What fails while dependents are asked for is an answer: nobody knows.
        let unknown = answer.payload["refusal"] == "unknown" && world.rules() == before;
        assert!(unknown || answer.error_type().is_some(), "{context}: {answer:?}");
        world.assert_recovers(&before, &context);
        watch.assert_nothing_lost(&context);
    }
}

/// Kills the function's process when a call is on its way, at each call of a close, every time in a new
/// world. `more` is what becomes of that call.
fn kill_at_every_call(more: Option<&Fault>) {
    let _moto = shared_moto();
    for (operation, nth) in calls_of_a_close() {
        let mut world = World::one_try();
        let context = format!("killed at {operation} {nth}");
        // The process starts with the first invocation, and a kill needs its id.
        world.ask(json!({"action": "none"}));
        let function = world.function.function_pid();
        let (before, watch) = (world.rules(), world.watch());
        world.aws.fault(&operation, Nth(nth), Fault::before(move || kill_group(function)));
        if let Some(more) = more {
            world.aws.fault(&operation, Nth(nth), more.clone());
        }
        let answer = world.function.invoke_dying(&json!({"action": "close", "groupId": world.group}));
        assert!(world.aws.calls_of(&operation).len() >= nth, "{context}: not reached: {answer}");
        assert!(!answer.contains("\"closed\""), "{context}: {answer}");
        world.restart();
        world.assert_recovers(&before, &context);
        watch.assert_nothing_lost(&context);
    }
}

#[test]
fn a_close_whose_process_dies_before_any_call_goes_on_when_it_is_run_again() {
    kill_at_every_call(Some(&Fault::Cut));
}

#[test]
fn a_close_whose_process_dies_after_any_call_goes_on_when_it_is_run_again() {
    kill_at_every_call(None);
}

#[test]
fn a_close_whose_connection_is_cut_before_any_call_goes_on_when_it_is_run_again() {
    fail_at_every_call(&Fault::Cut);
}

#[test]
fn a_close_whose_connection_is_cut_after_any_call_goes_on_when_it_is_run_again() {
    fail_at_every_call(&Fault::Lost);
}

#[test]
fn a_close_of_which_any_answer_breaks_off_goes_on_when_it_is_run_again() {
    fail_at_every_call(&Fault::CutMidway);
}

#[test]
fn a_close_that_is_refused_any_call_goes_on_when_it_is_run_again() {
    fail_at_every_call(&Fault::Denied);
}

#[test]
fn a_close_that_fails_at_any_call_goes_on_when_it_is_run_again() {
    fail_at_every_call(&Fault::ServerError);
}

#[test]
fn two_closes_at_once_get_in_nobodys_way() {
    let world = World::one_try();
    let (before, watch) = (world.rules(), world.watch());
    let mut other = World::one_try();
    other.restart_with("BACKUP_BUCKET", &world.bucket);
    other.restart_with("AWS_ENDPOINT_URL", &world.aws.url());
    let request = json!({"action": "close", "groupId": world.group});
    let answers = std::thread::scope(|scope| {
        let one = scope.spawn(|| world.function.invoke(&request));
        [other.function.invoke(&request), one.join().unwrap()]
    });
    for answer in answers {
        let status = answer.payload["status"].as_str().unwrap_or_default();
        assert!(["closed", "already_closed"].contains(&status), "{answer:?}");
    }
    assert_eq!(world.rules(), []);
    watch.assert_nothing_lost("two at once");
    world.assert_recovers(&before, "two at once");
}
