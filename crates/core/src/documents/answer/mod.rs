//! Answers. docs/remediation.md describes them for people, docs/answer.schema.json for machines.

pub mod v1;
