//! What the endpoint answers to what, byte by byte.

use std::sync::Arc;

use crate::common::{House, connect, connect_as, connect_with, connect_with_will, packet, publish, settings};
use endpoint::{Access, Credentials, Identity, Open, Refusal};

#[tokio::test]
async fn both_versions_are_taken_on_one_port_and_5_is_told_the_limits() {
    let house = House::open().await;
    let mut four = house.raw().await;
    assert_eq!(four.hello(&connect(4, "four", 0)).await, [0x20, 2, 0, 0]);
    let mut five = house.raw().await;
    let answer = five.hello(&connect(5, "five", 0)).await;
    let window = settings().window.get().to_be_bytes();
    assert!(answer.windows(3).any(|w| w == [0x21, window[0], window[1]]), "receive maximum: {answer:x?}");
    assert!(answer.windows(5).any(|w| w == [0x27, 0, 0x10, 0, 0]), "maximum packet size: {answer:x?}");
    assert!(answer.windows(6).any(|w| w == [0x28, 0, 0x29, 0, 0x2A, 0]), "no subscriptions: {answer:x?}");
    assert!(answer.windows(3).any(|w| w == [0x22, 0, 32]), "topic aliases: {answer:x?}");
}

#[tokio::test]
async fn puback_waits_for_its_ticket_while_pings_are_answered() {
    for version in [4, 5] {
        let mut house = House::open().await;
        let mut client = house.client(version, "c").await;
        client.send(&publish(version, "t", 1, 258, b"x")).await;
        let arrivals = house.next().await;
        client.ping().await;
        arrivals.ticket.spend();
        assert_eq!(client.packet().await, [0x40, 2, 1, 2]);
    }
}

