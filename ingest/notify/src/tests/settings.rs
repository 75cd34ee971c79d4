//! The section `[notify]`, and the `log` channel.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use ports::Notifier;
use schemas::{Phase, Severity, Timestamp, Transition};
use serde::Deserialize;

use super::{channel, single, transition};
use crate::{City, Desk, LogChannel, Settings, SettingsError, TYPES};

fn section(toml: &str) -> Result<Settings, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        notify: Settings,
    }
    toml::from_str::<File>(toml).map(|file| file.notify)
}

const REST: &str = "dry_run = false\nlanguage = \"fr\"\nterritories = []\n\
    quiet = { from = \"22:00\", to = \"06:00\", severities = [\"info\"] }\n\
    storm = { limit = 20, per = \"1h\", exempt = [\"emergency\"] }\n\
    flapping = { limit = 5, within = \"1h\" }\n";

fn with(channels: &str) -> Settings {
    let times = "[notify]\ntimeout = \"10s\"\nretry_first = \"1s\"\nretry_limit = \"5m\"\ngive_up = \"24h\"\n";
    section(&format!("{times}{REST}{channels}")).unwrap()
}

fn build(settings: &Settings) -> Result<Desk, SettingsError> {
    crate::build(settings, &City { catalogue: Arc::default(), zone: TimeZone::UTC, simulated: None })
}

fn lines(desk: &Desk) -> Vec<String> {
    let name = |line: ports::Line| format!("{} by {}", line.receiver, line.channel);
    desk.lines.iter().map(|setup| name(setup.line())).collect()
}

