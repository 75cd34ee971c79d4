//! The built-in endpoint as a source of the pipeline: its words into ours, nothing copied.

use std::sync::{Arc, OnceLock};

use access::{Denied, Doorman, Proof};
use endpoint::{Access, Closed, Credentials, Endpoint, Identity, Refusal};
use pipeline::{Arrivals, Intake, Source, SourceError, SourceWatch, Ticket};
use ports::{BoxFuture, Clock, SourceStatus};
use schemas::{Message, Provenance, Qos, Timestamp};
use tokio_util::sync::CancellationToken;

pub(crate) const NAME: &str = "endpoint";

/// Lets registered devices in, each under its own id. Before a doorman is posted nobody is let in: the address is taken
/// before the data directory is opened.
#[derive(Default)]
pub(crate) struct Watch(OnceLock<Arc<Doorman>>);

impl Watch {
    pub(crate) fn post(&self, doorman: Arc<Doorman>) {
        // Posted once, at the start.
        let _ = self.0.set(doorman);
    }
}

impl Access for Watch {
    fn connect(&self, who: &Credentials<'_>) -> Result<(), Refusal> {
        let doorman = self.0.get().ok_or(Refusal::Unavailable)?;
        let proof = match (who.password, who.certificate) {
            (None, Some(der)) => Proof::Certificate(der),
            (password, _) => Proof::Password(password.unwrap_or_default()),
        };
        doorman.admit(who.user, proof, who.address.ip()).map_err(|denied| match denied {
            Denied::Wrong => Refusal::BadCredentials,
            Denied::TooMany => Refusal::Unavailable,
        })
    }

    fn proves_users(&self) -> bool {
        true
    }

    fn speaks_for_others(&self, user: &str) -> bool {
        self.0.get().is_some_and(|doorman| doorman.speaks_for_others(user))
    }

    fn publish(&self, who: &Identity<'_>, topic: &str) -> bool {
        who.user.zip(self.0.get()).is_some_and(|(user, doorman)| doorman.may_publish(user, topic))
    }
}

pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    pub(crate) clock: Arc<dyn Clock>,
}

struct Right(endpoint::Ticket);

impl Ticket for Right {
    fn spend(self: Box<Self>) {
        self.0.spend();
    }
}

struct Way {
    intake: Intake,
    clock: Arc<dyn Clock>,
}

impl endpoint::Intake for Way {
    fn take(&self, arrivals: endpoint::Arrivals) -> BoxFuture<'_, Result<(), Closed>> {
        Box::pin(async move {
            let now = self.clock.now();
            let messages = arrivals.publishes.into_iter().map(|publish| message(publish, now)).collect();
            self.intake.offer(Arrivals { messages, ticket: Box::new(Right(arrivals.ticket)) }).await.map_err(|_| Closed)
        })
    }
}

fn message(publish: endpoint::Publish, received_at: Timestamp) -> Message {
    let qos = match publish.qos {
        0 => Qos::AtMostOnce,
        1 => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    };
    let provenance = Provenance { qos, retain: publish.retain, dup: publish.dup, will: publish.will };
    Message { topic: publish.topic, payload: publish.payload, received_at, provenance }
}

impl Source for Door {
    fn watch(&self) -> SourceWatch {
        let gauges = self.endpoint.gauges();
        let address = self.endpoint.address().to_string();
        Arc::new(move || SourceStatus {
            name: NAME.to_owned(),
            address: address.clone(),
            up: true,
            connections: gauges.connections(),
            received: gauges.publishes(),
            refused: gauges.refused_publishes(),
            trouble: None,
        })
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let way = Arc::new(Way { intake, clock: self.clock });
            self.endpoint.run(way, stop, deadline).await;
            Ok(())
        })
    }
}
