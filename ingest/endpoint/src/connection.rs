//! The shell around one [`Session`]: a socket, two buffers, one timer, and the way to the intake.
//!
//! One task, one loop. An idle connection keeps no read buffer: one is taken when there is something to read,
//! sized by what the last reads gave, and given back when all is parsed and the socket is empty.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::fault::{End, Fault};
use crate::gauges::Gauges;
use crate::link::{Link, Ticket};
use crate::listener::House;
use crate::pace::Pace;
use crate::session::{Next, Session, Taken};
use crate::stream::Stream;
use crate::{Arrivals, Closed};

/// The smallest and the largest read. A buffer is at most four times what the last read gave, so that
/// messages that wait for the disk do not keep much more memory than they fill.
const SMALL_READ: usize = 2 << 10;
const LARGE_READ: usize = 128 << 10;
/// Answers that a client does not take: beyond this it is not read any more.
const UNREAD_ANSWERS: usize = 64 << 10;
/// How long last words may take to be sent and taken.
const FAREWELL: Duration = Duration::from_secs(1);
/// For a timer with nothing to wait for.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

type Taking<'a> = Option<BoxFuture<'a, Result<(), Closed>>>;

/// One connection, from its first byte.
pub(crate) struct Connection {
    stream: Stream,
    session: Session,
    link: Arc<Link>,
    input: BytesMut,
    out: BytesMut,
    unflushed: bool,
    read_size: usize,
    pace: Pace,
    /// For a client that gives no identifier.
    number: u64,
    /// When CONNECT must be there.
    connect_by: Instant,
    /// When the last whole packet came, or reading began again.
    heard: Instant,
    /// Since when a packet is there in part.
    partial: Option<Instant>,
    next: Next,
    was_reading: bool,
}

/// What the socket did.
enum Io {
    Read(usize),
    Wrote,
}

impl Connection {
    pub(crate) fn new(stream: Stream, session: Session, number: u64, connect_by: Instant, pace: Pace) -> Self {
        let now = Instant::now();
        Self {
            stream,
            session,
            link: Arc::default(),
            input: BytesMut::new(),
            out: BytesMut::new(),
            unflushed: false,
            read_size: SMALL_READ,
            pace,
            number,
            connect_by,
            heard: now,
            partial: None,
            next: Next::Read(1),
            was_reading: false,
        }
    }

    /// Speaks until it is over, then does what is due: last words, then the last will.
    pub(crate) async fn run(mut self, house: &House) {
        let end = self.converse(house).await;
        self.link.close();
        if let Some(id) = self.session.id() {
            house.clients.leave(self.session.proved_user(), id, &self.link);
        }
        match end {
            End::Fault(fault) => {
                Gauges::add(&house.gauges.faults, 1);
                tracing::debug!(client = self.session.id().map(|id| &**id), %fault, "connection ended by the client's fault");
            }
            End::Refused => Gauges::add(&house.gauges.refused_clients, 1),
            _ => {}
        }
        self.say_farewell(end, house).await;
        if end.wants_will() {
            self.deliver_will(house).await;
        }
    }

