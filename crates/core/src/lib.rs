//! The domain of defsg: the words everybody speaks and every decision made with them.
//!
//! Pure by rule: no AWS SDK, no tokio, no clock, no I/O. "Today" is an argument, AWS is a set of [`ports`].

pub mod annotation;
pub mod backup;
pub mod dependent;
pub mod evaluation;
pub mod exemption;
pub mod fingerprint;
pub mod ids;
pub mod interface;
pub mod item;
pub mod parameters;
pub mod past;
pub mod plan;
pub mod ports;
pub mod recorded;
pub mod rule_set;
pub mod security_group;
pub mod verdict;

pub use annotation::Annotation;
pub use evaluation::{Batch, ComplianceType, Evaluation};
pub use exemption::{Exemption, Exemptions};
pub use ids::{AccountId, Region, SecurityGroupId, SecurityGroupRuleId, VpcId};
pub use parameters::{ParameterError, Parameters};
pub use security_group::{Direction, Family, Peer, Rule, SecurityGroup};
pub use verdict::{NotApplicable, Verdict, evaluate};
