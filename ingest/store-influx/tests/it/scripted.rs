//! An HTTP server that answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: &'static str,
    },
    /// Nothing, and the connection stays.
    Silence,
    /// The connection ends.
    Reset,
    /// The beginning of a longer answer.
    Cut(String),
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: "" }
    }

    pub(crate) fn with_body(self, text: &'static str) -> Self {
        match self {
            Self::Status { status, headers, .. } => Self::Status { status, headers, body: text },
            other => other,
        }
    }

    pub(crate) fn with_header(self, name: &'static str, value: &'static str) -> Self {
        match self {
            Self::Status { status, mut headers, body } => {
                headers.push((name, value));
                Self::Status { status, headers, body }
            }
            other => other,
        }
    }
}

type Requests = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Requests,
}

impl Scripted {
    pub(crate) fn start(script: impl Fn(&str, &[u8]) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (requests, script) = (Requests::default(), Arc::new(script));
        let seen = Arc::clone(&requests);
        // Both kinds of thread end with the test process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                std::thread::spawn(move || serve(stream, &seen, &*script));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bodies of all writes that had lines.
    pub(crate) fn writes(&self) -> Vec<Vec<u8>> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = requests.iter().filter(|(path, body)| path.starts_with("/api/v2/write") && !body.is_empty());
        writes.map(|(_, body)| body.clone()).collect()
    }
}

fn serve(mut stream: TcpStream, seen: &Requests, script: &dyn Fn(&str, &[u8]) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some((path, body)) = request(&mut reader) {
        let answer = script(&path, &body);
        seen.lock().unwrap_or_else(PoisonError::into_inner).push((path, body));
        let text = match answer {
            Answer::Status { status, headers, body } => {
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                format!("HTTP/1.1 {status} Scripted\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
            }
            Answer::Silence => continue,
            Answer::Reset => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Answer::Cut(body) => format!("HTTP/1.1 200 Scripted\r\nContent-Length: 100000\r\n\r\n{body}"),
        };
        let cut = text.contains("Content-Length: 100000\r\n");
        if stream.write_all(text.as_bytes()).is_err() || cut {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}
