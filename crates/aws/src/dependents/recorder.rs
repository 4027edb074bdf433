//! AWS Config's recorders: which resource types Config records in this account and Region.

use std::collections::HashSet;

use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, RecorderStatus, RecordingGroup, RecordingScope,
    RecordingStrategyType, ResourceType,
};
use defsg_core::ports::ApiError;

use crate::account::AwsAccount;
use crate::error::{api_error, unreadable};

/// What the recorders that run record, one entry for each of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recording(Vec<Scope>);

/// What one recorder records.
#[derive(Debug, PartialEq, Eq)]
enum Scope {
    All,
    AllBut(HashSet<String>),
    Only(HashSet<String>),
}

impl Recording {
    /// Whether resources of this type are recorded.
    pub(super) fn has(&self, resource_type: &str) -> bool {
        self.0.iter().any(|scope| match scope {
            Scope::All => true,
            Scope::AllBut(excluded) => !excluded.contains(resource_type),
            Scope::Only(chosen) => chosen.contains(resource_type),
        })
    }

    /// Whether a new resource type is recorded without anybody choosing it.
    pub(super) fn is_open_ended(&self) -> bool {
        self.0.iter().any(|scope| !matches!(scope, Scope::Only(_)))
    }
}

impl AwsAccount {
    /// What Config records; where it records nothing, why not.
    pub(super) async fn recording(&self) -> Result<Result<Recording, String>, ApiError> {
        const RECORDERS: &str = "DescribeConfigurationRecorders";
        const STATUS: &str = "DescribeConfigurationRecorderStatus";
        let config = &self.config;
        let recorders = config.describe_configuration_recorders().send().await;
        let recorders = recorders.map_err(|error| api_error(RECORDERS, &self.id, &error))?;
        let status = config.describe_configuration_recorder_status().send().await;
        let status = status.map_err(|error| api_error(STATUS, &self.id, &error))?;
        let Some(recorders) = recorders.configuration_recorders else {
            return Err(unreadable(RECORDERS, &self.id, "the answer has no list of recorders"));
        };
        let Some(status) = status.configuration_recorders_status else {
            return Err(unreadable(STATUS, &self.id, "the answer has no list of recorders"));
        };
        recording(&recorders, &status).map_err(|problem| unreadable(RECORDERS, &self.id, problem))
    }
}

fn recording(
    recorders: &[ConfigurationRecorder],
    status: &[ConfigurationRecorderStatus],
) -> Result<Result<Recording, String>, String> {
    let mut scopes = Vec::new();
    let mut idle = Vec::new();
    for recorder in recorders.iter().filter(|recorder| can_be_queried(recorder)) {
        let name = recorder.name().ok_or("a recorder has no name")?;
        let status = status.iter().find(|status| status.name() == Some(name));
        match status {
            Some(status) if status.last_status() == Some(&RecorderStatus::Failure) => {
                let (code, message) = (status.last_error_code(), status.last_error_message());
                let why = format!("{}: {}", code.unwrap_or("no code"), message.unwrap_or("no message"));
                idle.push(format!("its recorder {name} fails ({why})"));
            }
            Some(status) if status.recording => {
                let group = recorder.recording_group().ok_or("a recorder has no recordingGroup")?;
                scopes.push(scope(group)?);
            }
            Some(_) => idle.push(format!("its recorder {name} is stopped")),
            None => return Err(format!("recorder {name} has no status")),
        }
    }
    if !scopes.is_empty() {
        return Ok(Ok(Recording(scopes)));
    }
    let why = if idle.is_empty() { "it has no recorder".to_owned() } else { idle.join(", ") };
    Ok(Err(format!("AWS Config does not record in this account and Region: {why}")))
}

/// Queries do not see what a service's recorder keeps to itself, nor is another provider's cloud asked about.
fn can_be_queried(recorder: &ConfigurationRecorder) -> bool {
    recorder.recording_scope() != Some(&RecordingScope::Internal) && recorder.connector_arn().is_none()
}

