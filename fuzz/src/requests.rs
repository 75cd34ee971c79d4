//! A request written down as text: method and address, headers, an empty line, the body. Tests of the house take this file by its
//! path.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};

/// The request that stands in these bytes; none where a socket could not bring it either.
pub fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = (bytes.get(..end)?, bytes.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let (method, address) = (Method::from_bytes(first.get(..space)?).ok()?, Uri::try_from(first.get(space + 1..)?).ok()?);
    let mut request = Request::builder().method(method).uri(address).body(Body::from(body.to_vec())).ok()?;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}
