//! Devices, for engineers: the list, one device, and the quarantine.

mod engineers;
mod list;
mod message;
mod single;

use maud::{Markup, html};
use schemas::{DeviceId, Quantity, SeriesKey, Timestamp};
use serde::Deserialize;

use super::parts::{Desk, Told};
use crate::numbers;

pub(crate) use engineers::engineers;
pub(crate) use list::list;
pub(crate) use message::message;
pub(crate) use single::single;

/// The health of devices.
#[derive(Deserialize)]
pub(crate) struct Health {
    devices: Vec<Sound>,
}

/// One device.
#[derive(Deserialize)]
struct Sound {
    device: DeviceId,
    heard: Option<Timestamp>,
    offline: bool,
    interval_s: Option<f64>,
    interval_assumed: bool,
    availability: Told<Availability>,
    battery: Told<Battery>,
    clock: Told<Clock>,
    stuck: Vec<String>,
}

#[derive(Deserialize)]
struct Availability {
    share: f64,
    met: bool,
}

#[derive(Deserialize)]
struct Battery {
    level: f64,
    critical_in: Option<f64>,
}

#[derive(Deserialize)]
struct Clock {
    behind_s: f64,
    wrong: bool,
}

/// What a device said last.
#[derive(Deserialize)]
pub(crate) struct Latest {
    pub(crate) readings: Vec<Last>,
}

/// The last reading of a series.
#[derive(Deserialize)]
pub(crate) struct Last {
    pub(crate) quantity: Quantity,
    channel: u8,
    pub(crate) value: f64,
    observed_at: Timestamp,
    quality: Vec<String>,
    pub(crate) grade: String,
}

impl Last {
    pub(crate) fn series(&self, device: &DeviceId) -> SeriesKey {
        SeriesKey { device: device.clone(), quantity: self.quantity, channel: self.channel }
    }
}

/// The battery of the first device: its level, and how long it will last.
pub(crate) fn battery(desk: &Desk<'_>, health: Option<&Health>) -> Markup {
    battery_of(desk, health.and_then(|h| h.devices.first()))
}

fn battery_of(desk: &Desk<'_>, sound: Option<&Sound>) -> Markup {
    let words = &desk.lang.words().pages.devices;
    let told = sound.map(|sound| &sound.battery);
    html! { @match told.and_then(|told| told.value.as_ref()) {
        Some(battery) => {
            (desk.amount(battery.level, 0, "%"))
            @if let Some(days) = battery.critical_in { " " small { (words.lasts) " " (desk.lang.words().days.say(desk.lang, numbers::rounded(days))) } }
        }
        None => span.nil title=[told.and_then(|told| told.reason.as_deref())] { (numbers::NONE) span.vh { " " (desk.lang.words().no_data) } },
    } }
}

/// How often it speaks.
fn interval(desk: &Desk<'_>, sound: Option<&Sound>) -> Markup {
    html! { @match sound.and_then(|s| s.interval_s) {
        Some(seconds) => { (desk.amount(seconds, 0, "s")) @if sound.is_some_and(|s| s.interval_assumed) { " " small { (desk.lang.words().pages.devices.learned) } } }
        None => (desk.none()),
    } }
}
