//! Users for whom the city's directory vouches, over a real file and a directory that says what the test says.

use std::sync::Mutex;

use ports::{BoxFuture, Departure, Directory, DirectoryError, Return, Standing, Vouched};
use schemas::Texts;

use super::*;

#[derive(Default)]
struct Said {
    label: Texts,
    next: Mutex<Option<Result<Vouched, DirectoryError>>>,
}

impl Directory for Said {
    fn label(&self) -> &Texts {
        &self.label
    }

    fn depart(&self, next: String, _: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, DirectoryError>> {
        Box::pin(async move { Ok(Departure { to: format!("https://id.city.example/?next={next}"), ticket: "t".to_owned() }) })
    }

    fn arrive(&self, _: Return) -> BoxFuture<'_, Result<Vouched, DirectoryError>> {
        let said = self.next.lock().unwrap().take();
        Box::pin(async move { said.expect("something was said") })
    }
}

struct City {
    scene: Scene,
    said: Arc<Said>,
}

fn standing(role: Role) -> Standing {
    Standing { role, contractor: (role == Role::Contractor).then(|| "ARMA".to_owned()), tenant: None }
}

fn vouched(subject: &str, name: &str, role: Option<Role>) -> Vouched {
    Vouched {
        subject: format!("https://id.city.example {subject}"),
        name: name.to_owned(),
        standing: role.map(standing),
        next: "/fr/".to_owned(),
    }
}

impl City {
    /// With an admin who has a password here.
    async fn new() -> Self {
        let Scene { folder, hand, doorman, keeper } = Scene::new(ELSEWHERE);
        let said = Arc::new(Said::default());
        let keeper = keeper.with_directory(Some(Arc::clone(&said) as _));
        let city = Self { scene: Scene { folder, hand, doorman, keeper }, said };
        assert!(city.scene.keeper.directory().is_none(), "the first admin comes by the link");
        assert!(matches!(city.arrive(Ok(vouched("0", "eve", Some(Role::Admin)))).await, Err(AccessError::Absent(_))));
        city.scene.user("nadia", Role::Admin).await;
        assert!(city.scene.keeper.directory().is_some());
        city
    }

    async fn arrive(&self, says: Result<Vouched, DirectoryError>) -> Result<String, AccessError> {
        *self.said.next.lock().unwrap() = Some(says);
        let (entry, next) = self.scene.keeper.arrive(Return::default(), Some(HERE)).await?;
        assert_eq!(next, "/fr/");
        match entry {
            Entry::In(session) => Ok(session),
            Entry::Halfway(_) => panic!("a code is asked for"),
        }
    }

    async fn viewer(&self, session: &str) -> Option<ports::Viewer> {
        self.scene.keeper.recognise(Shown::Session(session.to_owned())).await.expect("an answer")
    }

    async fn outcomes(&self) -> Vec<(String, String)> {
        let rows = self.scene.keeper.audit(0, 1000).await.expect("rows");
        let by = rows.into_iter().filter(|row| row.what == "signing in by the city's directory");
        by.map(|row| (row.who, row.outcome)).collect()
    }
}

#[tokio::test]
async fn sec_05_a_user_of_the_directory_has_a_session_like_any_other_and_no_password_here() {
    let city = City::new().await;
    let session = city.arrive(Ok(vouched("7", "Salma.B", Some(Role::Officer)))).await.expect("in");
    let viewer = city.viewer(&session).await.expect("a session");
    assert_eq!((viewer.name.as_str(), viewer.role, viewer.means), ("salma.b", Role::Officer, Means::Session));
    assert!(matches!(city.scene.sign_in("salma.b", "").await, Err(AccessError::Wrong)), "no password is the empty one");
    assert!(matches!(city.scene.sign_in("salma.b", PASSWORD).await, Err(AccessError::Wrong)));
    let given = city.scene.keeper.set_password("salma.b".into(), PASSWORD.into()).await;
    assert!(matches!(given, Err(AccessError::Refused(_))), "and can be given none");
    let listed = city.scene.keeper.users().await.expect("users");
    assert_eq!(
        listed.iter().map(|user| (user.name.as_str(), user.directory)).collect::<Vec<_>>(),
        [("nadia", false), ("salma.b", true)]
    );

    city.scene.hand.pass(Duration::from_secs(3600));
    assert!(city.viewer(&session).await.is_none(), "silence ends it as it ends others");
    assert_eq!(city.outcomes().await, [("salma.b".to_owned(), "ok".to_owned())]);
}

