//! What the stand-in's AWS holds.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ACCOUNT;

/// The rule's name, which the sample events carry too.
pub const RULE: &str = "default-security-group-closed";

/// The one result token that the stand-in takes outside of test mode. As long as those of AWS Config.
pub const TOKEN: &str = include_str!("token.txt");

/// The content of the account.
#[derive(Clone, Debug)]
pub struct Data {
    /// The security groups, in the order in which they are described.
    pub groups: Vec<Group>,
    /// The rule's results from earlier.
    pub results: Vec<OldResult>,
    /// The most results on a page. AWS may give fewer than the caller's limit.
    pub results_per_page: usize,
    /// The recorded configuration items, newest first, as `GetResourceConfigHistory` gives them.
    pub history: Vec<Value>,
    /// How long the credentials of an assumed role last.
    pub session: Duration,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            results: Vec::new(),
            results_per_page: 100,
            history: Vec::new(),
            session: Duration::from_secs(3600),
        }
    }
}

/// A result that AWS Config holds of an earlier evaluation.
#[derive(Clone, Debug)]
pub struct OldResult {
    /// The group.
    pub id: String,
    /// The compliance type.
    pub compliance: &'static str,
    /// The ordering timestamp, in epoch seconds.
    pub ordering: f64,
}

impl OldResult {
    /// A result of the day before the sample of a schedule.
    pub fn new(id: impl Into<String>, compliance: &'static str) -> Self {
        Self { id: id.into(), compliance, ordering: 1_795_078_805.5 }
    }
}

/// A security group. A rule is a CIDR of either family, a prefix list `pl-…` or a group `sg-…`, for all traffic.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: &'static str,
    /// The account that owns it.
    pub owner: &'static str,
    /// The inbound rules.
    pub inbound: Vec<String>,
    /// The outbound rules.
    pub outbound: Vec<String>,
    /// Whether EC2 describes it without its rule lists, which it should never do.
    pub lists_missing: bool,
    /// The tags.
    pub tags: Vec<(&'static str, &'static str)>,
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
        let (inbound, outbound) = (vec![id.clone()], vec!["0.0.0.0/0".to_owned()]);
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

    /// The group as a configuration item of `GetResourceConfigHistory`, captured at a time in epoch seconds. There
    /// names differ from a notification's and `configuration` is a text.
    pub fn history_item(&self, captured: f64) -> Value {
        let permissions = |rules: &[String]| rules.iter().map(|rule| permission(rule)).collect::<Vec<_>>();
        let configuration = json!({
            "description": "default VPC security group", "groupId": self.id, "groupName": self.name,
            "ownerId": self.owner, "vpcId": "vpc-0a1b2c3d4e5f60718", "tags": [],
            "ipPermissions": permissions(&self.inbound), "ipPermissionsEgress": permissions(&self.outbound),
        });
        json!({
            "version": "1.3", "accountId": self.owner, "configurationItemCaptureTime": captured,
            "configurationItemStatus": "OK", "configurationStateId": "1795305600000",
            "configurationItemMD5Hash": "", "arn": format!("arn:aws:ec2:eu-west-1:{}:security-group/{}", self.owner, self.id),
            "resourceType": "AWS::EC2::SecurityGroup", "resourceId": self.id, "resourceName": self.name,
            "awsRegion": "eu-west-1", "availabilityZone": "Not Applicable", "tags": {}, "relatedEvents": [],
            "relationships": [], "configuration": configuration.to_string(), "supplementaryConfiguration": {},
        })
    }
}

/// A rule as AWS Config records it: one permission for all traffic.
fn permission(rule: &str) -> Value {
    let mut permission = json!({
        "ipProtocol": "-1", "ipRanges": [], "ipv4Ranges": [], "ipv6Ranges": [], "prefixListIds": [],
        "userIdGroupPairs": [],
    });
    if rule.starts_with("sg-") {
        permission["userIdGroupPairs"] = json!([{"groupId": rule, "userId": ACCOUNT}]);
    } else if rule.starts_with("pl-") {
        permission["prefixListIds"] = json!([{"prefixListId": rule}]);
    } else if rule.contains(':') {
        permission["ipv6Ranges"] = json!([{"cidrIpv6": rule}]);
    } else {
        permission["ipRanges"] = json!([rule]);
        permission["ipv4Ranges"] = json!([{"cidrIp": rule}]);
    }
    permission
}
