//! On a real socket: connections that stand still, and the end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;

async fn open(
    change: impl FnOnce(&mut dashboards::Settings),
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<std::io::Result<()>>) {
    let mut house = Town::believable(Arc::new(Still)).house();
    change(&mut house.settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let settings = house.settings.clone();
    let task = tokio::spawn(async move {
        let stop = async { drop(stopped.await) };
        dashboards::serve(listener, dashboards::router(house), &settings, stop).await
    });
    (address, stop, task)
}

async fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_page_is_served_and_the_end_does_not_wait_for_event_streams() {
    let (address, stop, task) = open(|_| {}).await;
    let page = ask(&mut TcpStream::connect(address).await.unwrap(), "/fr/").await;
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("</html>"));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(4), task).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_stands_still_is_closed_and_gives_its_place_to_the_next() {
    let (address, _stop, _task) = open(|settings| {
        settings.connections = 1;
        settings.idle = Duration::from_millis(150);
    })
    .await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut next = TcpStream::connect(address).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(4), ask(&mut next, "/healthz")).await.expect("the place is given on");
    assert!(answer.ends_with("ok\n"), "{answer}");
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0, "the silent one was closed");
}

#[tokio::test]
async fn a_closed_period_is_sent_once_over_a_socket_too() {
    let (address, _stop, _task) = open(|_| {}).await;
    let path = "/api/v1/readings?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";
    let first = ask(&mut TcpStream::connect(address).await.unwrap(), path).await;
    let tag = first.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").to_owned();
    let mut again = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nif-none-match: {tag}\r\nconnection: close\r\n\r\n");
    again.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    again.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 304 Not Modified") && text.ends_with("\r\n\r\n"), "{text}");
}
