//! An HTTP/1.1 server on hyper that can also misbehave: it cuts a connection before an answer, or in the
//! middle of one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::http;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinSet, spawn_blocking};
use tokio::time::{Sleep, sleep};

/// A request with its whole body.
pub(crate) type Request = http::Request<Bytes>;

/// What to do with a request.
pub(super) enum Reply {
    /// Send this answer.
    Whole(http::Response<Bytes>),
    /// Send the head of this answer and half of its body. Then close the connection.
    Half(http::Response<Bytes>),
    /// Close the connection and send nothing.
    Cut,
}

/// A server on a free port. Dropping it closes the port and every connection.
pub(super) struct Server {
    address: SocketAddr,
    accepting: AbortHandle,
}

/// Serves all fakes of a test process. A handler may block: each call of one gets a thread that is made for
/// blocking.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread can be started")
});

/// How long the first half of an answer gets to reach the client before the connection is closed.
const PAUSE: Duration = Duration::from_millis(20);

impl Server {
    /// Starts serving on an address of this machine. Several threads call `handler` at once.
    pub(super) fn start(address: IpAddr, handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let port = listener.local_addr().expect("a bound port").port();
        let accepting = RUNTIME.spawn(accept(listener, Arc::new(handler))).abort_handle();
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), accepting }
    }

    /// The server's address on this machine.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves each connection in a task of its own. All of them end with this one.
async fn accept(listener: TcpListener, handler: Arc<impl Fn(Request) -> Reply + Send + Sync + 'static>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket that tokio takes");
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // It is only slower where this fails.
        let _ = stream.set_nodelay(true);
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request| answer(request, Arc::clone(&handler)));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        // An error means that the client went away or that a fault cut the connection.
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    request: http::Request<Incoming>,
    handler: Arc<impl Fn(Request) -> Reply + Send + Sync + 'static>,
) -> Result<http::Response<Sent>, Broken> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let request = Request::from_parts(head, body);
    // A handler that panics has written why; its client sees the connection end.
    match spawn_blocking(move || handler(request)).await {
        Ok(Reply::Whole(response)) => Ok(response.map(Sent::whole)),
        Ok(Reply::Half(response)) => Ok(response.map(Sent::half)),
        Ok(Reply::Cut) | Err(_) => Err(Broken),
    }
}

/// The body of an answer, which may break off.
struct Sent {
    /// The length that the head promises.
    length: u64,
    rest: Option<Bytes>,
    breaks: Option<Pin<Box<Sleep>>>,
}

impl Sent {
    fn whole(body: Bytes) -> Self {
        let length = body.len() as u64;
        Self { length, rest: Some(body).filter(|body| !body.is_empty()), breaks: None }
    }

    fn half(body: Bytes) -> Self {
        let half = body.slice(..body.len() / 2);
        Self { length: body.len() as u64, breaks: Some(Box::pin(sleep(PAUSE))), ..Self::whole(half) }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        match &mut self.breaks {
            Some(pause) => pause.as_mut().poll(context).map(|()| Some(Err(Broken))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.breaks.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// Makes hyper close the connection.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for Broken {}
