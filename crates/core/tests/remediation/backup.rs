//! The backup document: as docs/backup.schema.json says, exactly what was backed up, and nothing that was altered.

use defsg_core::backup::{Backup, InvalidBackup};
use defsg_core::fingerprint::Fingerprint;
use serde_json::{Value, json};

use crate::fixture::*;

fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../../docs/backup.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn document() -> Value {
    serde_json::from_slice(&backup().to_document().1).unwrap()
}

/// The document with a change, and a checksum that fits, as somebody would forge it.
fn forged(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut document = document();
    change(&mut document);
    document.as_object_mut().unwrap().remove("checksum");
    let checksum = sha256(&sorted(&document));
    document["checksum"] = checksum.into();
    document.to_string().into_bytes()
}

fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<_> = fields.keys().collect();
            keys.sort();
            let fields: Vec<_> =
                keys.iter().map(|key| format!("{}:{}", json!(key), sorted(&fields[*key]))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_read_is_what_was_written() {
    let (key, bytes) = backup().to_document();
    assert_eq!(Backup::read(&bytes), Ok(backup()));
    let checksum = document()["checksum"].as_str().unwrap().to_owned();
    assert_eq!(
        key.as_str(),
        format!("012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T065100.120Z-{}.json", &checksum[..12])
    );
    let plain = Backup { continues: None, forced: None, ..backup() };
    assert_eq!(Backup::read(&plain.to_document().1), Ok(plain));
}

#[test]
fn a_document_is_as_the_schema_says_with_every_field_and_with_none_that_may_be_absent() {
    let schema = schema();
    let plain = Backup { continues: None, forced: None, ..backup() };
    for backup in [backup(), plain] {
        let document: Value = serde_json::from_slice(&backup.to_document().1).unwrap();
        let errors: Vec<_> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_reading_refuses() {
    type Change = fn(&mut Value);
    let schema = schema();
    let changes: [(&str, Change); 12] = [
        ("version", |document| document["version"] = 2.into()),
        ("an unknown field", |document| document["extra"] = 1.into()),
        ("account", |document| document["account"] = "12345678912".into()),
        ("group", |document| document["groupId"] = "sg-x".into()),
        ("time", |document| document["taken"] = "yesterday".into()),
        ("fingerprint", |document| document["fingerprint"] = "v1:0".into()),
        ("a missing field", |document| {
            document.as_object_mut().unwrap().remove("vpcId");
        }),
        ("rule ID", |document| document["rules"][0]["ruleId"] = "1".into()),
        ("direction", |document| document["rules"][0]["direction"] = "both".into()),
        ("kind of peer", |document| document["rules"][0]["peer"]["kind"] = "host".into()),
        ("a field of a peer", |document| document["rules"][0]["peer"]["extra"] = 1.into()),
        ("half a port range", |document| document["rules"][0]["ports"] = json!({"from": 1})),
    ];
    for (what, change) in changes {
        let bytes = forged(change);
        assert!(Backup::read(&bytes).is_err(), "{what}");
        assert!(!schema.is_valid(&serde_json::from_slice(&bytes).unwrap()), "{what}");
    }
}

#[test]
fn any_field_that_is_altered_is_noticed() {
    fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| {
                    leaves(value, &format!("{path}/{}", key.replace('/', "~1")), found)
                });
            }
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| leaves(item, &format!("{path}/{index}"), found));
            }
            _ => found.push(path.to_owned()),
        }
    }
    let mut paths = Vec::new();
    leaves(&document(), "", &mut paths);
    assert!(paths.len() > 40, "{}", paths.len());
    for path in paths {
        for value in [json!("0"), json!(7), Value::Null] {
            let mut altered = document();
            *altered.pointer_mut(&path).unwrap() = value;
            assert!(Backup::read(altered.to_string().as_bytes()).is_err(), "{path}");
        }
    }
}

#[test]
fn what_is_no_backup_is_refused_with_the_reason() {
    for (bytes, message) in [
        (b"".to_vec(), "it is no backup of defsg: EOF while parsing a value at line 1 column 0"),
        (b"[]".to_vec(), "it is no backup of defsg: it is no JSON object"),
        (b"{}".to_vec(), "it is no backup of defsg: it has no version"),
        (b"{\"version\":1}".to_vec(), "it is no backup of defsg: it has no checksum"),
        (
            b"{\"version\":2}".to_vec(),
            "it is of version 2, and this defsg reads version 1; use the defsg that wrote it, or a newer one",
        ),
        (b"\xff\xfe".to_vec(), "it is no backup of defsg: expected value at line 1 column 1"),
        (
            forged(|document| document["rules"][1]["peer"]["cidr"] = "10.0.0.0/8".into()),
            "it is no backup of defsg: rules[1].peer: unknown field `cidr`, expected one of `groupId`, `owner`, `vpcId`, \
             `peeringConnectionId`",
        ),
    ] {
        assert_eq!(Backup::read(&bytes).unwrap_err().to_string(), message);
    }
    let other_forms: [fn(&mut Value); 7] = [
        |document| document["continues"] = Value::Null,
        |document| document["rules"][1]["description"] = Value::Null,
        |document| document["rules"][0]["ports"] = json!([443, 443]),
        |document| document["forced"] = json!([[], []]),
        |document| document["taken"] = "2026-11-22T06:51:00.120Z".into(),
        |document| document["taken"] = "2026-11-22T07:51:00.12+01:00".into(),
        |document| document["rules"][1]["tags"] = json!({}),
    ];
    for change in other_forms {
        let error = Backup::read(&forged(change)).unwrap_err().to_string();
        assert_eq!(error, "it is no backup of defsg: it is not written as defsg writes it");
    }
    let nothing = Backup { rules: vec![], fingerprint: Fingerprint::of(&[]), ..backup() };
    let error = Backup::read(&nothing.to_document().1).unwrap_err().to_string();
    assert_eq!(error, "it is no backup of defsg: it has no rules");
    let other_rules = forged(|document| document["rules"][0]["peer"]["cidr"] = "0.0.0.0/0".into());
    assert_eq!(Backup::read(&other_rules), Err(InvalidBackup::OtherRules));
    let cut = backup().to_document().1;
    assert!(Backup::read(&cut[..cut.len() - 40]).is_err());
}

/// `jq -cjS 'del(.checksum)' backup.json | sha256sum`, as docs/backup.md says.
#[test]
fn the_checksum_is_that_of_the_sorted_compact_document_however_it_is_indented_and_ordered() {
    let mut without = document();
    let stated = without.as_object_mut().unwrap().remove("checksum").unwrap();
    assert_eq!(stated, sha256(&sorted(&without)));
    let reordered = format!("{{\"checksum\": {stated}, {}", &sorted(&without)[1..]);
    assert_eq!(Backup::read(reordered.as_bytes()), Ok(backup()));
}

#[test]
fn the_document_of_today_is_readable_tomorrow() {
    let kept = include_bytes!("backup-v1.json");
    assert_eq!(Backup::read(kept), Ok(backup()));
    assert_eq!(serde_json::from_slice::<Value>(kept).unwrap(), document());
}
