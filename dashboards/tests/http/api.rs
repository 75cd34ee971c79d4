//! The API, the health addresses and the metrics.

use std::sync::atomic::Ordering;

use schemas::{Flaw, Quality};

use super::*;

#[tokio::test]
async fn readings_say_everything_about_themselves() {
    let town = town();
    town.put([Reading { quality: Quality::from(Flaw::Late), ..fill("bin-1", 42.5, "2026-11-21T19:00:00Z") }]);
    let answer = get(&router(&town), "/api/v1/readings?device=bin-1").await;
    insta::assert_json_snapshot!(answer.json(), @r#"
    {
      "from": "2026-11-20T20:05:00.001Z",
      "next": null,
      "readings": [
        {
          "channel": 0,
          "device": "bin-1",
          "grade": "uncertain",
          "kind": "waste",
          "observed_at": "2026-11-21T19:00:00.000Z",
          "quality": [
            "late"
          ],
          "quantity": "waste.fill",
          "received_at": "2026-11-21T20:05:00.000Z",
          "unit": "%",
          "value": 42.5,
          "zone": "anfa"
        }
      ],
      "to": "2026-11-21T20:05:00.001Z"
    }
    "#);
}

#[tokio::test]
async fn csv_and_ndjson_stand_line_by_line() {
    let town = town();
    town.put([fill("bin-1", 42.5, "2026-11-21T19:00:00Z"), fill("bin-2", 7.0, "2026-11-21T19:00:00Z")]);
    let csv = get(&router(&town), "/api/v1/readings?format=csv").await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    insta::assert_snapshot!(csv.text.replace("\r\n", "\n"), @r"
    device,quantity,unit,channel,kind,zone,value,observed_at,received_at,quality,grade
    bin-1,waste.fill,%,0,waste,anfa,42.5,2026-11-21T19:00:00.000Z,2026-11-21T20:05:00.000Z,,good
    bin-2,waste.fill,%,0,waste,anfa,7,2026-11-21T19:00:00.000Z,2026-11-21T20:05:00.000Z,,good
    ");
    let lines = get(&router(&town), "/api/v1/readings?format=ndjson&limit=1").await;
    assert_eq!(lines.text.lines().count(), 1);
    assert!(lines.text.starts_with(r#"{"device":"bin-1","quantity":"waste.fill""#), "{}", lines.text);
}

#[tokio::test]
async fn parquet_holds_what_ndjson_tells_and_hours_are_refused() {
    let town = town();
    let late = Reading { quality: Quality::from(Flaw::Late), ..fill("bin-1", 42.5, "2026-11-21T19:00:00Z") };
    town.put([late, fill("bin-2", 7.0, "2026-11-21T19:00:00Z"), fill("bin-1", 0.1, "2026-11-21T19:30:00.125Z")]);
    let router = router(&town);
    let lines = get(&router, "/api/v1/readings?format=ndjson").await.text;
    let request = Request::get("/api/v1/readings?format=parquet").body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let defaults = exchange::Defaults { zone: schemas::Zone::new("nowhere").unwrap(), kind: None };
    let told: Vec<_> = lines.lines().map(|l| exchange::line(l.as_bytes(), &defaults).unwrap()).collect();
    assert_eq!(told.len(), 3);
    let (rows, _) = exchange::parquet::parquet(bytes, defaults).unwrap();
    assert_eq!(rows.map(|row| row.unwrap().unwrap()).collect::<Vec<_>>(), told);
    let problem = get(&router, "/api/v1/readings?format=parquet&every=1h").await;
    assert_eq!((problem.status.as_u16(), problem.json()["parameter"].as_str()), (400, Some("format")));
}

#[tokio::test]
async fn local_days_are_folded_from_hours_whatever_the_page_and_the_format() {
    let town = town();
    // Casablanca leaves UTC+1 on 20 September 2026: that day has 25 hours, from 23:00 of the day before in UTC.
    for (device, value, at) in [
        ("bin-1", 1.0, "2026-09-19T22:59:59.999Z"),
        ("bin-1", 2.0, "2026-09-19T23:00:00Z"),
        ("bin-1", 6.0, "2026-09-20T23:59:00Z"),
        ("bin-1", 8.0, "2026-09-21T00:00:00Z"),
        ("bin-2", 5.0, "2026-09-20T12:00:00Z"),
    ] {
        town.put([fill(device, value, at)]);
    }
    let router = router(&town);
    let asked = "from=2026-09-19T12:00:00Z&to=2026-09-21T12:00:00Z&every=1d";
    let whole = get(&router, &format!("/api/v1/readings?{asked}")).await.json();
    assert_eq!(
        (whole["from"].as_str(), whole["to"].as_str()),
        (Some("2026-09-18T23:00:00.000Z"), Some("2026-09-22T00:00:00.000Z"))
    );
    let days = whole["days"].as_array().unwrap();
    let told: Vec<_> =
        days.iter().map(|day| (day["day"].as_str().unwrap(), day["device"].as_str().unwrap(), &day["mean"])).collect();
    assert_eq!(
        told,
        [
            ("2026-09-19", "bin-1", &serde_json::json!(1.0)),
            ("2026-09-20", "bin-1", &serde_json::json!(4.0)),
            ("2026-09-20", "bin-2", &serde_json::json!(5.0)),
            ("2026-09-21", "bin-1", &serde_json::json!(8.0)),
        ]
    );
    insta::assert_json_snapshot!(days[1], @r#"
    {
      "channel": 0,
      "count": 2,
      "day": "2026-09-20",
      "device": "bin-1",
      "end": "2026-09-21T00:00:00.000Z",
      "first": 2.0,
      "last": 6.0,
      "max": 6.0,
      "mean": 4.0,
      "min": 2.0,
      "quantity": "waste.fill",
      "start": "2026-09-19T23:00:00.000Z",
      "sum": 8.0,
      "unit": "%"
    }
    "#);
    // Page by page it is the same.
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = get(&router, &format!("/api/v1/readings?{asked}&limit=1{next}")).await.json();
        paged.extend(page["days"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(&paged, days);
    let csv = get(&router, &format!("/api/v1/readings?{asked}&format=csv&device=bin-2")).await.text;
    assert_eq!(
        csv,
        "day,device,quantity,unit,channel,start,end,count,mean,min,max,sum,first,last\r\n\
         2026-09-20,bin-2,waste.fill,%,0,2026-09-19T23:00:00.000Z,2026-09-21T00:00:00.000Z,1,5,5,5,5,5,5\r\n"
    );
    let lines = get(&router, &format!("/api/v1/readings?{asked}&format=ndjson")).await.text;
    assert_eq!(lines.lines().count(), days.len());
}

#[tokio::test]
async fn an_empty_csv_still_has_its_head() {
    let answer = get(&router(&town()), "/api/v1/readings?format=csv&every=1h").await;
    assert_eq!(answer.text, "device,quantity,unit,channel,start,end,count,mean,min,max,sum,first,last\r\n");
}

#[tokio::test]
async fn hours_come_with_mean_extremes_and_ends() {
    let town = town();
    town.put([
        fill("bin-1", 10.0, "2026-11-21T19:01:00Z"),
        fill("bin-1", 40.0, "2026-11-21T19:20:00Z"),
        fill("bin-1", 25.0, "2026-11-21T19:59:00Z"),
    ]);
    let answer = get(&router(&town), "/api/v1/readings?every=1h&from=2026-11-21T19:30:00Z&to=2026-11-21T19:40:00Z").await;
    insta::assert_json_snapshot!(answer.json()["hours"][0], @r#"
    {
      "channel": 0,
      "count": 3,
      "device": "bin-1",
      "end": "2026-11-21T20:00:00.000Z",
      "first": 10.0,
      "last": 25.0,
      "max": 40.0,
      "mean": 25.0,
      "min": 10.0,
      "quantity": "waste.fill",
      "start": "2026-11-21T19:00:00.000Z",
      "sum": 75.0,
      "unit": "%"
    }
    "#);
}

#[tokio::test]
async fn pages_give_each_reading_once_even_where_many_share_an_instant() {
    let town = town();
    let all =
        (0..23).map(|i| fill(&format!("bin-{i:02}"), 1.0, if i < 17 { "2026-11-21T19:00:00Z" } else { "2026-11-21T19:00:01Z" }));
    town.put(all);
    let router = router(&town);
    for limit in [1, 4, 5, 22, 23, 24] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(&router, &format!("/api/v1/readings?limit={limit}&cursor={cursor}")).await.json();
            let rows = page["readings"].as_array().unwrap().clone();
            assert!(rows.len() <= limit);
            seen.extend(rows.iter().map(|r| r["device"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            assert!(!rows.is_empty(), "a page that has a next one is not empty");
            cursor = next.to_owned();
        }
        let expected: Vec<_> = (0..23).map(|i| format!("bin-{i:02}")).collect();
        assert_eq!(seen, expected, "limit {limit}");
    }
}

#[tokio::test]
async fn a_stream_is_longer_than_a_page() {
    let town = town();
    town.put((0..57).map(|i| fill(&format!("bin-{i:02}"), 1.0, "2026-11-21T19:00:00Z")));
    let mut house = town.house();
    house.settings.most_rows = 10;
    let router = dashboards::router(house);
    assert_eq!(get(&router, "/api/v1/readings?format=ndjson").await.text.lines().count(), 57);
    assert_eq!(get(&router, "/api/v1/readings?format=ndjson&limit=25").await.text.lines().count(), 25);
    assert_eq!(get(&router, "/api/v1/readings?limit=11").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn streams_are_bounded() {
    let town = town();
    town.put([fill("bin-1", 1.0, "2026-11-21T19:00:00Z")]);
    let mut house = town.house();
    house.settings.streams = 1;
    let router = dashboards::router(house);
    let request = || Request::get("/api/v1/readings?format=csv").body(Body::empty()).unwrap();
    let open = router.clone().oneshot(request()).await.unwrap();
    let second = send(&router, request()).await;
    assert_eq!((second.status, second.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    drop(open);
    assert_eq!(send(&router, request()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn latest_gives_one_reading_a_series_in_pages() {
    let town = town();
    for id in ["bin-1", "bin-2", "bin-3"] {
        town.put([fill(id, 1.0, "2026-11-21T18:00:00Z"), fill(id, 2.0, "2026-11-21T19:00:00Z")]);
    }
    let router = router(&town);
    let first = get(&router, "/api/v1/latest?kind=waste&limit=2").await.json();
    assert_eq!(first["readings"].as_array().unwrap().len(), 2);
    assert_eq!(first["readings"][0]["value"], 2.0);
    let rest =
        get(&router, &format!("/api/v1/latest?kind=waste&limit=2&cursor={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!(rest["readings"][0]["device"], "bin-3");
    assert!(rest["next"].is_null());
    assert_eq!(get(&router, "/api/v1/latest?kind=air&format=csv").await.text.lines().count(), 1);
}

#[tokio::test]
async fn devices_come_in_pages() {
    let town = town();
    town.put(["a", "b", "c"].map(|id| fill(id, 1.0, NOW)));
    let router = router(&town);
    let first = get(&router, "/api/v1/devices?limit=2").await.json();
    assert_eq!((&first["devices"][1]["id"], &first["next"]), (&"b".into(), &"b".into()));
    let rest = get(&router, "/api/v1/devices?limit=2&cursor=b&zone=anfa&kind=waste").await.json();
    assert_eq!(rest["devices"].as_array().unwrap().len(), 1);
    assert!(rest["next"].is_null());
}

#[tokio::test]
async fn alerts_are_open_ones_unless_asked_otherwise() {
    let town = Town::believable(Arc::new(Still));
    let router = router(&town);
    let open = get(&router, "/api/v1/alerts").await.json();
    assert_eq!(open["alerts"].as_array().unwrap().len(), 6);
    assert_eq!(open["alerts"][0]["texts"]["ar"], "حريق في حاوية");
    let pending = get(&router, "/api/v1/alerts?phase=pending").await.json();
    assert_eq!(pending["alerts"].as_array().unwrap().len(), 1);
    let one = get(&router, "/api/v1/alerts?kind=air&zone=sidi-othmane&device=air-sidi-othmane&limit=1").await.json();
    assert_eq!(one["alerts"][0]["quantity"], "air.pm10");
    let id = one["alerts"][0]["id"].as_str().unwrap();
    let why = get(&router, &format!("/api/v1/alerts/{id}/why")).await.json();
    assert_eq!((why["alert"].as_str(), why["steps"].as_array().map(Vec::len)), (Some(id), Some(0)));
    assert_eq!(get(&router, "/api/v1/alerts/nobody/why").await.status, 404);
    assert_eq!(get(&router, "/api/v1/alerts?limit=5").await.json()["more"], true);
}

#[tokio::test]
async fn problems_name_the_parameter_and_what_was_expected() {
    let router = router(&town());
    let cases = [
        ("/api/v1/readings?form=csv", "form"),
        ("/api/v1/readings?format=xml", "format"),
        ("/api/v1/readings?every=1w", "every"),
        ("/api/v1/readings?limit=0", "limit"),
        ("/api/v1/readings?limit=10001", "limit"),
        ("/api/v1/readings?limit=many", "limit"),
        ("/api/v1/readings?from=2026-11-21T20:00:00", "from"),
        ("/api/v1/readings?from=2026-11-22T20:00:00Z", "from"),
        ("/api/v1/readings?quantity=air.pm11", "quantity"),
        ("/api/v1/readings?kind=light", "kind"),
        ("/api/v1/readings?device=%3Cscript%3E", "device"),
        ("/api/v1/readings?zone=a%20b", "zone"),
        ("/api/v1/readings?cursor=abc", "cursor"),
        ("/api/v1/latest?from=2026-11-21T20:00:00Z", "from"),
        ("/api/v1/alerts?phase=open", "phase"),
        ("/api/v1/devices?cursor=%3C", "cursor"),
        ("/api/v1/status?x=1", "x"),
        ("/api/v1/events?kind=x", "kind"),
        ("/api/v1/readings?kind=air&kind=waste", "kind"),
    ];
    for (address, parameter) in cases {
        let answer = get(&router, address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["parameter"], parameter, "{address}");
        assert_eq!(problem["status"], 400);
        assert!(!problem["expected"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
    }
    let long = get(&router, &format!("/api/v1/readings?device={}", "a".repeat(9000))).await;
    assert_eq!((long.status, &long.json()["parameter"]), (StatusCode::BAD_REQUEST, &"query".into()));
}

#[tokio::test]
async fn a_problem_reads_like_this() {
    let answer = get(&router(&town()), "/api/v1/readings?every=5m").await;
    insta::assert_json_snapshot!(answer.json(), @r#"
    {
      "detail": "readings cannot be had every `5m`",
      "expected": "1h or 1d, or nothing for readings as they are",
      "parameter": "every",
      "status": 400,
      "title": "a parameter does not fit",
      "type": "urn:marsad:problem:parameter"
    }
    "#);
}

#[tokio::test]
async fn what_is_not_there_is_said_as_a_problem_too() {
    let router = router(&town());
    for address in ["/api/v1/nothing", "/api", "/api/v2/readings"] {
        let answer = get(&router, address).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{address}"
        );
    }
    let answer = send(&router, Request::post("/api/v1/status").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::METHOD_NOT_ALLOWED, "application/problem+json"));
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_and_a_register_too() {
    let town = town();
    town.store_away.store(true, Ordering::Relaxed);
    town.register_away.store(true, Ordering::Relaxed);
    let router = router(&town);
    let addresses = [
        "/api/v1/readings",
        "/api/v1/readings?format=csv",
        "/api/v1/latest",
        "/api/v1/devices",
        "/api/v1/alerts",
        "/api/v1/status",
        "/readyz",
        "/metrics",
    ];
    for address in addresses {
        let answer = get(&router, address).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{address}");
        assert!(answer.text.contains("it is away"), "{address}");
    }
    assert_eq!(get(&router, "/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn ready_means_that_every_check_is_well() {
    let town = town();
    let router = router(&town);
    assert_eq!(get(&router, "/readyz").await.status, StatusCode::OK);
    town.status.lock().unwrap().checks[1].ok = false;
    let answer = get(&router, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((&answer.json()["ready"], &answer.json()["checks"][1]["name"]), (&false.into(), &"store".into()));
}

#[tokio::test]
async fn status_says_whether_the_account_balances() {
    let town = town();
    let router = router(&town);
    let status = get(&router, "/api/v1/status").await.json();
    assert_eq!(
        (&status["balanced"], &status["ready"], &status["identity"]["stored"]),
        (&true.into(), &true.into(), &84_102.into())
    );
    town.status.lock().unwrap().identity.stored -= 1;
    assert_eq!(get(&router, "/api/v1/status").await.json()["balanced"], false);
    assert!(get(&router, "/metrics").await.text.contains("\nmarsad_identity_balanced 0\n"));
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let town = town();
    town.status.lock().unwrap().city = "a\"b\\c\nd".into();
    let answer = get(&router(&town), "/metrics").await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert!(answer.text.contains(r#"city="a\"b\\c\nd""#), "labels are escaped");
    assert!(answer.text.contains("\nmarsad_reader_lag_messages{reader=\"historian\"} 8\n"));
    for line in answer.text.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let family = name.split('{').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(
            answer.text.contains(&format!("# TYPE {family} ")) && answer.text.contains(&format!("# HELP {family} ")),
            "{line}"
        );
        assert!(family.starts_with("marsad_"));
    }
}

#[tokio::test]
async fn answers_are_compressed_on_request() {
    let router = router(&Town::believable(Arc::new(Still)));
    for coding in ["gzip", "br"] {
        let answer = get_with(&router, "/api/v1/latest", "accept-encoding", coding).await;
        assert_eq!(answer.header("content-encoding"), coding);
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_a_problem_like_any_other() {
    let router = router(&town());
    for address in ["/api/v1/alerts/%FF", "/api/v1/alerts/%C3%28/why", "/api/v1/quarantine/%FF", "/api/v1/public/alerts/%FF/cap"]
    {
        let answer = get(&router, address).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{address}"
        );
    }
}

#[tokio::test]
async fn the_document_of_the_api_is_served_and_told_once_to_who_has_it() {
    let router = router(&town());
    let answer = get(&router, "/api/v1/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(answer.json(), dashboards::openapi());
    let again = get_with(&router, "/api/v1/openapi.json", "if-none-match", answer.header("etag")).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn lists_come_with_a_tag_and_what_is_close_to_persons_or_changes_by_the_second_does_not() {
    let town = town();
    town.put([fill("bin-1", 42.0, "2026-11-21T20:00:00Z")]);
    let router = router(&town);
    for address in [
        "/api/v1/devices",
        "/api/v1/alerts",
        "/api/v1/silences",
        "/api/v1/air/index",
        "/api/v1/waste/kpi",
        "/api/v1/public/alerts",
    ] {
        let answer = get(&router, address).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (StatusCode::OK, "private, no-cache"),
            "{address}: {}",
            answer.text
        );
        let again = get_with(&router, address, "if-none-match", answer.header("etag")).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{address}");
    }
    for address in ["/api/v1/latest", "/api/v1/status", "/api/v1/quarantine", "/api/v1/air/index?format=csv"] {
        let answer = get(&router, address).await;
        assert_eq!((answer.header("etag"), answer.header("cache-control")), ("", "no-store"), "{address}");
    }
}
