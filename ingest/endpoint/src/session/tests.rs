use proptest::prelude::*;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4 as theirs4;
use rumqttc::v5::mqttbytes::QoS as QoS5;
use rumqttc::v5::mqttbytes::v5 as theirs5;

use super::*;
use crate::access::Open;

const LIMITS: Limits = Limits { max_packet: 4096, device_max_packet: 4096, window: 8, topic_aliases: 4 };
const CONNECT_4: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c";
const CONNECT_5: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c";

fn session(limits: Limits) -> Session {
    Session::new(limits, "127.0.0.1:9".parse().unwrap(), None, Arc::new(Open))
}

struct Run {
    session: Session,
    out: BytesMut,
    publishes: Vec<Publish>,
    acks: Vec<u8>,
    next: Next,
}

/// Feeds pieces one after the other; every ticket is settled at once if `prompt`.
fn run<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>, prompt: bool) -> Run {
    let mut run = Run { session: session(limits), out: BytesMut::new(), publishes: vec![], acks: vec![], next: Next::Read(1) };
    let mut input = BytesMut::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            let (taken, next) = run.session.feed(&mut input, &mut run.out, u32::MAX, "spare");
            if !taken.acks.is_empty() {
                let ticket = run.session.issue();
                if prompt {
                    run.session.settle(ticket + 1, taken.messages);
                }
            }
            run.publishes.extend(taken.publishes);
            run.acks.extend(taken.acks);
            run.next = next;
            if matches!(next, Next::Read(_) | Next::End(_)) || input.len() == before {
                break;
            }
        }
        if matches!(run.next, Next::End(_)) {
            break;
        }
    }
    run
}

fn ended(run: &Run) -> Option<Fault> {
    match run.next {
        Next::End(End::Fault(fault)) => Some(fault),
        _ => None,
    }
}

