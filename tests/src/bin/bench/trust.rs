//! A certificate for the local endpoint, made anew for each run, and a trust store that holds its issuer beside
//! everything the machine trusts: a function in AWS loads a store of that size when it first speaks TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Result;

const SYSTEM_STORE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What the endpoint needs to speak TLS, and the file that a client has to trust.
pub(crate) struct Trust {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) store: PathBuf,
}

/// Makes the issuer and the endpoint's certificate, and writes the trust store to `scratch`.
pub(crate) fn make(scratch: &Path) -> Result<Trust> {
    let issuer_key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "defsg benchmark CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer_certificate = params.self_signed(&issuer_key)?;
    let issuer = Issuer::new(params, issuer_key);

    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;

    let system = fs::read_to_string(SYSTEM_STORE).map_err(|error| {
        format!("{SYSTEM_STORE}: {error}; install ca-certificates, so that loading a real trust store counts")
    })?;
    let store = scratch.join("trust.pem");
    fs::write(&store, system + &issuer_certificate.pem())?;
    Ok(Trust { server: Arc::new(server), store })
}
