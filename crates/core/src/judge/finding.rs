//! Findings: every default security group of a place, judged, page by page.
//!
//! Listing knows nothing of what becomes of a page. Whoever wants findings is a [`Consumer`]: the evaluator puts each page to
//! AWS Config; a report writes it down. No more than one page is held at a time.

use time::Date;

use super::exemption::Exemptions;
use super::verdict::{Verdict, evaluate};
use crate::group::{DEFAULT_GROUP_NAME, SecurityGroup};
use crate::place::Place;
use crate::ports::pages::Pages;
use crate::ports::{ApiError, DefaultGroups, UnreadableGroup};

/// One default security group, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where the group is.
    pub place: Place,
    /// The group.
    pub group: SecurityGroup,
    /// What was decided.
    pub verdict: Verdict,
}

/// A group that was listed and could not be judged. It is neither open nor closed.
pub type Unjudged = UnreadableGroup;

/// Takes findings as they come.
pub trait Consumer {
    /// Why it cannot go on.
    type Error: From<ApiError>;

    /// Takes the findings of one page, which may be none.
    fn take(&mut self, page: Vec<Finding>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What to list, and by what to judge it.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Where.
    pub place: &'a Place,
    /// Which groups may stay open.
    pub exemptions: &'a Exemptions,
    /// The day by which exemptions are judged, in UTC.
    pub today: Date,
}

impl Listing<'_> {
    /// Lists every default group of the place and hands each page to `consumer` before the next one is read. Answers with
    /// the groups that could not be judged.
    ///
    /// # Errors
    /// Where a page cannot be read or the consumer cannot go on. What was handed over before stays handed over.
    pub async fn run<A, C>(&self, aws: &A, consumer: &mut C) -> Result<Vec<Unjudged>, C::Error>
    where
        A: DefaultGroups + Sync,
        C: Consumer,
    {
        let mut unjudged = Vec::new();
        let mut pages = Pages::new("DescribeSecurityGroups", self.place);
        while let Some(token) = pages.next_token() {
            let page = pages.turn(aws.default_groups(token.as_deref()).await?)?;
            let mut findings = Vec::with_capacity(page.len());
            for group in page {
                match group.and_then(|group| self.asked_for(group)) {
                    Ok(group) => findings.push(self.judge(group)),
                    Err(group) => unjudged.push(group),
                }
            }
            consumer.take(findings).await?;
        }
        Ok(unjudged)
    }

    fn judge(&self, group: SecurityGroup) -> Finding {
        let verdict = evaluate(&group, &self.place.account, self.exemptions, self.today);
        Finding { place: self.place.clone(), group, verdict }
    }

    /// A group that EC2 was not asked for tells that the answer is not to be believed.
    fn asked_for(&self, group: SecurityGroup) -> Result<SecurityGroup, Unjudged> {
        let identity = &group.identity;
        if identity.name == DEFAULT_GROUP_NAME && identity.owner == self.place.account {
            return Ok(group);
        }
        let problem =
            format!("EC2 was not asked for a group named {} of account {}", identity.name, identity.owner);
        Err(Unjudged { id: identity.id.to_string(), problem })
    }
}
