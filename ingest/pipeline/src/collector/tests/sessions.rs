//! Sessions, filters, order, and the end.

use std::time::{Duration, Instant};

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, Publish, SubAck, SubscribeReasonCode};
use schemas::Qos;

use super::rig::{Broker, Rig, ids, payloads, settings, within};

#[tokio::test]
async fn persistent_session_resumes() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.username = Some("collector".into());
    let mut rig = Rig::start(&settings);
    let (mut peer, first) = broker.knock().await;
    assert!(!first.clean_session);
    assert_eq!((first.client_id.as_str(), first.keep_alive), ("marsad-test", 30));
    assert_eq!(first.login.as_ref().map(|login| login.username.as_str()), Some("collector"));
    peer.welcome(false).await;
    peer.publish([1]).await;
    let unspent = rig.messages(1).await;
    drop(peer);

    let (mut peer, second) = broker.knock().await;
    assert_eq!(second, first);
    peer.welcome(true).await;
    peer.subscribe().await;
    peer.publish([1]).await;
    rig.arrivals().await.ticket.spend();
    drop(unspent);
    assert_eq!(peer.acks(1).await, [1]);
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn resubscribes_and_checks_suback_filter_by_filter() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.keep_alive = Some(Duration::from_secs(1));
    settings.filters = vec!["a/#".into(), "$share/marsad/b/#".into(), "c".into()];
    let rig = Rig::start(&settings);
    for session_present in [false, true] {
        let (mut peer, _) = broker.knock().await;
        peer.welcome(session_present).await;
        let asked = peer.subscribe().await;
        let paths: Vec<&str> = asked.filters.iter().map(|filter| filter.path.as_str()).collect();
        assert_eq!(paths, ["a/#", "$share/marsad/b/#", "c"]);
        assert!(asked.filters.iter().all(|filter| filter.qos == QoS::AtLeastOnce));
        let answers = vec![
            SubscribeReasonCode::Success(QoS::AtLeastOnce),
            SubscribeReasonCode::Failure,
            SubscribeReasonCode::Success(QoS::AtLeastOnce),
        ];
        peer.send(Packet::SubAck(SubAck::new(asked.pkid, answers))).await;
        let status = rig.status("the refusal", |status| status.up && status.trouble.is_some()).await;
        assert!(status.trouble.unwrap().contains("$share/marsad/b/#"));

        // Only the refused one is asked for again.
        let again = loop {
            match peer.packet().await {
                Packet::Subscribe(again) => break again,
                Packet::PingReq => peer.send(Packet::PingResp).await,
                other => panic!("expected SUBSCRIBE, not {other:?}"),
            }
        };
        assert_eq!(again.filters.len(), 1);
        assert_eq!(again.filters[0].path, "$share/marsad/b/#");
        peer.send(Packet::SubAck(SubAck::new(again.pkid, vec![SubscribeReasonCode::Success(QoS::AtLeastOnce)]))).await;
        rig.status("all granted", |status| !status.trouble.as_ref().is_some_and(|text| text.contains("filters"))).await;
    }
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_filter_granted_with_a_lower_qos_is_reported() {
    let broker = Broker::start().await;
    let rig = Rig::start(&settings(broker.address()));
    let (mut peer, _) = broker.knock().await;
    peer.welcome(false).await;
    let asked = peer.subscribe().await;
    peer.send(Packet::SubAck(SubAck::new(asked.pkid, vec![SubscribeReasonCode::Success(QoS::AtMostOnce)]))).await;
    let status = rig.status("the trouble", |status| status.up && status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("QoS 0 only"));
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_broker_that_never_answers_a_subscribe_is_left() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.keep_alive = Some(Duration::from_secs(1));
    let rig = Rig::start(&settings);
    let (mut peer, _) = broker.knock().await;
    peer.welcome(false).await;
    within("the end of the connection", async {
        while let Some(packet) = peer.next().await {
            if packet == Packet::PingReq {
                peer.send(Packet::PingResp).await;
            }
        }
    })
    .await;
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("SUBSCRIBE"));
    rig.end().await.unwrap();
}

