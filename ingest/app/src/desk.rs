//! What operators ask and do: from the register, with what withholds each alert now.

use std::sync::Arc;

use notify::report::Mailings;
use notify::{Curb, Registered};
use ports::{
    ActBook, ActError, BoxFuture, Clock, Desk, DeskAlert, DeskFilter, DeskRecord, Mailing, NewQuiet, Quiet, QuietFilter,
    QuietSort, RotaView,
};
use register::Register;
use schemas::{Act, AlertId, Marks, Person};
use tokio::sync::Notify;

use crate::observer::blocking;
use crate::roster::Roster;

/// Alerts looked at at once while those that are withheld are looked for.
const PAGE: usize = 500;
/// Acts shown of one alert.
const ACTS: usize = 100;

/// Alerts, acts, silences and windows; cheap to clone.
#[derive(Clone)]
pub(crate) struct Operators {
    pub(crate) register: Arc<Register>,
    pub(crate) curb: Arc<Registered>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) mailings: Arc<Mailings>,
    /// Rung after everything that the planner must take in.
    pub(crate) changed: Arc<Notify>,
}

impl Operators {
    fn alerts_now(&self, filter: &DeskFilter) -> Result<Vec<DeskAlert>, ActError> {
        let now = self.clock.now();
        let sight = self.curb.look(now)?;
        let wanted = filter.alerts.limit;
        let mut page = filter.alerts.clone();
        // What withholds an alert is no column: pages are looked at until enough fit.
        page.limit = if filter.withheld.is_some() { PAGE } else { wanted };
        let mut found = Vec::new();
        loop {
            let views = self.register.alerts(&page)?;
            let last = views.len() < page.limit;
            page.after = views.last().map(ports::AlertView::place);
            for mut alert in views {
                alert.marks = alert.marks.standing(now);
                let withheld = if alert.phase.is_open() { sight.withheld(&alert.id, &alert, now) } else { None };
                if filter.withheld.is_none_or(|wanted| wanted == withheld.is_some()) {
                    found.push(DeskAlert { alert, withheld });
                }
            }
            if last || found.len() >= wanted {
                found.truncate(wanted);
                return Ok(found);
            }
        }
    }

    fn alert_now(&self, id: &AlertId) -> Result<Option<DeskRecord>, ActError> {
        let now = self.clock.now();
        let Some(mut alert) = self.register.alert(id)? else { return Ok(None) };
        alert.marks = alert.marks.standing(now);
        let sight = self.curb.look(now)?;
        let withheld = if alert.phase.is_open() { sight.withheld(&alert.id, &alert, now) } else { None };
        let acts = self.register.acts_of(id, ACTS)?;
        Ok(Some(DeskRecord { alert: DeskAlert { alert, withheld }, acts }))
    }

    /// Does it where it may block, then rings.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ActError> + Send + 'static,
    ) -> Result<T, ActError> {
        let desk = self.clone();
        let done = blocking(move || work(&desk)).await?;
        self.changed.notify_waiters();
        Ok(done)
    }
}

impl Desk for Operators {
    fn alerts<'a>(&'a self, filter: &'a DeskFilter) -> BoxFuture<'a, Result<Vec<DeskAlert>, ActError>> {
        let (desk, filter) = (self.clone(), filter.clone());
        Box::pin(blocking(move || desk.alerts_now(&filter)))
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> BoxFuture<'a, Result<Option<DeskRecord>, ActError>> {
        let (desk, id) = (self.clone(), id.clone());
        Box::pin(blocking(move || desk.alert_now(&id)))
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Marks, ActError>> {
        Box::pin(self.change(move |desk| desk.register.act(&Act { at: desk.clock.now(), ..act })))
    }

    fn quiets(&self, filter: QuietFilter) -> BoxFuture<'_, Result<Vec<Quiet>, ActError>> {
        let desk = self.clone();
        Box::pin(blocking(move || Ok(desk.register.quiets(&filter, desk.clock.now())?)))
    }

    fn begin_quiet(&self, new: NewQuiet) -> BoxFuture<'_, Result<Quiet, ActError>> {
        Box::pin(self.change(move |desk| desk.register.begin_quiet(&new, desk.clock.now())))
    }

    fn end_quiet(&self, sort: QuietSort, id: u64, by: Person) -> BoxFuture<'_, Result<Quiet, ActError>> {
        Box::pin(self.change(move |desk| desk.register.end_quiet(sort, id, &by, desk.clock.now())))
    }

    fn rotas(&self) -> BoxFuture<'_, Vec<RotaView>> {
        Box::pin(async { self.roster.at(self.clock.now()) })
    }

    fn mailings(&self) -> BoxFuture<'_, Result<Vec<Mailing>, ActError>> {
        let desk = self.clone();
        Box::pin(blocking(move || Ok(desk.mailings.at(desk.clock.now())?)))
    }
}
