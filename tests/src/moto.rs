//! moto, the mock of AWS: EC2 with real groups and rules, AWS Config in test mode, and a recorder of every
//! request.

mod bucket;
mod groups;

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::http::{HeaderName, HeaderValue};
use roxmltree::{Document, Node};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use self::groups::NewRule;
use crate::fake::{Request, read};
use crate::process::{Process, free_port};
use crate::{ACCOUNT, paths, signed};

/// A moto server. Dropping it ends it.
pub struct Moto {
    // Ends before the directory that it writes its recording to.
    _process: Process,
    _recording: TempDir,
    url: String,
}

/// Waits until no other request of this process is with a moto. It serves each in a thread of its own, and is
/// not made for that: one that walks over what another changes meanwhile fails with a 500, which AWS would
/// not.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Moto {
    /// Starts an empty moto on a free port.
    pub fn start() -> Self {
        for _ in 0..3 {
            let port = free_port();
            let recording = TempDir::new().expect("a temporary directory");
            let mut command = Command::new(paths::venv().join("bin/moto_server"));
            command
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                .env("MOTO_ACCOUNT_ID", ACCOUNT)
                .env("MOTO_RECORDER_FILEPATH", recording.path().join("requests"));
            let mut process = Process::start(command);
            if process.listens(port, Duration::from_secs(30)) {
                let moto = Self {
                    _process: process,
                    _recording: recording,
                    url: format!("http://127.0.0.1:{port}"),
                };
                moto.wait_until_ready();
                return moto;
            }
        }
        panic!("moto did not start three times over");
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a VPC and gives its id.
    pub fn create_vpc(&self) -> String {
        let answer = self.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]);
        let answer = Document::parse(&answer).expect("moto answers XML");
        text(answer.root(), "vpcId").expect("a new VPC has an id")
    }

    /// The VPC's default group in AWS Config's words: the `configuration` of its item.
    pub fn default_group(&self, vpc: &str) -> Value {
        let filters = [
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", vpc),
            ("Filter.2.Name", "group-name"),
            ("Filter.2.Value.1", "default"),
        ];
        let answer = self.ec2("DescribeSecurityGroups", &filters);
        let answer = Document::parse(&answer).expect("moto answers XML");
        let group = items(answer.root(), "securityGroupInfo").next().expect("a VPC has a default group");
        json!({
            "description": text(group, "groupDescription"),
            "groupName": text(group, "groupName"),
            "ipPermissions": items(group, "ipPermissions").map(permission).collect::<Vec<_>>(),
            "ownerId": text(group, "ownerId"),
            "groupId": text(group, "groupId"),
            "ipPermissionsEgress": items(group, "ipPermissionsEgress").map(permission).collect::<Vec<_>>(),
            "tags": [],
            "vpcId": text(group, "vpcId"),
        })
    }

    /// Adds the inbound rule that AWS makes a default group with, and moto does not: all traffic from itself.
    pub fn add_stock_inbound_rule(&self, group: &str) {
        let permission = [
            ("GroupId", group),
            ("IpPermissions.1.IpProtocol", "-1"),
            ("IpPermissions.1.Groups.1.GroupId", group),
        ];
        self.ec2("AuthorizeSecurityGroupIngress", &permission);
    }

    /// Revokes every rule of the group, by rule id.
    pub fn revoke_all(&self, group: &str) {
        let filter = [("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)];
        let answer = self.ec2("DescribeSecurityGroupRules", &filter);
        let answer = Document::parse(&answer).expect("moto answers XML");
        for rule in items(answer.root(), "securityGroupRuleSet") {
            let outbound = text(rule, "isEgress").as_deref() == Some("true");
            let revoke = if outbound { "RevokeSecurityGroupEgress" } else { "RevokeSecurityGroupIngress" };
            let id = text(rule, "securityGroupRuleId").expect("a rule has an id");
            self.ec2(revoke, &[("GroupId", group), ("SecurityGroupRuleId.1", &id)]);
        }
    }

    /// Forgets the requests so far and records from now on.
    pub fn record(&self) {
        self.recorder("reset-recording");
        self.recorder("start-recording");
    }

    /// The recorded requests, in order: operation and members.
    pub fn recorded(&self) -> Vec<(String, Value)> {
        let recording = self.recorder("download-recording");
        let requests = recording.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"));
        requests.map(|request: Value| recorded(&request)).collect()
    }

    /// The evaluations of every recorded `PutEvaluations`.
    pub fn evaluations(&self) -> Vec<Value> {
        let puts = self.recorded().into_iter().filter(|(operation, _)| operation == "PutEvaluations");
        puts.flat_map(|(_, body)| body["Evaluations"].as_array().cloned().unwrap_or_default()).collect()
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        while ureq::get(format!("{}/moto-api/", self.url)).call().is_err() {
            assert!(Instant::now() < end, "moto listens but does not answer");
        }
    }

    fn recorder(&self, action: &str) -> String {
        let request = ureq::post(format!("{}/moto-api/recorder/{action}", self.url)).send_empty();
        request.and_then(|mut answer| answer.body_mut().read_to_string()).expect("moto's recorder answers")
    }

    fn ec2(&self, action: &str, members: &[(&str, &str)]) -> String {
        let _turn = turn();
        ureq::post(&self.url)
            .header("Authorization", signed::by("test", "ec2"))
            .send_form([("Action", action), ("Version", "2016-11-15")].iter().chain(members).copied())
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .unwrap_or_else(|error| panic!("moto refused {action} {members:?}: {error}"))
    }
}

/// A recorded request's operation and members.
fn recorded(request: &Value) -> (String, Value) {
    let body = request["body"].as_str().unwrap_or_default();
    let body = if request["body_encoded"] == true {
        BASE64_STANDARD.decode(body).expect("moto encodes bodies in Base64")
    } else {
        body.as_bytes().to_vec()
    };
    let mut again = Request::new(body.into());
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) {
            again.headers_mut().insert(name, value);
        }
    }
    read(&again).unwrap_or_default()
}

