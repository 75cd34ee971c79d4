//! `marsad rule`: which rules there are, what each does, in words, and whether files of rules and their cases are right.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use rules::cases::{self, Case};
use rules::{Rule, RuleError, RuleSet};
use serde_json::json;
use settings::{RULE_CASES, RULE_PACKS, Settings};

use crate::failure::{Code, Failure, unwritable};
use crate::rulebook::Sources;

#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// The rules: severity, condition, what they judge
    List(From),
    /// One rule as it is written
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        from: From,
    },
    /// One rule in words: whom it judges, by what, when it fires and ends, and where its numbers come from
    Explain {
        /// Its id
        id: String,
        #[command(flatten)]
        from: From,
    },
    /// Whether files of rules are right; every mistake is told at once
    #[command(after_help = "Example:
  marsad rule check city.toml        exits with 78 if something is wrong, with file and line")]
    Check {
        /// Files of rules
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Play cases of rules and compare what is said with what they expect
    #[command(after_help = "Examples:
  marsad rule test                                    the shipped rules by their shipped cases
  marsad rule test --rules city.toml city-cases.toml  your own; exits with 1 if a case does not pass")]
    Test {
        /// Files of cases; the shipped ones where none is given
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        from: From,
    },
}

/// Which rules are meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct From {
    /// Files of rules, in place of the configured ones
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
}

impl From {
    /// Reads the files, or what is configured.
    pub(crate) fn read(&self, settings: &Settings) -> Result<Sources, Failure> {
        let texts = if self.rules.is_empty() {
            let (texts, wrong) = settings.rules.texts(&[]);
            if !wrong.is_empty() {
                return Err(wrong.into());
            }
            texts
        } else {
            read_all(&self.rules)?
        };
        Sources::parse(texts).map_err(|wrong| mistakes(&wrong))
    }
}

fn known<'s>(sources: &'s Sources, id: &str) -> Result<&'s Rule, Failure> {
    sources
        .rule(id)
        .ok_or_else(|| Failure::new(Code::Failed, format!("there is no rule `{id}`")).hint("`marsad rule list` shows them all"))
}

fn read_all(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|cause| Failure::new(Code::Failed, format!("{} cannot be read: {cause}", path.display())));
        text.map(|text| (path.display().to_string(), text))
    };
    files.iter().map(read).collect()
}

fn mistakes(wrong: &[RuleError]) -> Failure {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    Failure::new(Code::Settings, lines.join("\nmarsad: "))
}

pub(crate) fn rule(command: &RuleCommand, settings: &Settings, json: bool) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match command {
        RuleCommand::List(from) => list(&mut out, &from.read(settings)?.rules, json).map_err(unwritable)?,
        RuleCommand::Show { id, from } => {
            let sources = from.read(settings)?;
            let rule = known(&sources, id)?;
            let text = sources.text(rule);
            if json {
                writeln!(out, "{}", json!({ "id": id, "origin": rule.explain().origin, "toml": text })).map_err(unwritable)?;
            } else {
                out.write_all(text.as_bytes()).map_err(unwritable)?;
            }
        }
        RuleCommand::Explain { id, from } => {
            let sources = from.read(settings)?;
            explain(&mut out, known(&sources, id)?, json).map_err(unwritable)?;
        }
        RuleCommand::Check { files } => {
            let rules = RuleSet::parse(&read_all(files)?).map_err(|wrong| mistakes(&wrong))?;
            let count = rules.rules().len();
            let said = if json { json!({ "rules": count }).to_string() } else { format!("{count} rules, all right") };
            writeln!(out, "{said}").map_err(unwritable)?;
        }
        RuleCommand::Test { files, from } => {
            let cases = if files.is_empty() { shipped()? } else { read_cases(&read_all(files)?)? };
            let rules = if files.is_empty() && from.rules.is_empty() { packs()? } else { from.read(settings)?.rules };
            return test(&mut out, &cases, &rules, json);
        }
    }
    out.flush().map_err(unwritable)
}

fn packs() -> Result<Arc<RuleSet>, Failure> {
    RuleSet::parse(&RULE_PACKS).map(Arc::new).map_err(|wrong| mistakes(&wrong))
}

