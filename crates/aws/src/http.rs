//! The HTTP client of every SDK client: rustls with the system's root certificates, on ring, which is ready much sooner
//! after a cold start than the SDK's default.

use std::time::Duration;

use aws_sdk_config::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_types::timeout::TimeoutConfig;

/// Connections are kept and shared by all clients that are given a clone.
pub(crate) fn client() -> SharedHttpClient {
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SharedHttpClient::new(OnFirstUse(https))
}

/// An attempt that takes longer is cut off and tried again, three times in all unless `AWS_MAX_ATTEMPTS` says otherwise.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(60))
        .build()
}

/// Makes connectors when they are used. The client alone would make one more, with all root certificates, for each SDK
/// client that is built, only to see whether it can.
#[derive(Debug)]
struct OnFirstUse(SharedHttpClient);

impl HttpClient for OnFirstUse {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}
