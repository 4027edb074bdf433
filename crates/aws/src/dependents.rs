//! What uses a security group, as AWS Config and EC2 tell it. EC2 is asked last: its answers are of now, those of AWS Config
//! minutes old in any case, and slow to come where it throttles. What a source cannot tell is said in its place: no failure
//! becomes an empty list.

use defsg_core::dependent::{Dependent, Source, Survey};
use defsg_core::ports::ApiError;
use defsg_core::ports::remediation::SurveyDependents;
use defsg_core::rule_set::GroupState;

use crate::account::AwsAccount;

mod groups;
mod interfaces;
mod launch_templates;
mod recorded;
mod recorder;

/// What one source says.
type Answer = Result<Vec<Dependent>, ApiError>;

impl SurveyDependents for AwsAccount {
    async fn survey(&self, group: &GroupState) -> Survey {
        let mut survey = self.recorded(&group.id).await;
        let (interfaces, rules, references, templates) = tokio::join!(
            self.interfaces(&group.id),
            self.rules_of_others(&group.id),
            self.references(&group.id),
            self.launch_templates(group),
        );
        let of_ec2 = [
            (Source::NetworkInterfaces, interfaces),
            (Source::SecurityGroupRules, rules),
            (Source::SecurityGroupReferences, references),
            (Source::LaunchTemplates, templates),
        ];
        survey.extend(of_ec2.map(|(source, answer)| (source, answer.map_err(|error| error.to_string()))));
        survey
    }
}
