//! `cap`: the Common Alerting Protocol 1.2 (OASIS, 2010-07-01): a document a step, posted to a receiver or
//! put into a directory with an Atom feed of the latest.
//!
//! A receiver's answers mean what they mean to a webhook; a directory that cannot be written is tried again
//! later. Of a simulated city nothing is ever `Actual`. Deliberately absent: signing (XML-DSig), and taking
//! in what others publish.

mod folder;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cap::{Document, Scope, Sender, SenderName, Sort, Status};
use ports::{BoxFuture, DeliveryError, Form, Mark, Notification, Notifier, Step};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use schemas::{Catalogue, Phase, Place};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::folder::Folder;
use super::http::{Peer, Way};
use super::webhook::KEY;
use super::{Address, ChannelType, Context};

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "cap",
    about: "a CAP 1.2 document a step, posted to an address or put into a directory with an Atom feed",
    address: Address::Own,
    make,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapKeys {
    url: Option<String>,
    directory: Option<PathBuf>,
    sender: SenderName,
    #[serde(default)]
    sender_name: Option<String>,
    status: Status,
    /// Whose eyes it is for; none: everybody's.
    restriction: Option<String>,
    web: Option<String>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    timeout: Option<Duration>,
}

enum Target {
    Peer(Peer),
    Folder(Folder),
}

struct Cap {
    target: Target,
    sender: Sender,
    catalogue: Arc<Catalogue>,
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    let keys: CapKeys = super::keys(keys)?;
    let target = match (&keys.url, keys.directory) {
        (Some(url), None) => {
            let way = Way::new(
                url,
                [&keys.ca_file, &keys.client_cert_file, &keys.client_key_file].map(Option::as_ref),
                keys.proxy.as_ref(),
                keys.timeout,
            );
            Target::Peer(Peer::new(&way, context.timeout, Arc::clone(context.clock)).map_err(|error| error.to_string())?)
        }
        (None, Some(directory)) => Target::Folder(Folder::new(directory, keys.sender.as_str().to_owned())),
        _ => return Err("expected either url or directory".to_owned()),
    };
    let sender = Sender {
        sender: keys.sender,
        name: keys.sender_name,
        status: keys.status.of(context.simulated.is_some()),
        scope: keys.restriction.map_or(Scope::Public, Scope::Restricted),
        web: keys.web,
    };
    Ok(Arc::new(Cap { target, sender, catalogue: Arc::clone(context.catalogue) }))
}

/// Identifier and text of the document of one step.
pub(crate) fn document(sender: &Sender, n: &Notification, step: &Step, place: Option<Place>) -> (String, String) {
    let t = &step.transition;
    let sort = match (t.to, n.form) {
        (Phase::Firing, Form::Reminder) => Sort::Update,
        (Phase::Firing, _) => Sort::Alert,
        // Undone by a late reading as well as over.
        (Phase::Inactive | Phase::Pending | Phase::Resolved, _) => Sort::Cancel,
    };
    let of = if sort == Sort::Update { &n.id } else { &t.id.0 };
    let more = match &step.mark {
        Some(Mark::Escalated { escalation, rung }) => vec![("escalation", format!("{escalation} {rung}"))],
        Some(Mark::Flaps) => vec![("flapping", "true".to_owned())],
        None => Vec::new(),
    };
    cap::document(
        sender,
        &Document {
            sort,
            of,
            sent: if n.form == Form::Reminder { n.made_at } else { t.at },
            alert: &t.alert,
            rule: &t.rule,
            series: &t.series,
            kind: t.kind,
            zone: &t.zone,
            severity: t.severity,
            since: t.since,
            fired_at: step.fired_at.unwrap_or(t.since),
            at: t.at,
            value: t.value,
            texts: &t.texts,
            place,
            more,
        },
    )
}

impl Cap {
    async fn tell(&self, n: &Notification) -> Result<(), DeliveryError> {
        for step in &n.steps {
            let place = self.catalogue.device(&step.transition.series.device).and_then(|device| device.place);
            let (identifier, xml) = document(&self.sender, n, step, place);
            match &self.target {
                Target::Peer(peer) => {
                    let request = peer.request(Method::POST).header(CONTENT_TYPE, "application/cap+xml; charset=utf-8");
                    peer.send(request.header(KEY, identifier).body(xml)).await?;
                }
                Target::Folder(folder) => folder.put(identifier, xml, step.transition.at).await?,
            }
        }
        Ok(())
    }
}

impl Notifier for Cap {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.tell(notification))
    }
}
