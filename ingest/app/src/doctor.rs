//! `marsad doctor`: is this machine fit to run the platform? Looks, tells, and changes nothing but a
//! probe file that it removes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ports::{Check, Clock, SystemClock};
use rustix::process::{Resource, getrlimit};
use schemas::Timestamp;
use settings::Settings;
use tokio::net::{TcpListener, TcpStream};

use crate::directory::{DataDirectory, running};
use crate::failure::{Code, Failure, unwritable};
use crate::fit;
use crate::observer::free_bytes;
use crate::opened::Opened;

/// No machine that runs this program has a right clock before this instant.
const BUILT_AFTER: &str = "2026-09-20T00:00:00Z";
/// Bytes that should be free.
const FREE: u64 = 2 << 30;
/// A sync that takes longer than this makes acknowledgements slow.
const SLOW_SYNC: Duration = Duration::from_millis(50);
/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn doctor(settings: &Settings, json: bool) -> Result<(), Failure> {
    let mut checks = vec![clock(), machine_zone(), checked(settings)];
    let directory = settings.data.directory.as_path();
    let here = nearest(directory);
    checks.push(disk(&here));
    checks.push(sync(&here));
    checks.push(limits(settings));
    if let Some(busy) = held_by(directory) {
        checks.push(check("ports", true, format!("in use by the marsad that runs here ({busy})")));
        checks.push(check("store", true, format!("open in the marsad that runs here ({busy})")));
    } else {
        checks.push(port("http", settings.http.listen).await);
        checks.push(port("mqtt", settings.endpoint.listen).await);
        checks.push(store(settings));
    }
    if settings.store.kind == ::store::Engine::Influx {
        checks.push(influx(&settings.influx).await);
    }
    for broker in &settings.collector {
        checks.push(reach(&broker.name, &broker.url).await);
    }
    tell_all(&checks, json).map_err(unwritable)?;
    let bad = checks.iter().filter(|c| !c.ok).count();
    if bad == 0 { Ok(()) } else { Err(Failure::new(Code::Failed, format!("{bad} of {} checks need attention", checks.len()))) }
}

fn tell_all(checks: &[Check], json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::json!(checks));
    }
    for check in checks {
        writeln!(out, "{:<4} {:<10} {}", if check.ok { "ok" } else { "BAD" }, check.name, check.text)?;
    }
    Ok(())
}

fn check(name: &str, ok: bool, text: impl Into<String>) -> Check {
    Check { name: name.to_owned(), ok, text: text.into() }
}

fn clock() -> Check {
    let now = SystemClock.now();
    let ok = BUILT_AFTER.parse::<Timestamp>().is_ok_and(|built| now > built);
    check("clock", ok, if ok { format!("{now}") } else { format!("{now} is before this program was written: set the clock") })
}

/// The bundled table is asserted with the settings; this one is the machine's, which the program does
/// not use but other programs here do.
fn machine_zone() -> Check {
    let path = Path::new("/usr/share/zoneinfo/Africa/Casablanca");
    let Ok(bytes) = std::fs::read(path) else {
        return check("zones", true, "the program's own table is used; the machine has none");
    };
    let witness: Option<jiff::Timestamp> = "2026-11-21T12:00:00Z".parse().ok();
    let offset =
        jiff::tz::TimeZone::tzif("Africa/Casablanca", &bytes).ok().zip(witness).map(|(zone, at)| zone.to_offset(at).seconds());
    match offset {
        Some(0) => check("zones", true, "Morocco is at UTC+0 in the program's own table and in the machine's"),
        _ => check(
            "zones",
            true,
            "the program's own table is right; the machine's is too old for Morocco (before 2026c): other programs will be an hour off",
        ),
    }
}

fn checked(settings: &Settings) -> Check {
    match fit::check(settings, &[]) {
        Ok(found) => {
            check("settings", true, format!("{} rules, {} devices listed", found.rules.rules().len(), found.catalogue.len()))
        }
        Err(failure) => check("settings", false, failure.sentence),
    }
}

