//! The second factor: RFC 6238 over a real file.

use super::*;

/// What an authenticator would show, by the secret that a person typed into it.
fn shown(secret: &str, now: Timestamp) -> String {
    crate::totp::shown(&unbase32(secret), now)
}

fn unbase32(text: &str) -> Vec<u8> {
    let digits = text.bytes().map(|sign| match sign {
        b'A'..=b'Z' => u64::from(sign - b'A'),
        _ => u64::from(sign - b'2') + 26,
    });
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0, 0);
    for digit in digits {
        (bits, held) = (bits << 5 | digit, held + 5);
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).expect("one byte"));
        }
    }
    bytes
}

impl Scene {
    /// Enters an officer with a second factor: the secret, and the recovery codes.
    async fn with_second_factor(&self) -> (String, Vec<String>) {
        self.user("officer-1", Role::Officer).await;
        self.keeper.begin_second_factor("officer-1".into()).await.expect("begun");
        let SecondFactor::Begun { secret, uri } = self.standing().await else { panic!("it is begun") };
        assert_eq!(uri, format!("otpauth://totp/Marsad:officer-1?secret={secret}&issuer=Marsad"));
        let code = shown(&secret, self.hand.now());
        let codes = self.keeper.confirm_second_factor("officer-1".into(), code).await.expect("confirmed");
        self.hand.pass(Duration::from_secs(30));
        (secret, codes)
    }

    async fn standing(&self) -> SecondFactor {
        self.keeper.second_factor("officer-1".into()).await.expect("an answer")
    }

    async fn halfway(&self) -> String {
        match self.keeper.sign_in("officer-1".into(), PASSWORD.into(), Some(HERE)).await.expect("the password is right") {
            Entry::Halfway(ticket) => ticket,
            Entry::In(_) => panic!("a code was not asked for"),
        }
    }

    async fn with_code(&self, ticket: &str, code: &str) -> Result<String, AccessError> {
        self.keeper.sign_in_with_code(ticket.to_owned(), code.to_owned(), Some(HERE)).await
    }
}

#[tokio::test]
async fn sec_05_with_a_second_factor_the_password_alone_lets_nobody_in_and_a_code_is_taken_once() {
    let scene = Scene::new(ELSEWHERE);
    let (secret, _) = scene.with_second_factor().await;
    let ticket = scene.halfway().await;
    assert_eq!(scene.whose(&ticket).await, None, "a ticket is no session");
    let code = shown(&secret, scene.hand.now());
    assert!(matches!(scene.with_code("guessed", &code).await, Err(AccessError::WrongCode)), "nobody knows the password");
    let session = scene.with_code(&ticket, &code).await.expect("in");
    assert_eq!(scene.whose(&session).await.as_deref(), Some("officer-1"));
    assert!(scene.with_code(&ticket, &code).await.is_err(), "the ticket is used up");
    let again = scene.halfway().await;
    assert!(matches!(scene.with_code(&again, &code).await, Err(AccessError::WrongCode)), "whoever read along has nothing of it");
    scene.hand.pass(Duration::from_secs(5 * 60));
    let late = shown(&secret, scene.hand.now());
    assert!(matches!(scene.with_code(&again, &late).await, Err(AccessError::WrongCode)), "the ticket's time is over");
}

#[tokio::test]
async fn sec_05_wrong_codes_lock_a_name_as_wrong_passwords_do() {
    let scene = Scene::new(ELSEWHERE);
    let (secret, _) = scene.with_second_factor().await;
    let ticket = scene.halfway().await;
    for _ in 0..5 {
        assert!(matches!(scene.with_code(&ticket, "000000").await, Err(AccessError::WrongCode)));
    }
    let code = shown(&secret, scene.hand.now());
    assert!(matches!(scene.with_code(&ticket, &code).await, Err(AccessError::Locked(_))), "the right one too");
    assert!(matches!(scene.sign_in("officer-1", PASSWORD).await, Err(AccessError::Locked(_))));
    let rows = scene.keeper.audit(0, 20).await.expect("rows");
    assert_eq!(rows.iter().filter(|row| row.outcome == "refused: wrong code").count(), 5);
}

#[tokio::test]
async fn sec_05_a_recovery_code_works_once_and_none_stands_in_the_file() {
    let scene = Scene::new(ELSEWHERE);
    let (_, codes) = scene.with_second_factor().await;
    assert_eq!(codes.len(), 10);
    assert!(matches!(scene.standing().await, SecondFactor::Asked { recovery_codes: 10, .. }));
    assert!(scene.with_code(&scene.halfway().await, &codes[0].to_lowercase()).await.is_ok());
    assert!(scene.with_code(&scene.halfway().await, &codes[0]).await.is_err(), "a second time");
    assert!(matches!(scene.standing().await, SecondFactor::Asked { recovery_codes: 9, .. }));
    for name in ["access.db", "access.db-wal"] {
        let bytes = std::fs::read(scene.folder.path().join(name)).expect(name);
        assert!(!codes.iter().any(|code| bytes.windows(code.len()).any(|w| w == code.as_bytes())), "{name}");
    }
}

#[tokio::test]
async fn sec_05_a_second_factor_is_asked_for_once_confirmed_and_ends_by_a_code_or_by_an_admin() {
    let scene = Scene::new(ELSEWHERE);
    scene.user("officer-1", Role::Officer).await;
    let name = || "officer-1".to_owned();
    scene.keeper.begin_second_factor(name()).await.expect("begun");
    assert!(scene.sign_in("officer-1", PASSWORD).await.is_ok(), "whoever never confirmed it is not shut out");
    assert!(scene.keeper.confirm_second_factor(name(), "000000".into()).await.is_err());
    scene.keeper.begin_second_factor(name()).await.expect("begun anew");
    let SecondFactor::Begun { secret, .. } = scene.standing().await else { panic!("it is begun") };
    let code = shown(&secret, scene.hand.now());
    scene.keeper.confirm_second_factor(name(), code.clone()).await.expect("confirmed");
    assert!(
        scene.keeper.begin_second_factor(name()).await.is_err(),
        "nobody at an open desk puts another telephone in its place"
    );
    assert!(scene.keeper.users().await.expect("users")[0].second_factor);
    assert!(matches!(scene.keeper.end_second_factor(name(), code).await, Err(AccessError::WrongCode)), "it was used");
    scene.hand.pass(Duration::from_secs(30));
    let code = shown(&secret, scene.hand.now());
    scene.keeper.end_second_factor(name(), code).await.expect("ended");
    assert_eq!(scene.standing().await, SecondFactor::None);

    scene.keeper.remove_user(name()).await.expect("gone");
    scene.with_second_factor().await;
    scene.keeper.reset_second_factor(name()).await.expect("taken away");
    assert!(scene.sign_in("officer-1", PASSWORD).await.is_ok());
    assert!(matches!(scene.keeper.reset_second_factor(name()).await, Err(AccessError::Absent(_))));
}
