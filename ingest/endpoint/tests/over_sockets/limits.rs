//! Every limit costs only the connection that reaches it.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{House, Raw, connect, connect_as, connect_with_will, packet, publish, settings};
use bytesize::ByteSize;
use endpoint::{Access, Credentials, Open, Refusal};

#[tokio::test]
async fn a_full_window_stops_the_reading_of_311_and_goes_on_when_tickets_are_spent() {
    let mut limited = settings();
    limited.window = NonZeroU16::new(2).unwrap();
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut client = house.client(4, "c").await;
    let five: Vec<u8> = (1..=5).flat_map(|id| publish(4, "t", 1, id, b"x")).collect();
    client.send(&five).await;
    let first = house.next().await;
    assert_eq!(first.publishes.len(), 2);
    // Another client shows that time has passed and the endpoint is awake.
    house.client(4, "other").await.ping().await;
    assert!(house.arrived().is_none(), "nothing more is read");
    first.ticket.spend();
    assert_eq!(house.keep().await.len(), 2);
    assert_eq!(house.keep().await.len(), 1);
    for id in 1..=5 {
        assert_eq!(client.packet().await, [0x40, 2, 0, id]);
    }
    client.ping().await;
}

#[tokio::test]
async fn a_client_of_5_that_exceeds_the_receive_maximum_is_disconnected() {
    let mut limited = settings();
    limited.window = NonZeroU16::new(2).unwrap();
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut client = house.client(5, "c").await;
    let three: Vec<u8> = (1..=3).flat_map(|id| publish(5, "t", 1, id, b"x")).collect();
    client.send(&three).await;
    let held = house.next().await;
    assert_eq!(held.publishes.len(), 2);
    assert_eq!(client.ended().await, Some(0x93));
}

#[tokio::test]
async fn a_full_intake_means_that_the_socket_is_not_read() {
    let mut house = House::with_room(settings(), Arc::new(Open), 1).await;
    let mut client = house.client(4, "c").await;
    client.send(&publish(4, "t", 1, 1, b"1")).await;
    crate::common::eventually(|| house.gauges.publishes() == 1).await;
    client.send(&publish(4, "t", 1, 2, b"2")).await;
    crate::common::eventually(|| house.gauges.publishes() == 2).await;
    client.send(&publish(4, "t", 1, 3, b"3")).await;
    let bytes = house.gauges.bytes();
    house.client(4, "other").await.ping().await;
    assert_eq!(house.gauges.publishes(), 2, "the third stays in the socket");
    assert_eq!(house.keep_many(3).await.len(), 3);
    for id in 1..=3 {
        assert_eq!(client.packet().await, [0x40, 2, 0, id]);
    }
    assert!(house.gauges.bytes() > bytes);
}

#[tokio::test]
async fn an_oversized_packet_ends_only_its_connection_before_it_is_read() {
    let mut limited = settings();
    limited.max_packet = ByteSize::kib(1);
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut witness = house.client(4, "witness").await;
    let mut five = house.client(5, "five").await;
    // Only the header: the rest is never waited for.
    five.send(&[0x30, 0x80, 0x10]).await;
    assert_eq!(five.ended().await, Some(0x95));
    let mut four = house.client(4, "four").await;
    four.send(&publish(4, "t", 1, 1, &[0; 2000])).await;
    assert_eq!(four.ended().await, None);
    let fits = publish(4, "t", 1, 1, &[0; 1024 - 8]);
    assert_eq!(fits.len(), 1024);
    witness.send(&fits).await;
    assert_eq!(house.keep().await.len(), 1);
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once_and_a_place_that_is_left_is_free() {
    let mut limited = settings();
    limited.max_connections = 2;
    let house = House::with(limited, Arc::new(Open)).await;
    let mut first = house.client(4, "1").await;
    let second = house.client(4, "2").await;
    assert_eq!(house.raw().await.ended().await, None);
    first.ping().await;
    drop(second);
    house.wait_for_connections(1).await;
    house.client(4, "3").await.ping().await;
    assert_eq!(house.gauges.turned_away(), 1);
}

#[tokio::test]
async fn sec_14_one_address_has_a_limit_of_connections_of_its_own() {
    let mut limited = settings();
    limited.listen = "0.0.0.0:0".parse().unwrap();
    limited.max_connections_per_address = 1;
    let house = House::with(limited, Arc::new(Open)).await;
    let port = house.address.port();
    let from = |ip: &'static str| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{ip}:0").parse().unwrap()).unwrap();
        crate::common::Raw(socket.connect(format!("127.0.0.1:{port}").parse().unwrap()).await.unwrap())
    };
    let mut first = from("127.0.0.1").await;
    first.hello(&connect(4, "1", 0)).await;
    assert_eq!(from("127.0.0.1").await.ended().await, None);
    from("127.0.0.2").await.hello(&connect(4, "2", 0)).await;
    first.ping().await;
}

