//! What there is: the group with its history, the store of backups, and what everybody did.

use std::collections::BTreeMap;

use defsg_core::close::backup::Backup;
use defsg_core::documents::backup;
use defsg_core::group::{
    Direction, GroupIdentity, GroupState, Peer, Ports, Protocol, SecurityGroupRule, Traffic,
};
use defsg_core::{SecurityGroupId, SecurityGroupRuleId};

use crate::run::Run;

/// Milliseconds since the story began.
pub(crate) type Ms = u64;

/// The tag that exempts a group.
pub(crate) const EXEMPTION_TAG: &str = "defsg-exempt";

pub(crate) fn id() -> SecurityGroupId {
    "sg-0a1b2c3d4e5f60718".parse().unwrap()
}

/// The group as it was from a moment on.
pub(crate) struct Version {
    pub(crate) since: Ms,
    pub(crate) group: GroupState,
}

/// A rule that a close took away.
pub(crate) struct Taken {
    /// The rule; where it was altered, as it was when it was read.
    pub(crate) rule: SecurityGroupRule,
    /// Who took it: an index of [`World::runs`].
    pub(crate) run: usize,
    pub(crate) at: Ms,
}

/// What happened how often.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) stories: u64,
    pub(crate) calls: u64,
    pub(crate) faults: u64,
    pub(crate) crashes: u64,
    pub(crate) taken: u64,
    /// Rules that were altered between a reading and the revoke that followed it.
    pub(crate) altered: u64,
    pub(crate) closed: u64,
    pub(crate) refused: u64,
    pub(crate) restored: u64,
    /// Rules that a restore put back and no close took away: a close was refused or interrupted once its backup was kept, and
    /// somebody removed the rule by hand.
    pub(crate) revived: u64,
    pub(crate) failed: u64,
}

pub(crate) struct World {
    /// Now.
    pub(crate) now: Ms,
    /// Counts everything that happens, so that what happens within one millisecond has an order.
    pub(crate) tick: u64,
    /// The group's versions, from the oldest to the newest. The last one is the truth.
    pub(crate) versions: Vec<Version>,
    /// Since when something uses the group; none where nothing does.
    pub(crate) used_since: Option<Ms>,
    /// Since when the group is exempt.
    pub(crate) exempt_since: Option<Ms>,
    /// Rules that were put to use when they were added, and the beginning of that use.
    pub(crate) added_for_use: BTreeMap<SecurityGroupRuleId, Ms>,
    /// The store's objects: their bytes, and the backup in each.
    pub(crate) objects: BTreeMap<String, (Vec<u8>, Option<Backup>)>,
    pub(crate) runs: Vec<Run>,
    pub(crate) taken: Vec<Taken>,
    pub(crate) counts: Counts,
    /// What must never happen and did.
    pub(crate) problems: Vec<String>,
    /// The story; none where nobody reads it.
    pub(crate) lines: Option<Vec<String>>,
    next_rule: u64,
}

impl World {
    pub(crate) fn new(verbose: bool) -> Self {
        let identity = GroupIdentity {
            id: id(),
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            owner: "012345678912".parse().unwrap(),
            vpc: Some("vpc-0123456789abcdef0".parse().unwrap()),
            tags: BTreeMap::new(),
        };
        Self {
            now: 0,
            tick: 0,
            versions: vec![Version { since: 0, group: GroupState { identity, rules: vec![] } }],
            used_since: None,
            exempt_since: None,
            added_for_use: BTreeMap::new(),
            objects: BTreeMap::new(),
            runs: vec![],
            taken: vec![],
            counts: Counts::default(),
            problems: vec![],
            lines: verbose.then(Vec::new),
            next_rule: 0,
        }
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(lines) = &mut self.lines {
            let (hours, minutes) = (now / 3_600_000, now / 60_000 % 60);
            lines.push(format!(
                "{hours:>4}:{minutes:02}:{:06.3}  {}",
                (now % 60_000) as f64 / 1000.0,
                line()
            ));
        }
    }

