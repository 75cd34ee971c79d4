//! Mutants: platforms with one thing switched off, to see that a scenario notices it. For tests of the scenarios only;
//! nothing of it can be reached by a setting.

use std::borrow::Cow;
use std::sync::Arc;

use ports::Appended;
use rules::RuleSet;
use schemas::{Flaw, Quality, Reading};
use settings::{RULE_PACKS, Settings};
use simulators::SensorDoubt;

use crate::failure::{Code, Failure};

/// What a mutant does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Acknowledges before anything is written.
    HastyAck,
    /// Believes in syncs that do nothing.
    LyingSync,
    /// Takes everything for new.
    Forgetful,
    /// Loses the last reading of each batch.
    Careless,
    /// Says that all is on the disk, and has put nothing there.
    Unwritten,
    /// Does not put the first of some messages aside.
    Wasteful,
    /// Remembers nothing over a restart of what rules must.
    Oblivious,
    /// Does not say that a reading is doubtful in this way.
    Blind(Flaw),
    /// Has parameters by which nothing is doubtful in this way.
    Trusting(SensorDoubt),
    /// Has no rule with a condition of this form.
    Condition(&'static str),
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) deed: Deed,
    /// The scenario that must notice it.
    pub(crate) caught_by: &'static str,
}

const fn line(name: &'static str, deed: Deed, caught_by: &'static str, about: &'static str) -> Mutant {
    Mutant { name, about, deed, caught_by }
}

/// Every mutant.
pub(crate) static MUTANTS: [Mutant; 53] = [
    line("ack.early", Deed::HastyAck, "power-loss", "A message is acknowledged before it is in the journal."),
    line("ack.sync", Deed::LyingSync, "power-loss", "A message is acknowledged although no sync has brought it to the disk."),
    line("store.dedup", Deed::Forgetful, "duplicates", "A reading that is there already counts as new."),
    line("store.append", Deed::Careless, "bin-fire", "One reading of each batch is not stored."),
    line(
        "store.flush",
        Deed::Unwritten,
        "restart-storm",
        "A flush brings nothing to the disk, and the cursor moves as if it had.",
    ),
    line("quarantine.put_aside", Deed::Wasteful, "hostile-traffic", "A message that gives no reading is not put aside."),
    line("evaluator.state", Deed::Oblivious, "restart-storm", "What rules remember does not outlive a restart."),
    line(
        "check.out_of_range",
        Deed::Blind(Flaw::OutOfRange),
        "bad-sensors",
        "A value outside its physical range is not flagged.",
    ),
    line("check.clock_suspect", Deed::Blind(Flaw::ClockSuspect), "clock-skew", "A time that cannot be is not flagged."),
    line(
        "check.late",
        Deed::Blind(Flaw::Late),
        "late-and-out-of-order",
        "A reading heard an hour after it was so is not flagged.",
    ),
    line(
        "check.degraded",
        Deed::Blind(Flaw::Degraded),
        "every-make",
        "What a device itself calls worse than usual is not flagged.",
    ),
    line(
        "check.sensor_fault",
        Deed::Blind(Flaw::SensorFault),
        "every-make",
        "What a device says of a sensor that failed is not flagged.",
    ),
    line("check.at_limit", Deed::Blind(Flaw::AtLimit), "every-make", "A value at the end of what can be said is not flagged."),
    line(
        "check.saturated",
        Deed::Blind(Flaw::Saturated),
        "every-make",
        "A bin is as full as a sensor says that sees too near for it.",
    ),
    line("check.stale", Deed::Blind(Flaw::Stale), "every-make", "What a broker had kept counts as measured when it is heard."),
    line("check.stuck", Deed::Trusting(SensorDoubt::Stuck), "doubtful-air", "Hours of a sensor that sticks are not doubted."),
    line("check.spike", Deed::Trusting(SensorDoubt::Spike), "doubtful-air", "Hours of a sensor that jumps are not doubted."),
    line(
        "check.drift",
        Deed::Trusting(SensorDoubt::Drift),
        "drifting-air",
        "Days of a sensor that leaves its neighbours are not doubted.",
    ),
    line(
        "check.below_floor",
        Deed::Trusting(SensorDoubt::BelowFloor),
        "impossible-air",
        "Hours far below nothing are not doubted.",
    ),
    line(
        "check.above_ceiling",
        Deed::Trusting(SensorDoubt::AboveCeiling),
        "impossible-air",
        "Hours above all that is believed are not doubted.",
    ),
    line(
        "check.fine_above_coarse",
        Deed::Trusting(SensorDoubt::FineAboveCoarse),
        "impossible-air",
        "Hours with more PM2.5 than PM10 are not doubted.",
    ),
    line(
        "check.thin",
        Deed::Trusting(SensorDoubt::Thin),
        "impossible-air",
        "Hours of which too little was heard count as whole.",
    ),
    line("check.repeats", Deed::Trusting(SensorDoubt::Repeats), "unwell-devices", "A station that repeats itself is not stuck."),
    line("check.offline", Deed::Trusting(SensorDoubt::Offline), "unwell-devices", "A device that is silent is not offline."),
    line(
        "check.unavailable",
        Deed::Trusting(SensorDoubt::Unavailable),
        "unwell-devices",
        "A device of which half is missing is available.",
    ),
    line("check.clock", Deed::Trusting(SensorDoubt::Clock), "unwell-devices", "A clock that is slow is not wrong."),
    line(
        "check.still",
        Deed::Trusting(SensorDoubt::Still),
        "doubtful-bins",
        "A level that stands while others move is not stuck.",
    ),
    line(
        "check.residue",
        Deed::Trusting(SensorDoubt::Residue),
        "doubtful-bins",
        "A sensor that says too much of an empty bin does not drift.",
    ),
    line("check.outlier", Deed::Trusting(SensorDoubt::Outlier), "doubtful-bins", "A false echo is the level of a bin."),
    line("check.bay_silent", Deed::Trusting(SensorDoubt::BaySilent), "doubtful-bays", "A bay that is silent is not doubted."),
    line(
        "check.bay_stuck",
        Deed::Trusting(SensorDoubt::BayStuck),
        "doubtful-bays",
        "A bay that has not changed for a week is not stuck.",
    ),
    line(
        "check.bay_doubted",
        Deed::Trusting(SensorDoubt::BayDoubted),
        "doubtful-bays",
        "A bay that has not changed for days is not doubted.",
    ),
    line(
        "check.low_confidence",
        Deed::Trusting(SensorDoubt::LowConfidence),
        "unseen-zone",
        "How full a zone is, of which nothing is known, is told like any other.",
    ),
    line(
        "check.suspect_spike",
        Deed::Trusting(SensorDoubt::SuspectSpike),
        "odd-registers",
        "More than can have flowed is believed.",
    ),
    line(
        "check.rollover",
        Deed::Trusting(SensorDoubt::Rollover),
        "odd-registers",
        "A register that passes its end is not seen to.",
    ),
    line(
        "check.reverse",
        Deed::Trusting(SensorDoubt::Reverse),
        "odd-registers",
        "An index that goes back a little did not flow back.",
    ),
    line("check.reset", Deed::Trusting(SensorDoubt::Reset), "odd-registers", "A register that began anew is not seen to have."),
    line(
        "check.suspect_decrease",
        Deed::Trusting(SensorDoubt::SuspectDecrease),
        "odd-registers",
        "Every lower index is a register that began anew.",
    ),
    line("check.estimated", Deed::Trusting(SensorDoubt::Estimated), "odd-registers", "Hours over a gap count as measured."),
    line(
        "check.meter_still",
        Deed::Trusting(SensorDoubt::MeterStill),
        "standing-meters",
        "A meter that stands for a month is not stuck.",
    ),
    line("condition.threshold", Deed::Condition("threshold"), "bin-fire", "Rules with a threshold do not judge."),
    line("condition.samples", Deed::Condition("samples"), "full-bins", "Rules over several samples do not judge."),
    line("condition.state", Deed::Condition("state"), "parking-day", "Rules over a state do not judge."),
    line("condition.rate", Deed::Condition("rate"), "bin-fire", "Rules over a rise do not judge."),
    line("condition.absence", Deed::Condition("absence"), "silent-devices", "Rules over silence do not judge."),
    line("condition.window", Deed::Condition("window"), "dust-episode", "Rules over means of windows do not judge."),
    line("condition.counter", Deed::Condition("counter"), "leaks-and-bursts", "Rules over counters do not judge."),
    line("condition.forecast", Deed::Condition("forecast"), "full-bins", "Rules over forecasts do not judge."),
    line("condition.running", Deed::Condition("running"), "dust-episode", "Rules over running means do not judge."),
    line("condition.standstill", Deed::Condition("standstill"), "standing-meters", "Rules over meters that stand do not judge."),
    line("condition.backflow", Deed::Condition("backflow"), "meters-replaced", "Rules over water that flows back do not judge."),
    line("condition.compare", Deed::Condition("compare"), "odd-one-out", "Rules that compare do not judge."),
    line("condition.moved", Deed::Condition("moved"), "carried-bins", "Rules over places do not judge."),
];

