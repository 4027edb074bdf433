//! The client against a server on this machine: whom it trusts, and how each failure is sorted.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::client::Client;
use crate::connect::Tls;
use crate::trust::{TrustRoots, trusting};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Serves connections by `serve`, and says at which port.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

/// A server over TLS, and the PEM of its certificate.
fn tls_server() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let port = server(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        // A client that does not trust it ends the handshake here.
        if stream.read(&mut [0; 1024]).is_ok() {
            let _ = stream.write_all(ANSWER);
        }
    });
    (port, made.cert.pem())
}

async fn get(tls: Tls, url: &str) -> Result<HttpResponse, ConnectorError> {
    let limit = Duration::from_secs(1);
    let settings = HttpConnectorSettings::builder().connect_timeout(limit).read_timeout(limit).build();
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(url).unwrap();
    Client::new(tls).connector(&settings).call(request).await
}

fn compiled_in() -> Tls {
    Tls::new(TrustRoots::COMPILED_IN)
}

#[tokio::test]
async fn a_server_whose_issuer_is_in_the_file_is_trusted_and_without_the_file_it_is_not() {
    let (port, pem) = tls_server();
    let url = format!("https://localhost:{port}/");
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("roots.pem");
    std::fs::write(&file, pem).unwrap();
    let answer = get(Tls::made(trusting("SSL_CERT_FILE", &file)), &url).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let error = get(compiled_in(), &url).await.unwrap_err();
    assert!(error.is_io(), "{error:?}");
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_ends_https_with_its_name_and_http_needs_none() {
    let (port, _) = tls_server();
    let broken = || Tls::made(trusting("AWS_CA_BUNDLE", "/no/such/file".as_ref()));
    let error = get(broken(), &format!("https://localhost:{port}/")).await.unwrap_err();
    assert!(error.is_user(), "it is not tried again: {error:?}");
    assert!(format!("{error:?}").contains("/no/such/file"), "{error:?}");
    let plain = server(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(ANSWER);
    });
    assert!(get(broken(), &format!("http://127.0.0.1:{plain}/")).await.is_ok());
}

#[tokio::test]
async fn a_failure_is_sorted_by_whether_another_try_may_help() {
    let silent = server(|stream| {
        thread::sleep(Duration::from_secs(3));
        drop(stream);
    });
    let error = get(compiled_in(), &format!("http://127.0.0.1:{silent}/")).await.unwrap_err();
    assert!(error.is_timeout(), "no answer in time: {error:?}");
    let hangs_up = server(drop);
    let error = get(compiled_in(), &format!("http://127.0.0.1:{hangs_up}/")).await.unwrap_err();
    assert!(error.is_io() || error.is_other(), "{error:?}");
    let cut = server(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    });
    let answer = get(compiled_in(), &format!("http://127.0.0.1:{cut}/")).await.unwrap();
    assert!(answer.into_body().collect().await.is_err(), "half a body is no body");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = get(compiled_in(), &format!("http://127.0.0.1:{nobody}/")).await.unwrap_err();
    assert!(error.is_io(), "{error:?}");
}
