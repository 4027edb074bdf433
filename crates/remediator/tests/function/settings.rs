//! What the function takes from its environment.

use defsg_core::dependent::{RequiredSources, Source};
use defsg_core::exemption::Target;
use defsg_core::plan::ReopeningLimit;
use defsg_remediator::settings::Settings;

fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let get = |name: &str| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    };
    Settings::read(get).map_err(|error| error.to_string())
}

#[test]
fn what_is_not_set_or_empty_has_the_safe_default() {
    let names = [
        "BACKUP_BUCKET",
        "REQUIRED_SOURCES",
        "EXEMPTIONS",
        "EXEMPTION_TAG_KEY",
        "MAX_EXEMPTION_DAYS",
        "REOPEN_LIMIT",
        "REOPEN_HOURS",
    ];
    for settings in [read(&[]).unwrap(), read(&names.map(|name| (name, " "))).unwrap()] {
        assert_eq!(settings.bucket, None);
        assert_eq!(settings.required, RequiredSources::default());
        assert!(settings.exemptions.entries.is_empty() && settings.exemptions.tag.is_none());
        assert_eq!(settings.reopening, ReopeningLimit::default());
    }
}

#[test]
fn every_setting_is_read() {
    let settings = read(&[
        ("BACKUP_BUCKET", "backups-012345678912"),
        ("REQUIRED_SOURCES", "all, -launch-templates"),
        ("EXEMPTIONS", "vpc-0abc12345 never legacy"),
        ("EXEMPTION_TAG_KEY", "defsg-exempt"),
        ("MAX_EXEMPTION_DAYS", "30"),
        ("REOPEN_LIMIT", "2"),
        ("REOPEN_HOURS", "12"),
    ])
    .unwrap();
    assert_eq!(settings.bucket.as_deref(), Some("backups-012345678912"));
    assert!(settings.required.contains(Source::NetworkInterfaces));
    assert!(!settings.required.contains(Source::LaunchTemplates));
    assert_eq!(settings.exemptions.entries[0].target, Target::Vpc("vpc-0abc12345".parse().unwrap()));
    let tag = settings.exemptions.tag.unwrap();
    assert_eq!((tag.key.as_str(), tag.max_days), ("defsg-exempt", 30));
    assert_eq!((settings.reopening.closes.get(), settings.reopening.hours.get()), (2, 12));
}

#[test]
fn a_setting_that_does_not_parse_is_named() {
    let cases = [
        ("BACKUP_BUCKET", "s3://backups"),
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
