//! Signed calls of services that speak JSON, for the few operations that are not worth an SDK crate: the
//! crate for AWS Glue alone takes minutes to build. Made of the SDK's own parts, so that credentials,
//! retries, time limits, endpoints and errors are as everywhere else.

use std::fmt;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sdk_config::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use defsg_core::documents::json;
use defsg_core::ports::{ApiError, ApiErrorKind};
use serde_json::Value;

use crate::clients::Clients;

/// A service that is asked without an SDK crate.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name in signatures and in the endpoint's host, such as `vpc-lattice`.
    pub(crate) name: &'static str,
    /// The SDK's service ID, such as `VPC Lattice`: the environment's `AWS_ENDPOINT_URL_VPC_LATTICE` belongs
    /// to it.
    pub(crate) id: &'static str,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// The protocol `awsJson1_1`: the operation is in a header, everything else in the body.
    Post {
        /// The value of `X-Amz-Target`, such as `AWSGlue.GetConnections`.
        target: &'static str,
        /// The request.
        body: Value,
    },
    /// The protocol `restJson1`, of operations that have no body.
    Get {
        /// The path and the query, already encoded.
        path: String,
    },
}

/// An error that a service answered with.
#[derive(Debug)]
struct ServiceError(ErrorMetadata);

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ServiceError {}

impl ProvideErrorMetadata for ServiceError {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl Clients {
    /// Makes the call, with the SDK's retries, and gives the answer's JSON.
    pub(crate) async fn call_json(
        &self,
        service: &Service,
        operation: &'static str,
        call: Call,
    ) -> Result<Value, ApiError> {
        let cannot = |problem: &str| ApiError {
            role: self.caller.role.clone(),
            ..ApiError::new(operation, &self.place, ApiErrorKind::Other, problem)
        };
        let endpoint = self.endpoint(service).await.map_err(|problem| cannot(&problem))?;
        let sdk = &self.sdk;
        let signing = self.signing(service).ok_or_else(|| cannot("the SDK found no credentials"))?;
        let retries = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let mut builder = Operation::builder()
            .service_name(service.name)
            .operation_name(operation)
            .endpoint_url(&endpoint)
            .standard_retry(&retries)
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<ServiceError>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ServiceError>::new())
            .with_connection_poisoning()
            .runtime_plugin(signing);
        if let Some(version) = sdk.behavior_version() {
            builder = builder.behavior_version(version);
        }
        if let Some(client) = sdk.http_client() {
            builder = builder.http_client(client);
        }
        if let Some(timeouts) = sdk.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        if let Some(sleep) = sdk.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = sdk.time_source() {
            builder = builder.time_source(time);
        }
        let built = builder.serializer(to_request).deserializer(to_answer).build();
        built.invoke(call).await.map_err(|error| self.caller.error(operation, &error))
    }

    /// Credentials, and what the signature is made for.
    fn signing(&self, service: &Service) -> Option<StaticRuntimePlugin> {
        let mut config = Layer::new("signing");
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(SigV4OperationSigningConfig {
            region: self.sdk.region().map(|region| SigningRegion::from(region.clone())),
            name: Some(SigningName::from_static(service.name)),
            ..SigV4OperationSigningConfig::default()
        });
        let mut components = RuntimeComponentsBuilder::new("signing");
        components
            .set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])));
        components.push_auth_scheme(SigV4AuthScheme::new());
        components.set_identity_resolver(SCHEME_ID, self.sdk.credentials_provider()?);
        components.set_identity_cache(self.sdk.identity_cache());
        let plugin = StaticRuntimePlugin::new().with_config(config.freeze());
        Some(plugin.with_runtime_components(components))
    }

    /// Where the environment says, as the SDK reads it; else where the SDK knows AWS Config to be, with this
    /// service's name in the place of that one's. Both services stand under their name in each partition's
    /// domain.
    async fn endpoint(&self, service: &Service) -> Result<String, String> {
        if let Some(url) = self.endpoint_of_environment(service) {
            return Ok(url);
        }
        let params = Params::builder()
            .region(self.place.region.as_str())
            .use_fips(self.sdk.use_fips().unwrap_or_default())
            .use_dual_stack(self.sdk.use_dual_stack().unwrap_or_default())
            .build()
            .map_err(|error| error.to_string())?;
        let config = DefaultResolver::new().resolve_endpoint(&params).await;
        let config = config.map_err(|error| error.to_string())?;
        // `https://config-fips.` is none: whoever asks for FIPS must not be given another endpoint.
        let domain = config.url().strip_prefix("https://config.").ok_or_else(|| {
            format!(
                "defsg knows no FIPS endpoint of {}; give one as AWS_ENDPOINT_URL_{}",
                service.id,
                service.id.to_uppercase().replace(' ', "_")
            )
        })?;
        Ok(format!("https://{}.{domain}", service.name))
    }

    fn endpoint_of_environment(&self, service: &Service) -> Option<String> {
        let any = || self.sdk.endpoint_url().map(str::to_owned);
        if self.sdk.get_origin("endpoint_url").is_client_config() {
            return any();
        }
        let key = ServiceConfigKey::builder()
            .service_id(service.id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        self.sdk.service_config().and_then(|config| config.load_config(key)).or_else(any)
    }
}

