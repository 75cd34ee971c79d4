//! Everything that tells, and how it is told otherwise while the program runs: planning and the dispatchers are one round,
//! which ends whole before the next begins. What was decided, planned and posted stands in the register, so a round goes on
//! where the last one stopped, as after a restart.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use notify::report::{Courier, Mailings, Press, ReportSettings, Subscription, subscriptions};
use notify::{AwaySettings, City, Desk, Dispatcher, Inhibit, LineSetup, Planning, Registered, SettingsError};
use ports::{Clock, Line, OperationError, Outbox, RecordError};
use register::{Register, Reports};
use settings::Settings;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Orders that wait: reloads follow one another, so that there is one at most.
const ORDERS: usize = 1;

/// What is done while nobody tells: after the last word of one round, before the first of the next.
pub(crate) type Between = Box<dyn FnOnce() + Send>;

/// How it is told from now on, and what is done before that.
struct Order {
    telling: Telling,
    between: Option<Between>,
    done: oneshot::Sender<()>,
}

/// What tells from now on.
pub(crate) struct Telling {
    settings: notify::Settings,
    city: City,
    report: Vec<ReportSettings>,
    inhibit: Vec<Inhibit>,
    away: AwaySettings,
    desk: Desk,
    /// Who gets which report.
    reports: Vec<Subscription>,
    zone: TimeZone,
}

impl Telling {
    /// Makes all that tells; reads the files that the settings name, and connects to nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn of(settings: &Settings, city: &City) -> Result<Self, SettingsError> {
        let Settings { notify, inhibit, away, report, .. } = settings;
        let desk = notify::build(notify, city)?;
        let reports = subscriptions(report, notify, &desk.lines)?;
        let (inhibit, away, zone) = (inhibit.clone(), away.clone(), city.zone.clone());
        let (settings, city, report) = (notify.clone(), city.clone(), report.clone());
        Ok(Self { settings, city, report, inhibit, away, desk, reports, zone })
    }

    /// Of what the same can be made once more.
    fn kept(&self) -> Kept {
        let Self { settings, city, report, inhibit, away, .. } = self;
        Kept {
            settings: settings.clone(),
            city: city.clone(),
            report: report.clone(),
            inhibit: inhibit.clone(),
            away: away.clone(),
        }
    }

    /// How many lines there are: receivers, each over each of its channels.
    pub(crate) fn lines(&self) -> u64 {
        self.desk.lines.len() as u64
    }

    /// The lines by which reports go, each once.
    fn by_mail(&self) -> Vec<LineSetup> {
        let mut all: Vec<LineSetup> = Vec::new();
        for Subscription { line, .. } in &self.reports {
            if all.iter().all(|known| known.line() != line.line()) {
                all.push(line.clone());
            }
        }
        all
    }

    /// Who is on duty when.
    pub(crate) fn rotas(&self) -> &[notify::rota::Rota] {
        self.desk.policy.rotas()
    }

    /// Has it told which reports are ordered.
    pub(crate) fn order(&self, mailings: &Mailings) {
        mailings.set(self.reports.clone(), self.zone.clone());
    }

    /// Says of each rota when nobody is on duty.
    fn warn_of_holes(&self, clock: &dyn Clock) {
        for rota in self.rotas() {
            for hole in rota.holes().filter(|hole| hole.to > clock.now()) {
                tracing::warn!(rota = %rota.name(), from = %hole.from, to = %hole.to, fallback = %rota.fallback(),
                    "nobody is on duty between two shifts; the fallback stands in");
            }
        }
    }
}

/// A telling without what a round uses up.
#[derive(Clone)]
struct Kept {
    settings: notify::Settings,
    city: City,
    report: Vec<ReportSettings>,
    inhibit: Vec<Inhibit>,
    away: AwaySettings,
}

