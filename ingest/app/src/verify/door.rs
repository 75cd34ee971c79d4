//! The door of a platform under test: messages that a scenario hands over, and the right to acknowledge each read of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::{Arrivals, Intake, Source, SourceError, SourceWatch, Ticket};
use ports::{BoxFuture, SourceStatus};
use schemas::Message;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// Reads whose ticket is not spent, by number.
pub(super) type Unspent = Arc<(Mutex<BTreeMap<u64, Vec<Message>>>, Notify)>;

/// The way by which messages come in.
pub(super) struct Door {
    pub(super) way: mpsc::Receiver<(u64, Vec<Message>)>,
    pub(super) unspent: Unspent,
    /// Acknowledges before anything is on a disk.
    pub(super) hasty: bool,
}

struct Right(u64, Unspent);

impl Ticket for Right {
    fn spend(self: Box<Self>) {
        let (unspent, moved) = &*self.1;
        unspent.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
        moved.notify_one();
    }
}

impl Source for Door {
    fn watch(&self) -> SourceWatch {
        Arc::new(|| SourceStatus { name: "scenario".to_owned(), up: true, ..SourceStatus::default() })
    }

    fn run(
        mut self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        _deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            loop {
                // `recv` is cancel-safe: what it did not give stays in the channel.
                let read = tokio::select! {
                    read = self.way.recv() => read,
                    () = stop.cancelled() => None,
                };
                let Some((number, messages)) = read else { return Ok(()) };
                let ticket = Box::new(Right(number, Arc::clone(&self.unspent)));
                let ticket: Box<dyn Ticket> = if self.hasty {
                    ticket.spend();
                    Box::new(pipeline::NoTicket)
                } else {
                    ticket
                };
                if intake.offer(Arrivals { messages, ticket }).await.is_err() {
                    return Ok(());
                }
            }
        })
    }
}
