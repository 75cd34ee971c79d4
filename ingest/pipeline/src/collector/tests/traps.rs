//! One test for each trap that MQTT clients fall into, named after it.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use bytesize::ByteSize;
use bytestring::ByteString;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubRel, Publish};
use schemas::{Message, Provenance};

use super::rig::{Broker, Noon, Rig, ids, payloads, publish, settings, within};
use crate::source::{Arrivals, Intake, NoTicket};
use ports::Clock;

#[tokio::test]
async fn t1_an_oversized_message_is_refused_counted_and_acknowledged_and_the_rest_flows_on() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.max_message = Some(ByteSize::kib(1));
    let mut rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    peer.publish([1]).await;
    peer.send(publish(2, "city/camera", vec![b'x'; 300_000])).await;
    peer.publish([3]).await;
    let arrivals = rig.messages(2).await;
    assert_eq!(payloads(&arrivals), ["1", "3"]);
    for arrivals in arrivals {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(3).await, [1, 2, 3], "in the order of receipt, or the broker would repeat it for ever");
    let status = (rig.watch)();
    assert_eq!((status.received, status.refused, status.up), (2, 1, true));
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t2_stale_publishes_after_reconnect_are_not_acked_on_the_new_session() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    peer.publish(1..=5).await;
    let stale = rig.messages(5).await;
    drop(peer);

    let mut peer = broker.accept(true).await;
    for arrivals in stale {
        arrivals.ticket.spend();
    }
    // The same ids, for other messages.
    peer.publish(1..=3).await;
    let fresh = rig.messages(3).await;
    rig.status("the connection", |status| status.up).await;
    for arrivals in fresh.into_iter().rev() {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(3).await, [1, 2, 3]);
    rig.stop.cancel();
    assert_eq!(peer.packet().await, Packet::Disconnect, "no fourth acknowledgement: the stale tickets are dead");
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t3_a_release_that_nobody_remembers_is_completed_and_the_connection_stays() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(true).await;
    peer.send(Packet::PubRel(PubRel::new(77))).await;
    assert!(matches!(peer.packet().await, Packet::PubComp(done) if done.pkid == 77));

    // In one read with a message, which must not wait for the next one.
    let mut bytes = BytesMut::new();
    publish(5, "city/bin", "5").write(&mut bytes, usize::MAX).unwrap();
    Packet::PubRel(PubRel::new(79)).write(&mut bytes, usize::MAX).unwrap();
    peer.send_bytes(&bytes).await;
    assert!(matches!(peer.packet().await, Packet::PubComp(done) if done.pkid == 79));
    rig.arrivals().await.ticket.spend();
    assert_eq!(peer.acks(1).await, [5]);

    let mut exactly = Publish::new("city/bin", QoS::ExactlyOnce, "once");
    exactly.pkid = 78;
    peer.send(Packet::Publish(exactly)).await;
    rig.arrivals().await.ticket.spend();
    assert!(matches!(peer.packet().await, Packet::PubRec(kept) if kept.pkid == 78));
    peer.send(Packet::PubRel(PubRel::new(78))).await;
    assert!(matches!(peer.packet().await, Packet::PubComp(done) if done.pkid == 78));
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t5_keep_alive_flows_while_the_journal_is_full() {
    let (intake, end) = Intake::new();
    let huge = Message {
        topic: ByteString::from_static("other/source"),
        payload: Bytes::from(vec![0; 64 << 20]),
        received_at: Noon.now(),
        provenance: Provenance::default(),
    };
    intake.try_offer(Arrivals { messages: vec![huge], ticket: Box::new(NoTicket) }).unwrap();

    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.keep_alive = Some(Duration::from_secs(1));
    settings.window = Some(100);
    let mut rig = Rig::start_with(&settings, intake, end);
    let mut peer = broker.accept(false).await;
    // More than the window, and more than one keep-alive.
    peer.publish(1..=250).await;
    for _ in 0..4 {
        assert_eq!(peer.packet().await, Packet::PingReq, "and no acknowledgement");
        peer.send(Packet::PingResp).await;
    }
    assert_eq!((rig.watch)().received, 0, "nothing is called received that nobody took");

    rig.arrivals().await;
    let mut acked = Vec::new();
    let mut seen = Vec::new();
    while acked.len() < 250 {
        if seen.len() < 250 {
            let arrivals = rig.arrivals().await;
            seen.extend(payloads([&arrivals]));
            arrivals.ticket.spend();
        }
        acked.extend(peer.acks(seen.len() - acked.len()).await);
    }
    assert_eq!(seen, ids(1..=250));
    assert_eq!(acked, (1..=250).collect::<Vec<u16>>());
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t5b_an_answer_to_a_ping_that_is_stuck_behind_data_is_no_dead_broker() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.keep_alive = Some(Duration::from_secs(1));
    let mut rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    let begun = Instant::now();
    let mut id = 0;
    while begun.elapsed() < Duration::from_millis(2600) {
        id += 1;
        peer.publish([id]).await;
        rig.arrivals().await.ticket.spend();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!((rig.watch)().up, "pings were never answered, but messages came");
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_broker_from_which_nothing_is_heard_is_given_up_after_one_keep_alive() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.keep_alive = Some(Duration::from_secs(1));
    let rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    let begun = Instant::now();
    within("the end of the connection", async { while peer.next().await.is_some() {} }).await;
    assert!(begun.elapsed() > Duration::from_millis(450), "{:?}", begun.elapsed());
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("nothing was heard"));
    drop(broker.accept(true).await);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t8_no_deadlock_when_tickets_come_back_only_after_thousands_of_messages() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    peer.publish(1..=6000).await;
    let arrivals = rig.messages(6000).await;
    for arrivals in arrivals {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(6000).await, (1..=6000).collect::<Vec<u16>>());
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t8_no_deadlock_when_the_broker_writes_without_reading() {
    let broker = Broker::narrow();
    let mut rig = Rig::start_narrow(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    // More acknowledgements than the two sockets hold, to a broker that only writes. It reuses the ids,
    // so that the window does not end before the sockets are full.
    let (rounds, each) = (6, 15_000);
    let keeper = tokio::spawn(async move {
        let mut seen = 0;
        while seen < rounds * each {
            let arrivals = rig.arrivals().await;
            seen += arrivals.messages.len();
            arrivals.ticket.spend();
        }
        rig
    });
    for _ in 0..rounds {
        peer.publish(1..=15_000).await;
    }
    let rig = within("all messages", keeper).await.unwrap();
    assert!((rig.watch)().up);
    rig.stop.cancel();
    let mut acks = 0;
    loop {
        match peer.packet().await {
            Packet::PubAck(_) => acks += 1,
            Packet::Disconnect => break,
            other => panic!("expected PUBACK, not {other:?}"),
        }
    }
    // An id that came again before its acknowledgement had left got one for both: so it was full.
    assert!(acks >= each && acks < rounds * each, "{acks} acknowledgements");
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t14_a_broker_that_is_down_is_asked_with_backoff_and_jitter() {
    let broker = Broker::start().await;
    let rig = Rig::start(&settings(broker.address()));
    let begun = Instant::now();
    let mut knocks = Vec::new();
    while knocks.len() < 6 {
        drop(broker.knock().await);
        knocks.push(begun.elapsed());
    }
    // Without backoff these 6 take 1 ms. Ceilings are 0.1, 0.2 .. 1.6 s; the draws are seeded.
    assert!(begun.elapsed() > Duration::from_millis(300), "{knocks:?}");
    let gaps: Vec<_> = knocks.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    assert!(gaps.windows(2).any(|pair| pair[1] < pair[0]), "full jitter does not only grow: {gaps:?}");
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    assert!(!status.up && status.connections == 0);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t14_a_closed_port_is_a_trouble_until_the_broker_is_there() {
    let broker = Broker::start().await;
    let address = broker.address();
    drop(broker);
    let rig = Rig::start(&settings(address));
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().to_lowercase().contains("refused"));
    rig.end().await.unwrap();
}

#[tokio::test]
async fn t15_a_topic_that_is_not_utf8_is_reported_and_is_no_tight_loop() {
    let broker = Broker::start().await;
    let rig = Rig::start(&settings(broker.address()));
    let begun = Instant::now();
    for turn in 0..6 {
        let mut peer = broker.accept(turn > 0).await;
        // QoS 1, topic FF FE, id 9, payload "x".
        peer.send_bytes(&[0x32, 7, 0, 2, 0xFF, 0xFE, 0, 9, b'x']).await;
        while let Some(packet) = peer.next().await {
            assert!(!matches!(packet, Packet::PubAck(_)), "it is not kept");
        }
    }
    assert!(begun.elapsed() > Duration::from_millis(100), "six turns in {:?}", begun.elapsed());
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    let trouble = status.trouble.unwrap();
    assert!(trouble.contains("not UTF-8") && trouble.contains("marsad-test"), "{trouble}");
    rig.end().await.unwrap();
}
