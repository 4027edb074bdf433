//! Clients: the one spot that makes any, from a place and credentials. Each is made once, and makes no call
//! before it is asked.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region as SdkRegion, SdkConfig};
use aws_sdk_config::config::SharedCredentialsProvider;
use defsg_core::{AccountId, Partition, Place, RoleName};
use defsg_http::TrustRoots;

use crate::errors::Caller;
use crate::http;
use crate::whole::WholeAnswer;

/// Whose credentials the calls are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Those of the environment: the function's role, or whatever the SDK finds.
    Own,
    /// Those of a profile in the shared configuration files, whatever the environment has.
    Profile(String),
    /// Those of a role in the place's account, which the environment's own credentials assume.
    Role(AssumedRole),
}

/// A role to assume in the account of a place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AssumedRole {
    /// The role's name. It has no path.
    pub role: RoleName,
    /// The session's name, which CloudTrail shows: 2 to 64 letters, digits and `_+=,.@-`.
    pub session_name: String,
    /// The external ID that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// How long the session lasts, at most as long as the role allows; one hour where none is given.
    pub duration: Option<Duration>,
}

/// The external ID is not shown: whoever knows it has half of what assuming the role takes.
impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumedRole")
            .field("role", &self.role)
            .field("session_name", &self.session_name)
            .field("external_id", &self.external_id.as_ref().map(|_| "…"))
            .field("duration", &self.duration)
            .finish()
    }
}

/// The SDK with the environment's settings, and all clients that were made so far.
pub struct Sdk {
    settings: SdkConfig,
    known: Mutex<Known>,
}

/// What was made so far.
#[derive(Default)]
struct Known {
    /// The settings with credentials, for all Regions: a session of a role is good in each.
    settings: HashMap<(Partition, AccountId, Credentials), SdkConfig>,
    clients: HashMap<(Place, Credentials), Arc<Clients>>,
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdk").finish_non_exhaustive()
    }
}

impl Sdk {
    /// Reads the environment that every SDK program reads: credentials, `AWS_ENDPOINT_URL` and the rest.
    /// `roots` says whom TLS trusts where the environment names no file of certificates.
    pub async fn from_env(roots: TrustRoots) -> Self {
        let loader = short_way(loader().http_client(defsg_http::client(roots)));
        Self::new(loader.load().await)
    }

    pub(crate) fn new(settings: SdkConfig) -> Self {
        Self { settings, known: Mutex::default() }
    }

    /// The clients for a place with these credentials: the same ones each time. Credentials are fetched at
    /// the first call, kept, and renewed shortly before they expire.
    pub async fn clients(&self, place: &Place, credentials: &Credentials) -> Arc<Clients> {
        let key = (place.clone(), credentials.clone());
        if let Some(known) = self.known().clients.get(&key) {
            return Arc::clone(known);
        }
        let settings = self.settings(place, credentials).await;
        let clients = Clients::new(place, credentials, &settings);
        // Somebody else may have made them meanwhile: then those are taken.
        Arc::clone(self.known().clients.entry(key).or_insert_with(|| Arc::new(clients)))
    }

    async fn settings(&self, place: &Place, credentials: &Credentials) -> SdkConfig {
        let key = (place.partition.clone(), place.account.clone(), credentials.clone());
        if let Some(known) = self.known().settings.get(&key) {
            return known.clone();
        }
        let settings = match credentials {
            Credentials::Own => self.settings.clone(),
            Credentials::Profile(name) => self.with_profile(place, name).await,
            Credentials::Role(role) => self.with_role(place, role).await,
        };
        self.known().settings.entry(key).or_insert(settings).clone()
    }

