//! Parts that several documents have.

pub mod v1;
