//! A receiver on a real socket that breaks in every way a receiver can.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the receiver does with one request.
#[derive(Clone, Debug)]
pub(super) enum Break {
    /// Answers this, with a header.
    Answer(u16, Option<(&'static str, String)>),
    /// Never answers.
    Hang,
    /// Takes it and falls over before the answer.
    TakeAndDie,
    /// Resets the connection before it reads anything.
    Reset,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub(super) fn key(&self) -> String {
        self.header("idempotency-key")
    }
}

#[derive(Default)]
struct Book {
    script: Mutex<VecDeque<Break>>,
    requests: Mutex<Vec<Request>>,
    taken: Mutex<Vec<Request>>,
}

impl Book {
    fn take(&self, request: Request) {
        let mut taken = self.taken.lock().unwrap();
        // As the reference page asks of receivers.
        if !taken.iter().any(|t| t.key() == request.key()) {
            taken.push(request);
        }
    }
}

/// A receiver that follows a script, then takes everything.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(super) async fn new(script: Vec<Break>) -> Self {
        Self::on(
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
            Arc::new(Book { script: Mutex::new(script.into()), ..Book::default() }),
        )
    }

    fn on(listener: TcpListener, book: Arc<Book>) -> Self {
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/{*any}", post(answer)).with_state(Arc::clone(&book));
        let door = Door { listener, book: Arc::clone(&book) };
        let task = tokio::spawn(async move { axum::serve(door, router).await.unwrap() });
        Self { address, book, task }
    }

    /// Dies, so that its port refuses connections; what it took stays written down.
    pub(super) async fn die(mut self) -> Dead {
        self.task.abort();
        let _ = (&mut self.task).await;
        Dead { address: self.address, book: Arc::clone(&self.book) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/alerts?token=not-to-be-logged", self.address)
    }

    /// Keys in the order in which they were taken first.
    pub(super) fn taken(&self) -> Vec<String> {
        self.book.taken.lock().unwrap().iter().map(Request::key).collect()
    }

    /// Every request that was read.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.book.requests.lock().unwrap().clone()
    }
}

/// A receiver that is gone.
pub(super) struct Dead {
    address: SocketAddr,
    book: Arc<Book>,
}

impl Dead {
    /// Comes back on the same port.
    pub(super) async fn come_back(self) -> Receiver {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        Receiver::on(socket.listen(16).unwrap(), self.book)
    }
}

async fn answer(State(book): State<Arc<Book>>, headers: HeaderMap, body: Bytes) -> Response {
    let request = Request { headers, body };
    book.requests.lock().unwrap().push(request.clone());
    let next = book.script.lock().unwrap().pop_front();
    // Every answer closes, so that every attempt comes by a connection of its own.
    let close = (header::CONNECTION, "close");
    match next {
        None => {
            book.take(request);
            (StatusCode::NO_CONTENT, [close]).into_response()
        }
        Some(Break::Answer(code, extra)) => {
            let status = StatusCode::from_u16(code).unwrap();
            if status.is_success() {
                book.take(request);
            }
            let mut response = (status, [close], "because the test says so").into_response();
            if let Some((name, value)) = extra {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Some(Break::Hang) => std::future::pending().await,
        Some(Break::TakeAndDie) => {
            book.take(request);
            panic!("as the script says");
        }
        Some(Break::Reset) => unreachable!("the door does that"),
    }
}

/// Accepts connections, and resets those that the script says.
struct Door {
    listener: TcpListener,
    book: Arc<Book>,
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            let mut script = self.book.script.lock().unwrap();
            if matches!(script.front(), Some(Break::Reset)) {
                script.pop_front();
                stream.set_zero_linger().unwrap();
                continue;
            }
            return (stream, address);
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