impl Kept {
    fn again(self) -> Result<Telling, SettingsError> {
        let Self { settings, city, report, inhibit, away } = self;
        let desk = notify::build(&settings, &city)?;
        let (reports, zone) = (subscriptions(&report, &settings, &desk.lines)?, city.zone.clone());
        Ok(Telling { settings, city, report, inhibit, away, desk, reports, zone })
    }
}

/// The way to the teller.
#[derive(Clone)]
pub(crate) struct Bell {
    orders: mpsc::Sender<Order>,
    /// How it is told now; nothing before the first round.
    now: Arc<Mutex<Option<Kept>>>,
}

fn stopping<T>(_: T) -> OperationError {
    OperationError::Unavailable("the program is stopping".to_owned())
}

impl Bell {
    /// Has everything told in this way from now on; returns when it is. Blocks.
    ///
    /// # Errors
    /// The program is ending: whether it was told otherwise makes no difference any more.
    pub(crate) fn tell(&self, telling: Telling) -> Result<(), OperationError> {
        self.order(telling, None)
    }

    /// Has nothing planned and nobody told while `between` is done, and everything as before after it. Blocks.
    ///
    /// # Errors
    /// The program is ending, or what tells cannot be made once more, since a file that it reads is another one: then nothing
    /// was done.
    pub(crate) fn pause(&self, between: Between) -> Result<(), OperationError> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = now.ok_or_else(|| OperationError::Unavailable("the program is starting".to_owned()))?;
        let telling = now.again().map_err(|error| OperationError::Refused(vec![error.to_string()]))?;
        self.order(telling, Some(between))
    }

    fn order(&self, telling: Telling, between: Option<Between>) -> Result<(), OperationError> {
        let (done, told) = oneshot::channel();
        self.orders.blocking_send(Order { telling, between, done }).map_err(stopping)?;
        told.blocking_recv().map_err(stopping)
    }
}

/// Keeps planning and dispatchers running.
pub(crate) struct Teller {
    register: Arc<Register>,
    curb: Arc<Registered>,
    clock: Arc<dyn Clock>,
    decided: Arc<Notify>,
    reports: Arc<Reports>,
    mailings: Arc<Mailings>,
    orders: mpsc::Receiver<Order>,
    now: Arc<Mutex<Option<Kept>>>,
}

