//! What a make can say beyond what the model of its device holds: particles of other sizes, a battery in volts, a bin by its level.

use schemas::Quantity;

use super::{Values, find};

/// A bin is full, and burns, from here on.
const FULL: f64 = 95.0;
const BURNING: f64 = 60.0;
/// It has fallen over, deg.
const TILTED: f64 = 45.0;
/// A battery is low below this, %.
const LOW: f64 = 15.0;
/// Particles in a cm3 beyond each size, for each ug/m3 of PM2.5.
const PARTICLES: [(&str, f64); 6] = [
    ("air.number_pm0_3", 40.0),
    ("air.number_pm0_5", 5.0),
    ("air.number_pm1", 6.0),
    ("air.number_pm2_5", 6.4),
    ("air.number_pm4", 6.5),
    ("air.number_pm10", 6.6),
];

/// Litres that a pulse of a counter stands for.
const LITRES_A_PULSE: f64 = 10.0;
/// What no model changes: noise and resistance of a quiet street, gases of which little is there, the air in a cabinet.
const STEADY: [(&str, f64); 8] = [
    ("air.noise", 55.0),
    ("air.gas_resistance", 200_000.0),
    ("air.hcho", 12.5),
    ("air.so2", 6.0),
    ("air.co", 350.0),
    ("air.voc_rating", 1.2),
    ("device.humidity", 55.0),
    ("device.fault", 0.0),
];

/// What is true of a quantity: as the model holds it, or as it follows from that; none where nothing is known of it.
pub(super) fn fact(all: &Values, quantity: Quantity) -> Option<f64> {
    find(all, quantity).or_else(|| follows(all, quantity))
}

fn follows(all: &Values, quantity: Quantity) -> Option<f64> {
    let of = |quantity| find(all, quantity);
    let so = |is: bool| f64::from(u8::from(is));
    let fine = || of(Quantity::AIR_PM2_5);
    let value = match quantity {
        Quantity::BATTERY_VOLTAGE => 3.0 + 0.6 * of(Quantity::BATTERY_LEVEL).unwrap_or(90.0) / 100.0,
        Quantity::BATTERY_LEVEL => ((of(Quantity::BATTERY_VOLTAGE).unwrap_or(3.5) - 3.2) * 250.0).clamp(0.0, 100.0),
        Quantity::BATTERY_LOW => so(of(Quantity::BATTERY_LEVEL).is_some_and(|level| level < LOW)),
        Quantity::AIR_PM1 => 0.7 * fine()?,
        Quantity::AIR_PM4 => f64::midpoint(fine()?, of(Quantity::AIR_PM10)?),
        // More where there is more traffic.
        Quantity::AIR_CO2 => 420.0 + 1.5 * of(Quantity::AIR_NO2)?,
        Quantity::AIR_PRESSURE => 1013.2,
        Quantity::AIR_TVOC => 60.0,
        Quantity::DEVICE_TEMPERATURE => of(Quantity::WASTE_TEMPERATURE).or(of(Quantity::AIR_TEMPERATURE)).unwrap_or(20.0),
        Quantity::DEVICE_TILT => 0.0,
        Quantity::DEVICE_TILT_ALARM => so(of(Quantity::DEVICE_TILT).is_some_and(|tilt| tilt >= TILTED)),
        Quantity::WASTE_FULL => so(of(Quantity::WASTE_FILL)? >= FULL),
        Quantity::WASTE_FIRE => so(fact(all, Quantity::DEVICE_TEMPERATURE)? >= BURNING),
        Quantity::WATER_TEMPERATURE => 16.0,
        Quantity::WASTE_OVERTURNED => so(of(Quantity::DEVICE_TILT).is_some_and(|tilt| tilt >= TILTED)),
        Quantity::WATER_PULSE_COUNT => pulses(of(Quantity::WATER_VOLUME)?),
        Quantity::WATER_BACKFLOW | Quantity::WATER_TAMPER | Quantity::DEVICE_TAMPER | Quantity::PARKING_SENSOR_OBSTRUCTED => 0.0,
        other => {
            let listed = |list: &[(&str, f64)]| list.iter().find(|(name, _)| *name == other.name()).map(|(_, value)| *value);
            return listed(&STEADY).or_else(|| Some(listed(&PARTICLES)? * fine()?));
        }
    };
    Some(value)
}

/// What a counter of pulses shows where a register stands there, m3.
pub(crate) fn pulses(register: f64) -> f64 {
    (register * 1000.0 / LITRES_A_PULSE).floor()
}

/// The other way round.
pub(crate) fn register(pulses: f64) -> f64 {
    pulses * LITRES_A_PULSE / 1000.0
}
