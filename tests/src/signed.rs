//! Signatures that nobody verifies: they tell moto and the fake who asks which service.

use crate::REGION;

/// An `Authorization` header of that access key for a service such as `ec2`.
pub fn by(access_key: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20261120/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
