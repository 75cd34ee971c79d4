//! Hostile bytes end only their own connection.

use crate::common::{House, connect, packet, publish};

/// Sends `bytes` on a new connection after CONNECT, and tells the reason that MQTT 5 gives.
async fn provoke(house: &House, bytes: &[u8]) -> Option<u8> {
    let mut client = house.client(5, "hostile").await;
    client.send(bytes).await;
    client.ended().await
}

#[tokio::test]
async fn hostile_packets_end_only_their_connection_with_the_right_reason_while_another_publishes() {
    let mut house = House::open().await;
    let mut witness = house.client(4, "witness").await;
    let cases: &[(&str, Vec<u8>, u8)] = &[
        ("topic that is not UTF-8", packet(0x30, b"\x00\x02\xff\xfe\x00x"), 0x81),
        ("overlong UTF-8", packet(0x30, b"\x00\x02\xc0\x80\x00x"), 0x81),
        ("surrogate", packet(0x30, b"\x00\x03\xed\xa0\x80\x00x"), 0x81),
        ("NUL in the topic", packet(0x30, b"\x00\x03a\x00b\x00x"), 0x81),
        ("wildcard #", publish(5, "a/#", 0, 0, b""), 0x90),
        ("wildcard +", publish(5, "+/a", 1, 1, b""), 0x90),
        ("empty topic", publish(5, "", 0, 0, b""), 0x90),
        ("QoS 3", packet(0x36, b"\x00\x01t\x00\x01\x00"), 0x81),
        ("DUP with QoS 0", packet(0x38, b"\x00\x01t\x00"), 0x81),
        ("packet identifier 0", publish(5, "t", 1, 0, b""), 0x82),
        ("topic longer than the packet", packet(0x30, b"\xff\xfft"), 0x81),
        ("properties longer than the packet", packet(0x30, b"\x00\x01t\x7f"), 0x81),
        ("property of another packet", packet(0x30, b"\x00\x01t\x02\x24\x00"), 0x81),
        ("alias 0", packet(0x30, b"\x00\x01t\x03\x23\x00\x00"), 0x94),
        ("alias that was never given", packet(0x30, b"\x00\x00\x03\x23\x00\x09"), 0x94),
        ("length of five bytes", vec![0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 0x81),
        ("packet type 0", vec![0x00, 0x00], 0x81),
        ("reserved bits of PINGREQ", vec![0xC1, 0x00], 0x81),
        ("reserved bits of SUBSCRIBE", packet(0x80, b"\x00\x01\x00\x00\x01#\x00"), 0x81),
        ("SUBSCRIBE without a filter", packet(0x82, b"\x00\x01\x00"), 0x82),
        ("a second CONNECT", connect(5, "hostile", 0), 0x82),
        ("CONNACK from a client", vec![0x20, 0x03, 0, 0, 0], 0x82),
        ("AUTH out of nowhere", vec![0xF0, 0x00], 0x82),
        ("256 MiB announced", vec![0x30, 0xFF, 0xFF, 0xFF, 0x7F], 0x95),
    ];
    for (i, (name, bytes, reason)) in (1_u16..).zip(cases) {
        assert_eq!(provoke(&house, bytes).await, Some(*reason), "{name}");
        witness.send(&publish(4, "fine", 1, i, name.as_bytes())).await;
        let got = house.keep().await;
        assert_eq!((&*got[0].topic, &got[0].payload[..]), ("fine", name.as_bytes()));
        assert_eq!(witness.packet().await, [&[0x40, 2][..], &i.to_be_bytes()].concat());
    }
    assert_eq!(house.gauges.faults(), cases.len() as u64);
}

#[tokio::test]
async fn what_is_not_a_connect_is_closed_without_an_answer() {
    let house = House::open().await;
    for bytes in [
        publish(4, "t", 0, 0, b"x"),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xC0, 0],
        packet(0x10, b"\x00\x04HTTP\x04\x02\x00\x00\x00\x00"),
    ] {
        let mut client = house.raw().await;
        client.send(&bytes).await;
        assert_eq!(client.ended().await, None, "{bytes:x?}");
    }
    assert_eq!(house.gauges.publishes(), 0);
}

