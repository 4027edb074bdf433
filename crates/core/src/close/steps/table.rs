//! The choice of each step, case by case.

use std::time::Duration;

use time::macros::datetime;

use super::*;
use crate::close::plan::Refusal;
use crate::close::source::{RequiredSources, Source};
use crate::close::survey::{Found, Unsure};
use crate::group::{DEFAULT_GROUP_NAME, GroupIdentity, Peer, Protocol, Traffic};
use crate::place::Place;

const NOW: OffsetDateTime = datetime!(2026-11-22 06:51:00.123 UTC);
const SOURCE: Source = Source::new("network-interfaces");
const SOON: Duration = Duration::from_secs(1);

fn rule(number: u16, direction: Direction) -> SecurityGroupRule {
    let peer = Peer::Ipv4(format!("10.{}.{}.0/24", number / 256, number % 256));
    let traffic = Traffic { direction, protocol: Protocol::All, ports: None, peer };
    SecurityGroupRule::new(format!("sgr-{number:08x}").parse().unwrap(), traffic).unwrap()
}

fn group(rules: Vec<SecurityGroupRule>) -> GroupState {
    let identity = GroupIdentity {
        id: "sg-0a1b2c3d4e5f60718".parse().unwrap(),
        name: DEFAULT_GROUP_NAME.to_owned(),
        description: "default VPC security group".to_owned(),
        owner: "012345678912".parse().unwrap(),
        vpc: Some("vpc-0123456789abcdef0".parse().unwrap()),
        tags: [].into(),
    };
    GroupState { identity, rules }
}

fn in_and_out() -> Vec<SecurityGroupRule> {
    vec![rule(1, Direction::Outbound), rule(2, Direction::Inbound)]
}

fn added() -> SecurityGroupRule {
    rule(9, Direction::Inbound)
}

fn settings() -> Settings {
    Settings {
        place: Place::parse("aws", "012345678912", "eu-west-1").unwrap(),
        exemptions: Default::default(),
        required: RequiredSources::every(&[SOURCE]),
        reopening: Default::default(),
    }
}

fn survey(told: Result<Found, Unsure>) -> Survey {
    [(SOURCE, told)].into()
}

