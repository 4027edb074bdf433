//! The decision: is a default security group closed? The table of cases is in docs/evaluation.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use time::Date;

use super::annotation::Annotation;
use super::exemption::{Exempt, Exemptions, Lapsed, Standing};
use crate::group::{Direction, Family, NotDefaultGroup, RESOURCE_TYPE, SecurityGroup, Traffic};
use crate::ids::AccountId;

/// What was decided, and why. *Could not tell* is no verdict: it is an error of whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No inbound and no outbound rule.
    Closed,
    /// At least one rule of any kind.
    Open(Open),
    /// The rule does not apply.
    NotApplicable(NotApplicable),
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The rules by direction and family, each list from the widest to the narrowest.
    pub rules: BTreeMap<(Direction, Family), Vec<Traffic>>,
    /// How many of the rules are not among those that EC2 made the group with.
    pub added: usize,
    /// An exemption that was meant for the group but does not hold.
    pub lapsed: Option<Lapsed>,
}

/// Why the rule does not apply to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotApplicable {
    /// The security group is not the default one of a VPC of this account.
    NotDefaultGroup(NotDefaultGroup),
    /// The resource is gone.
    Deleted,
    /// Config does not record the resource.
    NotRecorded,
    /// The resource left the rule's scope (`eventLeftScope`).
    OutOfScope,
    /// The resource is not a security group.
    OtherResourceType {
        /// The resource's type.
        resource_type: String,
    },
    /// An exemption holds.
    Exempt(Exempt),
}

/// Judges an existing group. `account` is the account that Config evaluates, `today` is in UTC.
///
/// A closed group is closed whatever exempts it: an exemption excuses rules, and there are none.
#[must_use]
pub fn evaluate<R: AsRef<Traffic>>(
    group: &SecurityGroup<R>,
    account: &AccountId,
    exemptions: &Exemptions,
    today: Date,
) -> Verdict {
    if let Err(reason) = group.identity.default_group_of(account) {
        return Verdict::NotApplicable(NotApplicable::NotDefaultGroup(reason));
    }
    if group.rules.is_empty() {
        return Verdict::Closed;
    }
    let lapsed = match exemptions.standing(&group.identity, today) {
        Standing::Exempt(exempt) => return Verdict::NotApplicable(NotApplicable::Exempt(exempt)),
        Standing::Lapsed(lapsed) => Some(lapsed),
        Standing::None => None,
    };
    Verdict::Open(Open::new(group, lapsed))
}

impl Open {
    fn new<R: AsRef<Traffic>>(group: &SecurityGroup<R>, lapsed: Option<Lapsed>) -> Self {
        let mut rules: BTreeMap<_, Vec<Traffic>> = BTreeMap::new();
        for rule in group.traffic() {
            rules.entry((rule.direction, rule.peer.family())).or_default().push(rule.clone());
        }
        for family in rules.values_mut() {
            family.sort_by(Traffic::by_breadth);
        }
        let added = group.traffic().filter(|rule| !group.is_stock_rule(rule)).count();
        Self { rules, added, lapsed }
    }

    /// How many rules there are in this direction.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        self.rules_of(direction).count()
    }

    /// The rule of this direction that lets the most through.
    #[must_use]
    pub fn widest(&self, direction: Direction) -> Option<&Traffic> {
        self.rules_of(direction).min_by(|a, b| a.by_breadth(b))
    }

    fn rules_of(&self, direction: Direction) -> impl Iterator<Item = &Traffic> {
        self.rules.iter().filter(move |((of, _), _)| *of == direction).flat_map(|(_, rules)| rules)
    }

    /// `Open: 2 inbound and 1 outbound rules. Widest: tcp 22 from 0.0.0.0/0; all traffic to 0.0.0.0/0. 1 added to the stock rules.`
    fn describe(&self) -> String {
        let counts =
            [Direction::Inbound, Direction::Outbound].map(|direction| (self.count(direction), direction));
        let noun = if self.count(Direction::Inbound) + self.count(Direction::Outbound) == 1 {
            "rule"
        } else {
            "rules"
        };
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, direction)| format!("{count} {direction}"))
            .collect();
        let widest: Vec<_> = [Direction::Inbound, Direction::Outbound]
            .into_iter()
            .filter_map(|direction| self.widest(direction))
            .collect();
        let mut text = format!("Open: {} {noun}. Widest: ", counts.join(" and "));
        for (index, rule) in widest.iter().enumerate() {
            let _ = write!(text, "{}{rule}", if index == 0 { "" } else { "; " });
        }
        let _ = match self.added {
            0 => write!(text, ". Stock rules only."),
            added => write!(text, ". {added} added to the stock rules."),
        };
        if let Some(lapsed) = &self.lapsed {
            let _ = write!(text, " {lapsed}");
        }
        text
    }
}

impl Verdict {
    /// The reason in a sentence. The wording is the same for the same verdict; docs/evaluation.md lists all forms.
    #[must_use]
    pub fn annotation(&self) -> Annotation {
        match self {
            Self::Closed => Annotation::new("Closed: no inbound and no outbound rule."),
            Self::Open(open) => Annotation::new(&open.describe()),
            Self::NotApplicable(reason) => Annotation::new(&reason.describe()),
        }
    }
}

impl NotApplicable {
    fn describe(&self) -> String {
        match self {
            Self::NotDefaultGroup(NotDefaultGroup::OtherName { name }) => {
                format!("Not a default security group: its name is {name}.")
            }
            Self::NotDefaultGroup(NotDefaultGroup::NoVpc) => {
                "The security group is in no VPC (EC2-Classic).".to_owned()
            }
            Self::NotDefaultGroup(NotDefaultGroup::OtherOwner { owner }) => {
                format!("Account {owner} owns the security group (shared VPC).")
            }
            Self::Deleted => "The security group is deleted.".to_owned(),
            Self::NotRecorded => "AWS Config does not record the security group.".to_owned(),
            Self::OutOfScope => "The resource left the scope of the rule.".to_owned(),
            Self::OtherResourceType { resource_type } => {
                format!("The rule judges {RESOURCE_TYPE} only, not {resource_type}.")
            }
            Self::Exempt(exempt) => format!("{exempt}."),
        }
    }
}
