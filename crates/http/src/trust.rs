//! Whom TLS trusts: Mozilla's root certificates as compiled in, or the system's; or a file, where the environment names one.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The variables that name a file of certificates to trust in place of all others; the first that is set counts. The first
/// is the AWS CLI's and the AWS SDKs', the second OpenSSL's.
const FILES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];

/// Where root certificates come from when the environment names no file of them (`AWS_CA_BUNDLE`, `SSL_CERT_FILE`).
///
/// A function in place of a variant, so that a program holds the code of the choice that it makes and of no other.
#[derive(Debug, Clone, Copy)]
pub struct TrustRoots(fn() -> Result<RootCertStore, TrustError>);

impl TrustRoots {
    /// Mozilla's, as they were when this program was built. Nothing is read.
    pub const COMPILED_IN: Self = Self(compiled_in);

    /// The system's. `SSL_CERT_DIR` counts here, too.
    pub const SYSTEM: Self = Self(system);

    /// The TLS settings of a client that trusts these.
    ///
    /// # Errors
    /// Where a file is named and cannot be used, and where the system has no certificates. Nobody is trusted then.
    pub(crate) fn tls(self) -> Result<ClientConfig, TrustError> {
        let roots = match named(|name| env::var_os(name)) {
            Some((variable, file)) => read(variable, &file)?,
            None => (self.0)()?,
        };
        settings(roots)
    }
}

fn settings(roots: RootCertStore) -> Result<ClientConfig, TrustError> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The TLS settings of a client that trusts a file which this variable names.
#[cfg(test)]
pub(crate) fn trusting(variable: &'static str, file: &Path) -> Result<ClientConfig, TrustError> {
    settings(read(variable, file)?)
}

/// Why nobody can be trusted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrustError {
    /// A file that the environment names.
    #[error(
        "the file of trusted certificates that {variable} names, {}, cannot be used: {reason}; name a PEM file of \
         certificates in {variable}, or unset it",
        file.display()
    )]
    File {
        /// The variable.
        variable: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's own certificates.
    #[error(
        "the system has no trusted certificates: {0}; install them, or name a file of them in SSL_CERT_FILE"
    )]
    System(String),
    /// rustls itself.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// The file that the environment names. A blank value names none.
fn named(variable: impl Fn(&str) -> Option<OsString>) -> Option<(&'static str, PathBuf)> {
    FILES.iter().find_map(|name| {
        let is_blank = |value: &OsString| value.to_str().is_some_and(|text| text.trim().is_empty());
        let value = variable(name).filter(|value| !is_blank(value))?;
        Some((*name, PathBuf::from(value)))
    })
}

fn compiled_in() -> Result<RootCertStore, TrustError> {
    Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn system() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A store of a system has old certificates that rustls does not read; OpenSSL passes over them, too.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(TrustError::System(if reasons.is_empty() {
            "none found".to_owned()
        } else {
            reasons.join("; ")
        }));
    }
    Ok(roots)
}

/// Every certificate of a PEM file. One that cannot be read is passed over only where others can.
fn read(variable: &'static str, file: &Path) -> Result<RootCertStore, TrustError> {
    let fail = |reason: String| TrustError::File { variable, file: file.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let (_, unreadable) = roots.add_parsable_certificates(certificates);
    match (roots.is_empty(), unreadable) {
        (false, _) => Ok(roots),
        (true, 0) => Err(fail("it holds no certificate in PEM form".to_owned())),
        (true, _) => Err(fail("none of its certificates can be read".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn certificate() -> String {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
    }

    fn read_text(text: &str) -> Result<RootCertStore, TrustError> {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("roots.pem");
        fs::write(&file, text).unwrap();
        read("SSL_CERT_FILE", &file)
    }

    #[test]
    fn what_is_compiled_in_is_not_empty() {
        assert!(compiled_in().unwrap().len() > 50);
    }

    #[test]
    fn aws_s_variable_counts_before_openssl_s_and_an_empty_one_not_at_all() {
        let of = |both: [&'static str; 2]| {
            named(|name| Some(OsString::from(if name == "AWS_CA_BUNDLE" { both[0] } else { both[1] })))
        };
        assert_eq!(of(["/aws", "/ssl"]), Some(("AWS_CA_BUNDLE", PathBuf::from("/aws"))));
        assert_eq!(of(["", "/ssl"]), Some(("SSL_CERT_FILE", PathBuf::from("/ssl"))));
        assert_eq!(of(["", " "]), None);
        assert_eq!(named(|_| None), None);
    }

    #[test]
    fn a_file_is_trusted_whole_and_alone() {
        assert_eq!(read_text(&(certificate() + "# a note between\n" + &certificate())).unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_an_error_that_names_it_and_its_variable() {
        let torn = certificate().replace("-----END CERTIFICATE-----", "");
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, reason) in [
            ("", "it holds no certificate in PEM form"),
            ("no certificate", "it holds no certificate in PEM form"),
            (garbage, "none of its certificates can be read"),
            (torn.as_str(), ""),
        ] {
            let message = read_text(text).unwrap_err().to_string();
            assert!(message.contains("SSL_CERT_FILE names") && message.contains("roots.pem"), "{message}");
            assert!(message.contains(reason), "{message}");
        }
        let message = read("AWS_CA_BUNDLE", Path::new("/no/such/file")).unwrap_err().to_string();
        assert!(message.contains("AWS_CA_BUNDLE names, /no/such/file, cannot be used"), "{message}");
    }

    /// Old certificates stand in every store.
    #[test]
    fn what_cannot_be_read_in_a_file_is_passed_over_beside_what_can() {
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(read_text(&(garbage.to_owned() + &certificate())).unwrap().len(), 1);
    }
}
