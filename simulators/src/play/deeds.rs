//! How events and faults are brought about: what a device says is changed, or what becomes of its message.

use codec::Reason;
use schemas::{Flaw, Kind, Quality, Quantity, Timestamp};

use super::{Actor, Cast, Destiny, Labels, RETAINED, Sent, Stage, Told, Values, hostile, luck, stands};
use crate::chance::Chance;
use crate::device::{SimDevice, Truth};
use crate::fault::{Class, Deed};
use crate::make::{Logged, Make, Time, container};
use crate::physics::{HOUR, SECOND};

mod registers;

/// How long a message travels, ms.
const TRAVELS: (f64, f64) = (150.0, 1500.0);
/// The copy of a message that is another one before it: the end of a session.
const FAREWELL: u8 = 9;
/// The copy of one that says that the device joined, and how soon after it that is heard, ms.
const JOIN: u8 = 8;
const ACCEPTED: i64 = 100;
/// From so many degrees on a bin lies.
const LIES: f64 = 45.0;
/// Of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// What was kept back is given so many times faster than it was said.
const DUMP: i64 = 100;

/// A message before it is encoded.
struct Draft {
    truth: Truth,
    real: Option<Values>,
    seq: u64,
    /// The device's clock against the truth, ms.
    skew: i64,
    heard: i64,
    lost: bool,
    aside: Option<Reason>,
    mangle: Option<(Deed, f64)>,
    /// It comes once more so much later, as this copy.
    again: Option<(i64, u8)>,
    strangers: Vec<Deed>,
    /// Messages since the device joined.
    joined: u64,
    /// It has started anew and joins once more.
    rejoins: bool,
    labels: Labels,
}

/// Where and when a deed is done.
struct Here<'a> {
    stage: &'a Stage,
    device: &'a SimDevice,
    cast: &'a Cast,
    at: i64,
    tick: u64,
    luck: Chance,
}

impl Cast {
    /// Whether it befalls a device.
    pub(super) fn takes(&self, number: u16, sim: &SimDevice) -> bool {
        let (plan, device) = (&self.plan, sim.device());
        plan.kind.is_none_or(|kind| kind == device.kind)
            && plan.device.as_ref().is_none_or(|id| *id == device.id)
            && plan.zone.as_ref().is_none_or(|zone| *zone == device.zone)
            && luck(sim.luck, number).unit() < plan.devices
    }

    /// What it did stays when it is over.
    fn lingers(&self) -> bool {
        matches!(
            self.plan.fault().deed,
            Deed::Flow | Deed::CounterReset | Deed::FullRegister | Deed::Replacement | Deed::ReverseFlow | Deed::Reboot
        )
    }
}

impl Stage {
    /// Pushes what comes of the next tick of a device.
    pub(super) fn say(&self, actor: &mut Actor, out: &mut Vec<Sent>) {
        let tick = actor.next;
        let Some(device) = self.city.devices().get(actor.device as usize) else { return };
        if tick == actor.joined {
            let at = device.time_of(tick);
            out.extend(join(device, actor.device, tick, at, Timestamp::clamped(at.millis() + ACCEPTED)));
        }
        let Some(truth) = device.recalls(tick, &mut actor.diary) else { return };
        let at = truth.at.millis();
        let travels = device.luck.branch(301).branch(tick.cast_signed()).between(TRAVELS.0, TRAVELS.1);
        let mut draft = Draft {
            truth,
            real: None,
            seq: tick,
            skew: if device.time() == Time::Own { device.clock.ahead(at) } else { 0 },
            heard: at + whole(travels),
            lost: false,
            aside: None,
            mangle: None,
            again: None,
            strangers: Vec::new(),
            joined: tick - actor.joined,
            rejoins: false,
            labels: Labels::default(),
        };
        for number in &actor.befalls {
            let Some(cast) = self.casts.get(usize::from(*number)) else { continue };
            if at < cast.from || (at >= cast.to && !cast.lingers()) {
                continue;
            }
            let luck = luck(device.luck, *number).branch(tick.cast_signed());
            if cast.plan.part < 1.0 && luck.unit() >= cast.plan.part {
                continue;
            }
            draft.suffer(&Here { stage: self, device, cast, at, tick, luck });
        }
        draft.send(device, actor.device, tick, out);
    }
}

