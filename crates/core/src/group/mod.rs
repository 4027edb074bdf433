//! A security group: who it is, what it lets through, and its rules.
//!
//! There is one model. [`GroupIdentity`] says which group it is, [`Traffic`] what one rule lets through. A group that is
//! judged has [`Traffic`] for rules; a group that is closed and restored has [`SecurityGroupRule`]s, each of which is a
//! [`Traffic`] with everything that EC2 needs to make the rule again.

use std::collections::BTreeMap;

use crate::ids::{AccountId, SecurityGroupId, VpcId};

pub mod fingerprint;
pub mod permission;
pub mod rule;
pub mod traffic;

pub use fingerprint::Fingerprint;
pub use permission::Permission;
pub use rule::{NotRepeatable, SecurityGroupRule, merge};
pub use traffic::{Direction, Family, GroupName, Peer, Ports, Protocol, Traffic};

/// The name that EC2 reserves for the group it makes with every VPC.
pub const DEFAULT_GROUP_NAME: &str = "default";

/// The resource type under which AWS Config records security groups.
pub const RESOURCE_TYPE: &str = "AWS::EC2::SecurityGroup";

/// Which security group it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupIdentity {
    /// The group's ID.
    pub id: SecurityGroupId,
    /// The group's name; `default` for the group that came with the VPC.
    pub name: String,
    /// The group's description. EC2 never changes it.
    pub description: String,
    /// The account that owns the group. In a shared VPC this is not the participant that sees it.
    pub owner: AccountId,
    /// The VPC; none for what is left of EC2-Classic.
    pub vpc: Option<VpcId>,
    /// The group's tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A security group that exists, with every rule it has. `R` is how much is known of each rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup<R = Traffic> {
    /// Which group it is.
    pub identity: GroupIdentity,
    /// All rules of both directions.
    pub rules: Vec<R>,
}

/// A security group with its rules by rule ID: what a close and a restore work on.
pub type GroupState = SecurityGroup<SecurityGroupRule>;

/// Why a group is not the default group of a VPC that an account owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDefaultGroup {
    /// It has another name.
    OtherName {
        /// The group's name.
        name: String,
    },
    /// It is in no VPC (EC2-Classic).
    NoVpc,
    /// Another account owns it (a shared VPC).
    OtherOwner {
        /// The owner.
        owner: AccountId,
    },
}

impl GroupIdentity {
    /// The VPC whose default group this is, where `account` owns it. The verdict, the plan and the restore all ask here.
    ///
    /// # Errors
    /// Why it is not: the first of name, VPC and owner that does not fit.
    pub fn default_group_of(&self, account: &AccountId) -> Result<&VpcId, NotDefaultGroup> {
        if self.name != DEFAULT_GROUP_NAME {
            return Err(NotDefaultGroup::OtherName { name: self.name.clone() });
        }
        let vpc = self.vpc.as_ref().ok_or(NotDefaultGroup::NoVpc)?;
        if self.owner == *account {
            Ok(vpc)
        } else {
            Err(NotDefaultGroup::OtherOwner { owner: self.owner.clone() })
        }
    }
}

impl<R: AsRef<Traffic>> SecurityGroup<R> {
    /// What the rules let through.
    pub fn traffic(&self) -> impl Iterator<Item = &Traffic> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// Whether `traffic` is one of the rules that EC2 makes a default group with: all traffic in from the group itself, all
    /// out to 0.0.0.0/0 and, where the VPC has IPv6, to ::/0.
    ///
    /// Source: VPC User Guide, "Default security groups for your VPCs".
    #[must_use]
    pub fn is_stock_rule(&self, traffic: &Traffic) -> bool {
        traffic.protocol == Protocol::All
            && match (traffic.direction, &traffic.peer) {
                (Direction::Inbound, peer) => peer.is_group(&self.identity.id),
                (Direction::Outbound, Peer::Ipv4(cidr)) => cidr == "0.0.0.0/0",
                (Direction::Outbound, Peer::Ipv6(cidr)) => cidr == "::/0",
                (Direction::Outbound, _) => false,
            }
    }
}
