//! How a connection is made: TCP, and TLS above it where the address says `https`, within the time for connecting.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::failure::TimedOut;
use crate::trust::{TrustError, TrustRoots};

/// TLS, set up when it is first needed. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    roots: TrustRoots,
    config: Arc<OnceLock<Result<Arc<ClientConfig>, TrustError>>>,
}

impl Tls {
    pub(crate) fn new(roots: TrustRoots) -> Self {
        Self { roots, config: Arc::default() }
    }

    /// TLS that is set up already.
    #[cfg(test)]
    pub(crate) fn made(config: Result<ClientConfig, TrustError>) -> Self {
        Self { roots: TrustRoots::COMPILED_IN, config: Arc::new(OnceLock::from(config.map(Arc::new))) }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, TrustError> {
        self.config.get_or_init(|| self.roots.tls().map(Arc::new)).clone()
    }
}

/// Makes connections for hyper's pool.
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    tcp: HttpConnector,
    tls: Tls,
    within: Option<Duration>,
}

impl Connect {
    pub(crate) fn new(tls: Tls, within: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Self { tcp, tls, within }
    }
}

type Connection = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Service<Uri> for Connect {
    type Response = Connection;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let Self { mut tcp, tls, within } = self.clone();
        let connecting = async move {
            if address.scheme() == Some(&Scheme::HTTPS) {
                HttpsConnector::from((tcp, tls.config()?)).call(address).await
            } else {
                Ok(MaybeHttpsStream::Http(tcp.call(address).await?))
            }
        };
        Box::pin(async move {
            let Some(within) = within else { return connecting.await };
            tokio::time::timeout(within, connecting).await.map_err(|_| TimedOut::Connecting(within))?
        })
    }
}
