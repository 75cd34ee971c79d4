//! Clients as devices have them: rumqttc for both versions, plain and over TLS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{House, PATIENCE, settings};
use endpoint::Open;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What a client reports as acknowledged.
async fn acknowledged(events: &mut mpsc::Receiver<&'static str>) -> &'static str {
    timeout(PATIENCE, events.recv()).await.expect("acknowledged in time").expect("the client runs")
}

fn client_v4(
    address: std::net::SocketAddr,
    transport: Option<rumqttc::Transport>,
) -> (rumqttc::AsyncClient, mpsc::Receiver<&'static str>) {
    let mut options = rumqttc::MqttOptions::new("device-4", address.ip().to_string(), address.port());
    options.set_keep_alive(Duration::from_secs(30)).set_max_packet_size(1 << 20, 1 << 20);
    if let Some(transport) = transport {
        options.set_transport(transport);
    }
    let (client, mut events) = rumqttc::AsyncClient::new(options, 16);
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        use rumqttc::{Event, Incoming};
        while let Ok(event) = events.poll().await {
            let name = match event {
                Event::Incoming(Incoming::PubAck(_)) => "puback",
                Event::Incoming(Incoming::PubRec(_)) => "pubrec",
                Event::Incoming(Incoming::PubComp(_)) => "pubcomp",
                _ => continue,
            };
            if sender.send(name).await.is_err() {
                return;
            }
        }
    });
    (client, receiver)
}

#[tokio::test]
async fn a_client_of_311_publishes_every_qos_and_is_acknowledged_only_when_the_ticket_is_spent() {
    use rumqttc::QoS;
    let mut house = House::open().await;
    let (client, mut events) = client_v4(house.address, None);

    client.publish("a/0", QoS::AtMostOnce, false, "zero").await.unwrap();
    let got = house.keep().await;
    assert_eq!((&*got[0].topic, &got[0].payload[..], got[0].qos), ("a/0", &b"zero"[..], 0));

    client.publish("a/1", QoS::AtLeastOnce, true, "one").await.unwrap();
    let arrivals = house.next().await;
    assert_eq!((arrivals.publishes[0].qos, arrivals.publishes[0].retain), (1, true));
    assert!(events.try_recv().is_err(), "not acknowledged yet");
    // From a thread that knows nothing of tokio, as the keeper's is.
    std::thread::spawn(move || arrivals.ticket.spend()).join().unwrap();
    assert_eq!(acknowledged(&mut events).await, "puback");

    client.publish("a/2", QoS::ExactlyOnce, false, "two").await.unwrap();
    let arrivals = house.next().await;
    assert_eq!(arrivals.publishes[0].qos, 2);
    assert!(events.try_recv().is_err(), "not acknowledged yet");
    arrivals.ticket.spend();
    assert_eq!(acknowledged(&mut events).await, "pubrec");
    assert_eq!(acknowledged(&mut events).await, "pubcomp");
}

#[tokio::test]
async fn a_client_of_5_publishes_every_qos_and_is_acknowledged_only_when_the_ticket_is_spent() {
    use rumqttc::v5::mqttbytes::QoS;
    use rumqttc::v5::{AsyncClient, Event, Incoming, MqttOptions};
    let mut house = House::open().await;
    let mut options = MqttOptions::new("device-5", house.address.ip().to_string(), house.address.port());
    options.set_keep_alive(Duration::from_secs(30));
    let (client, mut poll) = AsyncClient::new(options, 16);
    let (sender, mut events) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok(event) = poll.poll().await {
            let name = match event {
                Event::Incoming(Incoming::PubAck(_)) => "puback",
                Event::Incoming(Incoming::PubRec(_)) => "pubrec",
                Event::Incoming(Incoming::PubComp(_)) => "pubcomp",
                _ => continue,
            };
            if sender.send(name).await.is_err() {
                return;
            }
        }
    });
    for (qos, wanted) in [(QoS::AtMostOnce, &[][..]), (QoS::AtLeastOnce, &["puback"]), (QoS::ExactlyOnce, &["pubrec", "pubcomp"])]
    {
        client.publish("b", qos, false, "payload").await.unwrap();
        let arrivals = house.next().await;
        assert_eq!((&*arrivals.publishes[0].topic, arrivals.publishes[0].qos), ("b", qos as u8));
        assert!(events.try_recv().is_err(), "not acknowledged yet");
        arrivals.ticket.spend();
        for name in wanted {
            assert_eq!(acknowledged(&mut events).await, *name);
        }
    }
}

#[tokio::test]
async fn a_client_publishes_over_tls() {
    let fixture = |name| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name);
    let mut settings = settings();
    settings.tls_listen = Some("127.0.0.1:0".parse().unwrap());
    settings.certificate = Some(fixture("test-only.pem"));
    settings.key = Some(fixture("test-only.key"));
    let mut house = House::with(settings, Arc::new(Open)).await;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("test-only.pem")).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let transport = rumqttc::Transport::Tls(rumqttc::TlsConfiguration::Rustls(Arc::new(config)));
    let (client, mut events) = client_v4(house.tls.unwrap(), Some(transport));
    client.publish("secret", rumqttc::QoS::AtLeastOnce, false, vec![7; 50_000]).await.unwrap();
    let got = house.keep().await;
    assert_eq!(got[0].payload, vec![7; 50_000]);
    assert_eq!(acknowledged(&mut events).await, "puback");
}

#[tokio::test]
async fn a_missing_certificate_or_a_taken_port_is_named_before_anything_starts() {
    let house = House::open().await;
    let mut taken = settings();
    taken.listen = house.address;
    let error = endpoint::Endpoint::bind(&taken, Arc::new(Open)).await.unwrap_err().to_string();
    assert!(error.contains(&house.address.to_string()) && error.contains("in use"), "{error}");

    let mut tls = settings();
    tls.tls_listen = Some("127.0.0.1:0".parse().unwrap());
    let error = endpoint::Endpoint::bind(&tls, Arc::new(Open)).await.unwrap_err().to_string();
    assert!(error.contains("endpoint.certificate"), "{error}");
    (tls.certificate, tls.key) = (Some("/nowhere/c.pem".into()), Some("/nowhere/k.pem".into()));
    let error = endpoint::Endpoint::bind(&tls, Arc::new(Open)).await.unwrap_err().to_string();
    assert!(error.contains("certificate /nowhere/c.pem"), "{error}");
}