    async fn converse(&mut self, house: &House) -> End {
        // Pinned once: registering with the tokens on every round would cost more than the round.
        let mut stopped = pin!(house.stop.cancelled());
        let mut cut = pin!(house.deadline.cancelled());
        let mut alarm = pin!(sleep_until(self.connect_by));
        let mut taking: Taking<'_> = None;
        // Reads no more; ends when all tickets are settled and all answers written.
        let mut closing: Option<End> = None;
        loop {
            let news = self.link.collect(&mut self.out);
            self.session.settle(news.settled, news.freed);
            if news.dismissed {
                return End::Dismissed;
            }
            if news.taken_over {
                // What waits for the intake is given up: the client repeats it on its new connection.
                return End::TakenOver;
            }
            if news.dropped && closing.is_none() {
                closing = Some(End::NotKept);
            }
            if taking.is_none() && closing.is_none() && self.out.len() < UNREAD_ANSWERS {
                taking = self.feed(house);
            }
            if taking.is_none() {
                match (self.next, closing) {
                    (Next::End(end), _) => return end,
                    (_, Some(end)) if self.session.is_settled() && self.out.is_empty() && !self.unflushed => return end,
                    _ => {}
                }
            }
            let reading =
                matches!(self.next, Next::Read(_)) && taking.is_none() && closing.is_none() && self.out.len() < UNREAD_ANSWERS;
            self.note_reading(reading);
            self.set_alarm(alarm.as_mut(), reading, house);
            let stopping = closing == Some(End::Stopped);
            // Every arm is cancel-safe: tokens, timer, intake and link keep their state outside of the future,
            // and `io` moves bytes only when it is ready.
            tokio::select! {
                biased;
                () = &mut cut => return End::Stopped,
                () = &mut stopped, if !stopping => closing = Some(End::Stopped),
                result = poll_fn(|cx| poll_taking(&mut taking, cx)) => {
                    taking = None;
                    if result.is_err() {
                        return End::Stopped;
                    }
                }
                result = poll_fn(|cx| {
                    poll_io(cx, &mut self.stream, &mut self.input, &mut self.out, &mut self.unflushed, reading.then_some(self.read_size))
                }) => match result {
                    Ok(Io::Read(0)) | Err(_) => return End::Gone,
                    Ok(Io::Read(n)) => {
                        Gauges::add(&house.gauges.bytes, n as u64);
                        self.resize(n);
                    }
                    Ok(Io::Wrote) => {}
                },
                // After `io`, which cannot starve it: news is collected on every round.
                () = poll_fn(|cx| self.link.poll_news(cx)) => {}
                () = alarm.as_mut() => {
                    if let Some(fault) = self.overdue(reading, house) {
                        return End::Fault(fault);
                    }
                }
            }
        }
    }

    /// Parses what was read. What it gives is on its way to the intake when this returns.
    fn feed<'a>(&mut self, house: &'a House) -> Taking<'a> {
        if self.input.is_empty() {
            if !matches!(self.next, Next::End(_)) {
                self.next = Next::Read(1);
            }
            return None;
        }
        let now = Instant::now();
        let allowed = self.pace.allowed(now);
        let spare_id = if self.session.id().is_none() { format!("auto-{}", self.number) } else { String::new() };
        let (taken, next) = self.session.feed(&mut self.input, &mut self.out, allowed, &spare_id);
        self.pace.take(taken.counted);
        self.next = next;
        if taken.packets > 0 {
            self.heard = now;
            self.partial = None;
        }
        if self.input.is_empty() {
            self.partial = None;
        } else if self.partial.is_none() {
            self.partial = Some(now);
        }
        if next == Next::Connected {
            if let Some(id) = self.session.id() {
                house.clients.enter(self.session.proved_user(), id, &self.link);
            }
            self.pace.share(self.session.lone_device().and_then(|device| house.devices.of(device, now)));
            self.pace.share(self.session.lone_address().and_then(|address| house.addresses.of(&address, now)));
            // There may be more behind CONNECT.
            return self.feed(house);
        }
        self.hand_over(taken, house)
    }

    fn hand_over<'a>(&mut self, taken: Taken, house: &'a House) -> Taking<'a> {
        Gauges::add(&house.gauges.refused_publishes, u64::from(taken.refused));
        let ticket = if taken.acks.is_empty() {
            Ticket::nothing()
        } else {
            Ticket::new(Arc::clone(&self.link), self.session.issue(), taken.acks, taken.messages)
        };
        if taken.publishes.is_empty() {
            // Only refused or repeated ones: acknowledged in their turn, without a commit.
            ticket.spend();
            return None;
        }
        Gauges::add(&house.gauges.publishes, taken.publishes.len() as u64);
        Some(house.intake.take(Arrivals { publishes: taken.publishes, ticket }))
    }

    /// Silence counts only while we listen.
    fn note_reading(&mut self, reading: bool) {
        if reading && !self.was_reading {
            let now = Instant::now();
            self.heard = now;
            self.partial = self.partial.map(|_| now);
        }
        self.was_reading = reading;
    }

    /// When the next thing is overdue, if anything can be.
    fn due(&self, reading: bool, house: &House) -> Option<Instant> {
        if self.session.id().is_none() {
            return Some(self.connect_by);
        }
        if self.next == Next::RateSpent {
            return Some(self.pace.next());
        }
        if !reading {
            return None;
        }
        let seconds = u64::from(self.session.keep_alive());
        let silence = (seconds > 0).then(|| self.heard + Duration::from_millis(seconds * 1500));
        let packet = self.partial.map(|since| since + house.packet_timeout);
        [silence, packet].into_iter().flatten().min()
    }

    /// The timer is moved only to an earlier time: a later one is found when it rings.
    fn set_alarm(&self, alarm: Pin<&mut Sleep>, reading: bool, house: &House) {
        let due = self.due(reading, house);
        if alarm.is_elapsed() || due.is_some_and(|due| due < alarm.deadline()) {
            alarm.reset(due.unwrap_or_else(|| Instant::now() + FAR));
        }
    }

    fn overdue(&self, reading: bool, house: &House) -> Option<Fault> {
        let due = self.due(reading, house)?;
        if due > Instant::now() || self.next == Next::RateSpent {
            return None;
        }
        let connected = self.session.id().is_some();
        let packet = self.partial.is_some_and(|since| due == since + house.packet_timeout);
        Some(match (connected, packet) {
            (false, _) => Fault::ConnectTimeout,
            (true, true) => Fault::PacketTimeout,
            (true, false) => Fault::KeepAlive,
        })
    }

    fn resize(&mut self, read: usize) {
        if read >= self.read_size {
            self.read_size = (self.read_size * 4).min(LARGE_READ);
        } else if read < self.read_size / 4 {
            self.read_size = (self.read_size / 4).max(SMALL_READ);
        }
    }

    /// Sends the last words and closes. The rest of the input is read away for a moment, because closing over
    /// unread bytes resets the connection and takes the last words with it.
    async fn say_farewell(&mut self, end: End, house: &House) {
        if matches!(end, End::Gone | End::Disconnected | End::DisconnectedWithWill) {
            return;
        }
        self.session.farewell(end, &mut self.out);
        self.input = BytesMut::new();
        let words = async {
            self.stream.write_all_buf(&mut self.out).await?;
            self.stream.flush().await?;
            self.stream.shutdown().await?;
            let mut rest = vec![0; SMALL_READ];
            while self.stream.read(&mut rest).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        // A client that does not take them, or goes on sending, is cut; so is everybody at the deadline.
        tokio::select! {
            biased;
            _ = timeout(FAREWELL, words) => {}
            () = house.deadline.cancelled() => {}
        }
    }

    /// Nobody waits for its acknowledgement, so nobody repeats it: only the deadline may cut it off.
    async fn deliver_will(&mut self, house: &House) {
        let Some(will) = self.session.take_will() else { return };
        Gauges::add(&house.gauges.publishes, 1);
        Gauges::add(&house.gauges.wills, 1);
        let arrivals = Arrivals { publishes: vec![will], ticket: Ticket::nothing() };
        tokio::select! {
            biased;
            taken = house.intake.take(arrivals) => {
                if taken.is_err() {
                    tracing::debug!("a last will came after the intake was closed");
                }
            }
            () = house.deadline.cancelled() => {}
        }
    }
}