fn to_request(call: Call) -> Result<HttpRequest, BoxError> {
    let (method, path, body) = match &call {
        Call::Post { body, .. } => ("POST", "/", SdkBody::from(body.to_string())),
        Call::Get { path } => ("GET", path.as_str(), SdkBody::empty()),
    };
    let mut request = HttpRequest::new(body);
    request.set_method(method)?;
    request.set_uri(path)?;
    let headers = request.headers_mut();
    headers.insert("user-agent", concat!("defsg/", env!("CARGO_PKG_VERSION")));
    if let Call::Post { target, body } = call {
        headers.insert("content-type", "application/x-amz-json-1.1");
        headers.insert("content-length", body.to_string().len().to_string());
        headers.insert("x-amz-target", target);
    }
    Ok(request)
}

fn to_answer(response: &HttpResponse) -> Result<Value, OrchestratorError<ServiceError>> {
    let text = std::str::from_utf8(response.body().bytes().unwrap_or_default());
    // An answer that was cut off does not parse, and one in which a key stands twice is not believed.
    let body = text.map_err(|error| error.to_string()).and_then(|text| {
        let body = json::parse(text).map_err(|error| error.to_string())?;
        if body.is_object() { Ok(body) } else { Err("the answer is no JSON object".to_owned()) }
    });
    if response.status().is_success() {
        return body.map_err(OrchestratorError::other);
    }
    let body = body.unwrap_or_default();
    let text = |field: &str| body[field].as_str();
    let code = response.headers().get("x-amzn-errortype").or(text("__type")).or(text("code"));
    let message = text("message").or(text("Message")).or(text("errorMessage"));
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code.map(bare_code).filter(|code| !code.is_empty()) {
        meta = meta.code(code);
    }
    if let Some(message) = message {
        meta = meta.message(message);
    }
    Err(OrchestratorError::operation(ServiceError(meta.build())))
}

