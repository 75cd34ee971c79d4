//! SMS, MQTT, Open311 and the dry run, against servers on real sockets.

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, DeliveryError, Form, Language, Mark, Notification, Notifier, Step};
use schemas::{Catalogue, Device, Phase, Place, Timestamp};
use serde_json::{Value, json};

use super::broker::Broker;
use super::receiver::{Break, Receiver};
use super::{single, transition, wall};
use crate::channels::{ChannelType, Context, mqtt, open311, sms, webhook};
use crate::{DryRun, gsm, render};

pub(super) fn make(kind: &ChannelType, keys: &Value, simulated: bool) -> Result<Arc<dyn Notifier>, String> {
    let clock: Arc<dyn Clock> = wall();
    let mut catalogue = Catalogue::default();
    let t = transition(1, Phase::Firing);
    let mut device = Device::new(t.series.device, t.kind, t.zone);
    device.place = Some(Place::new(33.5981, -7.6156).unwrap());
    catalogue.insert(device);
    let catalogue = Arc::new(catalogue);
    let context = Context {
        timeout: Duration::from_secs(2),
        clock: &clock,
        catalogue: &catalogue,
        simulated: simulated.then_some(Timestamp::MIN),
    };
    (kind.make)(&context, keys.as_object().unwrap().clone())
}

fn several(form: Form, steps: impl Iterator<Item = (u32, Phase)>) -> Notification {
    let steps = steps.map(|(n, to)| Step { transition: transition(n, to), fired_at: None, mark: None }).collect();
    Notification { form, id: "several".to_owned(), steps, ..single("arma", transition(0, Phase::Firing)) }
}

#[tokio::test]
async fn an_sms_goes_to_each_number_with_its_headers_and_is_escaped_for_its_form() {
    let receiver = Receiver::new(vec![]).await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("token"), "Bearer t0ken\n").unwrap();
    let keys = json!({
        "url": receiver.url(), "form": "json", "body": "{\"to\":\"{to}\",\"message\":\"{text}\",\"ref\":\"{key}\"}",
        "header": [{ "name": "Authorization", "value_file": directory.path().join("token") }],
    });
    let channel = make(&sms::TYPE, &keys, false).unwrap();
    let mut n = single("arma", transition(1, Phase::Firing));
    n.steps[0].transition.texts.fr = "Bac \"1\" fenêtre".to_owned();
    n.to = vec!["+212600000001".to_owned(), "+212600000002".to_owned()];
    channel.deliver(&n).await.unwrap();
    let sent: Vec<Value> = receiver.requests().iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(sent[0], json!({ "to": "+212600000001", "message": "Bac \"1\" fenetre", "ref": n.key() }));
    assert_eq!((sent.len(), &sent[1]["to"]), (2, &json!("+212600000002")));
    assert_eq!(receiver.requests()[0].header("authorization"), "Bearer t0ken");
    assert_eq!(receiver.taken().len(), 2, "each number has a key of its own");

    let receiver = Receiver::new(vec![Break::Answer(429, None), Break::Answer(400, None)]).await;
    let keys = json!({ "url": receiver.url(), "form": "form", "body": "to={to}&text={text}", "to": ["+212600000003"] });
    let channel = make(&sms::TYPE, &keys, false).unwrap();
    n.to.clear();
    assert!(matches!(channel.deliver(&n).await, Err(DeliveryError::Unavailable { .. })));
    assert!(matches!(channel.deliver(&n).await, Err(DeliveryError::Refused(_))));
    assert_eq!(receiver.requests()[0].body, "to=%2B212600000003&text=Bac+%221%22+fenetre");
}

#[test]
fn a_digest_fits_the_messages_that_one_text_may_take_in_every_language() {
    let mut n = several(Form::Digest, (0..200).map(|b| (b, if b % 3 == 0 { Phase::Resolved } else { Phase::Firing })));
    for language in Language::ALL {
        n.language = language;
        for most in 1..4 {
            let text = sms::short(&n, most);
            let segments = gsm::segments(&text);
            assert!(segments.count <= most && text.contains("133"), "{language:?}: {segments:?} {text}");
            assert_eq!(segments.gsm7, language != Language::Ar);
        }
    }
}

#[test]
fn keys_of_an_sms_gateway_that_cannot_work_are_refused() {
    let refused = |keys: Value| make(&sms::TYPE, &keys, false).map(drop).unwrap_err();
    let url = "http://127.0.0.1:9/";
    assert!(refused(json!({ "url": url, "form": "json", "body": "{\"a\":\"{to}\"}" })).contains("{text}"));
    assert!(refused(json!({ "url": url, "form": "json", "body": "{to} {text}" })).contains("not JSON"));
    assert!(refused(json!({ "url": url, "form": "form", "body": "{to}{text}", "segments": 11 })).contains("1 to 10"));
    assert!(refused(json!({ "url": url, "form": "form", "body": "{to}{text}", "method": "GET" })).contains("POST or PUT"));
}

