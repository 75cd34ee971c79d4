//! One simulated device: what it says at each tick, and how it is put into bytes.

use std::sync::Arc;

use schemas::{Device, Kind, Quantity, Timestamp};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::make::{Logged, Make, Memory, Saying, Time, Values, compressed, container};
use crate::pace::Pace;
use crate::physics::air::{self, Site};
use crate::physics::bay::Diary;
use crate::physics::{DAY, MINUTE, SECOND, bay, bin, meter, rounded};
use crate::places::Place;
use crate::story::{BURST_PER_HOUR, Role};

/// Distance of the sensor from the bottom and from the contents when full, mm: an 1100 L container.
/// A counter of cars begins again at so many.
const COUNTED: f64 = 65_536.0;

/// One message that a device publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// When, by the device's clock (and the network server's).
    pub at: Timestamp,
    /// MQTT topic.
    pub topic: String,
    /// MQTT payload.
    pub payload: Vec<u8>,
}

/// A device of the simulated city.
#[derive(Clone, Debug)]
pub struct SimDevice {
    pub(crate) device: Device,
    pub(crate) model: Model,
    pub(crate) make: &'static Make,
    pub(crate) place: &'static Place,
    /// How busy the place is, and how far from the sea.
    pub(crate) site: Site,
    pub(crate) pace: Pace,
    pub(crate) clock: Clock,
    /// The luck that all devices of the city share, and this one's own.
    pub(crate) city: Chance,
    pub(crate) luck: Chance,
    pub(crate) role: Option<Role>,
    /// The connections whose water runs through it, if it feeds a district.
    pub(crate) feeds: Arc<[SimDevice]>,
}

/// What it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Station,
    Bin,
    /// A bin that is measured by ultrasound from the lid.
    LoraBin,
    Bay,
    /// A counter of cars at an entrance.
    Gate,
    Meter {
        leaks: bool,
    },
    /// A meter that feeds a district of the water network.
    Inlet,
}

/// What a device says at one tick, in canonical units: what must come out of decoding it.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// When, by the device's clock.
    pub at: Timestamp,
    /// (quantity, channel, value), in the order in which the decoder gives them.
    pub values: Vec<(Quantity, u8, f64)>,
    /// What it says besides of the time before.
    pub log: Vec<Logged>,
    pub(crate) radio: Option<Radio>,
}

/// How a LoRaWAN frame was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Radio {
    pub(crate) rssi: i32,
    pub(crate) snr: f64,
}

impl SimDevice {
    /// As the catalogue lists it.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// ms between two ticks.
    fn interval(&self) -> i64 {
        match self.model {
            Model::Station => self.pace.air,
            Model::Bin | Model::LoraBin => self.pace.waste,
            Model::Bay | Model::Gate => self.pace.parking,
            Model::Meter { .. } | Model::Inlet => self.pace.water,
        }
    }

    /// Devices do not all speak at once.
    fn phase(&self) -> i64 {
        if self.pace.in_step {
            return 0;
        }
        let phase = (self.luck.branch(-1).bits() % self.interval().cast_unsigned()).cast_signed();
        if self.make.counts_seconds() { phase - phase % SECOND } else { phase }
    }

    /// When the tick is.
    #[must_use]
    pub fn time_of(&self, tick: u64) -> Timestamp {
        Timestamp::clamped(self.phase().saturating_add(tick.cast_signed().saturating_mul(self.interval())))
    }

    /// The first tick at or after `at`.
    #[must_use]
    pub fn tick_from(&self, at: Timestamp) -> u64 {
        let passed = (at.millis() - self.phase()).max(0);
        passed.cast_unsigned().div_ceil(self.interval().cast_unsigned())
    }

    /// What it publishes at this tick; none if it has nothing to say or is silent.
    #[must_use]
    pub fn publish(&self, tick: u64) -> Option<Publish> {
        self.truth(tick).map(|truth| self.encode(&truth, tick, tick))
    }

