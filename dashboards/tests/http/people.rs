//! Who may see and do what: every address, every role, its own and another's.

mod allowance;
mod directory;
mod doors;
mod rights;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use ports::Role;

use super::*;
use doors::Doors;
pub(super) use rights::addresses;

const TERRITORIES: &str = r#"
[[contract]]
zone = "anfa"
contractor = "ours"
valid_from = "2020-01-01"
status = "design"
source = "a test"
[[contract]]
zone = "maarif"
contractor = "theirs"
valid_from = "2020-01-01"
status = "design"
source = "a test"
"#;

/// A town with a bin of ours in Anfa and one of theirs in Maarif, an alert on each, and an air station in Anfa.
fn guarded() -> (Router, Arc<Doors>, Arc<Town>) {
    let town = town();
    let ours = fill("bin-ours", 91.0, "2026-11-21T20:00:00Z");
    let theirs = Reading { zone: "maarif".parse().unwrap(), ..fill("bin-theirs", 92.0, "2026-11-21T20:01:00Z") };
    let station = SeriesKey { device: "air-1".parse().unwrap(), quantity: Quantity::AIR_PM10, channel: 0 };
    let air = Reading { series: station, kind: Kind::AIR, value: 40.0, ..ours.clone() };
    town.put([ours.clone(), theirs.clone(), air.clone()]);
    town.alerts.lock().unwrap().extend([alert("alert-ours", &ours), alert("alert-theirs", &theirs), alert("alert-air", &air)]);
    let mut house = town.house();
    let mut parameters = dashboards::Parameters::shipped();
    parameters.territories = domains::waste::Territories::parse("test.toml", TERRITORIES).unwrap();
    parameters.single_spaces = true;
    let tenant = |name: &str, kinds, zones: &[&str]| dashboards::Tenant {
        name: name.to_owned(),
        kinds,
        zones: zones.iter().map(|zone| zone.parse().unwrap()).collect(),
    };
    parameters.tenants = vec![tenant("tenant", vec![Kind::WASTE], &["anfa"]), tenant("air", vec![Kind::AIR], &[])];
    house.parameters = Arc::new(parameters);
    let doors = Arc::new(Doors::default());
    (dashboards::guarded(house, Arc::clone(&doors) as _), doors, town)
}

/// The pages of that town behind its gate.
pub(super) fn behind_a_gate() -> Router {
    guarded().0
}

fn alert(id: &str, reading: &Reading) -> ports::AlertView {
    ports::AlertView {
        id: schemas::AlertId(id.into()),
        rule: "waste.full".parse().unwrap(),
        series: reading.series.clone(),
        kind: reading.kind,
        zone: reading.zone.clone(),
        severity: schemas::Severity::Warning,
        phase: schemas::Phase::Firing,
        since: reading.observed_at,
        at: reading.observed_at,
        fired_at: Some(reading.observed_at),
        resolved_at: None,
        value: Some(reading.value),
        texts: schemas::Texts { fr: "plein".into(), ar: "ممتلئ".into(), en: "full".into() },
        marks: schemas::Marks::default(),
    }
}

async fn as_role(router: &Router, method: &str, address: &str, role: Role) -> Answer {
    as_whoever(router, method, address, role.code()).await
}

