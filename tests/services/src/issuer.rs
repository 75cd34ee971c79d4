//! An issuer of OpenID Connect over real HTTP, with keys of its own, that says on demand what must not be taken.
//!
//! Whoever is sent there has signed in at once, as whom the test says.

use std::collections::HashMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

/// A key of this test and of nothing else: ring makes no RSA keys, so that one is kept.
const RSA: &str = include_str!("../keys/issuer-rsa.txt");
/// As which the program is registered here.
const CLIENT: &str = "marsad";
/// How long a browser or the program may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who signs the next ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The published RSA key: RS256.
    Rsa,
    /// The published key on P-256: ES256.
    Ec,
    /// A key that was never published, under the name of the one that is.
    Stranger,
    /// Nobody: `none`.
    Nobody,
}

struct Asked {
    nonce: String,
    challenge: String,
    back: String,
}

type Spoil = Box<dyn Fn(&mut Value) + Send>;

struct State {
    rsa: RsaKeyPair,
    ec: (String, EcdsaKeyPair),
    stranger: EcdsaKeyPair,
    signer: Signer,
    secret: Option<String>,
    person: Value,
    now: Option<u64>,
    spoil: Option<Spoil>,
    down: bool,
    asks: bool,
    codes: HashMap<String, Asked>,
    given: usize,
    key_looks: usize,
}

/// An issuer that listens until it is dropped.
pub struct Issuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("address", &self.address).finish_non_exhaustive()
    }
}

fn fresh_ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("chance");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).expect("a key that was just made")
}

fn fresh_text() -> String {
    let mut bytes = [0; 16];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).expect("chance");
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    /// Starts one; `secret` is that of the program's registration, none for a public one.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn start(secret: Option<&str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let rsa = STANDARD.decode(RSA.split_whitespace().collect::<String>()).expect("base 64");
        let state = Arc::new(Mutex::new(State {
            rsa: RsaKeyPair::from_der(&rsa).expect("an RSA key"),
            ec: ("ec-1".to_owned(), fresh_ec()),
            stranger: fresh_ec(),
            signer: Signer::Rsa,
            secret: secret.map(ToOwned::to_owned),
            person: json!({}),
            now: None,
            spoil: None,
            down: false,
            asks: false,
            codes: HashMap::new(),
            given: 0,
            key_looks: 0,
        }));
        let serving = Arc::clone(&state);
        // It ends with the process of the test: nobody waits for it.
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (state, issuer) = (Arc::clone(&serving), format!("http://{address}"));
                std::thread::spawn(move || serve(socket, &state, &issuer));
            }
        });
        Self { address, state }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who signs in next: claims beside those of every token.
    pub fn person(&self, claims: Value) {
        self.lock().person = claims;
    }

    /// Who signs.
    pub fn signer(&self, signer: Signer) {
        self.lock().signer = signer;
    }

    /// What becomes of the claims before they are signed.
    pub fn spoil(&self, spoil: impl Fn(&mut Value) + Send + 'static) {
        self.lock().spoil = Some(Box::new(spoil));
    }

    /// Tokens are as they should be again.
    pub fn mend(&self) {
        let mut state = self.lock();
        (state.spoil, state.signer, state.down) = (None, Signer::Rsa, false);
    }

    /// Whether it answers 503 to everything.
    pub fn down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Whoever is sent here sees a page first, and goes back by a link of it: `#in`.
    pub fn ask(&self) {
        self.lock().asks = true;
    }

    /// The key on P-256 is another one from now on, under another name.
    pub fn rotate(&self) {
        let mut state = self.lock();
        let name = format!("{}-next", state.ec.0);
        state.ec = (name, fresh_ec());
    }

    /// What time it is here, seconds since the epoch; as the machine says, where nobody sets it.
    pub fn time(&self, seconds: u64) {
        self.lock().now = Some(seconds);
    }

    /// ID tokens that were given.
    #[must_use]
    pub fn given(&self) -> usize {
        self.lock().given
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn key_looks(&self) -> usize {
        self.lock().key_looks
    }

    /// What a browser does that is sent to `to`: where it is sent back to.
    ///
    /// # Panics
    /// If the answer sends it nowhere.
    #[must_use]
    pub fn visit(&self, to: &str) -> String {
        let path = to.strip_prefix(&self.name()).expect("an address of this issuer");
        let mut socket = TcpStream::connect(self.address).expect("it listens");
        write!(socket, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).expect("a request");
        let mut text = String::new();
        socket.read_to_string(&mut text).expect("an answer");
        let line = text.lines().find_map(|line| line.strip_prefix("location: "));
        line.unwrap_or_else(|| panic!("it sends nobody anywhere: {text}")).to_owned()
    }
}

