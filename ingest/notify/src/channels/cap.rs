//! `cap`: the Common Alerting Protocol 1.2 (OASIS, 2010-07-01): a document a step, posted to a receiver or
//! put into a directory with an Atom feed of the latest.
//!
//! A receiver's answers mean what they mean to a webhook; a directory that cannot be written is tried again
//! later. Of a simulated city nothing is ever `Actual`. Deliberately absent: signing (XML-DSig), and taking
//! in what others publish.

mod document;
mod folder;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, DeliveryError, Notification, Notifier};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use schemas::Catalogue;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::document::{Scope, Sender};
pub(crate) use self::document::{Status, document};
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
    sender: String,
    #[serde(default)]
    sender_name: Option<String>,
    status: Status,
    /// Whose eyes it is for; none: everybody's.
    restriction: Option<String>,
    web: Option<String>,
    ca_file: Option<PathBuf>,
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
    if keys.sender.is_empty() || keys.sender.contains([' ', ',', '<', '&']) || keys.sender.contains(char::is_control) {
        return Err("sender: expected a name such as alerts@city.example, without space, comma, < or &".to_owned());
    }
    let target = match (&keys.url, keys.directory) {
        (Some(url), None) => {
            let way = Way::new(url, keys.ca_file.as_ref(), keys.proxy.as_ref(), keys.timeout);
            Target::Peer(Peer::new(&way, context.timeout, Arc::clone(context.clock)).map_err(|error| error.to_string())?)
        }
        (None, Some(directory)) => Target::Folder(Folder::new(directory, keys.sender.clone())),
        _ => return Err("expected either url or directory".to_owned()),
    };
    let sender = Sender {
        sender: keys.sender,
        name: keys.sender_name,
        // What is simulated must not send anybody anywhere.
        status: if context.simulated && keys.status == Status::Actual { Status::Exercise } else { keys.status },
        scope: keys.restriction.map_or(Scope::Public, Scope::Restricted),
        web: keys.web,
    };
    Ok(Arc::new(Cap { target, sender, catalogue: Arc::clone(context.catalogue) }))
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
