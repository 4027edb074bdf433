//! EC2: launch templates whose default or latest version uses a group.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{LaunchTemplateVersion as SdkVersion, ResponseLaunchTemplateData};
use defsg_core::close::dependent::{Dependent, LaunchTemplateVersion, Role};
use defsg_core::close::source::Source;
use defsg_core::close::survey::Surveys;
use defsg_core::group::GroupIdentity;
use defsg_core::ids::VpcId;
use defsg_core::ports::{ApiError, Page};
use futures_util::future::BoxFuture;

use super::{Action, Ask, FoundByGroup, answered};
use crate::clients::Clients;
use crate::ec2::{filter, parse};

const SOURCE: Source = Source::new("launch-templates");

/// The most versions on a page. Source: EC2 API Reference, `DescribeLaunchTemplateVersions`.
const PAGE_SIZE: i32 = 200;

/// Templates, of which instances will be made.
pub(super) struct LaunchTemplates;

impl Ask for LaunchTemplates {
    fn names(&self) -> Vec<Source> {
        vec![SOURCE]
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action {
                name: "ec2:DescribeLaunchTemplateVersions",
                why: "finds the templates whose default or latest version uses the group",
            },
            Action {
                name: "ec2:DescribeVpcs",
                why: "names the default VPC: a template that names a group by name means the one of that VPC",
            },
        ]
    }

    fn ask<'a>(&'a self, clients: &'a Clients, groups: &'a [&'a GroupIdentity]) -> BoxFuture<'a, Surveys> {
        Box::pin(async move { answered(SOURCE, groups, find(clients, groups).await) })
    }
}

/// One version of a template, with the groups that it names.
#[derive(Debug)]
struct Version {
    template: String,
    name: String,
    number: i64,
    is_default: bool,
    group_ids: BTreeSet<String>,
    /// A name means the group of that name in the Region's default VPC.
    group_names: BTreeSet<String>,
}

async fn find(clients: &Clients, groups: &[&GroupIdentity]) -> Result<FoundByGroup, ApiError> {
    let versions = versions(clients).await?;
    // Only a template that names a group by its name raises the question.
    let by_name =
        groups.iter().any(|group| versions.iter().any(|version| version.group_names.contains(&group.name)));
    let default_vpcs = if by_name { default_vpcs(clients).await? } else { Vec::new() };
    let found = groups.iter().map(|group| {
        let in_default_vpc = group.vpc.as_ref().is_some_and(|vpc| default_vpcs.contains(vpc));
        (group.id.clone(), dependents(&versions, group, in_default_vpc).into())
    });
    Ok(found.collect())
}

/// The default and the latest version of every launch template, those included that an AWS service manages.
async fn versions(clients: &Clients) -> Result<Vec<Version>, ApiError> {
    const OPERATION: &str = "DescribeLaunchTemplateVersions";
    let caller = &clients.caller;
    let versions = caller.every_page(OPERATION, |token| async move {
        let call = clients.ec2().describe_launch_template_versions();
        let call = call.versions("$Latest").versions("$Default").include_managed_resources(true);
        let answer = call.max_results(PAGE_SIZE).set_next_token(token).send().await;
        let answer = answer.map_err(|error| caller.error(OPERATION, &error))?;
        let Some(versions) = answer.launch_template_versions else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of versions"));
        };
        let items = versions.into_iter().map(to_version).collect::<Option<_>>();
        let items = items
            .ok_or_else(|| caller.unreadable(OPERATION, "a version has no template, no number or no data"))?;
        Ok(Page { items, next: answer.next_token })
    });
    versions.await
}

async fn default_vpcs(clients: &Clients) -> Result<Vec<VpcId>, ApiError> {
    const OPERATION: &str = "DescribeVpcs";
    let caller = &clients.caller;
    let vpcs = caller.every_page(OPERATION, |token| async move {
        let call = clients.ec2().describe_vpcs().filters(filter("is-default", ["true"]));
        let answer = call.set_next_token(token).send().await;
        let answer = answer.map_err(|error| caller.error(OPERATION, &error))?;
        let Some(vpcs) = answer.vpcs else {
            return Err(caller.unreadable(OPERATION, "the answer has no list of VPCs"));
        };
        let items = vpcs.into_iter().map(|vpc| parse("vpcId", vpc.vpc_id)).collect::<Result<_, _>>();
        let items = items.map_err(|problem| caller.unreadable(OPERATION, problem))?;
        Ok(Page { items, next: answer.next_token })
    });
    vpcs.await
}

fn to_version(version: SdkVersion) -> Option<Version> {
    let template = version.launch_template_id?;
    let data = version.launch_template_data?;
    Some(Version {
        name: version.launch_template_name.unwrap_or_else(|| template.clone()),
        template,
        number: version.version_number?,
        is_default: version.default_version.unwrap_or_default(),
        group_ids: group_ids(&data),
        group_names: data.security_groups.unwrap_or_default().into_iter().collect(),
    })
}

