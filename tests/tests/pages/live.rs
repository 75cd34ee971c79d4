//! What people do on the pages, and what changes there by itself.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Browser, Screen, until};

use crate::town::{BIN, Town};

const DESK: Screen = Screen { name: "desktop", width: 1280, height: 900, phone: false };
const DRAWN: &str = "return document.readyState === 'complete' && !!document.querySelector('#live.on')";

#[test]
fn an_alert_is_taken_in_hand_by_keyboard_alone_and_the_desk_shows_it_without_being_loaded_anew() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    browser.show_as(DESK, false);
    browser.go(&town.address("/en/alerts"));
    browser.await_script("the desk to be alive", DRAWN, &[]);
    let _ = browser.run("window.same = true; document.querySelector('#deeds [name=by]').focus()", &[]);
    browser.press("duty officer");
    let _ = browser.run("document.activeElement.blur(); document.querySelector('.tabs a').focus()", &[]);
    // The first row, chosen and taken in hand.
    browser.press("jxa");
    let outcome = "return document.getElementById('outcome').textContent";
    let said = browser.await_script("the desk to say what was done", outcome, &[]);
    assert_eq!(said, json!("Done: 1"));
    let tagged = "return [...document.querySelectorAll('.tag.hand')].some(tag => tag.textContent.includes('duty officer'))";
    browser.await_script("the row to say who has it", tagged, &[]);
    assert_eq!(browser.run("return window.same === true", &[]), json!(true), "the page was loaded anew");
    let answer = town.marsad.json("/api/v1/alerts?view=acknowledged");
    assert_eq!(answer["alerts"][0]["acknowledged"]["by"], "duty officer");

    // Elsewhere somebody takes it back: the open page follows by itself.
    let id = answer["alerts"][0]["id"].as_str().expect("an id").to_owned();
    let act = "const [id, done] = arguments; fetch(`/api/v1/alerts/${encodeURIComponent(id)}/unacknowledge`, { method: 'POST', \
         headers: { 'content-type': 'application/json' }, body: '{\"by\":\"B\"}' }).then(r => done(r.status))";
    assert_eq!(browser.run_async(act, &[json!(id)]), json!(200));
    browser.await_script("the row to be nobody's", "return !document.querySelector('.tag.hand')", &[]);
    browser.press("w");
    until("the page that says why", Duration::from_secs(30), || browser.address().contains("/en/alerts/").then_some(()));
}

#[test]
fn a_button_of_the_engineers_page_has_a_bin_burn() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    browser.show_as(DESK, false);
    browser.go(&town.address("/en/engineers"));
    browser.await_script("the page to be alive", DRAWN, &[]);
    let _ = browser.run("document.querySelector('[data-incident=fire]').click()", &[]);
    let outcome = "return document.getElementById('happens').textContent";
    let said = browser.await_script("the page to say that it happens", outcome, &[]);
    assert_eq!(said, json!("A bin burns. It happens now: watch the pages."));
    until("the fire to be told", Duration::from_secs(30), || {
        let alerts = town.marsad.json("/api/v1/alerts?rule=demo.waste.fire&phase=firing");
        alerts["alerts"].as_array().is_some_and(|all| !all.is_empty()).then_some(())
    });
}

#[test]
fn what_is_published_is_on_the_open_page_without_being_loaded_anew() {
    let Some(browser) = Browser::start() else { return };
    let town = Town::open();
    browser.show_as(DESK, false);
    browser.go(&town.address("/fr/"));
    browser.await_script("the page to be alive", DRAWN, &[]);
    let shown = "return !!document.querySelector(`#waste [data-s=\"${arguments[0]}\"] b`)";
    let series = json!(format!("{BIN}|waste.fill|0"));
    browser.await_script("the bin on the page", shown, std::slice::from_ref(&series));
    let watch = "window.seen = 0; window.same = true; new MutationObserver(() => { \
         if (document.querySelector(`#waste [data-s=\"${arguments[0]}\"] b`)?.textContent === '97') window.seen ||= performance.now() }) \
         .observe(document.getElementById('waste'), { childList: true, characterData: true, subtree: true }); return true";
    let _ = browser.run(watch, std::slice::from_ref(&series));
    let began = Instant::now();
    town.fill(97.0);
    browser.await_script("the value on the page", "return window.seen", &[]);
    // For whoever reads the log: no time is held to here, other work shares the machine.
    eprintln!("from publish to pixel: {} ms at most", began.elapsed().as_millis());
    // The page hears of it when it is judged; the store may be a little behind.
    until("the value in the store", Duration::from_secs(60), || town.latest(BIN, "waste.fill").filter(|fill| *fill == 97.0));
    assert_eq!(browser.run("return window.same === true", &[]), json!(true), "the page was loaded anew");
}