/// The code alone. Source: Smithy's AWS restJson1 protocol, "Operation error serialization": what stands
/// before a `#`, or after a `:`, is none of it.
fn bare_code(text: &str) -> &str {
    let text = text.split(':').next().unwrap_or_default();
    text.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::BehaviorVersion;
    use defsg_core::Place;
    use serde_json::json;

    use super::*;
    use crate::clients::{Credentials, Sdk};
    use crate::recorded_answers::{Aws, place};

    const LATTICE: Service = Service { name: "vpc-lattice", id: "VPC Lattice" };

    fn get() -> Call {
        Call::Get { path: "/servicenetworkvpcassociations?nextToken=a%2Fb%2B".to_owned() }
    }

    #[test]
    fn a_code_is_found_in_each_way_that_services_write_it() {
        for text in [
            "AccessDeniedException",
            "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.validate/",
            "aws.protocoltests.restjson#AccessDeniedException",
            "aws.protocoltests.restjson#AccessDeniedException:http://internal.amazon.com/coral/",
        ] {
            assert_eq!(bare_code(text), "AccessDeniedException", "{text}");
        }
    }

    #[tokio::test]
    async fn a_call_is_signed_for_the_service_and_the_place() {
        let aws = Aws::new(|_| (200, "{}".to_owned()));
        let clients = aws.clients().await;
        assert_eq!(clients.call_json(&LATTICE, "List", get()).await.unwrap(), json!({}));
        let [call] = &aws.calls()[..] else { panic!("{:?}", aws.calls()) };
        let url =
            "https://vpc-lattice.eu-west-1.amazonaws.com/servicenetworkvpcassociations?nextToken=a%2Fb%2B";
        assert_eq!(call.url, url);
        assert!(
            call.signed.starts_with("OWN/") && call.signed.ends_with("/eu-west-1/vpc-lattice/aws4_request")
        );
    }

    #[tokio::test]
    async fn the_endpoint_is_in_the_domain_of_the_partition() {
        let sdk = Aws::new(|_| (200, String::new())).sdk().await;
        for (partition, region, expected) in [
            ("aws", "us-east-1", "https://vpc-lattice.us-east-1.amazonaws.com"),
            ("aws-cn", "cn-north-1", "https://vpc-lattice.cn-north-1.amazonaws.com.cn"),
            ("aws-us-gov", "us-gov-west-1", "https://vpc-lattice.us-gov-west-1.amazonaws.com"),
            ("aws-iso", "us-iso-east-1", "https://vpc-lattice.us-iso-east-1.c2s.ic.gov"),
        ] {
            let place = Place::parse(partition, "012345678912", region).unwrap();
            let clients = sdk.clients(&place, &Credentials::Own).await;
            assert_eq!(clients.endpoint(&LATTICE).await.as_deref(), Ok(expected));
        }
    }

    #[tokio::test]
    async fn the_environment_s_endpoint_is_taken_and_no_fips_endpoint_is_guessed() {
        let settings = |fips| {
            let settings = aws_config::SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12());
            settings.use_fips(fips)
        };
        let local = Sdk::new(settings(false).endpoint_url("http://127.0.0.1:5000").build());
        let clients = local.clients(&place(), &Credentials::Own).await;
        assert_eq!(clients.endpoint(&LATTICE).await.as_deref(), Ok("http://127.0.0.1:5000"));
        let fips = Sdk::new(settings(true).build());
        let why = fips.clients(&place(), &Credentials::Own).await.endpoint(&LATTICE).await.unwrap_err();
        let expected =
            "defsg knows no FIPS endpoint of VPC Lattice; give one as AWS_ENDPOINT_URL_VPC_LATTICE";
        assert_eq!(why, expected);
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_or_no_object_or_says_a_thing_twice_is_unreadable_and_no_answer() {
        for answer in
            ["{\"items\": [", "[]", "1", "\"x\"", "null", "", "<html>", "{\"items\":[1],\"items\":[]}"]
        {
            let clients = Aws::new(move |_| (200, answer.to_owned())).clients().await;
            let error = clients.call_json(&LATTICE, "List", get()).await.unwrap_err();
            assert_eq!((error.kind, error.code), (ApiErrorKind::Unreadable, None), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_throttled_call_is_tried_again_and_a_denied_one_is_not() {
        for (status, code, tries) in [(429, "ThrottlingException", 2), (403, "AccessDeniedException", 1)] {
            let failures = AtomicUsize::new(0);
            let aws = Aws::new(move |_| match failures.fetch_add(1, Ordering::Relaxed) {
                0 => (status, json!({ "__type": code, "message": "no" }).to_string()),
                _ => (200, "{}".to_owned()),
            });
            let sdk = aws.sdk_with_retries(RetryConfig::standard()).await;
            let clients = sdk.clients(&place(), &Credentials::Own).await;
            let answer = clients.call_json(&LATTICE, "List", get()).await;
            assert_eq!((answer.is_ok(), aws.calls().len()), (tries == 2, tries), "{code}");
        }
    }
}
