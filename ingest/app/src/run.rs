//! `marsad run` and `marsad check`.

use std::io::Write;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use settings::{Checked, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Code, Failure, unwritable};
use crate::fit;
use crate::ground::Origin;
use crate::platform::Platform;

pub(crate) async fn run(settings: &Settings, origin: Origin) -> Result<(), Failure> {
    let checked = fit::check_real(settings)?;
    raise_open_files();
    let signals = Signals::hear()?;
    let platform = Platform::start(settings, checked, origin).await?;
    greet(settings, &platform, &[]);
    until_told(platform, signals).await
}

/// Asks for as many open files as this user may have: each connection needs one. `marsad doctor` says
/// when that is too few.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Refused, it stays as it was.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// What a person needs to know: where the pages are, where devices publish, where data stand.
pub(crate) fn greet(settings: &Settings, platform: &Platform, more: &[String]) {
    eprintln!("Marsad watches {}.", settings.city.name.en);
    eprintln!("  pages    {}://{}/", platform.scheme, platform.http);
    if let Some(mqtt) = platform.mqtt {
        eprintln!("  devices  mqtt://{mqtt}");
    }
    eprintln!("  data     {}", settings.data.directory.display());
    if let Some(code) = platform.keeper.set_up_code() {
        eprintln!("  set up   {}://{}/set-up?code={code}", platform.scheme, platform.http);
        eprintln!("           nobody can sign in yet: this link, which works once, enters the first admin");
    }
    for line in more {
        eprintln!("  {line}");
    }
    eprintln!("Stop with Ctrl-C.");
}

/// What a running program is told by. Heard from before the doors open: who sees that it answers may stop it.
pub(crate) struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn hear() -> Result<Self, Failure> {
        let heard = |kind| signal(kind).map_err(|cause| Failure::new(Code::Stopped, format!("signals cannot be heard: {cause}")));
        Ok(Self {
            term: heard(SignalKind::terminate())?,
            interrupt: heard(SignalKind::interrupt())?,
            hangup: heard(SignalKind::hangup())?,
        })
    }
}

/// Runs until a signal, or until something ends by itself. SIGHUP reads devices, routes, profiles, rules and whom to
/// tell anew.
pub(crate) async fn until_told(mut platform: Platform, signals: Signals) -> Result<(), Failure> {
    let Signals { mut term, mut interrupt, mut hangup } = signals;
    let broken = loop {
        // Signals and last words are kept by their streams: dropping an arm loses none.
        tokio::select! {
            _ = term.recv() => break None,
            _ = interrupt.recv() => break None,
            failure = platform.broken() => break Some(failure),
            _ = hangup.recv() => {}
        }
        platform.reload().await;
    };
    match broken {
        None => {
            tracing::info!("stopping: what was taken is made durable first");
            platform.stop().await
        }
        Some(failure) => {
            tracing::error!(%failure, "stopping");
            // The first failure is the one to tell.
            let _ = platform.stop().await;
            Err(failure)
        }
    }
}

pub(crate) fn check(settings: &Settings, json: bool) -> Result<(), Failure> {
    let Checked { catalogue, rules, profiles, .. } = fit::check_real(settings)?;
    let (devices, rules, profiles) = (catalogue.len(), rules.rules().len(), profiles.iter().count());
    let text = if json {
        serde_json::json!({ "ok": true, "devices": devices, "rules": rules, "profiles": profiles }).to_string()
    } else {
        format!("The settings are right: {devices} devices listed, {rules} rules, {profiles} device profiles.")
    };
    writeln!(std::io::stdout(), "{text}").map_err(unwritable)
}