#[tokio::test]
async fn publishes_above_the_rate_wait_in_the_socket_and_none_is_dropped() {
    let mut limited = settings();
    limited.rate = 50;
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut client = house.client(4, "c").await;
    let start = Instant::now();
    let many: Vec<u8> = (1..=80).flat_map(|id| publish(4, "t", 1, id, b"x")).collect();
    client.send(&many).await;
    let first = house.keep().await;
    assert!(first.len() <= 50, "a burst of one second's worth: {}", first.len());
    house.keep_many(80 - first.len()).await;
    assert!(start.elapsed() >= Duration::from_millis(550), "30 more at 50 a second: {:?}", start.elapsed());
    for id in 1..=80 {
        assert_eq!(client.packet().await, [0x40, 2, 0, id]);
    }
}

#[tokio::test]
async fn a_connection_without_connect_is_closed_in_time() {
    let mut limited = settings();
    limited.connect_timeout = Duration::from_millis(50);
    let house = House::with(limited, Arc::new(Open)).await;
    let mut known = house.client(5, "known").await;
    let mut silent = house.raw().await;
    let mut half = house.raw().await;
    half.send(&connect(4, "half", 0)[..7]).await;
    assert_eq!(silent.ended().await, None);
    assert_eq!(half.ended().await, None);
    known.ping().await;
}

#[tokio::test]
async fn a_packet_that_never_ends_is_given_up() {
    let mut limited = settings();
    limited.packet_timeout = Duration::from_millis(50);
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut client = house.client(5, "c").await;
    let message = publish(5, "t", 1, 1, b"payload");
    client.send(&[&message[..], &message[..5]].concat()).await;
    assert_eq!(house.keep().await.len(), 1);
    assert_eq!(client.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(client.ended().await, Some(0xA0));
}

#[tokio::test]
async fn silence_beyond_one_and_a_half_keep_alives_ends_the_connection_with_its_will() {
    let mut house = House::open().await;
    let mut patient = house.client(4, "no-keep-alive").await;
    let mut client = house.raw().await;
    client.hello(&connect_with_will(5, "k", 1)).await;
    let start = Instant::now();
    // Part of a packet is no sign of life.
    client.send(&packet(0x30, b"\x00\x01t")[..2]).await;
    assert_eq!(client.ended().await, Some(0x8D));
    assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}", start.elapsed());
    drop(client);
    assert_eq!(&*house.keep().await[0].topic, "gone/k");
    patient.ping().await;
}

#[tokio::test]
async fn pings_keep_a_connection_alive() {
    let house = House::open().await;
    let mut client = house.raw().await;
    client.hello(&connect(4, "k", 1)).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2200) {
        client.ping().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    client.ping().await;
}

