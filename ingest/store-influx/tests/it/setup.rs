//! Preparing a server.

use services::Influxd;
use std::time::Duration;
use store_influx::{Access, Secret, Settings, Setup, SetupError, healthy};

use crate::ground::{block_on, first, settings};

#[test]
fn a_fresh_server_is_prepared_once_and_doing_it_again_changes_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(server) = Influxd::start(directory.path()) else { return };
    let fresh = settings(server.url());
    block_on(async {
        assert!(healthy(&fresh).await.expect("it is well").starts_with('v'));
        let setup = Setup::new(&fresh).expect("an address");
        assert!(matches!(setup.prepare(None).await, Err(SetupError::Fresh)));
        let made = setup.prepare(Some(first())).await.expect("a fresh server is set up");
        assert_eq!(made.made, ["marsad_raw", "marsad_1h"]);
        let token = made.token.expect("a token");
        assert!(matches!(setup.prepare(Some(first())).await, Err(SetupError::SetUp)), "nobody is first twice");
        let by_token = || Some(Access::Token(token.clone()));
        for _ in 0..2 {
            let again = setup.prepare(by_token()).await.expect("it is prepared");
            assert_eq!((again.made, again.there), (vec![], vec!["marsad_raw".to_owned(), "marsad_1h".to_owned()]));
        }
        let yearly = Settings { bucket: "year".to_owned(), keep: Duration::from_secs(365 * 86_400), ..fresh.clone() };
        let yearly_setup = Setup::new(&yearly).expect("an address");
        assert_eq!(yearly_setup.prepare(by_token()).await.expect("a second bucket").made, ["year_raw", "year_1h"]);
        let shorter = Settings { keep: Duration::from_secs(86_400), ..yearly.clone() };
        let other = Setup::new(&shorter).expect("an address").prepare(by_token()).await;
        assert!(
            matches!(other, Err(SetupError::Retention { found: 31_536_000, expected: 86_400, key: "keep", .. })),
            "{other:?}"
        );
        let shorter = Settings { keep_hours: Duration::from_secs(400 * 86_400), ..yearly };
        let other = Setup::new(&shorter).expect("an address").prepare(by_token()).await;
        assert!(matches!(other, Err(SetupError::Retention { found: 0, key: "keep_hours", .. })), "{other:?}");
        let elsewhere = Settings { org: "nobody".to_owned(), ..fresh.clone() };
        let nobody = Setup::new(&elsewhere).expect("an address").prepare(by_token()).await;
        assert!(matches!(nobody, Err(SetupError::NoOrganisation(_))), "{nobody:?}");
        let stranger = setup.prepare(Some(Access::Token(Secret::new("stranger")))).await;
        assert!(matches!(stranger, Err(SetupError::Server { .. })), "{stranger:?}");
    });
}
