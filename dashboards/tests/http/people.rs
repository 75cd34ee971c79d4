//! Who may see and do what: every address, every role, its own and another's.

mod allowance;
mod doors;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use ports::Role;

use super::*;
use doors::Doors;

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
    house.parameters = Arc::new(parameters);
    let doors = Arc::new(Doors::default());
    (dashboards::guarded(house, Arc::clone(&doors) as _), doors, town)
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
    let request = Request::builder().method(method).uri(address).header("content-type", "application/json");
    let request = if role == Role::Public { request } else { request.header("authorization", format!("Bearer {role}")) };
    let body = if address.ends_with("/acknowledge") { r#"{"by":"somebody"}"# } else { "{}" };
    send(router, request.body(Body::from(body)).unwrap()).await
}

/// What a role may, as a person would write it down: `r` to look, `w` to change. Columns: public, contractor, officer,
/// engineer, dpo, admin. Written apart from the program's own table, so that one is held against the other.
const MATRIX: &str = "
GET  /healthz                              + + + + + +
GET  /readyz                               + + + + + +
GET  /login                                + + + + + +
POST /login                                + + + + + +
GET  /api/v1/air/index                     + + + + + +
GET  /api/v1/air/exceedances               + + + + + +
GET  /api/v1/air/report?station=air-1      + + + + + +
GET  /api/v1/air/now?station=air-1         + + + + + +
GET  /api/v1/air/history?station=air-1     + + + + + +
GET  /api/v1/air/calendar?station=air-1    + + + + + +
GET  /api/v1/air/profile?station=air-1     + + + + + +
GET  /api/v1/air/rose?station=air-1        + + + + + +
GET  /fr/air                               - + + + + +
GET  /fr/air/exceedances                   - + + + + +
GET  /fr/reports                           - + + + + +
GET  /fr/reports/daily                     - + + + + +
GET  /fr/reports/monthly                   - + + + + +
GET  /fr/reports/weekly                    - + + + - +
GET  /fr/reports/weekly?contractor=theirs  - - + + - +
GET  /fr/public/alerts                     + + + + + +
GET  /api/v1/public/alerts                 + + + + + +
GET  /api/v1/public/alerts.atom?lang=ar    + + + + + +
GET  /fr/alerts                            - + + + + +
GET  /fr/alerts/alert-ours                 - + + + + +
GET  /fr/alerts/alert-theirs               - - + + + +
GET  /fr/waste?contractor=ours             - + + + - +
GET  /fr/waste?contractor=theirs           - - + + - +
GET  /fr/waste/bin-ours                    - + + + - +
GET  /fr/waste/bin-theirs                  - - + + - +
GET  /fr/board                             - + + + + +
GET  /fr/devices                           - + + + + +
GET  /fr/devices/bin-ours                  - + + + + +
GET  /fr/devices/bin-theirs                - - + + + +
GET  /fr/parking                           - - + + + +
GET  /fr/water                             - - + + + +
GET  /fr/engineers                         - - - + - +
GET  /api/v1/waste/bin?bin=bin-ours        - + + + - +
GET  /api/v1/waste/bin?bin=bin-theirs      - - + + - +
GET  /fr/                                  - + + + + +
GET  /ar/                                  - + + + + +
GET  /en/                                  - + + + + +
GET  /api/v1/session                       - + + + + +
GET  /api/v1/devices                       - + + + + +
GET  /api/v1/devices/health                - + + + + +
GET  /api/v1/latest                        - + + + + +
GET  /api/v1/readings                      - + + + + +
GET  /api/v1/alerts                        - + + + + +
GET  /api/v1/alerts/alert-ours             - + + + + +
GET  /api/v1/alerts/alert-theirs           - - + + + +
GET  /api/v1/alerts/alert-air              - - + + + +
GET  /api/v1/alerts/alert-ours/why         - + + + + +
GET  /api/v1/alerts/alert-theirs/why       - - + + + +
POST /api/v1/alerts/alert-ours/acknowledge   - + + + - +
POST /api/v1/alerts/alert-theirs/acknowledge - - + + - +
GET  /api/v1/waste/worklist?contractor=ours   - + + + - +
GET  /api/v1/waste/worklist?contractor=theirs - - + + - +
GET  /api/v1/waste/kpi?contractor=ours     - + + + - +
GET  /api/v1/waste/kpi?contractor=theirs   - - + + - +
GET  /api/v1/parking/occupancy             - - + + + +
GET  /api/v1/parking/week                  - - + + + +
GET  /api/v1/parking/sensors               - - + + + +
GET  /api/v1/parking/overstays             - - + - + +
GET  /api/v1/water/consumption             - - + + + +
GET  /api/v1/water/balance                 - - + + + +
GET  /api/v1/water/night                   - - + + + +
GET  /api/v1/water/leaks                   - - + - + +
GET  /api/v1/water/stuck                   - - + - + +
GET  /api/v1/silences                      - - + + + +
POST /api/v1/silences                      - - + + - +
POST /api/v1/silences/1/end                - - + + - +
GET  /api/v1/maintenance                   - - + + + +
POST /api/v1/maintenance                   - - + + - +
POST /api/v1/maintenance/1/end             - - + + - +
GET  /api/v1/rotas                         - - + + + +
GET  /api/v1/rules                         - - + + + +
GET  /api/v1/rules/bin-half                - - + + + +
POST /api/v1/rules/bin-half                - - - + - +
POST /api/v1/rules/bin-half/backtest       - - - + - +
GET  /fr/silences                          - - + + + +
GET  /fr/rotas                             - - + + + +
GET  /fr/rules                             - - + + + +
GET  /fr/rules/bin-half                    - - + + + +
GET  /api/v1/status                        - - + + + +
GET  /metrics                              - - - + - +
GET  /api/v1/devices/unknown               - - - + - +
POST /api/v1/devices                       - - - + - +
GET  /api/v1/messages                      - - - + - +
GET  /api/v1/explain?device=bin-ours&quantity=waste.fill&at=2026-11-21T20:00:00Z - - - + - +
GET  /fr/messages                          - - - + - +
GET  /fr/explain?device=bin-ours&quantity=waste.fill&at=2026-11-21T20:00:00Z - - - + - +
GET  /api/v1/quarantine                    - - - + - +
GET  /api/v1/quarantine/7                  - - - + - +
POST /api/v1/quarantine/retry              - - - + - +
POST /api/v1/quarantine/drop               - - - + - +
POST /api/v1/reload                        - - - + - +
GET  /api/v1/credentials                   - - - + - +
POST /api/v1/credentials                   - - - + - +
POST /api/v1/credentials/provision         - - - + - +
POST /api/v1/credentials/bin-1/revoke      - - - + - +
POST /api/v1/demo/incidents                - - - + - +
GET  /api/v1/claims                        - - - + - +
POST /api/v1/claims                        - - - + - +
POST /api/v1/claim                         + + + + + +
GET  /api/v1/users                         - - - - - +
POST /api/v1/users                         - - - - - +
POST /api/v1/users/officer-1/remove            - - - - - +
POST /api/v1/users/officer-1/password          - - - - - +
POST /api/v1/users/officer-1/second-factor/reset - - - - - +
GET  /api/v1/tokens                        - - - - - +
POST /api/v1/tokens                        - - - - - +
POST /api/v1/tokens/1/revoke               - - - - - +
GET  /api/v1/audit                         - - - - + +
GET  /api/v1/audit/verify                  - - - - + +
GET  /fr/audit                             - - - - + +
GET  /fr/privacy                           + + + + + +
GET  /fr/api                               + + + + + +
GET  /api/v1/openapi.json                  + + + + + +
GET  /api/v1/privacy/purposes              + + + + + +
POST /api/v1/vault/reveal                  - - - - + -
POST /api/v1/vault/message                 - - - - + -
POST /api/v1/subjects/export               - - - - + -
";

