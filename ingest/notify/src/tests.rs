//! Dispatchers and channels, tried against receivers that break. The outbox is a stand-in in memory;
//! the real one keeps the same promises by tests of its own.

mod away;
mod broker;
mod cap;
mod channels;
mod climb;
mod dispatcher;
mod fallback;
mod flap;
mod hand;
mod https;
mod mail;
mod plan;
mod planning;
mod receiver;
mod rota;
mod scene;
mod settings;
mod smtp;
mod webhook;
mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{Clock, Form, Language, Line, Notification, Notifier, Outbox, RecordError, Step, SystemClock};
use schemas::{
    AlertId, ChannelName, DeviceId, Kind, Phase, Quantity, RuleId, SeriesKey, Severity, Texts, Timestamp, Transition,
    TransitionId, Zone,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::plan::{Flapping, QuietHours, Storm};
use crate::{ChannelGauges, Dispatcher, DispatcherError, Fallback, LineSetup, Route, Settings};

pub(super) fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

pub(super) fn start() -> Timestamp {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

/// The step of bin `n` into `to`.
pub(super) fn transition(n: u32, to: Phase) -> Transition {
    let rule = RuleId::new("bin-full").unwrap();
    let series = SeriesKey { device: DeviceId::new(&format!("bin-{n:04}")).unwrap(), quantity: Quantity::WASTE_FILL, channel: 0 };
    let alert = AlertId::new(&rule, &series, start());
    let from = if to == Phase::Firing { Phase::Pending } else { Phase::Firing };
    Transition {
        id: TransitionId::new(&alert, to),
        alert,
        rule,
        series,
        kind: Kind::WASTE,
        zone: Zone::new("maarif").unwrap(),
        severity: Severity::Warning,
        from,
        to,
        at: start().plus(Duration::from_secs(600)),
        since: start(),
        value: Some(91.25),
        texts: Texts {
            fr: format!("Bac bin-{n:04} plein"),
            ar: format!("الحاوية bin-{n:04} ممتلئة"),
            en: format!("Bin bin-{n:04} full"),
        },
        notify: Vec::new(),
        note: None,
    }
}

/// A message of one step to whoever is behind a channel.
pub(super) fn single(name: &str, transition: Transition) -> Notification {
    Notification {
        number: 1,
        receiver: channel(name),
        channel: channel(name),
        id: transition.id.0.clone(),
        form: Form::Single,
        steps: vec![Step { fired_at: Some(start()), mark: None, transition }],
        enclosed: None,
        attempts: 0,
        made_at: start(),
        due: start(),
        language: Language::Fr,
        to: Vec::new(),
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fared {
    Waiting,
    Delivered,
    Dead(String),
}

struct Row {
    notification: Notification,
    fared: Fared,
}

/// The outbox, in memory.
pub(super) struct Lines {
    rows: Mutex<Vec<Row>>,
    // Answers of the looks and of the marks to come, the last one first, before any that work.
    troubled_looks: Mutex<Vec<RecordError>>,
    troubled_marks: Mutex<Vec<RecordError>>,
    settled: watch::Sender<usize>,
    /// The channels that carried what was delivered, in order.
    via: Mutex<Vec<ChannelName>>,
    pub(super) wake: Arc<Notify>,
}

impl Lines {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            rows: Mutex::default(),
            troubled_looks: Mutex::default(),
            troubled_marks: Mutex::default(),
            settled: watch::Sender::new(0),
            via: Mutex::default(),
            wake: Arc::default(),
        })
    }

    /// As the register does when the evaluator commits.
    pub(super) fn post(&self, name: &str, transition: Transition, now: Timestamp) {
        self.post_silently(name, transition, now);
        self.wake.notify_waiters();
    }

    /// As if the wake were lost.
    pub(super) fn post_silently(&self, name: &str, transition: Transition, now: Timestamp) {
        let mut rows = self.rows.lock().unwrap();
        let number = rows.len() as u64 + 1;
        let notification = Notification { number, made_at: now, due: now, ..single(name, transition) };
        rows.push(Row { notification, fared: Fared::Waiting });
    }

    /// Channel and key of every row.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        let rows = self.rows.lock().unwrap();
        rows.iter().map(|r| (r.notification.channel.to_string(), r.notification.key())).collect()
    }

    /// Firing and resolved of bins `0..bins`, as they would come.
    pub(super) fn post_pairs(&self, name: &str, bins: u32, now: Timestamp) -> Vec<String> {
        for n in 0..bins {
            self.post(name, transition(n, Phase::Firing), now);
            self.post(name, transition(n, Phase::Resolved), now);
        }
        self.keys(name)
    }

    pub(super) fn keys(&self, name: &str) -> Vec<String> {
        let rows = self.rows.lock().unwrap();
        rows.iter().filter(|r| r.notification.channel == channel(name)).map(|r| r.notification.key()).collect()
    }

    pub(super) fn via(&self) -> Vec<ChannelName> {
        self.via.lock().unwrap().clone()
    }

    pub(super) fn fared(&self) -> Vec<Fared> {
        self.rows.lock().unwrap().iter().map(|r| r.fared.clone()).collect()
    }

    pub(super) fn attempts(&self) -> Vec<u32> {
        self.rows.lock().unwrap().iter().map(|r| r.notification.attempts).collect()
    }

    /// The next looks at a line fail so.
    pub(super) fn trouble_looks(&self, troubles: Vec<RecordError>) {
        *self.troubled_looks.lock().unwrap() = troubles;
    }

    /// The next marks (delivered, postponed, buried) fail so.
    pub(super) fn trouble_marks(&self, troubles: Vec<RecordError>) {
        *self.troubled_marks.lock().unwrap() = troubles;
    }

    /// Waits until so many are delivered or dead.
    pub(super) async fn settled(&self, count: usize) {
        self.settled.subscribe().wait_for(|settled| *settled >= count).await.unwrap();
    }

    fn row<T>(&self, number: u64, change: impl FnOnce(&mut Row) -> T) -> Result<T, RecordError> {
        if let Some(trouble) = self.troubled_marks.lock().unwrap().pop() {
            return Err(trouble);
        }
        let mut rows = self.rows.lock().unwrap();
        Ok(change(rows.iter_mut().find(|r| r.notification.number == number).unwrap()))
    }

    fn settle(&self, number: u64, fared: Fared) -> Result<(), RecordError> {
        self.row(number, |row| {
            assert_eq!(row.fared, Fared::Waiting, "settled twice");
            row.fared = fared;
            row.notification.attempts += 1;
        })?;
        self.settled.send_modify(|settled| *settled += 1);
        Ok(())
    }
}

