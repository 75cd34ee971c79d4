//! The city's directory over real HTTP: an issuer with keys of its own, that says on demand what must not be taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use oidc::{Algorithm, Grant, Oidc, Settings};
use ports::{Clock, Directory, DirectoryError, Return, Role, Vouched};
use schemas::{Texts, Timestamp};
use serde_json::{Value, json};
use services::{Issuer, Signer};

const NOW: u64 = 1_795_000_000;
const SECRET: &str = "a secret, + and é";
/// As a form writes it, which a header takes (RFC 6749, section 2.3.1).
const WRITTEN: &str = "a+secret%2C+%2B+and+%C3%A9";

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.0.load(Ordering::Relaxed))
    }
}

/// A browser's way: what it was given, and where it was sent back to.
struct Came {
    ticket: String,
    to: String,
}

struct City {
    issuer: Issuer,
    hand: Arc<Hand>,
    directory: Oidc,
    _folder: tempfile::TempDir,
}

fn settings(issuer: &str) -> Settings {
    let grant = |value: &str, role| Grant { claim: "groups".into(), value: value.into(), role, contractor: None, tenant: None };
    Settings {
        issuer: Some(issuer.to_owned()),
        client_id: Some("marsad".to_owned()),
        client_secret_file: None,
        client_secret_env: None,
        address: Some("https://marsad.city.example".to_owned()),
        ca_file: None,
        label: Texts::default(),
        scopes: vec!["profile".to_owned()],
        name_claim: "preferred_username".to_owned(),
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        leeway: Duration::from_secs(60),
        timeout: Duration::from_secs(10),
        grant: vec![grant("officers", Role::Officer)],
    }
}

impl City {
    fn new() -> Self {
        let issuer = Issuer::start(Some(WRITTEN));
        issuer.time(NOW);
        issuer.person(json!({ "sub": "7", "preferred_username": "salma", "groups": ["staff", "officers"] }));
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("secret");
        std::fs::write(&file, format!("{SECRET}\n")).expect("a file");
        let settings = Settings { client_secret_file: Some(file), ..settings(&issuer.name()) };
        let hand = Arc::new(Hand(AtomicI64::new(i64::try_from(NOW).expect("small") * 1000)));
        let directory = Oidc::new(&settings, Arc::clone(&hand) as _).expect("settings").expect("an issuer");
        Self { issuer, hand, directory, _folder: folder }
    }

    fn pass(&self, time: Duration) {
        let now = self.hand.0.fetch_add(i64::try_from(time.as_millis()).expect("short"), Ordering::Relaxed);
        self.issuer.time(u64::try_from(now / 1000).expect("positive") + time.as_secs());
    }

    async fn go(&self) -> Came {
        let departure = self.directory.depart("/fr/".to_owned(), None).await.expect("the way there");
        Came { to: self.issuer.visit(&departure.to), ticket: departure.ticket }
    }

    async fn sign_in(&self) -> Result<Vouched, DirectoryError> {
        let came = self.go().await;
        self.directory.arrive(came.back()).await
    }

