//! The AWS behind the fake: moto, which is passed the calls that it can answer.

use hyper::body::Bytes;
use hyper::http::{HeaderMap, Response};

use super::server::{Reply, Request};
use crate::moto::turn;

/// Headers that belong to one connection and not to the message.
const OF_CONNECTION: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// An AWS at a URL.
pub(super) struct Forward {
    url: String,
    agent: ureq::Agent,
}

impl Forward {
    pub(super) fn to(url: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { url: url.to_owned(), agent }
    }

    /// Passes the request on, and gives the answer as it came.
    pub(super) fn pass_on(&self, request: Request) -> Reply {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("{}{path}", self.url).parse().expect("a URL and a path are a URL");
        strip(&mut head.headers);
        let _turn = turn();
        let answer = if body.is_empty() {
            self.agent.run(ureq::http::Request::from_parts(head, ()))
        } else {
            self.agent.run(ureq::http::Request::from_parts(head, body.to_vec()))
        };
        // moto ends before the function where a test is over.
        let Ok(mut answer) = answer else { return Reply::Cut };
        let Ok(body) = answer.body_mut().read_to_vec() else { return Reply::Cut };
        let (mut head, _) = answer.into_parts();
        strip(&mut head.headers);
        Reply::Whole(Response::from_parts(head, Bytes::from(body)))
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in OF_CONNECTION {
        headers.remove(name);
    }
}
