//! The client as the SDK sees it: one hyper client for each time limit of connecting, all with the same TLS.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpInfo, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::connect::{Connect, Tls};
use crate::failure::{TimedOut, sort};
use crate::trust::TrustRoots;

/// A client that trusts `roots`. Clones share its connections.
#[must_use]
pub fn client(roots: TrustRoots) -> SharedHttpClient {
    SharedHttpClient::new(Client::new(Tls::new(roots)))
}

type Pool = HyperClient<Connect, SdkBody>;

pub(crate) struct Client {
    tls: Tls,
    /// By the time limit of connecting. Few: the SDK has one for services and one for the metadata of an instance.
    pools: Mutex<HashMap<Option<Duration>, Pool>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(tls: Tls) -> Self {
        Self { tls, pools: Mutex::default() }
    }

    pub(crate) fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let connect_within = settings.connect_timeout();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(connect_within).or_insert_with(|| {
            // The timer ends connections that nobody uses.
            HyperClient::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(Connect::new(self.tls.clone(), connect_within))
        });
        SharedHttpConnector::new(Connector { pool: pool.clone(), read_within: settings.read_timeout() })
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.connector(settings)
    }
}

struct Connector {
    pool: Pool,
    read_within: Option<Duration>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connector").field("read_within", &self.read_within).finish_non_exhaustive()
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let (answer, within) = (self.pool.request(request), self.read_within);
        HttpConnectorFuture::new(async move {
            let answer = match within {
                None => answer.await,
                Some(within) => tokio::time::timeout(within, answer)
                    .await
                    .map_err(|_| ConnectorError::timeout(TimedOut::Reading(within).into()))?,
            };
            let answer = answer.map_err(|error| sort(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The connection of a request, so that the SDK can say that it must not be used again.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let mut extensions = http::Extensions::new();
    connection.connection_metadata().as_ref()?.get_extras(&mut extensions);
    let info = extensions.get::<HttpInfo>();
    let connection = connection.clone();
    let mut builder = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    });
    builder.set_local_addr(info.map(HttpInfo::local_addr)).set_remote_addr(info.map(HttpInfo::remote_addr));
    Some(builder.build())
}
