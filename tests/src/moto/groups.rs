//! Security groups in moto with rules of every kind, and what uses them.

use std::collections::BTreeMap;

use defsg_core::group::{Ports, Protocol};
use defsg_core::{Direction, Peer, SecurityGroupRule, Traffic};
use roxmltree::{Document, Node};

use super::{Moto, items, text};

/// A rule to add. The peer is a CIDR of either family, a prefix list `pl-…` or a group `sg-…`.
#[derive(Clone, Debug)]
pub struct NewRule {
    direction: Direction,
    members: Vec<(&'static str, String)>,
}

impl NewRule {
    /// An inbound rule for all traffic.
    pub fn inbound(peer: &str) -> Self {
        Self::new(Direction::Inbound, peer)
    }

    /// An outbound rule for all traffic.
    pub fn outbound(peer: &str) -> Self {
        Self::new(Direction::Outbound, peer)
    }

    fn new(direction: Direction, peer: &str) -> Self {
        let member = match peer {
            group if group.starts_with("sg-") => "IpPermissions.1.Groups.1.GroupId",
            list if list.starts_with("pl-") => "IpPermissions.1.PrefixListIds.1.PrefixListId",
            v6 if v6.contains(':') => "IpPermissions.1.Ipv6Ranges.1.CidrIpv6",
            _ => "IpPermissions.1.IpRanges.1.CidrIp",
        };
        Self {
            direction,
            members: vec![("IpPermissions.1.IpProtocol", "-1".to_owned()), (member, peer.to_owned())],
        }
    }

    /// The rule for one protocol with its ports, or its ICMP type and code.
    #[must_use]
    pub fn protocol(mut self, protocol: &str, from: i32, to: i32) -> Self {
        self.members[0].1 = protocol.to_owned();
        self.members.push(("IpPermissions.1.FromPort", from.to_string()));
        self.members.push(("IpPermissions.1.ToPort", to.to_string()));
        self
    }

    /// The rule with a description. moto keeps those of CIDRs only.
    #[must_use]
    pub fn description(mut self, description: &str) -> Self {
        let member = match self.members[1].0 {
            "IpPermissions.1.Ipv6Ranges.1.CidrIpv6" => "IpPermissions.1.Ipv6Ranges.1.Description",
            _ => "IpPermissions.1.IpRanges.1.Description",
        };
        self.members.push((member, description.to_owned()));
        self
    }

    /// The rule with one tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.members.push(("TagSpecification.1.ResourceType", "security-group-rule".to_owned()));
        self.members.push(("TagSpecification.1.Tag.1.Key", key.to_owned()));
        self.members.push(("TagSpecification.1.Tag.1.Value", value.to_owned()));
        self
    }
}

impl Moto {
    /// Adds a rule to the group.
    pub fn add_rule(&self, group: &str, rule: &NewRule) {
        let mut members = vec![("GroupId", group)];
        members.extend(rule.members.iter().map(|(name, value)| (*name, value.as_str())));
        let operation = match rule.direction {
            Direction::Inbound => "AuthorizeSecurityGroupIngress",
            Direction::Outbound => "AuthorizeSecurityGroupEgress",
        };
        self.ec2(operation, &members);
    }

