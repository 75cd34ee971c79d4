//! A Chromium that is driven by chromedriver: as much of W3C WebDriver as measuring needs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::child::{Process, free_address};
use crate::failure::{Code, Failure};

const BROWSERS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// How long the driver, or a page, has for one answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the browser is; none where there is none.
pub(super) fn chromium() -> Option<&'static str> {
    BROWSERS.into_iter().find(|path| Path::new(path).exists())
}

/// One with one window; ends when dropped.
pub(super) struct Browser {
    client: reqwest::Client,
    session: String,
    // In the order in which they end.
    _driver: Process,
    _profile: tempfile::TempDir,
}

fn failed(what: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("pages cannot be measured: {what}"))
}

impl Browser {
    /// None where Chromium or its driver is not installed.
    pub(super) async fn start() -> Result<Option<Self>, Failure> {
        let Some(chromium) = chromium() else { return Ok(None) };
        let address = free_address()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={}", address.port()));
        let Ok(driver) = Process::start(&mut command) else { return Ok(None) };
        let profile = tempfile::tempdir().map_err(failed)?;
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(failed)?;
        let mut browser = Self { client, session: String::new(), _driver: driver, _profile: profile };
        browser.open(address, chromium).await?;
        Ok(Some(browser))
    }

    async fn open(&mut self, address: SocketAddr, chromium: &str) -> Result<(), Failure> {
        let began = Instant::now();
        while self.client.get(format!("http://{address}/status")).send().await.is_err() {
            if began.elapsed() > PATIENCE {
                return Err(failed("chromedriver does not answer"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let folder = format!("--user-data-dir={}", self._profile.path().display());
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900", &folder];
        let options = json!({ "binary": chromium, "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } });
        self.session = format!("http://{address}/session");
        let answer = self.put("", &wanted).await?;
        let id = answer["sessionId"].as_str().ok_or_else(|| failed("chromedriver gives no session"))?;
        self.session = format!("http://{address}/session/{id}");
        // Every page is fetched as by whoever has never been here.
        self.devtools("Network.enable", &json!({})).await?;
        self.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true })).await
    }

    async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.client.post(format!("{}{path}", self.session)).json(body).send().await.map_err(failed)?;
        let well = answer.status().is_success();
        let mut told: Value = answer.json().await.map_err(failed)?;
        if well { Ok(told["value"].take()) } else { Err(failed(&told["value"]["message"])) }
    }

    async fn devtools(&self, command: &str, parameters: &Value) -> Result<(), Failure> {
        self.put("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await.map(drop)
    }

    /// Goes to an address and waits until it is loaded.
    pub(super) async fn go(&self, address: &str) -> Result<(), Failure> {
        self.put("/url", &json!({ "url": address })).await.map(drop)
    }

    /// What the body of a function gives in the page.
    pub(super) async fn run(&self, script: &str) -> Result<Value, Failure> {
        self.put("/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// A number that a script gives, waited for while it gives none.
    pub(super) async fn number(&self, what: &str, script: &str) -> Result<f64, Failure> {
        let began = Instant::now();
        loop {
            if let Some(number) = self.run(script).await?.as_f64() {
                return Ok(number);
            }
            if began.elapsed() > PATIENCE {
                return Err(failed(format!("{what} did not come within {} s", PATIENCE.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the session, and the browser with it.
    pub(super) async fn close(self) {
        // The driver is ended in any case.
        let _ = self.client.delete(&self.session).send().await;
    }
}
