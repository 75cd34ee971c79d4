//! The version of the program inside a device, from its message to the page: what it says itself, and since when.

use std::path::Path;
use std::time::Duration;

use tests::{Device, Marsad, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// What the device list of the API has of its only device's program.
fn version(marsad: &Marsad) -> Option<(String, String)> {
    let answer = marsad.json("/api/v1/devices");
    let firmware = answer["devices"][0].get("firmware")?;
    Some((firmware["version"].as_str()?.to_owned(), firmware["since"].as_str()?.to_owned()))
}

fn shown(folder: &Path) -> String {
    let (data, config) = (folder.join("data").display().to_string(), folder.join("marsad.toml").display().to_string());
    let output = Marsad::command(&["device", "show", "bin-0042", "--config", &config, "--data", &data]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_version_of_a_devices_program_is_shown_since_it_was_said_first_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), "");
    let topic = "marsad/sidi-belyout/waste/bin-0042/up";
    let mut device = Device::connect(marsad.mqtt, "bin-0042");
    let mut say = |marsad: &Marsad, firmware: &str, fill: u32, stored: u64| {
        device.publish(topic, format!("{{\"v\":1{firmware},\"values\":{{\"waste.fill\":{fill}}}}}").as_bytes());
        device.acknowledged();
        assert_eq!(marsad.settled(PATIENCE).identity.stored, stored);
    };
    say(&marsad, "", 10, 1);
    assert_eq!(version(&marsad), None, "it never said one");
    say(&marsad, ",\"firmware\":\"2.0.0\"", 11, 2);
    let (first, since) = until("a version", PATIENCE, || version(&marsad));
    assert_eq!(first, "2.0.0");
    say(&marsad, ",\"firmware\":\"2.0.0\"", 12, 3);
    say(&marsad, "", 13, 4);
    assert_eq!(version(&marsad), Some((first, since.clone())), "the same since it was said first");
    say(&marsad, ",\"firmware\":\"2.1.0\"", 14, 5);
    let newer = || version(&marsad).filter(|(version, _)| version != "2.0.0");
    let (second, later) = until("the next version", PATIENCE, newer);
    assert!(second == "2.1.0" && later > since, "{second} since {later}");
    let page = marsad.get("/en/devices/bin-0042");
    assert!(page.contains("Firmware") && page.contains("2.1.0"), "{page}");
    assert!(shown(folder.path()).contains("firmware  2.1.0, since "));
    assert!(marsad.stop().success());

    let mut marsad = marsad.again(folder.path());
    assert_eq!(version(&marsad), Some((second, later)));
    assert!(marsad.stop().success());
}
