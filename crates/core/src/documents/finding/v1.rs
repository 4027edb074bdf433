//! Version 1 of the finding.

use serde::{Deserialize, Serialize};

use crate::documents::shared::v1::{Peer, Ports};
use crate::group::{self, Direction, Traffic};
use crate::ids::{AccountId, Partition, Region, SecurityGroupId, VpcId};
use crate::judge::evaluation::ComplianceType;
use crate::judge::finding;

/// The version that stands in the document.
pub const VERSION: u64 = 1;

/// One default security group, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Always [`VERSION`].
    pub version: u64,
    /// The partition that the account belongs to.
    pub partition: Partition,
    /// The account that owns the group.
    pub account: AccountId,
    /// The Region that the group is in.
    pub region: Region,
    /// The group.
    pub group_id: SecurityGroupId,
    /// The group's VPC.
    pub vpc_id: Option<VpcId>,
    /// The result in AWS Config's words: `COMPLIANT`, `NON_COMPLIANT` or `NOT_APPLICABLE`.
    pub compliance: String,
    /// Why, in a sentence of at most 256 characters.
    pub annotation: String,
    /// What the group lets through, in both directions.
    pub rules: Vec<Rule>,
}

/// What one rule lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `inbound` or `outbound`.
    pub direction: Direction,
    /// The IP protocol as EC2 names it; `-1` for all.
    pub protocol: String,
    /// First and last port, or ICMP type and code; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Ports>,
    /// The other side.
    pub peer: Peer,
}

impl From<&finding::Finding> for Finding {
    fn from(finding: &finding::Finding) -> Self {
        let identity = &finding.group.identity;
        Self {
            version: VERSION,
            partition: finding.place.partition.clone(),
            account: finding.place.account.clone(),
            region: finding.place.region.clone(),
            group_id: identity.id.clone(),
            vpc_id: identity.vpc.clone(),
            compliance: ComplianceType::from(&finding.verdict).as_str().to_owned(),
            annotation: finding.verdict.annotation().as_str().to_owned(),
            rules: finding.group.traffic().map(Rule::from).collect(),
        }
    }
}

impl From<&Traffic> for Rule {
    fn from(traffic: &Traffic) -> Self {
        Self {
            direction: traffic.direction,
            protocol: traffic.protocol.as_str().to_owned(),
            ports: traffic.ports.map(|group::Ports { from, to }| Ports { from, to }),
            peer: Peer::from(&traffic.peer),
        }
    }
}
