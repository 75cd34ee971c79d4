//! People, programs, devices and the audit, over a real file.

use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ports::{
    AccessError, AuditNote, Clock, Entry, Gate, Means, NewClaim, NewCredential, NewToken, NewUser, Role, SecondFactor, Shown,
};
use schemas::Timestamp;
use tempfile::TempDir;

use crate::{Book, Denied, Doorman, Entrance, Keeper, Proof, Settings};

mod claims;
mod directory;
mod second;

const PASSWORD: &str = "eleven bins on the corniche";
const ELSEWHERE: Entrance = Entrance { private: false, proxied: false, secure: true };
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[derive(Debug)]
struct Hand(AtomicI64);

impl Hand {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).expect("a short time"), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.0.load(Ordering::Relaxed))
    }
}

struct Scene {
    folder: TempDir,
    hand: Arc<Hand>,
    doorman: Arc<Doorman>,
    keeper: Keeper,
}

fn settings() -> Settings {
    Settings {
        session_idle: Duration::from_secs(3600),
        session: Duration::from_secs(12 * 3600),
        failures: 5,
        lock: Duration::from_secs(900),
        token_hours: 8784,
    }
}

impl Scene {
    fn new(entrance: Entrance) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let hand = Arc::new(Hand(AtomicI64::new(1_795_000_000_000)));
        let (doorman, keeper) = opened(&folder.path().join("access.db"), &hand, entrance);
        Self { folder, hand, doorman, keeper }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("access.db")
    }

    fn again(self) -> Self {
        let Self { folder, hand, doorman, keeper } = self;
        drop((doorman, keeper));
        let (doorman, keeper) = opened(&folder.path().join("access.db"), &hand, ELSEWHERE);
        Self { folder, hand, doorman, keeper }
    }

    async fn user(&self, name: &str, role: Role) {
        let contractor = (role == Role::Contractor).then(|| "ARMA".to_owned());
        let new = NewUser { name: name.to_owned(), role, contractor, tenant: None, password: PASSWORD.to_owned() };
        self.keeper.add_user(new).await.expect("a user");
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<String, AccessError> {
        match self.keeper.sign_in(name.to_owned(), password.to_owned(), Some(HERE)).await? {
            Entry::In(session) => Ok(session),
            Entry::Halfway(_) => panic!("a code is asked for"),
        }
    }

    async fn whose(&self, session: &str) -> Option<String> {
        self.keeper.recognise(Shown::Session(session.to_owned())).await.expect("an answer").map(|viewer| viewer.name)
    }

    async fn note(&self, what: &str) {
        let note =
            AuditNote { who: "officer-1".into(), address: Some(HERE), event: "act", what: what.into(), outcome: "ok".into() };
        self.keeper.note(note).await.expect("it is written");
    }
}

fn opened(file: &Path, hand: &Arc<Hand>, entrance: Entrance) -> (Arc<Doorman>, Keeper) {
    let book = Arc::new(Book::open(file).expect("a book"));
    let clock: Arc<dyn Clock> = Arc::clone(hand) as _;
    let doorman = Doorman::new(&book, Arc::clone(&clock), vec!["marsad/+/+/{device}/up".to_owned()]);
    let doorman = doorman.expect("a doorman");
    let keeper = Keeper::new(book, clock, settings(), entrance, Some("the secret of this machine"), Some(Arc::clone(&doorman)));
    (doorman, keeper.expect("a keeper"))
}

#[tokio::test]
async fn without_users_only_this_machine_is_served_and_others_are_given_a_link_that_works_once() {
    let private = Scene::new(Entrance { private: true, proxied: false, secure: false });
    assert!(private.keeper.is_open());
    assert_eq!(private.keeper.set_up_code(), None);

    let scene = Scene::new(ELSEWHERE);
    assert!(!scene.keeper.is_open());
    let code = scene.keeper.set_up_code().expect("a link");
    let set_up = |code: &str| scene.keeper.set_up(code.to_owned(), "nadia".into(), PASSWORD.into());
    assert!(matches!(set_up("guessed").await, Err(AccessError::Wrong)));
    let session = set_up(&code).await.expect("the first admin");
    assert_eq!(scene.whose(&session).await.as_deref(), Some("nadia"));
    assert!(matches!(set_up(&code).await, Err(AccessError::Wrong)), "a second time");
    assert_eq!(scene.again().keeper.set_up_code(), None, "there are users now");
}

