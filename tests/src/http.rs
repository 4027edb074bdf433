//! The least HTTP/1.1 server that can also misbehave: answer late, or cut the connection instead of answering.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The request id of every answer that has none of its own.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, e.g. `POST`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What to do with a request.
pub enum Reply {
    /// Answer with a status, a content type and a body.
    Answer(u16, &'static str, String),
    /// Answer with a status, headers and a body, as another server gave them.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// Close the connection without a byte.
    Cut,
}

/// A server on a free port, with a thread for each connection. Dropping it closes the port.
pub struct Server {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
}

impl Server {
    /// Starts serving on an address of this machine; `handler` is called from several threads at once.
    pub fn start(address: IpAddr, handler: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let closing = Arc::new(AtomicBool::new(false));
        let (handler, stop) = (Arc::new(handler), Arc::clone(&closing));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let handler = Arc::clone(&handler);
                // An error is the client's going away, which is its right.
                thread::spawn(move || drop(serve(&stream, handler.as_ref())));
            }
        });
        Self { address, closing }
    }

    /// The server's URL on this machine, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it should end.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: &TcpStream, handler: &impl Fn(Request) -> Reply) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read(&mut reader)? {
        let (status, headers, body) = match handler(request) {
            Reply::Answer(status, content_type, body) => {
                let headers = [("Content-Type", content_type), ("x-amzn-RequestId", REQUEST_ID)];
                let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
                (status, headers.to_vec(), body.into_bytes())
            }
            Reply::Whole(status, headers, body) => (status, headers, body),
            Reply::Cut => return Ok(()),
        };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} -\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat())?;
    }
    Ok(())
}

/// The next request of the connection; none when the client has closed it.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, path, ..Request::default() };
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = request.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}
