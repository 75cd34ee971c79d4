//! The wiring: everything is opened, joined and started here, and nowhere else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ::access::Keeper;
use ::vault::Vault;
use dashboards::{City, House, Parameters, Pressroom};
use endpoint::{Access, Endpoint, Open};
use journal::{Journal, JournalError};
use notify::{Lookout, Registered};
use pipeline::collector::Collector;
use pipeline::{Parts, Pipeline, PipelineWatch, Source};
use ports::{BirthBook, Clock, DeviceBook, Live, Operations, RecordError, Reloaded, Store, SystemClock};
use register::Register;
use rules::Engine;
use schemas::{Message, Timestamp};
use settings::{Checked, Settings};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::certified::Certified;
use crate::clerk::{Clerk, Counter, Listed, Works};
use crate::desk::Operators;
use crate::directory::{DataDirectory, Running};
use crate::door::{Door, Watch};
use crate::failure::{Code, Failure};
use crate::gate;
use crate::ground::{Ground, Origin};
use crate::observer::{Desk, Loops, Observer};
use crate::opened::{Opened, disk_failure, journal_failure, pipeline_failure, record_failure};
use crate::press::OfPages;
use crate::roster::Roster;
use crate::rounds::{dismissing, expiring, retention, rolling};
use crate::rulebook::Book;
use crate::teller::{Teller, Telling};
use crate::watchman::Watchman;
use crate::{tls, vault};

/// Frames that a listener may be behind before it loses some.
const FRAMES: usize = 256;
/// Bytes of a past that are written at once.
const BLOCK: usize = 1 << 20;

/// Writes what was said while nobody listened behind what stands in the journal, as it was heard then: a reader cannot tell it from
/// the journal of a platform that ran for so long.
fn write_past(journal: &mut Journal, past: &[Message]) -> Result<(), JournalError> {
    let heard = last_heard(journal)?;
    for message in past.iter().filter(|message| heard.is_none_or(|heard| message.received_at > heard)) {
        journal.append_with(message.encoded_len(), |record| message.encode(record));
        if journal.pending_bytes() >= BLOCK {
            journal.commit()?;
        }
    }
    if journal.pending_bytes() > 0 {
        journal.commit()?;
    }
    Ok(())
}

/// When the last message of a journal was heard; none where nothing stands in it.
fn last_heard(journal: &Journal) -> Result<Option<Timestamp>, JournalError> {
    let view = journal.view();
    let Some(last) = view.next().checked_sub(1).filter(|last| *last >= view.first()) else { return Ok(None) };
    let batch = view.reader(last)?.next(1, usize::MAX)?;
    let record = batch.and_then(|batch| batch.records.into_iter().next());
    Ok(record.and_then(|record| Message::decode(&record).ok()).map(|message| message.received_at))
}

/// Everything, running.
pub(crate) struct Platform {
    place: PathBuf,
    pipeline: Pipeline,
    helpers: JoinSet<(&'static str, Result<(), String>)>,
    /// Told to the dispatchers once the evaluator is done.
    after: CancellationToken,
    /// Told to pages and API.
    pages: CancellationToken,
    counter: Counter,
    /// Where devices publish.
    pub(crate) mqtt: Option<SocketAddr>,
    /// Where pages are.
    pub(crate) http: SocketAddr,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Who may ask and publish.
    pub(crate) keeper: Arc<Keeper>,
    // Dropped last: the directory is free only when everything has ended.
    _directory: DataDirectory,
}

/// Takes an address, or says plainly why not.
async fn listen(address: SocketAddr, what: &str, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|cause| address_failure(address, what, flag, &cause))
}

fn address_failure(address: SocketAddr, what: &str, flag: &str, cause: &std::io::Error) -> Failure {
    let why = match cause.kind() {
        std::io::ErrorKind::AddrInUse => "another program has it".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not take it".to_owned(),
        std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => cause.to_string(),
    };
    Failure::new(Code::Settings, format!("{what} cannot listen on {address}: {why}"))
        .hint(format!("choose another address with {flag} HOST:PORT"))
}