/// The pages of that town behind its gate.
pub(super) fn behind_a_gate() -> Router {
    guarded().0
}

/// Every address that is there, each with what it is asked for.
pub(super) fn addresses() -> impl Iterator<Item = &'static str> {
    MATRIX.lines().filter_map(|line| line.split_whitespace().nth(1))
}

/// What a request meets where nobody is denied anything: a status that shows it was let through.
fn let_through(answer: &Answer, denied_like: &str) -> bool {
    answer.status != StatusCode::UNAUTHORIZED
        && answer.status != StatusCode::SEE_OTHER
        && !(answer.status == StatusCode::NOT_FOUND && answer.text.contains(denied_like))
}

#[tokio::test]
async fn sec_04_every_address_for_every_role_own_and_anothers() {
    let (router, _, _) = guarded();
    let mut wrong = Vec::new();
    let mut asked = 0;
    for line in MATRIX.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (role, may) in Role::ALL.into_iter().zip(&words[2..]) {
            let answer = as_role(&router, words[0], words[1], role).await;
            let path = words[1].split('?').next().unwrap();
            let open = let_through(&answer, &format!("`{path}` is not an address"))
                && !["no such alert", "there is no bin"].iter().any(|none| answer.text.contains(none));
            // A page says in its own words what is not there.
            let open = if words[1].starts_with("/fr/") { answer.status.is_success() } else { open };
            asked += 1;
            if open != (*may == "+") {
                wrong.push(format!("{role}: {} {} answered {} {}", words[0], words[1], answer.status, answer.text));
            }
            if role == Role::Public && *may == "-" && words[1].starts_with("/api") {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{line}");
            }
            if role != Role::Public && *may == "-" {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role}: {line}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 350, "only {asked}");
}

