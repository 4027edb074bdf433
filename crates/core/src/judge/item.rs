//! A configuration item: a resource as AWS Config recorded it, parsed strictly enough that garbage is never "closed".
//!
//! Config writes the same group in several ways: ports absent, null, integers or floats; the configuration as an object
//! or as a JSON string; older items without `ipv4Ranges` and `ipv6Ranges`; prefix lists as strings; pairs with null
//! fields. All of these are read. An absent, null or mistyped rule list is an error.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::{Date, OffsetDateTime};

use super::exemption::Exemptions;
use super::verdict::{NotApplicable, Verdict, evaluate};
use crate::group::permission::GroupPair;
use crate::group::{Direction, GroupIdentity, Permission, RESOURCE_TYPE, SecurityGroup};
use crate::ids::{AccountId, InvalidId, SecurityGroupId, VpcId};

/// A resource at the moment that Config captured it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The resource's type, such as `AWS::EC2::SecurityGroup`.
    pub resource_type: String,
    /// The resource's ID, 1 to 768 characters.
    pub resource_id: String,
    /// The account in which Config recorded it.
    pub account: AccountId,
    /// When.
    pub captured: OffsetDateTime,
    /// Whether there was anything to record.
    pub status: ItemStatus,
    /// The resource itself, not yet parsed: null, an object, or an object in a JSON string.
    pub configuration: Value,
}

/// Config's `configurationItemStatus`, by what it means for an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ItemStatus {
    /// `OK`, `ResourceDiscovered`: the resource exists.
    Existing,
    /// `ResourceDeleted`, `ResourceDeletedNotRecorded`: the resource is gone.
    Deleted,
    /// `ResourceNotRecorded`: Config does not record the resource.
    NotRecorded,
}

impl FromStr for ItemStatus {
    type Err = String;

    fn from_str(status: &str) -> Result<Self, String> {
        match status {
            "OK" | "ResourceDiscovered" => Ok(Self::Existing),
            "ResourceDeleted" | "ResourceDeletedNotRecorded" => Ok(Self::Deleted),
            "ResourceNotRecorded" => Ok(Self::NotRecorded),
            other => Err(format!("{other:?} is no status of a configuration item")),
        }
    }
}

impl TryFrom<String> for ItemStatus {
    type Error = String;

    fn try_from(status: String) -> Result<Self, String> {
        status.parse()
    }
}

/// An item that exists but cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration of {resource_id} cannot be read: {problem}")]
pub struct UnreadableItem {
    /// The resource's ID.
    pub resource_id: String,
    /// What is wrong, with the path to it.
    pub problem: String,
}

impl Item {
    /// Judges the item. `left_scope` is the event's `eventLeftScope`, `today` is in UTC.
    ///
    /// # Errors
    /// Where the resource exists, is in scope and its configuration cannot be read.
    pub fn judge(
        &self,
        left_scope: bool,
        exemptions: &Exemptions,
        today: Date,
    ) -> Result<Verdict, UnreadableItem> {
        if left_scope {
            return Ok(Verdict::NotApplicable(NotApplicable::OutOfScope));
        }
        if self.resource_type != RESOURCE_TYPE {
            let resource_type = self.resource_type.clone();
            return Ok(Verdict::NotApplicable(NotApplicable::OtherResourceType { resource_type }));
        }
        match self.status {
            ItemStatus::Deleted => Ok(Verdict::NotApplicable(NotApplicable::Deleted)),
            ItemStatus::NotRecorded => Ok(Verdict::NotApplicable(NotApplicable::NotRecorded)),
            ItemStatus::Existing => {
                let group = self.security_group()?;
                Ok(evaluate(&group, &self.account, exemptions, today))
            }
        }
    }

    /// The security group that the item records.
    ///
    /// # Errors
    /// Where the configuration is no security group, or another one than the item's.
    pub fn security_group(&self) -> Result<SecurityGroup, UnreadableItem> {
        let unreadable = |problem| UnreadableItem { resource_id: self.resource_id.clone(), problem };
        let raw = self.parse().map_err(unreadable)?;
        let group = raw.into_group().map_err(|error| unreadable(error.to_string()))?;
        if group.identity.id.as_str() == self.resource_id {
            Ok(group)
        } else {
            Err(unreadable(format!("it is that of {}", group.identity.id)))
        }
    }

