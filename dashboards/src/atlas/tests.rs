use super::*;
use crate::lang::lang;

const FEZ: &str = r#"{ "type": "FeatureCollection", "features": [
  { "type": "Feature", "properties": { "zone": "agdal", "name": "Agdal", "name:ar": "أكدال" },
    "geometry": { "type": "Polygon", "coordinates": [[[-5.02, 34.02], [-4.98, 34.02], [-4.98, 34.05], [-5.02, 34.05], [-5.02, 34.02]]] } },
  { "type": "Feature", "properties": { "zone": "saiss", "name:fr": "Saïss", "name": "Saiss", "inner": false },
    "geometry": { "type": "MultiPolygon", "coordinates": [
      [[[-5.06, 34.00], [-5.05, 34.00], [-5.05, 34.01], [-5.06, 34.00]]],
      [[[-5.0, 33.9], [-4.9, 33.9], [-4.9, 34.0, 410.0], [-5.0, 34.0], [-5.0, 33.9]]] ] } },
  { "type": "Feature", "properties": null,
    "geometry": { "type": "LineString", "coordinates": [[-5.1, 34.0], [-4.9, 34.06]] } } ] }"#;

fn read(text: &str) -> Result<Outlines, String> {
    Outlines::read(text, &Atlas::shipped().outlines)
}

/// One feature of Fez.
fn one(geometry: &str, properties: &str) -> String {
    format!(
        r#"{{ "type": "FeatureCollection", "features": [ {{ "type": "Feature", "properties": {properties}, "geometry": {geometry} }} ] }}"#
    )
}

#[test]
fn the_outlines_that_come_with_the_program_hold_casablanca() {
    let outlines = Atlas::shipped().outlines;
    assert_eq!(outlines.zones.iter().filter(|zone| zone.inner).count(), 17);
    let [west, south, east, north] = outlines.bounds;
    assert!((west..east).contains(&-7.6327) && (south..north).contains(&33.6085), "the Hassan II mosque is on the map");
}

#[test]
fn a_zone_has_its_name_in_each_language() {
    let name = |lang, zone: &str| zone_name(lang, &zone.parse().unwrap());
    assert_eq!(name(lang("fr"), "ain-sebaa"), "Aïn-Sebaâ");
    assert_eq!(name(lang("ar"), "ain_sebaa"), "عين السبع");
    assert_eq!(name(lang("fr"), "maarif"), "El Maarif");
    assert_eq!(name(lang("en"), "gueliz"), "gueliz");
    assert!(same_name("Aïn Sebaâ", &"ain-sebaa".parse().unwrap()));
    assert!(same_name("Ain Sebaa", &"ain-sebaa".parse().unwrap()));
    assert!(!same_name("Place des Nations Unies", &"sidi-belyout".parse().unwrap()));
}

#[test]
fn a_city_of_its_own_has_zones_names_lines_and_no_sea() {
    let fez = read(FEZ).unwrap();
    let [west, south, east, north] = fez.bounds;
    assert!(west < -5.02 && west > -5.03 && east > -4.98 && south < 34.02 && north > 34.05, "the city itself: {:?}", fez.bounds);
    assert!(fez.coast.is_empty() && fez.land.len() == 4, "all is land");
    let agdal = fez.zone(&"agdal".parse().unwrap()).unwrap();
    assert_eq!((agdal.fr.as_str(), agdal.ar.as_str(), agdal.inner), ("Agdal", "أكدال", true));
    assert!((agdal.label[0] + 5.0).abs() < 1e-9 && (agdal.label[1] - 34.035).abs() < 1e-9, "{:?}", agdal.label);
    let saiss = fez.zone(&"saiss".parse().unwrap()).unwrap();
    assert_eq!((saiss.fr.as_str(), saiss.ar.as_str(), saiss.rings.len()), ("Saïss", "Saïss", 2));
    assert!((saiss.label[0] + 4.95).abs() < 1e-9, "in the larger part: {:?}", saiss.label);
    assert_eq!(fez.lines, [[[-5.1, 34.0], [-4.9, 34.06]]]);
}