#[tokio::test]
async fn sec_05_the_directory_decides_anew_each_time_and_what_it_takes_back_ends_sessions_and_tokens() {
    let city = City::new().await;
    let first = city.arrive(Ok(vouched("7", "salma", Some(Role::Admin)))).await.expect("in");
    let second = city.arrive(Ok(vouched("7", "salma", Some(Role::Admin)))).await.expect("in again");
    assert!(city.viewer(&first).await.is_some(), "the same standing ends nothing");
    let new = NewToken { name: "t".into(), role: Role::Admin, contractor: None, tenant: None, read_only: false, hours: 10 };
    let token = city.scene.keeper.make_token(new, "salma".into()).await.expect("a token");

    let third = city.arrive(Ok(vouched("7", "salma", Some(Role::Officer)))).await.expect("in with less");
    assert_eq!(city.viewer(&third).await.map(|viewer| viewer.role), Some(Role::Officer));
    assert!(city.viewer(&first).await.is_none() && city.viewer(&second).await.is_none(), "sessions of the old standing");
    assert!(city.scene.keeper.recognise(Shown::Bearer(token.secret)).await.expect("an answer").is_none(), "and its tokens");

    assert!(matches!(city.arrive(Ok(vouched("7", "salma", None))).await, Err(AccessError::NoStanding)));
    assert!(city.viewer(&third).await.is_none(), "nothing is left to whoever is given nothing");
    assert!(matches!(city.arrive(Ok(vouched("8", "omar", None))).await, Err(AccessError::NoStanding)));
    assert!(city.scene.keeper.users().await.expect("users").iter().all(|user| user.name != "omar"), "and nobody is entered");
    let told = city.outcomes().await;
    assert_eq!(
        told.last().map(|(who, outcome)| (&**who, &**outcome)),
        Some(("omar", "refused: the directory gives no role here"))
    );
}

#[tokio::test]
async fn sec_05_nobody_comes_in_by_the_directory_under_the_name_of_somebody_else() {
    let city = City::new().await;
    assert!(
        matches!(city.arrive(Ok(vouched("7", "Nadia", Some(Role::Officer)))).await, Err(AccessError::NoStanding)),
        "who has a password"
    );
    city.arrive(Ok(vouched("7", "salma", Some(Role::Officer)))).await.expect("in");
    assert!(
        matches!(city.arrive(Ok(vouched("8", "salma", Some(Role::Officer)))).await, Err(AccessError::NoStanding)),
        "who came first"
    );
    for odd in ["", "a b", "<script>", "salma\n", &"x".repeat(65)] {
        assert!(matches!(city.arrive(Ok(vouched("9", odd, Some(Role::Officer)))).await, Err(AccessError::NoStanding)), "{odd:?}");
    }
    let renamed = city.arrive(Ok(vouched("7", "salma.new", Some(Role::Officer)))).await.expect("in");
    assert_eq!(city.viewer(&renamed).await.map(|viewer| viewer.name).as_deref(), Some("salma"), "known by the subject");
}

#[tokio::test]
async fn sec_05_lock_out_removal_and_a_second_factor_hold_for_users_of_the_directory_too() {
    let city = City::new().await;
    let session = city.arrive(Ok(vouched("7", "salma", Some(Role::Officer)))).await.expect("in");
    for _ in 0..5 {
        assert!(city.scene.sign_in("salma", "not the password").await.is_err());
    }
    assert!(matches!(city.arrive(Ok(vouched("7", "salma", Some(Role::Officer)))).await, Err(AccessError::Locked(_))));
    city.scene.hand.pass(Duration::from_secs(900));
    city.arrive(Ok(vouched("7", "salma", Some(Role::Officer)))).await.expect("in after the lock");
    city.scene.keeper.remove_user("salma".into()).await.expect("removed");
    assert!(city.viewer(&session).await.is_none());

    city.arrive(Ok(vouched("7", "salma", Some(Role::Admin)))).await.expect("vouched for again");
    let last = city.scene.keeper.remove_user("nadia".into()).await;
    assert!(matches!(last, Err(AccessError::Refused(_))), "who can come in without the directory stays");
}

#[tokio::test]
async fn sec_06_who_was_not_vouched_for_is_written_down_with_the_reason_and_has_to_wait_after_thirty() {
    let city = City::new().await;
    let unvouched = || DirectoryError::Unvouched("the signature of the ID token is wrong".to_owned());
    for _ in 0..30 {
        assert!(matches!(city.arrive(Err(unvouched())).await, Err(AccessError::Unvouched)));
    }
    assert!(matches!(city.arrive(Err(unvouched())).await, Err(AccessError::TooMany)));
    city.scene.hand.pass(Duration::from_secs(60));
    assert!(matches!(city.arrive(Err(DirectoryError::Away("it is down".into()))).await, Err(AccessError::DirectoryAway)));
    let told = city.outcomes().await;
    assert_eq!(told.len(), 31);
    assert_eq!(told[0], ("public".to_owned(), "refused: the signature of the ID token is wrong".to_owned()));
    assert_eq!(told[30].1, "refused: the directory cannot be asked");
}
