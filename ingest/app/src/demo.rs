//! `marsad demo`: the platform, and a simulated city that publishes to it by real MQTT.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dashboards::Names;
use domains::water::Pseudonyms;
use ports::{Clock, Gate, NewCredential, SystemClock};
use rumqttc::{AsyncClient, ClientError, EventLoop, MqttOptions, QoS};
use schemas::{Kind, Message, Provenance, Qos, Timestamp};
use settings::{Checked, DEMO_RULES, Settings, SettingsError};
use simulators::{City, Destiny, District, HISTORY, Play, Publish};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::{Common, Demo};
use crate::failure::{Code, Failure};
use crate::fit;
use crate::ground::{DemoCity, Origin};
use crate::incident::{Board, Theatre, plan};
use crate::platform::Platform;
use crate::run::{Signals, greet, raise_open_files, until_told};

/// How often the city is asked what its devices say now.
const TICK: Duration = Duration::from_millis(250);
/// Publishes of one connection that wait to be sent: while it is full the city waits.
const WAITING: usize = 1024;
/// From a device to the platform, in the simulated past.
const TRAVELS: Duration = Duration::from_secs(1);
/// The directory of the demo, where none is named: a city in production is never mixed with it.
const DIRECTORY: &str = "marsad-demo";
/// Names the simulated meters, where the settings name no key. No secret.
const DEMO_KEY: &[u8] = b"the key of the demo is no secret";

/// The user name of the simulated devices, where one is needed.
const GATEWAY: &str = "simulator";

/// The demo's own rules.
pub(crate) const RULES: [(&str, &str); 1] = [("rules/demo.toml", DEMO_RULES)];

/// Turns the settings into those of a demo: its own directory and its own rules, unless they are named.
pub(crate) fn adapt(settings: &mut Settings, common: &Common) -> Result<(), SettingsError> {
    let default = Settings::default_values()?;
    if common.data.is_none() && settings.data.directory == default.data.directory {
        settings.data.directory = Path::new(DIRECTORY).to_owned();
    }
    settings.rules.packs.clear();
    let own = own_rules(settings);
    if settings.rules.directories.is_empty() && own.is_dir() {
        settings.rules.directories.push(own);
    }
    Ok(())
}

/// The rules that somebody wrote on a page of the demo, beside its data.
pub(crate) fn own_rules(settings: &Settings) -> PathBuf {
    settings.data.directory.join("rules")
}

pub(crate) async fn demo(settings: &Settings, options: &Demo, origin: Origin) -> Result<(), Failure> {
    let checked = fit::check(settings, &RULES)?;
    raise_open_files();
    let start = SystemClock.now();
    let city = City::demo(options.seed, options.devices as usize, start);
    let mut checked = Checked { catalogue: city.catalogue(), ..checked };
    // Simulated meters have no people behind them: their answers can be looked at without a secret.
    checked.parameters.pseudonyms = checked.parameters.pseudonyms.or_else(|| Pseudonyms::new(DEMO_KEY).ok().map(Names::Made));
    if checked.parameters.districts.is_empty() {
        checked.parameters.districts = city.districts().into_iter().map(district).collect();
    }
    let (past, theatre) = (past(&city, start), Arc::new(Theatre::new()));
    let demo = DemoCity { devices: city.catalogue(), past, start, stage: Arc::clone(&theatre) as _ };
    let signals = Signals::hear()?;
    let platform = Platform::start(settings, checked, origin.of_demo(demo)).await?;
    let mqtt = platform.mqtt.ok_or_else(|| Failure::new(Code::Settings, "the demo needs the MQTT endpoint"))?;
    let more = format!("city     {} simulated devices, seed {}; alerts of exercise only", city.devices().len(), options.seed);
    greet(settings, &platform, &[more]);
    // Where devices need a credential, the simulated ones have one as behind a gateway, new with each start.
    let password = if settings.endpoint.registered() { Some(credential(&platform).await?) } else { None };
    let mut actors = JoinSet::new();
    for kind in [Kind::WASTE, Kind::AIR, Kind::PARKING, Kind::WATER] {
        actors.spawn(act(mqtt, city.clone(), kind, password.clone(), theatre.seat()));
    }
    // The actors end with the program: what they did not say was never promised.
    until_told(platform, signals).await
}

/// A district as balances and night flows are told of it, by the name of its zone.
fn district(District { zone, inflow }: District) -> dashboards::District {
    let name = zone.to_string();
    dashboards::District { name, inflow: vec![inflow], outflow: Vec::new(), zones: vec![zone], meters: Vec::new() }
}

/// Two weeks of the city, so that every chart has something to show: each message as it would have been heard then.
fn past(city: &City, start: Timestamp) -> Vec<Message> {
    let said = |device| city.history(device, start.minus(HISTORY), start);
    let mut past: Vec<Message> = city.devices().iter().flat_map(said).map(heard).collect();
    past.sort_by_key(|message| message.received_at);
    past
}

fn heard(publish: Publish) -> Message {
    let provenance = Provenance { qos: Qos::AtLeastOnce, ..Provenance::default() };
    let received_at = publish.at.plus(TRAVELS);
    Message { topic: publish.topic.into(), payload: publish.payload.into(), received_at, provenance }
}

async fn credential(platform: &Platform) -> Result<String, Failure> {
    let topics = vec!["marsad/#".to_owned()];
    let new = NewCredential { device: GATEWAY.to_owned(), topics, certificate: None, overlap_hours: Some(0) };
    let made = platform.keeper.make_credential(new).await;
    made.map(|made| made.secret).map_err(|e| Failure::new(Code::Stopped, format!("the simulated devices get no credential: {e}")))
}

/// All devices of a kind speak over one connection, as behind one gateway.
async fn act(mqtt: SocketAddr, city: City, kind: Kind, password: Option<String>, mut board: Board) {
    let mut options = MqttOptions::new(format!("simulator-{kind}"), mqtt.ip().to_string(), mqtt.port());
    options.set_keep_alive(Duration::from_secs(30)).set_inflight(512);
    if let Some(password) = password {
        options.set_credentials(GATEWAY, password);
    }
    let (client, events) = AsyncClient::new(options, WAITING);
    let connection = keep_connected(events, kind);
    // Dropping either half ends the other: the play is over when the connection or the story is.
    tokio::select! {
        () = connection => (),
        spoken = speak(&client, city, kind, &mut board) => if let Err(error) = spoken {
            tracing::debug!(%error, %kind, "the simulated devices fell silent");
        },
    }
}

async fn keep_connected(mut events: EventLoop, kind: Kind) {
    loop {
        if let Err(error) = events.poll().await {
            tracing::debug!(%error, %kind, "the simulated devices lost their connection");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn speak(client: &AsyncClient, city: City, kind: Kind, board: &mut Board) -> Result<(), ClientError> {
    let from = SystemClock.now();
    let mut play = Play::endless(city, kind, from);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        for (plan, at) in board.news().iter().filter_map(plan) {
            play.befall(plan, at);
        }
        for sent in play.until(SystemClock.now()).into_iter().filter(|sent| sent.destiny != Destiny::Lost) {
            client.publish(sent.topic, QoS::AtLeastOnce, false, sent.payload).await?;
        }
    }
}
