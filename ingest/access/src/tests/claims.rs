//! Claim codes, and credentials for many devices at once.

use ports::{NewClaim, Provision};

use super::*;

impl Scene {
    async fn code(&self, device: &str) -> String {
        let new = NewClaim { device: device.to_owned(), topics: vec!["application/#".to_owned()], hours: 24 };
        self.keeper.make_claim(new).await.expect("a code").secret
    }

    /// The password that a code is traded for.
    async fn traded(&self, device: &str, code: &str) -> Result<String, AccessError> {
        let made = self.keeper.trade(device.to_owned(), code.to_owned(), Some(HERE)).await?;
        Ok(made.secret)
    }

    fn is_admitted(&self, device: &str, password: &str) -> bool {
        self.doorman.admit(Some(device), Proof::Password(password.as_bytes()), HERE).is_ok()
    }

    async fn provided(&self, devices: &[&str], claim_hours: Option<u32>, dry_run: bool) -> ports::Provided {
        let devices = devices.iter().map(|device| (*device).to_owned()).collect();
        self.keeper.provide(Provision { devices, claim_hours, dry_run }).await.expect("provided")
    }
}

#[tokio::test]
async fn sec_02_a_claim_code_is_traded_once_by_its_device_and_that_is_written_down() {
    let scene = Scene::new(ELSEWHERE);
    let code = scene.code("bin-1").await;
    assert!(matches!(scene.traded("bin-2", &code).await, Err(AccessError::NoClaim)), "it is another's");
    assert!(matches!(scene.traded("bin-1", "7Q2M-04TX-VK9B-H3ZD").await, Err(AccessError::NoClaim)), "guessed");
    let password = scene.traded("bin-1", &code.to_lowercase()).await.expect("traded");
    assert!(scene.is_admitted("bin-1", &password));
    assert!(scene.doorman.may_publish("bin-1", "application/1"), "with the topics that it was made for");
    assert!(matches!(scene.traded("bin-1", &code).await, Err(AccessError::NoClaim)), "a second time");
    assert!(scene.keeper.claims().await.expect("codes").is_empty());
    let rows = scene.keeper.audit(0, 10).await.expect("rows");
    let told: Vec<_> = rows.iter().map(|row| (row.who.as_str(), row.event.as_str(), row.outcome.as_str())).collect();
    let refused = "refused: no such code is open";
    assert_eq!(
        told,
        [("bin-2", "claim", refused), ("bin-1", "claim", refused), ("bin-1", "claim", "ok"), ("bin-1", "claim", refused)]
    );
}

#[tokio::test]
async fn sec_02_a_claim_code_ends_with_its_time_with_another_one_and_with_revocation() {
    let scene = Scene::new(ELSEWHERE);
    let old = scene.code("bin-1").await;
    let code = scene.code("bin-1").await;
    assert!(scene.traded("bin-1", &old).await.is_err(), "another one took its place");
    scene.hand.pass(Duration::from_secs(24 * 3600));
    assert!(scene.traded("bin-1", &code).await.is_err(), "its time is over");
    let code = scene.code("bin-1").await;
    assert_eq!(scene.keeper.revoke_credentials("bin-1".into()).await.expect("revoked"), 1);
    assert!(scene.traded("bin-1", &code).await.is_err(), "whoever finds the label has nothing of it");
}

#[tokio::test]
async fn sec_02_guessing_claim_codes_slows_the_address_down_and_fills_no_disk() {
    let scene = Scene::new(ELSEWHERE);
    let code = scene.code("bin-1").await;
    for _ in 0..10 {
        assert!(matches!(scene.traded("bin-1", "7Q2M-04TX-VK9B-H3ZD").await, Err(AccessError::NoClaim)));
    }
    for _ in 0..10 {
        assert!(matches!(scene.traded("bin-1", &code).await, Err(AccessError::TooMany)), "the right one too");
    }
    assert_eq!(scene.keeper.audit(0, 100).await.expect("rows").len(), 10);
    scene.hand.pass(Duration::from_secs(30));
    assert!(scene.traded("bin-1", &code).await.is_ok());
}

#[tokio::test]
async fn sec_02_a_claim_code_is_not_traded_where_others_could_read_along() {
    let scene = Scene::new(Entrance { private: false, proxied: false, secure: false });
    let code = scene.code("bin-1").await;
    assert!(matches!(scene.traded("bin-1", &code).await, Err(AccessError::Plain)));
    let here = Scene::new(Entrance { private: true, proxied: false, secure: false });
    let code = here.code("bin-1").await;
    assert!(here.traded("bin-1", &code).await.is_ok(), "on this machine nobody does");
}

#[tokio::test]
async fn sec_02_many_devices_get_a_credential_or_a_code_each_and_those_that_have_one_keep_it() {
    let scene = Scene::new(ELSEWHERE);
    let would = scene.provided(&["bin-1", "bin-2"], None, true).await;
    assert!(would.made.iter().all(|one| one.secret.is_empty()) && would.made.len() == 2);
    assert!(scene.keeper.credentials().await.expect("credentials").is_empty(), "nothing was made");

    let first = scene.provided(&["bin-1", "bin-2"], None, false).await;
    assert!(first.made.iter().all(|one| scene.is_admitted(&one.device, &one.secret)));
    assert_ne!(first.made[0].secret, first.made[1].secret);
    let codes = scene.provided(&["bin-1", "bin-3"], Some(24), false).await;
    assert_eq!((codes.made.len(), codes.made[0].device.as_str(), codes.same), (1, "bin-3", 1));
    let again = scene.provided(&["bin-3"], Some(24), false).await;
    assert_eq!((again.made.len(), again.same), (0, 1), "its code is open");
    let password = scene.traded("bin-3", &codes.made[0].secret).await.expect("traded");
    assert!(scene.is_admitted("bin-3", &password) && scene.is_admitted("bin-1", &first.made[0].secret));

    let odd = Provision { devices: vec!["bin-4".into(), "bin 5".into()], claim_hours: None, dry_run: false };
    assert!(matches!(scene.keeper.provide(odd).await, Err(AccessError::Refused(_))));
    assert_eq!(scene.keeper.credentials().await.expect("credentials").len(), 3, "all, or none");
}
