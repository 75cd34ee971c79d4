//! Signing in by the city's directory, as a browser sees it.

use schemas::Texts;

use super::*;

fn with_directory() -> (Router, Arc<Doors>) {
    let (router, doors, _) = guarded();
    let label = Texts { fr: "Par l’annuaire".into(), ar: "عبر الدليل".into(), en: "By the directory".into() };
    doors.directory.set(label).expect("once");
    (router, doors)
}

async fn back(router: &Router, query: &str, cookie: &str) -> Answer {
    let request = Request::get(format!("/login/directory/back?{query}")).header("accept-language", "en");
    // As a browser says it of whom another site sends.
    let request = request.header("sec-fetch-site", "cross-site").header("cookie", cookie);
    send(router, request.body(Body::empty()).unwrap()).await
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").into_iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn the_button_of_the_directory_is_there_where_there_is_one_in_three_languages() {
    let (router, ..) = guarded();
    assert!(!get(&router, "/login").await.text.contains("/login/directory"));
    for address in ["/login/directory", "/login/directory/back?state=s&code=officer"] {
        assert_eq!(get(&router, address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    let (router, _) = with_directory();
    for (lang, label) in [("fr", "Par l’annuaire"), ("ar", "عبر الدليل"), ("en", "By the directory")] {
        let page = get_with(&router, "/login?next=/fr/%3Fzone%3Danfa", "accept-language", lang).await.text;
        assert!(page.contains(label) && page.contains("/login/directory?next=%2F%66%72"), "{lang}: {page}");
    }
}

#[tokio::test]
async fn sec_11_whoever_goes_to_the_directory_carries_a_cookie_that_comes_back_with_them_and_opens_nothing() {
    let (router, doors) = with_directory();
    let away = get(&router, "/login/directory?next=/fr/").await;
    assert_eq!((away.status, away.header("location")), (StatusCode::SEE_OTHER, "https://id.city.example/auth?state=s"));
    assert_eq!(cookies(&away), ["marsad-away=a-ticket-away; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"]);
    assert_eq!(*doors.next.lock().unwrap(), "/fr/");
    assert_eq!(get_with(&router, "/api/v1/session", "cookie", "marsad-away=officer").await.status, StatusCode::UNAUTHORIZED);
    for evil in ["//evil.example", "https://evil.example", &format!("/{}", "x".repeat(3000))] {
        get(&router, &format!("/login/directory?next={evil}")).await;
        assert_eq!(*doors.next.lock().unwrap(), "/", "{evil}");
    }
}

#[tokio::test]
async fn sec_05_whoever_comes_back_from_the_directory_is_let_in_by_a_page_of_ours_that_goes_on() {
    let (_, doors) = with_directory();
    doors.secure.store(true, Ordering::Relaxed);
    let router = dashboards::guarded(super::town().house(), Arc::clone(&doors) as _);
    get(&router, "/login/directory?next=/en/%3Fzone%3Danfa").await;
    let answer = back(&router, "state=s&code=officer&iss=https://id.city.example", "__Host-marsad-away=a-ticket-away").await;
    assert_eq!(answer.status, StatusCode::OK, "no redirection: a browser would follow it without the cookie");
    assert_eq!(answer.header("refresh"), "0; url=/en/?zone=anfa");
    assert!(answer.text.contains(r#"href="/en/?zone=anfa""#), "and a link, for whoever has to click: {}", answer.text);
    let mut set = cookies(&answer);
    set.sort_unstable();
    assert_eq!(
        set,
        [
            "__Host-marsad-away=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
            "__Host-marsad=officer; Path=/; HttpOnly; SameSite=Strict; Secure",
        ]
    );
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(!answer.text.contains("code=officer"), "what the directory gave stays out of the page");
}

#[tokio::test]
async fn sec_05_whoever_is_not_vouched_for_gets_no_session_and_is_told_no_more_than_that() {
    let (router, _) = with_directory();
    let ticket = "marsad-away=a-ticket-away";
    for (query, cookie, status, said) in [
        ("state=s&code=officer", "", StatusCode::UNAUTHORIZED, "has not confirmed"),
        ("state=s&code=officer", "marsad-away=anothers", StatusCode::UNAUTHORIZED, "has not confirmed"),
        ("state=guessed&code=officer", ticket, StatusCode::UNAUTHORIZED, "has not confirmed"),
        ("", ticket, StatusCode::UNAUTHORIZED, "has not confirmed"),
        ("state=s&code=stranger", ticket, StatusCode::FORBIDDEN, "gives you no role here"),
        ("state=s&code=away", ticket, StatusCode::SERVICE_UNAVAILABLE, "does not answer"),
    ] {
        let answer = back(&router, query, cookie).await;
        assert_eq!(answer.status, status, "{query} {cookie}");
        assert!(answer.text.contains(said) && answer.text.contains(r#"role="alert""#), "{query}: {}", answer.text);
        assert_eq!(cookies(&answer), ["marsad-away=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"], "{query} {cookie}");
    }
    let halfway = back(&router, "state=s&code=dpo", ticket).await;
    assert!(halfway.text.contains(r#"name="ticket" value="a-ticket""#), "a second factor is asked for: {}", halfway.text);
    assert!(cookies(&halfway).iter().all(|cookie| !cookie.starts_with("marsad=")));
}
