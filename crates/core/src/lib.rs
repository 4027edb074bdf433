//! The domain of defsg: the words everybody speaks and every decision made with them.
//!
//! Pure by rule: no AWS SDK, no tokio, no clock, no I/O. "Today" is an argument, AWS is a set of [`ports`].
//!
//! There are two wings over what they share. [`judge`] says whether a group is closed; [`close`] says what closing and
//! restoring a group comes to. Both speak of a [`place`] and a [`group`]. What leaves the program is in [`documents`].

pub mod close;
pub mod documents;
pub mod group;
pub mod ids;
pub mod judge;
pub mod place;
pub mod ports;
pub mod words;

pub use group::{Direction, GroupIdentity, GroupState, Peer, SecurityGroup, SecurityGroupRule, Traffic};
pub use ids::{AccountId, Partition, Region, RoleName, SecurityGroupId, SecurityGroupRuleId, VpcId};
pub use judge::{
    Annotation, Batch, ComplianceType, Evaluation, Exemption, Exemptions, NotApplicable, ParameterError,
    Parameters, Verdict, evaluate,
};
pub use place::Place;