impl Draft {
    fn suffer(&mut self, here: &Here<'_>) {
        let row = here.cast.plan.fault();
        // A birth is sent until it is heard: without it what follows could not be read.
        if here.device.make.is_birth(self.joined) && (row.class == Class::Way || row.deed == Deed::Reboot) {
            return;
        }
        let done = match row.class {
            Class::Event => self.happen(here),
            Class::Sensor => {
                let before = self.truth.values.clone();
                let done = self.mislead(here);
                if self.real.is_none() && before != self.truth.values {
                    self.real = Some(before);
                }
                done
            }
            Class::Way => self.travel(here),
        };
        if done {
            self.labels.add(row);
        }
    }

    /// Changes a value, as finely as the device says it; false where the device has none.
    fn change(&mut self, here: &Here<'_>, quantity: Quantity, change: impl FnOnce(f64) -> f64) -> bool {
        let Some((_, _, value)) = self.truth.values.iter_mut().find(|(q, _, _)| *q == quantity) else { return false };
        *value = here.device.make.finest(quantity, change(*value));
        true
    }

    fn happen(&mut self, here: &Here<'_>) -> bool {
        let amount = here.cast.plan.amount();
        match here.cast.plan.fault().deed {
            Deed::Burn => self.change(here, Quantity::WASTE_TEMPERATURE, |_| amount),
            Deed::Fill => {
                self.change(here, Quantity::WASTE_FILL, |_| amount)
                    || self.change(here, Quantity::WASTE_DISTANCE, |_| container::distance(amount))
            }
            Deed::Tilt => {
                let alarm = |alarm: &Quantity| amount >= LIES && self.truth.values.iter().any(|(said, _, _)| said == alarm);
                let alarms: Vec<Quantity> =
                    [Quantity::DEVICE_TILT_ALARM, Quantity::WASTE_OVERTURNED].into_iter().filter(alarm).collect();
                alarms.iter().for_each(|alarm| _ = self.change(here, *alarm, |_| 1.0));
                self.change(here, Quantity::DEVICE_TILT, |_| amount) || !alarms.is_empty()
            }
            Deed::Carry => self.change(here, Quantity::DEVICE_LATITUDE, |v| v + amount / METRES_PER_DEGREE),
            Deed::Dust => {
                self.change(here, Quantity::AIR_PM2_5, |v| v + 0.28 * amount);
                self.change(here, Quantity::AIR_PM10, |v| v + amount)
            }
            Deed::Fumes => self.change(here, Quantity::AIR_NO2, |v| v + amount),
            Deed::Smog => self.change(here, Quantity::AIR_O3, |v| v + amount),
            Deed::Drain => self.change(here, Quantity::BATTERY_LEVEL, |_| amount),
            Deed::Flow => {
                let run = |at: i64| amount * hours(at.min(here.cast.to) - here.cast.from) / 1000.0;
                if here.at < here.cast.to {
                    self.change(here, Quantity::WATER_FLOW, |v| v + amount / 1000.0);
                }
                // What ran stays on the meter; it is an event only while it runs.
                self.change_register(here, |v, at| v + run(at)) && here.at < here.cast.to
            }
            _ => false,
        }
    }

    /// The sensor says what is not so.
    fn mislead(&mut self, here: &Here<'_>) -> bool {
        let (amount, since) = (here.cast.plan.amount(), hours(here.at - here.cast.from));
        let main = match here.device.kind() {
            Kind::WASTE => Quantity::WASTE_FILL,
            Kind::AIR => Quantity::AIR_PM10,
            _ => Quantity::WATER_FLOW,
        };
        match here.cast.plan.fault().deed {
            Deed::Stuck => self.repeat(here),
            Deed::Drift => self.change(here, main, |v| v + amount * since),
            Deed::Spike | Deed::Offset => self.change(here, main, |v| v + amount),
            Deed::Noise => self.change(here, main, |v| v + amount * here.luck.branch(2).normal()),
            Deed::Blind => {
                let blind = Quantity::named("device.fault").is_some_and(|fault| self.change(here, fault, |_| 1.0));
                self.change(here, Quantity::PARKING_SENSOR_OBSTRUCTED, |_| 1.0) || blind
            }
            Deed::Heaped if here.device.device().fitting.container.is_some() => {
                self.change(here, Quantity::WASTE_DISTANCE, |_| amount)
            }
            Deed::LostZero => self.change(here, Quantity::AIR_NO2, |v| v - amount),
            Deed::WrongUnit => self.change(here, main, |v| v * amount),
            Deed::CounterReset => self.begin_anew(here),
            Deed::Rollover => self.change_register(here, |v, _| v % amount),
            Deed::FullRegister => self.fill_register(here, amount),
            Deed::Replacement => {
                self.change(here, Quantity::BATTERY_LEVEL, |_| 100.0);
                self.seq = here.tick - here.device.tick_from(Timestamp::clamped(here.cast.from));
                self.rejoins = self.seq == 0;
                self.begin_anew(here)
            }
            Deed::ReverseFlow => {
                let back = |at: i64| amount * hours(at.min(here.cast.to) - here.cast.from) / 1000.0;
                self.change_register(here, |v, at| v - back(at)) && here.at < here.cast.to
            }
            Deed::SensorSwap => self.speak_for_another(here),
            Deed::ClockSkew => {
                let own = here.device.time() == Time::Own;
                if own {
                    self.skew += whole(amount * 1000.0);
                }
                own
            }
            Deed::Reboot => {
                let first = here.device.tick_from(Timestamp::clamped(here.cast.from));
                self.seq = here.tick - first;
                let missing = whole(amount).cast_unsigned();
                self.lost |= self.seq < missing;
                self.rejoins = self.seq == missing;
                true
            }
            _ => false,
        }
    }

