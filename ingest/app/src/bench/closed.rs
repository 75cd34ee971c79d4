//! `marsad bench closed`: the same load through the endpoint, at first open to all, then closed step by step.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use ports::{Clock, SystemClock};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use simulators::Load;

use super::child::{Marsad, free_address, ours};
use super::collect::{BEHIND, Figure, PATIENCE, SEED, figure, pour, reels};
use super::hose::{Door, Login};
use super::scratch;
use crate::bench::args::Closed;
use crate::failure::{Code, Failure};

/// Bytes of a payload, about.
const PAYLOAD: usize = 100;
/// Who publishes: a network server, which speaks for all devices of the load.
const GATEWAY: &str = "bench-gateway";
/// The load speaks for air: here it is as if people stood behind it.
const SETS: &str = "[[asset]]\ncode = \"air\"\nclass = \"sensitive\"\nkinds = [\"air\"]\nkept = [\"readings\"]\n\
                    name = { fr = \"Air\", ar = \"Air\", en = \"Air\" }\nholds = { fr = \"Air\", ar = \"Air\", en = \"Air\" }\n";

/// Each keeps what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Open,
    Tls,
    Rights,
    Pseudonyms,
}

impl Step {
    const ALL: [Self; 4] = [Self::Open, Self::Tls, Self::Rights, Self::Pseudonyms];

    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open to all",
            Self::Tls => "+ TLS",
            Self::Rights => "+ credential and topic rights",
            Self::Pseudonyms => "+ every message sealed, under pseudonyms",
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    step: &'static str,
    /// Stored and judged.
    #[serde(flatten)]
    figure: Figure,
    /// Its rate over that of the open one.
    rate_ratio: f64,
    /// Its processor time over that of the open one.
    cpu_ratio: f64,
}

pub(crate) async fn closed(options: &Closed, json: bool) -> Result<(), Failure> {
    let load = Load::new(SEED, options.devices, PAYLOAD).starting(SystemClock.now().minus(BEHIND));
    let mut figures: [Vec<Figure>; 4] = Default::default();
    for round in 1..=options.rounds {
        // Side by side, so that a machine that becomes slower becomes so for all of them.
        for (step, of_step) in Step::ALL.into_iter().zip(&mut figures) {
            let spinner = ProgressBar::new_spinner().with_message(format!("round {round}: {}", step.name()));
            spinner.enable_steady_tick(Duration::from_millis(200));
            let figure = measure(step, &load, options.messages).await;
            spinner.finish_and_clear();
            of_step.push(figure?);
        }
    }
    let [open, ..] = figures.each_ref().map(|of_step| usual(of_step));
    let rows = Step::ALL.into_iter().zip(&figures).map(|(step, of_step)| {
        let figure = usual(of_step);
        Row {
            step: step.name(),
            figure,
            rate_ratio: figure.messages_per_second / open.messages_per_second,
            cpu_ratio: figure.cpu_seconds_per_million / open.cpu_seconds_per_million,
        }
    });
    let rows: Vec<Row> = rows.collect();
    if json {
        println!("{}", serde_json::json!({ "messages": options.messages, "devices": options.devices, "rows": rows }));
        return Ok(());
    }
    println!("{} messages a run from {} devices by QoS 1, {} round(s)", options.messages, options.devices, options.rounds);
    println!("{:<42}  {:>8}  {:>6}  {:>8}  {:>6}", "", "msg/s", "ratio", "cpu s/1M", "ratio");
    for Row { step, figure, rate_ratio, cpu_ratio } in rows {
        let Figure { messages_per_second, cpu_seconds_per_million } = figure;
        println!("{step:<42}  {messages_per_second:>8.0}  {rate_ratio:>6.2}  {cpu_seconds_per_million:>8.2}  {cpu_ratio:>6.2}");
    }
    Ok(())
}

/// The middle one by rate and the middle one by processor time.
fn usual(figures: &[Figure]) -> Figure {
    let middle = |of: fn(&Figure) -> f64| {
        let mut all: Vec<f64> = figures.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Figure {
        messages_per_second: middle(|f| f.messages_per_second),
        cpu_seconds_per_million: middle(|f| f.cpu_seconds_per_million),
    }
}

async fn measure(step: Step, load: &Load, messages: u64) -> Result<Figure, Failure> {
    let scratch = scratch()?;
    let place = scratch.path();
    let tls = free_address()?;
    let mut endpoint = String::from("[endpoint]\n");
    let mut privacy = String::new();
    if step >= Step::Tls {
        ours(place, &["cert", "dev", "--out", "certs", "--host", &tls.ip().to_string()])?;
        endpoint += &format!("tls_listen = \"{tls}\"\ncertificate = \"certs/server.pem\"\nkey = \"certs/server.key\"\n");
    }
    if step >= Step::Rights {
        endpoint += "devices = \"registered\"\n";
    }
    if step >= Step::Pseudonyms {
        ours(place, &["vault", "init", "vault.keys"])?;
        std::fs::write(place.join("sets.toml"), SETS)
            .map_err(|cause| Failure::new(Code::Failed, format!("sets.toml: {cause}")))?;
        privacy += "[privacy]\nkeys = \"vault.keys\"\nkinds = [\"air\"]\nassets = \"sets.toml\"\n";
    }
    let marsad = Marsad::start(place, &format!("{endpoint}{privacy}")).await?;
    let mut door = Door::open_to_all(marsad.mqtt);
    if step >= Step::Tls {
        door.address = tls;
        door.tls = Some(trusting(&place.join("certs/ca.pem"))?);
    }
    if step >= Step::Rights {
        let made = ["device", "credential", "make", GATEWAY, "--topic", "marsad/#", "--data", "data"];
        let password = ours(place, &made)?.trim().to_owned();
        door.login = Some(Login { user: GATEWAY.to_owned(), password });
    }
    let reels = reels(load, messages, 1);
    let (began, cpu) = (Instant::now(), marsad.process.cpu());
    pour(&door, reels).await?;
    marsad.settled(messages, PATIENCE).await?;
    Ok(figure(messages, began.elapsed(), marsad.process.cpu() - cpu))
}

/// Whoever speaks TLS by a certificate of this authority.
fn trusting(authority: &Path) -> Result<Arc<ClientConfig>, Failure> {
    let odd = |why: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{}: {why}", authority.display()));
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(authority).map_err(|why| odd(&why))?;
    roots.add(certificate).map_err(|why| odd(&why))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| odd(&why))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
