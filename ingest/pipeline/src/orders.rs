//! What others may ask the historian to do, which alone moves the store and the account: try messages
//! of the quarantine again, drop some.

use ports::{OperationError, QuarantineFilter, Retried, Retry};
use schemas::DeviceId;
use tokio::sync::{mpsc, oneshot};

/// Orders that may wait. More are refused: each is a chunk of work that holds the historian for a
/// moment.
const WAITING: usize = 8;

/// A request to the historian, with the way by which the answer goes back. Whoever has gone away
/// meanwhile is not waited for.
#[derive(Debug)]
pub(crate) enum Order {
    Retry(Retry, oneshot::Sender<Retried>),
    Drop(Dropping, oneshot::Sender<Dropped>),
    /// Takes these messages out, as far as they are counted.
    DropThese(Vec<u64>, oneshot::Sender<u64>),
}

/// Devices that the evaluator is to know nothing of any more, and the way by which it says that this is so, durably.
#[derive(Debug)]
pub(crate) struct Forgetting {
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) done: oneshot::Sender<()>,
}

/// Which messages are to go for good.
#[derive(Clone, Debug)]
pub(crate) struct Dropping {
    pub(crate) filter: QuarantineFilter,
    /// Only before this offset.
    pub(crate) before: Option<u64>,
}

/// How many of a chunk went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped {
    pub(crate) messages: u64,
    pub(crate) before: u64,
    pub(crate) more: bool,
}

/// Where orders are given.
#[derive(Clone, Debug)]
pub(crate) struct Orders(mpsc::Sender<Order>);

pub(crate) fn orders() -> (Orders, mpsc::Receiver<Order>) {
    let (give, take) = mpsc::channel(WAITING);
    (Orders(give), take)
}

impl Orders {
    pub(crate) async fn retry(&self, retry: Retry) -> Result<Retried, OperationError> {
        self.ask(|answer| Order::Retry(retry, answer)).await
    }

    pub(crate) async fn drop_chunk(&self, dropping: Dropping) -> Result<Dropped, OperationError> {
        self.ask(|answer| Order::Drop(dropping, answer)).await
    }

    pub(crate) async fn drop_these(&self, offsets: Vec<u64>) -> Result<u64, OperationError> {
        self.ask(|answer| Order::DropThese(offsets, answer)).await
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, OperationError> {
        let stopping = || OperationError::Unavailable("the program is stopping".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.try_send(order(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                OperationError::Unavailable(format!("{WAITING} requests to the historian wait already"))
            }
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })?;
        answered.await.map_err(|_| stopping())
    }
}