/// What a close of these rules does next, after what `so_far` tells of.
fn step(
    rules: &[SecurityGroupRule],
    request: &Request,
    so_far: impl Fn(&mut State<'_>),
    at: Duration,
) -> Step {
    let plan = ClosePlan::screened(group(rules.to_vec()), Decision::Close);
    let settings = settings();
    let mut state = State::begin(&plan, None, request, &settings, NOW, Duration::ZERO).unwrap();
    so_far(&mut state);
    next(&state, at)
}

fn unforced(so_far: impl Fn(&mut State<'_>)) -> Step {
    step(&in_and_out(), &Request::default(), so_far, SOON)
}

fn keep(state: &mut State<'_>) {
    let Step::Keep(backup) = next(state, SOON) else { panic!("no backup is due") };
    state.keep(BackupKey::new(format!("backup-{}", state.backups + 1)), *backup);
}

fn read(state: &mut State<'_>, rules: &[SecurityGroupRule]) {
    state.read(group(rules.to_vec()));
}

/// Carries out the revoke that is due. EC2 shows what it shows.
fn revoke(state: &mut State<'_>) {
    let Step::Revoke { rules, .. } = next(state, SOON) else { panic!("no revoke is due") };
    state.revoke(rules);
}

fn is_revoke(step: &Step, expected: &[SecurityGroupRule]) -> bool {
    matches!(step, Step::Revoke { rules, .. } if rules == expected)
}

fn refusal(step: &Step) -> Option<&'static str> {
    match step {
        Step::Refuse(plan) => match &plan.decision {
            Decision::Refuse(refusal) => Some(refusal.name()),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn a_close_keeps_reads_revokes_inbound_and_outbound_and_is_done() {
    let rules = in_and_out();
    let outbound = [rules[0].clone()];
    let Step::Keep(backup) = unforced(|_| {}) else { panic!("nothing comes before the backup") };
    assert_eq!((backup.rules, backup.continues, backup.forced), (rules.clone(), None, None));
    assert_eq!(unforced(keep), Step::Read);
    let step = unforced(|state| {
        keep(state);
        read(state, &in_and_out());
    });
    assert!(is_revoke(&step, &rules[1..]), "{step:?}");
    let one_gone = |state: &mut State<'_>| {
        keep(state);
        read(state, &in_and_out());
        revoke(state);
    };
    assert_eq!(unforced(one_gone), Step::Read, "what was read before a revoke is old");
    let step = unforced(|state| {
        one_gone(state);
        read(state, &outbound);
    });
    assert!(is_revoke(&step, &outbound), "{step:?}");
    let both_gone = |state: &mut State<'_>| {
        one_gone(state);
        read(state, &outbound);
        revoke(state);
        assert_eq!(state.removed, [rules[1].clone(), rules[0].clone()]);
    };
    assert_eq!(unforced(both_gone), Step::Wait(WAITS[0]), "EC2 may take its time to show it");
    let waited = |state: &mut State<'_>| {
        both_gone(state);
        state.wait();
    };
    assert_eq!(unforced(waited), Step::Read, "what a revoke answers is not believed");
    let step = unforced(|state| {
        waited(state);
        read(state, &[]);
    });
    assert_eq!(step, Step::Done);
}

#[test]
fn a_plan_that_closes_nothing_has_no_steps() {
    let settings = settings();
    let begin = |rules, decision, vpc: bool| {
        let mut group = group(rules);
        group.identity.vpc = group.identity.vpc.filter(|_| vpc);
        let plan = ClosePlan::screened(group, decision);
        State::begin(&plan, None, &Request::default(), &settings, NOW, SOON).is_some()
    };
    assert!(begin(in_and_out(), Decision::Close, true));
    assert!(!begin(in_and_out(), Decision::Close, false), "a backup needs a VPC");
    assert!(!begin(vec![], Decision::AlreadyClosed, true));
    assert!(!begin(in_and_out(), Decision::Refuse(Refusal::InUse), true));
}

#[test]
fn a_rule_that_was_added_or_altered_is_kept_first_and_the_sources_are_asked_again() {
    let altered = SecurityGroupRule { description: Some("altered".to_owned()), ..in_and_out()[0].clone() };
    for (new, expected) in [(added(), 3), (altered, 2)] {
        let seen = |state: &mut State<'_>| {
            keep(state);
            let others = in_and_out().into_iter().filter(|rule| rule.id != new.id);
            read(state, &others.chain([new.clone()]).collect::<Vec<_>>());
        };
        let Step::Keep(backup) = unforced(seen) else { panic!("it is in no backup") };
        assert_eq!(backup.rules.len(), expected);
        assert!(backup.rules.contains(&new));
        assert_eq!(backup.continues, Some(BackupKey::new("backup-1".to_owned())));
        assert!(backup.taken > NOW, "the keys sort by time");
        let kept = |state: &mut State<'_>| {
            seen(state);
            keep(state);
        };
        assert_eq!(unforced(kept), Step::Ask);
        let forced = Request { force: true, planned: None };
        assert_eq!(step(&in_and_out(), &forced, kept, SOON), Step::Read, "force asks nobody again");
        let asked = |state: &mut State<'_>| {
            kept(state);
            state.ask(survey(Ok(Found::default())), SOON);
        };
        assert_eq!(unforced(asked), Step::Read, "what was read before is old");
    }
}

#[test]
fn answers_are_old_after_five_seconds_until_the_first_rule_is_gone() {
    let ready = |state: &mut State<'_>| {
        keep(state);
        read(state, &in_and_out());
    };
    let (believed, old) = (BELIEVED_FOR, BELIEVED_FOR + Duration::from_millis(1));
    let (unforced, forced) = (Request::default(), Request { force: true, planned: None });
    for (request, at, asks) in [(&unforced, believed, false), (&unforced, old, true), (&forced, old, false)] {
        assert_eq!(step(&in_and_out(), request, ready, at) == Step::Ask, asks, "{request:?} after {at:?}");
    }
    let asked_again = |state: &mut State<'_>| {
        ready(state);
        state.ask(survey(Ok(Found::default())), old);
        read(state, &in_and_out());
    };
    let step_now = step(&in_and_out(), &unforced, asked_again, old * 9);
    assert!(is_revoke(&step_now, &in_and_out()[1..]), "a slow reading does not ask for ever: {step_now:?}");
    let begun = |state: &mut State<'_>| {
        ready(state);
        revoke(state);
        read(state, &in_and_out()[..1]);
    };
    assert!(is_revoke(&step(&in_and_out(), &unforced, begun, old), &in_and_out()[..1]));
}

