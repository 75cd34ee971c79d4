//! An SMTP server on a real socket that breaks in every way a server can. RFC 5321, as much as a client needs.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::https::file;

/// What the server does with one connection.
#[derive(Clone, Debug)]
pub(super) enum Break {
    /// Takes the mail.
    Take,
    /// Says this instead of its greeting, and closes.
    Greet(&'static str),
    /// Says this to the recipient.
    Recipient(&'static str),
    /// Says this after the text.
    Text(&'static str),
    /// Closes after the text, without a word.
    Drop,
    /// Takes the mail, and closes without saying so.
    TakeAndDrop,
    /// Never answers the text.
    Hang,
    /// Says this to a password.
    Password(&'static str),
}

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Tls,
    Starttls,
}

/// One mail, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Mail {
    pub(super) recipients: Vec<String>,
    pub(super) text: String,
    pub(super) encrypted: bool,
    pub(super) signed_in: bool,
}

impl Mail {
    pub(super) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Book {
    script: Mutex<VecDeque<Break>>,
    always: Mutex<Option<Break>>,
    taken: Mutex<Vec<Mail>>,
    connections: Mutex<usize>,
}

/// A server that follows a script, then takes everything.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn new(mode: Mode, script: Vec<Break>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let book = Arc::new(Book { script: Mutex::new(script.into()), ..Book::default() });
        let (served, acceptor) = (Arc::clone(&book), acceptor());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (book, acceptor) = (Arc::clone(&served), acceptor.clone());
                tokio::spawn(async move {
                    *book.connections.lock().unwrap() += 1;
                    // Whatever breaks, breaks for the client.
                    let _ = match mode {
                        Mode::Plain => Session::new(&book, false).run(stream, None).await,
                        Mode::Starttls => Session::new(&book, false).run(stream, Some(acceptor)).await,
                        Mode::Tls => match acceptor.accept(stream).await {
                            Ok(stream) => Session::new(&book, true).run(stream, None).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, book, task }
    }

    /// From now on it does this with every connection, or follows its script again.
    pub(super) fn always(&self, answer: Option<Break>) {
        *self.book.always.lock().unwrap() = answer;
    }

    /// What it took, repetitions dropped by `Message-ID`.
    pub(super) fn taken(&self) -> Vec<Mail> {
        let mut ids = Vec::new();
        let mut taken = self.book.taken.lock().unwrap().clone();
        taken.retain(|mail| {
            let id = mail.header("Message-ID");
            let new = !ids.contains(&id);
            ids.push(id);
            new
        });
        taken
    }

    pub(super) fn connections(&self) -> usize {
        *self.book.connections.lock().unwrap()
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(file("receiver.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("receiver.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Session<'b> {
    book: &'b Book,
    next: Break,
    mail: Mail,
}

async fn line(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

impl<'b> Session<'b> {
    fn new(book: &'b Book, encrypted: bool) -> Self {
        let always = book.always.lock().unwrap().clone();
        let next = always.or_else(|| book.script.lock().unwrap().pop_front()).unwrap_or(Break::Take);
        Self { book, next, mail: Mail { encrypted, ..Mail::default() } }
    }

    async fn run(
        mut self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        upgrade: Option<TlsAcceptor>,
    ) -> std::io::Result<()> {
        if let Break::Greet(answer) = self.next {
            return stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
        stream.write_all(b"220 mail.example ESMTP\r\n").await?;
        if self.talk(&mut stream, upgrade.is_some()).await?
            && let Some(acceptor) = upgrade
        {
            let mut stream = acceptor.accept(stream).await?;
            self.mail.encrypted = true;
            self.talk(&mut stream, false).await?;
        }
        Ok(())
    }

    /// True: the client asked for TLS.
    async fn talk(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin), offer: bool) -> std::io::Result<bool> {
        loop {
            let said = line(stream).await?;
            let answer = match said.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" if offer => "250-mail.example\r\n250 STARTTLS",
                "EHLO" => "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                "STAR" => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => match self.next {
                    Break::Password(answer) => answer,
                    _ => {
                        self.mail.signed_in = true;
                        "235 welcome"
                    }
                },
                "RCPT" => match self.next {
                    Break::Recipient(answer) => answer,
                    _ => {
                        self.mail.recipients.push(said);
                        "250 ok"
                    }
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    loop {
                        let text = line(stream).await?;
                        if text == "." {
                            break;
                        }
                        self.mail.text += &text;
                        self.mail.text += "\r\n";
                    }
                    match self.next {
                        Break::Text(answer) => answer,
                        Break::Drop => return Ok(false),
                        Break::Hang => std::future::pending().await,
                        _ => {
                            self.book.taken.lock().unwrap().push(self.mail.clone());
                            if matches!(self.next, Break::TakeAndDrop) {
                                return Ok(false);
                            }
                            "250 taken"
                        }
                    }
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(false);
                }
                _ => "250 ok",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}