    /// The group's rules, sorted by their ids.
    pub fn rules(&self, group: &str) -> Vec<SecurityGroupRule> {
        let filter = [("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)];
        let answer = self.ec2("DescribeSecurityGroupRules", &filter);
        let answer = Document::parse(&answer).expect("moto answers XML");
        let mut rules: Vec<_> = items(answer.root(), "securityGroupRuleSet").map(rule).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    /// Takes one rule away.
    pub fn revoke_rule(&self, group: &str, rule: &SecurityGroupRule) {
        let operation = match rule.traffic.direction {
            Direction::Inbound => "RevokeSecurityGroupIngress",
            Direction::Outbound => "RevokeSecurityGroupEgress",
        };
        self.ec2(operation, &[("GroupId", group), ("SecurityGroupRuleId.1", rule.id.as_str())]);
    }

    /// Makes a security group and gives its id. moto takes the name `default`, too.
    pub fn create_group(&self, vpc: &str, name: &str) -> String {
        let members = [("VpcId", vpc), ("GroupName", name), ("GroupDescription", "of a test")];
        self.id("CreateSecurityGroup", &members, "groupId")
    }

    /// Deletes a security group; moto deletes a default one, too.
    pub fn delete_group(&self, group: &str) {
        self.ec2("DeleteSecurityGroup", &[("GroupId", group)]);
    }

    /// Tags a resource.
    pub fn tag(&self, resource: &str, key: &str, value: &str) {
        self.ec2("CreateTags", &[("ResourceId.1", resource), ("Tag.1.Key", key), ("Tag.1.Value", value)]);
    }

    /// The id of the default VPC, which moto makes as AWS does.
    pub fn default_vpc(&self) -> String {
        self.id("DescribeVpcs", &[("Filter.1.Name", "is-default"), ("Filter.1.Value.1", "true")], "vpcId")
    }

    /// Makes a subnet in the VPC and gives its id.
    pub fn create_subnet(&self, vpc: &str) -> String {
        self.id("CreateSubnet", &[("VpcId", vpc), ("CidrBlock", "10.0.1.0/24")], "subnetId")
    }

    /// Makes a network interface that is a member of the group and gives its id.
    pub fn create_interface(&self, subnet: &str, group: &str, description: &str) -> String {
        let members = [("SubnetId", subnet), ("SecurityGroupId.1", group), ("Description", description)];
        self.id("CreateNetworkInterface", &members, "networkInterfaceId")
    }

    /// Deletes a network interface.
    pub fn delete_interface(&self, interface: &str) {
        self.ec2("DeleteNetworkInterface", &[("NetworkInterfaceId", interface)]);
    }

    /// Makes a prefix list and gives its id.
    pub fn create_prefix_list(&self, family: &str) -> String {
        let members = [("PrefixListName", "of a test"), ("AddressFamily", family), ("MaxEntries", "1")];
        self.id("CreateManagedPrefixList", &members, "prefixListId")
    }

    /// Makes a launch template of the data's members, e.g. `SecurityGroupId.1`, and gives its id.
    pub fn create_launch_template(&self, name: &str, data: &[(&str, &str)]) -> String {
        self.launch_template("CreateLaunchTemplate", ("LaunchTemplateName", name), data, "launchTemplateId")
    }

    /// Adds a version to the launch template, which is then its latest one.
    pub fn add_template_version(&self, template: &str, data: &[(&str, &str)]) {
        self.launch_template(
            "CreateLaunchTemplateVersion",
            ("LaunchTemplateId", template),
            data,
            "launchTemplateId",
        );
    }

    /// Makes a version of the launch template the default one.
    pub fn set_default_version(&self, template: &str, version: &str) {
        let members = [("LaunchTemplateId", template), ("SetDefaultVersion", version)];
        self.ec2("ModifyLaunchTemplate", &members);
    }

    /// Deletes a launch template.
    pub fn delete_launch_template(&self, template: &str) {
        self.ec2("DeleteLaunchTemplate", &[("LaunchTemplateId", template)]);
    }

    fn launch_template(&self, action: &str, of: (&str, &str), data: &[(&str, &str)], id: &str) -> String {
        let data: Vec<_> =
            data.iter().map(|(name, value)| (format!("LaunchTemplateData.{name}"), *value)).collect();
        let mut members = vec![of, ("LaunchTemplateData.InstanceType", "t3.micro")];
        members.extend(data.iter().map(|(name, value)| (name.as_str(), *value)));
        self.id(action, &members, id)
    }

    /// The first element of that name in the answer to a call.
    fn id(&self, action: &str, members: &[(&str, &str)], name: &str) -> String {
        let answer = self.ec2(action, members);
        let answer = Document::parse(&answer).expect("moto answers XML");
        text(answer.root(), name).unwrap_or_else(|| panic!("{action} answers with no {name}"))
    }
}

fn rule(item: Node) -> SecurityGroupRule {
    let field = |name: &str| item.children().find(|child| child.tag_name().name() == name);
    let value = |name: &str| field(name).and_then(|field| field.text()).map(str::to_owned);
    let number = |name: &str| value(name).and_then(|number| number.parse().ok());
    let referenced = field("referencedGroupInfo").and_then(|of| text(of, "groupId"));
    let peer = match (value("cidrIpv4"), value("cidrIpv6"), value("prefixListId"), referenced) {
        (Some(cidr), None, None, None) => Peer::Ipv4(cidr),
        (None, Some(cidr), None, None) => Peer::Ipv6(cidr),
        (None, None, Some(list), None) => Peer::PrefixList(list),
        (None, None, None, Some(group)) => Peer::group(group.parse().expect("a group's id"), None),
        other => panic!("moto gives a rule these peers: {other:?}"),
    };
    let protocol = Protocol::from(value("ipProtocol").expect("a rule has a protocol").as_str());
    let tags = items(item, "tagSet");
    let tags = tags.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())));
    let outbound = value("isEgress").as_deref() == Some("true");
    let traffic = Traffic {
        direction: if outbound { Direction::Outbound } else { Direction::Inbound },
        ports: Ports::whole(&protocol, number("fromPort"), number("toPort")).expect("a rule has its ports"),
        protocol,
        peer,
    };
    let id = value("securityGroupRuleId").expect("a rule has an id").parse().expect("a rule's id");
    SecurityGroupRule {
        description: value("description").filter(|description| !description.is_empty()),
        tags: tags.collect::<BTreeMap<_, _>>(),
        ..SecurityGroupRule::new(id, traffic).expect("a rule of moto can be made again")
    }
}
