//! One simulated device: what it says at each tick, and how it is put into bytes.

use codec::{ChirpStackUp, marsad_topic, write_marsad};
use schemas::{Device, Kind, Quantity, Timestamp};

use crate::chance::Chance;
use crate::pace::Pace;
use crate::physics::{DAY, MINUTE, air, bay, bin, meter, rounded};
use crate::places::Place;
use crate::story::{BURST_PER_HOUR, Role};

/// The ChirpStack application that the simulated LoRaWAN devices belong to.
const APPLICATION: &str = "17c82e96-be03-4f38-aef3-f83d48582d97";
const GATEWAY: &str = "0016c001f153a14c";
/// Distance of the sensor from the bottom and from the contents when full, mm: an 1100 L container.
const EMPTY: f64 = 1200.0;
const FULL: f64 = 300.0;

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
    pub(crate) place: &'static Place,
    pub(crate) pace: Pace,
    /// The luck that all devices of the city share, and this one's own.
    pub(crate) city: Chance,
    pub(crate) luck: Chance,
    pub(crate) role: Option<Role>,
}

/// What it is, and how it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Station,
    /// A bin that speaks Marsad's own JSON.
    Bin,
    /// Netvox R718X through ChirpStack.
    LoraBin,
    /// Nwave NPS 405 through ChirpStack.
    Bay,
    Meter {
        leaks: bool,
    },
}

/// (quantity, channel, value in the canonical unit)
type Values = Vec<(Quantity, u8, f64)>;

/// What a device says at one tick, in canonical units: what must come out of decoding it.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// When, by the device's clock.
    pub at: Timestamp,
    /// (quantity, channel, value), in the order in which the decoder gives them.
    pub values: Vec<(Quantity, u8, f64)>,
    pub(crate) radio: Option<Radio>,
}

