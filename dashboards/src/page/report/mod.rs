//! Reports: the air of a day and of a month, the waste of a week; sheets of A4 that a browser prints, or a command writes into a
//! file that needs nothing else.
//!
//! Deliberately absent: arithmetic. Every number is an answer of the API.

mod air;
mod daily;
mod file;
mod mailings;
mod marks;
mod monthly;
mod post;
mod weekly;

use domains::time::Calendar;
use jiff::civil::Date;
use maud::{Markup, html};

use super::parts::{Desk, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::access::{Right, may};
use crate::numbers;
use crate::problem::Problem;

pub(crate) use daily::daily;
pub(crate) use file::alone;
pub(crate) use monthly::monthly;
pub use post::{Order, Pressroom};
pub(crate) use weekly::{Indicators, Row, table, weekly};

/// Days, months and weeks that the list leads to.
const DAYS: i32 = 7;
const MONTHS: i32 = 6;
const WEEKS: i32 = 6;

/// What a report is about.
struct Asked {
    /// The first day, and the last.
    first: Date,
    last: Date,
    /// As a file that needs nothing else.
    alone: bool,
}

impl Asked {
    /// `date` lies in the period that `of` gives; where none is given, in the last whole one.
    fn of(visit: &Visit, known: &[&str], of: fn(Date) -> (Date, Date)) -> Result<(Self, crate::params::Params), Problem> {
        let params = visit.params(&[known, &["date", "alone"]].concat())?;
        let today = visit.house().city.time().date(visit.now());
        let date = params.parsed::<Date>("date", "a date such as 2026-11-21")?;
        let date = date.unwrap_or_else(|| Calendar::shifted(of(today).0, -1));
        let (first, last) = of(date);
        if first > today {
            return Err(Problem::parameter("date", format!("{date} is to come"), format!("a date until {today}")));
        }
        let alone = params.parsed::<bool>("alone", "true, or nothing for the page")?.unwrap_or(false);
        Ok((Self { first, last, alone }, params))
    }

    /// The period, as a question says it.
    fn period(&self) -> String {
        format!("from={}&to={}", self.first, self.last)
    }

    /// The sheet: a page, or a file of this name.
    fn sheet(&self, name: &str, title: String, main: Markup) -> Sheet {
        let file = self.alone.then(|| format!("{name}-{}.html", self.first));
        Sheet { often: SELDOM, file, ..Sheet::plain(title, main) }
    }

    /// What stands above a report on a page, and not on paper.
    fn links(&self, desk: &Desk<'_>, name: &str, more: &str) -> Markup {
        let words = &desk.lang.words().pages;
        let file = desk.to(&format!("reports/{name}?date={}{more}&alone=true", self.first));
        html! { @if !self.alone {
            p.back { a href=(desk.to("reports")) { (words.report.title) } }
            p.links { button.btn type="button" data-print { (words.report.print) } a href=(file) download { (words.report.save) } }
        } }
    }
}

fn of_day(date: Date) -> (Date, Date) {
    (date, date)
}

fn of_month(date: Date) -> (Date, Date) {
    (date.first_of_month(), date.last_of_month())
}

/// Monday to Sunday.
fn of_week(date: Date) -> (Date, Date) {
    let monday = Calendar::shifted(date, -i32::from(date.weekday().to_monday_zero_offset()));
    (monday, Calendar::shifted(monday, 6))
}

/// The heading of a report: whose, what, and when it was made.
fn heading(desk: &Desk<'_>, visit: &Visit, what: &str, period: &str, answer: &str) -> Markup {
    let words = &desk.lang.words().pages.report;
    html! { header.reporthead {
        p.eyebrow { b { (desk.lang.of(visit.house().city.name())) } " · " (what) }
        h1 { (period) }
        p.answer { (answer) }
        p.note { (words.made) " " time datetime=(desk.now) { (numbers::date(desk.lang, &desk.local)) " " bdi { (numbers::clock(&desk.local)) } } }
    } }
}

/// `/{lang}/reports`
pub(crate) async fn list(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.report);
    let today = visit.house().city.time().date(visit.now());
    let days: Vec<Date> = (1..=DAYS).map(|ago| Calendar::shifted(today, -ago)).collect();
    let month = |date: &Date| Some(Calendar::shifted(date.first_of_month(), -1).first_of_month());
    let months: Vec<Date> = std::iter::successors(month(&today), month).take(MONTHS as usize).collect();
    let weeks: Vec<Date> = (1..=WEEKS).map(|ago| Calendar::shifted(of_week(today).0, -7 * ago)).collect();
    let day = |date: &Date| numbers::day(visit.lang, *date);
    let mailings = if may(Right::Quiets) {
        mailings::section(visit).await
    } else {
        html! {}
    };
    let main = html! {
        (desk.opening(words.title, words.answer))
        div.two.first {
            (choice(&desk, "daily", words.daily, &days, &day))
            (choice(&desk, "monthly", words.monthly, &months, &|date| numbers::month(visit.lang, *date)))
        }
        div.after { (choice(&desk, "weekly", words.weekly, &weeks, &|date| span(&desk, *date, of_week(*date).1))) }
        (mailings)
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(words.title, main) })
}

fn choice(desk: &Desk<'_>, name: &str, title: &str, dates: &[Date], say: &dyn Fn(&Date) -> String) -> Markup {
    let body = html! { ul.plain { @for date in dates {
        li { a href=(desk.to(&format!("reports/{name}?date={date}"))) { time datetime=(date) { (say(date)) } } }
    } } };
    panel(desk.lang, name, title, &html! {}, Some(body))
}

/// From a day to another, in words.
fn span(desk: &Desk<'_>, first: Date, last: Date) -> String {
    let [before, between] = desk.lang.words().pages.report.from_to;
    let day = |date| numbers::day(desk.lang, date);
    format!("{before}{}{between}{} {}", day(first), day(last), last.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_runs_from_monday_to_sunday_and_a_month_to_its_last_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let week = (day("2026-11-16"), day("2026-11-22"));
        for of in ["2026-11-16", "2026-11-19", "2026-11-22"] {
            assert_eq!(of_week(day(of)), week, "{of}");
        }
        assert_eq!(of_month(day("2028-02-11")), (day("2028-02-01"), day("2028-02-29")));
    }
}