fn group_ids(data: &ResponseLaunchTemplateData) -> BTreeSet<String> {
    let of_interfaces = data.network_interfaces().iter().flat_map(|interface| interface.groups());
    data.security_group_ids().iter().chain(of_interfaces).cloned().collect()
}

/// The versions that use the group. The latest version of a template is the highest of those listed: the
/// default one and the latest one, which may be one and the same, and is then listed twice.
fn dependents(versions: &[Version], group: &GroupIdentity, in_default_vpc: bool) -> Vec<Dependent> {
    let mut templates: BTreeMap<&str, BTreeMap<i64, &Version>> = BTreeMap::new();
    for version in versions {
        templates.entry(&version.template).or_default().insert(version.number, version);
    }
    let mut dependents = Vec::new();
    for versions in templates.into_values() {
        let latest = versions.keys().next_back().copied();
        let using = versions.values().filter(|version| {
            version.group_ids.contains(group.id.as_str())
                || (in_default_vpc && version.group_names.contains(&group.name))
        });
        dependents.extend(using.map(|version| {
            let role = match (version.is_default, Some(version.number) == latest) {
                (true, true) => Role::DefaultAndLatest,
                (true, false) => Role::Default,
                (false, _) => Role::Latest,
            };
            let Version { template, name, number, .. } = version;
            let (template, name) = (template.clone(), name.clone());
            Dependent::LaunchTemplate(LaunchTemplateVersion { template, name, version: *number, role })
        }));
    }
    dependents
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::LaunchTemplateInstanceNetworkInterfaceSpecification as Interface;
    use aws_sdk_ec2::types::builders::ResponseLaunchTemplateDataBuilder;

    use super::*;

    fn group() -> GroupIdentity {
        GroupIdentity {
            id: "sg-6c7fa917".parse().unwrap(),
            name: "default".to_owned(),
            description: String::new(),
            owner: "012345678912".parse().unwrap(),
            vpc: None,
            tags: BTreeMap::new(),
        }
    }

    fn data() -> ResponseLaunchTemplateDataBuilder {
        ResponseLaunchTemplateData::builder()
    }

    fn version(template: &str, number: i64, default: bool, data: ResponseLaunchTemplateData) -> Version {
        let version = SdkVersion::builder()
            .launch_template_id(template)
            .launch_template_name("web")
            .version_number(number)
            .default_version(default)
            .launch_template_data(data);
        to_version(version.build()).unwrap()
    }

    #[test]
    fn a_version_uses_the_group_by_id_by_an_interface_or_by_name() {
        let interface = Interface::builder().groups("sg-99999999").groups("sg-6c7fa917").build();
        // Whether it uses the group outside the default VPC, and in it.
        let cases = [
            (data().security_group_ids("sg-6c7fa917"), true, true),
            (data().network_interfaces(interface), true, true),
            (data().security_groups("default"), false, true),
            (data().security_group_ids("sg-99999999").security_groups("web"), false, false),
            (data(), false, false),
        ];
        for (data, elsewhere, in_default_vpc) in cases {
            let data = data.build();
            let versions = [version("lt-1", 1, true, data.clone())];
            let uses = |in_default_vpc| !dependents(&versions, &group(), in_default_vpc).is_empty();
            assert_eq!((uses(false), uses(true)), (elsewhere, in_default_vpc), "{data:?}");
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
            ("lt-1", 3, Role::Default),
            ("lt-1", 7, Role::Latest),
            ("lt-2", 1, Role::DefaultAndLatest),
            ("lt-3", 2, Role::Latest),
        ];
        let expected = expected.map(|(template, version, role)| {
            let (template, name) = (template.to_owned(), "web".to_owned());
            Dependent::LaunchTemplate(LaunchTemplateVersion { template, name, version, role })
        });
        assert_eq!(dependents(&versions, &group(), false), expected);
    }

    #[test]
    fn a_name_means_the_group_in_the_default_vpc_alone() {
        let versions = [version("lt-1", 1, true, data().security_groups("default").build())];
        assert_eq!(dependents(&versions, &group(), true).len(), 1);
        assert_eq!(dependents(&versions, &group(), false), []);
    }

    #[test]
    fn a_version_that_cannot_be_read_is_not_passed_over() {
        let version = || SdkVersion::builder().launch_template_id("lt-1").version_number(1);
        assert!(to_version(version().build()).is_none(), "no data");
        let with_data = version().launch_template_data(data().build());
        assert!(to_version(with_data.clone().set_launch_template_id(None).build()).is_none());
        assert!(to_version(with_data.set_version_number(None).build()).is_none());
    }
}
