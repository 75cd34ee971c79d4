//! The reference of the vocabulary.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemas::{Kind, Quantity, Vocabulary};

const HEAD: &str = "# Quantities

Generated from [quantities.toml](../../schemas/quantities.toml) by [`the_reference_of_quantities_is_the_vocabulary`](../../tests/tests/references/quantities.rs).

A reading is a number in the canonical unit of its quantity, a [UCUM code](units.md). A boolean is 1 or 0. Values outside the
range are kept and flagged `out_of_range`. Gases are mass concentrations at 20 \u{b0}C and 1013.25 hPa; what a device states as a volume
fraction, or as a mass at 25 \u{b0}C, is converted by the [factors below](#gases). Texts are not quantities: a fault is its code, and what
identifies a person or a vehicle is never taken in.

| class | how values follow one another |
|---|---|
| sample | one value of many |
| state | true until told otherwise; heartbeats confirm it |
| event | happened at that instant |
| counter | only grows, but for rollover and reset; stored as the device counts |
";

const OWN: &str = "
## A city's own

A city adds kinds of devices and quantities by a file, without a build:
[green-spaces.toml](../../config/examples/green-spaces.toml) is one, for soil moisture
([`a_kind_of_the_citys_own_is_published_stored_judged_asked_for_and_shown_without_a_build`](../../tests/tests/own_kind.rs)).
Its settings name the file:

```toml
[vocabulary]
files = [\"green-spaces.toml\"]
```

| key of `[[quantity]]` | means |
|---|---|
| `name` | parts of lower-case letters, digits and `_` joined by dots, at most 48 bytes; stands on disk and in every API: never renamed |
| `unit` | canonical unit, a [UCUM code](units.md) that converts |
| `senml` | the unit's name in SenML (RFC 8428), or that of its base unit; `\"\"` for none |
| `class` | `sample`, `state`, `event` or `counter` |
| `min`, `max` | physical range in the unit |
| `resolution` | the step that still means something, in the unit; displays round to it |
| `gas` | only of a gas: `{ cel20 = .., cel25 = .. }`, micrograms per cubic metre in one part per billion |
| `label` | `{ fr = .., ar = .., en = .. }`, for people |

A `[[kind]]` has a `name`, without dots, and a `label`; it is the second level of the topic. A name that is there already is refused,
and so is every other mistake, with file and line, before anything starts
([`every_mistake_in_a_citys_vocabulary_is_told_with_file_and_line`](../../config/src/tests.rs)). A row that readings were stored
under stays: without it the program does not know what stands on its disk.
[vocabulary-file.schema.json](../../schemas/json/vocabulary-file.schema.json) is the schema of such a file.
";

/// A number as people write it: no exponent.
fn number(value: f64) -> String {
    format!("{value}")
}

fn row(quantity: Quantity) -> String {
    let row = quantity.row();
    let senml = if row.senml.is_empty() { String::new() } else { format!("`{}`", row.senml) };
    format!(
        "| `{}` | {} | {} | {} | `{}` | {senml} | {} | {} to {} | {} |\n",
        row.name,
        row.label.en,
        row.label.fr,
        row.label.ar,
        row.unit,
        row.class.code(),
        number(row.min),
        number(row.max),
        number(row.resolution),
    )
}

#[test]
fn the_reference_of_quantities_is_the_vocabulary() {
    let mut groups: BTreeMap<&str, Vec<Quantity>> = BTreeMap::new();
    let mut order = Vec::new();
    for quantity in Vocabulary::current().quantities() {
        let group = quantity.name().split('.').next().expect("a first part");
        if !order.contains(&group) {
            order.push(group);
        }
        groups.entry(group).or_default().push(quantity);
    }
    let mut page = HEAD.to_owned();
    for group in order {
        let title = match (Kind::named(group), group) {
            (Some(kind), _) => kind.label().en.clone(),
            (None, "battery") => "Batteries of any device".to_owned(),
            (None, "radio") => "Radio of any device".to_owned(),
            (None, _) => "Any device".to_owned(),
        };
        let _ = write!(
            page,
            "\n## {title}\n\n| quantity | English | French | Arabic | unit | SenML | class | range | resolution |\n|---|---|---|---|---|---|---|---|---|\n"
        );
        page.extend(groups.remove(group).unwrap_or_default().into_iter().map(row));
    }
    page += "\n## Gases\n\nMicrograms per cubic metre in one part per billion, at 1013.25 hPa: molar mass / (22.41396954 L/mol x T / 273.15 K), to four decimals\n(Directive 2008/50/EC, Annex VI C).\n\n| quantity | at 20 \u{b0}C | at 25 \u{b0}C |\n|---|---|---|\n";
    for quantity in Vocabulary::current().quantities() {
        if let Some(gas) = quantity.row().gas {
            let _ = writeln!(page, "| `{quantity}` | {:.4} | {:.4} |", gas.cel20, gas.cel25);
        }
    }
    page += OWN;
    tests::generated("docs/reference/quantities.md", &page);
}
