//! The program in a network without a way out: everything works, and nobody tries to leave.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::until;

use crate::program::program;

const HTTP: &str = "127.0.0.1:8080";

/// A city of its own in a network of its own; ended when dropped.
struct Isolated(Child);

impl Drop for Isolated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Isolated {
    fn start(folder: &Path) -> Self {
        // Each replaces the one before, so that the child is the program itself.
        let mut command = Command::new("unshare");
        let up = folder.join("up");
        command.args(["-r", "-n", "sh", "-c", "ip link set lo up && touch \"$0\" && exec \"$@\""]).arg(&up);
        command
            .arg(program().get_program())
            .args(["demo", "--http", HTTP, "--mqtt", "127.0.0.1:1883", "--data"])
            .arg(folder.join("data"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let city = Self(child);
        // Before that even its own addresses are nowhere.
        until("the network to be up", Duration::from_secs(60), || up.exists().then_some(()));
        city
    }

    /// Runs a command in that network: whether it went well, and what it said.
    fn run(&self, command: &[&str]) -> (bool, String) {
        let pid = self.0.id().to_string();
        let enter = ["-t", &pid, "-U", "-n", "--preserve-credentials"];
        let said = Command::new("nsenter").args(enter).args(command).stdin(Stdio::null()).output().expect("nsenter runs");
        (said.status.success(), String::from_utf8_lossy(&said.stdout).into_owned())
    }

    /// What is answered at an address.
    fn get(&self, path: &str) -> Option<String> {
        let script = format!(
            "exec 3<>/dev/tcp/{} && printf 'GET {path} HTTP/1.0\\r\\nhost: {HTTP}\\r\\n\\r\\n' >&3 && cat <&3",
            HTTP.replace(':', "/")
        );
        let (well, text) = self.run(&["bash", "-c", &script]);
        (well && text.starts_with("HTTP/1.0 200")).then_some(text)
    }

    /// What somebody in that network tried to send where no way leads, as the kernel counts it.
    fn astray(&self) -> u64 {
        let (_, text) = self.run(&["cat", "/proc/net/snmp", "/proc/net/snmp6"]);
        let mut rows = text.lines().filter_map(|line| line.strip_prefix("Ip: "));
        let (names, values) = (rows.next().expect("names"), rows.next().expect("values"));
        let at = names.split(' ').position(|name| name == "OutNoRoutes").expect("the kernel counts it");
        let of_4: u64 = values.split(' ').nth(at).and_then(|value| value.parse().ok()).expect("a number");
        let of_6 = text.lines().find_map(|line| line.strip_prefix("Ip6OutNoRoutes")?.trim().parse::<u64>().ok());
        of_4 + of_6.unwrap_or(0)
    }
}

#[test]
fn sec_01_in_a_network_without_a_way_out_all_pages_work_and_nothing_is_tried_to_be_sent_out() {
    let able = Command::new("unshare").args(["-r", "-n", "true"]).status().is_ok_and(|status| status.success());
    if !able {
        println!("SKIPPED: this system lets nobody make a network of their own (unshare -r -n)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let city = Isolated::start(folder.path());
    until("the city to answer", Duration::from_secs(120), || city.get("/healthz"));
    let page = until("readings to be shown", Duration::from_secs(120), || {
        city.get("/api/v1/latest").filter(|text| text.contains("waste.fill"))
    });
    assert!(page.contains("observed_at"));
    let mut assets = BTreeSet::new();
    for lang in ["fr", "ar", "en"] {
        for name in ["", "air", "waste", "parking", "water", "devices", "alerts", "engineers", "privacy"] {
            let page = city.get(&format!("/{lang}/{name}")).unwrap_or_else(|| panic!("/{lang}/{name} is not answered"));
            assets.extend(page.split('"').filter(|text| text.starts_with("/a/")).map(ToOwned::to_owned));
        }
    }
    for asset in &assets {
        assert!(city.get(asset).is_some(), "{asset} is not answered");
    }
    assert_eq!(city.astray(), 0, "somebody tried to send something out");
    // That the kernel would have counted it.
    city.run(&["bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"]);
    assert!(city.astray() > 0);
}
