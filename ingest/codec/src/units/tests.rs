use proptest::prelude::*;
use schemas::Vocabulary;

use super::*;

fn converted(quantity: Quantity, unit: &str, value: f64) -> f64 {
    conversion(quantity, unit, Reference::Cel20).unwrap_or_else(|e| panic!("{e}")).apply(value)
}

fn named(name: &str) -> Quantity {
    Quantity::named(name).unwrap()
}

#[test]
fn units_convert_to_the_double_nearest_to_the_exact_result() {
    let cases = [
        ("waste.distance", "mm", 300.0, 0.3),
        ("waste.distance", "mm", 2116.3, 2.1163),
        ("waste.distance", "[in_i]", 12.0, 0.3048),
        ("waste.weight", "[lb_av]", 1.0, 0.453_592_37),
        ("waste.weight", "t", 1.234_567, 1234.567),
        ("water.volume", "L", 5938.0, 5.938),
        ("water.volume", "[gal_us]", 1000.0, 3.785_411_784),
        ("water.flow", "m3/s", 0.001, 3.6),
        ("water.flow", "L.min-1", 1.1, 0.066),
        ("water.flow", "L/h", 0.1, 0.0001),
        ("water.pressure", "kPa", 312.7, 3.127),
        ("water.pressure", "[psi]", 1.0, 0.068_947_572_931_683_62),
        ("air.pressure", "Pa", 96_800.0, 968.0),
        ("air.pressure", "mbar", 1013.25, 1013.25),
        ("air.pressure", "mm[Hg]", 760.0, 1013.2472),
        ("air.temperature", "[degF]", 212.0, 100.0),
        ("air.temperature", "[degF]", 71.6, 22.0),
        ("air.temperature", "[degF]", -40.0, -40.0),
        ("air.temperature", "[degF]", 0.0, -17.777_777_777_777_78),
        ("air.temperature", "K", 300.15, 27.0),
        ("air.temperature", "mK", 0.0, -273.15),
        ("air.humidity", "1", 0.55, 55.0),
        ("air.humidity", "%{RH}", 55.0, 55.0),
        ("air.wind_speed", "km/h", 36.0, 10.0),
        ("air.wind_speed", "[kn_i]", 10.0, 5.144_444_444_444_445),
        ("air.number_pm1", "/L", 4000.0, 4.0),
        ("air.number_pm1", "10*6/m3", 2.5, 2.5),
        ("air.co2", "[ppb]", 415_000.0, 415.0),
        ("air.co2", "umol/mol", 415.0, 415.0),
        ("parking.prev_state_duration", "min", 74.0, 4440.0),
        ("battery.voltage", "mV", 3608.0, 3.608),
        ("radio.rssi", "dB[mW]", -97.0, -97.0),
        ("air.noise", "dB", 61.5, 61.5),
        ("device.tilt", "rad", 1.0, 57.295_779_513_082_32),
    ];
    for (quantity, unit, stated, canonical) in cases {
        assert_eq!(converted(named(quantity), unit, stated), canonical, "{stated} {unit} of {quantity}");
    }
}

#[test]
fn a_gas_converts_by_the_factors_of_its_row() {
    let cases = [
        ("air.no2", "[ppb]", 100.0, 191.25),
        ("air.no2", "[ppm]", 0.013, 24.8625),
        ("air.no2", "nmol/mol", 100.0, 191.25),
        ("air.no2", "1", 1e-7, 191.25),
        ("air.o3", "[ppb]", 10.0, 19.953),
        ("air.co", "mg/m3", 4.0, 4000.0),
        ("air.co", "[ppm]", 1.0, 1164.4),
        ("air.benzene", "[ppb]", 1.0, 3.2472),
        ("air.nh3", "[ppb]", 10.0, 7.08),
        ("air.h2s", "[ppb]", -1.5, -2.1252),
    ];
    for (quantity, unit, stated, canonical) in cases {
        assert_eq!(converted(named(quantity), unit, stated), canonical, "{stated} {unit} of {quantity}");
    }
    // 415 ppm of CO2 by mass, and back.
    assert_eq!(converted(Quantity::AIR_CO2, "mg/m3", 759.2425), 415.0);
}