fn refused(channels: &str) -> String {
    build(&with(channels)).map(drop).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_a_log_channel() {
    let settings = section(include_str!("../../../../config/default.toml")).unwrap();
    assert_eq!(settings.names(), [channel("log")]);
    assert_eq!(lines(&build(&settings).unwrap()), ["log by log"]);
}

#[test]
fn channels_are_built_in_the_order_of_the_settings() {
    let settings = with(
        "[[notify.channel]]\nname = \"fleet\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
         secret = \"0123456789abcdef\"\ntimeout = \"2s\"\n[[notify.channel]]\nname = \"log\"\ntype = \"log\"\n",
    );
    assert_eq!(lines(&build(&settings).unwrap()), ["fleet by fleet", "log by log"]);
    assert!(!format!("{settings:?}").contains("0123456789abcdef"), "a secret is printed");
}

#[test]
fn what_is_wrong_with_a_channel_is_said_with_its_name() {
    let pigeon = refused("[[notify.channel]]\nname = \"x\"\ntype = \"pigeon\"\n");
    assert_eq!(pigeon, "notify.channel `x`: no type `pigeon`, expected one of log, webhook, email, sms, mqtt, cap, open311");
    let loud = refused("[[notify.channel]]\nname = \"x\"\ntype = \"log\"\nloud = true\n");
    assert!(loud.contains("`x` of type log") && loud.contains("unknown field `loud`"), "{loud}");
    let twice = refused("[[notify.channel]]\nname = \"x\"\ntype = \"log\"\n[[notify.channel]]\nname = \"x\"\ntype = \"log\"\n");
    assert_eq!(twice, "notify.channel: `x` is there twice");
    let webhook = |keys: &str| refused(&format!("[[notify.channel]]\nname = \"x\"\ntype = \"webhook\"\n{keys}\n"));
    assert!(webhook("").contains("missing field `url`"));
    assert!(webhook("url = \"http://a/\"\nsecrte = \"x\"").contains("unknown field `secrte`"));
    assert!(webhook("url = \"gopher://a/\"").contains("expected http:// or https://"));
    assert!(webhook("url = \"http://a/\"\nsecret = \"short\"").contains("at least 16 bytes"));
    assert!(webhook("url = \"http://a/\"\nsecret_file = \"/nowhere\"").contains("/nowhere"));
    assert!(webhook("url = \"http://a/\"\ntimeout = \"11s\"").contains("longer than notify.timeout"));
    assert!(webhook("url = \"http://a/\"\ntimeout = \"soon\"").contains("of type webhook"));
}

const TWO: &str = "[[notify.channel]]\nname = \"log\"\ntype = \"log\"\n\
    [[notify.channel]]\nname = \"mail\"\ntype = \"email\"\nserver = \"127.0.0.1\"\nprotection = \"none\"\nfrom = \"a@b.example\"\n";

#[test]
fn a_receiver_has_a_line_for_each_of_its_channels_and_a_fallback_inside_it() {
    let receiver = "[[notify.receiver]]\nname = \"arma\"\nvia = [\"mail\"]\nmail = [\"ops@arma.example\"]\nfallback = \"log\"\n\
        contractor = \"ARMA\"\n[[notify.route]]\nname = \"waste\"\nkind = [\"waste\"]\nto_contractor = true\n\
        group = [\"contractor\", \"rule\"]\nwait = \"30s\"\n[[notify.route.route]]\nname = \"fire\"\nrule = [\"waste.fire*\"]\nto = [\"log\"]\n";
    let settings = with(&format!("{TWO}{receiver}"));
    assert_eq!(settings.names(), [channel("log"), channel("mail"), channel("arma")]);
    let desk = build(&settings).unwrap();
    assert_eq!(lines(&desk), ["log by log", "mail by mail", "arma by mail"]);
    assert_eq!(desk.lines[2].route.to, ["ops@arma.example"]);
    assert_eq!(desk.lines[2].fallback.as_ref().unwrap().route.channel, channel("log"));
    assert!(!format!("{settings:?}{desk:?}").contains("ops@"), "an address is printed");
}

#[test]
fn what_is_wrong_with_a_receiver_or_a_route_is_said_with_its_name() {
    let receiver = |keys: &str| refused(&format!("{TWO}[[notify.receiver]]\nname = \"x\"\n{keys}\n"));
    assert_eq!(receiver("via = []"), "notify.receiver `x`: via: expected at least one channel");
    assert_eq!(receiver("via = [\"pigeon\"]"), "notify.receiver `x`: there is no channel `pigeon`");
    assert!(receiver("via = [\"mail\"]\nfallback = \"mail\"").contains("another channel"));
    let phone = receiver("via = [\"mail\"]\nphone = [\"0612345678\"]");
    assert!(phone.contains("telephone") && !phone.contains("0612345678"), "{phone}");
    assert!(receiver("via = [\"mail\"]\nmail = [\"nobody\"]").contains("name@domain"));
    assert!(receiver("via = [\"log\"]\nfallback = \"mail\"").contains("an address for `mail`"));
    assert!(refused(&format!("{TWO}[[notify.receiver]]\nname = \"log\"\nvia = [\"mail\"]\n")).contains("`log` is there twice"));
    let route = |keys: &str| refused(&format!("{TWO}[[notify.route]]\nname = \"r\"\n{keys}\n"));
    assert_eq!(route("to = [\"pigeon\"]"), "notify.route `r`: no receiver, no channel and no rota `pigeon`");
    assert!(route("").contains("`r`: tells nobody"));
    let mut settings = with(TWO);
    settings.storm.limit = 0;
    assert_eq!(build(&settings).map(drop).unwrap_err().to_string(), "notify.storm.limit: expected 1 to 10000");
    let mut settings = with(TWO);
    settings.flapping.limit = 2;
    assert_eq!(build(&settings).map(drop).unwrap_err().to_string(), "notify.flapping.limit: expected 3 to 100, or 0");
    let email =
        |keys: &str| refused(&format!("[[notify.channel]]\nname = \"x\"\ntype = \"email\"\nfrom = \"a@b.example\"\n{keys}\n"));
    assert!(email("server = \"mail.example\"\nprotection = \"none\"").contains("allow_plain"));
    assert!(email("server = \"mail.example\"\nuser = \"u\"").contains("expected a password too"));
}

#[test]
fn what_is_wrong_is_found_again_by_its_key() {
    let key = |toml: &str| {
        let settings = with(&format!("{TWO}{toml}"));
        build(&settings).map(drop).unwrap_err().key(&settings)
    };
    assert_eq!(key("[[notify.channel]]\nname = \"x\"\ntype = \"pigeon\"\n"), "notify.channel[2]");
    assert_eq!(key("[[notify.channel]]\nname = \"log\"\ntype = \"log\"\n"), "notify.channel[2]");
    assert_eq!(key("[[notify.receiver]]\nname = \"x\"\nvia = []\n"), "notify.receiver[0]");
    let routes = "[[notify.route]]\nname = \"a\"\nto = [\"log\"]\n[[notify.route]]\nname = \"b\"\nto = [\"log\"]\n\
        [[notify.route.route]]\nname = \"c\"\nto = [\"pigeon\"]\n";
    assert_eq!(key(routes), "notify.route[1].route[0]");
}

#[test]
fn a_duration_out_of_its_range_is_refused() {
    let key = |change: fn(&mut Settings)| {
        let mut settings = with("channel = []");
        change(&mut settings);
        match build(&settings).map(drop) {
            Err(SettingsError::Value { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key(|s| s.timeout = Duration::ZERO), "timeout");
    assert_eq!(key(|s| s.timeout = Duration::from_secs(301)), "timeout");
    assert_eq!(key(|s| s.retry_first = Duration::ZERO), "retry_first");
    assert_eq!(key(|s| s.retry_first = Duration::from_secs(301)), "retry_first");
    assert_eq!(key(|s| s.give_up = Duration::from_secs(60)), "retry_limit");
    assert!(section("[notify]\nchannels = []\n").is_err(), "an unknown key is refused");
}

#[test]
fn every_type_says_what_it_does() {
    for kind in &TYPES {
        assert!(!kind.name.is_empty() && kind.about.len() > 20, "{kind:?}");
    }
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_was_before_a_simulated_city_lived_is_told_in_one_line() {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let fires = transition(7, Phase::Firing);
    let start = fires.at;
    let channel = LogChannel::since(Some(start));
    let tell = |seconds: i64| {
        let transition = Transition { at: Timestamp::clamped(start.millis() + 1000 * seconds), ..fires.clone() };
        drop(channel.deliver(&single("log", transition)));
    };
    tracing::subscriber::with_default(subscriber, || (-30..2).for_each(tell));
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("30 changes of alerts") && lines[0].contains("on the pages"), "{text}");
    assert!(lines[1..].iter().all(|line| line.contains("Bin bin-0007 full")), "{text}");
}

#[test]
fn the_log_channel_warns_of_what_fires_and_says_what_is_mild_or_over_and_is_never_an_error() {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, || {
        for (severity, to) in [
            (Severity::Emergency, Phase::Firing),
            (Severity::Warning, Phase::Firing),
            (Severity::Info, Phase::Firing),
            (Severity::Emergency, Phase::Resolved),
        ] {
            let mut transition = transition(7, to);
            transition.severity = severity;
            let notification = single("log", transition);
            // Ready at once: no runtime is needed.
            drop(LogChannel::default().deliver(&notification));
        }
    });
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, level) in lines.iter().zip(["WARN", "WARN", "INFO", "INFO"]) {
        assert!(
            line.contains(level)
                && line.contains("severity=")
                && line.contains("Bin bin-0007 full")
                && line.contains("device=bin-0007"),
            "{line}"
        );
    }
}