#[tokio::test]
async fn each_step_is_published_on_its_topic_and_counts_only_when_the_broker_said_so() {
    let broker = Broker::new().await;
    let keys = json!({
        "url": format!("mqtt://{}", broker.address), "topic": "city/alerts/{zone}/{device}/{phase}", "retain": true,
    });
    let channel = make(&mqtt::TYPE, &keys, false).unwrap();
    let n = several(Form::Group, (0..40).map(|b| (b, Phase::Firing)));
    channel.deliver(&n).await.unwrap();
    let published = broker.published();
    assert_eq!(published.len(), 40);
    assert_eq!(published[3].0, "city/alerts/maarif/bin-0003/firing");
    assert!(published[3].2, "retained");
    let body: Value = serde_json::from_slice(&published[3].1).unwrap();
    assert_eq!((&body["device"], &body["version"]), (&json!("bin-0003"), &json!(1)));

    broker.be_rude(1);
    let one = single("arma", transition(7, Phase::Firing));
    let unsure = channel.deliver(&one).await.unwrap_err();
    assert!(matches!(unsure, DeliveryError::Unavailable { .. }), "{unsure}");
    channel.deliver(&one).await.unwrap();
    drop(broker);
    assert!(matches!(channel.deliver(&one).await, Err(DeliveryError::Unavailable { .. })));
}

#[tokio::test]
async fn a_ticket_desk_is_told_what_is_named_once_and_a_duplicate_is_taken_for_taken() {
    let receiver = Receiver::new(vec![]).await;
    let keys = json!({
        "url": receiver.url(), "api_key": "k", "jurisdiction_id": "casa",
        "service": [{ "rule": "bin-*", "code": "WASTE_OVERFLOW" }],
    });
    let channel = make(&open311::TYPE, &keys, false).unwrap();
    channel.deliver(&single("desk", transition(1, Phase::Firing))).await.unwrap();
    channel.deliver(&single("desk", transition(1, Phase::Resolved))).await.unwrap();
    let mut other = single("desk", transition(2, Phase::Firing));
    other.steps[0].transition.rule = schemas::RuleId::new("air.high").unwrap();
    channel.deliver(&other).await.unwrap();
    channel.deliver(&several(Form::Reminder, [(1, Phase::Firing)].into_iter())).await.unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1, "its end, what is not named and reminders are not told");
    let body = String::from_utf8(requests[0].body.to_vec()).unwrap();
    assert!(body.starts_with("api_key=k&jurisdiction_id=casa&service_code=WASTE_OVERFLOW&lat=33.5981&long=-7.6156&"), "{body}");
    assert_eq!(requests[0].key(), transition(1, Phase::Firing).alert.0);
    assert!(make(&open311::TYPE, &json!({ "url": receiver.url(), "service": [] }), false).is_err(), "off by default");

    let desk = crate::channels::open311::is_duplicate;
    assert!(desk("it answered 400 Bad Request: Duplicate request") && !desk("it answered 400 Bad Request: no service_code"));
}

#[tokio::test]
async fn a_dry_run_takes_everything_and_sends_nothing() {
    DryRun.deliver(&single("arma", transition(1, Phase::Firing))).await.unwrap();
}

/// The texts that the domain gives, as an SMS.
#[test]
fn the_domains_texts_in_french_and_english_fit_one_sms() {
    let path = std::env::var("MARSAD_DOMAIN_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/domain/vectors.json").to_owned());
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no {path}; name the file by MARSAD_DOMAIN_VECTORS");
        return;
    };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let texts = vectors["alert_texts"]["texts"].as_object().unwrap();
    assert!(texts.len() >= 12);
    for (name, texts) in texts {
        for language in ["fr", "en"] {
            // Placeholders as long as what they stand for.
            let text = texts[language].as_str().unwrap().replace(['{', '}'], "");
            let segments = gsm::segments(&text);
            assert!(segments.gsm7 && segments.count == 1, "{name} {language}: {segments:?}");
        }
        assert!(!gsm::segments(texts["ar"].as_str().unwrap()).gsm7);
    }
}

#[test]
fn an_escalation_and_what_flaps_are_seen_at_once_in_every_language_and_by_machines() {
    let mut n = single("arma", transition(1, Phase::Firing));
    n.steps[0].mark = Some(Mark::Escalated { escalation: "critical".to_owned(), rung: 2 });
    for form in [Form::Single, Form::Reminder] {
        n.form = form;
        assert_eq!(render::headline(&n, Language::Fr), "ESCALADE 2: Bac bin-0001 plein");
        assert_eq!(render::headline(&n, Language::En), "ESCALATION 2: Bin bin-0001 full");
        assert!(render::headline(&n, Language::Ar).starts_with("تصعيد 2: "));
        assert!(render::text(&n, Language::Fr).contains("- ESCALADE 2: Bac bin-0001 plein\n"));
        assert!(render::html(&n, Language::En).contains(">ESCALATION 2: Bin bin-0001 full<"));
    }
    assert!(sms::short(&n, 1).starts_with("ESCALADE 2: Bac"));
    n.form = Form::Single;
    let body: Value = serde_json::from_slice(&webhook::json_of_step(&n.steps[0]).unwrap()).unwrap();
    assert_eq!(body["escalation"], json!({ "name": "critical", "step": 2 }));
    assert!(body.get("flapping").is_none());
    n.steps[0].mark = Some(Mark::Flaps);
    assert_eq!(render::headline(&n, Language::Fr), "INSTABLE, suite retenue: Bac bin-0001 plein");
    let body: Value = serde_json::from_slice(&webhook::json_of_step(&n.steps[0]).unwrap()).unwrap();
    assert_eq!((&body["flapping"], body.get("escalation")), (&json!(true), None));
    let mut many = several(Form::Digest, (0..3).map(|b| (b, Phase::Firing)));
    assert!(render::headline(&many, Language::Fr).starts_with("Alertes en cours: 3"));
    many.steps[1].mark = Some(Mark::Escalated { escalation: "critical".to_owned(), rung: 1 });
    assert!(render::headline(&many, Language::Fr).starts_with("ESCALADE 1: Alertes en cours: 3"));
}
