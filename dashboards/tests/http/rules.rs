//! Rules, rotas and silences: by the API, and on their pages, which work without a script.

use axum::http::header;
use ports::RuleDraft;

use super::*;
use fakes::Done;

async fn put(router: &Router, address: &str, body: &str) -> Answer {
    let request = Request::post(address).header(header::CONTENT_TYPE, "application/json");
    send(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Sends a form as a browser does.
async fn submit(router: &Router, address: &str, fields: &[(&str, &str)]) -> Answer {
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(router, request.body(Body::from(body.join("&"))).unwrap()).await
}

#[tokio::test]
async fn a_rule_is_read_tried_and_saved_and_a_mistake_is_told_by_its_line() {
    let town = town();
    let router = router(&town);
    let all = get(&router, "/api/v1/rules").await.json();
    assert_eq!((&all["rules"][0]["id"], &all["rules"][0]["shipped"]), (&"bin-full".into(), &true.into()));
    let one = get(&router, "/api/v1/rules/bin-half").await.json();
    assert_eq!(
        (&one["toml"], &one["origin"]),
        (&"[[rule]]\nid = \"bin-half\"\n".into(), &"/etc/marsad/rules/city.toml:3".into())
    );
    assert_eq!(get(&router, "/api/v1/rules/nobody").await.status, StatusCode::NOT_FOUND);

    let tried = put(&router, "/api/v1/rules/bin-half/backtest", r#"{"toml":"[[rule]]","days":7}"#).await.json();
    assert_eq!((&tried["from"], &tried["draft"]["fired"]), (&"2026-11-14T20:05:00.000Z".into(), &3.into()));
    let default = put(&router, "/api/v1/rules/bin-half/backtest", r#"{"toml":"[[rule]]"}"#).await.json();
    assert_eq!(default["from"], "2026-10-22T20:05:00.000Z");
    let wrong = put(&router, "/api/v1/rules/bin-half/backtest", r#"{"toml":"wrong"}"#).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["errors"], serde_json::json!(["line 2: unknown key `wrong`"]));
    for days in [0, 367] {
        let body = format!(r#"{{"toml":"x","days":{days}}}"#);
        assert_eq!(put(&router, "/api/v1/rules/bin-half/backtest", &body).await.status, StatusCode::BAD_REQUEST, "{days}");
    }
    assert!(town.done.lock().unwrap().is_empty(), "trying changes nothing");

    let saved = put(&router, "/api/v1/rules/bin-half", r#"{"toml":"[[rule]]"}"#).await.json();
    assert_eq!(saved["file"], "/etc/marsad/rules/city.toml");
    let draft = RuleDraft { id: "bin-half".parse().unwrap(), toml: "[[rule]]".to_owned() };
    assert_eq!(*town.done.lock().unwrap(), [Done::Save(draft)]);
}

#[tokio::test]
async fn what_is_saved_on_the_page_is_what_was_tried_there() {
    let town = town();
    let router = router(&town);
    for (lang, title) in [("fr", "Règles d’alerte"), ("ar", "قواعد الإنذار"), ("en", "Alert rules")] {
        let list = get(&router, &format!("/{lang}/rules")).await.text;
        assert!(list.contains(title) && list.contains("bin-half"), "{lang}");
        let page = get(&router, &format!("/{lang}/rules/bin-full")).await.text;
        assert!(page.contains("[[rule]]\nreplaces = true\nid = &quot;bin-full&quot;"), "one that is shipped is replaced: {page}");
        assert!(!page.contains("id=\"save\""), "nothing is saved untried");
    }
    let toml = "[[rule]]\r\nid = \"bin-half\"\r\n";
    let tried = submit(&router, "/fr/rules/bin-half/try", &[("toml", toml), ("days", "30")]).await.text;
    assert!(tried.contains("Elle se serait déclenchée 3 fois") && tried.contains("devices/bin-2"), "{tried}");
    assert!(tried.contains(r#"href="/ar/rules/bin-half""#), "the same page in another language is one that can be read");
    let kept = tried.split("<textarea hidden").nth(1).and_then(|rest| rest.split_once('>')?.1.split_once("</textarea>"));
    assert_eq!(kept.unwrap().0, "[[rule]]\nid = &quot;bin-half&quot;\n");
    let saved = submit(&router, "/fr/rules/bin-half/save", &[("toml", toml)]).await;
    assert_eq!((saved.status, saved.header("location")), (StatusCode::SEE_OTHER, "/fr/rules/bin-half?saved=true"));
    let draft = RuleDraft { id: "bin-half".parse().unwrap(), toml: "[[rule]]\nid = \"bin-half\"\n".to_owned() };
    assert_eq!(*town.done.lock().unwrap(), [Done::Save(draft)]);
}

#[tokio::test]
async fn a_mistake_keeps_what_was_written_and_leads_to_its_line() {
    let router = router(&town());
    for address in ["/en/rules/bin-half/try", "/en/rules/bin-half/save"] {
        let page = submit(&router, address, &[("toml", "[[rule]]\nwrong = 1")]).await.text;
        assert!(page.contains("data-line=\"2\"") && page.contains("unknown key `wrong`"), "{page}");
        assert!(page.contains("[[rule]]\nwrong = 1\n</textarea>") && !page.contains("id=\"save\""), "{page}");
    }
    let new = get(&router, "/en/rules?new=bin-new").await;
    assert_eq!((new.status, new.header("location")), (StatusCode::SEE_OTHER, "/en/rules/bin-new"));
    let new = get(&router, "/en/rules/bin-new").await;
    assert!(new.status.is_success() && new.text.contains("id = &quot;bin-new&quot;"), "{}", new.text);
}

#[tokio::test]
async fn the_rotas_say_who_is_on_call_and_where_nobody_is() {
    let router = router(&town());
    let rotas = get(&router, "/api/v1/rotas").await.json();
    assert_eq!((&rotas["rotas"][0]["on_duty"], &rotas["rotas"][1]["covered"]), (&"waste-team-a".into(), &false.into()));
    let said = [
        ("fr", "1 astreinte sans personne en ce moment"),
        ("ar", "مداومة واحدة بلا أحد الآن"),
        ("en", "1 rota with nobody on call now"),
    ];
    for (lang, said) in said {
        let page = get(&router, &format!("/{lang}/rotas")).await.text;
        assert!(page.contains(said) && page.contains("waste-team-b") && page.contains("class=\"hole\""), "{lang}: {page}");
    }
}

#[tokio::test]
async fn a_silence_begins_with_an_end_and_is_ended_on_its_page() {
    let town = town();
    let router = router(&town);
    let fields = [("sort", "silence"), ("zone", "anfa"), ("rule", "bin-*"), ("by", "officer-1"), ("note", "market")];
    let endless = submit(&router, "/en/silences/begin", &fields).await;
    assert!(endless.text.contains("`hours` is missing") && endless.text.contains("value=\"bin-*\""), "{}", endless.text);
    assert!(town.quiets.lock().unwrap().is_empty(), "nothing is quiet for ever");
    let begun = submit(&router, "/en/silences/begin", &[&fields[..], &[("hours", "4")]].concat()).await;
    assert_eq!((begun.status, begun.header("location")), (StatusCode::SEE_OTHER, "/en/silences"));
    let made = town.quiets.lock().unwrap()[0].clone();
    assert_eq!((made.until, made.by.as_str(), made.note.as_str()), (at("2026-11-22T00:05:00Z"), "officer-1", "market"));
    assert_eq!((made.scope.zone[0].as_str(), made.scope.rule[0].to_string().as_str()), ("anfa", "bin-*"));

    let page = get(&router, "/en/silences?rule=bin-full&device=bin-1").await.text;
    assert!(
        page.contains("1 silence holds") && page.contains("value=\"silence 1\"") && page.contains("value=\"bin-full\""),
        "{page}"
    );
    let nobody = submit(&router, "/en/silences/end", &[("end", "silence 1")]).await;
    assert!(nobody.text.contains("role=\"alert\""), "who ends it says who they are: {}", nobody.text);
    let ended = submit(&router, "/en/silences/end", &[("end", "silence 1"), ("by", "officer-2")]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert_eq!(town.quiets.lock().unwrap()[0].ended_by.as_ref().unwrap().as_str(), "officer-2");
    assert!(get(&router, "/en/silences").await.text.contains("Nothing is silenced"));
    assert!(get(&router, "/en/silences?over=true").await.text.contains("officer-1"));
    let again = submit(&router, "/en/silences/end", &[("end", "silence 1"), ("by", "officer-2")]).await;
    assert!(again.text.contains("it is over"), "{}", again.text);
}
