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

use ports::{Clock, SystemClock};
use serde::Serialize;
use simulators::Load;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::bench::child::Marsad;
use crate::bench::hose::{self, Door, Reel};
use crate::bench::scratch;
use crate::failure::{Code, Failure};

const BROWSERS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// Pages, each in every language.
const PAGES: [&str; 4] = ["", "air", "alerts", "devices"];
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

/// None where no browser is there.
pub(super) async fn measure() -> Result<Option<Vec<Page>>, Failure> {
    let Some(browser) = BROWSERS.into_iter().find(|path| Path::new(path).exists()) else {
        eprintln!("no browser: the bytes of pages are not measured (Debian: apt-get install chromium)");
        return Ok(None);
    };
    let failed = |cause: std::io::Error| Failure::new(Code::Failed, format!("pages cannot be measured: {cause}"));
    let scratch = scratch()?;
    let marsad = Marsad::start(scratch.path(), "").await?;
    let load = Load::new(1, DEVICES, 100).starting(SystemClock.now());
    hose::run(&Door::open_to_all(marsad.mqtt), vec![Reel::new(&load, 0, 1, u64::from(DEVICES), 1)], 4096)
        .await
        .map_err(failed)?;
    marsad.settled(u64::from(DEVICES), PATIENCE).await?;
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
