//! AWS Config's recorders: which resource types Config records in this account and Region, and how often.

use std::collections::{HashMap, HashSet};

use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, RecorderStatus, RecordingFrequency, RecordingGroup,
    RecordingMode, RecordingScope, RecordingStrategyType, ResourceType,
};
use defsg_core::close::survey::Unsure;

use crate::clients::Clients;

/// What the recorders that run record, one entry for each of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recording(Vec<Recorder>);

/// Whether, and how often, resources of a type are recorded. In order: the more often, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HowOften {
    Never,
    /// Once in 24 hours, where something changed.
    Daily,
    /// Whenever something changes.
    Continuously,
}

#[derive(Debug, PartialEq, Eq)]
struct Recorder {
    scope: Scope,
    frequency: Frequency,
}

/// What one recorder records.
#[derive(Debug, PartialEq, Eq)]
enum Scope {
    All,
    AllBut(HashSet<String>),
    Only(HashSet<String>),
}

/// How often one recorder records.
#[derive(Debug, PartialEq, Eq)]
struct Frequency {
    usual: HowOften,
    /// By resource type.
    overrides: HashMap<String, HowOften>,
}

impl Recording {
    /// How resources of this type are recorded.
    pub(super) fn how_often(&self, resource_type: &str) -> HowOften {
        self.most(|recorder| {
            let recorded = match &recorder.scope {
                Scope::All => true,
                Scope::AllBut(excluded) => !excluded.contains(resource_type),
                Scope::Only(chosen) => chosen.contains(resource_type),
            };
            let Frequency { usual, overrides } = &recorder.frequency;
            recorded.then(|| *overrides.get(resource_type).unwrap_or(usual))
        })
    }

    /// How new resource types are recorded, without anybody choosing them.
    pub(super) fn how_often_new_types(&self) -> HowOften {
        self.most(|recorder| {
            let open_ended = !matches!(recorder.scope, Scope::Only(_));
            open_ended.then_some(recorder.frequency.usual)
        })
    }

    /// Everything, once a day.
    #[cfg(test)]
    pub(super) fn daily() -> Self {
        let frequency = Frequency { usual: HowOften::Daily, overrides: HashMap::new() };
        Self(vec![Recorder { scope: Scope::All, frequency }])
    }

    fn most(&self, how_often: impl Fn(&Recorder) -> Option<HowOften>) -> HowOften {
        self.0.iter().filter_map(how_often).max().unwrap_or(HowOften::Never)
    }
}

/// Why there is no [`Recording`].
#[derive(Debug)]
enum NoRecording {
    /// No recorder works, for this reason.
    Idle(String),
    /// What AWS Config said of its recorders cannot be read.
    Unreadable(String),
}

impl<T: Into<String>> From<T> for NoRecording {
    fn from(problem: T) -> Self {
        Self::Unreadable(problem.into())
    }
}

impl Clients {
    /// What Config records. An error where it records nothing, or where nobody knows.
    pub(super) async fn recording(&self) -> Result<Recording, Unsure> {
        const RECORDERS: &str = "DescribeConfigurationRecorders";
        const STATUS: &str = "DescribeConfigurationRecorderStatus";
        let recorders = self.config.describe_configuration_recorders().send().await;
        let recorders = recorders.map_err(|error| self.caller.error(RECORDERS, &error))?;
        let status = self.config.describe_configuration_recorder_status().send().await;
        let status = status.map_err(|error| self.caller.error(STATUS, &error))?;
        let Some(recorders) = recorders.configuration_recorders else {
            return Err(self.caller.unreadable(RECORDERS, "the answer has no list of recorders").into());
        };
        let Some(status) = status.configuration_recorders_status else {
            return Err(self.caller.unreadable(STATUS, "the answer has no list of recorders").into());
        };
        recording(&recorders, &status).map_err(|none| match none {
            NoRecording::Idle(why) => Unsure::NotRecording(why),
            NoRecording::Unreadable(problem) => self.caller.unreadable(RECORDERS, problem).into(),
        })
    }
}

