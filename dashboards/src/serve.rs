//! Serving on a socket: so many connections and no more, none that stands still for ever, and an
//! orderly end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::Settings;
use crate::access::Peer;

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
    let door = Door { listener, places: Arc::new(Semaphore::new(settings.connections)), idle: settings.idle };
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

struct Door {
    listener: TcpListener,
    /// One permit a connection. When there is none, the next connection waits in the system's queue.
    places: Arc<Semaphore>,
    idle: Duration,
}

impl Listener for Door {
    type Io = Watched;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Watched, SocketAddr) {
        let place = self.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        // `Listener for TcpListener` waits a second after an error such as too many open files.
        let (stream, from) = Listener::accept(&mut self.listener).await;
        // Small frames of events go out at once; a stream that refuses is as good without.
        let _ = stream.set_nodelay(true);
        (Watched { stream, idle: self.idle, silence: Box::pin(tokio::time::sleep(self.idle)), _place: place }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Listener::local_addr(&self.listener)
    }
}

/// A connection that is closed when nothing has moved on it for `idle`.
struct Watched {
    stream: TcpStream,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    fn moved(&mut self) {
        self.silence.as_mut().reset(Instant::now() + self.idle);
    }

    /// Turns waiting into an end once the silence is too long.
    fn pending<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.silence.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing moved on the connection")))
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.pending(cx),
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.pending(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