#[tokio::test]
async fn sec_05_five_wrong_passwords_lock_a_name_for_a_quarter_of_an_hour_even_over_a_restart() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("officer-1", Role::Officer).await;
    for _ in 0..5 {
        assert!(matches!(scene.sign_in("officer-1", "not the password").await, Err(AccessError::Wrong)));
    }
    assert!(matches!(scene.sign_in("officer-1", PASSWORD).await, Err(AccessError::Locked(_))), "the right one too");
    let scene = scene.again();
    assert!(matches!(scene.sign_in("officer-1", PASSWORD).await, Err(AccessError::Locked(_))));
    scene.hand.pass(Duration::from_secs(899));
    assert!(matches!(scene.sign_in("officer-1", PASSWORD).await, Err(AccessError::Locked(_))));
    scene.hand.pass(Duration::from_secs(1));
    assert!(scene.sign_in("officer-1", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn sec_05_a_name_that_nobody_has_is_locked_like_one_that_somebody_has() {
    let scene = Scene::new(ELSEWHERE);
    for _ in 0..5 {
        assert!(matches!(scene.sign_in("nobody", PASSWORD).await, Err(AccessError::Wrong)));
    }
    assert!(matches!(scene.sign_in("nobody", PASSWORD).await, Err(AccessError::Locked(_))));
}

#[tokio::test]
async fn sec_05_there_are_no_default_credentials() {
    let scene = Scene::new(ELSEWHERE);
    assert_eq!(scene.keeper.users().await.expect("users"), []);
    for (name, password) in [("admin", "admin"), ("admin", ""), ("marsad", "marsad"), ("", "")] {
        assert!(scene.sign_in(name, password).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn sec_05_a_session_ends_after_an_hour_of_silence_after_half_a_day_by_leaving_and_with_its_user() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("nadia", Role::Admin).await;
    scene.user("officer-1", Role::Officer).await;
    let silent = scene.sign_in("officer-1", PASSWORD).await.expect("a session");
    scene.hand.pass(Duration::from_secs(3599));
    assert_eq!(scene.whose(&silent).await.as_deref(), Some("officer-1"));
    scene.hand.pass(Duration::from_secs(3600));
    assert_eq!(scene.whose(&silent).await, None);

    let busy = scene.sign_in("officer-1", PASSWORD).await.expect("a session");
    for _ in 0..23 {
        scene.hand.pass(Duration::from_secs(1800));
        assert!(scene.whose(&busy).await.is_some());
    }
    scene.hand.pass(Duration::from_secs(1800));
    assert_eq!(scene.whose(&busy).await, None, "half a day is enough");

    let left = scene.sign_in("officer-1", PASSWORD).await.expect("a session");
    scene.keeper.sign_out(left.clone()).await.expect("gone");
    assert_eq!(scene.whose(&left).await, None);

    let changed = scene.sign_in("officer-1", PASSWORD).await.expect("a session");
    scene.keeper.set_password("officer-1".into(), "twelve bins on the beach".into()).await.expect("another password");
    assert_eq!(scene.whose(&changed).await, None);
    let removed = scene.sign_in("officer-1", "twelve bins on the beach").await.expect("a session");
    scene.keeper.remove_user("officer-1".into()).await.expect("gone");
    assert_eq!(scene.whose(&removed).await, None);
}

#[tokio::test]
async fn a_token_holds_until_its_end_or_its_revocation_and_has_the_role_that_it_was_made_for() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("nadia", Role::Admin).await;
    let make =
        |hours| NewToken { name: "grafana".into(), role: Role::Officer, contractor: None, tenant: None, read_only: true, hours };
    assert!(scene.keeper.make_token(make(0), "nadia".into()).await.is_err());
    let made = scene.keeper.make_token(make(2), "nadia".into()).await.expect("a token");
    let bearer = || scene.keeper.recognise(Shown::Bearer(made.secret.clone()));
    let viewer = bearer().await.expect("an answer").expect("it holds");
    assert_eq!((viewer.role, viewer.means, viewer.read_only), (Role::Officer, Means::Token, true));
    scene.hand.pass(Duration::from_secs(2 * 3600));
    assert_eq!(bearer().await.expect("an answer"), None, "its time is over");

    let other = scene.keeper.make_token(make(2), "nadia".into()).await.expect("a token");
    scene.keeper.revoke_token(other.what.id).await.expect("revoked");
    assert_eq!(scene.keeper.recognise(Shown::Bearer(other.secret)).await.expect("an answer"), None);
}

#[tokio::test]
async fn the_last_admin_stays_while_there_are_others() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("nadia", Role::Admin).await;
    scene.user("officer-1", Role::Officer).await;
    assert!(matches!(scene.keeper.remove_user("nadia".into()).await, Err(AccessError::Refused(_))));
    scene.keeper.remove_user("officer-1".into()).await.expect("gone");
    scene.keeper.remove_user("nadia".into()).await.expect("the last user may go");
}

#[tokio::test]
async fn sec_08_no_secret_stands_in_the_file_and_nobody_else_may_read_it() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("officer-1", Role::Officer).await;
    let session = scene.sign_in("officer-1", PASSWORD).await.expect("a session");
    let new = NewCredential { device: "bin-1".into(), topics: vec![], certificate: None, overlap_hours: None };
    let credential = scene.keeper.make_credential(new).await.expect("a credential").secret;
    let new = NewClaim { device: "bin-2".into(), topics: vec![], hours: 1 };
    let code = scene.keeper.make_claim(new).await.expect("a code").secret;
    for name in ["access.db", "access.db-wal"] {
        let path = scene.folder.path().join(name);
        let (bytes, mode) = (std::fs::read(&path).expect(name), std::fs::metadata(&path).expect(name).permissions().mode());
        assert_eq!(mode & 0o777, 0o600, "{name}");
        for secret in [PASSWORD, &session, &credential, &code, &code.replace('-', "")] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{name} holds a secret");
        }
    }
}

