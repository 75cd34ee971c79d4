//! Signing in by the city's directory: the program, an issuer over real HTTP, and what a browser does between the two.

use std::path::Path;

use serde_json::{Value, json};
use services::{Issuer, Signer};
use tests::Marsad;

use crate::people::{cookie, get, told};
use crate::program::{ask, program};

pub(crate) const SECRET: &str = "the-secret-of-the-registration";

fn settings(folder: &Path, issuer: &Issuer) -> String {
    std::fs::write(folder.join("oidc.secret"), format!("{SECRET}\n")).expect("a file");
    format!(
        r#"
[rules]
packs = []
[oidc]
issuer = "{}"
client_id = "marsad"
client_secret_file = "oidc.secret"
address = "https://marsad.city.example"
[[oidc.grant]]
claim = "realm_access.roles"
value = "city-officer"
role = "officer"
[[oidc.grant]]
claim = "unit"
value = "arma"
role = "contractor"
contractor = "ARMA"
"#,
        issuer.name()
    )
}

/// A value of a header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

/// A browser on its way: what it has to show when it comes back, and where it is sent.
pub(crate) struct Came {
    path: String,
    cookie: String,
}

pub(crate) fn go(marsad: &Marsad, issuer: &Issuer) -> Came {
    let (status, answer) = get(marsad.http, "/login/directory?next=/en/alerts", "");
    assert_eq!(status, 303, "{answer}");
    let kept = header(&answer, "set-cookie");
    assert!(kept.contains("SameSite=Lax") && kept.contains("HttpOnly"), "{kept}");
    let back = issuer.visit(header(&answer, "location"));
    let path = back.strip_prefix("https://marsad.city.example").expect("to the address of the settings").to_owned();
    Came { path, cookie: format!("cookie: {}\r\n", kept.split(';').next().expect("a value")) }
}

pub(crate) fn come(marsad: &Marsad, came: &Came) -> (u16, String) {
    get(marsad.http, &came.path, &came.cookie)
}

fn logins(folder: &Path) -> Vec<(String, String)> {
    let rows = ask(folder, &["audit", "list", "--json"]).well().to_owned();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row"));
    let by = rows.filter(|row| row["what"] == "signing in by the city's directory");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    by.map(|row| (text(&row["who"]), text(&row["outcome"]))).collect()
}

#[test]
fn sec_05_a_user_of_the_directory_signs_in_and_is_what_the_settings_make_of_it_and_nothing_else_lets_anybody_in() {
    let folder = tempfile::tempdir().expect("a directory");
    let issuer = Issuer::start(Some(SECRET));
    let marsad = Marsad::start(folder.path(), &settings(folder.path(), &issuer));
    assert_eq!(get(marsad.http, "/login/directory", "").0, 404, "without users nobody has to sign in");
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    assert!(get(marsad.http, "/login", "accept-language: en\r\n").1.contains("Sign in by the city’s directory"));

    issuer.person(json!({ "sub": "7", "preferred_username": "Salma", "realm_access": { "roles": ["city-officer"] } }));
    let came = go(&marsad, &issuer);
    let (status, answer) = come(&marsad, &came);
    assert_eq!((status, header(&answer, "refresh")), (200, "0; url=/en/alerts"), "{answer}");
    let session = format!("cookie: {}\r\n", cookie(&answer));
    let (_, who) = get(marsad.http, "/api/v1/session", &session);
    assert!(who.contains(r#""name":"salma""#) && who.contains(r#""role":"officer""#), "{who}");
    assert_eq!(get(marsad.http, "/api/v1/users", &session).0, 404, "not an officer's");
    assert_eq!(come(&marsad, &came).0, 401, "the same way back a second time");

    issuer.signer(Signer::Stranger);
    assert_eq!(come(&marsad, &go(&marsad, &issuer)).0, 401, "another's key");
    issuer.mend();
    issuer.spoil(|claims| claims["nonce"] = json!("another"));
    assert_eq!(come(&marsad, &go(&marsad, &issuer)).0, 401, "another's token");
    issuer.mend();
    issuer.person(json!({ "sub": "8", "preferred_username": "omar", "realm_access": { "roles": ["city-gardener"] } }));
    assert_eq!(come(&marsad, &go(&marsad, &issuer)).0, 403, "no grant fits");
    issuer.person(json!({ "sub": "9", "preferred_username": "nadia", "realm_access": { "roles": ["city-officer"] } }));
    assert_eq!(come(&marsad, &go(&marsad, &issuer)).0, 403, "an admin's name");
    let came = go(&marsad, &issuer);
    issuer.down(true);
    assert_eq!(come(&marsad, &came).0, 503);
    issuer.mend();
    assert!(get(marsad.http, "/api/v1/session", &session).0 == 200, "whoever is in stays in");

    issuer.person(json!({ "sub": "7", "preferred_username": "salma", "unit": "arma" }));
    let (_, answer) = come(&marsad, &go(&marsad, &issuer));
    assert_eq!(get(marsad.http, "/api/v1/session", &session).0, 401, "the session of the old role");
    let session = format!("cookie: {}\r\n", cookie(&answer));
    assert!(get(marsad.http, "/api/v1/session", &session).1.contains(r#""contractor":"ARMA""#));
    assert!(ask(folder.path(), &["user", "list"]).well().contains("by the directory"));
    ask(folder.path(), &["user", "password", "salma"]).refused(1, &["the city's directory"]);
    told(folder.path(), &["user", "remove", "salma"]);
    assert_eq!(get(marsad.http, "/api/v1/session", &session).0, 401);

    let outcomes = logins(folder.path());
    let of = |who: &str| outcomes.iter().filter(|(name, _)| name == who).map(|(_, outcome)| outcome.as_str()).collect::<Vec<_>>();
    assert_eq!(of("salma"), ["ok", "ok"]);
    assert_eq!(of("omar"), ["refused: the directory gives no role here"]);
    assert_eq!(of("nadia"), ["refused: another user has this name here"]);
    assert_eq!(of("public").len(), 4, "{outcomes:?}");
    assert!(told(folder.path(), &["audit", "verify"])["broken"].is_null());
    let log = std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    assert!(!log.contains(SECRET) && !log.contains("code="), "{log}");
}

#[test]
fn a_directory_that_cannot_be_used_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a directory");
    let config = folder.path().join("marsad.toml");
    for (text, names) in [
        ("[oidc]\nissuer = \"http://id.city.example\"\n", ["marsad.toml:2", "https"]),
        ("[oidc]\nissuer = \"https://id.city.example\"\n", ["oidc.client_id", "registration"]),
        (
            "[[oidc.grant]]\nclaim = \"groups\"\nvalue = \"x\"\nrole = \"contractor\"\n",
            ["marsad.toml:4", "a contractor has a territory"],
        ),
        ("[[oidc.grant]]\nclaim = \"groups\"\nvalue = \"x\"\nrole = \"public\"\n", ["marsad.toml:4", "has not signed in"]),
    ] {
        std::fs::write(&config, text).expect("settings");
        let mut command = program();
        command.args(["check", "--config"]).arg(&config);
        crate::program::end_of(&mut command).refused(78, &names);
    }
}
