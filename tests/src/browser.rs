//! A real Chromium, driven by W3C WebDriver through chromedriver, where both are installed.
//!
//! The dialect that the tests need is a dozen requests, spoken here with the HTTP client that they have anyway. Deliberately
//! absent: a WebDriver library; `webdriver`, on which fantoccini and others rest, is under a licence that deny.toml does not take.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{free_address, until};

/// How long the driver has for one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The size of a window, and whether fingers touch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// In the names of screenshots.
    pub name: &'static str,
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// A phone.
    pub phone: bool,
}

/// A browser with one window; ends when dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    session: String,
    client: reqwest::blocking::Client,
    _profile: tempfile::TempDir,
}

/// Whether a thing that a test cannot do without is there. Where it is not, the test is skipped loudly, or fails where
/// `MARSAD_REQUIRE` names it.
///
/// # Panics
/// If it is required and not there.
#[must_use]
pub fn has(name: &str, there: bool, remedy: &str) -> bool {
    let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|word| word == name));
    assert!(there || !required, "MARSAD_REQUIRE names {name}, but it is not there: {remedy}");
    if !there {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name} is not there; to run this test: {remedy}");
    }
    there
}

/// The accessibility checker, not kept in this tree: the file that `MARSAD_AXE` names.
///
/// # Panics
/// If it is required and not there.
#[must_use]
pub fn axe() -> Option<String> {
    let file = std::env::var_os("MARSAD_AXE").map(PathBuf::from);
    let script = file.and_then(|file| std::fs::read_to_string(file).ok());
    let remedy = "npm pack axe-core@4.14.1, unpack it, and let MARSAD_AXE name its axe.min.js";
    has("axe", script.is_some(), remedy).then_some(script).flatten()
}

impl Browser {
    /// Starts one; none where Chromium or its driver is not installed.
    ///
    /// # Panics
    /// If it is installed and does not start, or is required and not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::begin(false)
    }

    /// The same, and it counts what comes over the wire ([`Browser::wire`]).
    ///
    /// # Panics
    /// As [`Browser::start`].
    #[must_use]
    pub fn start_to_count() -> Option<Self> {
        Self::begin(true)
    }

    fn begin(counting: bool) -> Option<Self> {
        let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        let chromium = chromium.into_iter().find(|path| Path::new(path).exists());
        let address = free_address();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={}", address.port()));
        let driver = chromium.and_then(|_| quiet(&mut command).spawn().ok());
        if !has("chromium", driver.is_some(), "apt-get install chromium chromium-driver") {
            return None;
        }
        Some(Self::open(driver?, address, chromium?, counting))
    }

    fn open(driver: Child, address: SocketAddr, chromium: &str, counting: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder().timeout(PATIENCE).build().expect("an HTTP client");
        let profile = tempfile::tempdir().expect("a profile of its own");
        let mut browser = Self { driver, session: format!("http://{address}"), client, _profile: profile };
        until("chromedriver to answer", PATIENCE, || browser.client.get(format!("http://{address}/status")).send().ok());
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            &folder,
        ];
        let mut logs = json!({ "browser": "ALL" });
        if counting {
            logs["performance"] = json!("ALL");
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
            "goog:loggingPrefs": logs,
        } } });
        let answer = browser.put("/session", &wanted);
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("http://{address}/session/{id}");
        browser
    }

    fn put(&self, path: &str, body: &Value) -> Value {
        let answer = self.client.post(format!("{}{path}", self.session)).json(body).send().expect("an answer of the driver");
        value(path, answer)
    }

    fn take(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.session)).send().expect("an answer of the driver");
        value(path, answer)
    }

    /// Goes to an address and waits until it is loaded.
    ///
    /// # Panics
    /// If the driver refuses.
    pub fn go(&self, address: &str) {
        self.put("/url", &json!({ "url": address }));
    }

    /// What the body of a function gives in the page.
    ///
    /// # Panics
    /// If it throws.
    #[must_use]
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.put("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// What the body of a function gives to the callback that is its last argument.
    ///
    /// # Panics
    /// If it throws or does not call back.
    #[must_use]
    pub fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        self.put("/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// A command of the DevTools protocol.
    ///
    /// # Panics
    /// If the browser refuses it.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.put("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// A window of this size, by day or by night.
    ///
    /// # Panics
    /// If the browser refuses.
    pub fn show_as(&self, screen: Screen, dark: bool) {
        let Screen { width, height, phone, .. } = screen;
        let scale = if phone { 2 } else { 1 };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// Keys, one after the other, to whatever has the focus.
    ///
    /// # Panics
    /// If the driver refuses.
    pub fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        self.put("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] }));
    }

    /// Waits until a script gives something else than null, false, 0 and nothing to read.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn await_script(&self, what: &str, script: &str, arguments: &[Value]) -> Value {
        until(what, PATIENCE, || {
            Some(self.run(script, arguments)).filter(|v| !matches!(v, Value::Null | Value::Bool(false)) && *v != 0 && *v != "")
        })
    }

    /// Everything that the page has complained of since it was asked last.
    ///
    /// # Panics
    /// If the driver refuses.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.put("/se/log", &json!({ "type": "browser" }));
        let grave = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        entries.as_array().expect("a list").iter().filter(grave).map(text).collect()
    }

    /// Bytes that came over the wire since it was asked last, headers too, of all that came whole: a stream of events never does.
    ///
    /// # Panics
    /// If the driver refuses.
    #[must_use]
    pub fn wire(&self) -> u64 {
        let entries = self.put("/se/log", &json!({ "type": "performance" }));
        let whole = |entry: &Value| {
            let told: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &told["message"];
            (message["method"] == "Network.loadingFinished").then(|| message["params"]["encodedDataLength"].as_f64())?
        };
        let bytes: f64 = entries.as_array().expect("a list").iter().filter_map(whole).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes of a page")]
        let bytes = bytes as u64;
        bytes
    }

    /// A picture of the whole page, however long.
    ///
    /// # Panics
    /// If it cannot be made or written.
    pub fn picture(&self, file: &Path) {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", &whole);
        write(file, picture["data"].as_str().expect("a picture"));
    }

    /// Where the window is.
    ///
    /// # Panics
    /// If the driver refuses.
    #[must_use]
    pub fn address(&self) -> String {
        self.take("/url").as_str().expect("an address").to_owned()
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn value(path: &str, answer: reqwest::blocking::Response) -> Value {
    let status = answer.status();
    let mut body: Value = answer.json().expect("the driver speaks JSON");
    assert!(status.is_success(), "{path}: {}", body["value"]["message"]);
    body["value"].take()
}

fn write(file: &Path, base64: &str) {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).expect("base64");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder");
    std::fs::write(file, bytes).expect("the picture");
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session.
        let _ = self.client.delete(&self.session).send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
