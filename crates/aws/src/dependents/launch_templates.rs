//! EC2: launch templates whose default or latest version uses a group.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{LaunchTemplateVersion, ResponseLaunchTemplateData};
use defsg_core::VpcId;
use defsg_core::dependent::Dependent;
use defsg_core::ports::{ApiError, Page};
use defsg_core::rule_set::GroupState;

use super::Answer;
use crate::account::AwsAccount;
use crate::ec2::{filter, parse};
use crate::error::{api_error, unreadable};
use crate::pages;

/// The most versions on a page. Source: EC2 API Reference, `DescribeLaunchTemplateVersions`.
const PAGE_SIZE: i32 = 200;

/// How a version names a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    None,
    /// By name, which means the group of that name in the Region's default VPC.
    ByName,
    ById,
}

/// One version of a template.
#[derive(Debug)]
struct Version {
    template: String,
    name: String,
    number: i64,
    default: bool,
    uses: Use,
}

impl AwsAccount {
    /// The default and the latest version of every launch template, those included that an AWS service manages.
    pub(super) async fn launch_templates(&self, group: &GroupState) -> Answer {
        const OPERATION: &str = "DescribeLaunchTemplateVersions";
        let versions = pages::every(OPERATION, &self.id, |token| async move {
            let call =
                self.ec2().describe_launch_template_versions().versions("$Latest").versions("$Default");
            let call = call.include_managed_resources(true).max_results(PAGE_SIZE).set_next_token(token);
            let answer = call.send().await.map_err(|error| api_error(OPERATION, &self.id, &error))?;
            let Some(versions) = answer.launch_template_versions else {
                return Err(unreadable(OPERATION, &self.id, "the answer has no list of versions"));
            };
            let items = versions.into_iter().map(|version| to_version(version, group)).collect::<Option<_>>();
            let items = items.ok_or_else(|| {
                unreadable(OPERATION, &self.id, "a version has no template, no number or no data")
            })?;
            Ok(Page { items, next: answer.next_token })
        });
        let versions = versions.await?;
        // Only a template that names a group by its name raises the question.
        let named = versions.iter().any(|version| version.uses == Use::ByName);
        let in_default_vpc = named && self.is_in_default_vpc(group).await?;
        Ok(dependents(&versions, in_default_vpc))
    }

    async fn is_in_default_vpc(&self, group: &GroupState) -> Result<bool, ApiError> {
        const OPERATION: &str = "DescribeVpcs";
        let vpcs = pages::every(OPERATION, &self.id, |token| async move {
            let call = self.ec2().describe_vpcs().filters(filter("is-default", ["true"]));
            let answer = call.set_next_token(token).send().await;
            let answer = answer.map_err(|error| api_error(OPERATION, &self.id, &error))?;
            let Some(vpcs) = answer.vpcs else {
                return Err(unreadable(OPERATION, &self.id, "the answer has no list of VPCs"));
            };
            let items =
                vpcs.into_iter().map(|vpc| parse::<VpcId>("vpcId", vpc.vpc_id)).collect::<Result<_, _>>();
            let items = items.map_err(|problem| unreadable(OPERATION, &self.id, problem))?;
            Ok(Page { items, next: answer.next_token })
        });
        Ok(vpcs.await?.iter().any(|vpc| group.vpc.as_ref() == Some(vpc)))
    }
}

fn to_version(version: LaunchTemplateVersion, group: &GroupState) -> Option<Version> {
    let template = version.launch_template_id?;
    Some(Version {
        name: version.launch_template_name.unwrap_or_else(|| template.clone()),
        template,
        number: version.version_number?,
        default: version.default_version.unwrap_or_default(),
        uses: uses(&version.launch_template_data?, group),
    })
}

fn uses(data: &ResponseLaunchTemplateData, group: &GroupState) -> Use {
    let of_interfaces = data.network_interfaces().iter().flat_map(|interface| interface.groups());
    if data.security_group_ids().iter().chain(of_interfaces).any(|id| id == group.id.as_str()) {
        Use::ById
    } else if data.security_groups().contains(&group.name) {
        Use::ByName
    } else {
        Use::None
    }
}

