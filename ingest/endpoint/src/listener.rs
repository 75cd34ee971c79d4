//! Accepting connections, and ending them all.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytesize::ByteSize;
use bytestring::ByteString;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::Intake;
use crate::access::Access;
use crate::bucket::Bucket;
use crate::certificates::{Certificates, TlsError};
use crate::clients::{Clients, Dismissal};
use crate::connection::Connection;
use crate::gauges::Gauges;
use crate::pace::{Buckets, Pace};
use crate::session::{Limits, Session};
use crate::settings::Settings;
use crate::stream::Stream;

/// Why the endpoint cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken, not ours, or needs rights that we do not have.
    #[error("cannot listen for MQTT on {address} (setting endpoint.{key}): {source}")]
    Listen {
        /// `listen` or `tls_listen`.
        key: &'static str,
        /// As set.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A value that cannot be used.
    #[error("setting endpoint.{key}: expected {expected}")]
    Setting {
        /// The key in the section.
        key: &'static str,
        /// What would do.
        expected: &'static str,
    },
    /// Certificate or key cannot be used.
    #[error("MQTT over TLS: {0}")]
    Tls(#[from] TlsError),
}

/// What all connections share.
pub(crate) struct House {
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) stop: CancellationToken,
    pub(crate) deadline: CancellationToken,
    pub(crate) packet_timeout: Duration,
    pub(crate) devices: Buckets<ByteString>,
    /// By the address of whoever speaks for itself alone.
    pub(crate) addresses: Buckets<IpAddr>,
}

/// Connections by address. Entries of 0 are removed: as large as the number of connections.
type Addresses = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// A connection's place among those allowed; dropping it gives the place back.
struct Place {
    addresses: Addresses,
    address: IpAddr,
    gauges: Arc<Gauges>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauges.connections.fetch_sub(1, Ordering::Relaxed);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

/// A bound listener that has not begun to accept.
pub struct Endpoint {
    settings: Settings,
    limits: Limits,
    access: Arc<dyn Access>,
    plain: TcpListener,
    address: SocketAddr,
    tls: Option<(TcpListener, SocketAddr, Arc<Certificates>)>,
    clients: Arc<Clients>,
    gauges: Arc<Gauges>,
    addresses: Addresses,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Takes the addresses. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// An address cannot be taken, a setting is out of range, or certificate and key cannot be used.
    #[expect(clippy::unused_async, reason = "callers are written for a bind that may wait")]
    pub async fn bind(settings: &Settings, access: Arc<dyn Access>) -> Result<Self, EndpointError> {
        let limits = limits(settings)?;
        let tls = tls(settings)?;
        let (plain, address) = listen("listen", settings.listen)?;
        let tls = match tls {
            None => None,
            Some((at, certificates)) => {
                let (listener, address) = listen("tls_listen", at)?;
                Some((listener, address, Arc::new(certificates)))
            }
        };
        Ok(Self {
            settings: settings.clone(),
            limits,
            access,
            plain,
            address,
            tls,
            clients: Arc::new(Clients::new(settings.max_connections_per_device)),
            gauges: Arc::default(),
            addresses: Arc::default(),
        })
    }

    /// Where plain MQTT is spoken, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where MQTT over TLS is spoken, if it is.
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|(_, address, _)| *address)
    }

    /// What TLS is spoken with, if it is: to be read anew.
    #[must_use]
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.tls.as_ref().map(|(.., certificates)| Arc::clone(certificates))
    }

    /// Ends connections of users from outside.
    #[must_use]
    pub fn dismissal(&self) -> Dismissal {
        Dismissal(Arc::clone(&self.clients))
    }

    /// Counts, which go on living with the caller.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Serves until `stop`. Then nothing more is accepted or read; acknowledgements go on being written until
    /// every ticket is spent or dropped, or `deadline` is cancelled; MQTT 5 clients are told (0x8B), and all
    /// connections are closed. Last wills are not taken for connections that end by `stop`.
    ///
    /// Dropping the future closes all connections at once.
    pub async fn run(self, intake: Arc<dyn Intake>, stop: CancellationToken, deadline: CancellationToken) {
        let house = Arc::new(House {
            intake,
            clients: Arc::clone(&self.clients),
            gauges: Arc::clone(&self.gauges),
            stop: stop.clone(),
            deadline,
            packet_timeout: self.settings.packet_timeout,
            devices: Buckets::new(self.settings.device_rate, self.settings.device_burst),
            addresses: Buckets::new(self.settings.address_rate, self.settings.address_rate),
        });
        // As many tasks as connections, at most `max_connections`.
        let mut tasks = JoinSet::new();
        let mut number = 0;
        let mut troubled = false;
        loop {
            // Every arm is cancel-safe: an accepted socket is returned or still in the backlog.
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = tasks.join_next() => {
                    report(ended);
                    continue;
                }
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer, tls)) => {
                    troubled = false;
                    if let Some(place) = self.place(peer.ip()) {
                        number += 1;
                        let (limits, access) = (self.limits, Arc::clone(&self.access));
                        let connect_by = Instant::now() + self.settings.connect_timeout;
                        let pace = Pace::new(Bucket::new(self.settings.rate, self.settings.rate, Instant::now()));
                        let house = Arc::clone(&house);
                        tasks.spawn(async move {
                            let _place = place;
                            if let Some(stream) = open(socket, tls, connect_by, &house.stop).await {
                                let session = Session::new(limits, peer, stream.certificate(), access);
                                Connection::new(stream, session, number, connect_by, pace).run(&house).await;
                            }
                        });
                    }
                }
                // The client went while it waited to be accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if !std::mem::replace(&mut troubled, true) {
                        tracing::warn!(%error, "cannot accept MQTT connections; trying on");
                    }
                    // Most often out of file descriptors: some must be closed first.
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop((self.plain, self.tls));
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Option<TlsAcceptor>)> {
        let Some((tls, _, certificates)) = &self.tls else {
            return self.plain.accept().await.map(|(socket, peer)| (socket, peer, None));
        };
        tokio::select! {
            plain = self.plain.accept() => plain.map(|(socket, peer)| (socket, peer, None)),
            tls = tls.accept() => tls.map(|(socket, peer)| (socket, peer, Some(certificates.current().into()))),
        }
    }

    /// A place for a connection from `address`; none if there are too many.
    fn place(&self, address: IpAddr) -> Option<Place> {
        Gauges::add(&self.gauges.accepted, 1);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let total = usize::try_from(self.gauges.connections()).unwrap_or(usize::MAX);
        let here = addresses.get(&address).copied().unwrap_or(0);
        if total >= self.settings.max_connections || here >= self.settings.max_connections_per_address {
            Gauges::add(&self.gauges.turned_away, 1);
            tracing::debug!(%address, total, here, "connection closed at once: too many");
            return None;
        }
        addresses.insert(address, here + 1);
        Gauges::add(&self.gauges.connections, 1);
        drop(addresses);
        Some(Place { addresses: Arc::clone(&self.addresses), address, gauges: Arc::clone(&self.gauges) })
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "an MQTT connection ended by a defect of the endpoint; the others go on");
    }
}