fn publish(topic: &str, qos: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend_from_slice(topic.as_bytes());
    if qos > 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    body.extend_from_slice(payload);
    assert!(body.len() < 128, "a short packet");
    [&[0x30 | qos << 1, u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

fn publish_5(topic: &str, qos: u8, id: u16, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let tail = [&[u8::try_from(properties.len()).unwrap()], properties, payload].concat();
    publish(topic, qos, id, &tail)
}

fn arb_publish() -> impl Strategy<Value = (String, u8, u16, Vec<u8>)> {
    ("[a-z/é]{1,20}", 0_u8..3, 1_u16..100, proptest::collection::vec(any::<u8>(), 0..300))
}

proptest! {
    #[test]
    fn what_another_implementation_encodes_comes_out_as_it_was(all in proptest::collection::vec(arb_publish(), 1..8)) {
        let mut four = BytesMut::from(CONNECT_4);
        let mut five = BytesMut::from(CONNECT_5);
        for (topic, qos, id, payload) in &all {
            let level = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(*qos)];
            let mut packet = theirs4::Publish::new(topic, level, payload.clone());
            packet.pkid = *id;
            packet.write(&mut four).unwrap();
            let level = [QoS5::AtMostOnce, QoS5::AtLeastOnce, QoS5::ExactlyOnce][usize::from(*qos)];
            let properties = theirs5::PublishProperties {
                message_expiry_interval: Some(7),
                correlation_data: Some(Bytes::from_static(b"\0\xff")),
                user_properties: vec![("k".into(), "v".into()), ("k".into(), "w".into())],
                content_type: Some("t".into()),
                ..Default::default()
            };
            let mut packet = theirs5::Publish::new(topic.clone(), level, payload.clone(), Some(properties));
            packet.pkid = *id;
            packet.write(&mut five).unwrap();
        }
        // Each QoS 2 identifier is delivered once while it is not released.
        let mut seen = std::collections::HashSet::new();
        let wanted: Vec<_> = all.iter().filter(|(_, qos, id, _)| *qos < 2 || seen.insert(*id)).collect();
        for bytes in [four, five] {
            let got = run(Limits { window: 1000, ..LIMITS }, [&bytes[..]], true);
            prop_assert_eq!(ended(&got), None);
            prop_assert_eq!(got.publishes.len(), wanted.len());
            for (got, (topic, qos, _, payload)) in got.publishes.iter().zip(&wanted) {
                prop_assert_eq!((&*got.topic, got.qos, &got.payload[..]), (topic.as_str(), *qos, &payload[..]));
            }
        }
    }

    #[test]
    fn any_split_of_the_bytes_gives_the_same(
        all in proptest::collection::vec(arb_publish(), 1..5), cuts in proptest::collection::vec(1_usize..50, 1..40)
    ) {
        let mut bytes = CONNECT_4.to_vec();
        // Each identifier once: whether a repeated one is answered again depends on the commit in between.
        for (id, (topic, qos, _, payload)) in (1..).zip(&all) {
            bytes.extend(publish(topic, *qos, id, &payload[..payload.len().min(60)]));
        }
        bytes.extend_from_slice(&[0xC0, 0]);
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            pieces.push(head);
            rest = tail;
        }
        let (whole, split) = (run(LIMITS, [&bytes[..]], true), run(LIMITS, pieces, true));
        prop_assert_eq!(whole.publishes, split.publishes);
        prop_assert_eq!(whole.acks, split.acks);
        prop_assert_eq!(whole.out, split.out);
    }

    #[test]
    fn any_bytes_end_the_connection_or_wait_for_more_and_never_panic(
        begin in prop_oneof![Just(CONNECT_4), Just(CONNECT_5), Just(&b"\x10"[..]), Just(&b""[..])],
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        size in 1_usize..600,
    ) {
        let all = [begin, &bytes].concat();
        let got = run(LIMITS, all.chunks(size), true);
        for publish in &got.publishes {
            prop_assert!(!publish.topic.is_empty() && !publish.topic.contains(['+', '#']));
        }
        // No client makes us say more than it said itself, however it asks.
        prop_assert!(got.out.len() <= all.len() + 64, "{} bytes for {}", got.out.len(), all.len());
    }

    #[test]
    fn mutated_packets_never_panic_and_never_deliver_a_bad_topic(
        version in any::<bool>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        size in 1_usize..40,
    ) {
        let five = version;
        let mut bytes = if five { CONNECT_5.to_vec() } else { CONNECT_4.to_vec() };
        let keep = bytes.len() - 2;
        for packet in [
            if five { publish_5("a/b", 1, 1, b"\x23\x00\x01", b"x") } else { publish("a/b", 1, 1, b"x") },
            if five { publish_5("", 2, 2, b"\x23\x00\x01\x26\x00\x01a\x00\x01b", b"y") } else { publish("c", 2, 2, b"y") },
            b"\x62\x02\x00\x02".to_vec(),
            if five { b"\x82\x07\x00\x03\x00\x00\x01#\x00".to_vec() } else { b"\x82\x06\x00\x03\x00\x01#\x00".to_vec() },
            if five { b"\xa2\x06\x00\x03\x00\x00\x01#".to_vec() } else { b"\xa2\x05\x00\x03\x00\x01#".to_vec() },
            vec![0xC0, 0],
            vec![0xE0, 0],
        ] {
            bytes.extend(packet);
        }
        for (at, value) in flips {
            // Mostly behind the CONNECT, or hardly anything would be reached.
            let at = if value % 8 == 0 { at.index(bytes.len()) } else { keep + at.index(bytes.len() - keep) };
            bytes[at] = value;
        }
        let got = run(LIMITS, bytes.chunks(size), true);
        for publish in &got.publishes {
            prop_assert!(!publish.topic.is_empty() && !publish.topic.contains(['#', '+', '\0']));
        }
        prop_assert!(got.out.len() + got.acks.len() < 4096);
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), five in any::<bool>()) {
        let hello = if five { CONNECT_5 } else { CONNECT_4 };
        let got = run(LIMITS, [hello, &bytes], true);
        prop_assert!(got.out.len() >= 4, "the CONNECT was answered");
        let cold = run(LIMITS, [&bytes[..]], true);
        prop_assert!(cold.publishes.is_empty() || bytes.starts_with(&[0x10]));
    }
}

#[test]
fn a_topic_alias_stands_for_its_topic_on_this_connection() {
    let set = publish_5("long/topic", 0, 0, b"\x23\x00\x02", b"1");
    let used = publish_5("", 0, 0, b"\x23\x00\x02", b"2");
    let got = run(LIMITS, [CONNECT_5, &set, &used], true);
    let topics: Vec<_> = got.publishes.iter().map(|p| &*p.topic).collect();
    assert_eq!(topics, ["long/topic", "long/topic"]);
    for bad in [
        publish_5("", 0, 0, b"\x23\x00\x03", b""),
        publish_5("t", 0, 0, b"\x23\x00\x00", b""),
        publish_5("t", 0, 0, b"\x23\x00\x05", b""),
    ] {
        let got = run(LIMITS, [CONNECT_5, &set, &bad], true);
        assert_eq!(ended(&got).map(Fault::reason), Some(0x94));
    }
}