    /// Says what must never happen.
    pub(crate) fn problem(&mut self, problem: String) {
        self.tell(|| format!("PROBLEM: {problem}"));
        self.problems.push(problem);
    }

    pub(crate) fn group(&self) -> &GroupState {
        &self.versions.last().unwrap().group
    }

    pub(crate) fn rules(&self) -> &[SecurityGroupRule] {
        &self.group().rules
    }

    /// Changes the group. The versions before are kept, for those that read them late.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut GroupState)) {
        let mut group = self.group().clone();
        change(&mut group);
        self.versions.push(Version { since: self.now, group });
    }

    /// The versions that the group had at some time from `since` to now, the newest first.
    pub(crate) fn versions_since(&self, since: Ms) -> impl Iterator<Item = &GroupState> {
        let ended_before = move |at: usize| self.versions.get(at + 1).is_some_and(|next| next.since < since);
        let last = self.versions.len();
        (0..last).rev().take_while(move |at| !ended_before(*at)).map(|at| &self.versions[at].group)
    }

    pub(crate) fn next_rule_id(&mut self) -> SecurityGroupRuleId {
        self.next_rule += 1;
        format!("sgr-{:08x}", self.next_rule).parse().unwrap()
    }

    /// Adds a rule under a new ID, unless one for the same traffic stands.
    pub(crate) fn add(&mut self, like: &SecurityGroupRule) -> Option<SecurityGroupRuleId> {
        if self.rules().iter().any(|rule| rule.traffic.is_same(&like.traffic)) {
            return None;
        }
        let id = self.next_rule_id();
        let rule = SecurityGroupRule { id: id.clone(), ..like.clone() };
        self.change(|group| group.rules.push(rule));
        Some(id)
    }

    /// Takes rules away, by ID.
    pub(crate) fn remove(&mut self, ids: &[SecurityGroupRuleId]) {
        self.change(|group| group.rules.retain(|rule| !ids.contains(&rule.id)));
    }

    pub(crate) fn put_object(&mut self, key: &str, bytes: &[u8]) {
        let read =
            || backup::read(bytes).ok().filter(|(own, _)| own.as_str() == key).map(|(_, backup)| backup);
        self.objects.entry(key.to_owned()).or_insert_with(|| (bytes.to_vec(), read()));
    }

    pub(crate) fn backup(&self, key: &str) -> Option<&Backup> {
        self.objects.get(key)?.1.as_ref()
    }

    /// The backup with this key, and all that it goes on from.
    pub(crate) fn chain<'a>(&'a self, key: &str) -> Vec<&'a Backup> {
        let mut chain: Vec<&Backup> = vec![];
        let mut next = self.backup(key);
        while let Some(backup) = next {
            chain.push(backup);
            next = backup.continues.as_ref().and_then(|key| self.backup(key.as_str()));
        }
        chain
    }
}

/// The rules that the stories are about. Numbers beyond the first few are rules that nobody else adds.
pub(crate) fn a_rule(number: u64) -> SecurityGroupRule {
    let direction = if number.is_multiple_of(2) { Direction::Inbound } else { Direction::Outbound };
    let (protocol, ports, peer) = match number {
        0 => (Protocol::All, None, Peer::group(id(), None)),
        1 => (Protocol::All, None, Peer::Ipv4("0.0.0.0/0".to_owned())),
        number => {
            let cidr = format!("10.{}.{}.0/24", number / 256, number % 256);
            (Protocol::from("tcp"), Some(Ports { from: 443, to: 443 }), Peer::Ipv4(cidr))
        }
    };
    let traffic = Traffic { direction, protocol, ports, peer };
    let id = "sgr-ffffffff".parse().unwrap();
    SecurityGroupRule { id, traffic, description: None, tags: BTreeMap::new() }
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.stories += other.stories;
        self.calls += other.calls;
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.taken += other.taken;
        self.altered += other.altered;
        self.closed += other.closed;
        self.refused += other.refused;
        self.restored += other.restored;
        self.revived += other.revived;
        self.failed += other.failed;
    }
}
