//! The reference of units.

use std::fmt::Write;

const HEAD: &str = "# Units

Generated from the [tables of units](../../ingest/codec/src/units/ucum.rs) by [`the_reference_of_units_is_what_converts`](../../tests/tests/references/units.rs).

A unit is stated by its code in the [Unified Code for Units of Measure](https://ucum.org/ucum), in the case as written: metric
prefixes from `f` to `T`, exponents, `.` and `/`, parentheses, whole numbers, annotations in braces. `L/h`, `dm3.h-1` and `L/(60.min)` are
one code in three spellings.

* Units of one dimension convert exactly: the result is the double nearest to what the written decimal comes to
  ([`units_convert_to_the_double_nearest_to_the_exact_result`](../../ingest/codec/src/units/tests.rs)).
* Temperatures with a zero of their own (`Cel`, `[degF]`) convert by it, and stand alone.
* Levels (`dB` and its kin) convert only to themselves; a sound level may be stated as `dB`.
* A gas converts between volume fraction and mass concentration by the [factors of its quantity](quantities.md#gases)
  ([`a_gas_converts_by_the_factors_of_its_row`](../../ingest/codec/src/units/tests.rs)). What the vocabulary gives no factor for, a mixture
  or dust, does not.
* Anything else is refused with the reason, never guessed
  ([`what_is_not_a_unit_of_the_quantity_is_refused_with_the_reason`](../../ingest/codec/src/units/tests.rs)).
";

#[test]
fn the_reference_of_units_is_what_converts() {
    let mut page = HEAD.to_owned();
    let list = |metric: bool| {
        let symbols = codec::unit_symbols().filter(|(_, takes)| *takes == metric).map(|(symbol, _)| format!("`{symbol}`"));
        symbols.collect::<Vec<_>>().join(" ")
    };
    let _ = write!(page, "\n## Symbols\n\nWith prefixes: {}\n\nWithout: {}\n", list(true), list(false));
    page += "\n## In other words\n\nOther standards, and makers, have words of their own. They are known only where a format or a device profile states its units in\nthem; Marsad's own JSON takes UCUM codes alone.\n";
    for (who, table) in codec::unit_tables() {
        let _ = write!(page, "\n### {who}\n\n| UCUM | written |\n|---|---|\n");
        let mut codes: Vec<&str> = Vec::new();
        for (_, code) in table {
            if !codes.contains(code) {
                codes.push(code);
            }
        }
        for code in codes {
            let words = table.iter().filter(|(_, to)| *to == code).map(|(word, _)| format!("`{word}`"));
            let _ = writeln!(page, "| `{code}` | {} |", words.collect::<Vec<_>>().join(" "));
        }
    }
    tests::generated("docs/reference/units.md", &page);
}