impl Outbox for Lines {
    fn head(&self, line: &Line) -> Result<Option<Notification>, RecordError> {
        if let Some(trouble) = self.troubled_looks.lock().unwrap().pop() {
            return Err(trouble);
        }
        let rows = self.rows.lock().unwrap();
        let head = rows.iter().find(|r| {
            r.notification.channel == line.channel && r.notification.receiver == line.receiver && r.fared == Fared::Waiting
        });
        Ok(head.map(|r| r.notification.clone()))
    }

    fn delivered(&self, number: u64, _: Timestamp, via: &ChannelName) -> Result<(), RecordError> {
        self.via.lock().unwrap().push(via.clone());
        self.settle(number, Fared::Delivered)
    }

    fn postponed(&self, number: u64, due: Timestamp, _: &str) -> Result<(), RecordError> {
        self.row(number, |row| {
            row.notification.due = due;
            row.notification.attempts += 1;
        })
    }

    fn buried(&self, number: u64, _: Timestamp, reason: &str) -> Result<(), RecordError> {
        self.settle(number, Fared::Dead(reason.to_owned()))
    }
}

/// A dispatcher at work; it is stopped when the test lets it go.
pub(super) struct AtWork {
    pub(super) gauges: Arc<ChannelGauges>,
    pub(super) stop: CancellationToken,
    pub(super) run: JoinHandle<Result<(), DispatcherError>>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.run.abort();
    }
}

pub(super) fn dispatch(
    name: &str,
    lines: &Arc<Lines>,
    notifier: Arc<dyn Notifier>,
    clock: Arc<dyn Clock>,
    settings: &Settings,
) -> AtWork {
    dispatch_line(setup(name, notifier, None), lines, clock, settings)
}

pub(super) fn setup(name: &str, notifier: Arc<dyn Notifier>, fallback: Option<Fallback>) -> LineSetup {
    let route = Route { channel: channel(name), notifier, to: Vec::new() };
    LineSetup { receiver: channel(name), language: Language::Fr, route, fallback }
}

pub(super) fn dispatch_line(setup: LineSetup, lines: &Arc<Lines>, clock: Arc<dyn Clock>, settings: &Settings) -> AtWork {
    let wake = Arc::clone(&lines.wake);
    let dispatcher = Dispatcher::new(setup, Arc::clone(lines) as _, clock, wake, settings);
    let (gauges, stop) = (dispatcher.gauges(), CancellationToken::new());
    AtWork { gauges, run: tokio::spawn(dispatcher.run(stop.clone())), stop }
}

/// Settings without a channel.
pub(super) fn bare() -> Settings {
    Settings {
        timeout: Duration::from_secs(10),
        retry_first: Duration::from_secs(1),
        retry_limit: Duration::from_secs(300),
        give_up: Duration::from_secs(24 * 3600),
        dry_run: false,
        language: Language::Fr,
        territories: Vec::new(),
        quiet: QuietHours { from: "22:00".parse().unwrap(), to: "06:00".parse().unwrap(), severities: [Severity::Info].into() },
        storm: Storm { limit: 20, per: Duration::from_secs(3600), exempt: [Severity::Emergency].into() },
        flapping: Flapping { limit: 5, within: Duration::from_secs(3600) },
        channel: Vec::new(),
        receiver: Vec::new(),
        route: Vec::new(),
        escalation: Vec::new(),
        rota: Vec::new(),
    }
}

/// Fast enough for real sockets.
pub(super) fn quick() -> Settings {
    Settings {
        timeout: Duration::from_millis(500),
        retry_first: Duration::from_millis(5),
        retry_limit: Duration::from_millis(20),
        give_up: Duration::from_secs(3600),
        ..bare()
    }
}

pub(super) fn wall() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