/// The versions that use the group. The latest version of a template is the highest of those listed: the default one and
/// the latest one, which may be one and the same, and is then listed twice.
fn dependents(versions: &[Version], in_default_vpc: bool) -> Vec<Dependent> {
    let mut templates: BTreeMap<&str, BTreeMap<i64, &Version>> = BTreeMap::new();
    for version in versions {
        templates.entry(&version.template).or_default().insert(version.number, version);
    }
    let mut dependents = Vec::new();
    for (template, versions) in templates {
        let latest = versions.keys().next_back().copied();
        let using = versions.values().filter(|version| match version.uses {
            Use::None => false,
            Use::ByName => in_default_vpc,
            Use::ById => true,
        });
        dependents.extend(using.map(|version| {
            let role = match (version.default, Some(version.number) == latest) {
                (true, true) => "default, latest",
                (true, false) => "default",
                (false, _) => "latest",
            };
            Dependent::launch_template(template, &version.name, version.number, role)
        }));
    }
    dependents
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::LaunchTemplateInstanceNetworkInterfaceSpecification as Interface;
    use aws_sdk_ec2::types::builders::ResponseLaunchTemplateDataBuilder;

    use super::*;

    fn group() -> GroupState {
        GroupState {
            id: "sg-6c7fa917".parse().unwrap(),
            name: "default".to_owned(),
            description: String::new(),
            owner: "012345678912".parse().unwrap(),
            vpc: None,
            tags: BTreeMap::new(),
            rules: vec![],
        }
    }

    fn data() -> ResponseLaunchTemplateDataBuilder {
        ResponseLaunchTemplateData::builder()
    }

    fn version(template: &str, number: i64, default: bool, data: ResponseLaunchTemplateData) -> Version {
        let version = LaunchTemplateVersion::builder()
            .launch_template_id(template)
            .launch_template_name("web")
            .version_number(number)
            .default_version(default)
            .launch_template_data(data);
        to_version(version.build(), &group()).unwrap()
    }

    #[test]
    fn a_version_uses_the_group_by_id_by_an_interface_or_by_name() {
        let interface = Interface::builder().groups("sg-99999999").groups("sg-6c7fa917").build();
        let cases = [
            (data().security_group_ids("sg-6c7fa917"), Use::ById),
            (data().network_interfaces(interface), Use::ById),
            (data().security_groups("default"), Use::ByName),
            (data().security_group_ids("sg-99999999").security_groups("web"), Use::None),
            (data(), Use::None),
        ];
        for (data, expected) in cases {
            let data = data.build();
            assert_eq!(uses(&data, &group()), expected, "{data:?}");
        }
    }

    #[test]
    fn the_default_and_the_latest_version_are_told_apart() {
        let with = || data().security_group_ids("sg-6c7fa917").build();
        let versions = [
            version("lt-1", 7, false, with()),
            version("lt-1", 3, true, with()),
            version("lt-2", 1, true, with()),
            version("lt-2", 1, true, with()),
            version("lt-3", 2, false, with()),
            version("lt-3", 1, true, data().build()),
        ];
        let expected = [
            Dependent::launch_template("lt-1", "web", 3, "default"),
            Dependent::launch_template("lt-1", "web", 7, "latest"),
            Dependent::launch_template("lt-2", "web", 1, "default, latest"),
            Dependent::launch_template("lt-3", "web", 2, "latest"),
        ];
        assert_eq!(dependents(&versions, false), expected);
    }

    #[test]
    fn a_name_means_the_group_in_the_default_vpc_alone() {
        let versions = [version("lt-1", 1, true, data().security_groups("default").build())];
        assert_eq!(dependents(&versions, true).len(), 1);
        assert_eq!(dependents(&versions, false), []);
    }

    #[test]
    fn a_version_that_cannot_be_read_is_not_passed_over() {
        let version = || LaunchTemplateVersion::builder().launch_template_id("lt-1").version_number(1);
        assert!(to_version(version().build(), &group()).is_none(), "no data");
        let with_data = version().launch_template_data(data().build());
        assert!(to_version(with_data.clone().set_launch_template_id(None).build(), &group()).is_none());
        assert!(to_version(with_data.set_version_number(None).build(), &group()).is_none());
    }
}
