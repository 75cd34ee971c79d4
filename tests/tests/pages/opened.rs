//! What pages show on being asked: why, within a row of the desk; how urgent a bin is, on the map; a part of a chart, in the address.

use serde_json::json;
use tests::Browser;

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
