//! Where two JSON values differ, in words: `data.temperature: expected 21.5, got 21.4`.

use serde_json::Value;

/// Differences of one case that are told; the rest is counted.
const TOLD: usize = 20;

/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// Every difference below `path`, objects by key, arrays by index, numbers as the same `f64`.
pub(crate) fn differences(path: &str, expected: Option<&Value>, got: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    compare(path, expected, got, &mut found);
    if found.len() > TOLD {
        let rest = found.len() - TOLD;
        found.truncate(TOLD);
        found.push(format!("and {rest} more"));
    }
    found
}

/// As deep as the values are nested, which serde_json bounds.
fn compare(path: &str, expected: Option<&Value>, got: Option<&Value>, found: &mut Vec<String>) {
    match (expected, got) {
        (None, None) => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for (key, value) in a {
                compare(&format!("{path}.{key}"), Some(value), b.get(key), found);
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                compare(&format!("{path}.{key}"), None, Some(value), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                compare(&format!("{path}[{i}]"), a.get(i), b.get(i), found);
            }
        }
        (Some(a), Some(b)) if same(a, b) => {}
        (a, b) => found.push(format!("{path}: expected {}, got {}", shown(a), shown(b))),
    }
}

/// JavaScript has one kind of number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn a_difference_names_its_path_and_both_values() {
        let expected = json!({"t": 21.5, "list": [1, {"a": true}], "gone": "x", "same": 2});
        let got = json!({"t": 21.4, "list": [1, {"a": false}, 3], "new": null, "same": 2.0});
        let found = differences("data", Some(&expected), Some(&got));
        let told = [
            "data.gone: expected \"x\", got nothing",
            "data.list[1].a: expected true, got false",
            "data.list[2]: expected nothing, got 3",
            "data.new: expected nothing, got null",
            "data.t: expected 21.5, got 21.4",
        ];
        assert_eq!(found.len(), told.len(), "{found:?}");
        for sentence in told {
            assert!(found.iter().any(|f| f == sentence), "{sentence} is not in {found:?}");
        }
    }

    #[test]
    fn many_differences_are_counted() {
        let expected = json!((0..50).collect::<Vec<_>>());
        let found = differences("data", Some(&expected), Some(&json!([])));
        assert_eq!((found.len(), found.last().map(String::as_str)), (21, Some("and 30 more")));
    }
}
