//! The rules as people work with them on a page: what is written, what a draft would have said of the past, and putting a draft
//! in force.
//!
//! What is shown is what the files say now: who changed one by hand sees that, before a reload too.

mod draft;
mod outcome;
mod sources;
mod trial;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ports::{
    BackTest, BoxFuture, Clock, OperationError, RuleDraft, RuleMistake, RuleText, RuleView, Rulebook, RulebookError, Store,
};
use rules::Rule;
use schemas::{RuleId, Timestamp};
use settings::{Settings, SettingsError};
use tokio::sync::Semaphore;

use crate::clerk::Clerk;
use crate::durable;
use crate::ground::Origin;
use draft::{Draft, alone, line_of};
pub(crate) use sources::Sources;

/// The rules of the city.
pub(crate) struct Shelf {
    clerk: Arc<Clerk>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// One back-test at a time: each takes both processors from those who watch the city.
    trials: Semaphore,
    /// Held while a file is changed: two changes follow one another.
    pen: Mutex<()>,
}

/// The shelf behind its `Arc`, which blocking work takes a share of.
#[derive(Clone)]
pub(crate) struct Book(Arc<Shelf>);

/// The settings as their files say now, and the rules.
struct Open {
    settings: Settings,
    own: Vec<PathBuf>,
    sources: Sources,
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function on Result::map_err")]
fn refused(wrong: Vec<SettingsError>) -> RulebookError {
    RulebookError::Refused(wrong.iter().map(ToString::to_string).collect())
}

impl Open {
    fn is_shipped(&self, rule: &Rule) -> bool {
        !self.own.iter().any(|path| path.display().to_string() == rule.origin().0)
    }

    fn view(&self, rule: &Rule) -> RuleView {
        let explained = rule.explain();
        RuleView {
            id: rule.id().clone(),
            severity: explained.severity,
            condition: explained.condition,
            enabled: rule.enabled(),
            words: explained.words,
            notify: rule.notify().to_vec(),
            source: explained.source,
            origin: explained.origin,
            shipped: self.is_shipped(rule),
        }
    }
}

impl Shelf {
    fn origin(&self) -> Result<&Origin, RulebookError> {
        let none = || RulebookError::Refused(vec!["no program runs here: rules stand in files until one does".to_owned()]);
        self.clerk.origin().ok_or_else(none)
    }

    fn open(&self) -> Result<Open, RulebookError> {
        let (settings, texts) = self.origin()?.rules().map_err(refused)?;
        let own = settings.rules.paths().map_err(refused)?;
        let told = |found: Vec<rules::RuleError>| RulebookError::Refused(found.iter().map(ToString::to_string).collect());
        Ok(Open { settings, own, sources: Sources::parse(texts).map_err(told)? })
    }

    fn rules_now(&self) -> Result<Vec<RuleView>, RulebookError> {
        let open = self.open()?;
        let rules = &open.sources.rules;
        let mut views: Vec<RuleView> = rules.rules().iter().chain(rules.idle()).map(|rule| open.view(rule)).collect();
        views.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(views)
    }

    fn rule_now(&self, id: &RuleId) -> Result<Option<RuleText>, RulebookError> {
        let open = self.open()?;
        let found = open.sources.rule(id.as_str());
        Ok(found.map(|rule| RuleText { view: open.view(rule), toml: open.sources.text(rule) }))
    }

    async fn back_test_now(&self, draft: &RuleDraft, from: Timestamp) -> Result<BackTest, RulebookError> {
        let _turn = self.trials.try_acquire().map_err(|_| RulebookError::Busy("another back-test runs: try again".to_owned()))?;
        let (sets, checked) = tokio::task::block_in_place(|| {
            let sources = self.open()?.sources;
            let lateness = sources.rules.lateness();
            let mut sets = vec![Draft::read(draft, lateness)?.rules];
            // One that is switched off says nothing: there is nothing to compare with.
            let present = sources.rules.rule(draft.id.as_str()).map(|rule| sources.text(rule));
            sets.extend(present.and_then(|table| alone(&table, lateness).ok()).map(Arc::new));
            let (_, mut checked) = self.origin()?.read().map_err(refused)?;
            checked.catalogue = self.clerk.catalogue();
            Ok::<_, RulebookError>((sets, checked))
        })?;
        let to = self.clock.now();
        let trial::Judged { readings, devices, outcomes } = trial::judge(&self.store, &sets, &checked, from..to).await?;
        let mut outcomes = outcomes.into_iter();
        let draft = outcomes.next().unwrap_or_default();
        Ok(BackTest { from, to, readings, devices, draft, present: outcomes.next() })
    }

