//! An account for the tests, as EC2, AWS Config, Glue and VPC Lattice tell it.

use serde_json::{Value, json};

use crate::recorded_answers::{Answer, Aws, Call};

/// What there is in the account.
#[derive(Clone, Default)]
pub(super) struct World {
    /// Interfaces and their groups.
    pub(super) interfaces: Vec<(String, Vec<String>)>,
    /// Other groups, each with the groups that its one inbound rule each refers to.
    pub(super) referring: Vec<(String, Vec<String>)>,
    /// Groups that other VPCs refer to.
    pub(super) referred: Vec<String>,
    /// Launch templates and their groups, by ID or by name.
    pub(super) templates: Vec<(String, String)>,
    /// What Glue has.
    pub(super) connections: Vec<Value>,
    /// Lattice's associations.
    pub(super) associations: Vec<Value>,
    /// What AWS Config recorded.
    pub(super) items: Vec<Value>,
    /// An action that fails, with its status and code.
    pub(super) failing: Option<(&'static str, u16, &'static str)>,
}

impl World {
    pub(super) fn aws(self) -> Aws {
        Aws::new(move |call| self.answer(call))
    }

    pub(super) fn answer(&self, call: &Call) -> Answer {
        let operation = call.action.split_once(':').map_or("", |(_, operation)| operation);
        if let Some((_, status, code)) = self.failing.filter(|(action, ..)| *action == call.action) {
            let xml = format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>No.</Message></Error></Errors></Response>"
            );
            let is_xml = call.action.starts_with("ec2:");
            return (
                status,
                if is_xml { xml } else { json!({"__type": code, "message": "No."}).to_string() },
            );
        }
        let asked = |id: &str| call.body.contains(id) || call.url.contains(id);
        let body = match operation {
            "DescribeNetworkInterfaces" => xml(operation, "networkInterfaceSet", &self.interfaces(asked)),
            "DescribeSecurityGroups" => xml(operation, "securityGroupInfo", &self.groups(call)),
            "DescribeSecurityGroupRules" => xml(operation, "securityGroupRuleSet", &self.rules(asked)),
            "DescribeSecurityGroupReferences" => {
                let referred = self.referred.iter().filter(|id| asked(id));
                let item =
                    |id| format!("<groupId>{id}</groupId><referencingVpcId>vpc-99999999</referencingVpcId>");
                xml(operation, "securityGroupReferenceSet", &referred.map(item).collect::<Vec<_>>())
            }
            "DescribeLaunchTemplateVersions" => xml(operation, "launchTemplateVersionSet", &self.versions()),
            "DescribeVpcs" => xml(operation, "vpcSet", &["<vpcId>vpc-00000001</vpcId>".to_owned()]),
            "GetConnections" => json!({ "ConnectionList": self.connections }).to_string(),
            "ListServiceNetworkVpcAssociations" => {
                let of_vpc = self.associations.iter().filter(|found| asked(found["vpcId"].as_str().unwrap()));
                json!({ "items": of_vpc.collect::<Vec<_>>() }).to_string()
            }
            "GetServiceNetworkVpcAssociation" => {
                let association = self.associations.iter().find(|found| asked(found["id"].as_str().unwrap()));
                association.unwrap().to_string()
            }
            "DescribeConfigurationRecorders" => {
                let recorder = json!({ "name": "r", "recordingGroup": { "allSupported": true } });
                json!({ "ConfigurationRecorders": [recorder] }).to_string()
            }
            "DescribeConfigurationRecorderStatus" => {
                let status = json!({ "name": "r", "recording": true, "lastStatus": "SUCCESS" });
                json!({ "ConfigurationRecordersStatus": [status] }).to_string()
            }
            "SelectResourceConfig" => {
                let found = self.items.iter().filter(|item| is_selected(item, &call.body));
                json!({ "Results": found.map(Value::to_string).collect::<Vec<_>>() }).to_string()
            }
            other => panic!("{other} is not asked for by any source"),
        };
        (200, body)
    }

    fn interfaces(&self, asked: impl Fn(&str) -> bool) -> Vec<String> {
        let members = self.interfaces.iter().filter(|(_, groups)| groups.iter().any(|id| asked(id)));
        let item = |(id, groups): &(String, Vec<String>)| {
            let groups: String =
                groups.iter().map(|id| format!("<item><groupId>{id}</groupId></item>")).collect();
            format!("<networkInterfaceId>{id}</networkInterfaceId><groupSet>{groups}</groupSet>")
        };
        members.map(item).collect()
    }

    fn groups(&self, call: &Call) -> Vec<String> {
        if call.body.contains("egress.ip-permission.group-id") {
            return Vec::new();
        }
        let referring =
            self.referring.iter().filter(|(_, to)| to.iter().any(|id| call.body.contains(id.as_str())));
        let item = |(id, to): &(String, Vec<String>)| {
            let pairs: String = to.iter().map(|id| format!("<item><groupId>{id}</groupId></item>")).collect();
            format!(
                "<groupId>{id}</groupId><groupName>g</groupName><ownerId>012345678912</ownerId><vpcId>vpc-00000001</vpcId>\
                 <ipPermissions><item><ipProtocol>-1</ipProtocol><groups>{pairs}</groups></item></ipPermissions>\
                 <ipPermissionsEgress/>"
            )
        };
        referring.map(item).collect()
    }

    fn rules(&self, asked: impl Fn(&str) -> bool) -> Vec<String> {
        let referring = self.referring.iter().filter(|(id, _)| asked(id));
        let rules = referring.flat_map(|(id, to)| to.iter().map(move |to| (id, to)));
        let item = |(number, (id, to)): (usize, (&String, &String))| {
            format!(
                "<securityGroupRuleId>sgr-{number:08x}</securityGroupRuleId><groupId>{id}</groupId><isEgress>false</isEgress>\
                 <ipProtocol>-1</ipProtocol><referencedGroupInfo><groupId>{to}</groupId></referencedGroupInfo>"
            )
        };
        rules.enumerate().map(item).collect()
    }

    fn versions(&self) -> Vec<String> {
        let item = |(id, group): &(String, String)| {
            let list = if group.starts_with("sg-") { "securityGroupIdSet" } else { "securityGroupSet" };
            format!(
                "<launchTemplateId>{id}</launchTemplateId><versionNumber>1</versionNumber><defaultVersion>true</defaultVersion>\
                 <launchTemplateData><{list}><item>{group}</item></{list}></launchTemplateData>"
            )
        };
        self.templates.iter().map(item).collect()
    }
}

fn xml(operation: &str, list: &str, items: &[String]) -> String {
    let items: String = items.iter().map(|item| format!("<item>{item}</item>")).collect();
    format!("<{operation}Response><{list}>{items}</{list}></{operation}Response>")
}

/// Whether a query, as far as defsg makes any, selects the item.
fn is_selected(item: &Value, query: &str) -> bool {
    let quoted = |text: &str| query.contains(&format!("'{text}'"));
    let of_type =
        query.contains("relationships.resourceId") || quoted(item["resourceType"].as_str().unwrap());
    let part = if query.contains("relationships.resourceId") { "relationships" } else { "configuration" };
    let text = item[part].to_string();
    of_type && text.split('"').any(quoted)
}
