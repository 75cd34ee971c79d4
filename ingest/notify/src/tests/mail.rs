//! Mail over real sockets; and half an hour without a receiver, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, DeliveryError, Form, Language, Notifier, Step};
use schemas::Phase;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::dispatcher::Virtual;
use super::https::file;
use super::receiver::Receiver;
use super::smtp::{Break, Mode, Server};
use super::{Fared, Lines, bare, dispatch, quick, single, start, transition, wall};
use crate::channels::{Context, email};
use crate::{Settings, Webhook, WebhookKeys};

fn keys(server: &Server, mode: Mode) -> Map<String, Value> {
    let protection = match mode {
        Mode::Plain => "none",
        Mode::Tls => "tls",
        Mode::Starttls => "starttls",
    };
    let keys = json!({
        "server": "127.0.0.1", "port": server.address.port(), "protection": protection,
        "from": "Marsad <alerts@city.example>", "to": ["desk@city.example"],
    });
    keys.as_object().unwrap().clone()
}

fn mailer(keys: Map<String, Value>) -> Arc<dyn Notifier> {
    mailer_within(keys, Duration::from_secs(2))
}

fn mailer_within(keys: Map<String, Value>, timeout: Duration) -> Arc<dyn Notifier> {
    let (clock, catalogue): (Arc<dyn Clock>, _) = (wall(), Arc::default());
    let context = Context { timeout, clock: &clock, catalogue: &catalogue, simulated: None };
    (email::TYPE.make)(&context, keys).unwrap()
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it took more than a minute")
}

