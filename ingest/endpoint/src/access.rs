//! Who may connect, and publish what. The answers come from outside: see [`Access`].

use std::fmt;
use std::net::SocketAddr;

/// What a client says of itself in CONNECT.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The client identifier; one that the endpoint made up if the client gave none.
    pub client: &'a str,
    /// The user name, if given.
    pub user: Option<&'a str>,
    /// The password, if given: any bytes.
    pub password: Option<&'a [u8]>,
    /// The certificate that the client has shown over TLS, in DER; an authority of `client_ca` has signed it.
    pub certificate: Option<&'a [u8]>,
    /// The other end of the socket.
    pub address: SocketAddr,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client", &self.client)
            .field("user", &self.user)
            .field("password", &self.password.map(|_| "(not shown)"))
            .field("certificate", &self.certificate.map(<[u8]>::len))
            .field("address", &self.address)
            .finish()
    }
}

/// A connected client.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The client identifier.
    pub client: &'a str,
    /// The user name that it connected with.
    pub user: Option<&'a str>,
    /// The other end of the socket.
    pub address: SocketAddr,
}

/// Why a client may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Wrong user name or password (3.1.1: 4, MQTT 5: 0x86).
    BadCredentials,
    /// Known, but not allowed (3.1.1: 5, MQTT 5: 0x87).
    NotAuthorized,
    /// The client identifier is not acceptable (3.1.1: 2, MQTT 5: 0x85).
    ClientId,
    /// Not now (3.1.1: 3, MQTT 5: 0x88).
    Unavailable,
}

/// Decides who may connect and publish. Asked from the connection's task: an answer must not block.
///
/// A client identifier takes the connection of the same identifier over, within one user where users are proved.
pub trait Access: Send + Sync + 'static {
    /// Whether this client may connect.
    ///
    /// # Errors
    /// The reason that it is told.
    fn connect(&self, who: &Credentials<'_>) -> Result<(), Refusal>;

    /// Whether user names are proved at CONNECT: then a client identifier takes only the connection of the same user over,
    /// the connections of a user are counted, and [`crate::Dismissal`] knows them.
    fn proves_users(&self) -> bool {
        false
    }

    /// Whether a proved user speaks for others, as a network server does: then the limits of one device are not its own.
    fn speaks_for_others(&self, user: &str) -> bool {
        let _ = user;
        false
    }

    /// Whether it may publish to this topic. Asked once for each publish, and for a last will at CONNECT.
    ///
    /// A refused publish is counted and goes no further. MQTT 5 clients get PUBACK or PUBREC 0x87 (QoS 0:
    /// nothing). MQTT 3.1.1 has no such code, and offers to acknowledge or to close (section 3.3.5): it is
    /// acknowledged, since a closed connection would make the device repeat the message for ever.
    fn publish(&self, who: &Identity<'_>, topic: &str) -> bool {
        let _ = (who, topic);
        true
    }
}

/// Everybody may do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Access for Open {
    fn connect(&self, _who: &Credentials<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let address = "127.0.0.1:1".parse().unwrap();
        let who = Credentials { client: "c", user: Some("u"), password: Some(b"secret"), certificate: None, address };
        let shown = format!("{who:?}");
        assert!(shown.contains("not shown") && !shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}
