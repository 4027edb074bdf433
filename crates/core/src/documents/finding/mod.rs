//! Findings. docs/finding.schema.json describes the document for machines.

pub mod v1;
