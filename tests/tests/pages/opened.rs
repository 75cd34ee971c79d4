//! What pages show on being asked: why, within a row of the desk; how urgent a bin is, on the map; a part of a chart, in the address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::json;
use tests::{Browser, Device, Marsad};

use crate::town::{BIN, Town};

#[test]
fn why_opens_within_its_row_and_stays_open_when_the_page_looks_again() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    // Of one device, lest the row that is asked be another one's, or not told of yet.
    browser.go(&town.address(&format!("/en/alerts?device={BIN}")));
    let fires = "return document.querySelector('.desk > li:first-child [data-do=acknowledge]') && \
         document.querySelector('.desk > li:first-child [data-why]')?.dataset.why";
    let alert = browser.await_script("the row to fire", fires, &[]);
    let open = "document.querySelector('[data-why] summary').click(); window.same = true; return true";
    let _ = browser.run(open, &[]);
    let told = "return !!document.querySelector('[data-why][open] .chain li')";
    browser.await_script("the row to say why", told, &[]);
    // Somebody else gets it: the row is made anew around what is open.
    let assign = "fetch(`/api/v1/alerts/${encodeURIComponent(arguments[0])}/assign`, { method: 'POST', \
         headers: { 'content-type': 'application/json' }, body: JSON.stringify({ by: 'duty officer', to: 'team-a' }) }); return true";
    let _ = browser.run(assign, &[alert]);
    let tagged = "return [...document.querySelectorAll('.tag')].some(tag => tag.textContent.includes('team-a'))";
    browser.await_script("the row to say whose it is", tagged, &[]);
    assert_eq!(browser.run(told, &[]), json!(true), "the open one closed");
    assert_eq!(browser.run("return window.same === true", &[]), json!(true), "the page was loaded anew");
}

#[test]
fn the_map_of_bins_has_the_colour_of_the_most_urgent_one() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    browser.go(&town.address("/en/waste"));
    browser.await_script(
        "urgency to be known",
        "return Number(document.querySelector('[data-field]')?.dataset.judged) > 20",
        &[],
    );
    // What cannot wait is drawn on top: nothing hides it.
    let shown = "const x = new XMLHttpRequest(); x.open('GET', '/api/v1/waste/urgency', false); x.send(); \
         const worst = ['now', 'urgent', 'soon', 'later'].find(grade => JSON.parse(x.responseText).urgency.includes(grade)); \
         const i = document.body.appendChild(document.createElement('i')); \
         i.style.color = `var(--u${['later', 'soon', 'urgent', 'now'].indexOf(worst)})`; \
         const [r, g, b] = getComputedStyle(i).color.match(/\\d+/g).map(Number); i.remove(); \
         const c = document.querySelector('canvas.field'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         for (let p = 0; p < d.length; p += 4) if (d[p] === r && d[p + 1] === g && d[p + 2] === b && d[p + 3] === 255) return worst; \
         return null";
    browser.await_script("the map to show it", shown, &[]);
}

#[test]
fn the_part_of_a_chart_that_is_looked_at_stands_in_the_address() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    let page = town.address(&format!("/en/waste/{BIN}?range=7d"));
    browser.go(&page);
    let drawn = "return !!document.querySelector('[data-chart][data-drawn] .u-over')";
    browser.await_script("the chart", drawn, &[]);
    let drag = "const over = document.querySelector('.u-over'), box = over.getBoundingClientRect(); \
         const mouse = (what, part, at) => at.dispatchEvent(new MouseEvent(what, { bubbles: true, button: 0, \
         clientX: box.left + box.width * part, clientY: box.top + 30, movementX: 5, movementY: 0 })); \
         mouse('mousemove', 0.25, over); mouse('mousedown', 0.25, over); mouse('mousemove', 0.75, over); mouse('mouseup', 0.75, over); \
         return true";
    let _ = browser.run(drag, &[]);
    browser.await_script("the part in the address", "return /^#part=\\d+-\\d+$/.test(location.hash)", &[]);
    // Whoever is sent the address sees the same part, and says so in turn.
    let part = browser.run("return location.hash", &[]);
    browser.go(&town.address("/en/board"));
    browser.go(&format!("{page}{}", part.as_str().expect("a part")));
    browser.await_script("the chart again", drawn, &[]);
    let same = "return document.querySelector('[data-chart]').dataset.part === arguments[0] && location.hash === arguments[0]";
    browser.await_script("the same part", same, &[part]);
}

