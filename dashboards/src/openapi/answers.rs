//! What goes wrong, as the document tells it of every operation.

use serde_json::{Value, json};

/// A sort of refusal: its status, its name among the components, and what it means.
type Refusal = (u16, &'static str, &'static str);

/// Of every operation.
const ALWAYS: [Refusal; 7] = [
    (
        400,
        "Unfit",
        "A parameter or the body does not fit, or the store would search for too long: `detail` says what, `expected` what would fit",
    ),
    (401, "WhoAsks", "Nobody says who they are, and this is not for everybody"),
    (403, "Withheld", "It would tell of people, or a token that may look wants to change something"),
    (404, "Nothing", "Nothing of that name is there, or not for whoever asks"),
    (429, "TooMuch", "This client has asked for too much of late: `Retry-After` says when to ask again"),
    (500, "Failed", "The store or the register failed"),
    (503, "Busy", "The store or the register is away, or as many are served as may be: `Retry-After` says when to ask again"),
];

/// Of what changes something besides.
const OF_ACTS: [Refusal; 3] = [
    (409, "Conflict", "It does not stand so that it can be done; nothing was changed"),
    (415, "NotJson", "The body is not said to be `application/json`"),
    (422, "Refused", "It cannot be done, and nothing was: `errors` lists all that is wrong"),
];

/// Whether a client that waits may have it.
const fn passes(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// The answers of an operation that did not go well, by their status.
pub(super) fn refusals(acts: bool) -> impl Iterator<Item = (String, Value)> {
    let besides = if acts { &OF_ACTS[..] } else { &[] };
    ALWAYS
        .iter()
        .chain(besides)
        .map(|(status, name, _)| (status.to_string(), json!({"$ref": format!("#/components/responses/{name}")})))
}

/// All of them, as components. `problem` is the schema of an error.
pub(super) fn components(problem: &Value) -> Value {
    let told = ALWAYS.iter().chain(&OF_ACTS).map(|(status, name, text)| {
        let mut told = json!({"description": text, "content": {"application/problem+json": {"schema": problem}}});
        if passes(*status) {
            told["headers"] = json!({"Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}}});
        }
        ((*name).to_owned(), told)
    });
    told.collect()
}
