//! The pages of envelopes, codecs, profiles and reasons, made from the tables of the codec.

use std::fmt::Write;

use codec::{Decoder, Profiles, Reason};

/// A cell of a table: bars would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn reject_reasons() {
    let mut text = "# Reasons why a message waits in the quarantine\n\n\
        Made from `ingest/codec/src/reject.rs`. A code never changes its meaning; new ones are added.\n\n\
        | code | meaning |\n|---|---|\n"
        .to_owned();
    for reason in Reason::ALL {
        writeln!(text, "| `{}` | {} |", reason.code(), cell(reason.about())).expect("text takes text");
    }
    text.push_str("| `refused_by_store` | The store refused a reading of the message for good. |\n");
    tests::generated("docs/reference/reject-reasons.md", &text);
}

#[test]
fn envelopes() {
    let mut text = "# Envelopes\n\n\
        Made from `ingest/codec/src/envelope`. An envelope takes off what a network server or a protocol wraps around what the\n\
        device said. Messages on the topics below are opened without a word in the settings; for other topics a `[[route]]` says\n\
        which envelope opens them ([settings](settings.md)).\n\n\
        | name | also called | topics | what it is |\n|---|---|---|---|\n"
        .to_owned();
    let code = |words: &[&str]| words.iter().map(|w| format!("`{}`", cell(w))).collect::<Vec<_>>().join(", ");
    for (name, aliases, topics, about) in Decoder::envelopes() {
        writeln!(text, "| `{name}` | {} | {} | {} |", code(aliases), code(topics), cell(about)).expect("text takes text");
    }
    tests::generated("docs/reference/envelopes.md", &text);
}

#[test]
fn codecs() {
    let mut text = "# Codecs\n\n\
        Made from `ingest/codec/src/profile/build.rs`. A profile names one as its `codec`; the keys that each takes stand in\n\
        [profile/mod.rs](../../ingest/codec/src/profile/mod.rs).\n\n\
        | codec | what it reads |\n|---|---|\n"
        .to_owned();
    for (name, about) in Decoder::codecs() {
        writeln!(text, "| `{name}` | {} |", cell(about)).expect("text takes text");
    }
    tests::generated("docs/reference/codecs.md", &text);
}

#[test]
fn profiles() {
    let mut text = "# Device profiles\n\n\
        Made from `ingest/codec/profiles`. A city adds its own without a build: [add a device](../add-a-device.md).\n\n\
        | profile | make and model | kind | codec | envelopes | cases | source |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for p in Profiles::built_in().expect("the built-in profiles are proved").iter() {
        let kind = p.kind().map_or("", schemas::Kind::name);
        let (name, make, model, codec, cases) = (p.name(), cell(p.make()), cell(p.model()), p.codec(), p.cases());
        let (envelopes, source) = (p.envelopes().join(", "), cell(p.source()));
        writeln!(text, "| `{name}` | {make} {model} | {kind} | {codec} | {envelopes} | {cases} | {source} |")
            .expect("text takes text");
    }
    tests::generated("docs/reference/profiles.md", &text);
}
