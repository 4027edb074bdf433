//! The backup document: as docs/backup.schema.json says, exactly what was backed up, and nothing that was altered.

use defsg_core::close::backup::{Backup, BackupKey, Forced, Note, UnknownNote};
use defsg_core::documents::backup::{InvalidBackup, read, write};
use defsg_core::group::Fingerprint;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::fixture::*;
use crate::golden;

/// A backup with every field.
pub(crate) fn backup() -> Backup {
    let user = Note {
        kind: "launch-template".to_owned(),
        id: "lt-0123456789abcdef0".to_owned(),
        name: "launch template web, version 3 (default)".to_owned(),
        source: "launch-templates".to_owned(),
    };
    let unknown =
        UnknownNote { source: "config-relationships".to_owned(), why: "denied".to_owned(), required: true };
    Backup {
        account: "012345678912".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        vpc_id: "vpc-0123456789abcdef0".parse().unwrap(),
        group_id: "sg-0a1b2c3d4e5f60718".parse().unwrap(),
        group_name: "default".to_owned(),
        group_description: "default VPC security group".to_owned(),
        group_tags: [("Name".to_owned(), "shared".to_owned())].into(),
        taken: datetime!(2026-11-22 06:51:00.120 UTC),
        fingerprint: Fingerprint::of(&rules()),
        rules: rules(),
        reason: "sg-0a1b2c3d4e5f60718 has 3 inbound and 1 outbound rules.".to_owned(),
        continues: Some(BackupKey::new("012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/x.json".to_owned())),
        forced: Some(Forced { dependents: vec![user], references: vec![], unknown: vec![unknown] }),
    }
}

fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../../docs/backup.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// What a document says, wherever it lies.
fn content(bytes: &[u8]) -> Result<Backup, InvalidBackup> {
    read(bytes).map(|(_, backup)| backup)
}

fn document() -> Value {
    serde_json::from_slice(&write(&backup()).1).unwrap()
}

/// The document with a change, and a checksum that fits, as somebody would forge it.
fn forged(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut document = document();
    change(&mut document);
    sealed(document)
}

/// The document with a checksum that fits.
pub(crate) fn sealed(mut document: Value) -> Vec<u8> {
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
    let (key, bytes) = write(&backup());
    assert_eq!(read(&bytes), Ok((key.clone(), backup())));
    let checksum = document()["checksum"].as_str().unwrap().to_owned();
    assert_eq!(
        key.as_str(),
        format!("012345678912/eu-west-1/sg-0a1b2c3d4e5f60718/20261122T065100.120Z-{}.json", &checksum[..12])
    );
    let plain = Backup { continues: None, forced: None, ..backup() };
    assert_eq!(content(&write(&plain).1), Ok(plain));
}