    /// Says once more what was said first.
    fn repeat(&mut self, here: &Here<'_>) -> bool {
        let first = here.device.tick_from(Timestamp::clamped(here.cast.from));
        let Some(then) = here.device.says(first, true) else { return false };
        let is_radio = |q: Quantity| q == Quantity::RADIO_RSSI || q == Quantity::RADIO_SNR;
        let radio = self.truth.values.iter().copied().filter(|(q, _, _)| is_radio(*q));
        self.truth.values = then.values.iter().copied().filter(|(q, _, _)| !is_radio(*q)).chain(radio).collect();
        self.truth.log.iter_mut().zip(&then.log).for_each(|(now, then)| now.value = then.value);
        true
    }

    /// Says what the next device of the same make measures.
    fn speak_for_another(&mut self, here: &Here<'_>) -> bool {
        let alike = |d: &&SimDevice| d.is_alike(here.device);
        let all = here.stage.city.devices();
        let own = all.iter().position(|d| d.device().id == here.device.device().id).unwrap_or(0);
        let donor = all.iter().skip(own + 1).find(alike).or_else(|| all.iter().find(alike));
        let said = donor.filter(|d| !d.is_lora()).and_then(|d| d.says(d.tick_from(Timestamp::clamped(here.at)), true));
        if let Some(said) = said {
            (self.truth.values, self.truth.log) = (said.values, said.log);
            return true;
        }
        false
    }

    fn travel(&mut self, here: &Here<'_>) -> bool {
        let amount = here.cast.plan.amount();
        let drawn = here.luck.branch(3).unit();
        let deed = here.cast.plan.fault().deed;
        match deed {
            Deed::Drop | Deed::Gap => self.lost = true,
            Deed::GatewayOutage if here.device.is_lora() => self.lost = true,
            Deed::Delay => self.heard += whole((1.0 + (amount - 1.0).max(0.0) * drawn) * ms(HOUR)),
            Deed::Reorder => self.heard += whole(amount * drawn * ms(SECOND)),
            Deed::BacklogDump if !here.device.is_lora() => self.keep_back(here),
            Deed::Partition => self.keep_back(here),
            Deed::Duplicate => self.again = Some((1 + whole(amount * drawn * ms(SECOND)), 1)),
            Deed::Retain => self.again = Some((1 + whole(amount * drawn * ms(SECOND)), RETAINED)),
            Deed::Corrupt | Deed::Truncate | Deed::Oversize => {
                self.aside =
                    Some(if deed == Deed::Oversize { Reason::TooMany } else { here.device.make.garbled(deed == Deed::Corrupt) });
                self.mangle = Some((deed, amount));
            }
            Deed::Stranger | Deed::Hostile => self.strangers.push(deed),
            _ => return false,
        }
        // What strangers do is their label and not the device's.
        !matches!(deed, Deed::Stranger | Deed::Hostile)
    }

    fn keep_back(&mut self, here: &Here<'_>) {
        let end = here.cast.to.min(here.stage.end.millis());
        self.heard = end + (here.at - here.cast.from) / DUMP + (self.heard - here.at);
    }

