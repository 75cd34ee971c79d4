//! Makes the reports that go by mail, of the pages' own.

use dashboards::{Order, Pressroom};
use notify::report::{Edition, Press, ReportSettings, Shape};
use ports::{BoxFuture, Enclosed, Language};

/// The pages as a press.
pub(crate) struct OfPages(pub(crate) Pressroom);

impl Press for OfPages {
    fn report<'a>(
        &'a self,
        report: &'a ReportSettings,
        edition: Edition,
        language: Language,
    ) -> BoxFuture<'a, Result<Enclosed, String>> {
        let order = Order {
            which: report.which.code(),
            date: edition.date,
            language,
            contractor: report.contractor.as_deref(),
            inline: report.shape == Shape::Inline,
        };
        Box::pin(self.0.report(order))
    }
}