#[test]
fn outlines_within_casablanca_keep_its_coast_unless_they_have_their_own() {
    let square = r#"{ "type": "Polygon", "coordinates": [[[-7.62, 33.57], [-7.60, 33.57], [-7.60, 33.59], [-7.62, 33.57]]] }"#;
    let text = one(square, r#"{ "name": "Centre" }"#);
    assert_eq!(read(&text).unwrap().coast, Atlas::shipped().outlines.coast);
    let coast = r#"{ "type": "Feature", "properties": { "map": "coast" }, "geometry": { "type": "LineString", "coordinates": [[-7.7, 33.6], [-7.5, 33.62]] } }"#;
    let own = read(&text.replace("\"features\": [", &format!("\"features\": [ {coast}, "))).unwrap();
    assert_eq!(own.coast, [[-7.7, 33.6], [-7.5, 33.62]]);
}

#[test]
fn what_is_wrong_with_an_overlay_is_said_with_its_place_and_what_was_expected() {
    let square = r#"{ "type": "Polygon", "coordinates": [[[-5.0, 34.0], [-4.9, 34.0], [-4.9, 34.1], [-5.0, 34.0]]] }"#;
    for (text, said) in [
        ("{}".to_owned(), "expected a GeoJSON FeatureCollection"),
        (r#"{ "type": "FeatureCollection", "features": [] }"#.to_owned(), "expected at least one Polygon"),
        (one(square, "{}"), "features[0].properties.name: nothing"),
        (one(square, r#"{ "name": "x", "map": "sea" }"#), "features[0].properties.map: `sea`, expected `land`"),
        (one(r#"{ "type": "Point", "coordinates": [-5.0, 34.0] }"#, r#"{ "name": "x" }"#), "features[0].geometry: a Point"),
        (one("null", r#"{ "name": "x" }"#), "features[0].geometry: nothing"),
        // Metres of a projection where degrees are expected.
        (
            one(&square.replace("[[[-5.0, 34.0]", "[[[535000.0, 380000.0]"), r#"{ "name": "x" }"#),
            "features[0].geometry.coordinates: point 0 is [535000.0, 380000.0], expected degrees (EPSG:4326)",
        ),
    ] {
        let wrong = read(&text).unwrap_err();
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
    let ring: Vec<String> = (0..=MOST_POINTS).map(|at| format!("[{}, 34.{}]", at % 170, at % 9)).collect();
    let many = one(&format!(r#"{{ "type": "Polygon", "coordinates": [[{}]] }}"#, ring.join(",")), r#"{ "name": "x" }"#);
    assert!(read(&many).unwrap_err().contains("50001 points, expected at most 50000"));
}

#[test]
fn tiles_may_come_from_one_named_host_or_from_beside_the_pages() {
    assert_eq!(
        origin("https://tiles.example.org:8443/v1/{z}/{x}/{y}.png?key=1"),
        Ok(Some("https://tiles.example.org:8443".into()))
    );
    assert_eq!(origin("/tiles/{z}/{x}/{y}.png"), Ok(None));
    for (url, said) in [
        ("https://tiles.example.org/{z}/{x}.png", "has no {y}"),
        ("ftp://tiles.example.org/{z}/{x}/{y}", "not one that a browser may fetch from"),
        ("https://me:secret@tiles.example.org/{z}/{x}/{y}", "not one that a browser may fetch from"),
        ("https://tiles.example.org;script-src/{z}/{x}/{y}", "not one that a browser may fetch from"),
        ("//tiles.example.org/{z}/{x}/{y}", "not one that a browser may fetch from"),
        ("tiles/{z}/{x}/{y}", "expected an address such as https://"),
        ("https://tiles.example.org; script-src */{z}/{x}/{y}", "expected an address such as https://"),
    ] {
        let wrong = origin(url).unwrap_err();
        assert!(wrong.contains(said), "{url}: {wrong}");
    }
    let unnamed = MapSettings { tile_url: Some("/{z}/{x}/{y}".into()), ..MapSettings::default() };
    assert_eq!(unnamed.objection().map(|(key, _)| key), Some("tile_source"));
}