    fn send(mut self, device: &SimDevice, number: u32, tick: u64, out: &mut Vec<Sent>) {
        device.make.settle(&mut self.truth.values, &mut self.truth.log);
        let publish = {
            let said = Truth { at: Timestamp::clamped(self.truth.at.millis() + self.skew), ..self.truth.clone() };
            if let Some((topic, payload)) = device.make.farewell(&device.saying(&said, self.seq, self.joined)) {
                let heard = Timestamp::clamped(self.heard - 1);
                let (destiny, labels) = (Destiny::Aside(Reason::NoReading), Labels::default());
                out.push(Sent { heard, device: number, topic, payload, destiny, labels, tick, copy: FAREWELL });
            }
            device.encode(&said, self.seq, self.joined)
        };
        if self.rejoins && !self.lost {
            out.extend(join(device, number, tick, self.truth.at, Timestamp::clamped(self.heard - 1)));
        }
        let payload = match self.mangle {
            Some(how) => mangled(publish.payload, how, device.make),
            None => publish.payload,
        };
        let heard = Timestamp::clamped(self.heard);
        let said = Timestamp::clamped(self.truth.at.millis() + self.skew);
        for deed in &self.strangers {
            out.push(hostile::message(*deed, device, number, tick, heard));
        }
        let sent = |heard: Timestamp, copy: u8, mut labels: Labels| {
            let (oldest, network) = (Some(device.make.believed()), Some(said).filter(|_| device.is_lora()));
            let (observed_at, time) = match device.time() {
                // When what was kept was so, nobody knows.
                Time::Heard => (heard, if copy == RETAINED { Flaw::Stale.into() } else { Quality::GOOD }),
                Time::Network => stands(said, heard, None, None),
                Time::Own => stands(said, heard, oldest, None),
            };
            let log = self.truth.log.iter().map(|logged| {
                let (at, time) = stands(logged.at, heard, oldest, network);
                (Logged { at, ..*logged }, time)
            });
            let destiny = match self.aside {
                _ if self.lost => Destiny::Lost,
                Some(reason) => Destiny::Aside(reason),
                None => {
                    let (mut values, real, log) = (self.truth.values.clone(), self.real.clone(), log.collect());
                    let mut marks = device.make.marks(&values);
                    if device.device().fitting.container.is_some() {
                        container::add_fill(&mut values, &mut marks);
                    }
                    Destiny::Read(Told { observed_at, values, real, marks, time, log })
                }
            };
            if copy == 1 {
                labels.add(duplicate());
            }
            Sent { heard, device: number, topic: publish.topic.clone(), payload: payload.clone(), destiny, labels, tick, copy }
        };
        if let Some((later, copy)) = self.again.filter(|_| !self.lost) {
            out.push(sent(Timestamp::clamped(self.heard + later), copy, self.labels));
        }
        let lost_at = if self.lost { self.truth.at } else { heard };
        out.push(sent(lost_at, 0, self.labels));
    }
}

/// The network server accepts a device, which is heard whatever befalls the messages of it: it asks until it is.
fn join(device: &SimDevice, number: u32, tick: u64, at: Timestamp, heard: Timestamp) -> Option<Sent> {
    let (topic, payload) = device.make.join(device.device(), at)?;
    let (observed_at, time) = stands(at, heard, None, None);
    let told = Told {
        observed_at,
        values: vec![(Quantity::DEVICE_JOINED, 0, 1.0)],
        real: None,
        marks: Vec::new(),
        time,
        log: Vec::new(),
    };
    let (destiny, labels) = (Destiny::Read(told), Labels::default());
    Some(Sent { heard, device: number, topic, payload, destiny, labels, tick, copy: JOIN })
}

fn duplicate() -> &'static crate::fault::Fault {
    crate::fault::FAULTS.iter().find(|f| f.deed == Deed::Duplicate).unwrap_or(&crate::fault::FAULTS[0])
}

fn mangled(mut payload: Vec<u8>, (deed, amount): (Deed, f64), make: &Make) -> Vec<u8> {
    match deed {
        Deed::Corrupt => {
            if let Some(first) = payload.first_mut() {
                *first = make.garble(*first);
            }
        }
        Deed::Truncate => payload.truncate(make.half(&payload)),
        _ => payload.resize(payload.len() + usize::try_from(whole(amount)).unwrap_or(0) * 1024, b' '),
    }
    payload
}

fn hours(span: i64) -> f64 {
    ms(span.max(0)) / ms(HOUR)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a scenario")]
fn ms(span: i64) -> f64 {
    span as f64
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds and counts of a scenario")]
fn whole(value: f64) -> i64 {
    value as i64
}