#[tokio::test]
async fn a_connect_that_cannot_be_taken_is_answered_with_the_reason() {
    let house = House::open().await;
    for (bytes, reason) in [
        (packet(0x10, b"\x00\x06MQIsdp\x03\x02\x00\x00\x00\x01c"), Some(1)),
        (packet(0x10, b"\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01c"), Some(1)),
        (packet(0x10, b"\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01c"), Some(0x81)),
        (packet(0x10, b"\x00\x04MQTT\x04\x03\x00\x00\x00\x01c"), None),
        (packet(0x10, b"\x00\x04MQTT\x05\x02\x00\x00\x04\x15\x00\x01a\x00\x01c"), Some(0x8C)),
        (packet(0x10, b"\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01\xff"), Some(0x81)),
        (connect(5, &"x".repeat(513), 0), Some(0x85)),
        (connect(4, &"x".repeat(513), 0), Some(2)),
    ] {
        let mut client = house.raw().await;
        client.send(&bytes).await;
        assert_eq!(client.ended().await, reason, "{bytes:x?}");
    }
}

#[tokio::test]
async fn publishes_before_the_fault_are_delivered() {
    let mut house = House::open().await;
    let mut client = house.client(5, "c").await;
    client.send(&[publish(5, "good", 0, 0, b"x"), publish(5, "bad/#", 0, 0, b"x")].concat()).await;
    let got = house.keep().await;
    assert_eq!((got.len(), &*got[0].topic), (1, "good"));
    assert_eq!(client.ended().await, Some(0x90));
}

#[tokio::test]
async fn a_client_that_never_reads_its_answers_is_not_read_either() {
    let mut house = House::open().await;
    let greedy = house.client(4, "greedy").await;
    let pings = [0xC0, 0].repeat(32 << 10);
    let flood = tokio::spawn(async move {
        let mut greedy = greedy;
        use tokio::io::AsyncWriteExt;
        // Never ends by itself: the endpoint stops reading once its answers are not taken.
        while greedy.0.write_all(&pings).await.is_ok() {}
    });
    let mut last = 0;
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = house.gauges.bytes();
        if now == last && now > 100_000 {
            break;
        }
        last = now;
    }
    let mut witness = house.client(4, "witness").await;
    witness.send(&publish(4, "t", 1, 1, b"x")).await;
    assert_eq!(house.keep().await.len(), 1);
    flood.abort();
}

#[tokio::test]
async fn a_flapping_client_with_an_odd_identifier_leaves_one_connection_and_a_working_endpoint() {
    let mut house = House::open().await;
    let mut witness = house.client(4, "witness").await;
    for round in 0..200_u16 {
        let mut client = house.raw().await;
        client.send(&connect(if round % 2 == 0 { 4 } else { 5 }, "plant/device-1/+#$", 0)).await;
        if round % 3 == 0 {
            client.send(&publish(4, "never/acknowledged", 1, 1, b"x")[..6]).await;
        }
    }
    let mut last = house.client(4, "plant/device-1/+#$").await;
    last.ping().await;
    house.wait_for_connections(2).await;
    witness.send(&publish(4, "t", 1, 1, b"x")).await;
    assert_eq!(house.keep().await.len(), 1);
    assert_eq!(witness.packet().await, [0x40, 2, 0, 1]);
}

#[tokio::test]
async fn three_hundred_connections_of_noise_never_disturb_another_client() {
    let mut house = House::open().await;
    let mut witness = house.client(4, "witness").await;
    // xorshift, fixed seed.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for i in 1..=300_u16 {
        let mut bytes =
            [connect(5, "noise", 0), publish(5, "$noise", 0, 0, b"x"), packet(0x82, b"\x00\x07\x00\x00\x01#\x01")].concat();
        for _ in 0..noise() % 4 {
            let at = usize::try_from(noise()).unwrap() % bytes.len();
            bytes[at] = noise().to_le_bytes()[3];
        }
        let mut client = house.raw().await;
        client.send(&bytes).await;
        drop(client);
        if i % 10 == 0 {
            witness.send(&publish(4, "fine", 1, i, b"x")).await;
            // Noise that happens to be a message is one.
            while !house.keep().await.iter().any(|p| &*p.topic == "fine") {}
            assert_eq!(witness.packet().await, [&[0x40, 2][..], &i.to_be_bytes()].concat());
        }
    }
    house.wait_for_connections(1).await;
}
