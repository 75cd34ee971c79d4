//! The protocol of one connection, without input and output: bytes go in, publishes and answers come out.
//! It never panics, whatever the bytes: see the property tests.
//!
//! Deliberately absent: time, sockets, waiting. The rate comes in as a number of publishes allowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use rustc_hash::FxHashMap;

use crate::Publish;
use crate::access::{Access, Credentials, Identity, Refusal};
use crate::answers::{self, Announced, NOT_AUTHORIZED, PUBACK, PUBCOMP, PUBREC};
use crate::connect::{self, Connect, Version};
use crate::fault::{End, Fault};
use crate::packet::{self, Header};

/// What one connection may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_packet: usize,
    /// Of a device that speaks for itself alone.
    pub(crate) device_max_packet: usize,
    pub(crate) window: u16,
    pub(crate) topic_aliases: u16,
}

/// What [`Session::feed`] took from the input.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) publishes: Vec<Publish>,
    /// Acknowledgements, in order, that may leave once the publishes are kept.
    pub(crate) acks: Vec<u8>,
    /// How many messages of the window `acks` acknowledge.
    pub(crate) messages: u32,
    /// Publishes that the access check refused.
    pub(crate) refused: u32,
    /// PUBLISH packets of any fate, for the rate.
    pub(crate) counted: u32,
    /// Whole packets of any kind.
    pub(crate) packets: u32,
}

/// Why [`Session::feed`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The rest of the input is not a whole packet. At least this many more bytes are needed.
    Read(usize),
    /// A 3.1.1 client has as many unacknowledged messages as it may.
    WindowFull,
    /// As many publishes were read as are allowed now.
    RateSpent,
    /// The client has just been taken in: the caller makes room for its identifier.
    Connected,
    /// It is over.
    End(End),
}

/// A connected client.
#[derive(Debug)]
struct Client {
    version: Version,
    id: ByteString,
    user: Option<ByteString>,
    will: Option<Publish>,
    keep_alive: u16,
    longest: usize,
    reasons: bool,
}

/// The protocol state of one connection.
pub(crate) struct Session {
    limits: Limits,
    address: SocketAddr,
    certificate: Option<Vec<u8>>,
    access: Arc<dyn Access>,
    client: Option<Box<Client>>,
    /// The version that CONNECT asked for, from the moment that it is known.
    version: Option<Version>,
    aliases: FxHashMap<u16, ByteString>,
    /// QoS 2 messages that wait for PUBREL, and the ticket that lets their PUBREC go. At most 65,535.
    releases: FxHashMap<u16, u64>,
    unacked: u32,
    issued: u64,
    settled: u64,
    /// Publishes of the last read, a hint for the next.
    last: usize,
}

impl Session {
    /// `certificate` is what the client has shown over TLS.
    pub(crate) fn new(limits: Limits, address: SocketAddr, certificate: Option<Vec<u8>>, access: Arc<dyn Access>) -> Self {
        Self {
            limits,
            address,
            certificate,
            access,
            client: None,
            version: None,
            aliases: FxHashMap::default(),
            releases: FxHashMap::default(),
            unacked: 0,
            issued: 0,
            settled: 0,
            last: 0,
        }
    }

    /// The number of the ticket that the next acknowledgements go with. The caller makes one ticket for each
    /// [`Taken`] whose `acks` are not empty, and says so here.
    pub(crate) fn issue(&mut self) -> u64 {
        self.issued += 1;
        self.issued - 1
    }

    /// Tickets settled so far, and messages that left the window since the last time.
    pub(crate) fn settle(&mut self, settled: u64, freed: u32) {
        self.settled = settled;
        self.unacked = self.unacked.saturating_sub(freed);
    }