    async fn refused(&self) -> String {
        match self.sign_in().await {
            Err(DirectoryError::Unvouched(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

impl Came {
    fn back(&self) -> Return {
        let query = self.to.strip_prefix("https://marsad.city.example/login/directory/back?").expect("to our address");
        let value = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(|value| value.replace("%3A", ":").replace("%2F", "/"))
        };
        Return {
            ticket: Some(self.ticket.clone()),
            state: value("state"),
            code: value("code"),
            error: None,
            issuer: value("iss"),
        }
    }
}

#[tokio::test]
async fn whoever_signs_in_at_the_directory_is_vouched_for_by_either_of_its_keys() {
    let city = City::new();
    for signer in [Signer::Rsa, Signer::Ec] {
        city.issuer.signer(signer);
        let vouched = city.sign_in().await.expect("vouched for");
        assert_eq!(vouched.subject, format!("{} 7", city.issuer.name()));
        assert_eq!((vouched.name.as_str(), vouched.next.as_str()), ("salma", "/fr/"));
        assert_eq!(vouched.standing.map(|standing| standing.role), Some(Role::Officer));
    }
    assert_eq!((city.issuer.given(), city.issuer.key_looks()), (2, 1), "its keys are asked for once");
}

#[tokio::test]
async fn sec_05_a_token_that_was_not_meant_for_this_browser_this_program_or_this_moment_is_not_taken() {
    type Spoil = fn(&mut Value);
    let city = City::new();
    let spoilt: [(Spoil, &str); 9] = [
        (|claims| claims["nonce"] = json!("another"), "(nonce)"),
        (|claims| claims["aud"] = json!("payroll"), "(aud)"),
        (|claims| claims["aud"] = json!(["marsad", "payroll"]), "(aud)"),
        (|claims| claims["azp"] = json!("payroll"), "(aud)"),
        (|claims| claims["iss"] = json!("https://id.other.example"), "another issuer"),
        (|claims| claims["exp"] = json!(NOW - 61), "(exp)"),
        (|claims| claims["nbf"] = json!(NOW + 61), "(nbf)"),
        (|claims| claims["iat"] = json!(NOW + 61), "(iat)"),
        (|claims| claims["sub"] = json!(""), "(sub)"),
    ];
    for (spoil, why) in spoilt {
        city.issuer.spoil(spoil);
        let told = city.refused().await;
        assert!(told.contains(why), "{why}: {told}");
    }
    city.issuer.mend();
    city.sign_in().await.expect("and the next one is");
}

#[tokio::test]
async fn sec_05_a_token_that_no_published_key_has_signed_is_not_taken() {
    let city = City::new();
    city.issuer.signer(Signer::Stranger);
    assert_eq!(city.refused().await, "the signature of the ID token is wrong");
    city.issuer.signer(Signer::Nobody);
    assert!(city.refused().await.contains("in a way that is not taken"));
    assert_eq!(city.issuer.key_looks(), 1, "neither made it ask again");
}

#[tokio::test]
async fn sec_05_who_comes_back_twice_late_or_in_another_browser_is_not_vouched_for() {
    let city = City::new();
    let (mine, others) = (city.go().await, city.go().await);
    let stolen = Return { ticket: Some(others.ticket.clone()), ..mine.back() };
    for odd in [
        stolen,
        Return { ticket: None, ..mine.back() },
        Return { state: None, ..mine.back() },
        Return { state: Some("guessed".to_owned()), ..mine.back() },
    ] {
        assert!(matches!(city.directory.arrive(odd).await, Err(DirectoryError::Unvouched(_))));
    }
    assert_eq!(city.issuer.given(), 0, "no code was traded for any of them");
    city.directory.arrive(mine.back()).await.expect("vouched for");
    let again = city.directory.arrive(mine.back()).await;
    assert!(matches!(again, Err(DirectoryError::Unvouched(why)) if why.contains("twice")));
    assert_eq!(city.issuer.given(), 1);
    city.pass(Duration::from_secs(600));
    assert!(matches!(city.directory.arrive(others.back()).await, Err(DirectoryError::Unvouched(why)) if why.contains("late")));
}

#[tokio::test]
async fn sec_05_what_the_directory_or_another_one_refuses_is_no_way_in() {
    let city = City::new();
    let denied = city.go().await;
    let denied = Return { code: None, error: Some("access_denied\r\nok".to_owned()), ..denied.back() };
    let told = city.directory.arrive(denied).await;
    assert_eq!(told, Err(DirectoryError::Unvouched("the directory says access_deniedok".to_owned())));
    for odd in [Some("https://id.other.example".to_owned()), None] {
        let mixed = Return { issuer: odd, ..city.go().await.back() };
        assert_eq!(
            city.directory.arrive(mixed).await,
            Err(DirectoryError::Unvouched("another issuer sends this browser".to_owned())),
            "it says who it is in each answer (RFC 9207)"
        );
    }
    let guessed = Return { code: Some("guessed".to_owned()), ..city.go().await.back() };
    let told = city.directory.arrive(guessed).await;
    assert_eq!(told, Err(DirectoryError::Unvouched("the directory does not know this code".to_owned())));
    // The code of one browser in the way back of another: PKCE holds it where the nonce would too.
    let (mine, others) = (city.go().await, city.go().await);
    let mixed = Return { code: others.back().code, ..mine.back() };
    assert!(matches!(city.directory.arrive(mixed).await, Err(DirectoryError::Unvouched(_))));
    assert_eq!(city.issuer.given(), 0);
}

#[tokio::test]
async fn sec_05_the_directory_gives_no_role_that_no_grant_gives() {
    let city = City::new();
    for groups in
        [json!([]), json!(["staff", "officers-of-another-town"]), json!("staff"), json!({ "officers": true }), Value::Null]
    {
        city.issuer.person(json!({ "sub": "8", "preferred_username": "omar", "groups": groups }));
        assert_eq!(city.sign_in().await.expect("known").standing, None, "{groups}");
    }
    city.issuer.person(json!({ "sub": "8", "groups": ["officers"] }));
    assert!(city.refused().await.contains("no name"));
}

#[tokio::test]
async fn keys_that_the_directory_rotates_are_found_and_one_that_it_withdrew_is_not_taken_for_ever() {
    let city = City::new();
    city.issuer.signer(Signer::Ec);
    city.sign_in().await.expect("the first key");
    city.issuer.rotate();
    assert_eq!(city.refused().await, "no key of the directory has signed the ID token", "it was asked a moment ago");
    city.pass(Duration::from_secs(31));
    city.sign_in().await.expect("the next key");
    assert_eq!(city.issuer.key_looks(), 2);
    // Names that nobody has make us ask now and then, and not each time.
    city.issuer.rotate();
    for _ in 0..5 {
        assert!(city.refused().await.contains("no key"));
    }
    assert_eq!(city.issuer.key_looks(), 2);
    city.pass(Duration::from_secs(3600));
    city.sign_in().await.expect("all is asked anew each hour");
    assert_eq!(city.issuer.key_looks(), 3);
}

#[tokio::test]
async fn a_directory_that_is_down_lets_nobody_in_and_is_asked_again_by_the_next_one() {
    let city = City::new();
    city.issuer.down(true);
    let away = city.directory.depart("/".to_owned(), None).await;
    assert!(matches!(away, Err(DirectoryError::Away(why)) if why.contains("503")));
    city.issuer.down(false);
    let came = city.go().await;
    city.issuer.down(true);
    assert!(matches!(city.directory.arrive(came.back()).await, Err(DirectoryError::Away(_))));
    city.issuer.down(false);
    city.sign_in().await.expect("vouched for");

    let nobody = Settings { issuer: Some("http://127.0.0.1:1/realm".to_owned()), ..settings("") };
    let nobody = Oidc::new(&nobody, Arc::clone(&city.hand) as _).expect("settings").expect("an issuer");
    assert!(matches!(nobody.depart("/".to_owned(), None).await, Err(DirectoryError::Away(_))));
}

#[tokio::test]
async fn a_registration_without_a_secret_is_held_by_pkce_alone_and_a_wrong_secret_is_our_own_fault() {
    let issuer = Issuer::start(None);
    issuer.time(NOW);
    issuer.person(json!({ "sub": "7", "preferred_username": "salma" }));
    let hand = Arc::new(Hand(AtomicI64::new(i64::try_from(NOW).expect("small") * 1000)));
    let directory = Oidc::new(&settings(&issuer.name()), Arc::clone(&hand) as _).expect("settings").expect("an issuer");
    let departure = directory.depart("/".to_owned(), None).await.expect("the way there");
    let came = Came { to: issuer.visit(&departure.to), ticket: departure.ticket };
    directory.arrive(came.back()).await.expect("vouched for");

    let issuer = Issuer::start(Some("another"));
    let directory = Oidc::new(&settings(&issuer.name()), hand as _).expect("settings").expect("an issuer");
    let departure = directory.depart("/".to_owned(), None).await.expect("the way there");
    let came = Came { to: issuer.visit(&departure.to), ticket: departure.ticket };
    let told = directory.arrive(came.back()).await;
    assert!(matches!(told, Err(DirectoryError::Away(why)) if why.contains("invalid_client")), "nobody's sign-in is to blame");
}

#[test]
fn settings_that_would_let_others_read_along_or_cannot_work_are_refused_with_their_key() {
    let good = settings("https://id.city.example/realms/city");
    assert_eq!(good.objection(), None);
    assert_eq!(Settings { issuer: None, client_id: None, address: None, ..good.clone() }.objection(), None, "no directory");
    let issuer = |text: &str| Settings { issuer: Some(text.to_owned()), ..good.clone() };
    let address = |text: Option<&str>| Settings { address: text.map(ToOwned::to_owned), ..good.clone() };
    for (odd, key) in [
        (issuer("http://id.city.example"), "issuer"),
        (issuer("id.city.example"), "issuer"),
        (issuer("https://user:pass@id.city.example"), "issuer"),
        (issuer("https://id.city.example/?realm=city"), "issuer"),
        (address(None), "address"),
        (address(Some("http://marsad.city.example")), "address"),
        (address(Some("https://marsad.city.example/pages")), "address"),
        (Settings { client_id: None, ..good.clone() }, "client_id"),
        (Settings { algorithms: Vec::new(), ..good.clone() }, "algorithms"),
        (Settings { leeway: Duration::from_secs(301), ..good.clone() }, "leeway"),
        (Settings { timeout: Duration::ZERO, ..good.clone() }, "timeout"),
        (Settings { scopes: vec!["a b".to_owned()], ..good.clone() }, "scopes"),
        (Settings { client_secret_file: Some("/nowhere/secret".into()), ..good.clone() }, "client_secret_file"),
        (Settings { client_secret_env: Some("MARSAD_TEST_NO_SUCH_SECRET".into()), ..good.clone() }, "client_secret_env"),
        (Settings { ca_file: Some("/nowhere/ca.pem".into()), ..good.clone() }, "ca_file"),
    ] {
        assert_eq!(odd.objection().map(|objection| objection.key).as_deref(), Some(key), "{odd:?}");
    }
}
