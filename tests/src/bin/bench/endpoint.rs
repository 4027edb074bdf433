//! A local AWS that costs next to nothing: it answers at once, on plain HTTP and on TLS, and counts the evaluations
//! that it was sent. It checks nothing about a request; the tests' own stand-in does that.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::Result;

/// The account that the emulator's functions live in, and so the owner of every group here.
const ACCOUNT: &str = "012345678912";

/// A page of DescribeSecurityGroups when the caller names no size, and at most.
const PAGE: usize = 1000;

/// The endpoint, serving until the process ends.
pub(crate) struct Endpoint {
    pub(crate) http: String,
    pub(crate) https: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    groups: AtomicUsize,
    evaluations: AtomicUsize,
}

impl Endpoint {
    /// Serves on two free ports of this machine.
    pub(crate) fn start(tls: Arc<ServerConfig>) -> Result<Self> {
        let state = Arc::new(State::default());
        let http = listen(Arc::clone(&state), Ok)?;
        let https = listen(Arc::clone(&state), move |stream| {
            let session = ServerConnection::new(Arc::clone(&tls)).map_err(io::Error::other)?;
            Ok(StreamOwned::new(session, stream))
        })?;
        Ok(Self {
            http: format!("http://localhost:{http}"),
            https: format!("https://localhost:{https}"),
            state,
        })
    }

    /// From now on there are this many default groups.
    pub(crate) fn set_groups(&self, groups: usize) {
        self.state.groups.store(groups, Ordering::SeqCst);
    }

    /// How many NON_COMPLIANT evaluations came in since this was last asked.
    pub(crate) fn take_evaluations(&self) -> usize {
        self.state.evaluations.swap(0, Ordering::SeqCst)
    }
}

fn listen<S: Read + Write>(
    state: Arc<State>,
    open: impl Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let open = Arc::new(open);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (state, open) = (Arc::clone(&state), Arc::clone(&open));
            // A connection's end is the end of its function, so a broken one is no event.
            thread::spawn(move || {
                stream.set_nodelay(true)?;
                serve(&state, open(stream)?)
            });
        }
    });
    Ok(port)
}

/// Answers the requests of one connection until it is closed.
fn serve(state: &State, mut stream: impl Read + Write) -> io::Result<()> {
    let mut input = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        while let Some(length) = request_length(&input) {
            let request: Vec<u8> = input.drain(..length).collect();
            stream.write_all(answer(state, &String::from_utf8_lossy(&request)).as_bytes())?;
            stream.flush()?;
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            count => input.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The length of the first request in the input, once it is there whole.
fn request_length(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let length =
        head + header(&String::from_utf8_lossy(&input[..head]), "content-length")?.parse::<usize>().ok()?;
    (input.len() >= length).then_some(length)
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn answer(state: &State, request: &str) -> String {
    let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let operation = header(request, "x-amz-target").and_then(|target| target.split('.').nth(1));
    match operation {
        Some("PutEvaluations") => {
            state.evaluations.fetch_add(non_compliant(body), Ordering::SeqCst);
            response("200 OK", "application/x-amz-json-1.1", r#"{"FailedEvaluations":[]}"#)
        }
        Some("GetComplianceDetailsByConfigRule") => {
            response("200 OK", "application/x-amz-json-1.1", r#"{"EvaluationResults":[]}"#)
        }
        None if field(body, "Action") == Some("DescribeSecurityGroups") => {
            response("200 OK", "text/xml", &groups(state.groups.load(Ordering::SeqCst), body))
        }
        _ => response("404 Not Found", "text/plain", "the benchmark's endpoint does not know this request"),
    }
}

fn response(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn non_compliant(body: &str) -> usize {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let evaluations = body["Evaluations"].as_array().map_or(&[][..], Vec::as_slice);
    evaluations.iter().filter(|evaluation| evaluation["ComplianceType"] == "NON_COMPLIANT").count()
}

/// A field of a form. Nothing that is read here needs decoding.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// One page of groups with the stock rules, in EC2's own XML. The token is the number of groups before the page.
fn groups(total: usize, form: &str) -> String {
    let number = |name| field(form, name).and_then(|value| value.parse::<usize>().ok());
    let first = number("NextToken").unwrap_or(0);
    let end = total.min(first + number("MaxResults").unwrap_or(PAGE).min(PAGE));
    let mut page = String::from(concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        r#"<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">"#,
        "<requestId>1d62eae0-acdd-481d-88c9-example00000</requestId><securityGroupInfo>",
    ));
    for index in first..end {
        let id = format!("sg-{index:017x}");
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<item><ownerId>{ACCOUNT}</ownerId><groupId>{id}</groupId><groupName>default</groupName>\
             <groupDescription>default VPC security group</groupDescription><vpcId>vpc-{index:017x}</vpcId>\
             <ipPermissions><item><ipProtocol>-1</ipProtocol><groups><item><userId>{ACCOUNT}</userId>\
             <groupId>{id}</groupId></item></groups><ipRanges/><ipv6Ranges/><prefixListIds/></item></ipPermissions>\
             <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item>\
             <cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>\
             <securityGroupArn>arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/{id}</securityGroupArn></item>"
        );
    }
    page.push_str("</securityGroupInfo>");
    if end < total {
        let _ = write!(page, "<nextToken>{end}</nextToken>");
    }
    page.push_str("</DescribeSecurityGroupsResponse>");
    page
}
