//! What the language of profiles can say, in profiles as small as can be: one that loads has passed its own cases.

use codec::{NoScripts, Profiles};

/// Loads a profile of an invented make; none: why it is not loaded.
fn load(body: &str) -> Result<(), String> {
    let head = "name = \"acme\"\nmake = \"Acme\"\nsource = \"its leaflet\"\n";
    Profiles::default().with(&format!("{head}{body}"), "acme.toml", &NoScripts).map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn a_flag_is_one_where_any_of_its_bits_is_set() {
    let body = r#"
        [[frame]]
        field = [
            { quantity = "waste.full", number = "flag", bits = [4, 4] },
            { quantity = "waste.fire", at = 0, number = "flag", bits = [0, 4] },
        ]
        [[case]]
        hex = "70"
        expect = [{ quantity = "waste.full", value = 1.0 }, { quantity = "waste.fire", value = 0.0 }]
    "#;
    assert_eq!(load(body), Ok(()));
}

#[test]
fn bytes_that_are_no_number_are_missing_for_the_reason_that_the_profile_gives() {
    let body = r#"
        endian = "big"
        [[frame]]
        field = [
            { quantity = "waste.distance", width = 4, number = "float", nan = "sensor_fault" },
            { quantity = "water.volume", width = 2, number = "bcd" },
            { quantity = "battery.level" },
        ]
        [[case]]
        hex = "7fc00000 1a00 64"
        expect = [{ quantity = "battery.level", value = 100.0 }]
        missing = [{ quantity = "waste.distance", flaw = "sensor_fault" }, { quantity = "water.volume", flaw = "invalid" }]
    "#;
    assert_eq!(load(body), Ok(()));
}

#[test]
fn a_difference_is_added_to_what_it_differs_from_and_shares_its_doubts() {
    let body = r#"
        [[frame]]
        field = [
            { quantity = "air.pm2_5", absent = [255], flaws = [{ from = 200, flaw = "at_limit" }] },
            { quantity = "air.pm1", multiply = -0.1, plus = "air.pm2_5" },
            { quantity = "air.pm10", divide = 10, plus = "air.pm2_5" },
        ]
        [[case]]
        hex = "07 03 01"
        expect = [
            { quantity = "air.pm2_5", value = 7.0 },
            { quantity = "air.pm1", value = 6.7 },
            { quantity = "air.pm10", value = 7.1 },
        ]
        [[case]]
        hex = "c8 00 0a"
        expect = [
            { quantity = "air.pm2_5", value = 200.0, flaws = ["at_limit"] },
            { quantity = "air.pm1", value = 200.0, flaws = ["at_limit"] },
            { quantity = "air.pm10", value = 201.0, flaws = ["at_limit"] },
        ]
        [[case]]
        hex = "ff 00 0a"
        expect = []
        missing = [{ quantity = "air.pm1", flaw = "invalid" }, { quantity = "air.pm10", flaw = "invalid" }]
    "#;
    assert_eq!(load(body), Ok(()));
    let other = body.replace("plus = \"air.pm2_5\"", "plus = \"air.humidity\"");
    assert_eq!(load(&other).unwrap_err(), "acme.toml: frame 1: `air.pm1`: plus: `air.humidity` is in %, not in ug/m3");
}

#[test]
fn a_log_without_a_believable_time_is_not_taken_for_now() {
    let body = r#"
        endian = "big"
        logs = "720h"
        [[frame]]
        field = [{ quantity = "waste.fill" }]
        [[frame.repeat]]
        size = 5
        field = [{ time = "unix", past = true, width = 4 }, { quantity = "waste.fill" }]
        [[case]]
        hex = "32 6b010ac0 31 00000000 30"
        time = "2026-11-21T12:00:00Z"
        expect = [{ quantity = "waste.fill", value = 50.0 }, { quantity = "waste.fill", value = 49.0, at = "2026-11-21T03:06:40Z", flaws = ["late"] }]
        missing = [{ quantity = "waste.fill", flaw = "clock_suspect" }]
    "#;
    assert_eq!(load(body), Ok(()));
    let other = body.replacen("{ quantity = \"waste.fill\" }", "{ quantity = \"waste.fill\", past = true }", 1);
    assert_eq!(load(&other).unwrap_err(), "acme.toml: frame 1: `waste.fill`: past goes with time");
}

#[test]
fn the_steps_of_a_log_are_as_believable_as_its_time() {
    let body = r#"
        endian = "big"
        [[frame]]
        field = [{ time = "unix", past = true, width = 4 }]
        [[frame.repeat]]
        size = 1
        step = "-1h"
        field = [{ quantity = "waste.fill" }]
        [[case]]
        hex = "TIME 32 31"
        expect = [{ quantity = "waste.fill", value = 50.0, at = "2026-11-21T12:00:00Z" }, { quantity = "waste.fill", value = 49.0, at = "2026-11-21T11:00:00Z" }]
        [[case]]
        hex = "00000000 32 31"
        expect = []
        missing = [{ quantity = "waste.fill", flaw = "clock_suspect" }, { quantity = "waste.fill", flaw = "clock_suspect" }]
    "#;
    let noon: schemas::Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    assert_eq!(load(&body.replace("TIME", &format!("{:08x}", noon.millis() / 1000))), Ok(()));
}

#[test]
fn a_decoded_field_is_found_by_the_first_of_its_names_and_in_lists_by_what_an_element_holds() {
    let body = r#"
        codec = "json"
        [[field]]
        quantity = "air.pm10"
        at = ["/pm10", "/values/[type=P1]/value"]
        [[case]]
        json = '{"values":[{"type":"P2","value":"3"},{"type":"P1","value":"7.5"}]}'
        expect = [{ quantity = "air.pm10", value = 7.5 }]
        [[case]]
        json = '{"pm10":null,"values":[{"type":"P1","value":"7.5"}]}'
        expect = [{ quantity = "air.pm10", value = 7.5 }]
        [[case]]
        json = '{"pm10":8,"values":[{"type":"P1","value":"7.5"}]}'
        expect = [{ quantity = "air.pm10", value = 8.0 }]
        [[case]]
        json = '{"values":{"type":"P1"}}'
        expect = []
        [[case]]
        json = '{"values":[{"type":"P1","value":"dusty"}]}'
        expect = []
        reject = "unknown_word"
    "#;
    assert_eq!(load(body), Ok(()));
    assert_eq!(
        load(&body.replace("\"/pm10\"", "\"pm10\"")).unwrap_err(),
        "acme.toml: `pm10` is not a JSON Pointer: it begins with /"
    );
}

#[test]
fn a_decoded_field_is_read_only_where_another_is_so() {
    let body = r#"
        codec = "json"
        [[field]]
        quantity = "waste.distance"
        at = "/distance"
        unit = "mm"
        when = [{ at = "/valid", not = false }, { at = "/mode", is = ["level", 2] }]
        [[field]]
        quantity = "waste.distance"
        at = "/distance"
        when = [{ at = "/valid", is = false }]
        missing = [{ from = 0, flaw = "sensor_fault" }]
        [[case]]
        json = '{"distance":850,"valid":true,"mode":"level"}'
        expect = [{ quantity = "waste.distance", value = 0.85 }]
        [[case]]
        json = '{"distance":850,"valid":1,"mode":2}'
        expect = [{ quantity = "waste.distance", value = 0.85 }]
        [[case]]
        json = '{"distance":0,"valid":false,"mode":"level"}'
        expect = []
        missing = [{ quantity = "waste.distance", flaw = "sensor_fault" }]
        [[case]]
        json = '{"distance":850,"mode":"level"}'
        expect = []
    "#;
    assert_eq!(load(body), Ok(()));
    let wrong = |from: &str, to: &str| load(&body.replacen(from, to, 1)).unwrap_err();
    assert!(wrong("at = \"/valid\", not", "at = 3, not").ends_with("when: `at` is a JSON Pointer here"));
    assert!(wrong("not = false", "not = false, mask = 1").ends_with("when: `mask` is for bytes, not for decoded fields"));
    assert!(wrong("unit = \"mm\"", "unit = \"mm\"\nnan = \"invalid\"").contains("nan are for bytes"));
    assert!(wrong("unit = \"mm\"", "unit = \"mm\"\nsigned = true").contains("nan are for bytes"));
    assert!(wrong("unit = \"mm\"", "units = { m = \"m\" }").contains("there is no unit_at"));
}

#[test]
fn a_test_of_a_byte_is_of_a_byte() {
    let body = |when: &str| {
        format!(
            "[[frame]]\nwhen = [{when}]\nfield = [{{ quantity = \"waste.fill\" }}]\n[[case]]\nhex = \"01\"\nexpect = [{{ quantity = \"waste.fill\", value = 1.0 }}]"
        )
    };
    assert_eq!(load(&body("{ at = 0, is = [1, 2] }, { at = -1, mask = 0x0f, not = 2 }")), Ok(()));
    for bad in ["is = 256", "is = 1.5", "is = \"one\"", "not = [true]", "is = -1"] {
        let text = load(&body(&format!("{{ at = 0, {bad} }}"))).unwrap_err();
        assert_eq!(text, "acme.toml: frame 1: when: `is` and `not` are bytes from 0 to 255 here", "{bad}");
    }
    assert!(load(&body("{ at = \"/x\" }")).unwrap_err().ends_with("when: `at` is the offset of a byte here"));
}

#[test]
fn an_object_where_a_list_may_be_is_a_list_of_one() {
    let body = r#"
        codec = "json"
        [[list]]
        at = "/last"
        field = [{ quantity = "waste.fill", at = "/percent" }]
        [[case]]
        json = '{"last":{"percent":80}}'
        expect = [{ quantity = "waste.fill", value = 80.0 }]
        [[case]]
        json = '{"last":[{"percent":80},{"percent":70}]}'
        expect = [{ quantity = "waste.fill", value = 80.0 }, { quantity = "waste.fill", value = 70.0 }]
        [[case]]
        json = '{"last":80}'
        expect = []
        reject = "bad_shape"
    "#;
    assert_eq!(load(body), Ok(()));
}
