//! What the fake's AWS holds.

use std::time::Duration;

use serde_json::{Value, json};

use super::group::Group;

/// The rule's name, which the sample events carry too.
pub const RULE: &str = "default-security-group-closed";

/// The one result token that the fake takes outside of test mode. As long as those of AWS Config.
pub const TOKEN: &str = include_str!("token.txt");

/// The content of the account.
#[derive(Clone, Debug)]
pub struct Data {
    /// EC2: the security groups, in the order in which they are described. Moto has its own, where it stands
    /// behind.
    pub groups: Vec<Group>,
    /// EC2: the references to security groups from other VPCs, which moto does not know.
    pub references: Vec<Reference>,
    /// Config: the rule's results from earlier.
    pub results: Vec<OldResult>,
    /// Config: the history of items, newest first, as `GetResourceConfigHistory` gives it.
    pub history: Vec<Value>,
    /// Config: the recorders, as `DescribeConfigurationRecorders` gives them.
    pub recorders: Vec<Value>,
    /// Config: their states, as `DescribeConfigurationRecorderStatus` gives them.
    pub recorder_states: Vec<Value>,
    /// Config: the recorded items that `SelectResourceConfig` searches.
    pub items: Vec<Value>,
    /// STS: how long the credentials of an assumed role last.
    pub session: Duration,
    /// Glue: the connections with their passwords, as `GetConnections` gives them.
    pub connections: Vec<Value>,
    /// VPC Lattice: the service networks, as `ListServiceNetworks` gives them.
    pub service_networks: Vec<Value>,
    /// VPC Lattice: their associations with VPCs, as `GetServiceNetworkVpcAssociation` gives each.
    pub network_associations: Vec<Value>,
    /// The most results on a page of any service. AWS may give fewer than the caller's limit.
    pub results_per_page: usize,
}

impl Default for Data {
    /// An account that holds nothing, and whose recorder records all that AWS Config knows.
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            references: Vec::new(),
            results: Vec::new(),
            history: Vec::new(),
            recorders: vec![json!({
                "name": "default",
                "roleARN": "arn:aws:iam::012345678912:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
                "recordingGroup": {
                    "allSupported": true, "includeGlobalResourceTypes": true, "resourceTypes": [],
                    "exclusionByResourceTypes": {"resourceTypes": []},
                    "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
                },
                "recordingScope": "PAID",
            })],
            recorder_states: vec![json!({"name": "default", "recording": true, "lastStatus": "SUCCESS"})],
            items: Vec::new(),
            session: Duration::from_secs(3600),
            connections: Vec::new(),
            service_networks: Vec::new(),
            network_associations: Vec::new(),
            results_per_page: usize::MAX,
        }
    }
}

/// A security group in another VPC that refers to one of ours.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Our group.
    pub group: String,
    /// The other VPC.
    pub vpc: String,
    /// The peering connection `pcx-…` or the transit gateway `tgw-…` that joins the two.
    pub over: String,
}

/// A result that AWS Config holds of an earlier evaluation.
#[derive(Clone, Debug)]
pub struct OldResult {
    /// The group.
    pub id: String,
    /// The compliance type.
    pub compliance: &'static str,
    /// The ordering timestamp, in epoch seconds.
    pub ordering: f64,
}

impl OldResult {
    /// A result of the day before the sample of a schedule.
    pub fn new(id: impl Into<String>, compliance: &'static str) -> Self {
        Self { id: id.into(), compliance, ordering: 1_795_078_805.5 }
    }
}
