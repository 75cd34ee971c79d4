//! Stopping: what was taken is acknowledged, what was not taken is left to the client.

use std::time::Duration;

use crate::common::{House, PATIENCE, connect_with_will, publish};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn stop_writes_the_acknowledgements_of_all_that_was_taken_and_then_says_so() {
    let mut house = House::open().await;
    let mut five = house.raw().await;
    five.hello(&connect_with_will(5, "five", 0)).await;
    let mut four = house.client(4, "four").await;
    five.send(&publish(5, "t", 1, 1, b"x")).await;
    let first = house.next().await;
    four.send(&publish(4, "t", 2, 2, b"x")).await;
    let second = house.next().await;
    house.stop.cancel();
    crate::common::eventually({
        let address = house.address;
        move || std::net::TcpStream::connect(address).is_err()
    })
    .await;
    five.send(&publish(5, "t", 1, 3, b"too late")).await;
    assert!(!house.done.is_finished(), "two tickets are out");
    first.ticket.spend();
    assert_eq!(five.packet().await, [0x40, 2, 0, 1]);
    assert_eq!(five.ended().await, Some(0x8B));
    drop(five);
    second.ticket.spend();
    assert_eq!(four.packet().await, [0x50, 2, 0, 2]);
    assert_eq!(four.ended().await, None);
    drop(four);
    timeout(PATIENCE, &mut house.done).await.expect("ends in time").unwrap();
    assert!(house.arrived().is_none(), "neither what came too late nor a will");
}

#[tokio::test]
async fn a_dropped_ticket_does_not_hold_up_the_stop() {
    let mut house = House::open().await;
    let mut client = house.client(5, "c").await;
    client.send(&publish(5, "t", 1, 1, b"x")).await;
    let held = house.next().await;
    house.stop.cancel();
    drop(held);
    assert_eq!(client.ended().await, Some(0x8B));
    drop(client);
    timeout(PATIENCE, house.done).await.expect("ends in time").unwrap();
}

#[tokio::test]
async fn the_deadline_ends_what_tickets_hold_up() {
    let mut house = House::open().await;
    let mut client = house.client(4, "c").await;
    client.send(&publish(4, "t", 1, 1, b"x")).await;
    let held = house.next().await;
    house.stop.cancel();
    house.deadline.cancel();
    timeout(PATIENCE, house.done).await.expect("ends in time").unwrap();
    assert_eq!(client.ended().await, None);
    held.ticket.spend();
}

#[tokio::test]
async fn stop_does_not_wait_for_those_who_never_said_hello() {
    let house = House::open().await;
    let silent = TcpStream::connect(house.address).await.unwrap();
    house.wait_for_connections(1).await;
    house.stop.cancel();
    timeout(Duration::from_secs(3), house.done).await.expect("well within the connect timeout").unwrap();
    drop(silent);
}
