//! *Explain this number*: from a reading back to the bytes that it came in, by which profile they are read, what is doubted of it, and
//! in which hour it counts. And the messages of the journal, as they came.
//!
//! Deliberately absent: single connections (law 09-08), which the API does not explain.

use maud::{Markup, html};
use ports::ReadBy;
use schemas::{DeviceId, Quantity, Timestamp};
use serde::Deserialize;

use super::parts::{Desk, empty, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::access::{Right, may};
use crate::lang::Lang;
use crate::numbers;
use crate::params::encoded;
use crate::problem::Problem;

/// Messages of one page.
const ROWS: usize = 50;

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Message>,
    next: Option<u64>,
}

/// A message, or its beginning.
#[derive(Deserialize)]
struct Message {
    offset: u64,
    topic: String,
    received_at: Timestamp,
    qos: u8,
    retain: bool,
    size: u64,
    payload_text: Option<String>,
    payload_base64: Option<String>,
}

impl Message {
    fn payload(&self) -> &str {
        self.payload_text.as_ref().or(self.payload_base64.as_ref()).map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct Explained {
    reading: Reading,
    message: Option<Message>,
    now: Option<Now>,
    same: Option<bool>,
    program: String,
    hour: Hour,
}

#[derive(Deserialize)]
struct Reading {
    device: DeviceId,
    quantity: Quantity,
    channel: u8,
    value: f64,
    observed_at: Timestamp,
    received_at: Timestamp,
    quality: Vec<String>,
    grade: String,
}

#[derive(Deserialize)]
struct Now {
    envelope: Option<String>,
    uplinks: Vec<Uplink>,
    profile: Option<ReadBy>,
}

#[derive(Deserialize)]
struct Uplink {
    port: Option<u8>,
    payload_base64: Option<String>,
}

#[derive(Deserialize)]
struct Hour {
    start: Timestamp,
    counts: bool,
    count: u64,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

/// The name of the page of messages, for links to it.
pub(crate) fn title(lang: Lang) -> &'static str {
    lang.words().pages.explain.messages
}

/// The link from a reading to where it comes from, for whoever may see bytes.
pub(crate) fn link(desk: &Desk<'_>, device: &DeviceId, quantity: Quantity, channel: u8, at: Timestamp) -> Markup {
    html! { @if may(Right::Works) {
        a href=(desk.to(&format!("explain?device={device}&quantity={quantity}&channel={channel}&at={at}"))) { (desk.lang.words().pages.explain.explain) }
    } }
}

/// The link from a device to its messages, likewise.
pub(crate) fn messages_link(desk: &Desk<'_>, device: &DeviceId) -> Markup {
    html! { @if may(Right::Works) { a href=(desk.to(&format!("messages?device={device}"))) { (desk.lang.words().pages.explain.messages) } } }
}

/// `/{lang}/explain?device=&quantity=&channel=&at=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let names = ["device", "quantity", "channel", "at"];
    let params = visit.params(&names)?;
    let mut query = String::new();
    for name in names {
        if let Some(value) = params.one(name)? {
            query.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let found: Explained = visit.ask(&format!("explain?{}", query.trim_start_matches('&'))).await?;
    let (desk, texts, lang) = (visit.desk(), &visit.lang.words().pages.explain, visit.lang);
    let reading = &found.reading;
    let label = lang.of(&reading.quantity.row().label);
    let main = html! {
        p.back { a href=(desk.to(&format!("devices/{}?quantity={}", reading.device, reading.quantity))) { bdi dir="ltr" { (reading.device) } } }
        div.opening {
            p.eyebrow { (label) @if reading.channel > 0 { " " bdi { "#" (reading.channel) } } " · " (desk.time(reading.observed_at)) }
            h1 { (desk.quantity(reading.value, reading.quantity)) }
        }
        ol.way {
            (step(texts.message, &message(&desk, found.message.as_ref())))
            (step(texts.read, &read(&desk, &found)))
            (step(texts.reading, &flags(&desk, reading)))
            (step(texts.counts, &hour(&desk, &found.hour, reading.quantity)))
        }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(format!("{label} {}", reading.device), main) })
}

fn step(title: &str, body: &Markup) -> Markup {
    html! { li { h2 { (title) } (body) } }
}

fn message(desk: &Desk<'_>, message: Option<&Message>) -> Markup {
    let texts = &desk.lang.words().pages.explain;
    let Some(message) = message else { return empty(texts.gone) };
    html! {
        dl.facts {
            div { dt { (texts.offset) } dd { (numbers::whole(desk.lang, message.offset)) } }
            div { dt { (texts.received) } dd { (desk.time(message.received_at)) } }
            div { dt { (texts.topic) } dd { bdi.long dir="ltr" { (message.topic) } } }
            div { dt { (texts.size) } dd { bdi { (numbers::size(desk.lang, message.size)) } } }
            div { dt { "QoS" } dd { (message.qos) @if message.retain { " · " (texts.retained) } } }
        }
        pre.dump tabindex="0" { (message.payload()) }
    }
}

fn read(desk: &Desk<'_>, found: &Explained) -> Markup {
    let texts = &desk.lang.words().pages.explain;
    let Some(now) = &found.now else { return empty(texts.unread) };
    html! {
        dl.facts {
            div { dt { (texts.envelope) } dd { @match &now.envelope { Some(envelope) => bdi dir="ltr" { (envelope) }, None => (desk.none()) } } }
            @if let Some(profile) = &now.profile {
                div { dt { (texts.profile) } dd { bdi dir="ltr" { (profile.profile) } " " small { bdi { (profile.make) } } } }
                div { dt { (texts.codec) } dd { bdi dir="ltr" { (profile.codec) } } }
                div { dt { (texts.version) } dd { bdi dir="ltr" { (profile.version) } } }
            } @else {
                div { dt { (texts.profile) } dd { (texts.own_json) } }
            }
            div { dt { "Marsad" } dd { bdi dir="ltr" { (found.program) } } }
        }
        @for uplink in &now.uplinks { @if let Some(bytes) = &uplink.payload_base64 {
            p.note { (texts.uplink) @if let Some(port) = uplink.port { " · " (texts.port) " " (port) } }
            pre.dump tabindex="0" { (hexadecimal(bytes)) }
        } }
        @match found.same {
            Some(true) => p.ok { (texts.same) },
            Some(false) => p.bad { (texts.otherwise) },
            None => {}
        }
        @if let Some(profile) = &now.profile { p.note.foot { (texts.source) (desk.colon()) bdi { (profile.source) } } }
    }
}

/// Bytes as those read them who hold the maker's document beside.
fn hexadecimal(base64: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn flags(desk: &Desk<'_>, reading: &Reading) -> Markup {
    let texts = &desk.lang.words().pages.explain;
    html! {
        dl.facts {
            div { dt { (texts.value) } dd { (desk.quantity(reading.value, reading.quantity)) } }
            div { dt { (texts.observed) } dd { (desk.time(reading.observed_at)) } }
            div { dt { (texts.kept) } dd { (desk.time(reading.received_at)) } }
            div { dt { (texts.quality) } dd { span.bad[reading.grade == "bad"] { (texts.grade(&reading.grade)) } } }
        }
        @if !reading.quality.is_empty() { p { @for flaw in &reading.quality { span.tag { bdi lang="en" dir="ltr" { (flaw) } } " " } } }
    }
}

fn hour(desk: &Desk<'_>, hour: &Hour, quantity: Quantity) -> Markup {
    let texts = &desk.lang.words().pages.explain;
    let shown =
        |value: Option<f64>| html! { @match value { Some(value) => (desk.quantity(value, quantity)), None => (desk.none()) } };
    html! {
        dl.facts {
            div { dt { (texts.hour) } dd { (desk.time(hour.start)) } }
            div { dt { (texts.readings) } dd { (numbers::whole(desk.lang, hour.count)) } }
            div { dt { (texts.mean) } dd { (shown(hour.mean)) } }
            div { dt { (texts.least) } dd { (shown(hour.min)) } }
            div { dt { (texts.most) } dd { (shown(hour.max)) } }
        }
        @if hour.counts { p.ok { (texts.in_hour) } } @else { p.bad { (texts.not_in_hour) } }
    }
}

/// `/{lang}/messages?device=&topic=&cursor=`
pub(crate) async fn messages(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["device", "topic", "cursor"])?;
    let mut query = String::new();
    for name in ["device", "topic"] {
        if let Some(value) = params.one(name)? {
            query.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let cursor = params.one("cursor")?.map_or_else(String::new, |cursor| format!("&cursor={}", encoded(cursor)));
    let found: Messages = visit.ask(&format!("messages?limit={ROWS}{query}{cursor}")).await?;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.explain);
    let main = html! {
        p.back { a href=(desk.to("engineers")) { (visit.lang.words().pages.nav.engineers) } }
        (desk.opening(texts.messages, texts.as_they_came))
        form.filters method="get" {
            label.field { span { (visit.lang.words().device) } input type="search" name="device" value=[params.one("device")?] maxlength="64" autocomplete="off" spellcheck="false"; }
            label.field.grow { span { (texts.topic) } input type="search" name="topic" value=[params.one("topic")?] placeholder="marsad/+/waste/#" maxlength="256" dir="ltr" autocomplete="off" spellcheck="false"; }
            button.btn { (visit.lang.words().pages.desk.filter) }
        }
        div.after { (panel(visit.lang, "messages", texts.messages, &html! {}, Some(table(&desk, &found.messages)))) }
        @if let Some(next) = found.next { p.rest { a href=(desk.to(&format!("messages?cursor={next}{query}"))) { (texts.older) } } }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.messages, main) })
}

fn table(desk: &Desk<'_>, messages: &[Message]) -> Markup {
    let texts = &desk.lang.words().pages.explain;
    if messages.is_empty() {
        return empty(texts.none);
    }
    html! { ol.chain.messages { @for message in messages { li {
        p { (desk.time(message.received_at)) " · " b { bdi.long dir="ltr" { (message.topic) } } " " small { (numbers::size(desk.lang, message.size)) " · " (numbers::whole(desk.lang, message.offset)) } }
        pre.dump tabindex="0" { (message.payload()) }
    } } } }
}