fn shipped() -> Result<Vec<Case>, Failure> {
    read_cases(&RULE_CASES.map(|(name, text)| (name.to_owned(), text.to_owned())))
}

fn read_cases(files: &[(String, String)]) -> Result<Vec<Case>, Failure> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for (name, text) in files {
        match cases::parse(name, text) {
            Ok(cases) => all.extend(cases),
            Err(errors) => wrong.extend(errors),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(mistakes(&wrong)) }
}

fn list(out: &mut impl Write, rules: &RuleSet, json: bool) -> io::Result<()> {
    if !json {
        writeln!(out, "{:<22}  {:<9}  {:<9}  {:<8}  {:<24}  NOTIFY", "RULE", "SEVERITY", "CONDITION", "KIND", "QUANTITY")?;
    }
    for rule in rules.rules() {
        let select = rule.select();
        let kind = select.kind.map_or("any", schemas::Kind::name);
        let quantity = select.quantity.map_or("the device", schemas::Quantity::name);
        let notify: Vec<&str> = rule.notify().iter().map(schemas::ChannelName::as_str).collect();
        if json {
            let row = json!({
                "id": rule.id(), "severity": rule.severity(), "condition": rule.condition(), "kind": select.kind,
                "quantity": select.quantity, "zones": select.zones, "hold_s": rule.hold().as_secs(),
                "keep_firing_s": rule.keep_firing().as_secs(), "notify": notify, "source": rule.source(),
                "runbook": rule.runbook(), "origin": rule.explain().origin,
            });
            writeln!(out, "{row}")?;
        } else {
            let (id, severity, condition) = (rule.id().as_str(), rule.severity().code(), rule.condition());
            writeln!(out, "{id:<22}  {severity:<9}  {condition:<9}  {kind:<8}  {quantity:<24}  {}", notify.join(", "))?;
        }
    }
    Ok(())
}

fn explain(out: &mut impl Write, rule: &Rule, json: bool) -> io::Result<()> {
    let explained = rule.explain();
    if json {
        return writeln!(out, "{}", json!(explained));
    }
    writeln!(out, "{} ({}), {}, from {}", explained.id, explained.severity.code(), explained.condition, explained.origin)?;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "not said".to_owned());
    let notify = if explained.notify.is_empty() { "nobody".to_owned() } else { explained.notify.join(", ") };
    writeln!(out, "en       {}\nfr       {}\nar       {}", explained.words.en, explained.words.fr, explained.words.ar)?;
    writeln!(out, "says en  {}\n     fr  {}\n     ar  {}", explained.texts.en, explained.texts.fr, explained.texts.ar)?;
    writeln!(out, "tells    {notify}\nsource   {}\nrunbook  {}", or_none(&explained.source), or_none(&explained.runbook))
}

fn test(out: &mut impl Write, cases: &[Case], rules: &Arc<RuleSet>, json: bool) -> Result<(), Failure> {
    let mut failed = 0usize;
    for case in cases {
        let place = format!("{}:{}", Path::new(&case.origin.0).display(), case.origin.1);
        if rules.rule(&case.rule).is_none() {
            return Err(Failure::new(Code::Failed, format!("{place}: there is no rule `{}`", case.rule)));
        }
        let outcome = case.run(rules);
        let right = outcome.is_right();
        failed += usize::from(!right);
        let written = if json {
            let row = json!({ "case": case.name, "rule": case.rule, "origin": place, "passed": right, "expected": outcome.expected, "found": outcome.found });
            writeln!(out, "{row}")
        } else if right {
            writeln!(out, "ok      {:<22}  {}", case.rule, case.name)
        } else {
            writeln!(
                out,
                "FAILED  {:<22}  {} ({place})\n        expected  {}\n        found     {}",
                case.rule,
                case.name,
                outcome.expected.join(", "),
                outcome.found.join(", ")
            )
        };
        written.map_err(unwritable)?;
    }
    if !json {
        writeln!(out, "{} passed, {failed} failed", cases.len() - failed).map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)?;
    if failed == 0 { Ok(()) } else { Err(Failure::new(Code::Failed, format!("{failed} of {} cases did not pass", cases.len()))) }
}
