//! The pages with made-up devices, to look at: `cargo run -p dashboards --example preview`, then
//! http://127.0.0.1:8089/. Values move, so that the live stream can be seen.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a town that cannot be made up must fail loudly, and its numbers are small"
)]

#[path = "../tests/fakes/mod.rs"]
mod fakes;

use std::sync::Arc;
use std::time::Duration;

use fakes::Town;
use ports::LiveFrame;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let town = Town::believable(Arc::new(ports::SystemClock));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8089").await?;
    println!("http://{}/", listener.local_addr()?);
    let house = town.house();
    let settings = house.settings.clone();
    let live = house.live.clone();
    let moving = async {
        loop {
            tokio::time::sleep(Duration::from_millis(700)).await;
            live.tell(LiveFrame::Readings(town.breathe().into()));
        }
    };
    tokio::select! {
        served = dashboards::serve(listener, dashboards::router(house), &settings, std::future::pending()) => served,
        () = moving => Ok(()),
    }
}
