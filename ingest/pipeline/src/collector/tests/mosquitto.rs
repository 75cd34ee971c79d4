//! The same promises with a real broker. Skipped loudly where there is none.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::rig::{Peer, Rig, payloads, settings, within};
use crate::collector::Settings;

struct Mosquitto {
    child: Child,
    port: u16,
    tls_port: u16,
    directory: TempDir,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// `None`, said aloud: there is no Mosquitto here.
async fn mosquitto(certificates: bool) -> Option<Mosquitto> {
    let program =
        ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|program| is_there(program, "-h"));
    let Some(program) = program else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no mosquitto on this machine; install it with: apt-get install mosquitto"
        );
        return None;
    };
    let directory = tempfile::tempdir().unwrap();
    let (port, tls_port) = (free_port(), free_port());
    let mut config = format!(
        "allow_anonymous true\npersistence false\nmax_queued_messages 100000\nmax_inflight_messages 20\nlistener {port} 127.0.0.1\n"
    );
    if certificates {
        let at = directory.path().display();
        config += &format!(
            "listener {tls_port} 127.0.0.1\ncafile {at}/ca.pem\ncertfile {at}/server.pem\nkeyfile {at}/server.key\nrequire_certificate true\n"
        );
        certify(directory.path());
    }
    // Mosquitto gives up root's rights, and must still read its certificates.
    config += "user root\n";
    let file = directory.path().join("mosquitto.conf");
    std::fs::write(&file, config).unwrap();
    let child = Command::new(program).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let broker = Mosquitto { child, port, tls_port, directory };
    within("mosquitto", async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    Some(broker)
}

fn collector(broker: &Mosquitto, client_id: &str) -> Settings {
    let mut settings = settings(([127, 0, 0, 1], broker.port).into());
    settings.client_id = Some(client_id.into());
    settings
}

async fn started(settings: &Settings) -> Rig {
    let rig = Rig::start(settings);
    rig.status("the subscription", |status| status.up).await;
    rig
}

async fn publish(broker: &Mosquitto, payloads: impl IntoIterator<Item = u32>) {
    let mut device = Peer::device(broker.port).await;
    for payload in payloads {
        device.publish_acknowledged("city/bin", payload.to_string()).await;
    }
}

#[tokio::test]
async fn messages_queued_while_the_collector_is_down_arrive() {
    let Some(broker) = mosquitto(false).await else { return };
    let settings = collector(&broker, "one");
    started(&settings).await.end().await.unwrap();
    publish(&broker, 0..300).await;

    let mut rig = Rig::start(&settings);
    let mut seen = Vec::new();
    while seen.len() < 300 {
        let arrivals = rig.arrivals().await;
        seen.extend(payloads([&arrivals]));
        arrivals.ticket.spend();
    }
    assert_eq!(seen, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
    rig.end().await.unwrap();

    // All of them were acknowledged: nothing comes twice.
    let mut rig = started(&settings).await;
    publish(&broker, [999]).await;
    assert_eq!(payloads([&rig.arrivals().await]), ["999"]);
    rig.deadline.cancel();
    rig.end().await.unwrap();
}

#[tokio::test]
async fn tickets_that_die_with_the_process_lead_to_redelivery() {
    let Some(broker) = mosquitto(false).await else { return };
    let settings = collector(&broker, "two");
    let mut rig = started(&settings).await;
    publish(&broker, 0..15).await;
    let held = rig.messages(15).await;
    // As `kill -9` does: no goodbye, no acknowledgement.
    rig.task.abort();
    assert!(rig.task.await.unwrap_err().is_cancelled());
    drop(held);

    let mut rig = Rig::start(&settings);
    let mut again = Vec::new();
    while again.len() < 15 {
        let arrivals = rig.arrivals().await;
        assert!(arrivals.messages.iter().all(|message| message.provenance.dup));
        again.extend(payloads([&arrivals]));
        arrivals.ticket.spend();
    }
    assert_eq!(again, (0..15).map(|n| n.to_string()).collect::<Vec<_>>());
    rig.end().await.unwrap();
}

#[tokio::test]
async fn collectors_of_one_group_share_the_messages() {
    let Some(broker) = mosquitto(false).await else { return };
    let mut rigs = Vec::new();
    for client in ["left", "right"] {
        let mut settings = collector(&broker, client);
        settings.filters = vec!["$share/marsad/city/#".into()];
        rigs.push(started(&settings).await);
    }
    publish(&broker, 0..100).await;
    let mut seen = [Vec::new(), Vec::new()];
    within("all messages", async {
        let [left, right] = rigs.as_mut_slice() else { panic!("two were made") };
        while seen[0].len() + seen[1].len() < 100 {
            let (who, waiting) = tokio::select! {
                waiting = left.end.recv() => (0, waiting),
                waiting = right.end.recv() => (1, waiting),
            };
            let arrivals = waiting.unwrap().arrivals;
            seen[who].extend(payloads([&arrivals]));
            arrivals.ticket.spend();
        }
    })
    .await;
    assert!(!seen[0].is_empty() && !seen[1].is_empty(), "both had a share: {} and {}", seen[0].len(), seen[1].len());
    let mut all: Vec<u32> = seen.concat().iter().map(|payload| payload.parse().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    for rig in rigs {
        rig.end().await.unwrap();
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A city's own authority, and certificates of it for the broker and for us.
fn certify(directory: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(directory, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=city-authority"));
    std::fs::write(directory.join("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    for name in ["server", "client"] {
        openssl(directory, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(
            directory,
            &format!("x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out {name}.pem"),
        );
    }
}

#[tokio::test]
async fn tls_with_the_citys_own_authority_and_a_certificate_of_ours() {
    if !is_there("openssl", "version") {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no openssl on this machine to make certificates; install it with: apt-get install openssl"
        );
        return;
    }
    let Some(broker) = mosquitto(true).await else { return };
    let file = |name: &str| Some(broker.directory.path().join(name));
    let mut settings = collector(&broker, "secure");
    settings.url = format!("mqtts://localhost:{}", broker.tls_port);
    settings.ca_file = file("ca.pem");
    settings.client_cert_file = file("client.pem");
    settings.client_key_file = file("client.key");
    let mut rig = started(&settings).await;
    publish(&broker, 0..50).await;
    let mut seen = 0;
    while seen < 50 {
        let arrivals = rig.arrivals().await;
        seen += arrivals.messages.len();
        arrivals.ticket.spend();
    }
    rig.end().await.unwrap();

    // A certificate that no authority of ours has signed.
    settings.ca_file = file("server.pem");
    let rig = Rig::start(&settings);
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    let trouble = status.trouble.unwrap();
    assert!(trouble.to_lowercase().contains("certificate"), "{trouble}");
    assert!(!status.up);
    rig.end().await.unwrap();
}