/// A permission of EC2's XML in AWS Config's words.
fn permission(item: Node) -> Value {
    let all = |list: &str, name: &str| -> Vec<String> {
        items(item, list).filter_map(|entry| text(entry, name)).collect()
    };
    let objects = |values: Vec<String>, name: &str| -> Vec<Value> {
        values.into_iter().map(|value| json!({name: value})).collect()
    };
    let pairs = items(item, "groups");
    let pairs = pairs.map(|pair| json!({"groupId": text(pair, "groupId"), "userId": text(pair, "userId")}));
    let mut permission = json!({
        "ipProtocol": text(item, "ipProtocol"),
        "ipv4Ranges": objects(all("ipRanges", "cidrIp"), "cidrIp"),
        "ipRanges": all("ipRanges", "cidrIp"),
        "ipv6Ranges": objects(all("ipv6Ranges", "cidrIpv6"), "cidrIpv6"),
        "prefixListIds": objects(all("prefixListIds", "prefixListId"), "prefixListId"),
        "userIdGroupPairs": pairs.collect::<Vec<_>>(),
    });
    for port in ["fromPort", "toPort"] {
        if let Some(number) = text(item, port).and_then(|number| number.parse::<i64>().ok()) {
            permission[port] = json!(number);
        }
    }
    permission
}

/// The items of the first list of that name below the node.
fn items<'a>(node: Node<'a, 'a>, list: &str) -> impl Iterator<Item = Node<'a, 'a>> + use<'a> {
    let list = node.descendants().find(|child| child.tag_name().name() == list);
    list.into_iter().flat_map(|list| list.children().filter(|child| child.tag_name().name() == "item"))
}

/// The text of the first element of that name below the node.
fn text(node: Node, name: &str) -> Option<String> {
    let element = node.descendants().find(|child| child.tag_name().name() == name)?;
    element.text().map(str::to_owned)
}
