//! The section `[notify]`, and the `log` channel.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{Notification, Notifier};
use schemas::{Phase, Severity};
use serde::Deserialize;

use super::{channel, start, transition};
use crate::{LogChannel, Settings, SettingsError, TYPES, build};

fn section(toml: &str) -> Result<Settings, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        notify: Settings,
    }
    toml::from_str::<File>(toml).map(|file| file.notify)
}

fn with(channels: &str) -> Settings {
    let times = "[notify]\ntimeout = \"10s\"\nretry_first = \"1s\"\nretry_limit = \"5m\"\ngive_up = \"24h\"\n";
    section(&format!("{times}{channels}")).unwrap()
}

fn refused(channels: &str) -> String {
    build(&with(channels)).map(drop).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_a_log_channel() {
    let settings = section(include_str!("../../../../config/default.toml")).unwrap();
    assert_eq!(settings.channel_names(), [channel("log")]);
    let built = build(&settings).unwrap();
    assert_eq!(built.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), [channel("log")]);
}

#[test]
fn channels_are_built_in_the_order_of_the_settings() {
    let settings = with(
        "[[notify.channel]]\nname = \"fleet\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
         secret = \"0123456789abcdef\"\ntimeout = \"2s\"\n[[notify.channel]]\nname = \"log\"\ntype = \"log\"\n",
    );
    assert_eq!(build(&settings).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), settings.channel_names());
    assert!(!format!("{settings:?}").contains("0123456789abcdef"), "a secret is printed");
}

#[test]
fn what_is_wrong_with_a_channel_is_said_with_its_name() {
    let pigeon = refused("[[notify.channel]]\nname = \"x\"\ntype = \"pigeon\"\n");
    assert_eq!(pigeon, "notify.channel `x`: no type `pigeon`, expected one of log, webhook");
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
fn the_log_channel_writes_a_line_at_the_level_of_its_severity() {
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
            let notification =
                Notification { number: 1, channel: channel("log"), transition, attempts: 0, made_at: start(), due: start() };
            // Ready at once: no runtime is needed.
            drop(LogChannel.deliver(&notification));
        }
    });
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, level) in lines.iter().zip(["ERROR", "WARN", "INFO", "INFO"]) {
        assert!(line.contains(level) && line.contains("Bin bin-0007 full") && line.contains("device=bin-0007"), "{line}");
    }
}
