//! Any source, any payload and any list of cases gives an answer or an error.

use codec_js::{Script, Uplink, cases};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

use crate::common::time;

/// Pieces of which sources are strung together: some make sense.
fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "function decodeUplink(input) {",
            "}",
            "return",
            "{ data: ",
            "input.bytes",
            "[0]",
            "var a = ",
            ";",
            "\n",
            "(",
            ")",
            "export ",
            "default ",
            "import ",
            "from ",
            "'buffer'",
            "if (",
            "for (;;) ",
            "=> ",
            "`${",
            "/a/",
            "//",
            "/*",
            "*/",
            "class ",
            "async ",
            "await ",
            "yield ",
            "'",
            "\"",
            "\\",
            "Decoder",
            "exports.",
            "this.",
            "throw ",
            "new ",
            "Buffer",
            "1n",
            "0x",
            "\u{feff}",
            "#!",
            "é",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, ..Default::default() })]

    #[test]
    fn any_source_is_a_script_or_an_error(source in source(), bytes in prop::collection::vec(any::<u8>(), 0..64), port in any::<u8>()) {
        if let Ok(script) = Script::compile("any.js", &source) {
            let _ = script.run(&Uplink { port, bytes: &bytes, time: time(), recv_time: None });
        }
    }

    #[test]
    fn any_line_is_a_case_or_an_error(line in "(\\{\"fPort\":[0-9]{1,4},\"bytes_hex\":\"[0-9a-g]{0,6}\",\"expected\":.{0,8}\\}|.{0,40})") {
        let script = Script::compile("a.js", "function decodeUplink(i) { return { data: i.bytes }; }").expect("a script");
        let _ = cases::run(&script, &line, time());
    }
}