#[tokio::test]
async fn sec_02_a_device_needs_its_own_password_and_two_hold_while_one_is_rotated() {
    let scene = Scene::new(ELSEWHERE);
    let new = |overlap_hours| NewCredential { device: "bin-1".into(), topics: vec![], certificate: None, overlap_hours };
    let old = scene.keeper.make_credential(new(None)).await.expect("a credential").secret;
    let admit = |user: Option<&str>, password: &str| scene.doorman.admit(user, Proof::Password(password.as_bytes()), HERE);
    assert_eq!(admit(Some("bin-1"), &old), Ok(()));
    assert_eq!(admit(Some("bin-2"), &old), Err(Denied::Wrong));
    assert_eq!(admit(None, ""), Err(Denied::Wrong), "nobody is anonymous");

    let fresh = scene.keeper.make_credential(new(Some(24))).await.expect("a credential").secret;
    assert_eq!((admit(Some("bin-1"), &old), admit(Some("bin-1"), &fresh)), (Ok(()), Ok(())));
    scene.hand.pass(Duration::from_secs(24 * 3600));
    assert_eq!((admit(Some("bin-1"), &old), admit(Some("bin-1"), &fresh)), (Err(Denied::Wrong), Ok(())));

    let gone = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&gone);
    scene.doorman.dismiss_by(Arc::new(move |device| told.lock().expect("a lock").push(device.to_owned())));
    assert_eq!(scene.keeper.revoke_credentials("bin-1".into()).await.expect("revoked"), 2);
    assert_eq!(admit(Some("bin-1"), &fresh), Err(Denied::Wrong));
    assert_eq!(*gone.lock().expect("a lock"), ["bin-1"], "its connections are ended");
}

