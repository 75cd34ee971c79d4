//! What vendors' decoders make of their frames, mapped by small profiles of our own, against what a third party makes of
//! the same.

use codec::{NoScripts, Profiles};

/// A decoder that gives a list of values, each with its name beside it.
const NAMED: &str = r#"
    name = "acme-named"
    make = "Acme"
    kind = "air"
    source = "its leaflet"
    codec = "json"
    [[list]]
    at = ""
    [[list.field]]
    time = "text"
    at = "/at"
    [[list.field]]
    quantity = "air.temperature"
    at = "/value"
    when = [{ at = "/name", is = ["t", "temp"] }]
    [[list.field]]
    quantity = "air.co2"
    channel = 3
    at = "/value"
    when = [{ at = "/name", is = "co2" }, { at = "/probe", is = 3 }, { at = "/valid", is = true }]
    [[case]]
    json = '[{"name":"t","value":-4.5,"at":"2026-11-21T11:30:00Z"},{"name":"co2","value":700,"probe":3,"valid":true}]'
    expect = [
        { quantity = "air.temperature", value = -4.5, at = "2026-11-21T11:30:00Z" },
        { quantity = "air.co2", channel = 3, value = 700.0 },
    ]
    [[case]]
    json = '[{"name":"rh","value":50},{"value":7},{"name":"co2","value":700,"probe":2,"valid":true},{"name":"co2","value":1,"probe":3}]'
    expect = []
"#;

#[test]
fn a_field_is_read_only_where_a_member_beside_it_says_that_it_is_meant() {
    Profiles::default().with(NAMED, "named.toml", &NoScripts).unwrap();
    let wrong = |toml: &str| Profiles::default().with(toml, "f.toml", &NoScripts).unwrap_err().to_string();
    assert!(wrong(&NAMED.replace("at = \"/name\", is = \"co2\"", "at = 0, is = 1")).contains("expected a JSON Pointer"));
    assert!(wrong(&NAMED.replace("at = \"/name\", is = \"co2\"", "at = \"name\", is = 1")).contains("begins with /"));
    let on_time = NAMED.replace("at = \"/at\"", "at = \"/at\"\nwhen = [{ at = \"/name\", is = \"t\" }]");
    assert!(wrong(&on_time).contains("when is for a quantity"));
}