#[tokio::test]
async fn a_slow_disk_is_not_silence_of_the_client() {
    let mut limited = settings();
    limited.window = NonZeroU16::MIN;
    let mut house = House::with(limited, Arc::new(Open)).await;
    let mut client = house.raw().await;
    client.hello(&connect(4, "k", 1)).await;
    client.send(&[publish(4, "t", 1, 1, b"x"), publish(4, "t", 1, 2, b"x")].concat()).await;
    let held = house.next().await;
    tokio::time::sleep(Duration::from_millis(1800)).await;
    held.ticket.spend();
    assert_eq!(house.keep().await.len(), 1);
    assert_eq!(client.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(client.packet().await, [0x40, 2, 0, 2]);
}

/// Proves users by nothing; `lorawan` speaks for others.
struct Proved;

impl Access for Proved {
    fn connect(&self, _: &Credentials<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn proves_users(&self) -> bool {
        true
    }

    fn speaks_for_others(&self, user: &str) -> bool {
        user == "lorawan"
    }
}

async fn user(house: &House, id: &str, user: &str) -> Raw {
    let mut raw = house.raw().await;
    raw.hello(&connect_as(4, id, user, "x")).await;
    raw
}

fn messages(ids: std::ops::RangeInclusive<u16>) -> Vec<u8> {
    ids.flat_map(|id| publish(4, "t", 1, id, b"x")).collect()
}

#[tokio::test]
async fn sec_14_a_device_has_one_rate_over_all_its_connections_and_coming_back_gives_no_other_burst() {
    let mut limited = settings();
    (limited.device_rate, limited.device_burst) = (40, 20);
    let mut house = House::with(limited, Arc::new(Proved)).await;
    let (mut one, mut other) = (user(&house, "1", "bin-1").await, user(&house, "2", "bin-1").await);
    let start = Instant::now();
    one.send(&messages(1..=20)).await;
    house.keep_many(20).await;
    other.send(&messages(1..=10)).await;
    house.keep_many(10).await;
    assert!(start.elapsed() >= Duration::from_millis(240), "10 more at 40 a second: {:?}", start.elapsed());
    drop((one, other));
    house.wait_for_connections(0).await;
    let mut back = user(&house, "1", "bin-1").await;
    let again = Instant::now();
    back.send(&messages(1..=20)).await;
    house.keep_many(20).await;
    assert!(again.elapsed() >= Duration::from_millis(200), "{:?}", again.elapsed());
    for id in 1..=20 {
        assert_eq!(back.packet().await, [0x40, 2, 0, id], "nothing is dropped");
    }
}

#[tokio::test]
async fn sec_14_the_rate_of_a_device_holds_up_neither_another_nor_who_speaks_for_many() {
    let mut limited = settings();
    (limited.device_rate, limited.device_burst) = (1, 2);
    let mut house = House::with(limited, Arc::new(Proved)).await;
    let mut flooding = user(&house, "1", "bin-1").await;
    flooding.send(&messages(1..=1000)).await;
    house.keep_many(2).await;
    let (mut other, mut gateway) = (user(&house, "2", "bin-2").await, user(&house, "3", "lorawan").await);
    let start = Instant::now();
    other.send(&messages(1..=2)).await;
    gateway.send(&messages(1..=200)).await;
    let mut kept = 0;
    // Among them what little the flooding one is granted meanwhile.
    while kept < 202 {
        kept += house.keep().await.len();
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    for id in 1..=2 {
        assert_eq!(other.packet().await, [0x40, 2, 0, id]);
    }
    for id in 1..=200 {
        assert_eq!(gateway.packet().await, [0x40, 2, 0, id]);
    }
}

#[tokio::test]
async fn sec_14_an_address_has_one_rate_over_all_its_connections() {
    let mut limited = settings();
    (limited.address_rate, limited.device_rate) = (50, 0);
    let mut house = House::with(limited, Arc::new(Proved)).await;
    let (mut one, mut other) = (user(&house, "1", "bin-1").await, user(&house, "2", "bin-2").await);
    let start = Instant::now();
    one.send(&messages(1..=50)).await;
    house.keep_many(50).await;
    let mut gateway = user(&house, "3", "lorawan").await;
    gateway.send(&messages(1..=500)).await;
    house.keep_many(500).await;
    assert!(start.elapsed() < Duration::from_secs(5), "who speaks for many does not wait: {:?}", start.elapsed());
    let start = Instant::now();
    other.send(&messages(1..=100)).await;
    house.keep_many(100).await;
    assert!(start.elapsed() >= Duration::from_millis(290), "at 50 a second, of which some are there: {:?}", start.elapsed());
}

#[tokio::test]
async fn sec_14_by_default_a_device_says_one_thing_a_second_and_twenty_at_once_and_an_address_a_thousand() {
    let shipped = settings();
    assert_eq!((shipped.device_rate, shipped.device_burst, shipped.address_rate), (1, 20, 1000));
    let mut house = House::with(shipped, Arc::new(Proved)).await;
    let mut device = user(&house, "1", "bin-1").await;
    device.send(&messages(1..=22)).await;
    let start = Instant::now();
    house.keep_many(20).await;
    let at_once = start.elapsed();
    house.keep_many(2).await;
    assert!(start.elapsed() >= Duration::from_millis(1800), "the last two at one a second: {at_once:?}, {:?}", start.elapsed());
}

#[tokio::test]
async fn sec_03_a_device_sends_16_kib_at_most_and_who_speaks_for_many_more() {
    let house = House::with(settings(), Arc::new(Proved)).await;
    let large = publish(4, "t", 1, 1, &[0; 16 << 10]);
    let mut device = user(&house, "1", "bin-1").await;
    device.send(&large).await;
    assert_eq!(device.ended().await, None, "it is ended");
    let mut gateway = user(&house, "2", "lorawan").await;
    gateway.send(&large).await;
    gateway.ping().await;
    assert_eq!(house.gauges.publishes(), 1);
}

#[tokio::test]
async fn sec_14_a_device_has_a_limit_of_connections_and_one_more_ends_its_oldest() {
    let mut limited = settings();
    limited.max_connections_per_device = 2;
    let house = House::with(limited, Arc::new(Proved)).await;
    let mut of_another = user(&house, "0", "bin-2").await;
    let mut oldest = user(&house, "1", "bin-1").await;
    let mut second = user(&house, "2", "bin-1").await;
    let mut third = user(&house, "3", "bin-1").await;
    assert_eq!(oldest.ended().await, None);
    second.ping().await;
    third.ping().await;
    of_another.ping().await;
}
