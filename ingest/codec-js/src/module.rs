//! Reads the source of a module as that of a script.
//!
//! Decoders that are modules export their functions and import nothing but, seldom, `Buffer`. So `export` and `import` at
//! the beginning of a line are replaced in place: lines keep their numbers. Tried only when a source is no script as it
//! stands, and taken only if the result is one: what this misreads is still a syntax error.

/// The source without `export` and `import`, or nothing if it has neither.
pub(crate) fn as_script(source: &str) -> Option<String> {
    let mut out = String::with_capacity(source.len() + 64);
    let mut rest = source;
    let mut changed = false;
    while !rest.is_empty() {
        let code = rest.trim_start_matches([' ', '\t']);
        let replaced = keyword(code, "export").and_then(export).or_else(|| keyword(code, "import").and_then(import));
        if let Some((text, left)) = replaced {
            changed = true;
            out.push_str(&text);
            rest = left;
        }
        let (line, after) = rest.split_at(rest.find('\n').map_or(rest.len(), |at| at + 1));
        out.push_str(line);
        rest = after;
    }
    changed.then_some(out)
}

/// What follows a word that ends there.
fn keyword<'a>(code: &'a str, word: &str) -> Option<&'a str> {
    let rest = code.strip_prefix(word)?;
    (!rest.starts_with(in_name)).then(|| rest.trim_start_matches([' ', '\t']))
}

/// What stands for an `export` that goes on with `rest`, and what is left of the source.
fn export(rest: &str) -> Option<(String, &str)> {
    if let Some(value) = keyword(rest, "default") {
        let function = keyword(value, "async").unwrap_or(value);
        let declared = keyword(function, "function").or_else(|| keyword(function, "class"));
        let named = declared.is_some_and(|d| d.trim_start_matches(['*', ' ']).starts_with(in_name));
        return Some((if named { String::new() } else { "exports.default = ".to_owned() }, value));
    }
    if let Some((list, left)) = braces(rest) {
        // What is handed on from another module is not there.
        if keyword(left, "from").is_some() {
            return None;
        }
        let renamed: String =
            pairs(list).filter(|(own, other)| own != other).map(|(own, other)| format!("exports.{other} = {own}; ")).collect();
        return Some((renamed + &line_ends(list), left));
    }
    let declares = ["function", "async", "class", "const", "let", "var"].into_iter().any(|word| keyword(rest, word).is_some());
    declares.then(|| (String::new(), rest))
}

/// What stands for an `import` that goes on with `rest`, and what is left of the source.
fn import(rest: &str) -> Option<(String, &str)> {
    let (binding, left) = match braces(rest) {
        Some((list, left)) => {
            let names: Vec<String> = pairs(list).map(|(theirs, ours)| format!("{theirs}: {ours}")).collect();
            (format!("{{ {} }}{}", names.join(", "), line_ends(list)), left)
        }
        None => {
            let rest = rest.strip_prefix("* as ").unwrap_or(rest);
            let (name, left) = rest.split_at(rest.find(|c| !in_name(c))?);
            (name.to_owned(), left.trim_start_matches([' ', '\t']))
        }
    };
    let module = keyword(left, "from")?;
    let quote = module.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, left) = module.get(1..)?.split_once(quote)?;
    let plain = !binding.is_empty() && name.chars().all(|c| in_name(c) || "@/.:-".contains(c));
    plain.then(|| (format!("const {binding} = require('{name}')"), left))
}

/// What stands between the braces with which `rest` begins, and what follows them.
fn braces(rest: &str) -> Option<(&str, &str)> {
    let (list, left) = rest.strip_prefix('{')?.split_once('}')?;
    Some((list, left.trim_start_matches([' ', '\t'])))
}

/// `a, b as c` as pairs: `(a, a)`, `(b, c)`.
fn pairs(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| match item.split_once(" as ") {
        Some((own, other)) => (own.trim(), other.trim()),
        None => (item, item),
    })
}

/// The line ends of a text that is taken out.
fn line_ends(text: &str) -> String {
    text.chars().filter(|c| *c == '\n').collect()
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::as_script;

    #[test]
    fn exports_and_imports_are_replaced_and_lines_keep_their_numbers() {
        let cases = [
            ("export function decodeUplink(input) {}\n", "function decodeUplink(input) {}\n"),
            ("export default function decodeUplink(input) {}", "function decodeUplink(input) {}"),
            ("export default function (input) {}", "exports.default = function (input) {}"),
            ("export default { decodeUplink };", "exports.default = { decodeUplink };"),
            ("export const a = 1;", "const a = 1;"),
            (
                "function f() {}\nexport {\n  f as decodeUplink,\n  g\n};\n",
                "function f() {}\nexports.decodeUplink = f; \n\n\n;\n",
            ),
            ("import { Buffer as B } from 'buffer';\nx", "const { Buffer: B } = require('buffer');\nx"),
            ("import * as b from \"node:buffer\"", "const b = require('node:buffer')"),
            ("import b from './b.js';", "const b = require('./b.js');"),
        ];
        for (module, script) in cases {
            assert_eq!(as_script(module).as_deref(), Some(script), "{module}");
        }
    }

    #[test]
    fn what_neither_exports_nor_imports_is_left_alone() {
        for source in [
            "",
            "var exported = 1;\nexporter();",
            "x = 'export'",
            "exports.a = 1",
            "import a, {b} from 'c';",
            "export * from 'a'",
        ] {
            assert_eq!(as_script(source), None, "{source}");
        }
    }
}
