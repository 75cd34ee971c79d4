//! A report as it is sent by mail, made by the program itself and not for a request.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use jiff::civil::Date;
use ports::{Enclosed, Language};

use super::super::visit::{Sheet, Visit};
use super::file::document;
use crate::house::{House, Rooms};
use crate::lang::Lang;
use crate::params::encoded;
use crate::problem::Problem;

/// How long a report may take: nobody waits for it, but it must not hold the store for ever.
const LONGEST: Duration = Duration::from_secs(600);

/// Makes reports of the whole city.
#[derive(Clone)]
pub struct Pressroom {
    rooms: Arc<Rooms>,
}

/// Which report is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// `daily`, `monthly` or `weekly`.
    pub which: &'a str,
    /// A day of its period.
    pub date: Date,
    /// Its language.
    pub language: Language,
    /// Of this contractor alone.
    pub contractor: Option<&'a str>,
    /// It is the mail itself, which has no room for fonts.
    pub inline: bool,
}

impl std::fmt::Debug for Pressroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pressroom").finish_non_exhaustive()
    }
}

impl Pressroom {
    /// One that asks this house, for all of it.
    #[must_use]
    pub fn new(house: House) -> Self {
        Self { rooms: Rooms::new(house, None) }
    }

    /// Makes a report.
    ///
    /// # Errors
    /// Why there is none now, in a sentence.
    pub async fn report(&self, order: Order<'_>) -> Result<Enclosed, String> {
        let lang = Lang::from_code(order.language.code()).unwrap_or(Lang::first());
        let made = tokio::time::timeout(LONGEST, self.sheet(lang, &order)).await;
        let sheet = made.map_err(|_| format!("the report is not done within {LONGEST:?}"))?;
        let sheet = sheet.map_err(|problem| problem.detail().to_owned())?;
        let city = &self.rooms.house.city;
        let texts = &lang.words().pages.post;
        let how = if order.inline { texts.inline } else { texts.attached };
        let mut words = format!("{}\n{}\n\n{how}\n", sheet.title, lang.of(city.name()));
        if city.demo() {
            words.push_str(&format!("\n{}: {}\n", lang.words().demo, lang.words().demo_note));
        }
        Ok(Enclosed {
            subject: format!("{} · {}", sheet.title, lang.of(city.name())),
            words,
            file: sheet.file.clone().unwrap_or_default(),
            html: document(lang, city, &sheet, !order.inline).into_string(),
            inline: order.inline,
        })
    }

    async fn sheet(&self, lang: Lang, order: &Order<'_>) -> Result<Sheet, Problem> {
        let whose = order.contractor.map_or_else(String::new, |who| format!("&contractor={}", encoded(who)));
        let address = format!("/{}/reports/{}?alone=true&date={}{whose}", lang.code(), order.which, order.date);
        let uri: Uri = address.parse().map_err(|_| Problem::absent("there is no such report"))?;
        let visit = Visit { rooms: Arc::clone(&self.rooms), lang, name: None, uri, headers: HeaderMap::new() };
        match order.which {
            "daily" => super::daily(&visit).await,
            "monthly" => super::monthly(&visit).await,
            "weekly" => super::weekly(&visit).await,
            _ => Err(Problem::absent("there is no such report")),
        }
    }
}