#[test]
fn a_document_is_as_the_schema_says_with_every_field_and_with_none_that_may_be_absent() {
    let schema = schema();
    let plain = Backup { continues: None, forced: None, ..backup() };
    for backup in [backup(), plain] {
        let document: Value = serde_json::from_slice(&write(&backup).1).unwrap();
        let errors: Vec<_> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_reading_refuses() {
    type Change = fn(&mut Value);
    let schema = schema();
    let changes: [(&str, Change); 11] = [
        ("version", |document| document["version"] = 2.into()),
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
        assert!(read(&bytes).is_err(), "{what}");
        assert!(!schema.is_valid(&serde_json::from_slice(&bytes).unwrap()), "{what}");
    }
}

/// A newer defsg may write more. Inside a rule that could be something that the rule is made of.
#[test]
fn a_field_that_nobody_knows_is_passed_over_outside_the_rules_and_refused_inside_a_rule() {
    type Change = fn(&mut Value);
    let outside: [(&str, Change); 4] = [
        ("document", |document| document["extra"] = json!({"a": [1]})),
        ("forced", |document| document["forced"]["extra"] = json!("x")),
        ("dependent", |document| document["forced"]["dependents"][0]["instance"] = json!("i-1")),
        ("unknown", |document| document["forced"]["unknown"][0]["code"] = json!("AccessDenied")),
    ];
    for (what, change) in outside {
        let bytes = forged(change);
        assert_eq!(content(&bytes), Ok(backup()), "{what}");
        assert!(schema().is_valid(&serde_json::from_slice(&bytes).unwrap()), "{what}");
    }
    let inside: [(&str, Change); 4] = [
        ("rule", |document| document["rules"][0]["extra"] = json!(1)),
        ("null in a rule", |document| document["rules"][0]["extra"] = Value::Null),
        ("ports", |document| document["rules"][0]["ports"]["extra"] = json!(1)),
        ("peer", |document| document["rules"][1]["peer"]["extra"] = json!("x")),
    ];
    for (what, change) in inside {
        let bytes = forged(change);
        assert!(matches!(read(&bytes), Err(InvalidBackup::Unreadable(_))), "{what}");
        assert!(!schema().is_valid(&serde_json::from_slice(&bytes).unwrap()), "{what}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let text = String::from_utf8(write(&backup()).1).unwrap();
    let twice = text.replacen("\"rules\":", "\"rules\": [], \"rules\":", 1);
    assert_ne!(text, twice);
    let error = read(twice.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("the key \"rules\" stands in it twice"), "{error}");
}

/// Every dependent of version 1 that is a reference is told apart when it is read, and stands where it stood.
#[test]
fn references_stand_among_the_dependents_of_version_1() {
    let mut forced = backup().forced.unwrap();
    forced.references.push(Note {
        kind: "security-group-rule".to_owned(),
        id: "sgr-0123456789abcdef0".to_owned(),
        name: "inbound rule of sg-0f1e2d3c4b5a69788".to_owned(),
        source: "security-group-rules".to_owned(),
    });
    let backup = Backup { forced: Some(forced), ..backup() };
    let bytes = write(&backup).1;
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["forced"]["dependents"].as_array().unwrap().len(), 2);
    assert_eq!(content(&bytes), Ok(backup));
}

/// EC2 would make another rule of it: all traffic, say, of "-1" with a port.
#[test]
fn a_rule_that_ec2_would_not_make_as_it_stands_is_refused() {
    type Change = fn(&mut Value);
    const PORTS: &str = "rules[0]: its ports are not those of a rule of its protocol";
    let changes: [(&str, Change); 6] = [
        (PORTS, |rule| rule["protocol"] = "-1".into()),
        (PORTS, |rule| rule["ports"] = json!({"from": -1, "to": -1})),
        (PORTS, |rule| drop(rule.as_object_mut().unwrap().remove("ports"))),
        (PORTS, |rule| {
            rule["protocol"] = "47".into();
            rule["ports"] = json!({"from": -1, "to": -1});
        }),
        ("rules[0]: its protocol is empty", |rule| rule["protocol"] = "".into()),
        ("rules[0]: its description is empty; where there is none, the field is absent", |rule| {
            rule["description"] = "".into();
        }),
    ];
    for (problem, change) in changes {
        let error = read(&forged(|document| change(&mut document["rules"][0]))).unwrap_err();
        assert_eq!(error.to_string(), format!("it is no backup of defsg: {problem}"));
    }
}

#[test]
fn no_message_carries_a_document_along() {
    let long = "k".repeat(100_000);
    for text in [
        format!("{{\"version\": \"{long}\"}}"),
        format!("{{\"version\": 1, \"{long}\": 1, \"{long}\": 1}}"),
        String::from_utf8(forged(|document| document["rules"][0][&long] = json!(1))).unwrap(),
        String::from_utf8(forged(|document| document["groupTags"] = json!(long))).unwrap(),
    ] {
        let message = read(text.as_bytes()).unwrap_err().to_string();
        assert!(message.len() < 1000 && message.starts_with("it is "), "{} {message:.200}", message.len());
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
            assert!(read(altered.to_string().as_bytes()).is_err(), "{path}");
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
        (b"\xff\xfe".to_vec(), "it is no backup of defsg: invalid utf-8 sequence of 1 bytes from index 0"),
        (
            forged(|document| document["rules"][1]["peer"]["cidr"] = "10.0.0.0/8".into()),
            "it is no backup of defsg: rules[1].peer: unknown field `cidr`, expected one of `groupId`, `owner`, `vpcId`, \
             `peeringConnectionId`",
        ),
    ] {
        assert_eq!(read(&bytes).unwrap_err().to_string(), message);
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
        let error = read(&forged(change)).unwrap_err().to_string();
        assert_eq!(error, "it is no backup of defsg: it is not written as defsg writes it");
    }
    let nothing = Backup { rules: vec![], fingerprint: Fingerprint::of(&[]), ..backup() };
    let error = read(&write(&nothing).1).unwrap_err().to_string();
    assert_eq!(error, "it is no backup of defsg: it has no rules");
    let other_rules = forged(|document| document["rules"][0]["peer"]["cidr"] = "0.0.0.0/0".into());
    assert_eq!(read(&other_rules), Err(InvalidBackup::OtherRules));
    let cut = write(&backup()).1;
    assert!(read(&cut[..cut.len() - 40]).is_err());
}

/// `jq -cjS 'del(.checksum)' backup.json | sha256sum`, as docs/backup.md says.
#[test]
fn the_checksum_is_that_of_the_sorted_compact_document_however_it_is_indented_and_ordered() {
    let mut without = document();
    let stated = without.as_object_mut().unwrap().remove("checksum").unwrap();
    assert_eq!(stated, sha256(&sorted(&without)));
    let reordered = format!("{{\"checksum\": {stated}, {}", &sorted(&without)[1..]);
    assert_eq!(content(reordered.as_bytes()), Ok(backup()));
}

/// Each was written by defsg 0.1.0 of November 2026, before documents and domain were told apart. What is read is written
/// again to the byte, under the same key.
#[test]
fn the_documents_of_earlier_versions_are_read_and_written_as_they_were() {
    for name in ["backup-v1.json", "backup-v1-forced.json", "backup-v1-stock.json"] {
        let kept = golden::read(name);
        let (key, backup) = read(&kept).unwrap();
        let (written_key, bytes) = write(&backup);
        assert_eq!(written_key, key, "{name}");
        let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(value(&bytes), value(&kept), "{name}");
        golden::assert_fits(&value(&kept), "backup.schema.json");
    }
    assert_eq!(content(&golden::read("backup-v1.json")), Ok(backup()));
    let (_, forced) = read(&golden::read("backup-v1-forced.json")).unwrap();
    let forced = forced.forced.unwrap();
    assert_eq!((forced.dependents.len(), forced.references.len()), (2, 2));
}