impl Platform {
    /// Opens and starts everything. No directory is made before the ports are ours.
    pub(crate) async fn start(settings: &Settings, checked: Checked, mut origin: Origin) -> Result<Self, Failure> {
        let (simulated, stage) = (origin.simulated(), origin.stage());
        let demo = simulated.is_some();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // Who runs here already is a better answer than that a port is taken.
        let place = &settings.data.directory;
        let held = if place.is_dir() { Some(DataDirectory::need(place)?) } else { None };
        let listener = listen(settings.http.listen, "the HTTP server", "--http").await?;
        let http = listener.local_addr().unwrap_or(settings.http.listen);
        let watch = Arc::new(Watch::default());
        let access: Arc<dyn Access> = if settings.endpoint.registered() { Arc::clone(&watch) as _ } else { Arc::new(Open) };
        let endpoint = Endpoint::bind(&settings.endpoint, access).await.map_err(|cause| {
            Failure::new(Code::Settings, cause.to_string()).hint("choose another address with --mqtt HOST:PORT")
        })?;
        let (mqtt, mqtt_tls) = (Some(endpoint.address()), endpoint.certificates());
        let certificates = tls::of_http(settings)?;
        // Beside TLS, commands on this machine come by a door of their own, which no certificate has to fit.
        let own = if certificates.is_some() { Some(listen(OWN, "the door of commands", "--http").await?) } else { None };
        let directory = match held {
            Some(directory) => directory,
            None => DataDirectory::need(place)?,
        };
        let mut opened = Opened::open(settings, directory)?;
        write_past(&mut opened.journal, &origin.take_past()).map_err(|e| journal_failure(place, &e))?;
        let gate = gate::running(settings, &opened.directory, &clock)?;
        let dismissal = endpoint.dismissal();
        gate.doorman.dismiss_by(Arc::new(move |device| _ = dismissal.dismiss(device)));
        watch.post(Arc::clone(&gate.doorman));
        let asked = own.as_ref().and_then(|own| own.local_addr().ok()).unwrap_or(http);
        let running = Running { pid: std::process::id(), http: format!("http://{asked}") };
        opened.directory.note(&running).map_err(|cause| disk_failure(place, &cause))?;

        let (mut sources, ways) = collectors(settings, &clock)?;
        if !sources.is_empty() {
            let heard = opened.register.devices().map_err(|e| record_failure(place, &e))?;
            let watches: Vec<_> = sources.iter().map(|source| source.watch()).collect();
            let heard = heard.into_iter().map(|seen| seen.device.id).collect();
            sources.push(Box::new(Watchman::new(watches, &heard, settings.away.after, Arc::clone(&clock))));
        }
        sources.insert(0, Box::new(Door { endpoint, clock: Arc::clone(&clock) }));
        let adopted = opened.register.adopted().map_err(|e| record_failure(place, &e))?;
        let vault = vault::open(settings)?;
        checked.atlas.install();
        let mut parameters = checked.parameters;
        match &vault {
            Some(vault) => vault::rename(vault, &mut parameters.districts, clock.now()),
            None if !demo => vault::warn(settings),
            None => {}
        }
        let ground = Ground { files: checked.catalogue, profiles: checked.profiles, routes: checked.routes, vault };
        let decoder = ground.decoder(adopted, clock.now()).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
        hear_again(&decoder, &opened.register).map_err(|e| record_failure(place, &e))?;
        let catalogue = Arc::clone(decoder.catalogue());
        let (live, decided) = (Live::new(FRAMES), Arc::new(Notify::new()));
        let store: Arc<dyn Store> = Arc::clone(&opened.store);
        let mut engine = Engine::new(checked.rules);
        engine.set_time_zone(checked.time.zone().clone());
        engine.set_calendar(Arc::new(parameters.calendar.clone()));
        let pipeline = Pipeline::start(Parts {
            settings: settings.pipeline.clone(),
            journal: opened.journal,
            decoder,
            store: Arc::clone(&store),
            quarantine: Arc::clone(&opened.register) as _,
            bounds: settings.quarantine,
            devices: Arc::clone(&opened.register) as _,
            births: Arc::clone(&opened.register) as _,
            alerts: Arc::clone(&opened.register) as _,
            engine,
            sources,
            live: live.clone(),
            outbox: Arc::clone(&decided),
            clock: Arc::clone(&clock),
            told_within: pipeline::TOLD_WITHIN,
        })
        .map_err(|e| pipeline_failure(place, &e))?;

        let (after, pages, mut helpers) = (CancellationToken::new(), CancellationToken::new(), JoinSet::new());
        let telling = notify::City { catalogue: Arc::clone(&catalogue), zone: checked.time.zone().clone(), simulated };
        let told = Telling::of(settings, &telling).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
        let curb = Arc::new(Registered::new(
            Arc::clone(&opened.register) as _,
            Arc::clone(&opened.register) as _,
            settings.inhibit.clone(),
            lookout(settings, pipeline.watch()),
        ));
        let roster = Arc::new(Roster::new(told.rotas().to_vec()));
        let (teller, bell) =
            Teller::new(Arc::clone(&opened.register), Arc::clone(&curb), Arc::clone(&clock), Arc::clone(&decided));
        let operators = Operators {
            register: Arc::clone(&opened.register),
            curb,
            clock: Arc::clone(&clock),
            roster: Arc::clone(&roster),
            mailings: teller.mailings(),
            changed: Arc::clone(&decided),
        };
        teller.bury_strays(&told).map_err(|e| record_failure(&settings.data.directory, &e))?;
        let kept = expiring(settings, &parameters.purposes);
        let (expiry, stop) = (retention(kept, Arc::clone(&store), Arc::clone(&clock), Arc::clone(&gate.keeper)), pages.clone());
        helpers.spawn(async move {
            // Dropped between two weeks of a kind, at worst: the next start goes on.
            tokio::select! { () = expiry => (), () = stop.cancelled() => () }
            ("retention", Ok(()))
        });
        let (hours, stop) = (rolling(settings.store.roll_up, Arc::clone(&store), Arc::clone(&clock)), pages.clone());
        helpers.spawn(async move {
            // Dropped in the middle of an hour, at worst: the next start makes it anew.
            tokio::select! { () = hours => (), () = stop.cancelled() => () }
            ("rolling up hours", Ok(()))
        });
        let (overdue, stop) = (dismissing(Arc::clone(&gate.doorman)), pages.clone());
        helpers.spawn(async move {
            // Dropped between two devices at worst: nobody is connected any more when this ends.
            tokio::select! { () = overdue => (), () = stop.cancelled() => () }
            ("the ends of credentials", Ok(()))
        });
        let counter = Counter(Arc::new(Clerk {
            works: Works::Running {
                watch: Box::new(pipeline.watch()),
                origin: Box::new(origin),
                bell,
                store: Arc::clone(&store),
            },
            register: Arc::clone(&opened.register),
            clock: Arc::clone(&clock),
            files: Mutex::new(Listed { catalogue: ground.files, bounds: settings.city.bounds }),
            roster,
            vault: ground.vault.clone(),
            certificates: mqtt_tls
                .into_iter()
                .chain(certificates.clone())
                .map(Certified::Door)
                .chain(ways)
                .chain(opened.outward.into_iter().chain(gate.outward).map(Certified::Way))
                .collect(),
        }));
        let observer = Observer {
            city: settings.city.name.en.clone(),
            demo,
            started_at: clock.now(),
            clock: Arc::clone(&clock),
            loops: Loops::Running(pipeline.watch()),
            store: Arc::clone(&store),
            register: opened.register,
            directory: settings.data.directory.clone(),
        };
        let house = house(
            settings,
            parameters,
            store,
            (Desk(Arc::new(observer)), counter.clone(), operators),
            live,
            clock,
            (ground.vault, demo),
        )?;
        let house = House { stage, ..house };
        let (press, stop) = (Arc::new(OfPages(Pressroom::new(house.clone()))), after.clone());
        helpers.spawn(async move { ("telling", teller.run(told, press, stop).await) });
        let (router, limits, stop) =
            (dashboards::guarded(house, Arc::clone(&gate.keeper) as _), settings.http.clone(), pages.clone());
        if let Some(own) = own {
            let (router, limits, stop) = (router.clone(), limits.clone(), pages.clone());
            helpers.spawn(async move {
                let served = dashboards::serve(own, router, &limits, stop.cancelled_owned()).await;
                ("the door of commands", served.map_err(|e| e.to_string()))
            });
        }
        let scheme = if certificates.is_some() { "https" } else { "http" };
        helpers.spawn(async move {
            let stop = stop.cancelled_owned();
            let served = match certificates {
                None => dashboards::serve(listener, router, &limits, stop).await,
                Some(certificates) => {
                    let tls: dashboards::Tls = Arc::new(move || certificates.current());
                    dashboards::serve_tls(listener, router, &limits, tls, stop).await
                }
            };
            ("the HTTP server", served.map_err(|e| e.to_string()))
        });
        Ok(Self {
            place: place.clone(),
            pipeline,
            helpers,
            after,
            pages,
            counter,
            mqtt,
            http,
            scheme,
            keeper: gate.keeper,
            _directory: opened.directory,
        })
    }