/// What runs in one round.
type Round = JoinSet<(&'static str, Result<(), String>)>;

impl Teller {
    /// A teller that has told nothing yet, and the way to it. `decided` is rung where something was decided.
    pub(crate) fn new(
        register: Arc<Register>,
        curb: Arc<Registered>,
        clock: Arc<dyn Clock>,
        decided: Arc<Notify>,
    ) -> (Self, Bell) {
        let (bell, orders) = mpsc::channel(ORDERS);
        let reports = Arc::new(Reports::of(Arc::clone(&register)));
        let mailings = Arc::new(Mailings::of(Arc::clone(&reports) as _));
        let now = Arc::default();
        (Self { register, curb, clock, decided, reports, mailings, orders, now: Arc::clone(&now) }, Bell { orders: bell, now })
    }

    /// How reports fare that go by mail.
    pub(crate) fn mailings(&self) -> Arc<Mailings> {
        Arc::clone(&self.mailings)
    }

    /// What was to go by a line that is no more would wait for ever and be counted for ever.
    ///
    /// # Errors
    /// The register cannot be written.
    pub(crate) fn bury_strays(&self, telling: &Telling) -> Result<(), RecordError> {
        let known: Vec<_> = telling.desk.lines.iter().map(LineSetup::line).collect();
        let strays = self.register.bury_strays(&known, self.clock.now())?;
        if strays > 0 {
            tracing::warn!(strays, "notifications for receivers or channels that are no more are dead letters now");
        }
        let known: Vec<Line> = telling.by_mail().iter().map(LineSetup::line).collect();
        let strays = self.reports.bury_strays(&known, self.clock.now())?;
        if strays > 0 {
            tracing::warn!(strays, "reports for receivers that get none any more are not sent");
        }
        Ok(())
    }

    /// Tells until `stop`, in the last way that was ordered.
    ///
    /// # Errors
    /// Planning or a dispatcher ended by itself, which it does only where it cannot go on.
    pub(crate) async fn run(
        mut self,
        mut telling: Telling,
        press: Arc<dyn Press>,
        stop: CancellationToken,
    ) -> Result<(), String> {
        loop {
            telling.warn_of_holes(&*self.clock);
            *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(telling.kept());
            let end = stop.child_token();
            let mut round = self.begin(telling, &press, &end);
            // Every arm is cancel-safe: a token, a channel and a join set keep what was not taken.
            let next = tokio::select! {
                () = stop.cancelled() => None,
                ended = round.join_next() => return Err(why(ended)),
                next = self.orders.recv() => next,
            };
            end.cancel();
            while let Some(ended) = round.join_next().await {
                match ended {
                    Ok((_, Ok(()))) => {}
                    other => return Err(why(Some(other))),
                }
            }
            let Some(Order { telling: new, between, done }) = next else { return Ok(()) };
            if let Some(between) = between {
                tokio::task::spawn_blocking(between).await.map_err(|panic| panic.to_string())?;
            }
            // A register that is away now is waited for by the dispatchers; what strays is buried at the next start.
            if let Err(error) = self.bury_strays(&new) {
                tracing::warn!(%error, "notifications for receivers that are no more are left where they are");
            }
            telling = new;
            _ = done.send(());
        }
    }

    fn begin(&self, telling: Telling, press: &Arc<dyn Press>, end: &CancellationToken) -> Round {
        let by_mail = telling.by_mail();
        telling.order(&self.mailings);
        let Telling { settings, inhibit, away, desk, reports, zone, .. } = telling;
        self.curb.replace(inhibit, away);
        let (mut round, posted) = (Round::new(), Arc::new(Notify::new()));
        let planning = Planning::new(
            Arc::new(desk.policy),
            Arc::clone(&self.register) as _,
            Arc::clone(&self.curb) as _,
            Arc::clone(&self.clock),
            Arc::clone(&self.decided),
            Arc::clone(&posted),
        );
        let stop = end.clone();
        round.spawn(async move { ("planning", planning.run(stop).await.map_err(|e| e.to_string())) });
        if !reports.is_empty() {
            let (book, clock) = (Arc::clone(&self.reports) as _, Arc::clone(&self.clock));
            let courier = Courier::new(reports, book, Arc::clone(press), clock, zone, Arc::clone(&posted), self.mailings());
            let stop = end.clone();
            round.spawn(async move { ("the courier of reports", courier.run(stop).await.map_err(|e| e.to_string())) });
        }
        let alerts = desk.lines.into_iter().map(|setup| (setup, Arc::clone(&self.register) as Arc<dyn Outbox>));
        // Beside the lines of alerts: a report that cannot go holds no alert.
        let reports = by_mail.into_iter().map(|setup| (setup, Arc::clone(&self.reports) as Arc<dyn Outbox>));
        for (setup, outbox) in alerts.chain(reports) {
            let clock = Arc::clone(&self.clock);
            let dispatcher = Dispatcher::new(setup, outbox, clock, Arc::clone(&posted), &settings);
            let stop = end.clone();
            round.spawn(async move { ("a dispatcher", dispatcher.run(stop).await.map_err(|e| e.to_string())) });
        }
        round
    }
}

type Ended = Result<(&'static str, Result<(), String>), tokio::task::JoinError>;

fn why(ended: Option<Ended>) -> String {
    match ended {
        Some(Ok((who, Ok(())))) => format!("{who} ended by itself"),
        Some(Ok((who, Err(error)))) => format!("{who} ended: {error}"),
        Some(Err(panic)) => panic.to_string(),
        None => "nothing tells".to_owned(),
    }
}