    fn parse(&self) -> Result<RawGroup, String> {
        match &self.configuration {
            configuration @ Value::Object(_) => {
                serde_path_to_error::deserialize(configuration).map_err(|error| error.to_string())
            }
            // An object, too: serde would fill the struct from a list.
            Value::String(text) if text.trim_ascii_start().starts_with('{') => {
                let mut json = serde_json::Deserializer::from_str(text);
                let raw = serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string())?;
                json.end().map_err(|error| error.to_string())?;
                Ok(raw)
            }
            _ => Err("it is no JSON object".to_owned()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawGroup {
    group_name: String,
    group_id: String,
    owner_id: String,
    // Null for EC2-Classic; the key itself must be there.
    #[serde(deserialize_with = "Option::deserialize")]
    vpc_id: Option<String>,
    // Decides nothing: whatever it is, the group is judged.
    #[serde(default)]
    description: Value,
    tags: Option<Vec<RawTag>>,
    ip_permissions: Vec<RawPermission>,
    ip_permissions_egress: Vec<RawPermission>,
}

#[derive(Deserialize)]
struct RawTag {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPermission {
    ip_protocol: String,
    #[serde(default, deserialize_with = "port")]
    from_port: Option<i32>,
    #[serde(default, deserialize_with = "port")]
    to_port: Option<i32>,
    ip_ranges: Option<Vec<StringOr<RawIpv4Range>>>,
    ipv4_ranges: Option<Vec<RawIpv4Range>>,
    ipv6_ranges: Option<Vec<RawIpv6Range>>,
    prefix_list_ids: Option<Vec<StringOr<RawPrefixList>>>,
    user_id_group_pairs: Option<Vec<RawPair>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StringOr<T> {
    String(String),
    Object(T),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIpv4Range {
    cidr_ip: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIpv6Range {
    cidr_ipv6: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPrefixList {
    prefix_list_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPair {
    group_id: Option<String>,
    group_name: Option<String>,
    user_id: Option<String>,
}

/// A port as an integer, or as a float that is one.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    if number.fract() == 0.0 && (-1.0..=65535.0).contains(&number) {
        #[allow(clippy::cast_possible_truncation, reason = "checked on the line above")]
        Ok(Some(number as i32))
    } else {
        Err(serde::de::Error::custom(format!("{number} is no port")))
    }
}

impl RawGroup {
    fn into_group(self) -> Result<SecurityGroup, InvalidId> {
        let tags = self.tags.unwrap_or_default().into_iter();
        let tags: BTreeMap<_, _> = tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect();
        let lists =
            [(Direction::Inbound, self.ip_permissions), (Direction::Outbound, self.ip_permissions_egress)];
        let rules = lists.into_iter().flat_map(|(direction, permissions)| {
            permissions.into_iter().flat_map(move |raw| Permission::from(raw).into_traffic(direction))
        });
        Ok(SecurityGroup {
            identity: GroupIdentity {
                id: self.group_id.parse::<SecurityGroupId>()?,
                name: self.group_name,
                description: self.description.as_str().unwrap_or_default().to_owned(),
                owner: self.owner_id.parse()?,
                vpc: self.vpc_id.map(|id| id.parse::<VpcId>()).transpose()?,
                tags,
            },
            rules: rules.collect(),
        })
    }
}

impl From<RawPermission> for Permission {
    fn from(raw: RawPermission) -> Self {
        let old = raw.ip_ranges.unwrap_or_default().into_iter().map(|range| match range {
            StringOr::String(cidr) => cidr,
            StringOr::Object(range) => range.cidr_ip,
        });
        let new = raw.ipv4_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ip);
        let ipv6 = raw.ipv6_ranges.unwrap_or_default().into_iter().map(|range| range.cidr_ipv6);
        let lists = raw.prefix_list_ids.unwrap_or_default().into_iter().map(|list| match list {
            StringOr::String(id) => id,
            StringOr::Object(list) => list.prefix_list_id,
        });
        let pairs = raw.user_id_group_pairs.unwrap_or_default().into_iter();
        let pairs =
            pairs.map(|pair| GroupPair { id: pair.group_id, name: pair.group_name, owner: pair.user_id });
        Self {
            protocol: Some(raw.ip_protocol),
            from_port: raw.from_port,
            to_port: raw.to_port,
            ipv4: old.chain(new).map(Some).collect(),
            ipv6: ipv6.map(Some).collect(),
            prefix_lists: lists.map(Some).collect(),
            groups: pairs.collect(),
        }
    }
}