/// The directory itself, or the nearest one above it that exists.
fn nearest(directory: &Path) -> std::path::PathBuf {
    let above = directory.ancestors().find(|p| p.is_dir());
    above.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn disk(directory: &Path) -> Check {
    match free_bytes(directory) {
        Some(free) => {
            check("disk", free >= FREE, format!("{} MiB free at {}, {} wanted", free >> 20, directory.display(), FREE >> 20))
        }
        None => check("disk", false, format!("{} cannot be measured", directory.display())),
    }
}

fn sync(directory: &Path) -> Check {
    let path = directory.join(format!(".marsad-doctor-{}", std::process::id()));
    let measured = probe(&path);
    let _ = std::fs::remove_file(&path);
    match measured {
        Ok(worst) => {
            check("sync", worst < SLOW_SYNC, format!("a durable write takes {:.1} ms at worst of 10", worst.as_secs_f64() * 1e3))
        }
        Err(cause) => check("sync", false, format!("{} cannot be written: {cause}", directory.display())),
    }
}

fn probe(path: &Path) -> std::io::Result<Duration> {
    let mut file = File::create_new(path)?;
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        let began = Instant::now();
        file.write_all(&[0x55; 4096])?;
        file.sync_data()?;
        worst = worst.max(began.elapsed());
    }
    Ok(worst)
}

fn limits(settings: &Settings) -> Check {
    let wanted = settings.endpoint.max_connections as u64 + 256;
    // The program asks for as many as it may have.
    match getrlimit(Resource::Nofile).maximum {
        Some(files) if files < wanted => check(
            "limits",
            false,
            format!(
                "{files} open files allowed, {wanted} wanted for endpoint.max_connections: raise `ulimit -Hn`, or lower endpoint.max_connections"
            ),
        ),
        Some(files) => check("limits", true, format!("{files} open files allowed")),
        None => check("limits", true, "open files are not limited"),
    }
}

fn held_by(directory: &Path) -> Option<String> {
    if !directory.is_dir() {
        return None;
    }
    match DataDirectory::hold(directory) {
        Ok(None) => Some(running(directory).map_or_else(|| "unknown".to_owned(), |r| format!("process {}", r.pid))),
        Ok(Some(_)) | Err(_) => None,
    }
}

async fn port(name: &str, address: std::net::SocketAddr) -> Check {
    match TcpListener::bind(address).await {
        Ok(_) => check(name, true, format!("{address} is free")),
        Err(cause) => check(name, false, format!("{address} cannot be taken: {cause}")),
    }
}

fn store(settings: &Settings) -> Check {
    if !settings.journal_directory().is_dir() {
        return check("store", true, format!("nothing at {} yet", settings.data.directory.display()));
    }
    let opened = DataDirectory::need(&settings.data.directory).and_then(|held| Opened::open(settings, held));
    match opened {
        Ok(_) => check("store", true, "journal, store and register open and are sound"),
        Err(failure) => check("store", false, failure.sentence),
    }
}

/// Its own word for its health; that our token lets us in is seen when something is written.
async fn influx(settings: &store_influx::Settings) -> Check {
    match store_influx::healthy(settings).await {
        Ok(version) => check("influx", true, format!("InfluxDB {version} at {} is well", settings.url)),
        Err(error) => check("influx", false, format!("{}: {error}", settings.url)),
    }
}

async fn reach(name: &str, url: &str) -> Check {
    let (host, port) = match url.split_once("://") {
        Some(("mqtts", rest)) => (rest, 8883),
        Some((_, rest)) => (rest, 1883),
        None => (url, 1883),
    };
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") };
    match tokio::time::timeout(PATIENCE, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => check(name, true, format!("broker {address} answers")),
        Ok(Err(cause)) => check(name, false, format!("broker {address}: {cause}")),
        Err(_) => check(name, false, format!("broker {address} does not answer within {} s", PATIENCE.as_secs())),
    }
}
