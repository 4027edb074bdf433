//! What every adapter of EC2 asks with and reads by.

use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_ec2::types::Filter;

/// The most values of one filter. Source: EC2 User Guide, "List and filter using the CLI and API".
pub(crate) const MAX_FILTER_VALUES: usize = 200;

/// Lets through what has one of these values.
pub(crate) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(str::to_owned).collect())).build()
}

/// A field that must be there and parse.
pub(crate) fn parse<T: FromStr<Err: Display>>(field: &str, value: Option<String>) -> Result<T, String> {
    value.ok_or_else(|| format!("it has no {field}"))?.parse().map_err(|error| format!("{field} {error}"))
}
