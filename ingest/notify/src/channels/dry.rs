//! A dry run: instead of any channel, a line that says what would have been sent. Nothing leaves.

use ports::{BoxFuture, DeliveryError, Notification, Notifier};

use crate::render;

/// Stands in for a channel and takes everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct DryRun;

impl Notifier for DryRun {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let Notification { receiver, channel, form, steps, language, .. } = notification;
        if let Some(enclosed) = &notification.enclosed {
            tracing::info!(%receiver, %channel, key = notification.key(), "dry run, not sent: {}", enclosed.subject);
            return Box::pin(std::future::ready(Ok(())));
        }
        let (key, form, steps) = (notification.key(), form.code(), steps.len());
        tracing::info!(%receiver, %channel, key, form, steps, "dry run, not sent: {}", render::headline(notification, *language));
        Box::pin(std::future::ready(Ok(())))
    }
}
