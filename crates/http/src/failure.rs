//! What a failed request tells the SDK, which decides by it whether to try again: as the SDK's own client does.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;
use hyper_util::client::legacy;

use crate::trust::TrustError;

/// A time that ran out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TimedOut {
    #[error("no connection within {0:?}")]
    Connecting(Duration),
    #[error("no answer within {0:?}")]
    Reading(Duration),
}

/// Sorts a failure: a time that ran out and a broken connection are worth another try, a mistake of ours is not.
pub(crate) fn sort(error: BoxError) -> ConnectorError {
    let error_ref = error.as_ref();
    if find::<TimedOut>(error_ref).is_some() {
        return ConnectorError::timeout(error);
    }
    if find::<TrustError>(error_ref).is_some() {
        return ConnectorError::user(error);
    }
    if let Some(hyper) = find::<hyper::Error>(error_ref) {
        if hyper.is_timeout() {
            return ConnectorError::timeout(error);
        }
        if hyper.is_user() {
            return ConnectorError::user(error);
        }
        if hyper.is_closed() || hyper.is_canceled() || find::<io::Error>(hyper).is_some() {
            return ConnectorError::io(error);
        }
        if hyper.is_incomplete_message() {
            return ConnectorError::other(error, Some(ErrorKind::TransientError));
        }
    } else if let Some(client) = find::<legacy::Error>(error_ref)
        && (client.is_connect() || find::<io::Error>(client).is_some())
    {
        return ConnectorError::io(error);
    }
    ConnectorError::other(error, None)
}

/// The first error of a kind in the chain of causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}
