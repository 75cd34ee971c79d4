//! Tenants of one city: the program, devices that publish, and users who see a part of it.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tests::{Marsad, until};

use crate::people::{PATIENCE, connect, get, publish, told};
use crate::program::{ask, end_of, program};

const CITY: &str = r#"
[rules]
packs = []
[endpoint]
devices = "registered"
[pipeline]
flush_every = "100ms"
[devices]
files = ["devices.toml"]
[[tenant]]
name = "anfa-bins"
kinds = ["waste"]
zones = ["anfa"]
[[tenant]]
name = "maarif"
zones = ["maarif"]
"#;

const DEVICES: &str = r#"
[[device]]
id = "bin-1"
kind = "waste"
zone = "anfa"
[[device]]
id = "bin-2"
kind = "waste"
zone = "maarif"
"#;

fn bearer(folder: &Path, tenant: Option<&str>, role: &str) -> String {
    let name = format!("{role}-{}", tenant.unwrap_or("city"));
    let mut arguments = vec!["token", "make", name.as_str(), "--role", role];
    arguments.extend(tenant.iter().flat_map(|tenant| ["--tenant", tenant]));
    let token = told(folder, &arguments);
    format!("authorization: Bearer {}\r\n", token["secret"].as_str().expect("a secret"))
}

/// The devices that whoever shows this is told of: id and zone.
fn devices(http: SocketAddr, bearer: &str) -> Vec<(String, String)> {
    let (status, answer) = get(http, "/api/v1/devices", bearer);
    assert_eq!(status, 200, "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = body["devices"].as_array().expect("a list");
    list.iter().map(|device| (text(&device["id"]), text(&device["zone"]))).collect()
}

#[test]
fn sec_02_a_listed_device_stays_its_tenants_whatever_its_topic_says() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("devices.toml"), DEVICES).expect("a list");
    let marsad = Marsad::start(folder.path(), CITY);
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    for (device, topic) in [("bin-1", "marsad/maarif/waste/bin-1/up"), ("bin-2", "marsad/maarif/waste/bin-2/up")] {
        let made = told(folder.path(), &["device", "credential", "make", device]);
        let password = made["secret"].as_str().expect("a secret").to_owned();
        let (mut socket, code) = connect(marsad.mqtt, device, Some((device, &password)));
        assert_eq!(code, 0, "{device} comes in");
        publish(&mut socket, topic);
    }
    let (ours, theirs) = (bearer(folder.path(), Some("anfa-bins"), "officer"), bearer(folder.path(), Some("maarif"), "engineer"));
    let city = bearer(folder.path(), None, "officer");
    let latest = |who: &str| get(marsad.http, "/api/v1/latest", who).1;
    until("both to be heard", PATIENCE, || {
        let all = latest(&city);
        (all.contains("bin-1") && all.contains("bin-2")).then_some(())
    });
    let of = |id: &str, zone: &str| (id.to_owned(), zone.to_owned());
    assert_eq!(devices(marsad.http, &ours), [of("bin-1", "anfa")]);
    assert_eq!(devices(marsad.http, &theirs), [of("bin-2", "maarif")]);
    assert!(latest(&ours).contains("bin-1") && !latest(&ours).contains("bin-2"), "{}", latest(&ours));
    assert!(latest(&theirs).contains("bin-2") && !latest(&theirs).contains("bin-1"), "{}", latest(&theirs));
    for address in ["/api/v1/messages", "/api/v1/quarantine", "/metrics", "/api/v1/status", "/api/v1/credentials"] {
        assert_eq!(get(marsad.http, address, &theirs).0, 404, "{address}: what concerns the platform is no tenant's");
    }
    assert_eq!(get(marsad.http, "/fr/devices/bin-2", &ours).0, 404);
    assert!(ask(folder.path(), &["token", "list", "--json"]).well().contains(r#""tenant":"anfa-bins""#));
}

#[test]
fn a_tenant_that_cannot_be_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = folder.path().join("marsad.toml");
    for (text, names) in [
        ("[[tenant]]\nname = \"a\"\n\n[[tenant]]\nname = \"a\"\n", ["marsad.toml:5", "already"]),
        ("[[tenant]]\nname = \"Two Words\"\n", ["marsad.toml:2", "1 to 64 characters"]),
        ("[[tenant]]\nname = \"a\"\nkinds = [\"wast\"]\n", ["marsad.toml:3", "wast"]),
        (
            "[[oidc.grant]]\nclaim = \"g\"\nvalue = \"x\"\nrole = \"officer\"\ntenant = \"a\"\n",
            ["marsad.toml:5", "no [[tenant]] `a`"],
        ),
        (
            "[[tenant]]\nname = \"a\"\n[[oidc.grant]]\nclaim = \"g\"\nvalue = \"x\"\nrole = \"admin\"\ntenant = \"a\"\n",
            ["marsad.toml:6", "for the whole city: admin"],
        ),
    ] {
        std::fs::write(&config, text).expect("settings");
        let mut command = program();
        command.args(["check", "--config"]).arg(&config);
        end_of(&mut command).refused(78, &names);
    }
}

#[test]
fn nobody_is_an_admin_or_a_dpo_of_a_tenant_or_anything_of_one_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("devices.toml"), DEVICES).expect("a list");
    let _marsad = Marsad::start(folder.path(), CITY);
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    for role in ["admin", "dpo"] {
        let refused = ask(folder.path(), &["user", "add", "omar", "--role", role, "--tenant", "maarif"]);
        refused.refused(1, &["for the whole city"]);
    }
    ask(folder.path(), &["user", "add", "omar", "--role", "officer", "--tenant", "mariff"])
        .refused(1, &["no [[tenant]] `mariff`"]);
    told(folder.path(), &["user", "add", "omar", "--role", "officer", "--tenant", "maarif"]);
    assert!(ask(folder.path(), &["user", "list"]).well().contains("tenant maarif"));
}
