//! What each role may: every address by every role, and what is one's own against what is another's.

use super::*;

/// What a role may, as a person would write it down. Columns: public, contractor, officer, engineer, dpo, admin; then an officer and an
/// engineer of a tenant, whose are the bins of Anfa. Written apart from the program's own table, so that one is held against the other.
const MATRIX: &str = "
GET  /healthz                              + + + + + +   + +
GET  /readyz                               + + + + + +   + +
GET  /login                                + + + + + +   + +
POST /login                                + + + + + +   + +
GET  /api/v1/air/index                     + + + + + +   + +
GET  /api/v1/air/exceedances               + + + + + +   + +
GET  /api/v1/air/exceedances/city          + + + + + +   + +
GET  /api/v1/air/report?station=air-1      + + + + + +   + +
GET  /api/v1/air/now?station=air-1         + + + + + +   + +
GET  /api/v1/air/history?station=air-1     + + + + + +   + +
GET  /api/v1/air/calendar?station=air-1    + + + + + +   + +
GET  /api/v1/air/profile?station=air-1     + + + + + +   + +
GET  /api/v1/air/rose?station=air-1        + + + + + +   + +
GET  /fr/air                               - + + + + +   + +
GET  /fr/air/exceedances                   - + + + + +   + +
GET  /fr/reports                           - + + + + +   + +
GET  /fr/reports/daily                     - + + + + +   + +
GET  /fr/reports/monthly                   - + + + + +   + +
GET  /fr/reports/weekly                    - + + + - +   + +
GET  /fr/reports/weekly?contractor=theirs  - - + + - +   + +
GET  /fr/public/alerts                     + + + + + +   + +
GET  /api/v1/public/alerts                 + + + + + +   + +
GET  /api/v1/public/alerts.atom?lang=ar    + + + + + +   + +
GET  /fr/alerts                            - + + + + +   + +
GET  /fr/alerts/alert-ours                 - + + + + +   + +
GET  /fr/alerts/alert-theirs               - - + + + +   - -
GET  /fr/waste?contractor=ours             - + + + - +   + +
GET  /fr/waste?contractor=theirs           - - + + - +   + +
GET  /fr/waste/bin-ours                    - + + + - +   + +
GET  /fr/waste/bin-theirs                  - - + + - +   - -
GET  /fr/indicators                        - + + + - +   + +
GET  /fr/board                             - + + + + +   + +
GET  /fr/devices                           - + + + + +   + +
GET  /fr/devices/bin-ours                  - + + + + +   + +
GET  /fr/devices/bin-theirs                - - + + + +   - -
GET  /fr/parking                           - - + + + +   + +
GET  /fr/water                             - - + + + +   + +
GET  /fr/engineers                         - - - + - +   - -
GET  /api/v1/waste/bin?bin=bin-ours        - + + + - +   + +
GET  /api/v1/waste/bin?bin=bin-theirs      - - + + - +   - -
GET  /fr/                                  - + + + + +   + +
GET  /ar/                                  - + + + + +   + +
GET  /en/                                  - + + + + +   + +
GET  /api/v1/session                       - + + + + +   + +
GET  /api/v1/devices                       - + + + + +   + +
GET  /api/v1/devices/health                - + + + + +   + +
GET  /api/v1/latest                        - + + + + +   + +
GET  /api/v1/places?kind=waste             - + + + + +   + +
GET  /api/v1/readings                      - + + + + +   + +
GET  /api/v1/alerts                        - + + + + +   + +
GET  /api/v1/alerts/alert-ours             - + + + + +   + +
GET  /api/v1/alerts/alert-theirs           - - + + + +   - -
GET  /api/v1/alerts/alert-air              - - + + + +   - -
GET  /api/v1/alerts/alert-ours/why         - + + + + +   + +
GET  /api/v1/alerts/alert-theirs/why       - - + + + +   - -
POST /api/v1/alerts/alert-ours/acknowledge   - + + + - +   + +
POST /api/v1/alerts/alert-theirs/acknowledge - - + + - +   - -
GET  /api/v1/waste/worklist?contractor=ours   - + + + - +   + +
GET  /api/v1/waste/worklist?contractor=theirs - - + + - +   + +
GET  /api/v1/waste/urgency                 - + + + - +   + +
GET  /api/v1/waste/kpi?contractor=ours     - + + + - +   + +
GET  /api/v1/waste/kpi?contractor=theirs   - - + + - +   + +
GET  /api/v1/parking/occupancy             - - + + + +   + +
GET  /api/v1/parking/week                  - - + + + +   + +
GET  /api/v1/parking/sensors               - - + + + +   + +
GET  /api/v1/parking/overstays             - - + - + +   + -
GET  /api/v1/parking/bays                  - - + - + +   + -
GET  /api/v1/water/consumption             - - + + + +   + +
GET  /api/v1/water/balance                 - - + + + +   + +
GET  /api/v1/water/night                   - - + + + +   + +
GET  /api/v1/water/leaks                   - - + - + +   + -
GET  /api/v1/water/stuck                   - - + - + +   + -
GET  /api/v1/silences                      - - + + + +   - -
POST /api/v1/silences                      - - + + - +   - -
POST /api/v1/silences/1/end                - - + + - +   - -
GET  /api/v1/maintenance                   - - + + + +   - -
POST /api/v1/maintenance                   - - + + - +   - -
POST /api/v1/maintenance/1/end             - - + + - +   - -
GET  /api/v1/rotas                         - - + + + +   - -
GET  /api/v1/reports                       - - + + + +   - -
GET  /api/v1/rules                         - - + + + +   - -
GET  /api/v1/rules/bin-half                - - + + + +   - -
POST /api/v1/rules/bin-half                - - - + - +   - -
POST /api/v1/rules/bin-half/backtest       - - - + - +   - -
GET  /fr/silences                          - - + + + +   - -
GET  /fr/rotas                             - - + + + +   - -
GET  /fr/rules                             - - + + + +   - -
GET  /fr/rules/bin-half                    - - + + + +   - -
GET  /api/v1/status                        - - + + + +   - -
GET  /metrics                              - - - + - +   - -
GET  /api/v1/devices/unknown               - - - + - +   - -
POST /api/v1/devices                       - - - + - +   - -
GET  /api/v1/messages                      - - - + - +   - -
GET  /api/v1/explain?device=bin-ours&quantity=waste.fill&at=2026-11-21T20:00:00Z - - - + - +   - -
GET  /fr/messages                          - - - + - +   - -
GET  /fr/explain?device=bin-ours&quantity=waste.fill&at=2026-11-21T20:00:00Z - - - + - +   - -
GET  /api/v1/quarantine                    - - - + - +   - -
GET  /api/v1/quarantine/7                  - - - + - +   - -
POST /api/v1/quarantine/retry              - - - + - +   - -
POST /api/v1/quarantine/drop               - - - + - +   - -
POST /api/v1/reload                        - - - + - +   - -
GET  /api/v1/credentials                   - - - + - +   - -
POST /api/v1/credentials                   - - - + - +   - -
POST /api/v1/credentials/provision         - - - + - +   - -
POST /api/v1/credentials/bin-1/revoke      - - - + - +   - -
POST /api/v1/demo/incidents                - - - + - +   - -
GET  /api/v1/claims                        - - - + - +   - -
POST /api/v1/claims                        - - - + - +   - -
POST /api/v1/claim                         + + + + + +   + +
GET  /api/v1/users                         - - - - - +   - -
POST /api/v1/users                         - - - - - +   - -
POST /api/v1/users/officer-1/remove            - - - - - +   - -
POST /api/v1/users/officer-1/password          - - - - - +   - -
POST /api/v1/users/officer-1/second-factor/reset - - - - - +   - -
GET  /api/v1/tokens                        - - - - - +   - -
POST /api/v1/tokens                        - - - - - +   - -
POST /api/v1/tokens/1/revoke               - - - - - +   - -
GET  /api/v1/audit                         - - - - + +   - -
GET  /api/v1/audit/verify                  - - - - + +   - -
GET  /fr/audit                             - - - - + +   - -
GET  /fr/privacy                           + + + + + +   + +
GET  /fr/api                               + + + + + +   + +
GET  /api/v1/openapi.json                  + + + + + +   + +
GET  /api/v1/privacy/purposes              + + + + + +   + +
GET  /api/v1/privacy/assets                + + + + + +   + +
POST /api/v1/vault/reveal                  - - - - + -   - -
POST /api/v1/vault/message                 - - - - + -   - -
POST /api/v1/subjects/export               - - - - + -   - -
POST /api/v1/subjects/erase                - - - - + -   - -
";