#[tokio::test]
async fn sec_02_what_a_credential_has_opened_is_ended_with_it_once_and_of_nobody_else() {
    let scene = Scene::new(ELSEWHERE);
    let gone = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = Arc::clone(&gone);
    scene.doorman.dismiss_by(Arc::new(move |device| told.lock().expect("a lock").push(device.to_owned())));
    let new = |device: &str, topics: &[&str], overlap_hours| NewCredential {
        device: device.to_owned(),
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        certificate: None,
        overlap_hours,
    };
    for device in ["bin-1", "bin-2"] {
        scene.keeper.make_credential(new(device, &["application/#"], None)).await.expect("a credential");
    }
    scene.keeper.make_credential(new("bin-1", &[], Some(24))).await.expect("a credential");
    let dismissed = || {
        scene.doorman.dismiss_overdue();
        std::mem::take(&mut *gone.lock().expect("a lock"))
    };
    scene.hand.pass(Duration::from_secs(24 * 3600 - 1));
    assert!(dismissed().is_empty(), "it holds yet");
    assert!(scene.doorman.speaks_for_others("bin-1") && scene.doorman.may_publish("bin-1", "application/1"));
    scene.hand.pass(Duration::from_secs(2));
    assert_eq!(dismissed(), ["bin-1"]);
    assert!(!scene.doorman.speaks_for_others("bin-1"), "the new one has no topics of its own");
    assert!(!scene.doorman.may_publish("bin-1", "application/1"), "topics end with their credential");
    scene.keeper.make_credential(new("bin-3", &[], None)).await.expect("a credential");
    assert!(dismissed().is_empty(), "what is done with is not done again");

    scene.keeper.make_credential(new("bin-2", &[], Some(0))).await.expect("a credential");
    scene.hand.pass(Duration::from_millis(1));
    assert_eq!(dismissed(), ["bin-2"], "without an overlap at once");
}