/// As a role, or as a role of a tenant: `tenant-officer`.
async fn as_whoever(router: &Router, method: &str, address: &str, who: &str) -> Answer {
    let request = Request::builder().method(method).uri(address).header("content-type", "application/json");
    let request = if who == "public" { request } else { request.header("authorization", format!("Bearer {who}")) };
    let body = if address.ends_with("/acknowledge") { r#"{"by":"somebody"}"# } else { "{}" };
    send(router, request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn the_page_of_a_pending_alert_says_that_nobody_is_told() {
    let town = super::town();
    let pending = ports::AlertView { phase: schemas::Phase::Pending, fired_at: None, ..alert("a-1", &fill("bin-1", 95.0, NOW)) };
    town.alerts.lock().unwrap().push(pending);
    let router = super::router(&town);
    for (lang, said) in [
        ("fr", "Personne n’est averti de cette étape."),
        ("ar", "لا يُبلَّغ أحد بهذه المرحلة."),
        ("en", "Nobody is told of this step."),
    ] {
        let page = get(&router, &format!("/{lang}/alerts/a-1")).await.text;
        assert!(page.contains(said), "{lang}: {page}");
    }
}

#[tokio::test]
async fn sec_04_whoever_has_not_signed_in_is_sent_to_where_they_can_and_a_program_is_told_how() {
    let (router, _, _) = guarded();
    let page = get(&router, "/fr/").await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/login?next=%2F%66%72%2F"));
    let api = get(&router, "/api/v1/status").await;
    assert_eq!((api.status, api.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer realm=\"marsad\""));
    assert_eq!(api.header("content-type"), "application/problem+json");
    let wrong = get_with(&router, "/api/v1/status", "authorization", "Bearer guessed").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sec_11_the_cookie_of_a_session_is_bound_to_the_host_and_no_script_or_site_gets_it() {
    let (_, doors, town) = guarded();
    doors.secure.store(true, Ordering::Relaxed);
    let router = dashboards::guarded(town.house(), Arc::clone(&doors) as _);
    let login = |password: &str| {
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("sec-fetch-site", "same-origin");
        request.body(Body::from(format!("name=officer&password={password}&next=%2Far%2F"))).unwrap()
    };
    let answer = send(&router, login("right")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/ar/"));
    assert_eq!(answer.header("set-cookie"), "__Host-marsad=officer; Path=/; HttpOnly; SameSite=Strict; Secure");
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000");
    let refused = send(&router, login("wrong")).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    let page = get_with(&router, "/en/", "cookie", "__Host-marsad=officer").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("a-officer"), "the page says who looks");
}

#[tokio::test]
async fn sec_11_a_form_of_another_site_changes_nothing_even_with_our_cookie() {
    let (router, doors, town) = guarded();
    let post = |site: &str| {
        let request = Request::post("/api/v1/alerts/alert-ours/acknowledge").header("cookie", "marsad=officer");
        let request = request.header("content-type", "application/json").header("sec-fetch-site", site);
        request.body(Body::from(r#"{"by":"somebody else"}"#)).unwrap()
    };
    assert_eq!(send(&router, post("cross-site")).await.status, StatusCode::FORBIDDEN);
    assert!(town.acts.lock().unwrap().is_empty());
    assert_eq!(send(&router, post("same-origin")).await.status, StatusCode::OK);
    assert_eq!(town.acts.lock().unwrap()[0].by.as_str(), "a-officer", "the name that was proved, not the one that was said");
    let outcomes: Vec<String> = doors.notes.lock().unwrap().iter().map(|note| note.outcome.clone()).collect();
    assert_eq!(outcomes, ["from another site", "asked", "200"]);
}

#[tokio::test]
async fn a_token_that_may_look_changes_nothing() {
    let (router, _, town) = guarded();
    assert_eq!(get_with(&router, "/api/v1/alerts", "authorization", "Bearer reader").await.status, StatusCode::OK);
    let request = Request::post("/api/v1/alerts/alert-ours/acknowledge").header("authorization", "Bearer reader");
    let request = request.header("content-type", "application/json").body(Body::from(r#"{"by":"x"}"#)).unwrap();
    assert_eq!(send(&router, request).await.status, StatusCode::FORBIDDEN);
    assert!(town.acts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sec_06_what_is_done_denied_carried_away_and_close_to_persons_is_written_down_with_who_did_it() {
    let (router, doors, _) = guarded();
    let _ = as_role(&router, "POST", "/api/v1/reload", Role::Engineer).await;
    let _ = as_role(&router, "GET", "/api/v1/users", Role::Officer).await;
    let _ = as_role(&router, "GET", "/api/v1/latest?format=csv", Role::Officer).await;
    let _ = as_role(&router, "GET", "/api/v1/water/leaks", Role::Dpo).await;
    let _ = as_role(&router, "GET", "/api/v1/latest", Role::Officer).await;
    let notes = doors.notes.lock().unwrap();
    let told: Vec<_> = notes.iter().map(|n| (n.who.as_str(), n.event, n.what.as_str(), n.outcome.as_str())).collect();
    assert_eq!(
        told,
        [
            ("a-engineer", "config", "POST /api/v1/reload", "asked"),
            ("a-engineer", "config", "POST /api/v1/reload", "422"),
            ("a-officer", "denied", "GET /api/v1/users", "404"),
            ("a-officer", "export", "GET /api/v1/latest", "200"),
            ("a-dpo", "personal", "GET /api/v1/water/leaks", "403"),
        ]
    );
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_from_its_end_and_a_broken_chain_is_told() {
    let (router, doors, _) = guarded();
    doors.rows.store(230, Ordering::Relaxed);
    let first = as_role(&router, "GET", "/en/audit", Role::Dpo).await.text;
    assert!(first.contains("230 rows are written down") && first.contains("deed 230<") && first.contains("deed 131<"), "{first}");
    assert!(
        !first.contains("deed 130<") && first.contains("/en/audit?before=131") && first.contains("as it was written"),
        "{first}"
    );
    let last = as_role(&router, "GET", "/fr/audit?before=31", Role::Admin).await.text;
    assert!(last.contains("deed 30<") && last.contains("deed 1<") && !last.contains("before="), "{last}");
    doors.broken.store(true, Ordering::Relaxed);
    assert!(as_role(&router, "GET", "/ar/audit", Role::Dpo).await.text.contains("role=\"alert\""));
}

#[tokio::test]
async fn sec_06_what_cannot_be_written_down_does_not_happen() {
    let (router, doors, town) = guarded();
    doors.full.store(true, Ordering::Relaxed);
    let act = as_role(&router, "POST", "/api/v1/alerts/alert-ours/acknowledge", Role::Officer).await;
    assert_eq!(act.status, StatusCode::SERVICE_UNAVAILABLE, "{}", act.text);
    assert!(town.acts.lock().unwrap().is_empty(), "it was not done");
    for address in ["/api/v1/latest?format=csv", "/api/v1/parking/overstays"] {
        let look = as_role(&router, "GET", address, Role::Officer).await;
        assert_eq!(look.status, StatusCode::SERVICE_UNAVAILABLE, "{address}");
        assert!(!look.text.contains("bin-ours"), "{}", look.text);
    }
    assert_eq!(
        as_role(&router, "GET", "/api/v1/users", Role::Officer).await.status,
        StatusCode::NOT_FOUND,
        "denied all the same"
    );
    assert_eq!(
        as_role(&router, "GET", "/api/v1/latest", Role::Officer).await.status,
        StatusCode::OK,
        "what nobody writes down goes on"
    );
}

#[tokio::test]
async fn without_users_this_machine_is_let_in_and_every_page_says_so() {
    let (router, doors, _) = guarded();
    doors.open.store(true, Ordering::Relaxed);
    let said: BTreeMap<&str, &str> =
        [("fr", "Sans mot de passe"), ("ar", "بدون كلمة مرور"), ("en", "No password")].into_iter().collect();
    for (lang, text) in said {
        for address in [format!("/{lang}/"), format!("/{lang}/nothing")] {
            assert!(get(&router, &address).await.text.contains(text), "{address}");
        }
    }
    assert_eq!(get(&router, "/api/v1/status").await.status, StatusCode::OK);
    let foreign =
        Request::post("/api/v1/reload").header("origin", "https://evil.example").header("content-type", "application/json");
    assert_eq!(send(&router, foreign.body(Body::from("{}")).unwrap()).await.status, StatusCode::FORBIDDEN);
}

/// A form that a browser sends from a page of ours, with the cookie of a session where there is one.
fn form(address: &str, session: Option<&str>, fields: &str) -> Request<Body> {
    let request = Request::post(address)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("accept-language", "en");
    let request = if let Some(session) = session { request.header("cookie", format!("marsad={session}")) } else { request };
    request.body(Body::from(fields.to_owned())).unwrap()
}

#[tokio::test]
async fn sec_05_whoever_has_a_second_factor_is_asked_for_a_code_before_there_is_a_session() {
    let (router, _, _) = guarded();
    let half = send(&router, form("/login", None, "name=dpo&password=right&next=/fr/privacy")).await;
    assert_eq!((half.status, half.header("set-cookie")), (StatusCode::OK, ""), "no session yet");
    assert!(half.text.contains(r#"name="ticket" value="a-ticket""#) && half.text.contains("one-time-code"), "{}", half.text);
    let wrong = send(&router, form("/login/code", None, "ticket=a-ticket&code=000000&next=/fr/privacy")).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    assert!(wrong.text.contains(r#"role="alert""#) && wrong.text.contains("a-ticket"), "another try: {}", wrong.text);
    let right = send(&router, form("/login/code", None, "ticket=a-ticket&code=123456&next=/fr/privacy")).await;
    assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/fr/privacy"));
    assert!(right.header("set-cookie").starts_with("marsad=dpo;"), "{}", right.header("set-cookie"));
    let away = send(&router, form("/login/code", None, "ticket=a-ticket&code=123456&next=//evil.example")).await;
    assert_eq!(away.header("location"), "/");
}

#[tokio::test]
async fn a_second_factor_is_set_up_on_ones_own_page_in_three_languages_and_its_codes_are_shown_once() {
    let (router, doors, _) = guarded();
    let page = |lang: &str| {
        let request = Request::get("/account").header("cookie", "marsad=officer").header("accept-language", lang);
        send(&router, request.body(Body::empty()).unwrap())
    };
    for (lang, title) in [("fr", "Second facteur"), ("ar", "العامل الثاني"), ("en", "Second factor")] {
        assert!(page(lang).await.text.contains(title), "{lang}");
    }
    let begun = send(&router, form("/account/second-factor", Some("officer"), "")).await;
    assert_eq!((begun.status, begun.header("location")), (StatusCode::SEE_OTHER, "/account"));
    let shown = page("en").await.text;
    assert!(shown.contains("MZXW 6YTB OI") && shown.contains("<svg") && shown.contains("otpauth://totp/"), "{shown}");
    let wrong = send(&router, form("/account/second-factor/confirm", Some("officer"), "code=000000")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let right = send(&router, form("/account/second-factor/confirm", Some("officer"), "code=123456")).await;
    assert!(right.status.is_success() && right.text.contains("7Q2M-04TX-VK9B-H3ZD"), "{}", right.text);
    let notes = doors.notes.lock().unwrap();
    let told: Vec<_> = notes.iter().map(|n| (n.event, n.what.as_str(), n.outcome.as_str())).collect();
    assert!(told.contains(&("access", "POST /account/second-factor/confirm", "200")), "{told:?}");
    assert!(notes.iter().all(|n| !n.what.contains("123456")));
}

#[tokio::test]
async fn sec_05_a_token_has_no_account_and_nobody_else_has_one() {
    let (router, _, _) = guarded();
    assert_eq!(as_role(&router, "GET", "/account", Role::Officer).await.status, StatusCode::NOT_FOUND, "a token is no user");
    assert_eq!(get(&router, "/account").await.status, StatusCode::UNAUTHORIZED);
    let foreign =
        Request::post("/account/second-factor/end").header("cookie", "marsad=officer").header("origin", "https://evil.example");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").header("host", "city");
    assert_eq!(send(&router, foreign.body(Body::from("code=1")).unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_set_up_link_is_there_for_its_code_alone() {
    let (router, _, _) = guarded();
    assert_eq!(get(&router, "/set-up?code=guess").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/set-up").await.status, StatusCode::NOT_FOUND);
    let page = get(&router, "/set-up?code=once").await;
    assert!(page.status.is_success() && page.text.contains("new-password"));
}

#[tokio::test]
async fn sec_11_every_answer_of_the_gate_has_the_security_headers() {
    let (router, _, _) = guarded();
    for address in ["/login", "/fr/", "/api/v1/status", "/set-up?code=once", "/nothing"] {
        let answer = get(&router, address).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"), "{address}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{address}");
        assert!(
            !answer.text.contains("<style") && !answer.text.contains(" style=") && !answer.text.contains("onclick"),
            "{address}"
        );
    }
}

#[tokio::test]
async fn sec_12_the_file_of_rfc_9116_names_a_contact_where_there_is_one() {
    let (_, doors, town) = guarded();
    let mut house = town.house();
    house.settings.security_contact = Some("mailto:security@city.example".to_owned());
    let router = dashboards::guarded(house, doors);
    let answer = get(&router, "/.well-known/security.txt").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.starts_with("Contact: mailto:security@city.example\nExpires: 2027-02-19T"), "{}", answer.text);
}

#[tokio::test]
async fn at_the_desk_whoever_has_signed_in_is_not_asked_for_a_name() {
    let (router, _, town) = guarded();
    let desk = as_role(&router, "GET", "/en/alerts", Role::Officer).await;
    assert!(desk.text.contains(r#"type="hidden" name="by""#) && !desk.text.contains(r#"autocomplete="name""#), "{}", desk.text);
    let open = get(&super::router(&town), "/en/alerts").await;
    assert!(open.text.contains(r#"autocomplete="name""#), "{}", open.text);
}

#[tokio::test]
async fn lists_of_people_come_in_pages_in_one_order() {
    let (router, ..) = guarded();
    let ids = |answer: &Answer| -> Vec<u64> {
        answer.json()["tokens"].as_array().unwrap().iter().map(|token| token["id"].as_u64().unwrap()).collect()
    };
    let first = as_role(&router, "GET", "/api/v1/tokens?limit=2", Role::Admin).await;
    assert_eq!((ids(&first), &first.json()["next"]), (vec![1, 2], &2.into()));
    let rest = as_role(&router, "GET", "/api/v1/tokens?limit=2&cursor=2", Role::Admin).await;
    assert_eq!((ids(&rest), rest.json()["next"].is_null()), (vec![3], true));
    let odd = as_role(&router, "GET", "/api/v1/tokens?cursor=x", Role::Admin).await;
    assert_eq!((odd.status, &odd.json()["parameter"]), (StatusCode::BAD_REQUEST, &"cursor".into()));
}