#[tokio::test]
async fn sec_04_the_forms_of_a_page_are_for_those_who_may_do_what_they_do() {
    let (router, doors, town) = guarded();
    let forms = [
        ("/fr/rules/bin-half/try", "toml=x", "---+-+"),
        ("/fr/rules/bin-half/save", "toml=x", "---+-+"),
        ("/fr/silences/begin", "rule=x&hours=1&by=x", "--++-+"),
        ("/fr/silences/end", "end=silence+1&by=x", "--++-+"),
    ];
    for (address, body, may) in forms {
        for (role, may) in Role::ALL.into_iter().zip(may.chars()) {
            let request = Request::post(address).header("content-type", "application/x-www-form-urlencoded");
            let request = request.header("authorization", format!("Bearer {role}"));
            let answer = send(&router, request.body(Body::from(body)).unwrap()).await;
            let taken = answer.status.is_success() || answer.header("location").starts_with("/fr/");
            assert_eq!(taken, may == '+', "{role}: {address} answered {}", answer.status);
        }
    }
    assert_eq!(town.done.lock().unwrap().len(), 2, "an engineer and an admin saved");
    let notes = doors.notes.lock().unwrap().clone();
    let saved = notes.iter().find(|note| note.what == "POST /fr/rules/bin-half/save" && note.outcome == "303");
    assert_eq!(saved.map(|note| (note.who.as_str(), note.event)), Some(("a-engineer", "config")), "the audit names the rule");
    let page = as_role(&router, "GET", "/fr/rules/bin-half", Role::Officer).await.text;
    assert!(page.contains("[[rule]]") && !page.contains("<textarea"), "an officer reads what an engineer may change");
}

#[tokio::test]
async fn sec_04_what_is_not_ones_own_answers_byte_for_byte_as_what_is_not_there() {
    let (router, _, _) = guarded();
    let hidden = as_role(&router, "GET", "/api/v1/users", Role::Officer).await;
    let absent = as_role(&router, "GET", "/api/v1/nobody", Role::Officer).await;
    assert_eq!(hidden.text.replace("users", "nobody"), absent.text);
    let theirs = as_role(&router, "GET", "/api/v1/alerts/alert-theirs", Role::Contractor).await;
    let none = as_role(&router, "GET", "/api/v1/alerts/alert-none", Role::Contractor).await;
    assert_eq!((theirs.status, &theirs.text), (none.status, &none.text));
}