#[test]
fn a_mass_at_25_cel_becomes_one_at_20_cel_and_a_volume_fraction_stays_what_it_is() {
    let at = |quantity, unit, value| conversion(quantity, unit, Reference::Cel25).unwrap().apply(value);
    assert_eq!(at(Quantity::AIR_NO2, "ug/m3", 29_315.0), 29_815.0);
    assert_eq!(at(Quantity::AIR_CO, "mg/m3", 2.9315), 2981.5);
    assert_eq!(at(Quantity::AIR_NO2, "[ppb]", 100.0), 191.25);
    assert_eq!(at(Quantity::AIR_CO2, "mg/m3", 1.7988), 1.0);
    assert_eq!(at(Quantity::AIR_PM10, "ug/m3", 31.2), 31.2);
    assert_eq!(at(Quantity::AIR_TEMPERATURE, "Cel", 31.2), 31.2);
}

/// The domain's own cases, rounded there to three digits after the point from an unrounded factor.
#[test]
fn the_factors_are_those_of_the_domains_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/domain/vectors.json");
    #[expect(clippy::disallowed_methods, reason = "a test that reads what stands beside the project")]
    let Ok(text) = std::fs::read_to_string(path) else {
        return eprintln!("SKIPPED: {path} is not there");
    };
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let vectors = &vectors["ppb_to_ugm3"];
    let quantity = |gas: &str| named(&format!("air.{}", if gas == "c6h6" { "benzene" } else { gas }));
    for (gas, factor) in vectors["factor_20C_1013.25"].as_object().unwrap() {
        assert_eq!(Some(converted(quantity(gas), "[ppb]", 1.0)), factor.as_f64(), "{gas}");
    }
    for (gas, factor) in vectors["factor_25C_1013.25"].as_object().unwrap() {
        assert_eq!(quantity(gas).row().gas.map(|g| g.cel25), factor.as_f64(), "{gas}");
    }
    let of_the_law = |case: &&serde_json::Value| case["t"] == 20 && case["P"] == 1013.25;
    let cases: Vec<_> = vectors["cases"].as_array().unwrap().iter().filter(of_the_law).collect();
    assert!(cases.len() >= 3);
    for case in cases {
        let (ppb, expected) = (case["ppb"].as_f64().unwrap(), case["ugm3"].as_f64().unwrap());
        let mass = converted(quantity(case["gas"].as_str().unwrap()), "[ppb]", ppb);
        // Half a unit of the factor's last digit.
        assert!((mass - expected).abs() <= ppb * 0.5e-4 + 1e-9, "{case}: {mass}");
    }
}

#[test]
fn what_is_not_a_unit_of_the_quantity_is_refused_with_the_reason() {
    let cases = [
        ("waste.distance", "kPa", "`kPa` does not convert to m"),
        ("air.pm10", "[ppb]", "`[ppb]` does not convert to ug/m3"),
        ("air.tvoc", "ug/m3", "`ug/m3` does not convert to [ppb]"),
        ("air.pressure", "Cel", "`Cel` does not convert to hPa"),
        ("air.temperature", "hPa", "`hPa` does not convert to Cel"),
        ("radio.rssi", "dB", "`dB` does not convert to dB[mW]"),
        ("air.noise", "%", "`%` does not convert to dB[SPL]"),
        ("parking.occupied", "dB", "`dB` does not convert to 1"),
        ("air.no2", "ppb", "`ppb` is not a unit"),
        ("air.no2", "", "expected 1 to 64 characters"),
        ("air.temperature", "Cel/h", "`Cel` has a zero of its own and can only stand alone"),
        ("air.noise", "dB.s", "`dB` is a level and can only stand alone"),
        ("waste.distance", "mmin", "`mmin` is not a unit"),
        ("waste.distance", "m0", "`0` is not an exponent"),
        ("waste.distance", "m99", "`99` is not an exponent"),
        ("waste.distance", "m.", "a unit is missing"),
        ("waste.distance", "m)", "`)` does not belong there"),
        ("waste.distance", "(m", "a parenthesis is not closed"),
        ("waste.distance", "(((((m)))))", "parentheses are more than 4 deep"),
        ("waste.distance", "m{of it", "an annotation is not closed"),
        ("waste.distance", "0", "`0` is not a factor"),
        ("waste.distance", "µm", "`µm` is not a unit"),
    ];
    for (quantity, unit, expected) in cases {
        let error = conversion(named(quantity), unit, Reference::Cel20).unwrap_err().to_string();
        assert!(error.contains(expected), "{unit} of {quantity}: {error}");
    }
}

