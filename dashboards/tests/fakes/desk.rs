//! The town's desk: the life cycle itself, over alerts in memory; nothing is withheld but by silences.

use ports::{
    ActError, AlertFilter, BoxFuture, Console, Desk, DeskAlert, DeskFilter, DeskRecord, EditionDue, EditionSent, EditionState,
    Mailing, NewQuiet, Quiet, QuietFilter, QuietSort, RotaView, ShiftView, Withheld,
};
use schemas::{Act, AlertId, ChannelName, Life, Marks, Person};

use super::Town;

impl Town {
    fn seen(&self, alert: ports::AlertView) -> DeskAlert {
        let now = self.clock.now();
        let quiets = self.quiets.lock().unwrap();
        let holds = quiets.iter().find(|quiet| quiet.holds(now) && quiet.scope.takes(&alert));
        let withheld = holds.map(|quiet| Withheld {
            by: quiet.sort.code().to_owned(),
            id: quiet.id.to_string(),
            note: quiet.by.to_string(),
            until: Some(quiet.until),
        });
        DeskAlert { alert, withheld }
    }
}

impl Desk for Town {
    fn alerts<'a>(&'a self, filter: &'a DeskFilter) -> BoxFuture<'a, Result<Vec<DeskAlert>, ActError>> {
        Box::pin(async move {
            let every = AlertFilter { limit: usize::MAX, ..filter.alerts.clone() };
            let found = Console::alerts(self, &every).await.map_err(|ports::ConsoleError::Record(error)| error)?;
            let rest = found.into_iter().skip_while(|a| filter.alerts.after.as_ref().is_some_and(|after| a.id != after.id));
            let rest = rest.skip(usize::from(filter.alerts.after.is_some())).map(|alert| self.seen(alert));
            let fits = |a: &DeskAlert| filter.withheld.is_none_or(|wanted| wanted == a.withheld.is_some());
            let in_hand = |a: &DeskAlert| filter.alerts.acknowledged.is_none() || a.alert.marks.acknowledged.is_some();
            Ok(rest.filter(fits).filter(in_hand).take(filter.alerts.limit).collect())
        })
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> BoxFuture<'a, Result<Option<DeskRecord>, ActError>> {
        Box::pin(async move {
            let found = self.alerts.lock().unwrap().iter().find(|alert| alert.id == *id).cloned();
            let acts = self.acts.lock().unwrap().iter().filter(|act| act.alert == *id).cloned().collect();
            Ok(found.map(|alert| DeskRecord { alert: self.seen(alert), acts }))
        })
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Marks, ActError>> {
        Box::pin(async move {
            let mut alerts = self.alerts.lock().unwrap();
            let alert = alerts.iter_mut().find(|alert| alert.id == act.alert);
            let alert = alert.ok_or_else(|| ActError::Absent("there is no such alert".to_owned()))?;
            let mut life = Life::new(alert.phase, alert.marks.clone());
            life.apply(&act, self.clock.now())?;
            (alert.phase, alert.marks) = (life.phase(), life.marks().clone());
            self.acts.lock().unwrap().push(act);
            Ok(alert.marks.clone())
        })
    }

    fn quiets(&self, filter: QuietFilter) -> BoxFuture<'_, Result<Vec<Quiet>, ActError>> {
        Box::pin(async move {
            let (now, quiets) = (self.clock.now(), self.quiets.lock().unwrap());
            let fits = |q: &&Quiet| {
                q.sort == filter.sort && (filter.over || !q.is_over(now)) && filter.before.is_none_or(|before| q.id < before)
            };
            Ok(quiets.iter().rev().filter(fits).take(filter.limit).cloned().collect())
        })
    }

    fn begin_quiet(&self, new: NewQuiet) -> BoxFuture<'_, Result<Quiet, ActError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let wrong = new.objections(now);
            if !wrong.is_empty() {
                return Err(ActError::Refused(wrong));
            }
            let NewQuiet { sort, scope, from, until, by, note } = new;
            let mut quiets = self.quiets.lock().unwrap();
            let id = quiets.len() as u64 + 1;
            let made = Quiet { id, sort, scope, from, until, by, note, created_at: now, ended_at: None, ended_by: None };
            quiets.push(made.clone());
            Ok(made)
        })
    }

    fn end_quiet(&self, sort: QuietSort, id: u64, by: Person) -> BoxFuture<'_, Result<Quiet, ActError>> {
        Box::pin(async move {
            let (now, mut quiets) = (self.clock.now(), self.quiets.lock().unwrap());
            let quiet = quiets.iter_mut().find(|quiet| quiet.id == id && quiet.sort == sort);
            let quiet = quiet.ok_or_else(|| ActError::Absent(format!("there is no {} {id}", sort.code())))?;
            if quiet.is_over(now) {
                return Err(ActError::Conflict("it is over".to_owned()));
            }
            (quiet.ended_at, quiet.ended_by) = (Some(now), Some(by));
            Ok(quiet.clone())
        })
    }

    fn rotas(&self) -> BoxFuture<'_, Vec<RotaView>> {
        let now = self.clock.now();
        let hour = |h: u64| now.hour().plus(std::time::Duration::from_secs(h * 3600));
        let name = |text: &str| -> ChannelName { text.parse().unwrap() };
        let shift = |from, to, who: &str, covered| ShiftView { from: hour(from), to: hour(to), receiver: name(who), covered };
        let waste = RotaView {
            name: name("rota:waste"),
            on_duty: name("waste-team-a"),
            until: Some(hour(12)),
            covered: true,
            fallback: name("log"),
            shifts: vec![shift(0, 12, "waste-team-a", true), shift(12, 20, "log", false), shift(20, 44, "waste-team-b", true)],
        };
        let alone = RotaView {
            name: name("rota:air"),
            on_duty: name("log"),
            until: None,
            covered: false,
            fallback: name("log"),
            shifts: Vec::new(),
        };
        Box::pin(async { vec![waste, alone] })
    }

    fn mailings(&self) -> BoxFuture<'_, Result<Vec<Mailing>, ActError>> {
        let now = self.clock.now();
        let ago = |hours: u64| now.minus(std::time::Duration::from_secs(hours * 3600));
        let name = |text: &str| -> ChannelName { text.parse().unwrap() };
        let mailing = |report: &str, which: &str, receiver: &str| Mailing {
            report: name(report),
            which: which.to_owned(),
            receiver: name(receiver),
            channel: name("mail"),
            language: "fr".to_owned(),
            contractor: None,
            sent: None,
            due: None,
            next: Some(now.plus(std::time::Duration::from_secs(3600))),
        };
        let due = |state, attempts, trouble: &str| EditionDue {
            date: "2026-11-20".to_owned(),
            since: ago(12),
            state,
            attempts,
            again: (state == EditionState::Waiting).then_some(now),
            trouble: Some(trouble.to_owned()),
        };
        let sent = Some(EditionSent { date: "2026-11-20".to_owned(), at: ago(12) });
        let mailings = vec![
            Mailing { sent, ..mailing("bulletin", "daily", "officer") },
            Mailing {
                due: Some(due(EditionState::Waiting, 4, "no route to mail.city.example")),
                ..mailing("bulletin", "daily", "mayor")
            },
            Mailing { due: Some(due(EditionState::Dead, 1, "550 no such mailbox")), ..mailing("week", "weekly", "arma") },
            Mailing { due: Some(due(EditionState::Unmade, 0, "the store is away")), ..mailing("month", "monthly", "officer") },
        ];
        Box::pin(async { Ok(mailings) })
    }
}