/// Source: AWS Config API Reference, `RecordingGroup` and `RecordingStrategy`. A recorder from before there were
/// strategies has none, and its other fields say what it records.
fn scope(group: &RecordingGroup) -> Result<Scope, String> {
    let names = |types: &[ResourceType]| types.iter().map(|of| of.as_str().to_owned()).collect();
    let strategy = group.recording_strategy().and_then(|strategy| strategy.use_only());
    match strategy {
        Some(RecordingStrategyType::AllSupportedResourceTypes) => Ok(Scope::All),
        Some(RecordingStrategyType::ExclusionByResourceTypes) => {
            let excluded = group.exclusion_by_resource_types().map(|excluded| excluded.resource_types());
            Ok(Scope::AllBut(names(excluded.unwrap_or_default())))
        }
        Some(RecordingStrategyType::InclusionByResourceTypes) => {
            Ok(Scope::Only(names(group.resource_types())))
        }
        Some(unknown) => {
            Err(format!("a recorder has the strategy {}, which defsg does not know", unknown.as_str()))
        }
        None if group.all_supported => Ok(Scope::All),
        None => Ok(Scope::Only(names(group.resource_types()))),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_config::types::builders::{
        ConfigurationRecorderBuilder, ConfigurationRecorderStatusBuilder, RecordingGroupBuilder,
    };
    use aws_sdk_config::types::{ExclusionByResourceTypes, RecordingStrategy};

    use super::*;

    const LAMBDA: &str = "AWS::Lambda::Function";
    const BATCH: &str = "AWS::Batch::ComputeEnvironment";

    fn strategy(of: RecordingStrategyType) -> RecordingStrategy {
        RecordingStrategy::builder().use_only(of).build()
    }

    fn group() -> RecordingGroupBuilder {
        RecordingGroup::builder()
    }

    fn recorder(name: &str, group: RecordingGroupBuilder) -> ConfigurationRecorderBuilder {
        ConfigurationRecorder::builder().name(name).recording_group(group.build())
    }

    fn status(name: &str, recording: bool) -> ConfigurationRecorderStatusBuilder {
        ConfigurationRecorderStatus::builder().name(name).recording(recording)
    }

    /// Whether a recorder with this group records Lambda functions, Batch environments, and types that nobody chose.
    fn records(group: RecordingGroupBuilder) -> [bool; 3] {
        let recorders = [recorder("default", group).build()];
        let recording = recording(&recorders, &[status("default", true).build()]).unwrap().unwrap();
        [recording.has(LAMBDA), recording.has(BATCH), recording.is_open_ended()]
    }

    #[test]
    fn a_recording_group_says_what_is_recorded() {
        use RecordingStrategyType::{
            AllSupportedResourceTypes, ExclusionByResourceTypes as Exclusion, InclusionByResourceTypes,
        };
        let excluded = ExclusionByResourceTypes::builder().resource_types(LAMBDA.into()).build();
        let cases = [
            ("all", group().all_supported(true), [true, true, true]),
            (
                "all by strategy",
                group().recording_strategy(strategy(AllSupportedResourceTypes)),
                [true, true, true],
            ),
            (
                "all but one",
                group().recording_strategy(strategy(Exclusion)).exclusion_by_resource_types(excluded),
                [false, true, true],
            ),
            ("one", group().resource_types(LAMBDA.into()), [true, false, false]),
            (
                "one by strategy",
                group().resource_types(LAMBDA.into()).recording_strategy(strategy(InclusionByResourceTypes)),
                [true, false, false],
            ),
            ("none", group(), [false, false, false]),
        ];
        for (what, group, expected) in cases {
            assert_eq!(records(group), expected, "{what}");
        }
    }

    #[test]
    fn two_recorders_record_what_either_does() {
        let recorders = [
            recorder("a", group().resource_types(LAMBDA.into())).build(),
            recorder("b", group().resource_types(BATCH.into())).build(),
        ];
        let status = [status("a", true).build(), status("b", true).build()];
        let recording = recording(&recorders, &status).unwrap().unwrap();
        assert!(recording.has(LAMBDA) && recording.has(BATCH) && !recording.has("AWS::MSK::Cluster"));
    }

    #[test]
    fn a_recorder_that_does_not_work_records_nothing_and_the_reason_is_given() {
        let all = || recorder("default", group().all_supported(true));
        let internal = all().recording_scope(RecordingScope::Internal);
        let failing =
            status("default", true).last_status(RecorderStatus::Failure).last_error_code("AccessDenied");
        let cases = [
            (vec![], vec![], "it has no recorder"),
            (vec![all().build()], vec![status("default", false).build()], "its recorder default is stopped"),
            (
                vec![all().build()],
                vec![failing.build()],
                "its recorder default fails (AccessDenied: no message)",
            ),
            (vec![internal.build()], vec![status("default", true).build()], "it has no recorder"),
        ];
        for (recorders, status, expected) in cases {
            let why = recording(&recorders, &status).unwrap().unwrap_err();
            assert_eq!(why, format!("AWS Config does not record in this account and Region: {expected}"));
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_not_a_guess() {
        let running = [status("default", true).build()];
        let all = || recorder("default", group().all_supported(true));
        let unknown = group().all_supported(true).recording_strategy(strategy("NEW".into()));
        for (what, recorder) in [
            ("no group", all().set_recording_group(None)),
            ("no name", all().set_name(None)),
            ("an unknown strategy", recorder("default", unknown)),
            ("no status", all().name("other")),
        ] {
            assert!(recording(&[recorder.build()], &running).is_err(), "{what}");
        }
    }
}
