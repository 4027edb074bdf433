//! Exemptions: their syntax, their edges in time, and what the annotation says of those that do not hold.

use crate::common::*;
use defsg_core::{ComplianceType, GroupIdentity, ParameterError, Parameters, SecurityGroup, evaluate};
use proptest::prelude::*;

fn parse(pairs: &[(&str, &str)]) -> Result<Parameters, ParameterError> {
    Parameters::parse(pairs.iter().copied())
}

fn judge(pairs: &[(&str, &str)], tags: &[(&str, &str)], today: &str) -> (ComplianceType, String) {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let identity = GroupIdentity { tags, ..identity() };
    let group = SecurityGroup { identity, ..group(stock()[1..2].to_vec()) };
    let verdict = evaluate(&group, &account(), &parse(pairs).unwrap().exemptions, day(today));
    (ComplianceType::from(&verdict), verdict.annotation().as_str().to_owned())
}

const OPEN: &str = "Open: 1 outbound rule. Widest: all traffic to 0.0.0.0/0. Stock rules only.";

#[test]
fn an_account_a_vpc_or_a_group_can_be_exempt_with_or_without_an_end_and_a_reason() {
    for (entry, why) in [
        ("012345678912", "Exempt with no end date by parameter exemptions, 012345678912: no reason given."),
        (
            "vpc-0123456789abcdef0 never",
            "Exempt with no end date by parameter exemptions, vpc-0123456789abcdef0: no reason given.",
        ),
        (
            "sg-0a1b2c3d4e5f60718 2027-01-31 legacy ERP",
            "Exempt until 2027-01-31 by parameter exemptions, sg-0a1b2c3d4e5f60718: legacy ERP.",
        ),
        (
            "111122223333 never other, vpc-0123456789abcdef0 2027-01-31 legacy",
            "Exempt until 2027-01-31 by parameter exemptions, vpc-0123456789abcdef0: legacy.",
        ),
    ] {
        assert_eq!(
            judge(&[("exemptions", entry)], &[], "2026-11-22"),
            (ComplianceType::NotApplicable, why.to_owned())
        );
    }
}

#[test]
fn an_exemption_may_name_who_answers_for_it() {
    let judged = |entry: &str| judge(&[("exemptions", entry)], &[], "2026-11-22").1;
    for (entry, why) in [
        ("012345678912 never @erp-team legacy ERP", "legacy ERP (owner: erp-team)."),
        ("012345678912 never @erp-team", "no reason given (owner: erp-team)."),
        ("012345678912 never @ legacy", "@ legacy."),
        ("012345678912 never legacy @erp-team", "legacy @erp-team."),
    ] {
        let annotation = judged(entry);
        assert!(annotation.ends_with(&format!("012345678912: {why}")), "{annotation}");
    }
    let tagged = judge(&[("exemptionTagKey", "k")], &[("k", "2026-12-31 @erp-team move")], "2026-11-22").1;
    assert_eq!(tagged, "Exempt until 2026-12-31 by tag k: move (owner: erp-team).");
}

#[test]
fn somebody_else_s_exemption_exempts_nobody() {
    let others = "111122223333 never, vpc-0ffffffffffffffff never, sg-0ffffffffffffffff never";
    assert_eq!(
        judge(&[("exemptions", others)], &[], "2026-11-22"),
        (ComplianceType::NonCompliant, OPEN.to_owned())
    );
}

#[test]
fn an_exemption_holds_through_its_last_day_and_is_reported_as_expired_from_the_next() {
    let exempt = [("exemptions", "sg-0a1b2c3d4e5f60718 2026-11-22 legacy")];
    assert_eq!(judge(&exempt, &[], "2026-11-22").0, ComplianceType::NotApplicable);
    let (compliance, annotation) = judge(&exempt, &[], "2026-11-23");
    assert_eq!(compliance, ComplianceType::NonCompliant);
    let expired = "Exemption expired after 2026-11-22 (parameter exemptions, sg-0a1b2c3d4e5f60718: legacy).";
    assert_eq!(annotation, format!("{OPEN} {expired}"));
}

#[test]
fn the_narrowest_exemption_is_named_and_a_wider_one_still_holds_where_it_expired() {
    let both = "012345678912 never wide, sg-0a1b2c3d4e5f60718 2026-11-22 narrow";
    assert!(judge(&[("exemptions", both)], &[], "2026-11-22").1.ends_with(": narrow."));
    assert!(judge(&[("exemptions", both)], &[], "2026-11-23").1.ends_with(": wide."));
}

