//! Places in decoded JSON: JSON Pointer (RFC 6901), and one step that it lacks: `[name=value]` is the first element of a
//! list that has this word or number by this name, as in `/sensordatavalues/[value_type=SDS_P1]/value`.
//!
//! Deliberately absent: wildcards, filters, anything that finds more than one value. A list of like things is a `[[list]]`.

use std::fmt;

use serde_json::Value;

/// A place, read once and looked up often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    text: Box<str>,
    steps: Box<[Step]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Into the member of an object, or the element of a list by its number.
    Into(Box<str>),
    /// Into the element of a list that has this member.
    Where(Box<str>, Box<str>),
}

impl Pointer {
    /// Reads a place; empty: the whole.
    ///
    /// # Errors
    /// Neither empty nor beginning with `/`.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let steps = match text.split_once('/') {
            None if text.is_empty() => Box::default(),
            Some(("", rest)) => rest.split('/').map(Step::new).collect(),
            _ => return Err(format!("`{text}` is not a JSON Pointer: it begins with /")),
        };
        Ok(Self { text: text.into(), steps })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands there, if anything does.
    pub(crate) fn find<'v>(&self, tree: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(tree, |at, step| step.find(at))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Step {
    fn new(text: &str) -> Self {
        let plain = |text: &str| text.replace("~1", "/").replace("~0", "~").into();
        match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|rest| rest.split_once('=')) {
            Some((name, value)) => Step::Where(plain(name), plain(value)),
            None => Step::Into(plain(text)),
        }
    }

    fn find<'v>(&self, at: &'v Value) -> Option<&'v Value> {
        match (self, at) {
            (Step::Into(name), Value::Object(members)) => members.get(&**name),
            (Step::Into(number), Value::Array(elements)) => elements.get(number.parse::<usize>().ok()?),
            (Step::Where(name, value), Value::Array(elements)) => elements.iter().find(|element| match element.get(&**name) {
                Some(Value::String(word)) => **word == **value,
                Some(Value::Number(number)) => number.to_string() == **value,
                _ => false,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_rfc_6901_says_and_an_element_by_what_it_holds() {
        let tree = serde_json::json!({
            "a": [{"name": "p1", "v": 1}, {"name": "p2", "v": 2}, {"name": "p2", "v": 3}, {"name": 7, "v": 4}],
            "m~n": 5, "x/y": 6, "": 0
        });
        let cases = [
            ("/a/0/v", Some(1)),
            ("/a/[name=p2]/v", Some(2)),
            ("/a/[name=7]/v", Some(4)),
            ("/a/[name=p3]/v", None),
            ("/a/[v]/v", None),
            ("/a/-1/v", None),
            ("/m~0n", Some(5)),
            ("/x~1y", Some(6)),
            ("/", Some(0)),
            ("/m~0n/[name=p1]", None),
        ];
        for (text, expected) in cases {
            let found = Pointer::new(text).unwrap().find(&tree).and_then(Value::as_i64);
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(Pointer::new("").unwrap().find(&tree), Some(&tree));
        assert_eq!(Pointer::new("a/b").unwrap_err(), "`a/b` is not a JSON Pointer: it begins with /");
    }
}
