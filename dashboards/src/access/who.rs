//! What a request shows of who sends it, and whether it comes from one of our own pages.

use std::cell::RefCell;
use std::net::IpAddr;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, header};
use ports::{Gate, Means, Shown, Viewer};

use super::is_safe;
use crate::lang::cookie;

/// The other end of the socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where a request comes from, as the gate found it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker(pub(crate) Option<IpAddr>);

tokio::task_local! {
    /// Whose request is being answered.
    static PRESENT: RefCell<Viewer>;
}

/// Answers within it know whose request it is.
pub(super) async fn within<T>(viewer: Viewer, answer: impl Future<Output = T>) -> T {
    PRESENT.scope(RefCell::new(viewer), answer).await
}

/// Whose request is being answered; none where nobody keeps a gate.
pub(crate) fn present() -> Option<Viewer> {
    PRESENT.try_with(|viewer| viewer.borrow().clone()).ok()
}

/// The cookie of a session: bound to this very host where it travels by TLS alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieOf {
    secure: bool,
}

impl CookieOf {
    pub(crate) fn gate(gate: &dyn Gate) -> Self {
        Self { secure: gate.is_secure() }
    }

    const fn name(self) -> &'static str {
        if self.secure { "__Host-marsad" } else { "marsad" }
    }

    /// The secret that a request shows.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<String> {
        cookie(headers, self.name()).filter(|secret| !secret.is_empty()).map(ToOwned::to_owned)
    }

    /// The header that sets it; no script reads it, and no other site sends it.
    pub(crate) fn set(self, secret: &str) -> String {
        self.header(secret, "")
    }

    /// The header that takes it away.
    pub(crate) fn unset(self) -> String {
        self.header("", "; Max-Age=0")
    }

    fn header(self, secret: &str, more: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", self.name())
    }

    /// Of somebody who is at the city's directory: `Lax`, since it must come along from there. It opens nothing by itself.
    const fn name_away(self) -> &'static str {
        if self.secure { "__Host-marsad-away" } else { "marsad-away" }
    }

    /// What a browser was given that was sent to the directory.
    pub(crate) fn read_away(self, headers: &HeaderMap) -> Option<String> {
        cookie(headers, self.name_away()).filter(|ticket| !ticket.is_empty()).map(ToOwned::to_owned)
    }

    /// The header that gives it, for as long as somebody may take there.
    pub(crate) fn set_away(self, ticket: &str) -> String {
        self.header_away(ticket, 600)
    }

    /// The header that takes it away.
    pub(crate) fn unset_away(self) -> String {
        self.header_away("", 0)
    }

    fn header_away(self, ticket: &str, seconds: u32) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={ticket}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={seconds}", self.name_away())
    }
}

/// What a request shows: a token goes before a cookie.
pub(super) fn shown(headers: &HeaderMap, cookie: CookieOf) -> Option<Shown> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' '));
    if let Some((scheme, secret)) = bearer
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Shown::Bearer(secret.trim().to_owned()));
    }
    cookie.read(headers).map(Shown::Session)
}

/// Where a request comes from; behind a proxy the last address that it added.
pub(crate) fn address<B>(request: &Request<B>, gate: &dyn Gate) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.0);
    if !gate.behind_proxy() {
        return peer;
    }
    let all = request.headers().get_all("x-forwarded-for").into_iter().next_back().and_then(|v| v.to_str().ok());
    all.and_then(|all| all.rsplit(',').next()?.trim().parse().ok()).or(peer)
}

/// Whether a request that changes something may come from where it says. A browser says it of each such request; of what
/// sends cookies and does not say it nothing is taken.
pub(super) fn is_from_here(method: &Method, headers: &HeaderMap, means: Means) -> bool {
    if is_safe(method) || matches!(means, Means::Local | Means::Token) {
        return true;
    }
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, authority)| authority) == text("host"),
        (None, None) => means != Means::Session,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_here(headers: &[(&'static str, &str)], means: Means) -> bool {
        let pairs = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        is_from_here(&Method::POST, &pairs.collect::<HeaderMap>(), means)
    }

    #[test]
    fn sec_11_what_another_site_sends_with_our_cookie_is_not_taken() {
        for means in [Means::Session, Means::Open, Means::Nobody] {
            assert!(!from_here(&[("sec-fetch-site", "cross-site"), ("host", "city")], means), "{means:?}");
            assert!(!from_here(&[("sec-fetch-site", "same-site"), ("host", "city")], means), "{means:?}");
            assert!(!from_here(&[("origin", "https://evil.example"), ("host", "city")], means), "{means:?}");
            assert!(!from_here(&[("origin", "null"), ("host", "city")], means), "{means:?}");
            assert!(from_here(&[("sec-fetch-site", "same-origin")], means), "{means:?}");
            assert!(from_here(&[("origin", "https://city"), ("host", "city")], means), "{means:?}");
        }
        assert!(!from_here(&[("host", "city")], Means::Session), "a browser says where it comes from");
        assert!(from_here(&[("origin", "https://evil.example")], Means::Token), "no browser sends a token by itself");
    }
}
