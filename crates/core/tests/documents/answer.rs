//! The answer: one JSON form for three actions, in which every field is always there.

use defsg_core::GroupState;
use defsg_core::close::ClosePlan;
use defsg_core::close::answer::{Answer, Closed, NotRestored, Outcome, Planned, Removed, Restored};
use defsg_core::close::plan::{Decision, Refusal};
use defsg_core::documents::answer::v1;
use serde_json::Value;

use crate::backup::backup;
use crate::fixture::rules;
use crate::golden;
use crate::plan::plan;

fn removed() -> Removed {
    Removed {
        rules: rules()[..2].to_vec(),
        backup: "s3://backups/012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/new.json".to_owned(),
        older: vec!["s3://backups/012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/old.json".to_owned()],
    }
}

fn closable() -> ClosePlan {
    ClosePlan::screened(plan().group, Decision::Close)
}

fn restored() -> Answer {
    let empty = GroupState { rules: vec![], ..plan().group };
    Answer::Restore(Box::new(Restored {
        backup: backup(),
        uri: removed().backup,
        before: empty.clone(),
        after: GroupState { rules: rules()[..3].to_vec(), ..empty },
        restored: rules()[..3].to_vec(),
        not_restored: vec![NotRestored {
            rule: rules().remove(3),
            why: "InvalidPrefixListID.NotFound: no".to_owned(),
        }],
        older: vec![],
    }))
}

#[test]
fn every_answer_is_as_its_golden_file_and_the_schema_say() {
    let interrupted = Some(removed().backup);
    let untouched = Outcome::Untouched { interrupted: None };
    for (name, answer) in [
        ("answer-v1-planned.json", Answer::Plan(Planned { plan: closable(), interrupted: None })),
        ("answer-v1-refused.json", Answer::Plan(Planned { plan: plan(), interrupted })),
        ("answer-v1-untouched.json", Answer::Close(Closed { plan: plan(), outcome: untouched })),
        (
            "answer-v1-closed.json",
            Answer::Close(Closed { plan: closable(), outcome: Outcome::Closed(removed()) }),
        ),
        (
            "answer-v1-stopped.json",
            Answer::Close(Closed { plan: plan(), outcome: Outcome::Stopped(removed()) }),
        ),
        ("answer-v1-restored.json", restored()),
    ] {
        let document = v1::Answer::from(&answer);
        let value = serde_json::to_value(&document).unwrap();
        golden::assert_golden(name, &value, "answer.schema.json");
        assert_eq!(value.as_object().unwrap().len(), 13, "{name}: every field is there");
        assert_eq!(serde_json::from_value::<v1::Answer>(value).unwrap(), document, "{name}");
    }
}

/// Scripts wait for these names. A new refusal is a new name in the list and in the schema.
#[test]
fn every_refusal_has_a_name_that_the_schema_knows() {
    let answer = v1::Answer::from(&Answer::Plan(Planned { plan: plan(), interrupted: None }));
    let mut value = serde_json::to_value(answer).unwrap();
    for name in Refusal::NAMES {
        value["refusal"] = name.into();
        golden::assert_fits(&value, "answer.schema.json");
        let read: v1::Answer = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read.refusal, Some(name));
    }
    value["refusal"] = Value::from("because");
    assert!(serde_json::from_value::<v1::Answer>(value).is_err());
}
