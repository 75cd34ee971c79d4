//! The desk within a territory, and the desk that knows who sits at it.

use std::sync::Arc;

use ports::{
    ActError, AlertFilter, BoxFuture, Desk, DeskAlert, DeskFilter, DeskRecord, Mailing, NewQuiet, Quiet, QuietFilter, QuietSort,
    RotaView,
};
use schemas::{Act, AlertId, Marks, Person};

use super::Territory;
use super::console::in_order;
use super::sight::Patch;
use crate::access::present;

pub(super) struct Cut {
    pub(super) territory: Territory,
    pub(super) whole: Arc<dyn Desk>,
}

impl Cut {
    async fn alerts_now(&self, filter: &DeskFilter) -> Result<Vec<DeskAlert>, ActError> {
        let mut all = Vec::new();
        for Patch { kind, zone } in self.territory.today().patches(filter.alerts.kind, filter.alerts.zone.as_ref()) {
            let alerts = AlertFilter { kind, zone, ..filter.alerts.clone() };
            all.extend(self.whole.alerts(&DeskFilter { alerts, withheld: filter.withheld }).await?);
        }
        in_order(&mut all, |found| &found.alert);
        all.truncate(filter.alerts.limit);
        Ok(all)
    }

    async fn alert_now(&self, id: &AlertId) -> Result<Option<DeskRecord>, ActError> {
        let sight = self.territory.today();
        let found = self.whole.alert(id).await?;
        Ok(found.filter(|found| sight.sees(found.alert.alert.kind, &found.alert.alert.zone)))
    }

    async fn act_now(&self, act: Act) -> Result<Marks, ActError> {
        if self.alert_now(&act.alert).await?.is_none() {
            return Err(ActError::Absent("there is no such alert".to_owned()));
        }
        self.whole.act(act).await
    }
}

fn absent<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, ActError>> {
    Box::pin(async { Err(ActError::Absent("this concerns the whole city".to_owned())) })
}

impl Desk for Cut {
    fn alerts<'a>(&'a self, filter: &'a DeskFilter) -> BoxFuture<'a, Result<Vec<DeskAlert>, ActError>> {
        Box::pin(self.alerts_now(filter))
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> BoxFuture<'a, Result<Option<DeskRecord>, ActError>> {
        Box::pin(self.alert_now(id))
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Marks, ActError>> {
        Box::pin(self.act_now(act))
    }

    fn quiets(&self, _: QuietFilter) -> BoxFuture<'_, Result<Vec<Quiet>, ActError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn begin_quiet(&self, _: NewQuiet) -> BoxFuture<'_, Result<Quiet, ActError>> {
        absent()
    }

    fn end_quiet(&self, _: QuietSort, _: u64, _: Person) -> BoxFuture<'_, Result<Quiet, ActError>> {
        absent()
    }

    fn rotas(&self) -> BoxFuture<'_, Vec<RotaView>> {
        Box::pin(async { Vec::new() })
    }

    fn mailings(&self) -> BoxFuture<'_, Result<Vec<Mailing>, ActError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A desk at which whoever has signed in acts under that name, whatever the request says.
pub(in crate::access) struct Named(pub(in crate::access) Arc<dyn Desk>);

/// The name that was proved, or the one that was said.
fn proved(said: Person) -> Person {
    let viewer = present().filter(ports::Viewer::is_person);
    viewer.and_then(|viewer| Person::new(&viewer.name).ok()).unwrap_or(said)
}

impl Desk for Named {
    fn alerts<'a>(&'a self, filter: &'a DeskFilter) -> BoxFuture<'a, Result<Vec<DeskAlert>, ActError>> {
        self.0.alerts(filter)
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> BoxFuture<'a, Result<Option<DeskRecord>, ActError>> {
        self.0.alert(id)
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Marks, ActError>> {
        let by = proved(act.by);
        self.0.act(Act { by, ..act })
    }

    fn quiets(&self, filter: QuietFilter) -> BoxFuture<'_, Result<Vec<Quiet>, ActError>> {
        self.0.quiets(filter)
    }

    fn begin_quiet(&self, new: NewQuiet) -> BoxFuture<'_, Result<Quiet, ActError>> {
        let by = proved(new.by);
        self.0.begin_quiet(NewQuiet { by, ..new })
    }

    fn end_quiet(&self, sort: QuietSort, id: u64, by: Person) -> BoxFuture<'_, Result<Quiet, ActError>> {
        self.0.end_quiet(sort, id, proved(by))
    }

    fn rotas(&self) -> BoxFuture<'_, Vec<RotaView>> {
        self.0.rotas()
    }

    fn mailings(&self) -> BoxFuture<'_, Result<Vec<Mailing>, ActError>> {
        self.0.mailings()
    }
}