    /// Waits until something ends by itself, which nothing should.
    pub(crate) async fn broken(&mut self) -> Failure {
        // Both arms are cancel-safe: a channel and a join set keep what was not taken.
        tokio::select! {
            ended = self.pipeline.broken() => match ended {
                Ok(()) => Failure::new(Code::Stopped, "a loop of the pipeline ended by itself"),
                Err(error) => pipeline_failure(&self.place, &error),
            },
            Some(ended) = self.helpers.join_next() => match ended {
                Ok((who, Ok(()))) => Failure::new(Code::Stopped, format!("{who} ended by itself")),
                Ok((who, Err(error))) => Failure::new(Code::Stopped, format!("{who} ended: {error}")),
                Err(panic) => Failure::new(Code::Stopped, panic.to_string()),
            },
        }
    }

    /// Reads devices, routes, profiles, rules and whom to tell anew, and says how that went: for a signal, which
    /// nobody answers.
    pub(crate) async fn reload(&self) {
        match self.counter.reload().await {
            Ok(Reloaded { listed, adopted, profiles, routes, rules, lines, rotas }) => {
                tracing::info!(
                    listed,
                    adopted,
                    profiles,
                    routes,
                    rules,
                    lines,
                    rotas,
                    "devices, routes, profiles, rules and whom to tell are read anew"
                );
            }
            Err(error) => tracing::error!(%error, "the reload is refused, and what was in force stays so"),
        }
    }