#[tokio::test]
async fn sec_05_wrong_passwords_slow_their_address_down_whatever_names_are_tried() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("officer-1", Role::Officer).await;
    for n in 0..30 {
        assert!(matches!(scene.sign_in(&format!("guess-{n}"), PASSWORD).await, Err(AccessError::Wrong)));
    }
    let rows = scene.keeper.audit(0, 100).await.expect("rows").len();
    assert!(matches!(scene.sign_in("officer-1", PASSWORD).await, Err(AccessError::TooMany)), "the right one too");
    assert_eq!(scene.keeper.audit(0, 100).await.expect("rows").len(), rows, "the disk is not filled by it");
    let other = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    assert!(scene.keeper.sign_in("officer-1".into(), PASSWORD.into(), other).await.is_ok());
    scene.hand.pass(Duration::from_secs(30));
    assert!(scene.sign_in("officer-1", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn sec_02_a_certificate_is_no_password_and_is_revoked_like_one() {
    let scene = Scene::new(ELSEWHERE);
    let (der, fingerprint) = (b"a certificate in DER", "8b1ae7a5ba8b0b4f2b5d4c1b1d5c7a0a");
    let new = |certificate: &str| NewCredential {
        device: "bin-1".into(),
        topics: vec![],
        certificate: Some(certificate.to_owned()),
        overlap_hours: None,
    };
    assert!(scene.keeper.make_credential(new(fingerprint)).await.is_err(), "too short");
    let fingerprint = crate::secret::hex(&<sha2::Sha256 as sha2::Digest>::digest(der));
    let made = scene.keeper.make_credential(new(&fingerprint)).await.expect("a credential");
    assert_eq!(made.secret, "", "there is nothing to be shown");
    let admit = |proof| scene.doorman.admit(Some("bin-1"), proof, HERE);
    assert_eq!(admit(Proof::Certificate(der)), Ok(()));
    // Everybody may know a certificate, and its fingerprint.
    for known in [&der[..], fingerprint.as_bytes(), b""] {
        assert_eq!(admit(Proof::Password(known)), Err(Denied::Wrong));
    }
    assert_eq!(scene.doorman.admit(Some("bin-2"), Proof::Certificate(der), HERE), Err(Denied::Wrong));
    scene.keeper.revoke_credentials("bin-1".into()).await.expect("revoked");
    assert_eq!(admit(Proof::Certificate(der)), Err(Denied::Wrong));
}

#[tokio::test]
async fn sec_02_wrong_credentials_slow_their_address_down_and_no_other() {
    let scene = Scene::new(ELSEWHERE);
    let new = NewCredential { device: "bin-1".into(), topics: vec![], certificate: None, overlap_hours: None };
    let secret = scene.keeper.make_credential(new).await.expect("a credential").secret;
    let other = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    for _ in 0..10 {
        assert_eq!(scene.doorman.admit(Some("bin-1"), Proof::Password(b"guess"), HERE), Err(Denied::Wrong));
    }
    assert_eq!(scene.doorman.admit(Some("bin-1"), Proof::Password(secret.as_bytes()), HERE), Err(Denied::TooMany));
    assert_eq!(scene.doorman.admit(Some("bin-1"), Proof::Password(secret.as_bytes()), other), Ok(()));
    scene.hand.pass(Duration::from_secs(30));
    assert_eq!(scene.doorman.admit(Some("bin-1"), Proof::Password(secret.as_bytes()), HERE), Ok(()));
}

#[tokio::test]
async fn sec_06_the_audit_is_only_ever_added_to_and_one_flipped_byte_is_found() {
    let scene = Scene::new(ELSEWHERE);
    for n in 0..40 {
        scene.note(&format!("needle-{n:02}")).await;
    }
    let verdict = scene.keeper.verify_audit().await.expect("a verdict");
    assert_eq!((verdict.rows, &verdict.broken), (40, &None));
    let rows = scene.keeper.audit(38, 10).await.expect("rows");
    assert_eq!((rows.len(), rows[1].hash.as_str()), (2, verdict.head.as_str()));
    let file = scene.file();
    let Scene { folder, keeper, doorman, .. } = scene;
    drop((keeper, doorman));
    let db = rusqlite::Connection::open(&file).expect("the file");
    assert!(db.execute("UPDATE audit SET who = 'nobody' WHERE number = 7", []).is_err());
    assert!(db.execute("DELETE FROM audit WHERE number = 40", []).is_err());
    drop(db);

    flip(&file, b"needle-17");
    let verdict = Book::open(&file).expect("it opens").verify().expect("a verdict");
    assert_eq!(verdict.broken.map(|(row, _)| row), Some(18));
    drop(folder);
}

/// Changes one bit where a text stands.
fn flip(file: &std::path::Path, text: &[u8]) {
    let mut file = std::fs::File::options().read(true).write(true).open(file).expect("the file");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("its bytes");
    let at = bytes.windows(text.len()).position(|w| w == text).expect("the text") + text.len() - 1;
    file.seek(SeekFrom::Start(at as u64)).expect("the place");
    file.write_all(&[bytes[at] ^ 1]).expect("one byte");
}

#[tokio::test]
async fn sec_06_a_row_that_was_cut_out_by_force_is_found_and_a_clock_that_steps_back_does_not_show() {
    let scene = Scene::new(ELSEWHERE);
    scene.note("one").await;
    scene.hand.0.fetch_sub(5_000, Ordering::Relaxed);
    scene.note("two").await;
    scene.note("three").await;
    let rows = scene.keeper.audit(0, 10).await.expect("rows");
    assert!(rows.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let db = rusqlite::Connection::open(scene.file()).expect("the file");
    db.execute_batch("DROP TRIGGER audit_is_not_shortened; DELETE FROM audit WHERE number = 2").expect("by force");
    let verdict = scene.keeper.verify_audit().await.expect("a verdict");
    assert_eq!(verdict.broken.map(|(row, _)| row), Some(2));
}

#[tokio::test]
async fn a_copy_is_whole_and_for_its_owner_alone() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("officer-1", Role::Officer).await;
    let copy = scene.folder.path().join("copy.db");
    crate::copy(&scene.file(), &copy).expect("a copy");
    assert_eq!(std::fs::metadata(&copy).expect("it").permissions().mode() & 0o777, 0o600);
    assert_eq!(Book::open(&copy).expect("a book").user_count().expect("users"), 1);
}

#[tokio::test]
async fn format_1_stays_readable_and_can_be_written_on() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("access.db");
    let db = rusqlite::Connection::open(&file).expect("a file");
    db.execute_batch(include_str!("../migrations/0001.sql")).expect("format 1");
    db.execute_batch("PRAGMA application_id = 0x4D525341; PRAGMA user_version = 1").expect("its mark");
    db.execute("INSERT INTO user VALUES ('nadia', 'admin', NULL, 'a hash', 0, NULL)", []).expect("a user");
    drop(db);
    let (_, keeper) = opened(&file, &Arc::new(Hand(AtomicI64::new(1_795_000_000_000))), ELSEWHERE);
    assert_eq!(keeper.users().await.expect("users")[0].name, "nadia");
    let new = NewClaim { device: "bin-1".into(), topics: vec![], hours: 1 };
    keeper.make_claim(new).await.expect("a code");
    assert_eq!(keeper.claims().await.expect("codes").len(), 1);
}