#[tokio::test]
async fn a_server_that_breaks_in_every_way_gets_each_mail_once_by_its_id_and_in_order() {
    let script = vec![
        Break::Text("451 later"),
        Break::Take,
        Break::Drop,
        Break::Greet("421 too busy"),
        Break::TakeAndDrop,
        Break::Take,
        Break::Recipient("450 mailbox busy"),
        Break::Hang,
        Break::Take,
        Break::TakeAndDrop,
    ];
    let server = Server::new(Mode::Plain, script).await;
    let lines = Lines::new();
    lines.post_pairs("mail", 3, wall().now());
    let _work = dispatch("mail", &lines, mailer(keys(&server, Mode::Plain)), wall(), &quick());
    soon(lines.settled(6)).await;
    let taken = server.taken();
    let told: Vec<_> = taken.iter().map(|mail| mail.header("Subject")).collect();
    assert_eq!(told.len(), 6, "{told:?}");
    for (place, mail) in taken.iter().enumerate() {
        assert!(mail.text.contains(&format!("bin-{:04}:", place / 2)), "mail {place} is out of order");
        assert!(mail.text.contains(if place % 2 == 0 { ":firing" } else { ":resolved" }), "mail {place} is out of order");
    }
    assert_eq!(lines.fared(), vec![Fared::Delivered; 6]);
    assert!(server.connections() > 12);
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_a_dead_letter_but_a_wrong_password_is_tried_again() {
    let server = Server::new(Mode::Plain, vec![Break::Text("554 spam"), Break::Recipient("550 nobody")]).await;
    let mail = mailer(keys(&server, Mode::Plain));
    let n = single("mail", transition(1, Phase::Firing));
    for said in ["554", "550"] {
        let refused = mail.deliver(&n).await.unwrap_err();
        assert!(matches!(&refused, DeliveryError::Refused(why) if why.contains(said)), "{refused}");
    }
    let server = Server::new(Mode::Plain, vec![Break::Password("535 who are you")]).await;
    let mut keys = keys(&server, Mode::Plain);
    keys.insert("user".to_owned(), "marsad".into());
    keys.insert("password".to_owned(), "secret".into());
    let mail = mailer(keys);
    let refused = mail.deliver(&n).await.unwrap_err();
    assert!(matches!(&refused, DeliveryError::Unavailable { reason, .. } if reason.contains("535")), "{refused}");
    mail.deliver(&n).await.unwrap();
    assert!(server.taken()[0].signed_in);
}

#[tokio::test]
async fn the_connection_is_encrypted_or_nothing_is_sent() {
    let n = single("mail", transition(1, Phase::Firing));
    for mode in [Mode::Tls, Mode::Starttls] {
        let server = Server::new(mode, vec![]).await;
        let mut trusting = keys(&server, mode);
        trusting.insert("ca_file".to_owned(), file("ca.pem").to_str().unwrap().into());
        mailer(trusting).deliver(&n).await.unwrap();
        assert!(server.taken()[0].encrypted, "{mode:?}");
        let stranger = mailer(keys(&server, mode)).deliver(&n).await.unwrap_err();
        assert!(matches!(stranger, DeliveryError::Unavailable { .. }), "{mode:?}: {stranger}");
        assert_eq!(server.taken().len(), 1);
    }
    // A server that does not offer STARTTLS, as somebody in the middle would have it.
    let server = Server::new(Mode::Plain, vec![]).await;
    let refused = mailer(keys(&server, Mode::Starttls)).deliver(&n).await.unwrap_err();
    assert!(matches!(refused, DeliveryError::Unavailable { .. }), "{refused}");
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_mail_is_text_and_html_in_the_receivers_language_and_the_end_answers_the_beginning() {
    let server = Server::new(Mode::Plain, vec![]).await;
    let mail = mailer(keys(&server, Mode::Plain));
    let mut n = single("mail", transition(1, Phase::Firing));
    n.to = vec!["ops@arma.example".to_owned(), "boss@arma.example".to_owned()];
    mail.deliver(&n).await.unwrap();
    let end = single("mail", transition(1, Phase::Resolved));
    mail.deliver(&end).await.unwrap();
    n.language = Language::Ar;
    n.form = Form::Digest;
    n.id = "digest".to_owned();
    n.steps = (0..150).map(|b| Step { transition: transition(b, Phase::Firing), fired_at: None, mark: None }).collect();
    mail.deliver(&n).await.unwrap();

    let taken = server.taken();
    assert_eq!(taken[0].recipients.len(), 2);
    assert_eq!(taken[0].header("Subject"), "Bac bin-0001 plein");
    assert_eq!(taken[0].header("Auto-Submitted"), "auto-generated");
    assert_eq!(taken[0].header("Date"), "Sat, 21 Nov 2026 20:00:00 +0000", "of the outbox, whenever it is sent");
    assert!(taken[0].text.contains("text/plain") && taken[0].text.contains("text/html"));
    assert_eq!(taken[1].header("In-Reply-To"), taken[0].header("Message-ID"));
    assert!(taken[2].text.contains("dir=3D\"rtl\"") || taken[2].text.contains("base64"), "{}", taken[2].text);
}

/// Lets virtual seconds pass, each with a moment for the sockets, which live in real time.
async fn pass(seconds: u32) {
    for _ in 0..seconds {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2))).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn after_half_an_hour_without_webhook_and_mail_each_gets_every_step_once_by_key_and_in_order() {
    // While a blocking task runs, virtual time stands still unless it is told to move.
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let holder = tokio::task::spawn_blocking(move || held.recv());
    let receiver = Receiver::new(vec![]).await;
    let (url, server) = (receiver.url(), Server::new(Mode::Plain, vec![]).await);
    server.always(Some(Break::Text("451 greylisted")));
    let dead = receiver.die().await;
    let healthy = Receiver::new(vec![]).await;
    let hook = |url: String| {
        let keys = WebhookKeys { url, ..WebhookKeys::default() };
        Arc::new(Webhook::new(&keys, Duration::from_secs(240), wall()).unwrap()) as Arc<dyn Notifier>
    };
    // Virtual seconds are short for a socket: a delivery may take many of them.
    let patient = Settings { timeout: Duration::from_secs(240), ..bare() };
    let mail = mailer_within(keys(&server, Mode::Plain), patient.timeout);
    let (lines, clock) = (Lines::new(), Arc::new(Virtual(Instant::now())) as Arc<dyn Clock>);
    let began = Instant::now();
    let _work = [
        dispatch("hook", &lines, hook(url), Arc::clone(&clock), &patient),
        dispatch("mail", &lines, mail, Arc::clone(&clock), &patient),
        dispatch("well", &lines, hook(healthy.url()), Arc::clone(&clock), &patient),
    ];
    let mut keys = Vec::new();
    for n in 0..3 {
        for to in [Phase::Firing, Phase::Resolved] {
            for name in ["hook", "mail", "well"] {
                lines.post(name, transition(n, to), start().plus(began.elapsed()));
            }
            keys.push(format!("hook/{}", transition(n, to).id));
            pass(300).await;
        }
        assert_eq!(healthy.taken().len(), 2 * n as usize + 2, "a dead receiver delays no other");
    }
    assert!(began.elapsed() >= Duration::from_secs(1800));
    assert!(server.taken().is_empty());
    let receiver = dead.come_back().await;
    server.always(None);
    for _ in 0..60 {
        if lines.fared().iter().all(|fared| *fared == Fared::Delivered) {
            break;
        }
        pass(30).await;
    }
    assert_eq!(lines.fared(), vec![Fared::Delivered; 18]);
    assert_eq!(receiver.taken(), keys);
    let mails: Vec<_> = server.taken().iter().map(|mail| mail.text.contains(":firing")).collect();
    assert_eq!(mails, [true, false, true, false, true, false]);
    drop(hold);
    let _ = holder.await;
}