#[test]
fn a_tag_exempts_only_where_the_operator_named_its_key() {
    let tags = [("defsg-exempt", "2026-12-31 migration")];
    assert_eq!(judge(&[], &tags, "2026-11-22").0, ComplianceType::NonCompliant);
    assert_eq!(judge(&[("exemptionTagKey", "other")], &tags, "2026-11-22").0, ComplianceType::NonCompliant);
    assert_eq!(
        judge(&[("exemptionTagKey", "defsg-exempt")], &tags, "2026-11-22"),
        (ComplianceType::NotApplicable, "Exempt until 2026-12-31 by tag defsg-exempt: migration.".to_owned())
    );
}

#[test]
fn a_tag_without_a_valid_date_does_not_exempt_and_the_annotation_says_so() {
    for value in [
        "",
        "true",
        "never",
        "2026-13-01 x",
        "2026-02-30",
        "2026-1-1",
        "20261231",
        "+2026-1-01",
        "31.12.2026",
        "2026-12-31x",
    ] {
        let (compliance, annotation) = judge(&[("exemptionTagKey", "k")], &[("k", value)], "2026-11-22");
        assert_eq!(compliance, ComplianceType::NonCompliant, "{value}");
        assert!(
            annotation.ends_with("Tag k does not exempt: its value must begin with a date, YYYY-MM-DD."),
            "{annotation}"
        );
    }
}

#[test]
fn a_tag_may_reach_as_far_as_max_exemption_days_and_no_further() {
    let capped = [("exemptionTagKey", "k"), ("maxExemptionDays", "30")];
    assert_eq!(judge(&capped, &[("k", "2026-12-22")], "2026-11-22").0, ComplianceType::NotApplicable);
    let (compliance, annotation) = judge(&capped, &[("k", "2026-12-23")], "2026-11-22");
    assert_eq!(compliance, ComplianceType::NonCompliant);
    assert!(
        annotation.ends_with("Tag k does not exempt: 2026-12-23 is more than 30 days ahead."),
        "{annotation}"
    );
    let default = [("exemptionTagKey", "k")];
    assert_eq!(judge(&default, &[("k", "2027-11-22")], "2026-11-22").0, ComplianceType::NotApplicable);
    assert_eq!(judge(&default, &[("k", "2027-11-23")], "2026-11-22").0, ComplianceType::NonCompliant);
}

#[test]
fn an_expired_tag_is_reported() {
    let (compliance, annotation) =
        judge(&[("exemptionTagKey", "k")], &[("k", "2026-11-21 trial")], "2026-11-22");
    assert_eq!(compliance, ComplianceType::NonCompliant);
    assert!(annotation.ends_with("Exemption expired after 2026-11-21 (tag k: trial)."), "{annotation}");
}

#[test]
fn what_does_not_parse_is_refused_with_the_parameter_s_name_and_the_mend() {
    let bad = [
        ("exemptions", "web"),
        ("exemptions", ","),
        ("exemptions", "012345678912,"),
        ("exemptions", "vpc-0123456789abcdef0 2027-1-31"),
        ("exemptions", "vpc-0123456789abcdef0 legacy ERP"),
        ("exemptions", "vpc-0123456789abcdef0  2027-01-31"),
        ("exemptions", "012345678912 never, 012345678912 2027-01-31"),
        ("exemptions", " "),
        ("exemptionTagKey", ""),
        ("exemptionTagKey", "a;b"),
        ("maxExemptionDays", "0"),
        ("maxExemptionDays", "3651"),
        ("maxExemptionDays", "1.5"),
        ("maxExemptionDays", "-1"),
        ("executionRoleName", "arn:aws:iam::012345678912:role/x"),
        ("executionRoleName", "a/b"),
        ("Exemptions", "012345678912"),
        ("vpcIds", "vpc-0123456789abcdef0"),
    ];
    for (name, value) in bad {
        let error = parse(&[(name, value)]).unwrap_err();
        assert_eq!(error.parameter, name, "{value:?}");
        assert!(!error.problem.is_empty() && !error.mend.is_empty());
    }
    let too_long = "x".repeat(65);
    assert!(parse(&[("executionRoleName", too_long.as_str())]).is_err());
    let alone = parse(&[("maxExemptionDays", "30")]).unwrap_err();
    assert_eq!(
        alone.to_string(),
        "parameter maxExemptionDays: has no effect without exemptionTagKey; set exemptionTagKey too, or leave maxExemptionDays out"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_garbage_exempts_nobody(value in any::<String>(), tag in any::<String>()) {
        let parsed = parse(&[("exemptions", value.as_str())]);
        if let Ok(parameters) = parsed {
            prop_assert!(!parameters.exemptions.entries.is_empty());
        }
        let judged = judge(&[("exemptionTagKey", "k")], &[("k", tag.as_str())], "2026-11-22");
        prop_assert_eq!(judged.0, ComplianceType::NonCompliant, "{}", tag);
    }
}