impl Deed {
    /// The readings as this mutant stores them.
    pub(super) fn of_readings(self, batch: &[Reading]) -> Cow<'_, [Reading]> {
        match self {
            Deed::Careless => Cow::Borrowed(batch.get(..batch.len().saturating_sub(1)).unwrap_or_default()),
            Deed::Blind(flaw) => {
                let without = |quality: Quality| quality.flaws().filter(|f| *f != flaw).fold(Quality::GOOD, Quality::with);
                Cow::Owned(batch.iter().map(|r| Reading { quality: without(r.quality), ..r.clone() }).collect())
            }
            _ => Cow::Borrowed(batch),
        }
    }

    /// The answer as this mutant understands it.
    pub(super) fn of_answer(self, appended: &mut Appended, asked: usize) {
        appended.new.resize(asked, true);
        if self == Deed::Forgetful {
            appended.new.fill(true);
        }
    }
}

/// The rule packs, and further rules, without the rules of one form.
pub(super) fn without(form: &str, settings: &Settings, more: &str) -> Result<Arc<RuleSet>, Failure> {
    let wrong = |cause: String| Failure::new(Code::Stopped, format!("the rules without {form}: {cause}"));
    let mut files = Vec::new();
    let packs = RULE_PACKS.iter().filter(|(name, _)| settings.rules.packs.iter().any(|pack| pack == name));
    for (name, text) in packs.copied().chain([("scenario", more)]) {
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?;
        if let Some(toml::Value::Array(rules)) = table.get_mut("rule") {
            rules.retain(|rule| rule.get(form).is_none());
        }
        files.push((format!("rules/{name}.toml"), toml::to_string(&table).map_err(|e| wrong(e.to_string()))?));
    }
    let parsed = RuleSet::parse(&files).map_err(|errors| wrong(errors.first().map(ToString::to_string).unwrap_or_default()))?;
    Ok(Arc::new(parsed))
}
