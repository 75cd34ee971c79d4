//! What devices hold themselves against what they say: a bin that lies on its side, a sensor that does not see, a duration at the end
//! of its code. From the makers' documents, and not from the profiles of `codec`, which read them.

use schemas::{Flaw, Quantity};

use super::{Make, Values};

/// Of this make: where the one is at least so much, the other is doubtful.
struct Mark {
    make: &'static str,
    says: &'static str,
    at_least: f64,
    of: &'static str,
    flaw: Flaw,
}

const fn mark(make: &'static str, says: &'static str, at_least: f64, of: &'static str, flaw: Flaw) -> Mark {
    Mark { make, says, at_least, of, flaw }
}

static MARKS: [Mark; 7] = [
    mark("milesight-em310-udl", "device.tilt_alarm", 1.0, "waste.distance", Flaw::Degraded),
    mark("milesight-em400-tld", "device.tilt_alarm", 1.0, "waste.distance", Flaw::Degraded),
    mark("dingtek-df702", "device.tilt_alarm", 1.0, "waste.distance", Flaw::Degraded),
    mark("sensoneo", "waste.overturned", 1.0, "waste.fill", Flaw::Degraded),
    mark("tekzitel-tekzipark", "parking.sensor_obstructed", 1.0, "parking.occupied", Flaw::Degraded),
    mark("libelium-smart-parking", "device.fault", 1.0, "parking.occupied", Flaw::SensorFault),
    // Eleven hours or more.
    mark("nwave-nps405", "parking.prev_state_duration", 39_600.0, "parking.prev_state_duration", Flaw::AtLimit),
];

impl Make {
    /// What is doubtful of what it says, by its own words.
    pub(crate) fn marks(&self, said: &Values) -> Vec<(Quantity, Flaw)> {
        let holds = |mark: &&Mark| said.iter().any(|(q, _, value)| q.name() == mark.says && *value >= mark.at_least);
        let marks = MARKS.iter().filter(|mark| mark.make == self.name).filter(holds);
        marks.filter_map(|mark| Some((Quantity::named(mark.of)?, mark.flaw))).collect()
    }
}
