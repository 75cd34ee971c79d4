//! Signing in by the city's directory in a real browser, which keeps to the rules for cookies of its own accord.

use std::time::Duration;

use serde_json::json;
use services::Issuer;
use tests::{Browser, Marsad, until};

/// Pages are at `localhost` and the directory at 127.0.0.1: for a browser that is another site.
fn settings(issuer: &Issuer, pages: &str) -> String {
    format!(
        "[rules]\npacks = []\n[oidc]\nissuer = \"{}\"\nclient_id = \"marsad\"\naddress = \"{pages}\"\n\
         [[oidc.grant]]\nclaim = \"groups\"\nvalue = \"officers\"\nrole = \"officer\"\n",
        issuer.name()
    )
}

#[test]
fn whoever_comes_back_from_the_directory_is_in_on_the_page_that_they_wanted_in_a_real_browser() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let issuer = Issuer::start(None);
    issuer.person(json!({ "sub": "7", "preferred_username": "salma", "groups": ["officers"] }));
    issuer.ask();
    let marsad = Marsad::start(folder.path(), &settings(&issuer, "http://localhost:1"));
    let pages = format!("http://localhost:{}", marsad.http.port());
    std::fs::write(folder.path().join("marsad.toml"), settings(&issuer, &pages)).expect("the settings");
    let _marsad = marsad.again(folder.path());
    let data = folder.path().join("data");
    let added = Marsad::command(&["user", "add", "nadia", "--role", "admin", "--data", data.to_str().expect("a path")]);
    assert!(added.status.success(), "{added:?}");

    browser.go(&format!("{pages}/en/alerts?kind=waste"));
    let button = "const a = document.querySelector('a[href^=\"/login/directory\"]'); if (a) a.click(); return !!a";
    browser.await_script("the button", button, &[]);
    let link = "const a = document.getElementById('in'); if (a) a.click(); return !!a";
    browser.await_script("the directory", link, &[]);
    let wanted = format!("{pages}/en/alerts?kind=waste");
    until("the page that was wanted", Duration::from_secs(30), || (browser.address() == wanted).then_some(()));
    let name = "return document.querySelector('form.signed b')?.textContent";
    assert_eq!(browser.await_script("the page to say who looks", name, &[]), json!("salma"));
    // That the directory of this test has no picture is not ours.
    let complaints: Vec<String> = browser.complaints().into_iter().filter(|line| !line.contains(&issuer.name())).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