    async fn with_profile(&self, place: &Place, name: &str) -> SdkConfig {
        // There is one: `from_env` gave it. Mozilla's roots are the choice that needs nothing of the system.
        let client =
            self.settings.http_client().unwrap_or_else(|| defsg_http::client(TrustRoots::COMPILED_IN));
        // For the calls that fetch the credentials. It is given, so that the SDK looks for none.
        let region = self.settings.region().cloned().unwrap_or_else(|| region(place));
        let provider = ProviderConfig::without_region()
            .with_region(Some(region.clone()))
            .with_http_client(client.clone());
        // Named outright: the SDK would take credentials in the environment before those of a profile.
        let provider =
            ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(name).build();
        let loader = loader().http_client(client).profile_name(name).region(region);
        loader.credentials_provider(provider).load().await
    }

    /// STS is asked in the environment's Region, and in the place's where the environment names none. Source:
    /// IAM User Guide, "Manage AWS STS in an AWS Region": a session that a Region's endpoint gives is good in
    /// every Region.
    async fn with_role(&self, place: &Place, role: &AssumedRole) -> SdkConfig {
        let mut provider = AssumeRoleProvider::builder(place.role_arn(&role.role))
            .configure(&self.settings)
            .session_name(&role.session_name);
        if self.settings.region().is_none() {
            provider = provider.region(region(place));
        }
        if let Some(external_id) = &role.external_id {
            provider = provider.external_id(external_id);
        }
        if let Some(duration) = role.duration {
            provider = provider.session_length(duration);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        self.settings.to_builder().credentials_provider(provider).build()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whatever a panic left behind is whole: each change is one call.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn loader() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(http::timeouts())
}

/// Names the Region and the credentials that the environment has outright. The SDK would take the same ones, but would first
/// make all other providers of its chain, an STS client with its list of partitions among them: a fifth of what a function
/// computes from cold.
fn short_way(mut loader: ConfigLoader) -> ConfigLoader {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(region) = env::var("AWS_REGION").ok().filter(|region| !region.is_empty()) {
        loader = loader.region(SdkRegion::new(region));
    }
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    loader
}

fn region(place: &Place) -> SdkRegion {
    SdkRegion::new(place.region.as_str().to_owned())
}

/// The clients for one place with one set of credentials: every port but the store of backups.
pub struct Clients {
    /// Where they call.
    pub place: Place,
    pub(crate) caller: Caller,
    pub(crate) config: aws_sdk_config::Client,
    pub(crate) sdk: SdkConfig,
    ec2: OnceLock<aws_sdk_ec2::Client>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl Clients {
    fn new(place: &Place, credentials: &Credentials, settings: &SdkConfig) -> Self {
        let sdk = settings.to_builder().region(region(place)).build();
        let role = match credentials {
            Credentials::Role(assumed) => Some(place.role_arn(&assumed.role).into()),
            Credentials::Own | Credentials::Profile(_) => None,
        };
        Self {
            place: place.clone(),
            caller: Caller { place: place.clone(), role },
            config: aws_sdk_config::Client::new(&sdk),
            sdk,
            ec2: OnceLock::new(),
        }
    }

    /// Made on first use: the evaluator needs none for a change, which is what it is started for.
    pub(crate) fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| {
            let config = aws_sdk_ec2::config::Builder::from(&self.sdk).interceptor(WholeAnswer);
            aws_sdk_ec2::Client::from_conf(config.build())
        })
    }
}

#[cfg(test)]
mod tests {
    use defsg_core::ports::{ApiErrorKind, DefaultGroups};

    use super::*;
    use crate::recorded_answers::{Answer, Aws, Call, place};

    fn role() -> AssumedRole {
        AssumedRole {
            role: "defsg".parse().unwrap(),
            session_name: "sweep".to_owned(),
            external_id: Some("s3cret".to_owned()),
            duration: Some(Duration::from_secs(900)),
        }
    }

    /// An AWS in which every role can be assumed, and no account has a group.
    fn open(call: &Call) -> Answer {
        let empty = "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>";
        let session = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLE</AccessKeyId>\
                       <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                       <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        (200, if call.action == "sts:AssumeRole" { session } else { empty }.to_owned())
    }

    async fn list(clients: &Clients) {
        assert!(clients.default_groups(None).await.unwrap().items.is_empty());
    }