#[tokio::test]
async fn acks_are_in_receive_order() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.gather = Some(Duration::ZERO);
    let mut rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    let mut held = Vec::new();
    for id in [7, 3, 9, 1] {
        peer.publish([id]).await;
        held.push(rig.arrivals().await);
    }
    for arrivals in held.into_iter().rev() {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(4).await, [7, 3, 9, 1]);
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn commit_by_time_not_only_by_size() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    // A broker that sends 20 and then waits for acknowledgements, as Mosquitto does by default.
    let mut seen = Vec::new();
    for first in (1..=181).step_by(20) {
        peer.publish(first..first + 20).await;
        let last = usize::from(first) + 19;
        while seen.len() < last {
            let arrivals = rig.arrivals().await;
            seen.extend(payloads([&arrivals]));
            arrivals.ticket.spend();
        }
        assert_eq!(peer.acks(20).await, (first..first + 20).collect::<Vec<_>>());
    }
    assert_eq!(seen, ids(1..=200));
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_broker_with_a_small_window_does_not_wait_for_the_gathering() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.gather = Some(Duration::from_millis(100));
    let mut rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    let begun = Instant::now();
    for _ in 0..40 {
        peer.publish([1, 2]).await;
        let mut seen = 0;
        while seen < 2 {
            let arrivals = rig.arrivals().await;
            seen += arrivals.messages.len();
            arrivals.ticket.spend();
        }
        assert_eq!(peer.acks(2).await, [1, 2]);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "40 rounds in {:?}, which is as if each waited", begun.elapsed());
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn no_more_than_the_window_is_unacknowledged() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.window = Some(10);
    let mut rig = Rig::start(&settings);
    let mut peer = broker.accept(false).await;
    peer.publish(1..=25).await;
    let mut sizes = Vec::new();
    for expected in [10, 10, 5] {
        let arrivals = rig.messages(expected).await;
        tokio::task::yield_now().await;
        assert!(rig.end.try_recv().is_err(), "the rest stays in the socket");
        sizes.push(arrivals.iter().map(|a| a.messages.len()).sum::<usize>());
        for arrivals in arrivals {
            arrivals.ticket.spend();
        }
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(peer.acks(25).await, (1..=25).collect::<Vec<u16>>());
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_dropped_ticket_makes_the_broker_repeat_its_messages() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    peer.publish([1]).await;
    let first = rig.arrivals().await;
    peer.publish([2]).await;
    let second = rig.arrivals().await;
    peer.publish([3]).await;
    let third = rig.arrivals().await;
    third.ticket.spend();
    first.ticket.spend();
    drop(second);
    assert_eq!(peer.acks(1).await, [1]);
    assert_eq!(peer.next().await, None, "3 must not overtake 2, so the connection ends");

    let mut peer = broker.accept(true).await;
    peer.publish([2, 3]).await;
    for arrivals in rig.messages(2).await {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(2).await, [2, 3]);
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn what_the_broker_says_of_a_message_is_passed_on() {
    let broker = Broker::start().await;
    let mut settings = settings(broker.address());
    settings.qos = Some(0);
    let mut rig = Rig::start(&settings);
    let (mut peer, _) = broker.knock().await;
    peer.welcome(false).await;
    assert_eq!(peer.subscribe().await.filters[0].qos, QoS::AtMostOnce);
    let mut retained = Publish::new("city/\u{0645}", QoS::AtLeastOnce, "known");
    (retained.pkid, retained.retain, retained.dup) = (5, true, true);
    peer.send(Packet::Publish(Publish::new("city/air", QoS::AtMostOnce, ""))).await;
    let first = rig.arrivals().await;
    peer.send(Packet::Publish(retained)).await;
    let second = rig.arrivals().await;
    let plain = &first.messages[0];
    assert_eq!((&*plain.topic, plain.provenance.qos, plain.payload.len()), ("city/air", Qos::AtMostOnce, 0));
    let kept = &second.messages[0];
    assert_eq!(&*kept.topic, "city/\u{0645}");
    assert_eq!(kept.provenance.qos, Qos::AtLeastOnce);
    assert!(kept.provenance.retain && kept.provenance.dup && !kept.provenance.will);
    assert_eq!(kept.received_at.millis(), 1_790_000_000_000);
    first.ticket.spend();
    second.ticket.spend();
    assert_eq!(peer.acks(1).await, [5], "and none for QoS 0");
    drop(peer);
    rig.end().await.unwrap();
}

#[tokio::test]
async fn on_stop_nothing_new_is_taken_and_what_was_taken_is_acknowledged() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    peer.publish([1, 2]).await;
    let arrivals = rig.messages(2).await;
    rig.stop.cancel();
    peer.publish([3]).await;
    for arrivals in arrivals {
        arrivals.ticket.spend();
    }
    assert_eq!(peer.acks(2).await, [1, 2]);
    assert_eq!(peer.packet().await, Packet::Disconnect);
    drop(peer);
    within("the end", rig.task).await.unwrap().unwrap();
    assert!(rig.end.try_recv().is_err(), "3 is the broker's to repeat");
    assert!(!(rig.watch)().up);
}

#[tokio::test]
async fn on_stop_tickets_are_waited_for_until_the_deadline_and_no_longer() {
    let broker = Broker::start().await;
    let mut rig = Rig::start(&settings(broker.address()));
    let mut peer = broker.accept(false).await;
    peer.publish([1]).await;
    let held = rig.arrivals().await;
    rig.stop.cancel();
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut rig.task).await.is_err());
    rig.deadline.cancel();
    assert_eq!(peer.packet().await, Packet::Disconnect);
    drop(peer);
    within("the end", rig.task).await.unwrap().unwrap();
    drop(held);
}

#[tokio::test]
async fn a_refused_password_is_said_in_words() {
    let broker = Broker::start().await;
    let rig = Rig::start(&settings(broker.address()));
    let (mut peer, _) = broker.knock().await;
    peer.send(Packet::ConnAck(ConnAck::new(ConnectReturnCode::BadUserNamePassword, false))).await;
    let status = rig.status("the trouble", |status| status.trouble.is_some()).await;
    assert_eq!(status.trouble.unwrap(), "the broker refuses user name or password");
    rig.end().await.unwrap();
}

#[tokio::test]
async fn a_source_without_a_keeper_ends() {
    let broker = Broker::start().await;
    let rig = Rig::start(&settings(broker.address()));
    let Rig { end, task, .. } = rig;
    drop(end);
    let mut peer = broker.accept(false).await;
    peer.publish([1]).await;
    let ended = within("the end", task).await.unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "source broker ended: the keeper has stopped");
}