#[test]
fn a_pending_qos_2_identifier_is_delivered_once_and_its_pubrec_repeated_only_after_the_commit() {
    let packet = publish("t", 2, 5, b"x");
    let mut run = run(LIMITS, [CONNECT_4, &packet], false);
    let feed = |run: &mut Run, bytes: &[u8]| {
        let mut input = BytesMut::from(bytes);
        run.session.feed(&mut input, &mut run.out, u32::MAX, "")
    };
    assert_eq!(run.publishes.len(), 1);
    let (taken, _) = feed(&mut run, &packet);
    assert!(taken.publishes.is_empty() && taken.acks.is_empty(), "its PUBREC is on its way");
    run.session.settle(1, 1);
    let (taken, _) = feed(&mut run, &packet);
    assert!(taken.publishes.is_empty());
    assert_eq!(taken.acks, [0x50, 2, 0, 5]);
    run.session.issue();
    run.session.settle(2, 1);
    run.out.clear();
    feed(&mut run, b"\x62\x02\x00\x05");
    assert_eq!(&run.out[..], &[0x70, 2, 0, 5]);
    let (taken, _) = feed(&mut run, &packet);
    assert_eq!(taken.publishes.len(), 1, "released: the identifier is free for another message");
}

#[test]
fn pubrel_before_the_commit_ends_the_connection_and_an_unknown_one_is_answered() {
    let early = run(LIMITS, [CONNECT_4, &publish("t", 2, 5, b"x"), b"\x62\x02\x00\x05"], false);
    assert!(matches!(ended(&early), Some(Fault::Protocol(_))));
    let unknown = run(LIMITS, [CONNECT_4, b"\x62\x02\x00\x07"], false);
    assert_eq!(&unknown.out[4..], &[0x70, 2, 0, 7]);
    let unknown = run(LIMITS, [CONNECT_5, b"\x62\x02\x00\x07"], false);
    assert!(unknown.out.ends_with(&[0x70, 3, 0, 7, 0x92]));
}

#[test]
fn a_full_window_pauses_311_and_ends_5() {
    let many: Vec<u8> = (1..=10).flat_map(|id| publish("t", 1, id, b"x")).collect();
    let got = run(LIMITS, [CONNECT_4, &many], false);
    assert_eq!((got.publishes.len(), got.next), (8, Next::WindowFull));
    let many: Vec<u8> = (1..=10).flat_map(|id| publish_5("t", 1, id, b"", b"x")).collect();
    let got = run(LIMITS, [CONNECT_5, &many], false);
    assert_eq!((got.publishes.len(), ended(&got)), (8, Some(Fault::Window)));
    let unreleased: Vec<u8> = (1..=10).flat_map(|id| publish_5("t", 2, id, b"", b"x")).collect();
    let got = run(LIMITS, [CONNECT_5, &unreleased], true);
    assert_eq!((got.publishes.len(), ended(&got)), (8, Some(Fault::Window)), "PUBREC does not free the receive maximum");
}

#[test]
fn refused_publishes_fill_the_window_too() {
    struct Nothing;
    impl Access for Nothing {
        fn connect(&self, _: &Credentials<'_>) -> Result<(), Refusal> {
            Ok(())
        }
        fn publish(&self, _: &Identity<'_>, _: &str) -> bool {
            false
        }
    }
    let mut session = Session::new(LIMITS, "127.0.0.1:9".parse().unwrap(), None, Arc::new(Nothing));
    let many: Vec<u8> = (1..=10).flat_map(|id| publish("t", 1, id, b"x")).collect();
    let mut input = BytesMut::from(&[CONNECT_4, &many].concat()[..]);
    let mut out = BytesMut::new();
    session.feed(&mut input, &mut out, u32::MAX, "");
    let (taken, next) = session.feed(&mut input, &mut out, u32::MAX, "");
    assert_eq!((taken.publishes.len(), taken.refused, taken.messages, next), (0, 8, 8, Next::WindowFull));
    assert_eq!(taken.acks.len(), 8 * 4);
}

#[test]
fn no_more_publishes_are_read_than_the_rate_allows() {
    let many: Vec<u8> = (1..=5).flat_map(|_| publish("t", 0, 0, b"x")).collect();
    let mut session = session(LIMITS);
    let mut input = BytesMut::from(&[CONNECT_4, &many].concat()[..]);
    let mut out = BytesMut::new();
    assert_eq!(session.feed(&mut input, &mut out, 3, "").1, Next::Connected);
    let (taken, next) = session.feed(&mut input, &mut out, 3, "");
    assert_eq!((taken.counted, next), (3, Next::RateSpent));
}

#[test]
fn packets_that_no_client_sends_are_protocol_errors() {
    for bytes in [
        &b"\x20\x02\x00\x00"[..],
        b"\x40\x02\x00\x01",
        b"\x50\x02\x00\x01",
        b"\x70\x02\x00\x01",
        b"\xd0\x00",
        b"\xf0\x00",
        CONNECT_5,
    ] {
        let got = run(LIMITS, [CONNECT_5, bytes], true);
        assert_eq!(ended(&got).map(Fault::reason), Some(0x82), "{bytes:x?}");
    }
}
