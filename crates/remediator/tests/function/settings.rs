//! What the function takes from its environment.

use defsg_core::Place;
use defsg_core::close::plan::ReopeningLimit;
use defsg_core::close::source::{RequiredSources, Source};
use defsg_core::judge::exemption::Target;
use defsg_core::ports::memory::group::SOURCES;
use defsg_remediator::settings::{Bucket, Settings};

fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let get = |name: &str| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    };
    Settings::read(get, &SOURCES).map_err(|error| error.to_string())
}

#[test]
fn what_is_not_set_or_empty_has_the_safe_default() {
    let names = [
        "BACKUP_BUCKET",
        "BACKUP_BUCKET_OWNER",
        "BACKUP_BUCKET_REGION",
        "REQUIRED_SOURCES",
        "EXEMPTIONS",
        "EXEMPTION_TAG_KEY",
        "MAX_EXEMPTION_DAYS",
        "REOPEN_LIMIT",
        "REOPEN_HOURS",
    ];
    for settings in [read(&[]).unwrap(), read(&names.map(|name| (name, " "))).unwrap()] {
        assert_eq!(settings.bucket, None);
        assert_eq!(settings.required, RequiredSources::every(&SOURCES));
        assert!(settings.exemptions.entries.is_empty() && settings.exemptions.tag.is_none());
        assert_eq!(settings.reopening, ReopeningLimit::default());
    }
}

#[test]
fn every_setting_is_read() {
    let settings = read(&[
        ("BACKUP_BUCKET", "backups-012345678912"),
        ("BACKUP_BUCKET_OWNER", "111122223333"),
        ("BACKUP_BUCKET_REGION", "eu-central-1"),
        ("REQUIRED_SOURCES", "all, -launch-templates"),
        ("EXEMPTIONS", "vpc-0abc12345 never legacy"),
        ("EXEMPTION_TAG_KEY", "defsg-exempt"),
        ("MAX_EXEMPTION_DAYS", "30"),
        ("REOPEN_LIMIT", "2"),
        ("REOPEN_HOURS", "12"),
    ])
    .unwrap();
    let bucket = settings.bucket.unwrap();
    assert_eq!(bucket.name, "backups-012345678912");
    assert_eq!(bucket.owner, Some("111122223333".parse().unwrap()));
    assert_eq!(bucket.region, Some("eu-central-1".parse().unwrap()));
    assert!(settings.required.contains(Source::new("network-interfaces")));
    assert!(!settings.required.contains(Source::new("launch-templates")));
    assert_eq!(settings.exemptions.entries[0].target, Target::Vpc("vpc-0abc12345".parse().unwrap()));
    let tag = settings.exemptions.tag.unwrap();
    assert_eq!((tag.key.as_str(), tag.max_days), ("defsg-exempt", 30));
    assert_eq!((settings.reopening.closes.get(), settings.reopening.hours.get()), (2, 12));
}

#[test]
fn a_setting_that_does_not_parse_is_named() {
    let cases = [
        ("BACKUP_BUCKET", "s3://backups"),
        ("BACKUP_BUCKET_OWNER", "1234"),
        ("BACKUP_BUCKET_OWNER", "111122223333"),
        ("BACKUP_BUCKET_REGION", "Frankfurt"),
        ("BACKUP_BUCKET_REGION", "eu-central-1"),
        ("REQUIRED_SOURCES", "network-interface"),
        ("EXEMPTIONS", "vpc-?"),
        ("EXEMPTION_TAG_KEY", "a,b"),
        ("MAX_EXEMPTION_DAYS", "30"),
        ("REOPEN_LIMIT", "0"),
        ("REOPEN_LIMIT", "101"),
        ("REOPEN_LIMIT", "many"),
        ("REOPEN_HOURS", "8761"),
    ];
    for (variable, value) in cases {
        let message = read(&[(variable, value)]).unwrap_err();
        assert!(message.starts_with(&format!("environment variable {variable}: ")), "{message}");
    }
}

#[test]
fn the_bucket_is_the_function_s_own_unless_a_variable_says_otherwise() {
    let function = Place::parse("aws", "012345678912", "eu-west-1").unwrap();
    let bucket = |owner: Option<&str>, region: Option<&str>| Bucket {
        name: "backups".to_owned(),
        owner: owner.map(|owner| owner.parse().unwrap()),
        region: region.map(|region| region.parse().unwrap()),
    };
    let place = |bucket: Bucket| bucket.place(&function);
    assert_eq!(place(bucket(None, None)), function);
    let central = Place::parse("aws", "111122223333", "eu-central-1").unwrap();
    assert_eq!(place(bucket(Some("111122223333"), Some("eu-central-1"))), central);
    assert_eq!(bucket(None, None).owner(&function).as_str(), "012345678912");
}
