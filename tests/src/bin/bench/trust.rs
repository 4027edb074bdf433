//! A certificate for the local endpoint, made anew for each run, and a file with its issuer. In AWS a function needs no file:
//! what it trusts is compiled in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Result;

/// What the endpoint needs to speak TLS, and the file that a client has to trust.
pub(crate) struct Trust {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) file: PathBuf,
}

/// Makes the issuer and the endpoint's certificate, and writes what a client has to trust to `scratch`.
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

    let file = scratch.join("trusted.pem");
    fs::write(&file, issuer_certificate.pem())?;
    Ok(Trust { server: Arc::new(server), file })
}
