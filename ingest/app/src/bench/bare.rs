//! The peer: a rumqttc subscriber that only counts. It keeps nothing, decodes nothing, judges nothing.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

use crate::bench::args::Bare;
use crate::failure::{Code, Failure};

/// Counts messages of a broker, says when all are there, and waits to be ended.
pub(crate) async fn bare(options: &Bare) -> Result<(), Failure> {
    let mut mqtt = MqttOptions::new("marsad-bench-bare", options.broker.ip().to_string(), options.broker.port());
    mqtt.set_keep_alive(Duration::from_secs(30)).set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut events) = AsyncClient::new(mqtt, 16);
    let broken = |cause: &dyn std::fmt::Display| Failure::new(Code::Unavailable, format!("the broker: {cause}"));
    let qos = if options.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    client.subscribe("marsad/#", qos).await.map_err(|e| broken(&e))?;
    let mut left = options.messages;
    while left > 0 {
        match events.poll().await.map_err(|e| broken(&e))? {
            Event::Incoming(Packet::Publish(_)) => left -= 1,
            Event::Incoming(Packet::SubAck(_)) => println!("subscribed"),
            Event::Incoming(_) | Event::Outgoing(_) => {}
        }
    }
    println!("counted");
    // Stays until it is ended, so that its processor time can be read from outside.
    std::future::pending().await
}