#[test]
fn a_city_has_outlines_of_its_own_and_tiles_from_the_one_host_that_it_names() {
    const FEZ: &str = r#"{ "type": "FeatureCollection", "features": [
      { "type": "Feature", "properties": { "zone": "agdal", "name": "Agdal", "name:ar": "أكدال" }, "geometry": { "type": "Polygon",
        "coordinates": [[[-5.03, 34.01], [-4.99, 34.01], [-4.99, 34.05], [-5.03, 34.05], [-5.03, 34.01]]] } },
      { "type": "Feature", "properties": { "zone": "zouagha", "name": "Zouagha" }, "geometry": { "type": "Polygon",
        "coordinates": [[[-5.08, 34.01], [-5.03, 34.01], [-5.03, 34.05], [-5.08, 34.05], [-5.08, 34.01]]] } } ] }"#;
    const STATION: &str =
        "[[device]]\nid = \"air-fez\"\nkind = \"air\"\nzone = \"agdal\"\nplace = { lat = 34.03, lon = -5.01 }\n";
    let Some(browser) = Browser::start() else { return };
    let tiles = tiles();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("fez.geojson"), FEZ).expect("the outlines");
    std::fs::write(folder.path().join("devices.toml"), STATION).expect("the devices");
    let settings = format!(
        "[city]\nid = \"fez\"\nname = {{ fr = \"Fès\", ar = \"فاس\", en = \"Fez\" }}\n[devices]\nfiles = [\"devices.toml\"]\n\
         [map]\noverlay = \"fez.geojson\"\noverlay_source = \"Outlines of a test\"\n\
         tile_url = \"http://{tiles}/{{z}}/{{x}}/{{y}}.png\"\ntile_source = \"© tiles of a test\"\n"
    );
    let marsad = Marsad::start(folder.path(), &settings);
    let mut device = Device::connect(marsad.mqtt, "now");
    device.publish("marsad/agdal/air/air-fez/up", br#"{"v":1,"values":{"air.pm10":41.0}}"#);
    assert!(device.unacknowledged(Duration::from_secs(60)).is_empty(), "it is kept");
    let _ = marsad.settled(Duration::from_secs(60));
    for (lang, name) in [("fr", "Agdal"), ("ar", "أكدال")] {
        browser.go(&format!("http://{}/{lang}/air", marsad.http));
        browser.await_script("the map", "return !!document.querySelector('[data-map][data-drawn] .mark')", &[]);
        let told = "return [[...document.querySelectorAll('.zone-name')].map(name => name.textContent), \
             document.querySelectorAll('.map path.zn').length, document.querySelector('.map ~ .note.foot').textContent, \
             document.querySelector('.map').classList.contains('inland')]";
        let told = browser.run(told, &[]);
        assert_eq!(told, json!([[name, "Zouagha"], 2, "Outlines of a test · © tiles of a test", false]));
        let loaded = "return document.querySelectorAll('.leaflet-tiles-pane img.leaflet-tile-loaded').length > 2 && \
             [...document.querySelectorAll('.leaflet-tiles-pane img')].every(img => img.naturalWidth === 1)";
        browser.await_script("tiles", loaded, &[]);
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
    let client = reqwest::blocking::Client::new();
    let answer = client.get(format!("http://{}/fr", marsad.http)).send().expect("the front page");
    let policy = answer.headers()["content-security-policy"].to_str().expect("a policy").to_owned();
    assert!(
        policy.contains(&format!("img-src 'self' data: http://{tiles}; ")) && policy.matches("http").count() == 1,
        "{policy}"
    );
    assert!(answer.text().expect("its text").contains(">Zouagha</text>"), "the city on the front page");
}

/// Serves one picture of one point whatever is asked for.
fn tiles() -> SocketAddr {
    const POINT: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>"#;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: image/svg+xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{POINT}",
                    POINT.len()
                );
            });
        }
    });
    address
}
