//! The webhook over real sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use ports::{DeliveryError, Notification, Notifier};
use schemas::Phase;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::receiver::{Break, Receiver};
use super::{AtWork, Fared, Lines, dispatch, quick, single, transition, wall};
use crate::{Webhook, WebhookKeys};

const SECRET: &str = "correct horse battery staple";

fn webhook(url: String) -> Arc<Webhook> {
    let keys = WebhookKeys { url, secret: Some(SECRET.to_owned()), ..WebhookKeys::default() };
    Arc::new(Webhook::new(&keys, quick().timeout, wall()).unwrap())
}

fn at_work(lines: &Arc<Lines>, receiver: &Receiver) -> AtWork {
    dispatch("hook", lines, webhook(receiver.url()), wall(), &quick())
}

fn notification() -> Notification {
    let transition = transition(42, Phase::Firing);
    single("fleet", transition)
}

/// More than any test here needs, so that a hang fails the test and not the machine.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it took more than 30 s")
}

#[tokio::test]
async fn a_receiver_that_breaks_in_every_way_gets_each_step_once_by_key_and_in_order() {
    let script = vec![
        Break::Answer(500, None),
        Break::Answer(204, None),
        Break::Reset,
        Break::Answer(429, None),
        Break::TakeAndDie,
        Break::Answer(200, None),
        Break::Hang,
        Break::Answer(503, Some(("retry-after", "0".to_owned()))),
        Break::Answer(201, None),
        Break::Answer(408, None),
        Break::Reset,
        Break::Reset,
        Break::TakeAndDie,
        Break::Hang,
    ];
    let receiver = Receiver::new(script).await;
    let lines = Lines::new();
    let keys = lines.post_pairs("hook", 6, wall().now());
    let work = at_work(&lines, &receiver);
    soon(lines.settled(12)).await;
    assert_eq!(receiver.taken(), keys);
    assert_eq!(lines.fared(), vec![Fared::Delivered; 12]);
    // At least: on a busy machine an attempt more may have taken too long.
    assert!(work.gauges.failed() >= 11, "every break but the three answers 2xx is a failure");
    // The repetitions of one step are one message: same key, same bytes.
    for request in receiver.requests() {
        let first = receiver.requests().into_iter().find(|r| r.key() == request.key()).unwrap();
        assert_eq!(first.body, request.body);
    }
}

#[tokio::test]
async fn a_receiver_that_dies_and_comes_back_gets_what_it_missed() {
    let receiver = Receiver::new(vec![]).await;
    let lines = Lines::new();
    let work = at_work(&lines, &receiver);
    lines.post("hook", transition(0, Phase::Firing), wall().now());
    soon(lines.settled(1)).await;

    let dead = receiver.die().await;
    lines.post("hook", transition(0, Phase::Resolved), wall().now());
    lines.post("hook", transition(1, Phase::Firing), wall().now());
    soon(async {
        while work.gauges.failed() < 5 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let trouble = work.gauges.trouble().unwrap();
    assert!(trouble.contains("refused") && !trouble.contains("token"), "{trouble}");

    let receiver = dead.come_back().await;
    soon(lines.settled(3)).await;
    assert_eq!(receiver.taken(), lines.keys("hook"));
    assert_eq!(work.gauges.trouble(), None);
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_second_gets_it() {
    let receiver = Receiver::new(vec![Break::Answer(429, Some(("retry-after", "1".to_owned())))]).await;
    let lines = Lines::new();
    lines.post_pairs("hook", 1, wall().now());
    let before = Instant::now();
    let _work = at_work(&lines, &receiver);
    soon(lines.settled(2)).await;
    assert!(before.elapsed() >= Duration::from_secs(1), "{:?}", before.elapsed());
    assert_eq!(receiver.taken(), lines.keys("hook"));
}

#[tokio::test]
async fn what_the_receiver_refuses_is_buried_with_its_answer_and_the_next_goes_on() {
    let moved = Some(("location", "http://127.0.0.1:1/elsewhere".to_owned()));
    let receiver = Receiver::new(vec![Break::Answer(400, None), Break::Answer(200, None), Break::Answer(302, moved)]).await;
    let lines = Lines::new();
    let keys = lines.post_pairs("hook", 2, wall().now());
    let work = at_work(&lines, &receiver);
    soon(lines.settled(4)).await;
    assert_eq!(receiver.taken(), [keys[1].clone(), keys[3].clone()]);
    let fared = lines.fared();
    assert!(
        matches!(&fared[0], Fared::Dead(why) if why.contains("400") && why.contains("because the test says so")),
        "{fared:?}"
    );
    assert!(matches!(&fared[2], Fared::Dead(why) if why.contains("302") && why.contains("not followed")), "{fared:?}");
    assert_eq!(work.gauges.buried(), 2);
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_no_other_channel() {
    let hanging = Receiver::new(vec![Break::Hang; 100]).await;
    let well = Receiver::new(vec![]).await;
    let lines = Lines::new();
    lines.post("dead", transition(0, Phase::Firing), wall().now());
    let _dead = dispatch("dead", &lines, webhook(hanging.url()), wall(), &quick());
    let _work = at_work(&lines, &well);
    let keys = lines.post_pairs("hook", 20, wall().now());
    soon(lines.settled(40)).await;
    assert_eq!(well.taken(), keys);
    assert_eq!(lines.fared()[0], Fared::Waiting);
}

#[tokio::test]
async fn the_request_is_the_one_that_the_reference_page_shows() {
    let receiver = Receiver::new(vec![]).await;
    let (before, now) = (wall().now().millis() / 1000, || wall().now().millis() / 1000);
    webhook(receiver.url()).deliver(&notification()).await.unwrap();

    let request = &receiver.requests()[0];
    let page = include_str!("../../../../docs/reference/webhook.md");
    let shown = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let shown: serde_json::Value = serde_json::from_str(shown).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent, shown, "docs/reference/webhook.md shows another body");

    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.key(), format!("fleet/{}", sent["id"].as_str().unwrap()));
    let timestamp = request.header("x-marsad-timestamp");
    assert!((before..=now()).contains(&timestamp.parse().unwrap()), "{timestamp}");

    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&request.body);
    let signature = request.header("x-signature");
    assert_eq!(signature, request.header("x-marsad-signature"), "the older name says the same");
    let digits = signature.strip_prefix("sha256=").unwrap();
    let bytes: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap()).collect();
    mac.verify_slice(&bytes).unwrap();
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let receiver = Receiver::new(vec![]).await;
    let keys = WebhookKeys { url: receiver.url(), ..WebhookKeys::default() };
    Webhook::new(&keys, quick().timeout, wall()).unwrap().deliver(&notification()).await.unwrap();
    assert!(receiver.requests()[0].headers.get("x-signature").is_none());
}

#[tokio::test]
async fn a_success_counts_even_if_its_body_never_ends() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 16384]).await.unwrap() > 0);
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    });
    webhook(url).deliver(&notification()).await.unwrap();
    server.abort();
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 16384]).await.unwrap() > 0);
        let head = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 1000000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let refused = webhook(url).deliver(&notification()).await.unwrap_err();
    assert!(matches!(&refused, DeliveryError::Refused(why) if why.len() < 400), "{refused}");
    server.abort();
}