fn recording(
    recorders: &[ConfigurationRecorder],
    status: &[ConfigurationRecorderStatus],
) -> Result<Recording, NoRecording> {
    let mut running = Vec::new();
    let mut idle = Vec::new();
    for recorder in recorders.iter().filter(|recorder| can_be_queried(recorder)) {
        let name = recorder.name().ok_or("a recorder has no name")?;
        let status = status.iter().find(|status| status.name() == Some(name));
        match status {
            Some(status) if status.recording && !succeeds(status) => {
                let (code, message) = (status.last_error_code(), status.last_error_message());
                let why = format!("{}: {}", code.unwrap_or("no code"), message.unwrap_or("no message"));
                let last = status.last_status().map_or("none", RecorderStatus::as_str);
                idle.push(format!("the last status of its recorder {name} is {last} ({why})"));
            }
            Some(status) if status.recording => {
                let group = recorder.recording_group().ok_or("a recorder has no recordingGroup")?;
                let frequency = frequency(recorder.recording_mode())?;
                running.push(Recorder { scope: scope(group)?, frequency });
            }
            Some(_) => idle.push(format!("its recorder {name} is stopped")),
            None => return Err(format!("recorder {name} has no status").into()),
        }
    }
    if !running.is_empty() {
        return Ok(Recording(running));
    }
    let why = if idle.is_empty() { "it has no recorder".to_owned() } else { idle.join(", ") };
    Err(NoRecording::Idle(why))
}

/// Whether the recorder recorded what there is. One that fails does not; one that was just started
/// (`Pending`) has not yet. The API model writes the status in mixed case, AWS's own answers in capitals.
fn succeeds(status: &ConfigurationRecorderStatus) -> bool {
    let success = RecorderStatus::Success;
    status.last_status().is_some_and(|last| last.as_str().eq_ignore_ascii_case(success.as_str()))
}

/// Queries do not see what a service's recorder keeps to itself, nor is another provider's cloud asked about.
fn can_be_queried(recorder: &ConfigurationRecorder) -> bool {
    recorder.recording_scope() != Some(&RecordingScope::Internal) && recorder.connector_arn().is_none()
}

