//! A security group, and how AWS Config records it.

use serde_json::{Value, json};

use crate::{ACCOUNT, REGION};

/// The VPC of every group here, and of the samples of `events/`.
pub(super) const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// A security group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: &'static str,
    /// The account that owns it.
    pub owner: &'static str,
    /// The inbound permissions.
    pub inbound: Vec<Permission>,
    /// The outbound permissions.
    pub outbound: Vec<Permission>,
    /// Whether EC2 describes it without its lists of permissions, which it should never do.
    pub lists_missing: bool,
    /// The tags.
    pub tags: Vec<(&'static str, &'static str)>,
}

/// Traffic of one protocol with any number of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// The protocol's name or number; `-1` for all traffic.
    pub protocol: String,
    /// The ports, or the ICMP type and code.
    pub ports: Option<(i32, i32)>,
    /// IPv4 CIDR blocks.
    pub ipv4: Vec<String>,
    /// IPv6 CIDR blocks.
    pub ipv6: Vec<String>,
    /// Prefix lists.
    pub prefix_lists: Vec<String>,
    /// Security groups.
    pub pairs: Vec<Pair>,
}

/// A security group as a peer. AWS may leave out any part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The account that owns it.
    pub owner: Option<String>,
}

/// How AWS Config writes a group: it has several ways to write the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Ports are floats, not integers.
    pub float_ports: bool,
    /// Ports and members of pairs that are missing are null, not left out.
    pub nulls: bool,
    /// `ipv4Ranges` is there beside `ipRanges`. Older items have `ipRanges` alone.
    pub ipv4_ranges: bool,
    /// Prefix lists are objects, not strings.
    pub prefix_list_objects: bool,
}

impl Default for Shape {
    /// As of today.
    fn default() -> Self {
        Self { float_ports: false, nulls: false, ipv4_ranges: true, prefix_list_objects: true }
    }
}

impl Permission {
    /// All traffic with one peer: a CIDR block of either family, a prefix list `pl-…` or a group `sg-…` of
    /// the function's account.
    pub fn all(peer: &str) -> Self {
        let mut permission = Self { protocol: "-1".to_owned(), ..Self::default() };
        if peer.starts_with("sg-") {
            let (id, owner) = (Some(peer.to_owned()), Some(ACCOUNT.to_owned()));
            permission.pairs.push(Pair { id, name: None, owner });
            return permission;
        }
        let list = match peer {
            list if list.starts_with("pl-") => &mut permission.prefix_lists,
            v6 if v6.contains(':') => &mut permission.ipv6,
            _ => &mut permission.ipv4,
        };
        list.push(peer.to_owned());
        permission
    }

    fn configuration(&self, shape: Shape) -> Value {
        let named = |name: &str, values: &[String]| -> Value {
            values.iter().map(|value| json!({name: value})).collect()
        };
        let mut permission = json!({
            "ipProtocol": self.protocol,
            "ipRanges": self.ipv4,
            "ipv6Ranges": named("cidrIpv6", &self.ipv6),
            "prefixListIds": self.prefix_lists,
            "userIdGroupPairs": self.pairs.iter().map(|pair| pair.configuration(shape)).collect::<Vec<_>>(),
        });
        if shape.ipv4_ranges {
            permission["ipv4Ranges"] = named("cidrIp", &self.ipv4);
        }
        if shape.prefix_list_objects {
            permission["prefixListIds"] = named("prefixListId", &self.prefix_lists);
        }
        let number = |port: i32| if shape.float_ports { json!(f64::from(port)) } else { json!(port) };
        let (from, to) = self.ports.unzip();
        insert(&mut permission, "fromPort", from.map(number), shape);
        insert(&mut permission, "toPort", to.map(number), shape);
        permission
    }
}

impl Pair {
    fn configuration(&self, shape: Shape) -> Value {
        let mut pair = json!({});
        for (name, value) in [("groupId", &self.id), ("groupName", &self.name), ("userId", &self.owner)] {
            insert(&mut pair, name, value.as_ref().map(|value| json!(value)), shape);
        }
        pair
    }
}

/// Adds the member, or what stands for one that is missing.
fn insert(object: &mut Value, name: &str, value: Option<Value>, shape: Shape) {
    if value.is_some() || shape.nulls {
        object[name] = value.unwrap_or_default();
    }
}

impl Group {
    /// A closed default group of the function's account.
    pub fn closed(id: impl Into<String>) -> Self {
        let (inbound, outbound, tags) = (Vec::new(), Vec::new(), Vec::new());
        Self { id: id.into(), name: "default", owner: ACCOUNT, inbound, outbound, lists_missing: false, tags }
    }

    /// A default group with the rules that AWS makes it with.
    pub fn stock(id: impl Into<String>) -> Self {
        let id = id.into();
        let (inbound, outbound) = (vec![Permission::all(&id)], vec![Permission::all("0.0.0.0/0")]);
        Self { inbound, outbound, ..Self::closed(id) }
    }

    /// `count` default groups, `sg-00000001` and on, of which every odd one has the stock rules.
    pub fn many(count: usize) -> Vec<Self> {
        (1..=count)
            .map(|n| format!("sg-{n:08x}"))
            .enumerate()
            .map(|(index, id)| if index % 2 == 0 { Self::stock(id) } else { Self::closed(id) })
            .collect()
    }

    /// The group in AWS Config's words: the `configuration` of an item.
    pub fn configuration(&self, shape: Shape) -> Value {
        let permissions = |of: &[Permission]| -> Value {
            of.iter().map(|permission| permission.configuration(shape)).collect()
        };
        let tags: Value = self.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        json!({
            "description": "default VPC security group", "groupId": self.id, "groupName": self.name,
            "ownerId": self.owner, "vpcId": VPC, "tags": tags,
            "ipPermissions": permissions(&self.inbound), "ipPermissionsEgress": permissions(&self.outbound),
        })
    }

    /// The group as an item of `GetResourceConfigHistory`, captured at a time in epoch seconds. There names
    /// differ from a notification's, and `configuration` is a text.
    pub fn history_item(&self, captured: f64) -> Value {
        self.history_item_as(captured, Shape::default())
    }

    /// [`Group::history_item`] in one of AWS Config's ways to write it.
    pub fn history_item_as(&self, captured: f64, shape: Shape) -> Value {
        json!({
            "version": "1.3", "accountId": self.owner, "configurationItemCaptureTime": captured,
            "configurationItemStatus": "OK", "configurationStateId": "1795305600000",
            "configurationItemMD5Hash": "",
            "arn": format!("arn:aws:ec2:{REGION}:{}:security-group/{}", self.owner, self.id),
            "resourceType": "AWS::EC2::SecurityGroup", "resourceId": self.id, "resourceName": self.name,
            "awsRegion": REGION, "availabilityZone": "Not Applicable", "tags": {}, "relatedEvents": [],
            "relationships": [], "configuration": self.configuration(shape).to_string(),
            "supplementaryConfiguration": {},
        })
    }
}
