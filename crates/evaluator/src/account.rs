//! The account that an event is about: the function's own, or another one, where a role is assumed.

use defsg_core::{Place, RoleName};

use crate::error::EvaluatorError;
use crate::event::Event;

/// Where the groups of an event are, and the role to assume there: none in the account of the function. `own` is the
/// function's place.
///
/// # Errors
/// Where the rule belongs to another account and does not name a role.
pub fn account_of<'a>(
    event: &'a Event,
    own: &Place,
) -> Result<(Place, Option<&'a RoleName>), EvaluatorError> {
    if event.account == own.account {
        return Ok((own.clone(), None));
    }
    match &event.parameters.execution_role_name {
        Some(role) => Ok((own.in_account(&event.account), Some(role))),
        None => Err(EvaluatorError::NoExecutionRole { account: event.account.to_string() }),
    }
}
