//! Signatures by others: the examples of the standards, and one byte beside them.

use super::*;

/// RFC 7515, appendix A.2.1 and A.3.1; RFC 8037, appendix A.2.
const KEYS: &str = r#"{"keys":[
    {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
    {"kty":"RSA","kid":"rsa","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
    {"kty":"EC","kid":"ec","use":"sig","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"OKP","kid":"ed","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
]}"#;
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const BY_RSA: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const BY_EC: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const BY_ED: &str = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

const ALL: [Algorithm; 9] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

fn untaken(token: &str, algorithms: &[Algorithm]) -> &'static str {
    let asked = Asked {
        issuer: "joe",
        client: "marsad",
        nonce: "n",
        algorithms,
        now: Timestamp::clamped(1_300_000_000_000),
        leeway: 60.0,
    };
    match claims(token, &keys::read(KEYS.as_bytes()).unwrap(), &asked) {
        Ok(claims) => panic!("taken: {claims:?}"),
        Err(NoKey) => "no key",
        Err(Wrong(why)) => why,
    }
}

/// Another sign near the beginning of a part, where every bit counts.
fn spoilt(text: &str) -> String {
    let other = if text.as_bytes()[3] == b'A' { 'B' } else { 'A' };
    format!("{}{other}{}", &text[..3], &text[4..])
}

#[test]
fn the_signatures_of_the_standards_are_known_and_one_that_is_one_sign_beside_them_is_not() {
    const SIGNED: &str = "the ID token is for another program (aud)";
    const NOT: &str = "the signature of the ID token is wrong";
    // What was signed is looked at: it is of the right issuer, and for nobody.
    for (header, signature) in [("eyJhbGciOiJSUzI1NiJ9", BY_RSA), ("eyJhbGciOiJFUzI1NiJ9", BY_EC)] {
        assert_eq!(untaken(&format!("{header}.{PAYLOAD}.{signature}"), &ALL), SIGNED);
        assert_eq!(untaken(&format!("{header}.{PAYLOAD}.{}", spoilt(signature)), &ALL), NOT);
        assert_eq!(untaken(&format!("{header}.{}.{signature}", spoilt(PAYLOAD)), &ALL), NOT);
        assert_eq!(untaken(&format!("{header}.{PAYLOAD}."), &ALL), NOT);
    }
    let sentence = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(untaken(&format!("{sentence}.{BY_ED}"), &ALL), "the ID token cannot be read", "a sentence, signed");
    assert_eq!(untaken(&format!("{sentence}.{}", spoilt(BY_ED)), &ALL), NOT);
}

#[test]
fn a_way_of_signing_that_nobody_named_is_not_taken_whoever_signed() {
    const NOT_TAKEN: &str = "the ID token is signed in a way that is not taken (oidc.algorithms)";
    let by_rsa = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{BY_RSA}");
    assert_eq!(untaken(&by_rsa, &[Algorithm::Es256]), NOT_TAKEN);
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"rs256"}"#, r#"{"alg":""}"#] {
        let header = URL_SAFE_NO_PAD.encode(header);
        assert_eq!(untaken(&format!("{header}.{PAYLOAD}."), &ALL), NOT_TAKEN);
        assert_eq!(untaken(&format!("{header}.{PAYLOAD}.{BY_RSA}"), &ALL), NOT_TAKEN);
    }
    // The right signature under the name of another way, or by a key of another name.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256","kid":"rsa"}"#);
    assert_eq!(untaken(&format!("{header}.{PAYLOAD}.{BY_RSA}"), &ALL), "the signature of the ID token is wrong");
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"other"}"#);
    assert_eq!(untaken(&format!("{header}.{PAYLOAD}.{BY_RSA}"), &ALL), "no key");
}

#[test]
fn what_is_no_id_token_is_refused_with_its_reason() {
    for (header, why) in [
        (r#"{"alg":"RS256","crit":["exp"]}"#, "the ID token asks for an extension"),
        (r#"{"alg":"RS256","typ":"at+jwt"}"#, "this is another sort of token"),
        (r#"{"alg":"RS256","typ":"logout+jwt"}"#, "this is another sort of token"),
        (r#"{"alg":"RS256","alg":"none"}"#, "the ID token cannot be read"),
        ("[]", "the ID token cannot be read"),
    ] {
        assert_eq!(untaken(&format!("{}.{PAYLOAD}.{BY_RSA}", URL_SAFE_NO_PAD.encode(header)), &ALL), why, "{header}");
    }
    assert_eq!(untaken("", &ALL), "the ID token is not one");
    assert_eq!(untaken("a.b", &ALL), "the ID token is not one");
    assert_eq!(untaken(&"x".repeat(LONGEST + 1), &ALL), "the ID token is too long");
}

#[test]
fn each_claim_that_does_not_fit_is_named() {
    let asked = Asked {
        issuer: "https://id.city.example",
        client: "marsad",
        nonce: "n",
        algorithms: &ALL,
        now: Timestamp::clamped(1_000_000_000_000),
        leeway: 60.0,
    };
    let good = serde_json::json!({
        "iss": "https://id.city.example", "aud": "marsad", "sub": "1", "nonce": "n", "exp": 1_000_000_300, "iat": 999_999_999,
    });
    let with = |name: &str, value: Value| {
        let mut claims = good.as_object().unwrap().clone();
        if value.is_null() {
            claims.remove(name)
        } else {
            claims.insert(name.to_owned(), value)
        };
        fit(&claims, &asked).err()
    };
    assert_eq!(with("sub", "1".into()), None);
    for (name, value) in [
        ("aud", serde_json::json!(["marsad"])),
        ("exp", 999_999_941.into()),
        ("nbf", 1_000_000_060.into()),
        ("azp", "marsad".into()),
    ] {
        assert_eq!(with(name, value.clone()), None, "{name} {value}");
    }
    const OTHERS: &str = "the ID token is for another program (aud)";
    for (name, value, why) in [
        ("iss", "https://id.city.example/".into(), "the ID token is of another issuer"),
        ("iss", Value::Null, "the ID token is of another issuer"),
        ("aud", "marsad2".into(), OTHERS),
        ("aud", Value::Null, OTHERS),
        ("aud", serde_json::json!([]), OTHERS),
        ("aud", serde_json::json!(["marsad", "payroll"]), OTHERS),
        ("azp", "payroll".into(), OTHERS),
        ("nonce", "m".into(), "the ID token was asked for by somebody else (nonce)"),
        ("nonce", Value::Null, "the ID token was asked for by somebody else (nonce)"),
        ("sub", "".into(), "the ID token names nobody (sub)"),
        ("sub", 7.into(), "the ID token names nobody (sub)"),
        ("exp", 999_999_940.into(), "the ID token is over (exp)"),
        ("exp", Value::Null, "the ID token has no end (exp)"),
        ("exp", "1000000300".into(), "a time of the ID token is no number"),
        ("nbf", 1_000_000_061.into(), "the ID token does not hold yet (nbf)"),
        ("nbf", "soon".into(), "a time of the ID token is no number"),
        ("iat", 1_000_000_061.into(), "the ID token is of the future (iat)"),
        ("iat", Value::Null, "the ID token does not say when it was made (iat)"),
    ] {
        assert_eq!(with(name, value.clone()), Some(why), "{name} {value}");
    }
}
