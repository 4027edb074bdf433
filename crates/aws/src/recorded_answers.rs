//! For the tests: an AWS behind the SDK's HTTP client that answers from a function and keeps what it was
//! asked.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_config::config::Credentials as Keys;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use defsg_core::Place;

use crate::clients::{Clients, Credentials, Sdk};

/// One call that was made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The service and the operation, as IAM names the action: `ec2:DescribeVpcs`.
    pub(crate) action: String,
    /// The whole URL.
    pub(crate) url: String,
    /// The request's body.
    pub(crate) body: String,
    /// Who signed it, and for where: the access key, and the signature's scope.
    pub(crate) signed: String,
    /// The account that S3 must find to be the bucket's owner.
    pub(crate) bucket_owner: Option<String>,
}

/// A status and a body.
pub(crate) type Answer = (u16, String);

/// An AWS for tests.
#[derive(Clone)]
pub(crate) struct Aws {
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Arc<dyn Fn(&Call) -> Answer + Send + Sync>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl Aws {
    pub(crate) fn new(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), answer: Arc::new(answer) }
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls of one action so far.
    pub(crate) fn calls_of(&self, action: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.action == action).collect()
    }

    /// The SDK in front of this AWS, which tries nothing twice.
    pub(crate) async fn sdk(&self) -> Sdk {
        self.sdk_with_retries(RetryConfig::disabled()).await
    }

    pub(crate) async fn sdk_with_retries(&self, retries: RetryConfig) -> Sdk {
        let connector = SharedHttpConnector::new(self.clone());
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .region(Region::new("eu-west-1"))
            .credentials_provider(Keys::new("OWN", "secret", None, None, "test"))
            .retry_config(retries);
        Sdk::new(loader.load().await)
    }

    /// Its clients with the SDK's own credentials.
    pub(crate) async fn clients(&self) -> Arc<Clients> {
        self.sdk().await.clients(&place(), &Credentials::Own).await
    }
}

/// Where the tests are.
pub(crate) fn place() -> Place {
    Place::parse("aws", "012345678912", "eu-west-1").unwrap()
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = to_call(&request);
        let (status, body) = (self.answer)(&call);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn to_call(request: &HttpRequest) -> Call {
    let header = |name: &str| request.headers().get(name).unwrap_or_default();
    let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
    let signed = header("authorization").split_once("Credential=").map_or("", |(_, rest)| rest);
    let signed = signed.split(',').next().unwrap_or_default().to_owned();
    let service = signed.rsplit('/').nth(1).unwrap_or_default();
    let target = header("x-amz-target").rsplit('.').next().unwrap_or_default();
    let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next()).unwrap_or_default();
    let operation = match service {
        "vpc-lattice" if request.uri().contains("/servicenetworkvpcassociations?") => {
            "ListServiceNetworkVpcAssociations"
        }
        "vpc-lattice" => "GetServiceNetworkVpcAssociation",
        _ if target.is_empty() => action,
        _ => target,
    };
    let bucket_owner = request.headers().get("x-amz-expected-bucket-owner").map(str::to_owned);
    Call {
        action: format!("{service}:{operation}"),
        url: request.uri().to_owned(),
        body,
        signed,
        bucket_owner,
    }
}