    /// The first tick from this one on at which it may have something to say: all but those of parking always have.
    pub(crate) fn next_said(&self, tick: u64, diary: &mut Option<Diary>) -> u64 {
        if !matches!(self.model, Model::Bay | Model::Gate) {
            return tick;
        }
        let beat = self.pace.heartbeat;
        let confirms = tick + (self.beats_at() + beat - tick % beat) % beat;
        if self.model == Model::Gate {
            return confirms;
        }
        let at = self.pace.lived(self.time_of(tick).millis());
        // What changed since the tick before is told at this one.
        let since = self.pace.lived(self.time_of(tick).millis() - self.interval());
        let change = self.diary(at, diary).next_change(since.min(at));
        confirms.min(self.tick_from(Timestamp::clamped(self.pace.when(change)))).max(tick)
    }

    /// At ticks of this remainder it confirms its state.
    fn beats_at(&self) -> u64 {
        self.luck.branch(-2).bits() % self.pace.heartbeat
    }

    fn diary<'d>(&self, lived: i64, kept: &'d mut Option<Diary>) -> &'d Diary {
        let diary = kept.take().filter(|diary| diary.holds(lived));
        kept.insert(diary.unwrap_or_else(|| Diary::of(self.luck, lived)))
    }

    /// What it says at this tick; none if it has nothing to say or is silent.
    #[must_use]
    pub fn truth(&self, tick: u64) -> Option<Truth> {
        self.recalls(tick, &mut None)
    }

    /// As [`SimDevice::truth`], for whoever asks for one tick after another: a bay's diary is kept and not written anew.
    pub(crate) fn recalls(&self, tick: u64, diary: &mut Option<Diary>) -> Option<Truth> {
        self.tells(tick, tick % self.pace.heartbeat == self.beats_at(), diary)
    }

    /// As [`SimDevice::truth`], with a bay's heartbeat whether it is due or not.
    pub(crate) fn says(&self, tick: u64, heartbeat: bool) -> Option<Truth> {
        self.tells(tick, heartbeat, &mut None)
    }

    fn tells(&self, tick: u64, heartbeat: bool, diary: &mut Option<Diary>) -> Option<Truth> {
        let at = self.time_of(tick).millis();
        if self.role == Some(Role::Silent) && self.pace.story.is_some_and(|s| s.is_silent(at)) {
            return None;
        }
        let mut values = match self.model {
            Model::Station => self.station(at),
            Model::Bin => self.bin(at),
            Model::LoraBin => self.lora_bin(at),
            Model::Bay => self.bay(at, heartbeat, diary)?,
            Model::Gate => self.gate(tick, at, heartbeat)?,
            Model::Meter { leaks } => self.meter(at, leaks),
            Model::Inlet => vec![
                (Quantity::WATER_VOLUME, 0, self.litres(at).floor() / 1000.0),
                (Quantity::BATTERY_LEVEL, 0, self.battery(at)),
            ],
        };
        values = self.make.carries(values);
        let radio = self.is_lora().then(|| self.radio(tick));
        if let Some(radio) = &radio {
            values.push((Quantity::RADIO_RSSI, 0, f64::from(radio.rssi)));
            values.push((Quantity::RADIO_SNR, 0, radio.snr));
        }
        let mut log = self.log(at);
        self.make.settle(&mut values, &mut log);
        Some(Truth { at: self.time_of(tick), values, log, radio })
    }

    /// What it kept of the time before an instant, if it is one that tells.
    fn log(&self, at: i64) -> Vec<Logged> {
        let logged = |at: i64, quantity: Quantity, value: f64| Logged { at: Timestamp::clamped(at), quantity, value };
        match (self.make.memory(), self.model) {
            (Memory::Hours(log), Model::Meter { leaks }) => {
                let register = |at: i64| meter::index(self.luck, leaks, at).floor() / 1000.0;
                log.times(at).map(|at| logged(at, Quantity::WATER_VOLUME, register(at))).collect()
            }
            (Memory::Collection, _) => {
                let last = bin::emptied(self.luck, at - 4 * DAY, at).last();
                last.map(|emptied| logged(emptied, Quantity::WASTE_FILL, self.fill(emptied - 1).round())).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it speaks LoRaWAN.
    pub(crate) fn is_lora(&self) -> bool {
        self.make.is_lora()
    }

    /// Whose clock its messages go by.
    pub(crate) fn time(&self) -> Time {
        self.make.time()
    }

    /// Puts what it says into bytes, as number `count` of its own; `joined` messages came before it since it joined.
    pub(crate) fn encode(&self, truth: &Truth, count: u64, joined: u64) -> Publish {
        let (topic, payload) = self.make.message(&self.saying(truth, count, joined), &truth.values);
        Publish { at: truth.at, topic, payload }
    }

    /// How the device says it, beside what it says.
    pub(crate) fn saying<'a>(&'a self, truth: &'a Truth, count: u64, joined: u64) -> Saying<'a> {
        Saying { device: &self.device, time: truth.at, log: &truth.log, radio: truth.radio, count, joined }
    }

    fn station(&self, at: i64) -> Values {
        let plume = match (self.role, self.pace.story) {
            (Some(Role::Plume), Some(story)) => story.plume(at),
            _ => 0.0,
        };
        let air = air::air(self.city, self.luck, self.site, plume, at);
        vec![
            (Quantity::AIR_PM2_5, 0, rounded(air.pm2_5, 1)),
            (Quantity::AIR_PM10, 0, rounded(air.pm10, 1)),
            (Quantity::AIR_NO2, 0, rounded(air.no2, 1)),
            (Quantity::AIR_O3, 0, rounded(air.o3, 1)),
            (Quantity::AIR_TEMPERATURE, 0, rounded(air.temperature, 1)),
            (Quantity::AIR_HUMIDITY, 0, rounded(air.humidity, 1)),
            (Quantity::BATTERY_LEVEL, 0, self.battery(at)),
        ]
    }

    /// % full, with the sensor's noise.
    fn fill(&self, at: i64) -> f64 {
        let noise = 0.4 * self.luck.branch(5).branch(at).normal();
        let street = bin::Street { commerce: self.place.waste * self.pace.littered, market: self.place.market };
        let natural = (bin::fill(self.luck, street, self.pace.lived(at)) + noise).clamp(0.0, 100.0);
        match (self.role, self.pace.story) {
            (Some(Role::FullBin(full_for)), Some(story)) => story.fill(full_for, at, natural),
            _ => natural,
        }
    }

    fn bin(&self, at: i64) -> Values {
        let mut values = vec![
            (Quantity::WASTE_FILL, 0, rounded(self.fill(at), 1)),
            (Quantity::WASTE_TEMPERATURE, 0, rounded(self.warmth(at) + 3.0, 1)),
            (Quantity::BATTERY_LEVEL, 0, self.battery(at)),
        ];
        if let Some(place) = self.device.place.filter(|_| self.pace.positions) {
            values.push((Quantity::DEVICE_LATITUDE, 0, rounded(place.lat(), 5)));
            values.push((Quantity::DEVICE_LONGITUDE, 0, rounded(place.lon(), 5)));
        }
        values
    }

    fn lora_bin(&self, at: i64) -> Values {
        let fill = self.fill(at);
        let battery = integer(32.0 + 4.0 * self.battery(at) / 100.0);
        let distance = integer(1000.0 * container::distance(fill));
        let warmth = integer(10.0 * (self.warmth(at) + 3.0));
        let tilt = integer(self.luck.branch(6).between(0.0, 6.0));
        vec![
            (Quantity::BATTERY_VOLTAGE, 0, f64::from(battery) / 10.0),
            (Quantity::WASTE_DISTANCE, 0, f64::from(distance) / 1000.0),
            (Quantity::WASTE_FILL, 0, f64::from(integer(fill))),
            (Quantity::DEVICE_TEMPERATURE, 0, f64::from(warmth) / 10.0),
            (Quantity::DEVICE_TILT, 0, f64::from(tilt)),
        ]
    }

    /// A change since the last tick is told with how long the state before lasted; a heartbeat
    /// confirms the state.
    fn bay(&self, at: i64, heartbeat: bool, diary: &mut Option<Diary>) -> Option<Values> {
        let lived = self.pace.lived(at);
        let state = self.diary(lived, diary).at(lived);
        let since = self.pace.when(state.since);
        let values = vec![(Quantity::PARKING_OCCUPIED, 0, f64::from(u8::from(state.occupied)))];
        if since > at - self.interval() {
            let (_, seconds) = compressed((since - self.pace.when(state.before)) / MINUTE);
            return Some([values, vec![(Quantity::PARKING_PREV_STATE_DURATION, 0, f64::from(seconds))]].concat());
        }
        if !heartbeat {
            return None;
        }
        let battery = integer((3.0 + 0.5 * self.battery(at) / 100.0 - 2.5) * 250.0);
        let warmth = integer(2.0 * (self.warmth(at) - 10.0));
        // Whole millivolts first: 3.312 V and not 3.3120000000000003.
        let volts = f64::from(2500 + 4 * battery) / 1000.0;
        let told = [
            values,
            vec![(Quantity::BATTERY_VOLTAGE, 0, volts), (Quantity::DEVICE_TEMPERATURE, 0, f64::from(warmth) / 2.0 + 10.0)],
        ];
        Some(told.concat())
    }

    /// At each heartbeat how many cars passed, and once in twenty-four the battery.
    fn gate(&self, tick: u64, at: i64, heartbeat: bool) -> Option<Values> {
        if !heartbeat {
            return None;
        }
        if (tick / self.pace.heartbeat).is_multiple_of(24) {
            return Some(vec![(Quantity::BATTERY_VOLTAGE, 0, 3.0 + 0.5 * self.battery(at) / 100.0)]);
        }
        let passed = bay::passages(self.luck, self.pace.lived(at)) % COUNTED;
        Some(Quantity::named("parking.passages").map(|passages| vec![(passages, 0, passed)]).unwrap_or_default())
    }

    /// Litres that have run through it, if it is a meter: through one that feeds a district what its connections drew and what
    /// its pipes lost.
    fn litres(&self, at: i64) -> f64 {
        let burst = match (self.role, self.pace.story) {
            (Some(Role::Burst), Some(story)) => story.burst_litres(at),
            _ => 0.0,
        };
        match self.model {
            Model::Meter { leaks } => meter::index(self.luck, leaks, at) + burst,
            Model::Inlet => self.feeds.iter().map(|fed| fed.litres(at) + meter::lost(at)).sum(),
            _ => 0.0,
        }
    }

    fn meter(&self, at: i64, leaks: bool) -> Values {
        let (litres, mut burst) = (self.litres(at), 0.0);
        let index = |at: i64| meter::index(self.luck, leaks, at);
        let mut flow = (index(at) - index(at - 15 * MINUTE)) * 4.0;
        if let (Some(Role::Burst), Some(story)) = (self.role, self.pace.story) {
            burst = f64::from(u8::from(story.bursts(at)));
            flow += burst * BURST_PER_HOUR;
        }
        vec![
            (Quantity::WATER_VOLUME, 0, litres.floor() / 1000.0),
            (Quantity::WATER_FLOW, 0, rounded(flow / 1000.0, 3)),
            (Quantity::WATER_LEAK, 0, f64::from(u8::from(leaks))),
            (Quantity::WATER_BURST, 0, burst),
            (Quantity::BATTERY_LEVEL, 0, self.battery(at)),
        ]
    }

    fn radio(&self, tick: u64) -> Radio {
        let luck = self.luck.branch(7).branch(tick.cast_signed());
        let rssi = integer(self.luck.branch(8).between(-112.0, -75.0) + 3.0 * luck.normal()).clamp(-130, -30);
        Radio { rssi, snr: rounded((f64::from(rssi) + 105.0) / 4.0 + luck.branch(1).normal(), 1).clamp(-20.0, 14.0) }
    }

    /// Temperature of the place, Cel.
    fn warmth(&self, at: i64) -> f64 {
        air::temperature(self.city, self.luck, at)
    }

    /// %, down by 0.02 a day from 60 to 100 at the start of the year.
    #[expect(clippy::cast_precision_loss, reason = "days of a year")]
    fn battery(&self, at: i64) -> f64 {
        let days = at.rem_euclid(365 * DAY) as f64 / DAY as f64;
        (self.luck.branch(4).between(60.0, 100.0) - 0.02 * days).round()
    }

    /// When it was emptied in `[from, to)`, if it is a bin.
    #[must_use]
    pub fn emptied(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        if self.device.kind != Kind::WASTE {
            return Vec::new();
        }
        bin::emptied(self.luck, from.millis(), to.millis()).map(Timestamp::clamped).collect()
    }

    /// Whether it says the same quantities in the same way.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let names = |model: Model| std::mem::discriminant(&model);
        names(self.model) == names(other.model) && std::ptr::eq(self.make, other.make) && self.device.id != other.device.id
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.device.kind
    }
}

#[expect(clippy::cast_possible_truncation, reason = "physical values far within i32")]
fn integer(value: f64) -> i32 {
    value.round() as i32
}