    /// Whether every ticket is settled.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled == self.issued
    }

    /// The client identifier, once connected.
    pub(crate) fn id(&self) -> Option<&ByteString> {
        self.client.as_ref().map(|c| &c.id)
    }

    /// The user name, once connected, where such names are proved.
    pub(crate) fn proved_user(&self) -> Option<&ByteString> {
        self.client.as_ref().filter(|_| self.access.proves_users()).and_then(|c| c.user.as_ref())
    }

    /// The same of a device that speaks for itself alone.
    pub(crate) fn lone_device(&self) -> Option<&ByteString> {
        self.proved_user().filter(|user| !self.access.speaks_for_others(user))
    }

    /// The address of whoever does not speak for others: neither a user who does, nor a program of this machine that needs no
    /// credential.
    pub(crate) fn lone_address(&self) -> Option<IpAddr> {
        let address = self.address.ip().to_canonical();
        let alone = if self.access.proves_users() { self.lone_device().is_some() } else { !address.is_loopback() };
        alone.then_some(address)
    }

    /// Seconds, 0 for none.
    pub(crate) fn keep_alive(&self) -> u16 {
        self.client.as_ref().map_or(0, |c| c.keep_alive)
    }

    pub(crate) fn take_will(&mut self) -> Option<Publish> {
        self.client.as_mut().and_then(|c| c.will.take())
    }

    /// Takes whole packets from the front of `input`, with at most `allowed` publishes; answers that need no
    /// commit go to `out`.
    pub(crate) fn feed(&mut self, input: &mut BytesMut, out: &mut BytesMut, allowed: u32, spare_id: &str) -> (Taken, Next) {
        let mut taken = Taken::default();
        let next = loop {
            match self.step(input, out, allowed, spare_id, &mut taken) {
                Ok(None) => {}
                Ok(Some(next)) => break next,
                Err(fault) => break Next::End(End::Fault(fault)),
            }
        };
        self.last = taken.publishes.len();
        (taken, next)
    }

    fn step(
        &mut self,
        input: &mut BytesMut,
        out: &mut BytesMut,
        allowed: u32,
        spare_id: &str,
        taken: &mut Taken,
    ) -> Result<Option<Next>, Fault> {
        if self.client.is_none() && input.first().is_some_and(|first| first >> 4 != packet::CONNECT) {
            return Err(Fault::Protocol("the first packet is not CONNECT"));
        }
        let Some(header) = packet::header(input, self.limits.max_packet)? else { return Ok(Some(Next::Read(1))) };
        if let Some(missing) = header.size.checked_sub(input.len()).filter(|n| *n > 0) {
            return Ok(Some(Next::Read(missing)));
        }
        if header.kind == packet::PUBLISH {
            if taken.counted >= allowed {
                return Ok(Some(Next::RateSpent));
            }
            if header.flags & 0b0110 != 0 && self.unacked >= u32::from(self.limits.window) && self.version == Some(Version::V4) {
                return Ok(Some(Next::WindowFull));
            }
        }
        let packet = input.split_to(header.size).freeze();
        taken.packets += 1;
        if header.kind == packet::PUBLISH {
            return self.publish(header, packet, taken).map(|()| None);
        }
        let body = packet.get(header.start..).unwrap_or_default();
        if header.kind == packet::CONNECT {
            return self.connect(body, out, spare_id).map(Some);
        }
        self.control(header.kind, body, out)
    }

    fn connect(&mut self, body: &[u8], out: &mut BytesMut, spare_id: &str) -> Result<Next, Fault> {
        if self.client.is_some() {
            return Err(Fault::Protocol("a second CONNECT"));
        }
        let version = connect::version(body)?;
        self.version = Some(version);
        let mut connect = connect::read(body, version)?;
        let given = !connect.client.is_empty();
        if !given {
            if version == Version::V4 && !connect.clean {
                return Err(Fault::ClientId("empty, which needs a clean session"));
            }
            connect.client = ByteString::from(spare_id);
        }
        if let Err(refusal) = self.ask(&connect) {
            answers::refuse(out, version, refusal);
            return Ok(Next::End(End::Refused));
        }
        let alone =
            connect.user.as_deref().is_some_and(|user| self.access.proves_users() && !self.access.speaks_for_others(user));
        if alone {
            self.limits.max_packet = self.limits.max_packet.min(self.limits.device_max_packet);
        }
        let limits = Announced {
            window: self.limits.window,
            max_packet: u32::try_from(self.limits.max_packet).unwrap_or(u32::MAX),
            topic_aliases: self.limits.topic_aliases,
        };
        answers::welcome(out, version, limits, (!given).then_some(spare_id), connect.session_expiry > 0);
        self.client = Some(Box::new(Client {
            version,
            id: connect.client,
            user: connect.user,
            will: connect.will,
            keep_alive: connect.keep_alive,
            longest: usize::try_from(connect.max_packet).unwrap_or(usize::MAX),
            reasons: connect.reasons,
        }));
        Ok(Next::Connected)
    }

    fn ask(&self, connect: &Connect) -> Result<(), Refusal> {
        let user = connect.user.as_deref();
        self.access.connect(&Credentials {
            client: &connect.client,
            user,
            password: connect.password.as_deref(),
            certificate: self.certificate.as_deref(),
            address: self.address,
        })?;
        let who = Identity { client: &connect.client, user, address: self.address };
        match &connect.will {
            Some(will) if !self.access.publish(&who, &will.topic) => Err(Refusal::NotAuthorized),
            _ => Ok(()),
        }
    }

    fn publish(&mut self, header: Header, packet: Bytes, taken: &mut Taken) -> Result<(), Fault> {
        let Some(client) = &self.client else { return Err(Fault::Protocol("PUBLISH before CONNECT")) };
        let version = client.version;
        let mut incoming = packet::publish(header, packet, version)?;
        taken.counted += 1;
        if let Some(alias) = incoming.alias {
            if alias == 0 || alias > self.limits.topic_aliases {
                return Err(Fault::Alias(alias));
            }
            if incoming.topic.is_empty() {
                incoming.topic = self.aliases.get(&alias).cloned().ok_or(Fault::Alias(alias))?;
            } else {
                // A copy, so that the alias does not keep a read buffer.
                self.aliases.insert(alias, ByteString::from(&*incoming.topic));
            }
        }
        let ack = if incoming.qos == 2 { PUBREC } else { PUBACK };
        let repeated = if incoming.qos == 2 { self.releases.get(&incoming.id).copied() } else { None };
        if version == Version::V5 && incoming.qos > 0 {
            // What waits for its PUBREL still fills the receive maximum (MQTT 5 section 4.9).
            let open = if repeated.is_some() { 0 } else { self.releases.len() };
            if self.unacked as usize + open >= usize::from(self.limits.window) {
                return Err(Fault::Window);
            }
        }
        if let Some(ticket) = repeated {
            // Delivered already. Its PUBREC is repeated if it has gone; otherwise it will go in its turn.
            if ticket < self.settled {
                answers::acknowledge(&mut taken.acks, ack, incoming.id);
                self.count(taken);
            }
            return Ok(());
        }
        let who = Identity { client: &client.id, user: client.user.as_deref(), address: self.address };
        if !self.access.publish(&who, &incoming.topic) {
            taken.refused += 1;
            match (incoming.qos, version) {
                (0, _) => return Ok(()),
                (_, Version::V5) => answers::acknowledge_with(&mut taken.acks, ack, incoming.id, NOT_AUTHORIZED),
                (_, Version::V4) => answers::acknowledge(&mut taken.acks, ack, incoming.id),
            }
            self.count(taken);
            return Ok(());
        }
        if incoming.qos > 0 {
            answers::acknowledge(&mut taken.acks, ack, incoming.id);
            if incoming.qos == 2 {
                self.releases.insert(incoming.id, self.issued);
            }
            if incoming.qos == 1 || version == Version::V4 {
                self.count(taken);
            }
        }
        if taken.publishes.is_empty() {
            taken.publishes.reserve(self.last.max(1));
        }
        taken.publishes.push(Publish {
            topic: incoming.topic,
            payload: incoming.payload,
            qos: incoming.qos,
            retain: header.flags & 1 != 0,
            dup: header.flags & 8 != 0,
            will: false,
        });
        Ok(())
    }

    /// One more acknowledgement waits. Refused and repeated messages count too, since theirs wait in the same
    /// queue; QoS 2 of MQTT 5 is counted by `releases`.
    fn count(&mut self, taken: &mut Taken) {
        taken.messages += 1;
        self.unacked += 1;
    }

    fn control(&mut self, kind: u8, body: &[u8], out: &mut BytesMut) -> Result<Option<Next>, Fault> {
        let Some(client) = &self.client else { return Err(Fault::Protocol("the first packet is not CONNECT")) };
        let version = client.version;
        match kind {
            packet::PUBREL => {
                let id = packet::release(body, version)?;
                if self.releases.get(&id).is_some_and(|ticket| *ticket >= self.settled) {
                    return Err(Fault::Protocol("PUBREL before PUBREC"));
                }
                let mut answer = Vec::with_capacity(5);
                // An identifier that we do not know was released on an earlier connection.
                match (self.releases.remove(&id), version) {
                    (None, Version::V5) => answers::acknowledge_with(&mut answer, PUBCOMP, id, 0x92),
                    _ => answers::acknowledge(&mut answer, PUBCOMP, id),
                }
                out.extend_from_slice(&answer);
            }
            packet::PINGREQ => {
                packet::end(crate::fields::Fields(body))?;
                answers::pong(out);
            }
            packet::SUBSCRIBE => {
                let (id, filters) = packet::subscribe(body, version)?;
                answers::no_subscriptions(out, version, id, filters, client.longest, client.reasons);
            }
            packet::UNSUBSCRIBE => {
                let (id, filters) = packet::unsubscribe(body, version)?;
                answers::no_such_subscriptions(out, version, id, filters);
            }
            packet::DISCONNECT => {
                let reason = packet::disconnect(body, version)?;
                return Ok(Some(Next::End(if reason == 0 { End::Disconnected } else { End::DisconnectedWithWill })));
            }
            packet::AUTH if version == Version::V5 => return Err(Fault::Protocol("AUTH without an authentication method")),
            _ => return Err(Fault::Protocol("a packet that only a server sends, or that answers nothing")),
        }
        Ok(None)
    }

    /// The last words: DISCONNECT, or CONNACK while CONNECT is not done with; 3.1.1 has them only for CONNECT.
    pub(crate) fn farewell(&self, end: End, out: &mut BytesMut) {
        let Some((reason, text)) = end.farewell() else { return };
        match (&self.client, self.version, end) {
            (Some(client), Some(Version::V5), _) => answers::disconnect(out, reason, &text, client.longest),
            (None, Some(Version::V5), End::Fault(_)) => answers::refuse_v5(out, reason),
            (None, Some(Version::V4), End::Fault(Fault::ClientId(_))) => answers::refuse_v4(out, 2),
            (None, None, End::Fault(Fault::Version)) => answers::refuse_v4(out, 1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
