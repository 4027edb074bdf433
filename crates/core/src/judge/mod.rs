//! Judging: is a default security group closed, and who may leave it open? This wing ends in evaluations and findings;
//! [`crate::close`] is the other wing.

pub mod annotation;
pub mod evaluation;
pub mod exemption;
pub mod finding;
pub mod item;
pub mod parameters;
pub mod verdict;

pub use annotation::Annotation;
pub use evaluation::{Batch, ComplianceType, Evaluation};
pub use exemption::{Exemption, Exemptions};
pub use finding::{Consumer, Finding, Listing, Unjudged};
pub use parameters::{ParameterError, Parameters};
pub use verdict::{NotApplicable, Verdict, evaluate};