#[tokio::test]
async fn sec_04_a_contractor_finds_nothing_of_another_in_any_answer_or_page() {
    let (router, _, _) = guarded();
    let period = "from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z";
    let addresses = [
        "/api/v1/devices".to_owned(),
        "/api/v1/devices/health".to_owned(),
        "/api/v1/latest".to_owned(),
        "/api/v1/latest?device=bin-theirs".to_owned(),
        "/api/v1/latest?zone=maarif".to_owned(),
        format!("/api/v1/readings?{period}"),
        format!("/api/v1/readings?{period}&every=1h"),
        format!("/api/v1/readings?{period}&format=csv"),
        format!("/api/v1/readings?{period}&format=ndjson"),
        format!("/api/v1/readings?{period}&device=bin-theirs"),
        format!("/api/v1/readings?{period}&kind=air"),
        "/api/v1/alerts".to_owned(),
        "/api/v1/alerts?zone=maarif".to_owned(),
        "/api/v1/alerts?view=history".to_owned(),
        "/api/v1/waste/worklist".to_owned(),
        "/api/v1/waste/kpi".to_owned(),
        "/fr/alerts".to_owned(),
        "/fr/waste".to_owned(),
        "/fr/devices".to_owned(),
        "/fr/".to_owned(),
        "/ar/".to_owned(),
        "/en/".to_owned(),
    ];
    let mut own = 0;
    for address in &addresses {
        let answer = as_role(&router, "GET", address, Role::Contractor).await;
        assert!(answer.status.is_success(), "{address}: {}", answer.text);
        let answered = answer.text.replace(address, "");
        for foreign in ["bin-theirs", "air-1", "alert-theirs", "alert-air"] {
            assert!(!answered.contains(foreign), "{address} tells a contractor of {foreign}: {answered}");
        }
        own += usize::from(answered.contains("bin-ours"));
        let officers = as_role(&router, "GET", address, Role::Officer).await;
        assert_eq!(officers.status.is_success(), !address.ends_with("worklist"), "{address}");
    }
    assert!(own > 8, "it sees its own: {own}");
}

#[tokio::test]
async fn sec_04_live_events_of_a_contractor_are_those_of_its_territory() {
    use futures_util::StreamExt;
    let (router, _, town) = guarded();
    let request = Request::get("/api/v1/events").header("authorization", "Bearer contractor").body(Body::empty()).unwrap();
    let mut stream = router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry"));
    let theirs = Reading { zone: "maarif".parse().unwrap(), ..fill("bin-theirs", 93.0, "2026-11-21T20:03:00Z") };
    let ours = fill("bin-ours", 94.0, "2026-11-21T20:04:00Z");
    town.live.tell(ports::LiveFrame::Readings(Arc::from([theirs, ours])));
    let told = stream.next().await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("bin-ours") && !told.contains("bin-theirs"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn sec_04_live_events_end_when_whoever_listens_is_let_in_no_more() {
    use futures_util::StreamExt;
    let (router, doors, town) = guarded();
    let listen = |header: Option<&'static str>| {
        let request = Request::get("/api/v1/events");
        let request = if let Some(bearer) = header { request.header("authorization", bearer) } else { request };
        router.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let mut stream = listen(Some("Bearer officer")).await.unwrap().into_body().into_data_stream();
    assert!(stream.next().await.unwrap().unwrap().starts_with(b"retry"));
    town.live.tell(ports::LiveFrame::Readings(Arc::from([fill("bin-ours", 94.0, "2026-11-21T20:04:00Z")])));
    assert!(String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()).contains("bin-ours"));
    doors.gone.store(true, Ordering::Relaxed);
    let rest = stream.collect::<Vec<_>>();
    let rest = tokio::time::timeout(std::time::Duration::from_secs(6), rest).await.expect("it ends by itself");
    assert!(rest.iter().all(|piece| !String::from_utf8_lossy(piece.as_ref().unwrap()).contains("bin")), "{rest:?}");

    // Where nobody has to sign in, until somebody has to.
    doors.open.store(true, Ordering::Relaxed);
    let mut stream = listen(None).await.unwrap().into_body().into_data_stream();
    assert!(stream.next().await.unwrap().unwrap().starts_with(b"retry"));
    doors.open.store(false, Ordering::Relaxed);
    let rest = tokio::time::timeout(std::time::Duration::from_secs(6), stream.collect::<Vec<_>>());
    rest.await.expect("it ends by itself");
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