/// Source: AWS Config API Reference, `RecordingGroup` and `RecordingStrategy`. A recorder from before there
/// were strategies has none, and its other fields say what it records.
fn scope(group: &RecordingGroup) -> Result<Scope, String> {
    let names = |types: &[ResourceType]| types.iter().map(|name| name.as_str().to_owned()).collect();
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

/// Source: AWS Config API Reference, `RecordingMode`. A recorder from before there were modes has none, and
/// records continuously.
fn frequency(mode: Option<&RecordingMode>) -> Result<Frequency, String> {
    let recorded = |frequency: &RecordingFrequency| match frequency {
        RecordingFrequency::Continuous => Ok(HowOften::Continuously),
        RecordingFrequency::Daily => Ok(HowOften::Daily),
        unknown => Err(format!("a recorder records {}, which defsg does not know", unknown.as_str())),
    };
    let usual = mode.map_or(Ok(HowOften::Continuously), |mode| recorded(mode.recording_frequency()))?;
    let mut overrides = HashMap::new();
    for overriding in mode.map(RecordingMode::recording_mode_overrides).unwrap_or_default() {
        let frequency = recorded(overriding.recording_frequency())?;
        let types = overriding.resource_types().iter();
        overrides.extend(types.map(|name| (name.as_str().to_owned(), frequency)));
    }
    Ok(Frequency { usual, overrides })
}

#[cfg(test)]
mod tests {
    use aws_sdk_config::types::builders::{
        ConfigurationRecorderBuilder, ConfigurationRecorderStatusBuilder, RecordingGroupBuilder,
    };
    use aws_sdk_config::types::{ExclusionByResourceTypes, RecordingModeOverride, RecordingStrategy};

    use super::*;

    const LAMBDA: &str = "AWS::Lambda::Function";
    const BATCH: &str = "AWS::Batch::ComputeEnvironment";

    fn strategy(which: RecordingStrategyType) -> RecordingStrategy {
        RecordingStrategy::builder().use_only(which).build()
    }

    fn group() -> RecordingGroupBuilder {
        RecordingGroup::builder()
    }

    fn recorder(name: &str, group: RecordingGroupBuilder) -> ConfigurationRecorderBuilder {
        ConfigurationRecorder::builder().name(name).recording_group(group.build())
    }

    fn status(name: &str, recording: bool) -> ConfigurationRecorderStatusBuilder {
        let status = ConfigurationRecorderStatus::builder().name(name).recording(recording);
        status.last_status(RecorderStatus::Success)
    }

    /// Whether a recorder with this group records Lambda functions, Batch environments, and types that nobody
    /// chose.
    fn records(group: RecordingGroupBuilder) -> [bool; 3] {
        let recorders = [recorder("default", group).build()];
        let recording = recording(&recorders, &[status("default", true).build()]).unwrap();
        [recording.how_often(LAMBDA), recording.how_often(BATCH), recording.how_often_new_types()]
            .map(|recorded| recorded == HowOften::Continuously)
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
    fn a_recorder_whose_last_status_is_success_in_whatever_case_records() {
        for last in ["Success", "SUCCESS"] {
            let recorders = [recorder("default", group().all_supported(true)).build()];
            let status = [status("default", true).last_status(last.into()).build()];
            assert!(recording(&recorders, &status).is_ok(), "{last}");
        }
    }

    #[test]
    fn two_recorders_record_what_either_does() {
        let recorders = [
            recorder("a", group().resource_types(LAMBDA.into())).build(),
            recorder("b", group().resource_types(BATCH.into())).build(),
        ];
        let status = [status("a", true).build(), status("b", true).build()];
        let recording = recording(&recorders, &status).unwrap();
        assert_eq!(recording.how_often(LAMBDA), HowOften::Continuously);
        assert_eq!(recording.how_often(BATCH), HowOften::Continuously);
        assert_eq!(recording.how_often("AWS::MSK::Cluster"), HowOften::Never);
    }

    fn mode(usual: RecordingFrequency, of_lambda: Option<RecordingFrequency>) -> RecordingMode {
        let overriding = of_lambda.map(|frequency| {
            let overriding = RecordingModeOverride::builder().resource_types(LAMBDA.into());
            vec![overriding.recording_frequency(frequency).build().unwrap()]
        });
        let mode = RecordingMode::builder().recording_frequency(usual);
        mode.set_recording_mode_overrides(overriding).build().unwrap()
    }

    #[test]
    fn a_recording_mode_says_how_often_a_type_is_recorded() {
        use HowOften::{Continuously, Daily as OnceADay};
        use RecordingFrequency::{Continuous, Daily};
        let all = || recorder("default", group().all_supported(true));
        for (mode, expected) in [
            (None, [Continuously, Continuously, Continuously]),
            (Some(mode(Continuous, None)), [Continuously, Continuously, Continuously]),
            (Some(mode(Daily, None)), [OnceADay, OnceADay, OnceADay]),
            (Some(mode(Continuous, Some(Daily))), [OnceADay, Continuously, Continuously]),
            (Some(mode(Daily, Some(Continuous))), [Continuously, OnceADay, OnceADay]),
        ] {
            let recorders = [all().set_recording_mode(mode.clone()).build()];
            let recording = recording(&recorders, &[status("default", true).build()]).unwrap();
            let found =
                [recording.how_often(LAMBDA), recording.how_often(BATCH), recording.how_often_new_types()];
            assert_eq!(found, expected, "{mode:?}");
        }
    }

    #[test]
    fn what_two_recorders_record_is_recorded_as_often_as_by_either() {
        let daily = recorder("a", group().all_supported(true));
        let recorders = [
            daily.recording_mode(mode(RecordingFrequency::Daily, None)).build(),
            recorder("b", group().resource_types(BATCH.into())).build(),
        ];
        let status = [status("a", true).build(), status("b", true).build()];
        let recording = recording(&recorders, &status).unwrap();
        assert_eq!(recording.how_often(LAMBDA), HowOften::Daily);
        assert_eq!(recording.how_often(BATCH), HowOften::Continuously);
        assert_eq!(recording.how_often_new_types(), HowOften::Daily);
    }

    #[test]
    fn a_recorder_that_does_not_work_records_nothing_and_the_reason_is_given() {
        let all = || recorder("default", group().all_supported(true));
        let internal = all().recording_scope(RecordingScope::Internal);
        let last = |last: &str| vec![status("default", true).last_status(last.into()).build()];
        let failing = status("default", true).last_status("FAILURE".into()).last_error_code("AccessDenied");
        let cases = [
            (vec![], vec![], "it has no recorder"),
            (vec![all().build()], vec![status("default", false).build()], "its recorder default is stopped"),
            (
                vec![all().build()],
                vec![failing.build()],
                "the last status of its recorder default is FAILURE (AccessDenied: no message)",
            ),
            (
                vec![all().build()],
                last("Failure"),
                "the last status of its recorder default is Failure (no code: no message)",
            ),
            (
                vec![all().build()],
                last("PENDING"),
                "the last status of its recorder default is PENDING (no code: no message)",
            ),
            (
                vec![all().build()],
                vec![status("default", true).set_last_status(None).build()],
                "the last status of its recorder default is none (no code: no message)",
            ),
            (vec![internal.build()], vec![status("default", true).build()], "it has no recorder"),
        ];
        for (recorders, status, expected) in cases {
            let Err(NoRecording::Idle(why)) = recording(&recorders, &status) else { panic!("{expected}") };
            assert_eq!(why, expected);
            let sentence = Unsure::NotRecording(why).to_string();
            assert_eq!(
                sentence,
                format!("AWS Config does not record in this account and Region: {expected}")
            );
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
            ("an unknown frequency", all().recording_mode(mode("HOURLY".into(), None))),
        ] {
            let read = recording(&[recorder.build()], &running);
            assert!(matches!(read, Err(NoRecording::Unreadable(_))), "{what}");
        }
    }
}