/// The head of a request and its body.
fn request(socket: &mut TcpStream) -> Option<(String, String)> {
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = socket.read(&mut piece).ok().filter(|read| *read > 0)?;
        all.extend_from_slice(piece.get(..read)?);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The pairs of a form or of an address.
fn pairs(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn serve(mut socket: TcpStream, state: &Mutex<State>, issuer: &str) {
    let Some((head, body)) = request(&mut socket) else { return };
    let target = head.split_whitespace().nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, more, text) = match path {
        _ if state.down => ("503 Service Unavailable", String::new(), String::new()),
        "/.well-known/openid-configuration" => ("200 OK", String::new(), configuration(issuer).to_string()),
        "/keys" => {
            state.key_looks += 1;
            ("200 OK", String::new(), state.keys().to_string())
        }
        "/authorize" => {
            let to = state.authorize(&pairs(query), issuer);
            if state.asks {
                let link =
                    format!("<!doctype html><title>Directory</title><a id=\"in\" href=\"{}\">in</a>", to.replace('&', "&amp;"));
                ("200 OK", "content-type: text/html\r\n".to_owned(), link)
            } else {
                ("302 Found", format!("location: {to}\r\n"), String::new())
            }
        }
        "/token" => match state.token(&head, &pairs(&body), issuer) {
            Ok(given) => ("200 OK", String::new(), given.to_string()),
            Err(word) => ("400 Bad Request", String::new(), json!({ "error": word }).to_string()),
        },
        _ => ("404 Not Found", String::new(), String::new()),
    };
    drop(state);
    let length = text.len();
    let head = format!("HTTP/1.1 {status}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n");
    // Whoever asked may have gone.
    _ = socket.write_all(format!("{head}{text}").as_bytes());
}

fn configuration(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

impl State {
    fn keys(&self) -> Value {
        let public: RsaPublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let (name, ec) = &self.ec;
        // An uncompressed point: 4, x, y.
        let (x, y) = ec.public_key().as_ref()[1..].split_at(32);
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa-1", "use": "sig", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e) },
            { "kty": "RSA", "kid": "for-encryption", "use": "enc", "n": "AQAB", "e": "AQAB" },
            { "kty": "EC", "kid": name, "use": "sig", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) },
        ] })
    }

    fn authorize(&mut self, asked: &HashMap<String, String>, issuer: &str) -> String {
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!((&*of("response_type"), &*of("client_id"), &*of("code_challenge_method")), ("code", CLIENT, "S256"));
        assert!(of("scope").split(' ').any(|scope| scope == "openid"), "{asked:?}");
        let (code, back) = (fresh_text(), of("redirect_uri"));
        let to = format!("{back}?code={code}&state={}&iss={}", of("state"), issuer.replace(':', "%3A").replace('/', "%2F"));
        self.codes.insert(code, Asked { nonce: of("nonce"), challenge: of("code_challenge"), back });
        to
    }

    /// An ID token for a code, once, and for whoever has asked for the code.
    fn token(&mut self, head: &str, form: &HashMap<String, String>, issuer: &str) -> Result<Value, &'static str> {
        let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let known = match &self.secret {
            Some(secret) => {
                let pair = STANDARD.encode(format!("{CLIENT}:{secret}"));
                header(head, "authorization") == Some(&*format!("Basic {pair}"))
            }
            None => of("client_id") == CLIENT,
        };
        if !known {
            return Err("invalid_client");
        }
        let asked = self.codes.remove(of("code")).ok_or("invalid_grant")?;
        let challenge = ring::digest::digest(&ring::digest::SHA256, of("code_verifier").as_bytes());
        let same = URL_SAFE_NO_PAD.encode(challenge) == asked.challenge;
        if of("grant_type") != "authorization_code" || of("redirect_uri") != asked.back || !same {
            return Err("invalid_grant");
        }
        self.given += 1;
        Ok(
            json!({ "access_token": fresh_text(), "token_type": "Bearer", "expires_in": 300, "id_token": self.signed(&asked.nonce, issuer) }),
        )
    }

    fn signed(&self, nonce: &str, issuer: &str) -> String {
        let machine = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = self.now.unwrap_or_else(machine);
        let mut claims = json!({ "iss": issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300 });
        if let (Some(claims), Some(person)) = (claims.as_object_mut(), self.person.as_object()) {
            claims.extend(person.clone());
        }
        if let Some(spoil) = &self.spoil {
            spoil(&mut claims);
        }
        let header = match self.signer {
            Signer::Rsa => json!({ "alg": "RS256", "kid": "rsa-1", "typ": "JWT" }),
            Signer::Ec | Signer::Stranger => json!({ "alg": "ES256", "kid": self.ec.0, "typ": "JWT" }),
            Signer::Nobody => json!({ "alg": "none" }),
        };
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match self.signer {
            Signer::Rsa => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("a signature");
                signature
            }
            Signer::Ec => self.ec.1.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec(),
            Signer::Stranger => self.stranger.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec(),
            Signer::Nobody => Vec::new(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