/// The last two columns, as their tokens name them.
const OF_A_TENANT: [&str; 2] = ["tenant-officer", "tenant-engineer"];

/// Every address that is there, each with what it is asked for.
pub(crate) fn addresses() -> impl Iterator<Item = &'static str> {
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
        let roles = Role::ALL.map(|role| role.to_string()).into_iter().chain(OF_A_TENANT.map(ToOwned::to_owned));
        assert_eq!(words.len(), 2 + 8, "{line}");
        for (role, may) in roles.zip(&words[2..]) {
            let answer = as_whoever(&router, words[0], words[1], &role).await;
            let path = words[1].split('?').next().unwrap();
            let open = let_through(&answer, &format!("`{path}` is not an address"))
                && !["no such alert", "there is no bin"].iter().any(|none| answer.text.contains(none));
            // A page says in its own words what is not there.
            let open = if words[1].starts_with("/fr/") { answer.status.is_success() } else { open };
            asked += 1;
            if open != (*may == "+") {
                wrong.push(format!("{role}: {} {} answered {} {}", words[0], words[1], answer.status, answer.text));
            }
            if role == "public" && *may == "-" && words[1].starts_with("/api") {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{line}");
            }
            if role != "public" && *may == "-" {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role}: {line}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 900, "only {asked}");
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
        "/api/v1/waste/urgency".to_owned(),
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
async fn sec_04_a_tenant_finds_nothing_of_another_in_any_answer_or_page_whatever_the_role() {
    let (router, _, _) = guarded();
    let period = "from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z";
    let more = [
        format!("/api/v1/readings?{period}"),
        format!("/api/v1/readings?{period}&every=1h"),
        format!("/api/v1/readings?{period}&format=csv"),
        format!("/api/v1/readings?{period}&device=bin-theirs"),
        format!("/api/v1/readings?{period}&kind=air"),
        format!("/api/v1/readings?{period}&zone=maarif"),
        "/api/v1/latest?device=bin-theirs".to_owned(),
        "/api/v1/latest?kind=air".to_owned(),
        "/api/v1/alerts?view=history".to_owned(),
        "/api/v1/alerts?kind=air".to_owned(),
    ];
    let matrix = MATRIX.lines().filter_map(|line| line.strip_prefix("GET ")?.split_whitespace().next());
    let all: Vec<String> = matrix.map(ToOwned::to_owned).chain(more).collect();
    for who in OF_A_TENANT.into_iter().chain(["tenant-contractor"]) {
        let mut own = 0;
        for address in &all {
            let answer = as_whoever(&router, "GET", address, who).await;
            let told = answer.text.replace(address, "");
            for foreign in ["bin-theirs", "alert-theirs", "alert-air"] {
                // An answer may say back what it was asked for.
                let asked = address.contains(foreign) && !answer.status.is_success();
                assert!(asked || !told.contains(foreign), "{address} tells {who} of {foreign}: {told}");
            }
            let named = told.contains("air-1") && !address.contains("air-1");
            assert!(!named, "{address} tells {who} of air-1: {told}");
            own += usize::from(told.contains("bin-ours"));
        }
        assert!(own > 8, "{who} sees its own: {own}");
    }
}

