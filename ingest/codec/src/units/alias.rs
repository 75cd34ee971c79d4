//! What others call the units: SenML, UN/CEFACT, and makers in their own words. Each table is explicit;
//! what is not in it has no UCUM code here.
#![cfg_attr(not(test), expect(dead_code, reason = "for envelopes and field maps, which state units in other words than UCUM"))]

type Table = &'static [(&'static str, &'static str)];

fn look_up(table: Table, text: &str) -> Option<&'static str> {
    table.iter().find(|(theirs, _)| *theirs == text).map(|(_, ucum)| *ucum)
}

/// The UCUM code of a unit of SenML (RFC 8428 section 12.1, RFC 8798, and the registry since).
pub(crate) fn senml_unit(text: &str) -> Option<&'static str> {
    look_up(SENML, text)
}

/// The UCUM code of a code of UN/CEFACT Recommendation 20, as in `unitCode` of FIWARE.
pub(crate) fn uncefact_unit(text: &str) -> Option<&'static str> {
    look_up(UNCEFACT, text)
}

/// The UCUM code of a unit as makers write it, spaces around it aside.
pub(crate) fn vendor_unit(text: &str) -> Option<&'static str> {
    look_up(VENDOR, text.trim())
}

#[rustfmt::skip]
static SENML: Table = &[
    ("m", "m"), ("kg", "kg"), ("g", "g"), ("s", "s"), ("A", "A"), ("K", "K"), ("cd", "cd"), ("mol", "mol"), ("Hz", "Hz"),
    ("rad", "rad"), ("N", "N"), ("Pa", "Pa"), ("J", "J"), ("W", "W"), ("C", "C"), ("V", "V"), ("Ohm", "Ohm"), ("S", "S"),
    ("Cel", "Cel"), ("lm", "lm"), ("lx", "lx"), ("Bq", "Bq"), ("Sv", "Sv"), ("m2", "m2"), ("m3", "m3"), ("l", "L"), ("m/s", "m/s"),
    ("m/s2", "m/s2"), ("m3/s", "m3/s"), ("l/s", "L/s"), ("W/m2", "W/m2"), ("cd/m2", "cd/m2"), ("pH", "[pH]"), ("dB", "dB"),
    ("dBW", "dB[W]"), ("Bspl", "B[SPL]"), ("count", "1"), ("/", "1"), ("%", "%"), ("%RH", "%"), ("%EL", "%"), ("EL", "s"),
    ("1/s", "/s"), ("1/min", "/min"), ("S/m", "S/m"), ("kg/m3", "kg/m3"), ("deg", "deg"), ("lat", "deg"), ("lon", "deg"),
    ("ms", "ms"), ("min", "min"), ("h", "h"), ("MHz", "MHz"), ("kW", "kW"), ("Wh", "W.h"), ("kWh", "kW.h"), ("mV", "mV"),
    ("mA", "mA"), ("dBm", "dB[mW]"), ("ug/m3", "ug/m3"), ("mm/h", "mm/h"), ("m/h", "m/h"), ("ppm", "[ppm]"), ("ppb", "[ppb]"),
    ("ppt", "[pptr]"), ("/100", "%"), ("/1000", "[ppth]"), ("hPa", "hPa"), ("mm", "mm"), ("cm", "cm"), ("km", "km"), ("km/h", "km/h"),
];

#[rustfmt::skip]
static UNCEFACT: Table = &[
    ("GQ", "ug/m3"), ("GP", "mg/m3"), ("59", "[ppm]"), ("61", "[ppb]"), ("P1", "%"), ("CEL", "Cel"), ("KEL", "K"), ("FAH", "[degF]"),
    ("MTQ", "m3"), ("DMQ", "dm3"), ("LTR", "L"), ("MTR", "m"), ("CMT", "cm"), ("MMT", "mm"), ("KGM", "kg"), ("GRM", "g"),
    ("PAL", "Pa"), ("A97", "hPa"), ("KPA", "kPa"), ("BAR", "bar"), ("MBR", "mbar"), ("VLT", "V"), ("2Z", "mV"), ("OHM", "Ohm"),
    ("E32", "L/h"), ("MQH", "m3/h"), ("MQS", "m3/s"), ("DD", "deg"), ("2N", "dB"), ("LUX", "lx"), ("MTS", "m/s"), ("KMH", "km/h"),
    ("D54", "W/m2"), ("SEC", "s"), ("MIN", "min"), ("HUR", "h"), ("DAY", "d"), ("HTZ", "Hz"), ("C62", "1"),
];