    #[tokio::test]
    async fn clients_are_made_once_for_a_place_and_credentials() {
        let aws = Aws::new(open);
        let sdk = aws.sdk().await;
        let role = Credentials::Role(role());
        let own = sdk.clients(&place(), &Credentials::Own).await;
        assert!(Arc::ptr_eq(&own, &sdk.clients(&place(), &Credentials::Own).await));
        let other = sdk.clients(&place(), &role).await;
        assert!(!Arc::ptr_eq(&own, &other));
        let place = place();
        let (one, two) = tokio::join!(sdk.clients(&place, &role), sdk.clients(&place, &role));
        assert!(Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&one, &other));
        assert!(aws.calls().is_empty(), "no call before the first use");
    }

    #[tokio::test]
    async fn a_place_s_region_is_called_whatever_the_environment_s_is() {
        let aws = Aws::new(open);
        let sdk = aws.sdk().await;
        for region in ["us-east-1", "ap-southeast-2"] {
            let place = Place::parse("aws", "012345678912", region).unwrap();
            list(&*sdk.clients(&place, &Credentials::Own).await).await;
            let call = aws.calls().pop().unwrap();
            assert!(call.url.starts_with(&format!("https://ec2.{region}.amazonaws.com/")), "{}", call.url);
            assert!(call.signed.contains(&format!("/{region}/ec2/")) && call.signed.starts_with("OWN/"));
        }
    }

    #[tokio::test]
    async fn a_role_is_assumed_with_its_session_name_external_id_and_duration_once_for_all_regions() {
        let aws = Aws::new(open);
        let sdk = aws.sdk().await;
        for region in ["eu-west-1", "us-east-1"] {
            let place = Place::parse("aws", "111122223333", region).unwrap();
            let clients = sdk.clients(&place, &Credentials::Role(role())).await;
            list(&clients).await;
            list(&clients).await;
            assert!(aws.calls().pop().unwrap().signed.starts_with("ROLE/"));
        }
        let [assumed] = &aws.calls_of("sts:AssumeRole")[..] else { panic!("{:?}", aws.calls()) };
        for parameter in [
            "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdefsg",
            "RoleSessionName=sweep",
            "ExternalId=s3cret",
            "DurationSeconds=900",
        ] {
            assert!(assumed.body.contains(parameter), "{parameter} in {}", assumed.body);
        }
        assert!(assumed.url.starts_with("https://sts.eu-west-1.amazonaws.com"), "{}", assumed.url);
    }

    #[tokio::test]
    async fn a_role_that_cannot_be_assumed_is_named_with_aws_s_code_and_words_apart() {
        let aws = Aws::new(|_| {
            let error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you.</Message></Error></ErrorResponse>";
            (403, error.to_owned())
        });
        let clients = aws.sdk().await.clients(&place(), &Credentials::Role(role())).await;
        let error = clients.default_groups(None).await.unwrap_err();
        assert_eq!((error.operation, error.kind), ("DescribeSecurityGroups", ApiErrorKind::AccessDenied));
        assert_eq!(error.role.as_deref(), Some("arn:aws:iam::012345678912:role/defsg"));
        assert_eq!(error.code.as_deref(), Some("AccessDenied"));
        assert_eq!(&*error.message, "the role of the account could not be assumed: Not you");
        assert_eq!(*error.place, place());
    }

    #[tokio::test]
    async fn a_profile_that_there_is_not_falls_back_on_no_other_credentials() {
        let aws = Aws::new(open);
        let profile = Credentials::Profile("there-is-no-such-profile".to_owned());
        let clients = aws.sdk().await.clients(&place(), &profile).await;
        assert!(clients.default_groups(None).await.is_err());
        assert!(aws.calls().is_empty(), "{:?}", aws.calls());
    }

    #[test]
    fn the_external_id_is_not_shown() {
        let shown = format!("{:?}", Credentials::Role(role()));
        assert!(shown.contains("sweep") && !shown.contains("s3cret"), "{shown}");
    }
}
