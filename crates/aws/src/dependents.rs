//! What uses a security group, as EC2 and AWS Config tell it. All sources are asked at once, and what one of them cannot
//! tell is said in its place: no failure becomes an empty list.

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
        let (interfaces, rules, references, templates, mut survey) = tokio::join!(
            self.interfaces(&group.id),
            self.rules_of_others(&group.id),
            self.references(&group.id),
            self.launch_templates(group),
            self.recorded(&group.id),
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