    /// Drains and ends everything: doors, keeper, readers, dispatchers, pages.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let drained = self.pipeline.stop().await;
        self.after.cancel();
        self.pages.cancel();
        while self.helpers.join_next().await.is_some() {}
        drained.map_err(|error| pipeline_failure(&self.place, &error))
    }
}

/// Any free port of this machine.
const OWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Tells a new decoder what an earlier one has heard and later messages cannot be read without.
pub(crate) fn hear_again(decoder: &::codec::Decoder, register: &Register) -> Result<(), RecordError> {
    for birth in register.births()? {
        decoder.learn(&birth);
    }
    Ok(())
}

/// What pages and API are made of.
pub(crate) fn house(
    settings: &Settings,
    parameters: Parameters,
    store: Arc<dyn Store>,
    (desk, counter, operators): (Desk, Counter, Operators),
    live: Live,
    clock: Arc<dyn Clock>,
    (vault, demo): (Option<Arc<Vault>>, bool),
) -> Result<House, Failure> {
    let city = City::new(settings.city.name.clone(), &settings.city.time_zone, demo);
    let city = city.map_err(|e| Failure::new(Code::Settings, format!("city.time_zone: {e}")))?;
    let city = city.licensed(settings.city.licence.clone());
    Ok(House {
        rules: Arc::new(Book::new(Arc::clone(&counter.0), Arc::clone(&store), Arc::clone(&clock))),
        store,
        console: Arc::new(desk),
        operations: Arc::new(counter),
        desk: Arc::new(operators),
        stage: None,
        vault: vault.map(|vault| vault as _),
        live,
        clock,
        city,
        parameters: Arc::new(parameters),
        settings: settings.http.clone(),
    })
}

type Sources = Vec<Box<dyn Source>>;

/// A source for each broker of the settings, and what is spoken with those over TLS.
fn collectors(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<(Sources, Vec<Certified>), Failure> {
    let made = |broker| Collector::new(broker, Arc::clone(clock)).map_err(|e| Failure::new(Code::Settings, e.to_string()));
    let collectors = settings.collector.iter().map(made).collect::<Result<Vec<_>, _>>()?;
    let ways = collectors.iter().filter_map(Collector::outward).map(Certified::Way).collect();
    Ok((collectors.into_iter().map(|collector| Box::new(collector) as Box<dyn Source>).collect(), ways))
}

/// Looks at the collectors; the endpoint is ours and never away.
fn lookout(settings: &Settings, watch: PipelineWatch) -> Lookout {
    let doors = move || {
        let ours = [crate::door::NAME, crate::watchman::NAME];
        let collectors = watch.sources().into_iter().filter(|source| !ours.contains(&source.name.as_str()));
        collectors.map(|source| notify::Door { name: source.name, up: source.up, trouble: source.trouble }).collect()
    };
    Lookout::new(settings.away.clone(), Box::new(doors))
}