    fn save_now(&self, draft: &RuleDraft) -> Result<String, RulebookError> {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let open = self.open()?;
        let read = Draft::read(draft, open.sources.rules.lateness())?;
        let strangers = settings::strangers(&open.settings, read.rule());
        if !strangers.is_empty() {
            let line = line_of(&draft.toml, "notify");
            let told = strangers.into_iter().map(|wrong| RuleMistake { line, message: wrong.message });
            return Err(RulebookError::Mistakes(told.collect()));
        }
        let (path, text) = place(&open, self.origin()?, draft, read.rule())?;
        let before = std::fs::read(&path).ok();
        let unwritten = |cause: std::io::Error| RulebookError::Refused(vec![format!("{}: {cause}", path.display())]);
        // That of a demo is made with its first rule.
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(unwritten)?;
        durable::write(&path, text.as_bytes()).map_err(unwritten)?;
        match self.clerk.reload_now() {
            Ok(_) => Ok(path.display().to_string()),
            // What could not be put in force must not be so after the next start.
            Err(error) => {
                let undone = match before {
                    Some(bytes) => durable::write(&path, &bytes),
                    None => durable::remove(&path),
                };
                undone.map_err(unwritten)?;
                Err(match error {
                    OperationError::Refused(wrong) => RulebookError::Refused(wrong),
                    other => RulebookError::Busy(other.to_string()),
                })
            }
        }
    }
}

/// Where a draft belongs, and what stands in that file then.
fn place(open: &Open, origin: &Origin, draft: &RuleDraft, rule: &Rule) -> Result<(PathBuf, String), RulebookError> {
    let present = open.sources.rule(draft.id.as_str());
    if let Some(own) = present.filter(|present| !open.is_shipped(present)) {
        if !open.sources.text(own).starts_with("[[rule]]") {
            let (file, line) = own.origin();
            return Err(RulebookError::Refused(vec![format!(
                "{file}:{line}: this rule has no [[rule]] of its own: change it there"
            )]));
        }
        return Ok((PathBuf::from(own.origin().0), open.sources.with(own, &draft.toml)));
    }
    if present.is_some() && !rule.replaces() {
        let message = "this rule comes with the program: `replaces = true` has another one stand in its place".to_owned();
        return Err(RulebookError::Mistakes(vec![RuleMistake { line: line_of(&draft.toml, "id"), message }]));
    }
    let directory = origin.own_rules(&open.settings).ok_or_else(|| {
        RulebookError::Refused(vec![
            "there is no place for it: name a directory of the city's own rules in `rules.directories`".to_owned(),
        ])
    })?;
    let path = directory.join(format!("{}.toml", draft.id));
    if path.exists() {
        return Err(RulebookError::Refused(vec![format!("{} is there already and holds another rule", path.display())]));
    }
    Ok((path, draft.toml.trim_end().to_owned() + "\n"))
}

impl Book {
    pub(crate) fn new(clerk: Arc<Clerk>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shelf { clerk, store, clock, trials: Semaphore::new(1), pen: Mutex::default() }))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> Result<T, RulebookError> + Send + 'static,
    ) -> Result<T, RulebookError> {
        let shelf = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&shelf)).await;
        done.unwrap_or_else(|_| Err(RulebookError::Busy("the question was broken off".to_owned())))
    }
}

impl Rulebook for Book {
    fn rules(&self) -> BoxFuture<'_, Result<Vec<RuleView>, RulebookError>> {
        Box::pin(self.blocking(Shelf::rules_now))
    }

    fn rule<'a>(&'a self, id: &'a RuleId) -> BoxFuture<'a, Result<Option<RuleText>, RulebookError>> {
        let id = id.clone();
        Box::pin(self.blocking(move |shelf| shelf.rule_now(&id)))
    }

    fn back_test(&self, draft: RuleDraft, from: Timestamp) -> BoxFuture<'_, Result<BackTest, RulebookError>> {
        Box::pin(async move { self.0.back_test_now(&draft, from).await })
    }

    fn save(&self, draft: RuleDraft) -> BoxFuture<'_, Result<String, RulebookError>> {
        Box::pin(self.blocking(move |shelf| shelf.save_now(&draft)))
    }
}
