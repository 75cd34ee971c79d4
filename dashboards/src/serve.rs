//! Serving on a socket: so many connections and no more, none that stands still for ever, and an
//! orderly end.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;

use crate::Settings;
use crate::access::Peer;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long answers under way may take to end once `stop` is done. Event streams never end by
/// themselves.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves until `stop` is done, then lets answers under way end, for two seconds at most.
///
/// # Errors
/// The listener failed for good.
pub async fn serve<S>(listener: TcpListener, router: Router, settings: &Settings, stop: S) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    through(Door::new(listener, settings, None), router, stop).await
}

/// What the next connection is spoken to with, over TLS.
pub type Tls = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// The same over TLS. A handshake that stands still holds nobody else up.
///
/// # Errors
/// The listener failed for good.
pub async fn serve_tls<S>(listener: TcpListener, router: Router, settings: &Settings, tls: Tls, stop: S) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    through(Door::new(listener, settings, Some(tls)), router, stop).await
}

async fn through<S>(door: Door, router: Router, stop: S) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    let (stopped, heard) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        // Nobody hears it only if serving has ended already.
        let _ = stopped.send(());
    };
    let deadline = async move {
        match heard.await {
            Ok(()) => tokio::time::sleep(DRAIN).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        // Either ends for good: nothing is polled again after the first.
        served = axum::serve(door, router.into_make_service_with_connect_info::<Peer>()).with_graceful_shutdown(stop) => served,
        () = deadline => Ok(()),
    }
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

/// A socket, after its handshake where it has one.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection that is ready to be read, or nothing where its handshake failed.
type Handshake = BoxFuture<'static, Option<(Watched, SocketAddr)>>;

struct Door {
    listener: TcpListener,
    /// One permit a connection. When there is none, the next connection waits in the system's queue.
    places: Arc<Semaphore>,
    idle: Duration,
    tls: Option<Tls>,
    /// Under way; each holds a permit, so there are never more than those.
    handshakes: FuturesUnordered<Handshake>,
}

impl Door {
    fn new(listener: TcpListener, settings: &Settings, tls: Option<Tls>) -> Self {
        let places = Arc::new(Semaphore::new(settings.connections));
        Self { listener, places, idle: settings.idle, tls, handshakes: FuturesUnordered::new() }
    }
}

/// The next connection, once there is a place for it.
async fn next(listener: &mut TcpListener, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    // `Listener for TcpListener` waits a second after an error such as too many open files.
    let (stream, from) = Listener::accept(listener).await;
    // Small frames of events go out at once; a stream that refuses is as good without.
    let _ = stream.set_nodelay(true);
    (stream, from, place)
}

async fn shake(
    stream: TcpStream,
    from: SocketAddr,
    place: OwnedSemaphorePermit,
    tls: Arc<ServerConfig>,
    idle: Duration,
) -> Option<(Watched, SocketAddr)> {
    match tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => Some((Watched::new(Box::new(stream), idle, place), from)),
        Ok(Err(error)) => {
            tracing::debug!(%error, %from, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

impl Listener for Door {
    type Io = Watched;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Watched, SocketAddr) {
        loop {
            let Self { listener, places, idle, tls, handshakes } = self;
            // Either arm is cancel-safe: handshakes stay in the set, a socket is returned or still in the backlog.
            tokio::select! {
                Some(done) = handshakes.next(), if !handshakes.is_empty() => if let Some(ready) = done {
                    return ready;
                },
                (stream, from, place) = next(listener, places) => match tls {
                    None => return (Watched::new(Box::new(stream), *idle, place), from),
                    Some(tls) => handshakes.push(shake(stream, from, place, tls(), *idle).boxed()),
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Listener::local_addr(&self.listener)
    }
}

/// A connection that is closed when nothing has moved on it for `idle`.
struct Watched {
    stream: Box<dyn Io>,
    idle: Duration,
    /// When something moved last.
    moved: Instant,
    /// Rings no later than the silence is too long. It is set anew when it rings, not whenever something moves.
    alarm: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    fn new(stream: Box<dyn Io>, idle: Duration, place: OwnedSemaphorePermit) -> Self {
        Self { stream, idle, moved: Instant::now(), alarm: Box::pin(tokio::time::sleep(idle)), _place: place }
    }

    /// Notes that something moved; turns waiting into an end once the silence is too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.moved = Instant::now();
            return done;
        }
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let end = self.moved + self.idle;
            if end <= Instant::now() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing moved on the connection")));
            }
            self.alarm.as_mut().reset(end);
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.watch(cx, read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    // Without these two, what many clients share would be copied once for each.
    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
