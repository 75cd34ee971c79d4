//! Settings: what is taken, what is refused and in which words, and that the page tells the truth.

use std::sync::Arc;

use bytesize::ByteSize;
use rumqttc::QoS;

use super::rig::Noon;
use crate::collector::settings::Plan;
use crate::collector::{Collector, Settings};

fn read(text: &str) -> Settings {
    let mut page: toml::Table = toml::from_str(text).unwrap();
    let collector = page.remove("collector").unwrap().as_array_mut().unwrap().remove(0);
    collector.try_into().unwrap()
}

/// The example of the settings' page, with every key.
fn documented() -> Settings {
    let page = include_str!("../../../../../config/default.toml");
    let example: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "#[[collector]]")
        .take_while(|line| line.starts_with('#'))
        .filter(|line| !line.starts_with("# "))
        .map(|line| line.trim_start_matches('#'))
        .collect();
    read(&example.join("\n"))
}

fn plain() -> Settings {
    read("[[collector]]\nname = \"city\"\nurl = \"mqtt://localhost\"\nfilters = [\"marsad/#\"]")
}

fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = plain();
    change(&mut settings);
    Collector::new(&settings, Arc::new(Noon)).unwrap_err().to_string()
}

#[test]
fn the_settings_page_names_every_key_and_its_true_default() {
    let mut shown = documented();
    // What has no default is shown by an example.
    for (file, key) in [
        (shown.password_file.take(), "password_file"),
        (shown.ca_file.take(), "ca_file"),
        (shown.client_cert_file.take(), "client_cert_file"),
        (shown.client_key_file.take(), "client_key_file"),
    ] {
        assert!(file.is_some(), "{key} is not on the page");
    }
    assert!(shown.alpn.take().is_some(), "alpn is not on the page");
    assert!(shown.password_env.take().is_some() && shown.username.take().is_some());
    assert!(shown.client_id.is_some() && shown.qos.is_some() && shown.keep_alive.is_some() && shown.connect_timeout.is_some());
    assert!(shown.max_message.is_some() && shown.window.is_some() && shown.gather.is_some());
    shown.url = "mqtt://localhost".into();
    let shown = Plan::new(&shown).unwrap();

    let mut bare = plain();
    bare.name.clone_from(&shown.name);
    let bare = Plan::new(&bare).unwrap();
    assert_eq!(shown.client_id, bare.client_id);
    assert_eq!(shown.qos, bare.qos);
    assert_eq!(shown.keep_alive, bare.keep_alive);
    assert_eq!(shown.connect_timeout, bare.connect_timeout);
    assert_eq!(shown.max_message, bare.max_message);
    assert_eq!(shown.window, bare.window);
    assert_eq!(shown.gather, bare.gather);
}

#[test]
fn an_address_has_a_scheme_a_host_and_perhaps_a_port() {
    let at = |url: &str| {
        let mut settings = plain();
        settings.url = url.into();
        Plan::new(&settings).unwrap().mqtt.broker_address()
    };
    assert_eq!(at("mqtt://broker.city"), ("broker.city".into(), 1883));
    assert_eq!(at("mqtt://10.0.0.1:2883/"), ("10.0.0.1".into(), 2883));
    assert_eq!(at("mqtt://[::1]:1884"), ("[::1]".into(), 1884));
    assert_eq!(at("mqtt://[::1]"), ("[::1]".into(), 1883));
    for (url, why) in [
        ("broker.city", "no ://"),
        ("http://broker", "scheme"),
        ("mqtt://", "no host"),
        ("mqtt://:1883", "no host"),
        ("mqtt://broker:0", "port"),
        ("mqtt://broker:mqtt", "port"),
        ("mqtt://me:secret@broker", "password_file"),
        ("mqtt://broker/topic", "after the host"),
        ("mqtt://::1", "brackets"),
        ("mqtts://[::1]", "IPv4"),
    ] {
        let said = refusal(|settings| settings.url = url.into());
        assert!(said.starts_with("collector city: url") && said.contains(why), "{url}: {said}");
    }
}

#[test]
fn a_filter_may_be_shared_and_must_be_one() {
    for filter in ["#", "a/+/b", "$share/group/#", "$share/group/a/+/b", "a b/\u{0645}"] {
        let mut settings = plain();
        settings.filters = vec![filter.into()];
        assert!(Plan::new(&settings).is_ok(), "{filter}");
    }
    for filter in ["", "a#", "#/a", "a/b+", "$share/group", "$share//a", "$share/g+/a", "$share/g/"] {
        let said = refusal(|settings| settings.filters = vec!["good".into(), filter.into()]);
        assert!(said.starts_with("collector city: filter") && said.contains(&format!("{filter:?}")), "{said}");
    }
    assert!(refusal(|settings| settings.filters.clear()).contains("at least one"));
}

#[test]
fn values_out_of_range_are_refused_with_key_and_range() {
    let second = std::time::Duration::from_secs(1);
    for (said, key) in [
        (refusal(|settings| settings.qos = Some(2)), "qos"),
        (refusal(|settings| settings.keep_alive = Some(second / 2)), "keep_alive"),
        (refusal(|settings| settings.keep_alive = Some(second * 70_000)), "keep_alive"),
        (refusal(|settings| settings.connect_timeout = Some(std::time::Duration::ZERO)), "connect_timeout"),
        (refusal(|settings| settings.max_message = Some(ByteSize::gib(1))), "max_message"),
        (refusal(|settings| settings.window = Some(0)), "window"),
        (refusal(|settings| settings.gather = Some(second * 2)), "gather"),
        (refusal(|settings| settings.client_id = Some(String::new())), "client_id"),
        (refusal(|settings| settings.ca_file = Some("ca.pem".into())), "ca_file"),
        (refusal(|settings| settings.alpn = Some(vec!["mqtt".into()])), "alpn"),
        (refusal(|settings| settings.password_env = Some("MARSAD_TEST_NO_SUCH_VARIABLE".into())), "password_env"),
        (refusal(|settings| settings.password_file = Some("/nowhere/password".into())), "password_file"),
    ] {
        assert!(said.starts_with(&format!("collector city: {key}: ")), "{said}");
    }
}

#[test]
fn the_password_is_the_first_line_of_its_file_and_is_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "s3cret\nnot this\n").unwrap();
    let mut settings = plain();
    settings.username = Some("collector".into());
    settings.password_file = Some(file);
    settings.qos = Some(0);
    let plan = Plan::new(&settings).unwrap();
    let login = plan.mqtt.credentials().unwrap();
    assert_eq!((login.username.as_str(), login.password.as_str()), ("collector", "s3cret"));
    assert_eq!(plan.qos, QoS::AtMostOnce);
    let collector = Collector::new(&settings, Arc::new(Noon)).unwrap();
    assert!(!format!("{collector:?} {settings:?}").contains("s3cret"));
}