async fn open(socket: TcpStream, tls: Option<TlsAcceptor>, by: Instant, stop: &CancellationToken) -> Option<Stream> {
    // Acknowledgements are small, and devices wait for them.
    socket.set_nodelay(true).ok()?;
    match tls {
        None => Some(Stream::Plain(socket)),
        // Boxed: the handshake is large, and its space would stay in the task of every connection.
        Some(acceptor) => match stop.run_until_cancelled(timeout_at(by, Box::pin(acceptor.accept(socket)))).await {
            Some(Ok(Ok(stream))) => Some(Stream::Tls(Box::new(stream))),
            Some(Ok(Err(error))) => {
                tracing::debug!(%error, "TLS handshake failed");
                None
            }
            None | Some(Err(_)) => None,
        },
    }
}

impl Settings {
    /// Whether an endpoint can be made of them. Reads certificate and key; takes no address.
    ///
    /// # Errors
    /// A setting is out of range, or certificate and key cannot be used.
    pub fn check(&self) -> Result<(), EndpointError> {
        limits(self)?;
        tls(self).map(drop)
    }
}

fn limits(settings: &Settings) -> Result<Limits, EndpointError> {
    let size = |key: &'static str, size: ByteSize| {
        let bytes = usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
        let fits = (1 << 10..=256 << 20).contains(&bytes);
        fits.then_some(bytes).ok_or(EndpointError::Setting { key, expected: "a size from 1 KiB to 256 MiB" })
    };
    let max_packet = size("max_packet", settings.max_packet)?;
    let device_max_packet = size("device_max_packet", settings.device_max_packet)?;
    if settings.device_burst == 0 {
        return Err(EndpointError::Setting { key: "device_burst", expected: "at least 1" });
    }
    for (key, value) in [
        ("max_connections", settings.max_connections),
        ("max_connections_per_address", settings.max_connections_per_address),
        ("max_connections_per_device", settings.max_connections_per_device),
    ] {
        if value == 0 {
            return Err(EndpointError::Setting { key, expected: "at least 1" });
        }
    }
    Ok(Limits { max_packet, device_max_packet, window: settings.window.get(), topic_aliases: settings.topic_aliases })
}

fn listen(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), EndpointError> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        // Accepted sockets inherit it: a client without keep-alive that vanished is noticed at last.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        let listener = socket.listen(1024)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|source| EndpointError::Listen { key, address, source })
}

/// Where TLS is to be spoken, if it is, and with what.
fn tls(settings: &Settings) -> Result<Option<(SocketAddr, Certificates)>, EndpointError> {
    /// As registered with IANA; a client that offers no protocol is served too.
    const ALPN: &str = "mqtt";
    const EXPECTED: &str = "a PEM file, since tls_listen is set";
    let Some(at) = settings.tls_listen else { return Ok(None) };
    let certificate = settings.certificate.as_ref().ok_or(EndpointError::Setting { key: "certificate", expected: EXPECTED })?;
    let key = settings.key.as_ref().ok_or(EndpointError::Setting { key: "key", expected: EXPECTED })?;
    let read = Certificates::read(certificate, key, settings.client_ca.as_deref(), &[ALPN])?;
    Ok(Some((at, read)))
}