#[test]
fn codes_that_say_the_same_are_the_same() {
    let same: [&[&str]; 9] = [
        &["L", "l", "dm3", "10*-3.m3", "10^-3.m3"],
        &["L/h", "L.h-1", "l/h", "dm3/(h)", "/h.L", "L/(60.min)"],
        &["ug/m3", "ng/L", "10*-9.kg/m3", "ug.m-3", "ug{NO2}/m3{air}"],
        &["hPa", "mbar", "100.N/m2", "kg.m-1.s-2.100"],
        &["V", "W/A", "J/C", "A.Ohm", "m2.kg.s-3.A-1"],
        &["Ohm", "/S", "V/A", "1/S"],
        &["1", "{count}", "m/m", "100.%", "[ppm].10*6", "Hz.s"],
        &["dS/m", "mS/cm", "10.uS/cm.100"],
        &["kW.h", "3600000.J", "36.10*5.J"],
    ];
    for codes in same {
        let units: Vec<_> = codes.iter().map(|code| ucum::parse(code).unwrap_or_else(|e| panic!("{code}: {e}"))).collect();
        for (code, unit) in codes.iter().zip(&units) {
            assert_eq!(Some(unit), units.first(), "{code}");
        }
    }
}

#[test]
fn every_unit_of_the_vocabulary_and_of_the_tables_is_read() {
    for quantity in Vocabulary::current().quantities() {
        check_unit(quantity.unit()).unwrap_or_else(|e| panic!("{quantity}: {e}"));
        assert_eq!(conversion(quantity, quantity.unit(), Reference::Cel20), Ok(Conversion::IDENTITY), "{quantity}");
    }
    for (theirs, code) in alias::codes() {
        check_unit(code).unwrap_or_else(|e| panic!("{theirs}: {e}"));
    }
}

#[test]
fn a_table_says_one_thing_of_each_unit() {
    let mut seen = std::collections::BTreeMap::new();
    for (theirs, code) in alias::codes() {
        let first = *seen.entry(theirs).or_insert(code);
        assert_eq!(ucum::parse(first), ucum::parse(code), "`{theirs}` is {first} and {code}");
    }
    assert_eq!(vendor_unit(" µg/m³"), vendor_unit("μg/m³ "));
    assert_eq!((vendor_unit("℃"), vendor_unit("hours"), vendor_unit("C")), (Some("Cel"), Some("h"), None));
    assert_eq!((senml_unit("%EL"), senml_unit("dBm"), senml_unit("furlong")), (Some("%"), Some("dB[mW]"), None));
    assert_eq!((uncefact_unit("GQ"), uncefact_unit("E32"), uncefact_unit("XX")), (Some("ug/m3"), Some("L/h"), None));
}

#[test]
fn every_senml_unit_of_the_vocabulary_converts_to_its_own() {
    for quantity in Vocabulary::current().quantities().filter(|q| !q.row().senml.is_empty()) {
        let code = senml_unit(&quantity.row().senml).unwrap_or_else(|| panic!("{quantity}: {}", quantity.row().senml));
        conversion(quantity, code, Reference::Cel20).unwrap_or_else(|e| panic!("{quantity}: {e}"));
    }
}

/// Of seventeen digits the last is made up twice: by either rounding, and by either printing.
fn ulps(a: f64, b: f64) -> u64 {
    a.to_bits().abs_diff(b.to_bits())
}

const CODES: [&str; 34] = [
    "m", "mm", "cm", "km", "[in_i]", "[ft_i]", "g", "kg", "[lb_av]", "s", "ms", "min", "h", "d", "L", "m3", "[gal_us]", "L/h",
    "m3/h", "m3/s", "Pa", "hPa", "bar", "[psi]", "V", "mV", "1", "%", "[ppb]", "[ppm]", "ug/m3", "mg/m3", "km/h", "m/s",
];