#[tokio::test]
async fn tickets_spent_out_of_order_are_acknowledged_in_order() {
    let mut house = House::open().await;
    let mut client = house.client(4, "c").await;
    client.send(&publish(4, "t", 1, 1, b"x")).await;
    let first = house.next().await;
    client.send(&publish(4, "t", 2, 2, b"x")).await;
    let second = house.next().await;
    second.ticket.spend();
    client.ping().await;
    first.ticket.spend();
    assert_eq!(client.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(client.packet().await, [0x50, 2, 0, 2]);
}

#[tokio::test]
async fn qos_2_is_delivered_once_until_it_is_released() {
    let mut house = House::open().await;
    let mut client = house.client(4, "c").await;
    let message = publish(4, "t", 2, 9, b"once");
    client.send(&message).await;
    let arrivals = house.next().await;
    client.send(&message).await;
    client.ping().await;
    assert!(house.arrived().is_none(), "a repeated identifier is not a second message");
    arrivals.ticket.spend();
    assert_eq!(client.packet().await, [0x50, 2, 0, 9]);
    client.send(&message).await;
    assert_eq!(client.packet().await, [0x50, 2, 0, 9], "repeated, so answered again");
    assert!(house.arrived().is_none());
    client.send(&[0x62, 2, 0, 9]).await;
    assert_eq!(client.packet().await, [0x70, 2, 0, 9]);
}

#[tokio::test]
async fn many_packets_in_one_read_are_one_intake_call_and_come_in_order() {
    let mut house = House::open().await;
    let mut client = house.raw().await;
    let mut bytes = connect(4, "c", 0);
    for id in 1..=20 {
        bytes.extend(publish(4, &format!("t/{id}"), 1, id, b"x"));
    }
    client.send(&bytes).await;
    let got = house.keep().await;
    assert_eq!(got.len(), 20);
    assert!(got.iter().enumerate().all(|(i, p)| *p.topic == *format!("t/{}", i + 1)), "{got:?}");
    assert_eq!(client.packet().await, [0x20, 2, 0, 0]);
    for id in 1..=20 {
        assert_eq!(client.packet().await, [0x40, 2, 0, id]);
    }
}

#[tokio::test]
async fn packets_that_come_byte_by_byte_are_put_together() {
    let mut house = House::open().await;
    let mut client = house.raw().await;
    let bytes = [connect(5, "c", 0), publish(5, "t", 1, 1, &[42; 200]), publish(5, "t", 0, 0, b"end")].concat();
    client.0.set_nodelay(true).unwrap();
    for byte in bytes {
        client.send(&[byte]).await;
    }
    let got = house.keep_many(2).await;
    assert_eq!((&got[0].payload[..], &got[1].payload[..]), (&[42; 200][..], &b"end"[..]));
}

#[tokio::test]
async fn a_large_payload_comes_as_it_was_sent() {
    let mut house = House::open().await;
    let mut client = house.client(4, "c").await;
    let payload: Vec<u8> = (0..900_000_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    client.send(&publish(4, "big", 1, 1, &payload)).await;
    assert!(house.keep().await[0].payload == payload);
    assert_eq!(client.packet().await, [0x40, 2, 0, 1]);
}

#[tokio::test]
async fn topic_aliases_are_resolved() {
    let mut house = House::open().await;
    let mut client = house.client(5, "c").await;
    client.send(&packet(0x30, b"\x00\x03a/b\x03\x23\x00\x01first")).await;
    client.send(&packet(0x30, b"\x00\x00\x03\x23\x00\x01second")).await;
    let got = house.keep_many(2).await;
    assert_eq!((&*got[1].topic, &got[1].payload[..]), ("a/b", &b"second"[..]));
}

#[tokio::test]
async fn subscribe_is_refused_with_the_right_code_and_unsubscribe_answered() {
    let house = House::open().await;
    let mut four = house.client(4, "four").await;
    four.send(&packet(0x82, b"\x00\x07\x00\x01#\x01\x00\x03a/b\x00")).await;
    assert_eq!(four.packet().await, [0x90, 4, 0, 7, 0x80, 0x80]);
    four.send(&packet(0xA2, b"\x00\x08\x00\x01#")).await;
    assert_eq!(four.packet().await, [0xB0, 2, 0, 8]);
    four.ping().await;

    let mut five = house.client(5, "five").await;
    five.send(&packet(0x82, b"\x00\x07\x00\x00\x01#\x01")).await;
    let answer = five.packet().await;
    assert_eq!((answer[0], answer.last()), (0x90, Some(&0x87)));
    assert!(String::from_utf8_lossy(&answer).contains("only takes publishes"), "it says why");
    five.send(&packet(0xA2, b"\x00\x08\x00\x00\x01#")).await;
    assert_eq!(five.packet().await, [0xB0, 4, 0, 8, 0, 0x11]);
}

#[tokio::test]
async fn a_will_is_a_message_when_the_connection_ends_without_disconnect() {
    for version in [4, 5] {
        let mut house = House::open().await;
        let mut client = house.raw().await;
        client.hello(&connect_with_will(version, "w", 0)).await;
        drop(client);
        let will = house.keep().await.remove(0);
        assert_eq!((&*will.topic, &will.payload[..], will.qos, will.will), ("gone/w", &b"farewell"[..], 1, true));
        assert_eq!(house.gauges.wills(), 1);
    }
}

#[tokio::test]
async fn a_will_is_discarded_by_disconnect_and_kept_by_disconnect_with_will() {
    let mut house = House::open().await;
    let mut client = house.raw().await;
    client.hello(&connect_with_will(4, "quiet", 0)).await;
    client.send(&[0xE0, 0]).await;
    assert_eq!(client.ended().await, None);
    let mut client = house.raw().await;
    client.hello(&connect_with_will(5, "loud", 0)).await;
    client.send(&[0xE0, 1, 4]).await;
    assert_eq!(client.ended().await, None);
    let got = house.keep().await;
    assert_eq!(&*got[0].topic, "gone/loud");
    house.wait_for_connections(0).await;
    assert!(house.arrived().is_none(), "no will of the one that said goodbye");
}

#[tokio::test]
async fn the_same_client_identifier_takes_the_connection_over() {
    let mut house = House::open().await;
    let mut old = house.raw().await;
    old.hello(&connect_with_will(5, "same", 0)).await;
    let mut new = house.client(4, "same").await;
    assert_eq!(old.ended().await, Some(0x8E));
    drop(old);
    assert_eq!(&*house.keep().await[0].topic, "gone/same");
    let newest = house.client(5, "same").await;
    assert_eq!(new.ended().await, None, "3.1.1 servers just close");
    drop(new);
    house.wait_for_connections(1).await;
    drop(newest);
}

#[tokio::test]
async fn a_client_without_identifier_is_given_one() {
    let house = House::open().await;
    let mut five = house.raw().await;
    let answer = five.hello(&connect(5, "", 0)).await;
    assert!(String::from_utf8_lossy(&answer).contains("auto-"), "assigned client identifier: {answer:x?}");
    let _four = house.client(4, "").await;
    five.ping().await;
    let mut kept = house.raw().await;
    kept.send(&connect_with(4, 0x00, 0, &[0, 0])).await;
    assert_eq!(kept.ended().await, Some(2), "3.1.1 wants a clean session for that");
}

struct Doorman;

impl Access for Doorman {
    fn connect(&self, who: &Credentials<'_>) -> Result<(), Refusal> {
        match (who.user, who.password) {
            (Some("ann"), Some(b"right")) => Ok(()),
            (Some("bob"), _) => Err(Refusal::NotAuthorized),
            _ => Err(Refusal::BadCredentials),
        }
    }

    fn publish(&self, who: &Identity<'_>, topic: &str) -> bool {
        Some(topic) == who.user
    }
}

#[tokio::test]
async fn user_and_password_are_checked_and_refusals_say_why() {
    let house = House::with(settings(), Arc::new(Doorman)).await;
    for (version, user, password, code) in
        [(4, "ann", "wrong", 4), (4, "bob", "x", 5), (5, "ann", "wrong", 0x86), (5, "bob", "x", 0x87)]
    {
        let mut client = house.raw().await;
        client.send(&connect_as(version, "c", user, password)).await;
        assert_eq!(client.ended().await, Some(code));
    }
    house.raw().await.hello(&connect_as(4, "c", "ann", "right")).await;
    assert_eq!(house.gauges.refused_clients(), 4);
}

#[tokio::test]
async fn a_refused_publish_is_counted_and_not_delivered() {
    let mut house = House::with(settings(), Arc::new(Doorman)).await;
    let mut five = house.raw().await;
    five.hello(&connect_as(5, "five", "ann", "right")).await;
    five.send(&[publish(5, "ann", 1, 1, b"yes"), publish(5, "other", 1, 2, b"no"), publish(5, "other", 2, 3, b"no")].concat())
        .await;
    let got = house.next().await;
    assert_eq!(got.publishes.len(), 1);
    five.ping().await;
    got.ticket.spend();
    assert_eq!(five.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(five.packet().await, [0x40, 3, 0, 2, 0x87]);
    assert_eq!(five.packet().await, [0x50, 3, 0, 3, 0x87]);
    let mut four = house.raw().await;
    four.hello(&connect_as(4, "four", "ann", "right")).await;
    four.send(&publish(4, "other", 1, 7, b"no")).await;
    assert_eq!(four.packet().await, [0x40, 2, 0, 7], "3.1.1 cannot be told otherwise");
    assert!(house.arrived().is_none());
    assert_eq!(house.gauges.refused_publishes(), 3);
}

#[tokio::test]
async fn a_dropped_ticket_is_not_acknowledged_and_ends_the_connection_after_the_others() {
    let mut house = House::open().await;
    let mut client = house.client(5, "c").await;
    client.send(&publish(5, "t", 1, 1, b"x")).await;
    let first = house.next().await;
    client.send(&publish(5, "t", 1, 2, b"x")).await;
    drop(house.next().await);
    client.ping().await;
    first.ticket.spend();
    assert_eq!(client.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(client.ended().await, Some(0x83));
}

#[tokio::test]
async fn a_dropped_ticket_of_qos_0_changes_nothing() {
    let mut house = House::with(settings(), Arc::new(Open)).await;
    let mut client = house.client(4, "c").await;
    client.send(&publish(4, "t", 0, 0, b"x")).await;
    drop(house.next().await);
    client.ping().await;
}