// The micro sign is written in two ways, U+00B5 and U+03BC; both stand here.
#[rustfmt::skip]
static VENDOR: Table = &[
    ("m", "m"), ("mm", "mm"), ("cm", "cm"), ("meter", "m"), ("metre", "m"), ("meters", "m"), ("metres", "m"),
    ("kg", "kg"), ("g", "g"), ("Kg", "kg"), ("KG", "kg"),
    ("°C", "Cel"), ("℃", "Cel"), ("Cel", "Cel"), ("degC", "Cel"), ("°F", "[degF]"), ("℉", "[degF]"), ("degF", "[degF]"), ("K", "K"),
    ("°", "deg"), ("º", "deg"), ("deg", "deg"), ("degree", "deg"), ("degrees", "deg"), ("rad", "rad"),
    ("%", "%"), ("%RH", "%"), ("% RH", "%"), ("RH%", "%"), ("%rH", "%"), ("%r.H.", "%"),
    ("ug/m3", "ug/m3"), ("ug/m³", "ug/m3"), ("ug/m^3", "ug/m3"),
    ("µg/m3", "ug/m3"), ("µg/m³", "ug/m3"), ("µg/m^3", "ug/m3"), ("µg⋅m⁻³", "ug/m3"), ("µg·m⁻³", "ug/m3"), ("µg.m-3", "ug/m3"),
    ("μg/m3", "ug/m3"), ("μg/m³", "ug/m3"), ("μg/m^3", "ug/m3"), ("μg⋅m⁻³", "ug/m3"), ("μg·m⁻³", "ug/m3"), ("μg.m-3", "ug/m3"),
    ("mg/m3", "mg/m3"), ("mg/m³", "mg/m3"), ("mg/m^3", "mg/m3"), ("mg⋅m⁻³", "mg/m3"), ("ng/m3", "ng/m3"), ("ng/m³", "ng/m3"),
    ("ppm", "[ppm]"), ("PPM", "[ppm]"), ("ppb", "[ppb]"), ("PPB", "[ppb]"), ("ppt", "[pptr]"),
    ("1/cm3", "/cm3"), ("1/cm³", "/cm3"), ("#/cm3", "/cm3"), ("#/cm³", "/cm3"), ("cm⁻³", "/cm3"), ("pcs/cm³", "/cm3"),
    ("Pa", "Pa"), ("hPa", "hPa"), ("kPa", "kPa"), ("mbar", "mbar"), ("bar", "bar"), ("Bar", "bar"), ("psi", "[psi]"),
    ("m3", "m3"), ("m³", "m3"), ("m^3", "m3"), ("L", "L"), ("l", "L"), ("liter", "L"), ("liters", "L"), ("litre", "L"), ("litres", "L"),
    ("dm3", "dm3"), ("dm³", "dm3"), ("ml", "mL"), ("mL", "mL"), ("ft3", "[cft_i]"), ("ft³", "[cft_i]"),
    ("L/h", "L/h"), ("l/h", "L/h"), ("L/min", "L/min"), ("l/min", "L/min"), ("L/s", "L/s"), ("l/s", "L/s"),
    ("m3/h", "m3/h"), ("m³/h", "m3/h"), ("m^3/h", "m3/h"), ("m3.h-1", "m3/h"), ("m³/s", "m3/s"), ("m3/s", "m3/s"),
    ("V", "V"), ("mV", "mV"), ("A", "A"), ("mA", "mA"), ("W", "W"), ("W/m2", "W/m2"), ("W/m²", "W/m2"), ("W⋅m⁻²", "W/m2"),
    ("Ω", "Ohm"), ("Ω", "Ohm"), ("ohm", "Ohm"), ("Ohm", "Ohm"), ("kΩ", "kOhm"), ("kΩ", "kOhm"), ("kohm", "kOhm"),
    ("µS/cm", "uS/cm"), ("μS/cm", "uS/cm"), ("uS/cm", "uS/cm"), ("mS/cm", "mS/cm"), ("dS/m", "dS/m"), ("mS/m", "mS/m"),
    ("dB", "dB"), ("dBA", "dB[SPL]"), ("dB(A)", "dB[SPL]"), ("dBa", "dB[SPL]"), ("dB SPL", "dB[SPL]"), ("dBm", "dB[mW]"),
    ("lux", "lx"), ("Lux", "lx"), ("lx", "lx"), ("klux", "klx"),
    ("m/s", "m/s"), ("m⋅s⁻¹", "m/s"), ("km/h", "km/h"), ("mph", "[mi_i]/h"), ("kn", "[kn_i]"), ("mm/h", "mm/h"),
    ("ms", "ms"), ("s", "s"), ("sec", "s"), ("second", "s"), ("seconds", "s"), ("min", "min"), ("minute", "min"), ("minutes", "min"),
    ("h", "h"), ("hr", "h"), ("hour", "h"), ("hours", "h"), ("d", "d"), ("day", "d"), ("days", "d"),
    ("in", "[in_i]"), ("inch", "[in_i]"), ("inches", "[in_i]"), ("ft", "[ft_i]"), ("feet", "[ft_i]"), ("gal", "[gal_us]"), ("Hz", "Hz"),
];

/// All codes that the tables lead to.
#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    [SENML, UNCEFACT, VENDOR].into_iter().flatten().copied()
}