#[test]
fn what_the_sources_tell_when_they_are_asked_again_stops_a_close() {
    let denied = Unsure::NotRecording("denied".to_owned());
    let reference = crate::close::reference::Reference::Vpc { vpc: "vpc-1".into(), over: "pcx-1".into() };
    for (told, name) in [(Ok(vec![reference].into()), "in_use"), (Err(denied), "unknown")] {
        let step = unforced(|state| {
            keep(state);
            state.ask(survey(told.clone()), SOON);
            read(state, &in_and_out());
        });
        assert_eq!(refusal(&step), Some(name), "{step:?}");
    }
}

#[test]
fn every_reading_says_anew_whether_the_group_may_be_closed() {
    type Change = fn(&mut GroupIdentity);
    let changes: [(Change, &str); 3] = [
        (|group| group.name = "web".to_owned(), "not_default"),
        (|group| group.owner = "111122223333".parse().unwrap(), "other_owner"),
        (|group| group.vpc = None, "no_vpc"),
    ];
    let forced = Request { force: true, planned: None };
    for (change, name) in changes {
        let seen = |state: &mut State<'_>| {
            keep(state);
            let mut group = group(in_and_out());
            change(&mut group.identity);
            state.read(group);
        };
        assert_eq!(refusal(&step(&in_and_out(), &forced, seen, SOON)), Some(name));
    }
}

#[test]
fn a_pinned_close_takes_what_was_planned_and_nothing_else() {
    let planned = Request { force: false, planned: Some(Fingerprint::of(&in_and_out())) };
    let with = |rules: Vec<SecurityGroupRule>| {
        let seen = move |state: &mut State<'_>| {
            keep(state);
            read(state, &rules);
        };
        step(&in_and_out(), &planned, seen, SOON)
    };
    assert!(is_revoke(&with(in_and_out()), &in_and_out()[1..]));
    assert!(is_revoke(&with(in_and_out()[..1].to_vec()), &in_and_out()[..1]), "one is gone by itself");
    assert_eq!(refusal(&with([in_and_out(), vec![added()]].concat())), Some("changed_since_plan"));
    assert_eq!(with(vec![]), Step::Done);
}

#[test]
fn tries_are_bounded() {
    let mut waits = Vec::new();
    let request = Request::default();
    let (plan, settings) = (ClosePlan::screened(group(in_and_out()), Decision::Close), settings());
    let mut state = State::begin(&plan, None, &request, &settings, NOW, Duration::ZERO).unwrap();
    keep(&mut state);
    let left = loop {
        // EC2 shows the rules whatever is revoked.
        match next(&state, SOON) {
            Step::Read => read(&mut state, &in_and_out()),
            Step::Revoke { rules, .. } => state.revoke(rules),
            Step::Wait(time) => {
                waits.push(time);
                state.wait();
            }
            Step::StillOpen(rules) => break rules,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((left, waits), (in_and_out(), WAITS.to_vec()));

    let mut state = State::begin(&plan, None, &request, &settings, NOW, Duration::ZERO).unwrap();
    let mut rules = in_and_out();
    let left = loop {
        // Somebody adds a rule before every reading.
        match next(&state, SOON) {
            Step::Keep(_) => keep(&mut state),
            Step::Ask => state.ask(survey(Ok(Found::default())), SOON),
            Step::Read => {
                rules.push(rule(100 + u16::try_from(rules.len()).unwrap(), Direction::Inbound));
                read(&mut state, &rules);
            }
            Step::StillOpen(rules) => break rules,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((left.len(), state.backups), (rules.len(), MAX_BACKUPS));
}

#[test]
fn many_rules_go_a_hundred_at_a_time() {
    let many: Vec<_> = (0..250).map(|number| rule(number, Direction::Inbound)).collect();
    let first = |state: &mut State<'_>| {
        keep(state);
        read(state, &many);
    };
    assert!(is_revoke(&step(&many, &Request::default(), first, SOON), &many[..100]));
    let second = |state: &mut State<'_>| {
        first(state);
        revoke(state);
        // What was revoked is shown still.
        read(state, &many);
    };
    assert!(is_revoke(&step(&many, &Request::default(), second, SOON), &many[100..200]));
}

#[test]
fn a_rule_that_comes_back_in_a_round_is_left_to_the_next() {
    let seen = |state: &mut State<'_>| {
        keep(state);
        read(state, &in_and_out());
        revoke(state);
        // The outbound rule is gone by itself, and the inbound one is shown still.
        read(state, &in_and_out()[1..]);
    };
    assert_eq!(unforced(seen), Step::Wait(WAITS[0]));
}
