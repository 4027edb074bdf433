//! The decision: is a default security group closed? The table of cases is in docs/evaluation.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use time::Date;

use crate::annotation::Annotation;
use crate::evaluation::ComplianceType;
use crate::exemption::{Exempt, Lapsed, Standing};
use crate::ids::AccountId;
use crate::parameters::Parameters;
use crate::security_group::{DEFAULT_GROUP_NAME, Direction, Family, RESOURCE_TYPE, Rule, SecurityGroup};

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
    pub rules: BTreeMap<(Direction, Family), Vec<Rule>>,
    /// How many of the rules are not among those that EC2 made the group with.
    pub added: usize,
    /// An exemption that was meant for the group but does not hold.
    pub lapsed: Option<Lapsed>,
}

/// Why the rule does not apply to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotApplicable {
    /// The security group is not its VPC's default one.
    NotDefault {
        /// The group's name.
        name: String,
    },
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
    /// The group is in no VPC (EC2-Classic).
    NoVpc,
    /// Another account owns the group (a shared VPC).
    OtherOwner {
        /// The owner.
        owner: AccountId,
    },
    /// An exemption holds.
    Exempt(Exempt),
}

/// Judges an existing group. `account` is the account that Config evaluates, `today` is in UTC.
///
/// A closed group is closed whatever exempts it: an exemption excuses rules, and there are none.
#[must_use]
pub fn evaluate(group: &SecurityGroup, account: &AccountId, parameters: &Parameters, today: Date) -> Verdict {
    if group.name != DEFAULT_GROUP_NAME {
        return Verdict::NotApplicable(NotApplicable::NotDefault { name: group.name.clone() });
    }
    if group.vpc.is_none() {
        return Verdict::NotApplicable(NotApplicable::NoVpc);
    }
    if group.owner != *account {
        return Verdict::NotApplicable(NotApplicable::OtherOwner { owner: group.owner.clone() });
    }
    if group.rules.is_empty() {
        return Verdict::Closed;
    }
    let lapsed = match parameters.exemptions.standing(group, today) {
        Standing::Exempt(exempt) => return Verdict::NotApplicable(NotApplicable::Exempt(exempt)),
        Standing::Lapsed(lapsed) => Some(lapsed),
        Standing::None => None,
    };
    Verdict::Open(Open::new(group, lapsed))
}

impl Open {
    fn new(group: &SecurityGroup, lapsed: Option<Lapsed>) -> Self {
        let mut rules: BTreeMap<_, Vec<Rule>> = BTreeMap::new();
        for rule in &group.rules {
            rules.entry((rule.direction, rule.peer.family())).or_default().push(rule.clone());
        }
        for family in rules.values_mut() {
            family.sort_by(Rule::by_breadth);
        }
        let added = group.rules.iter().filter(|rule| !group.is_stock_rule(rule)).count();
        Self { rules, added, lapsed }
    }

    /// How many rules there are in this direction.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        self.of(direction).count()
    }

    /// The rule of this direction that lets the most through.
    #[must_use]
    pub fn widest(&self, direction: Direction) -> Option<&Rule> {
        self.of(direction).min_by(|a, b| a.by_breadth(b))
    }

    fn of(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
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
    /// The result in Config's words.
    #[must_use]
    pub fn compliance(&self) -> ComplianceType {
        match self {
            Self::Closed => ComplianceType::Compliant,
            Self::Open(_) => ComplianceType::NonCompliant,
            Self::NotApplicable(_) => ComplianceType::NotApplicable,
        }
    }

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
            Self::NotDefault { name } => format!("Not a default security group: its name is {name}."),
            Self::Deleted => "The security group is deleted.".to_owned(),
            Self::NotRecorded => "AWS Config does not record the security group.".to_owned(),
            Self::OutOfScope => "The resource left the scope of the rule.".to_owned(),
            Self::OtherResourceType { resource_type } => {
                format!("The rule judges {RESOURCE_TYPE} only, not {resource_type}.")
            }
            Self::NoVpc => "The security group is in no VPC (EC2-Classic).".to_owned(),
            Self::OtherOwner { owner } => format!("Account {owner} owns the security group (shared VPC)."),
            Self::Exempt(exempt) => format!("{exempt}."),
        }
    }
}
