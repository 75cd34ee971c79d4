//! The collector: subscribes to a broker, hands over what comes, acknowledges what is kept.
//!
//! One collector is one broker and one session; several brokers are several collectors. It speaks MQTT
//! 3.1.1 by `rumqttc`. Each trap of MQTT clients that has lost somebody's data has a test named after
//! it. Deliberately absent: publishing, MQTT 5, QoS 2 subscriptions (a repeated message changes
//! nothing here), and any memory of its own: what is not acknowledged is the broker's to repeat.

mod hold;
mod ledger;
mod link;
mod session;
mod settings;
mod standing;
mod subscription;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ports::{Backoff, BoxFuture, Clock};
use rumqttc::{ConnectReturnCode, ConnectionError};
use tokio_util::sync::CancellationToken;

pub use settings::{CollectorError, Settings};

use hold::Hold;
use link::Link;
use session::{End, Session, Signal};
use settings::Plan;
use standing::Standing;

use crate::source::{Intake, KeeperGone, NoTicket, Source, SourceError, SourceWatch};

/// One broker, as a source of messages.
pub struct Collector {
    plan: Plan,
    standing: Arc<Standing>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("name", &self.plan.name).field("url", &self.plan.url).finish_non_exhaustive()
    }
}

impl Collector {
    /// Understands the settings and reads the files that they name. Nothing is connected yet.
    ///
    /// # Errors
    /// A setting makes no sense, or a file cannot be read: see [`CollectorError`].
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, CollectorError> {
        let plan = Plan::new(settings)?;
        let standing = Arc::new(Standing::new(&plan.name, &plan.url));
        Ok(Self { plan, standing, clock })
    }

    /// What is spoken with the broker, where that is TLS: read anew it holds for the next connection.
    #[must_use]
    pub fn outward(&self) -> Option<Arc<trust::Outward>> {
        self.plan.outward.clone()
    }

    /// Jitter must differ between collectors that lost the same broker at the same time.
    fn seed(&self) -> u64 {
        let name = self.plan.client_id.bytes().fold(0u64, |hash, byte| hash.rotate_left(5) ^ u64::from(byte));
        self.clock.now().millis().cast_unsigned() ^ name.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    async fn collect(self, intake: Intake, stop: CancellationToken, deadline: CancellationToken) -> Result<(), SourceError> {
        let Self { plan, standing, clock } = &self;
        let mut backoff = Backoff::house(self.seed());
        let mut hold = Hold::new(intake, standing);
        let stopping = stop.clone();
        let mut stop: Signal = Box::pin(stop.cancelled_owned());
        let mut deadline: Signal = Box::pin(deadline.cancelled_owned());
        let gone = || SourceError { name: plan.name.clone(), reason: KeeperGone.to_string() };
        loop {
            let connected = tokio::select! {
                biased;
                // A stop while there is no connection: nothing can be acknowledged any more.
                () = &mut stop => return Ok(()),
                // Keeps its state in `hold`.
                KeeperGone = work_off(&mut hold) => return Err(gone()),
                connected = Link::connect(plan) => connected,
            };
            let (why, steady) = match connected {
                Err(error) => (self.in_words(&error), false),
                Ok((link, session_present)) => {
                    standing.connected(session_present);
                    if session_present {
                        hold.forget_what_will_be_repeated();
                    }
                    let session = Session::new(plan, standing, clock.as_ref(), &mut hold, &mut stop, &mut deadline, link);
                    match session.run().await {
                        End::Stopped => {
                            standing.closed();
                            return Ok(());
                        }
                        End::KeeperGone if stopping.is_cancelled() => return Ok(()),
                        End::KeeperGone => return Err(gone()),
                        End::Broken { why, steady } => (why, steady),
                    }
                }
            };
            standing.broken(why);
            // A connection counts as a success only once it has lasted: one that breaks right after
            // CONNACK, again and again, is waited out as one that cannot be made.
            if steady {
                backoff.succeeded();
            }
            let pause = tokio::time::sleep(backoff.failed(None));
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                KeeperGone = work_off(&mut hold) => return Err(gone()),
                () = pause => {}
            }
        }
    }

    fn in_words(&self, error: &ConnectionError) -> String {
        match error {
            ConnectionError::NetworkTimeout => format!("no answer within {:?}", self.plan.connect_timeout),
            ConnectionError::ConnectionRefused(code) => match code {
                ConnectReturnCode::BadUserNamePassword => "the broker refuses user name or password".to_owned(),
                ConnectReturnCode::NotAuthorized => "the broker says: not authorized".to_owned(),
                ConnectReturnCode::BadClientId => format!("the broker refuses the client id {:?}", self.plan.client_id),
                ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1".to_owned(),
                other => format!("the broker refuses the connection: {other:?}"),
            },
            ConnectionError::Io(error) => error.to_string(),
            other => other.to_string(),
        }
    }
}

/// While there is no connection: what was left over by the last one finds its way, without a ticket.
/// Ends only when the keeper is gone.
async fn work_off(hold: &mut Hold<'_>) -> KeeperGone {
    loop {
        if hold.is_parked() {
            if std::future::poll_fn(|cx| hold.poll_parked(cx)).await.is_err() {
                return KeeperGone;
            }
        } else if !hold.is_empty() {
            if hold.offer(Box::new(NoTicket)).is_err() {
                return KeeperGone;
            }
        } else {
            std::future::pending::<()>().await;
        }
    }
}

impl Source for Collector {
    fn watch(&self) -> SourceWatch {
        let standing = Arc::clone(&self.standing);
        Arc::new(move || standing.status())
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(self.collect(intake, stop, deadline))
    }
}