fn poll_taking(taking: &mut Taking<'_>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
    match taking {
        Some(future) => future.as_mut().poll(cx),
        None => Poll::Pending,
    }
}

/// Writes what there is to write, and reads into a buffer of `read` bytes if reading is wanted. Pending if
/// there is nothing to do: then another arm of the loop wakes it.
fn poll_io(
    cx: &mut Context<'_>,
    stream: &mut Stream,
    input: &mut BytesMut,
    out: &mut BytesMut,
    unflushed: &mut bool,
    read: Option<usize>,
) -> Poll<io::Result<Io>> {
    let mut wrote = false;
    while !out.is_empty() {
        match Pin::new(&mut *stream).poll_write(cx, out) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(n)) => {
                out.advance(n);
                (*unflushed, wrote) = (true, true);
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => break,
        }
    }
    if *unflushed {
        match Pin::new(&mut *stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => (*unflushed, wrote) = (false, true),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {}
        }
    }
    if wrote && out.is_empty() {
        *out = BytesMut::new();
    }
    if let Some(size) = read {
        // A packet in part grows its buffer by doubling, as its bytes come, not by what its header promises.
        input.reserve(size.max(input.len().min(LARGE_READ)));
        match pin!(stream.read_buf(input)).poll(cx) {
            Poll::Ready(result) => return Poll::Ready(result.map(Io::Read)),
            Poll::Pending if input.is_empty() => *input = BytesMut::new(),
            Poll::Pending => {}
        }
    }
    if wrote { Poll::Ready(Ok(Io::Wrote)) } else { Poll::Pending }
}
