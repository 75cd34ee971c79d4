//! Disks without room, as small file systems in memory. Only root may mount them: others skip, loudly.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::program::{at, end_of, filled, get, of, program};

/// A file system in memory; gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).expect("a directory to mount on");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "marsad-test"]).arg(path).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(path.to_owned()));
        }
        let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name == "mount"));
        assert!(!required, "MARSAD_REQUIRE names mount, but a tmpfs cannot be mounted: run the tests as root");
        let _ = writeln!(std::io::stderr(), "SKIPPED: a tmpfs cannot be mounted; to run this test: run the tests as root");
        None
    }

    fn resize(&self, size: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={size}")]).arg(&self.0);
        assert!(mount.status().expect("mount runs").success(), "the disk can be made {size}");
    }

    /// Fills it but for so many bytes.
    fn fill(&self, left: u64) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).expect("a file");
        while ballast.write_all(&[0x55; 4096]).is_ok() {}
        let length = ballast.metadata().expect("its size").len();
        ballast.set_len(length - left).expect("a smaller file");
    }

    /// KiB that are taken.
    fn used(&self) -> u64 {
        let output = Command::new("df").args(["-k", "--output=used"]).arg(&self.0).output().expect("df runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().last().and_then(|line| line.trim().parse().ok()).expect("a number")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_start_on_a_full_disk_ends_with_74_and_names_the_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), "4m") else { return };
    // Too little for the journal, for the store, for the register: each says the same.
    for (number, left) in [0, 4 << 10, 16 << 10, 48 << 10].into_iter().enumerate() {
        let data = folder.path().join(format!("disk/data-{number}"));
        disk.fill(left);
        let run = end_of(program().args(["run", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]).arg("--data").arg(&data));
        run.refused(74, &[&data.display().to_string(), "cannot be written", "make room"]);
        std::fs::remove_dir_all(&data).expect("the directory can be removed");
    }
}

/// One of many readings, made 16 KiB long by spaces, which JSON allows.
fn long(n: u32) -> Vec<u8> {
    let mut payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":{}}}}}"#, at(n), n % 100).into_bytes();
    payload.resize(16 << 10, b' ');
    payload
}

fn readiness(marsad: &Marsad) -> Option<(u16, Value)> {
    let (code, body) = get(marsad.http, "/readyz")?;
    Some((code, serde_json::from_str(&body).ok()?))
}

fn check<'a>(ready: &'a Value, name: &str) -> &'a Value {
    ready["checks"].as_array().and_then(|all| all.iter().find(|c| c["name"] == name)).expect("the check is there")
}

/// A program whose disk is full, and a device whose last message waits for its acknowledgement.
struct Full {
    disk: SmallDisk,
    marsad: Marsad,
    device: Device,
    sent: u32,
}

impl Full {
    fn new(folder: &Path) -> Option<Self> {
        let disk = SmallDisk::mount(&folder.join("data"), "1g")?;
        let settings = "[pipeline]\nflush_every = \"300ms\"\ncommit_every = \"200ms\"\ndrain = \"1s\"\n";
        let marsad = Marsad::start(folder, settings);
        let ready = until("readiness", Duration::from_secs(10), || readiness(&marsad));
        assert_eq!(ready.0, 200, "{}", ready.1);
        disk.resize(&format!("{}k", disk.used() + 2048));
        let mut device = Device::connect(marsad.mqtt, "filler");
        let mut sent = 0;
        // Each waits for its acknowledgement, so that the one that does not get it is the first without room.
        while device.unacknowledged(Duration::from_secs(2)).is_empty() {
            assert!(sent < 1000, "16 MiB went onto a disk of 2");
            device.publish("marsad/anfa/waste/bin-1/up", &long(sent));
            sent += 1;
        }
        assert!(sent > 20, "the disk was full after {sent} messages");
        Some(Self { disk, marsad, device, sent })
    }
}

#[test]
fn a_disk_that_fills_holds_acknowledgements_loses_nothing_and_recovers_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(Full { disk, mut marsad, mut device, mut sent }) = Full::new(folder.path()) else { return };
    let full = until("the program to say that it is not ready", Duration::from_secs(10), || {
        readiness(&marsad).filter(|r| r.0 == 503 && check(&r.1, "disk")["ok"] == false)
    });
    let text = check(&full.1, "disk")["text"].as_str().expect("a text");
    assert!(text.contains("nothing is acknowledged until there is room"), "{}", full.1);
    assert_eq!(get(marsad.http, "/healthz").map(|a| a.0), Some(200), "it lives");
    assert_eq!(get(marsad.http, "/en/").map(|a| a.0), Some(200), "pages are served");
    let status = marsad.status().expect("a status");
    assert!(status.identity.balances(), "{:?}", status.identity);
    assert!(marsad.ended().is_none(), "a full disk is no reason to end");

    disk.resize("1g");
    device.acknowledged();
    device.publish("marsad/anfa/waste/bin-1/up", &long(sent));
    device.acknowledged();
    sent += 1;
    until("readiness again", Duration::from_secs(30), || readiness(&marsad).filter(|r| r.0 == 200));
    let identity = marsad.settled(Duration::from_secs(30)).identity;
    assert_eq!((identity.received, identity.stored), (u64::from(sent), u64::from(sent)), "{identity:?}");
    assert!(marsad.stop().success());
    assert_eq!(filled(folder.path()), sent as usize);
}

#[test]
fn a_stop_on_a_full_disk_ends_in_time_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(Full { disk, mut marsad, device, sent }) = Full::new(folder.path()) else { return };
    let began = Instant::now();
    let ended = marsad.stop();
    // 0 where the readers were done all the same, 70 where what they wrote to had no room.
    assert!(matches!(ended.code(), Some(0 | 70)), "{ended}");
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?} to stop", began.elapsed());
    drop(device);

    // Where not even the note of who runs there has room, it does not start at all.
    disk.fill(0);
    let run = end_of(program().args(["run", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]).args(of(folder.path())));
    run.refused(74, &["cannot be written", "make room"]);

    disk.resize("1g");
    let mut again = marsad.again(folder.path());
    let identity = again.settled(Duration::from_secs(30)).identity;
    // The last one was never acknowledged.
    assert_eq!((identity.received, identity.stored), (u64::from(sent) - 1, u64::from(sent) - 1), "{identity:?}");
    assert!(again.stop().success());
    assert_eq!(filled(folder.path()), sent as usize - 1);
}