/// How a LoRaWAN frame was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Radio {
    rssi: i32,
    snr: f64,
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
            Model::Bay => self.pace.parking,
            Model::Meter { .. } => self.pace.water,
        }
    }

    /// Devices do not all speak at once.
    fn phase(&self) -> i64 {
        if self.pace.in_step {
            return 0;
        }
        (self.luck.branch(-1).bits() % self.interval().cast_unsigned()).cast_signed()
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
        self.truth(tick).map(|truth| self.encode(&truth, tick))
    }

    /// What it says at this tick; none if it has nothing to say or is silent.
    #[must_use]
    pub fn truth(&self, tick: u64) -> Option<Truth> {
        self.says(tick, tick % self.pace.heartbeat == self.luck.branch(-2).bits() % self.pace.heartbeat)
    }

    /// As [`SimDevice::truth`], with a bay's heartbeat whether it is due or not.
    pub(crate) fn says(&self, tick: u64, heartbeat: bool) -> Option<Truth> {
        let at = self.time_of(tick).millis();
        if self.role == Some(Role::Silent) && self.pace.story.is_some_and(|s| s.is_silent(at)) {
            return None;
        }
        let mut values = match self.model {
            Model::Station => self.station(at),
            Model::Bin => self.bin(at),
            Model::LoraBin => self.lora_bin(at),
            Model::Bay => self.bay(at, heartbeat)?,
            Model::Meter { leaks } => self.meter(at, leaks),
        };
        let radio = matches!(self.model, Model::LoraBin | Model::Bay).then(|| self.radio(tick));
        if let Some(radio) = &radio {
            values.push((Quantity::RADIO_RSSI, 0, f64::from(radio.rssi)));
            values.push((Quantity::RADIO_SNR, 0, radio.snr));
        }
        Some(Truth { at: self.time_of(tick), values, radio })
    }

    /// Whether it speaks LoRaWAN: its time is then the network's.
    pub(crate) fn is_lora(&self) -> bool {
        matches!(self.model, Model::LoraBin | Model::Bay)
    }

    /// Puts what it says into bytes, as number `tick` of its own count.
    pub(crate) fn encode(&self, truth: &Truth, tick: u64) -> Publish {
        let mut payload = Vec::with_capacity(256);
        let topic = match &truth.radio {
            None => {
                write_marsad(&mut payload, Some(truth.at), Some(tick), &truth.values);
                marsad_topic(&self.device.zone, self.device.kind, &self.device.id)
            }
            Some(radio) => {
                let (f_port, bytes) = self.frame(&truth.values);
                let up = ChirpStackUp {
                    application: APPLICATION,
                    dev_eui: &self.device.id,
                    f_port,
                    f_cnt: u32::try_from(tick & 0xffff).unwrap_or(0),
                    data: &bytes,
                    time: truth.at,
                    gateway: GATEWAY,
                    rssi: radio.rssi,
                    snr: radio.snr,
                };
                up.write(&mut payload);
                up.topic()
            }
        };
        Publish { at: truth.at, topic, payload }
    }

    fn station(&self, at: i64) -> Values {
        let plume = match (self.role, self.pace.story) {
            (Some(Role::Plume), Some(story)) => story.plume(at),
            _ => 0.0,
        };
        let air = air::air(self.city, self.luck, self.place.traffic, plume, at);
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
        if let (Some(Role::FullBin(full_for)), Some(story)) = (self.role, self.pace.story)
            && let Some(fill) = story.fill(full_for, at)
        {
            return fill;
        }
        let noise = 0.4 * self.luck.branch(5).branch(at).normal();
        (bin::fill(self.luck, self.place.waste * self.pace.littered, self.pace.lived(at)) + noise).clamp(0.0, 100.0)
    }

    fn bin(&self, at: i64) -> Values {
        vec![
            (Quantity::WASTE_FILL, 0, rounded(self.fill(at), 1)),
            (Quantity::WASTE_TEMPERATURE, 0, rounded(self.warmth(at) + 3.0, 1)),
            (Quantity::BATTERY_LEVEL, 0, self.battery(at)),
        ]
    }

    fn lora_bin(&self, at: i64) -> Values {
        let fill = self.fill(at);
        let battery = integer(32.0 + 4.0 * self.battery(at) / 100.0);
        let distance = integer(EMPTY - fill / 100.0 * (EMPTY - FULL));
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

    /// Port and bytes of the frame that says these values.
    fn frame(&self, values: &Values) -> (u8, Vec<u8>) {
        let of = |quantity| values.iter().find(|(q, _, _)| *q == quantity).map(|(_, _, value)| *value);
        let scaled = |quantity, by: f64| integer(by * of(quantity).unwrap_or(0.0));
        if self.model == Model::LoraBin {
            let (distance, warmth) = (scaled(Quantity::WASTE_DISTANCE, 1000.0), scaled(Quantity::DEVICE_TEMPERATURE, 10.0));
            // Version 1, type 0x34, measurement, battery, status on, then big-endian words.
            let mut bytes = vec![1, 0x34, 1, low(scaled(Quantity::BATTERY_VOLTAGE, 10.0)), 1];
            bytes.extend([low(distance >> 8), low(distance), low(warmth >> 8), low(warmth)]);
            bytes.extend([low(scaled(Quantity::WASTE_FILL, 1.0)), low(scaled(Quantity::DEVICE_TILT, 1.0))]);
            return (6, bytes);
        }
        let occupied = scaled(Quantity::PARKING_OCCUPIED, 1.0);
        if let Some(seconds) = of(Quantity::PARKING_PREV_STATE_DURATION) {
            let (code, _) = compressed(i64::from(integer(seconds / 60.0)));
            return (1, vec![low(code << 1 | occupied)]);
        }
        let battery = integer((of(Quantity::BATTERY_VOLTAGE).unwrap_or(0.0) - 2.5) * 250.0);
        let warmth = integer(2.0 * (of(Quantity::DEVICE_TEMPERATURE).unwrap_or(0.0) - 10.0));
        (2, vec![low(occupied), low(battery), low(warmth)])
    }

    /// A change since the last tick is told with how long the state before lasted; a heartbeat
    /// confirms the state.
    fn bay(&self, at: i64, heartbeat: bool) -> Option<Values> {
        let state = bay::bay(self.luck, self.pace.lived(at));
        let since = self.pace.when(state.since);
        let values = vec![(Quantity::PARKING_OCCUPIED, 0, f64::from(u8::from(state.occupied)))];
        if since > at - self.interval() {
            let (_, seconds) = compressed((since - self.pace.when(state.before)) / MINUTE);
            return Some([values, vec![(Quantity::PARKING_PREV_STATE_DURATION, 0, f64::from(seconds))]].concat());
        }
        let battery = integer((3.0 + 0.5 * self.battery(at) / 100.0 - 2.5) * 250.0);
        let warmth = integer(2.0 * (self.warmth(at) - 10.0));
        // Whole millivolts first: 3.312 V and not 3.3120000000000003.
        let volts = f64::from(2500 + 4 * battery) / 1000.0;
        let told = [
            values,
            vec![(Quantity::BATTERY_VOLTAGE, 0, volts), (Quantity::DEVICE_TEMPERATURE, 0, f64::from(warmth) / 2.0 + 10.0)],
        ];
        heartbeat.then(|| told.concat())
    }

    fn meter(&self, at: i64, leaks: bool) -> Values {
        let (mut litres, mut burst) = (meter::index(self.luck, leaks, at), 0.0);
        let span = 15 * MINUTE;
        let mut flow = (litres - meter::index(self.luck, leaks, at - span)) * 4.0;
        if let (Some(Role::Burst), Some(story)) = (self.role, self.pace.story) {
            litres += story.burst_litres(at);
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
        air::air(self.city, self.luck, 1.0, 0.0, at).temperature
    }

    /// %, down by 0.02 a day from 60 to 100 at the start of the year.
    #[expect(clippy::cast_precision_loss, reason = "days of a year")]
    fn battery(&self, at: i64) -> f64 {
        let days = at.rem_euclid(365 * DAY) as f64 / DAY as f64;
        (self.luck.branch(4).between(60.0, 100.0) - 0.02 * days).round()
    }

    /// Whether it says the same quantities in the same way.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let names = |model: Model| std::mem::discriminant(&model);
        names(self.model) == names(other.model) && self.device.id != other.device.id
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.device.kind
    }
}

/// Minutes in the seven bits of the parking detector, and the seconds that they come back as:
/// minutes to 89, steps of 5 from 90, of 60 from 240, 127 for 660 and more.
fn compressed(minutes: i64) -> (i32, i32) {
    let minutes = i32::try_from(minutes.clamp(0, 660)).unwrap_or(660);
    let (code, back) = match minutes {
        0..90 => (minutes, minutes),
        90..240 => (90 + (minutes - 90) / 5, 90 + (minutes - 90) / 5 * 5),
        240..660 => (120 + (minutes - 240) / 60, 240 + (minutes - 240) / 60 * 60),
        _ => (127, 660),
    };
    (code, back * 60)
}

#[expect(clippy::cast_possible_truncation, reason = "physical values far within i32")]
fn integer(value: f64) -> i32 {
    value.round() as i32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low byte is what is meant")]
fn low(value: i32) -> u8 {
    value as u8
}