#[tokio::test]
async fn sec_04_a_tenant_that_the_settings_do_not_name_and_another_ones_contractor_see_nothing() {
    let (router, _, _) = guarded();
    // A tenant that is not there; and a contractor of the bins of Anfa for the tenant whose is the air.
    for who in ["nobodys-officer", "air-contractor"] {
        for address in ["/api/v1/latest", "/api/v1/devices", "/api/v1/alerts", "/fr/", "/fr/alerts"] {
            let answer = as_whoever(&router, "GET", address, who).await;
            assert!(answer.status.is_success(), "{who} {address}: {}", answer.text);
            let told = ["bin-ours", "bin-theirs", "air-1", "alert-"].into_iter().find(|foreign| answer.text.contains(foreign));
            assert_eq!(told, None, "{address} tells {who}: {}", answer.text);
        }
        let answer = as_whoever(&router, "GET", "/api/v1/alerts/alert-ours", who).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let air = as_whoever(&router, "GET", "/api/v1/latest", "air-officer").await.text;
    assert!(air.contains("air-1") && !air.contains("bin-"), "the tenant whose is the air: {air}");
}

#[tokio::test]
async fn sec_04_a_tenant_acts_on_its_own_alerts_and_hears_of_its_own_devices_alone() {
    use futures_util::StreamExt;
    let (router, _, town) = guarded();
    let theirs = as_whoever(&router, "POST", "/api/v1/alerts/alert-theirs/acknowledge", "tenant-officer").await;
    let none = as_whoever(&router, "POST", "/api/v1/alerts/alert-none/acknowledge", "tenant-officer").await;
    assert_eq!((theirs.status, theirs.text), (none.status, none.text), "byte for byte as what is not there");
    assert!(town.acts.lock().unwrap().is_empty());
    let ours = as_whoever(&router, "POST", "/api/v1/alerts/alert-ours/acknowledge", "tenant-officer").await;
    assert_eq!((ours.status, town.acts.lock().unwrap().len()), (StatusCode::OK, 1), "{}", ours.text);

    let request = Request::get("/api/v1/events").header("authorization", "Bearer tenant-officer").body(Body::empty()).unwrap();
    let mut stream = router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    assert!(stream.next().await.unwrap().unwrap().starts_with(b"retry"));
    let theirs = Reading { zone: "maarif".parse().unwrap(), ..fill("bin-theirs", 93.0, "2026-11-21T20:03:00Z") };
    town.live.tell(ports::LiveFrame::Readings(Arc::from([theirs, fill("bin-ours", 94.0, "2026-11-21T20:04:00Z")])));
    let told = stream.next().await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("bin-ours") && !told.contains("bin-theirs"), "{told}");
}

#[tokio::test]
async fn nobody_is_entered_for_a_tenant_that_the_settings_do_not_name() {
    let (router, _, _) = guarded();
    for (address, body) in [
        (
            "/api/v1/users",
            r#"{"name":"x","role":"officer","contractor":null,"tenant":"typo","password":"eleven bins on the corniche"}"#,
        ),
        ("/api/v1/tokens", r#"{"name":"x","role":"officer","contractor":null,"tenant":"typo","read_only":true,"hours":1}"#),
    ] {
        let request = Request::post(address).header("content-type", "application/json").header("authorization", "Bearer admin");
        let answer = send(&router, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        assert!(answer.text.contains("no [[tenant]] `typo`"), "{}", answer.text);
    }
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
