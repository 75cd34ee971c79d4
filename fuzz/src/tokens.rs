//! Whatever a stranger shows as a token, a cookie, a claim code, a second factor or the password of a device. The first byte chooses
//! which. Nothing lets anybody in but the very secret. Tests of the house take this file by its path.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::{Book, Doorman, Entrance, Keeper, Proof, Settings};
use ports::{Clock, Gate, Means, NewToken, Role, Shown};
use schemas::Timestamp;
use tokio::runtime::Runtime;

/// The doors of a city, and who was let in at first.
pub struct Doors {
    runtime: Runtime,
    keeper: Keeper,
    doorman: Arc<Doorman>,
    /// The secret of the one token there is.
    pub token: String,
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(1_795_000_000_000)
    }
}

fn settings() -> Settings {
    let hour = Duration::from_secs(3600);
    Settings { session_idle: hour, session: 12 * hour, failures: 5, lock: hour, token_hours: 8784 }
}

impl Doors {
    /// Of a city in this directory.
    pub fn new(directory: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let book = Arc::new(Book::open(&directory.join("access.db")).expect("a book"));
        let clock: Arc<dyn Clock> = Arc::new(Still);
        let doorman = Doorman::new(&book, Arc::clone(&clock), vec!["marsad/+/+/{device}/up".to_owned()]).expect("a doorman");
        let entrance = Entrance { private: false, proxied: false, secure: true };
        let keeper = Keeper::new(
            book,
            clock,
            settings(),
            entrance,
            Some("what the commands of this machine say"),
            Some(Arc::clone(&doorman)),
        );
        let keeper = keeper.expect("a keeper");
        let new =
            NewToken { name: "one".to_owned(), role: Role::Officer, contractor: None, tenant: None, read_only: true, hours: 1 };
        let token = runtime.block_on(keeper.make_token(new, "nobody".to_owned())).expect("a token").secret;
        Self { runtime, keeper, doorman, token }
    }

    /// Shows this at the door that it chooses. True: somebody was let in.
    pub fn show(&self, input: &[u8]) -> bool {
        let [door, bytes @ ..] = input else { return false };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let from = IpAddr::V4(Ipv4Addr::new(10, *door, 0, 1));
        match door % 10 {
            0 => self.is_known(Shown::Bearer(text)),
            1 => self.is_known(Shown::Session(text)),
            2 => self.runtime.block_on(self.keeper.trade(first.to_owned(), rest.to_owned(), Some(from))).is_ok(),
            3 => self.runtime.block_on(self.keeper.sign_in_with_code(first.to_owned(), rest.to_owned(), Some(from))).is_ok(),
            4 => self.runtime.block_on(self.keeper.goes_on(Shown::Session(text))).expect("an answer"),
            5 => self.keeper.is_set_up_code(&text),
            6 => self.doorman.admit(Some(first), Proof::Password(rest.as_bytes()), from).is_ok(),
            7 => self.doorman.admit(Some(first), Proof::Certificate(rest.as_bytes()), from).is_ok(),
            8 => self.doorman.speaks_for_others(first),
            _ => {
                // Its own topic it may publish to, and only that.
                let may = self.doorman.may_publish(first, rest);
                assert!(!may || rest.split('/').nth(3) == Some(first), "{first:?} may publish to {rest:?}");
                false
            }
        }
    }

    fn is_known(&self, shown: Shown) -> bool {
        let viewer = self.runtime.block_on(self.keeper.recognise(shown)).expect("an answer");
        viewer.is_some_and(|viewer| viewer.means != Means::Nobody)
    }
}
