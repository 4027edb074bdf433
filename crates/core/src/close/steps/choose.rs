//! The choice of the next step.

use std::time::Duration;

use super::{BELIEVED_FOR, MAX_BACKUPS, REVOKED_AT_ONCE, State, Step, WAITS};
use crate::close::past::Past;
use crate::close::plan::{ClosePlan, Decision, Refusal, Request};
use crate::group::{Direction, GroupState, SecurityGroupRule};
use time::{Date, UtcOffset};

/// The next step of a close that began `elapsed` ago.
///
/// A close ends with [`Step::Done`], [`Step::Refuse`] or [`Step::StillOpen`], after [`MAX_BACKUPS`] backups and as many rounds
/// of revokes as there are [`WAITS`], whatever happens to the group.
#[must_use]
pub fn next(state: &State<'_>, elapsed: Duration) -> Step {
    let Some((key, kept)) = &state.kept else { return Step::Keep(Box::new(state.first_backup())) };
    if state.round.as_ref().is_some_and(Vec::is_empty) {
        return end_of_round(state);
    }
    // Whoever a rule was added for may use the group by now.
    if state.backups > 1 && state.asked.backups < state.backups && !state.request.force {
        return Step::Ask;
    }
    let Some(group) = &state.reading else { return Step::Read };
    if let Some(refusal) = refusal(state, group) {
        return Step::Refuse(Box::new(refusal));
    }
    let standing = &group.rules;
    if standing.is_empty() {
        return Step::Done;
    }
    if answers_are_old(state, elapsed) {
        return Step::Ask;
    }
    if !state.covers(standing) {
        return if state.backups < MAX_BACKUPS {
            Step::Keep(Box::new(state.next_backup((key, kept), standing, elapsed)))
        } else {
            Step::StillOpen(standing.clone())
        };
    }
    match &state.round {
        Some(round) => revoke(standing.iter().filter(|rule| round.contains(&rule.id)))
            .unwrap_or_else(|| end_of_round(state)),
        None if state.rounds < WAITS.len() => revoke(standing.iter()).unwrap_or_else(|| end_of_round(state)),
        None => Step::StillOpen(standing.clone()),
    }
}

/// Whether the answers that the plan was made from are too old to take the first rule away.
fn answers_are_old(state: &State<'_>, elapsed: Duration) -> bool {
    let only_by_plan = state.asked.backups == 0 && state.removed.is_empty();
    only_by_plan && !state.request.force && elapsed.saturating_sub(state.asked.at) > BELIEVED_FOR
}

/// Why the group as it is now is not to be closed.
fn refusal(state: &State<'_>, group: &GroupState) -> Option<ClosePlan> {
    let today = today(state);
    match ClosePlan::screen(group, state.settings, today) {
        Some(Decision::AlreadyClosed) => return None,
        Some(decision) => return Some(ClosePlan::screened(group.clone(), decision)),
        None => {}
    }
    let was_planned = |rule: &SecurityGroupRule| state.plan.group.rules.contains(rule);
    if let Some(planned) = &state.request.planned
        && !group.rules.iter().all(was_planned)
    {
        let refusal = Refusal::ChangedSincePlan { planned: planned.clone() };
        return Some(ClosePlan::screened(group.clone(), Decision::Refuse(refusal)));
    }
    // Nobody is asked again where force was given. How often it was closed, and the fingerprint, were looked at.
    let (past, request) = (Past::default(), Request::default());
    let survey = state.survey.clone()?;
    let plan = ClosePlan::new(group.clone(), survey, &past, state.settings, &request, today);
    matches!(plan.decision, Decision::Refuse(_)).then_some(plan)
}

fn end_of_round(state: &State<'_>) -> Step {
    let round = state.rounds.saturating_sub(1);
    Step::Wait(WAITS.get(round).copied().unwrap_or_default())
}

/// The revoke of the first of these rules: inbound before outbound, and not too many at once.
fn revoke<'a>(rules: impl Iterator<Item = &'a SecurityGroupRule> + Clone) -> Option<Step> {
    [Direction::Inbound, Direction::Outbound].into_iter().find_map(|direction| {
        let of_direction = rules.clone().filter(|rule| rule.traffic.direction == direction);
        let rules: Vec<_> = of_direction.take(REVOKED_AT_ONCE).cloned().collect();
        (!rules.is_empty()).then_some(Step::Revoke { direction, rules })
    })
}

/// The day by which exemptions are judged.
fn today(state: &State<'_>) -> Date {
    state.now.to_offset(UtcOffset::UTC).date()
}
