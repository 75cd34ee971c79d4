//! Bytes of a page on the wire, as a browser that has nothing kept asks for it: counted between the two.
//!
//! Deliberately absent: what a page asks for later, and any guess at what a browser would fetch; where there is none, nothing is
//! measured.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::browser::chromium;
use super::rows::Row;
use super::timings::settle;
use crate::bench::child::Marsad;
use crate::bench::scratch;
use crate::failure::{Code, Failure};

/// Pages, each in every language.
pub(super) const PAGES: [&str; 18] = [
    "",
    "board",
    "air",
    "air/exceedances",
    "waste",
    "indicators",
    "parking",
    "water",
    "alerts",
    "silences",
    "rotas",
    "rules",
    "public/alerts",
    "reports",
    "devices",
    "engineers",
    "privacy",
    "api",
];
/// Devices of the city, one message each.
const DEVICES: u32 = 200;
/// How long a browser may take for a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page, cold.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub(super) address: String,
    /// All that the server sent, headers too.
    pub(super) bytes: u64,
}

/// The program with a small city.
pub(super) async fn city(place: &Path) -> Result<Marsad, Failure> {
    let marsad = Marsad::start(place, "").await?;
    settle(&marsad, DEVICES).await?;
    Ok(marsad)
}

/// None where no browser is there.
pub(super) async fn measure() -> Result<Option<Vec<Page>>, Failure> {
    let Some(browser) = chromium() else { return Ok(None) };
    let failed = |cause: std::io::Error| Failure::new(Code::Failed, format!("pages cannot be measured: {cause}"));
    let scratch = scratch()?;
    let marsad = city(scratch.path()).await?;
    let counted = Arc::new(AtomicU64::new(0));
    let between = stand_between(marsad.http, Arc::clone(&counted)).await.map_err(failed)?;
    let mut pages = Vec::new();
    for language in ["fr", "ar", "en"] {
        for page in PAGES {
            let address = format!("/{language}/{page}");
            counted.store(0, Ordering::Relaxed);
            look(browser, &format!("http://{between}{address}")).await.map_err(failed)?;
            pages.push(Page { address, bytes: counted.load(Ordering::Relaxed) });
        }
    }
    Ok(Some(pages))
}

/// The heaviest page that is not Arabic, and the heaviest that is, beside what they may weigh. Kilobytes.
pub(super) fn rows(pages: Option<&[Page]>) -> Vec<Row> {
    let heaviest = |arabic: bool, most: f64| {
        let of = pages.into_iter().flatten().filter(|page| page.address.starts_with("/ar") == arabic);
        let found = of.max_by_key(|page| page.bytes);
        let which = if arabic { "the heaviest page in Arabic" } else { "the heaviest page" };
        let what = found.map_or_else(|| format!("{which}, cold"), |page| format!("{which}, cold, {}", page.address));
        #[expect(clippy::cast_precision_loss, reason = "bytes of a page")]
        let value = found.map(|page| page.bytes as f64 / 1e3);
        Row::new(what, value, "kB", most)
    };
    vec![heaviest(false, 150.0), heaviest(true, 240.0)]
}

/// Looks at a page with a browser that has never looked at anything.
async fn look(browser: &str, address: &str) -> std::io::Result<()> {
    let profile = tempfile::tempdir()?;
    let mut command = Command::new(browser);
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900"]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    // A picture is taken when the page is loaded and drawn, fonts too.
    command.arg(format!("--screenshot={}", profile.path().join("page.png").display())).arg(address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.status()).await;
    let well = ended.map_err(|_| std::io::Error::other("the browser takes too long"))??.success();
    if well { Ok(()) } else { Err(std::io::Error::other("the browser failed")) }
}

/// An address that passes everything on, and counts what comes back.
async fn stand_between(server: SocketAddr, counted: Arc<AtomicU64>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            // Either side that ends ends the other; a browser that leaves is no failure.
            tokio::spawn(async move { _ = pass(near, server, &counted).await });
        }
    });
    Ok(address)
}

async fn pass(near: TcpStream, server: SocketAddr, counted: &AtomicU64) -> std::io::Result<()> {
    let far = TcpStream::connect(server).await?;
    let ((mut from_browser, mut to_browser), (mut from_server, mut to_server)) = (near.into_split(), far.into_split());
    let there = tokio::io::copy(&mut from_browser, &mut to_server);
    let back = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                return std::io::Result::Ok(());
            }
            counted.fetch_add(count as u64, Ordering::Relaxed);
            to_browser.write_all(&buffer[..count]).await?;
        }
    };
    // Both are dropped when one ends: nothing is read after that.
    tokio::select! {
        ended = there => ended.map(|_| ()),
        ended = back => ended,
    }
}
