//! Resources that the API of their own service lists with the group.

use std::fmt;

/// A resource of a service that AWS Config does not record with its groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The kind in documents, such as `glue-connection`.
    pub kind: &'static str,
    /// What people call the kind, such as `AWS Glue connection`.
    pub noun: &'static str,
    /// Its ID, as the API writes it.
    pub id: String,
    /// What tells it apart for people: its name, or what it joins.
    pub name: String,
}

/// `AWS Glue connection orders-db`
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.noun, self.name)
    }
}
