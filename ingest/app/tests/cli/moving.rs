//! Readings on the move: files out and in, points of others, and from one store into another.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::until;

use crate::program::{Said, marsad, program};

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// NDJSON of a small city: three devices, several quantities and channels, flaws, equal instants, late readings, corrections.
fn traffic(path: &Path, readings: u32) {
    let quantities = ["air.pm10", "air.temperature", "battery.voltage"];
    let (mut dice, mut lines) = (7u32, String::new());
    for n in 0..readings {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (device, quantity, second) = (n % 3, quantities[(dice >> 8) as usize % 3], n / 9 - (dice >> 24) % 40 * (n / 9 / 40));
        let value = f64::from(dice >> 12) / 8.0 - 3_000.0;
        let quality = if dice.is_multiple_of(5) { json!(["late", "out_of_range"]) } else { json!([]) };
        let at = format!("2026-11-21T{:02}:{:02}:{:02}.{:03}Z", second / 3600 % 24, second / 60 % 60, second % 60, n % 7);
        let row = json!({ "device": format!("st-{device}"), "quantity": quantity, "value": value, "observed_at": at,
            "received_at": "2026-11-22T00:00:00.250Z", "quality": quality, "kind": "air", "zone": "anfa", "channel": n % 2 });
        let _ = writeln!(lines, "{row}");
    }
    fs::write(path, lines).expect("a file");
}

fn import(file: &Path, data: &Path, more: &[&str]) -> Said {
    marsad(&[&["import", text(file), "--data", text(data)][..], more].concat())
}

fn copy(from: &Path, to: &Path, folder: &Path, more: &[&str]) -> Said {
    let [from, to] = [from, to].map(|path| format!("embedded:{}", path.display()));
    let state = folder.join("copy.json");
    marsad(&[&["store", "copy", "--from", &from, "--to", &to, "--state", text(&state)][..], more].concat())
}

#[test]
fn what_is_exported_in_any_format_is_imported_into_an_equal_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, first) = (folder.path().join("traffic.ndjson"), folder.path().join("first"));
    traffic(&source, 3_000);
    let came = import(&source, &first, &["--json"]).json();
    let new = came["new"].as_u64().expect("a count");
    assert_eq!((came["readings"].as_u64(), came["rejected"].as_u64()), (Some(3_000), Some(0)), "{came}");
    assert!(new > 1_000, "{came}");
    for format in ["csv", "ndjson", "parquet"] {
        let file = folder.path().join(format!("out.{format}"));
        let range = ["--from", "2026-11-20T00:00:00Z", "--to", "2026-11-23T00:00:00Z"];
        let base = ["export", "--data", text(&first), "--format", format, "--output", text(&file)];
        marsad(&[&base[..], &range].concat()).well();
        let other = folder.path().join(format!("data-{format}"));
        import(&file, &other, &[]).well();
        let compared = copy(&first, &other, folder.path(), &["--check", "--json"]).json();
        assert_eq!(compared["from"]["sha256"], compared["to"]["sha256"], "{format}: {compared}");
        assert_eq!((compared["missing"].as_u64(), compared["more"].as_u64()), (Some(0), Some(0)), "{compared}");
        let again = import(&file, &other, &["--json"]).json();
        assert_eq!((again["new"].as_u64(), &again["repeated"]), (Some(0), &again["readings"]), "{again}");
    }
}

#[test]
fn points_of_telegraf_come_in_by_a_mapping_and_bad_rows_are_put_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    fs::write(
        place("points.lp"),
        "environment,host=07,district=anfa temp=71.6 1795280400000000000\n\
         environment,host=07,district=anfa temp=\"warm\" 1795280460000000000\n\
         cpu,host=07 idle=97 1795280400000000000\nno point\n",
    )
    .expect("a file");
    let mapping = "[[map]]\nmeasurement = \"environment\"\nfield = \"temp\"\ndevice = \"st-{host}\"\n\
                   quantity = \"air.temperature\"\nunit = \"[degF]\"\nzone = \"{district}\"\n\n[[ignore]]\nmeasurement = \"cpu\"\n";
    fs::write(place("mapping.toml"), mapping.replace("[degF]", "m")).expect("a file");
    let (data, mapped) = (place("data"), place("mapping.toml"));
    let come = |more: &[&str]| import(&place("points.lp"), &data, more);
    come(&[]).refused(2, &["--mapping FILE"]);
    come(&["--mapping", text(&mapped)]).refused(78, &["mapping.toml:6: unit: `m` does not convert to Cel"]);
    fs::write(place("mapping.toml"), mapping).expect("a file");
    let said = come(&["--mapping", text(&mapped)]);
    said.refused(1, &["points.lp:2: field `temp`: text, expected a number", "points.lp:4: ", "2 rows are no readings"]);
    assert!(said.out.contains("1 readings of ") && said.out.contains("2 rejected, 1 ignored"), "{}", said.out);
    let aside = fs::read_to_string(place("points.lp.rejected.ndjson")).expect("what was put aside");
    let aside: Vec<Value> = aside.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect();
    assert_eq!((&aside[1]["line"], &aside[1]["text"]), (&json!(4), &json!("no point")));
    let range = ["--from", "2026-11-01T00:00:00Z", "--to", "2026-12-01T00:00:00Z", "--json"];
    let query = marsad(&[&["query", "--data", text(&data), "--device", "st-07"][..], &range].concat()).json();
    assert_eq!((query["value"].as_f64(), query["zone"].as_str()), (Some(22.0), Some("anfa")), "{query}");
}

#[test]
fn a_copy_that_is_killed_goes_on_and_what_differs_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, from, to) = (folder.path().join("traffic.ndjson"), folder.path().join("from"), folder.path().join("to"));
    traffic(&source, 30_000);
    import(&source, &from, &[]).well();
    // Killed at several instants: while it opens, copies and compares.
    for millis in [20, 60, 150, 400] {
        let ends = [&from, &to].map(|path| format!("embedded:{}", path.display()));
        let state = folder.path().join("copy.json");
        let arguments = ["store", "copy", "--from", &ends[0], "--to", &ends[1], "--state", text(&state)];
        let mut command = program();
        let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().expect("it is ours");
        until("it to be gone", Duration::from_secs(10), || child.try_wait().ok().flatten());
    }
    let done = copy(&from, &to, folder.path(), &["--json"]).json();
    assert_eq!(
        done["from"],
        json!({ "store": done["from"]["store"], "readings": done["to"]["readings"], "sha256": done["to"]["sha256"] })
    );
    assert!(!folder.path().join("copy.json").exists(), "a copy that is whole has nothing to remember");

    // Where it claims to have come further than it has, the comparison finds it.
    let fresh = folder.path().join("fresh");
    let ends = [&from, &fresh].map(|path| format!("embedded:{}", path.display()));
    let state = json!({ "from": ends[0], "to": ends[1], "through": "st-0", "readings": 1 });
    fs::write(folder.path().join("copy.json"), state.to_string()).expect("a file");
    let said = copy(&from, &fresh, folder.path(), &[]);
    said.refused(1, &["going on after 1 devices", "does not hold all"]);
    assert!(said.out.contains("st-0 air.pm10#") && said.out.contains("is missing there"), "{}", said.out);
    copy(&to, &fresh, folder.path(), &[]).refused(1, &["remembers a copy from embedded:"]);
    copy(&from, &from, folder.path(), &[]).refused(2, &["is both ends"]);
}