fn linear(from: &str, to: &str) -> Option<Conversion> {
    let (from, to) = (ucum::parse(from).unwrap(), ucum::parse(to).unwrap());
    (from.dimension == to.dimension).then(|| Conversion::new(from.ratio.over(to.ratio).unwrap(), 0, 0).unwrap())
}

proptest! {
    #[test]
    fn there_and_back_is_within_two_ulps(from in 0..CODES.len(), to in 0..CODES.len(), value in -1e9..1e9f64) {
        if let (Some(there), Some(back)) = (linear(CODES[from], CODES[to]), linear(CODES[to], CODES[from])) {
            let again = back.apply(there.apply(value));
            prop_assert!(ulps(again, value) <= 2, "{value} {} by {} is {again}", CODES[from], CODES[to]);
        }
    }

    #[test]
    fn a_decimal_of_fifteen_digits_goes_there_and_back_unchanged(digits in -999_999_999_999_999i64..=999_999_999_999_999, ten in -12..3) {
        let value: f64 = format!("{digits}e{ten}").parse().unwrap();
        for (from, to) in [("mm", "m"), ("L", "m3"), ("Pa", "hPa"), ("ug/m3", "mg/m3"), ("[ppb]", "[ppm]"), ("%", "1")] {
            let (there, back) = (linear(from, to).unwrap(), linear(to, from).unwrap());
            prop_assert_eq!(back.apply(there.apply(value)), value);
        }
    }

    #[test]
    fn the_short_way_for_whole_numbers_agrees_with_the_long_one(value in -9_007_199_254_740_992i64..=9_007_199_254_740_992, from in 0..CODES.len(), to in 0..CODES.len()) {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
        let value = value as f64;
        for value in [value, (value / 1e9).trunc()] {
            if let Some(conversion) = linear(CODES[from], CODES[to]).filter(|_| value != 0.0) {
                let (short, long) = conversion.ways(value);
                prop_assert!(short.is_none() || short == long, "{short:?} {long:?}");
                prop_assert!(long.is_some());
            }
        }
    }

    #[test]
    fn shifting_a_temperature_loses_no_digit(hundredths in -10_000_000i64..10_000_000) {
        let text = |hundredths: i64| format!("{hundredths}e-2").parse::<f64>().unwrap();
        prop_assert_eq!(converted(Quantity::AIR_TEMPERATURE, "K", text(hundredths + 27_315)), text(hundredths));
        prop_assert_eq!(converted(Quantity::AIR_TEMPERATURE, "[degF]", text(hundredths * 9 + 3200)), text(hundredths * 5));
    }

    #[test]
    fn units_of_different_dimensions_never_convert(code in 0..CODES.len()) {
        for quantity in Vocabulary::current().quantities() {
            let (stated, own) = (ucum::parse(CODES[code]).unwrap(), ucum::parse(quantity.unit()).unwrap());
            let gas = quantity.row().gas.is_some() && [Dimension::ONE, Dimension::DENSITY].contains(&stated.dimension);
            let alike = (stated.dimension == own.dimension && !matches!(own.scale, Scale::Level(_))) || gas;
            prop_assert_eq!(conversion(quantity, CODES[code], Reference::Cel20).is_ok(), alike, "{} of {}", CODES[code], quantity);
        }
    }

    #[test]
    fn any_text_is_a_unit_or_a_reason(text in any::<String>(), code in "[a-zA-Z0-9./(){}\\[\\]%*^+-]{0,70}") {
        for text in [text, code] {
            let _ = check_unit(&text);
            let _ = (senml_unit(&text), uncefact_unit(&text), vendor_unit(&text));
        }
    }

    #[test]
    fn any_double_converts_without_harm(value in any::<f64>(), from in 0..CODES.len(), to in 0..CODES.len()) {
        if let Some(conversion) = linear(CODES[from], CODES[to]) {
            prop_assert_eq!(conversion.apply(value).is_nan(), value.is_nan());
        }
        let _ = converted(Quantity::AIR_TEMPERATURE, "[degF]", value);
    }
}
