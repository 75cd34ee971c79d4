//! The wallboard: the city on one screen that nobody touches. It is alive for weeks: what is shown is exchanged in place, a stream that
//! broke is opened again, and a new program brings its own page.

use maud::html;

use super::glance::Glance;
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use super::{alerts, front, platform, sections};
use crate::problem::Problem;

/// `/{lang}/board`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let glance = Glance::present(&visit.rooms).await;
    let desk = visit.desk();
    let main = html! {
        div #board {
            (front::opening(&desk, &glance))
            div.panes {
                (alerts::alerts(&desk, &glance))
                (sections::air(&desk, &glance))
                (sections::waste(&desk, &glance))
            }
            (platform::platform(&desk, &glance))
        }
    };
    Ok(Sheet { scripts: Scripts::of("board"), ..Sheet::plain(front::title(visit.lang, &glance), main) })
}
