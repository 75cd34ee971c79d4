//! HTTP to the servers: where they are asked, and how long that may take.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::StoreError;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use store_http::{Body, Objection, Refusal, Secret, address, answered, http, outward, parts, secret, slice};
use trust::Outward;

use crate::export::{self, Labels, Samples};
use crate::question::instant;
use crate::settings::Settings;

/// Bytes of one request at most.
const REQUEST: usize = 1 << 20;

/// The addresses of one tenant, or of a single node.
pub(crate) struct Wire {
    write: Url,
    export: Url,
    query: Url,
    delete: Url,
    token: Option<Secret>,
    http: Client,
    /// What is spoken over TLS.
    pub(crate) outward: Option<Arc<Outward>>,
    timeout: Duration,
    query_timeout: Duration,
    lines: usize,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("write", &self.write.as_str()).field("export", &self.export.as_str()).finish_non_exhaustive()
    }
}

/// `account` or `account:project`, 32 bits each.
fn tenant(text: &str) -> Result<&str, Objection> {
    let mut numbers = text.split(':');
    let fits = numbers.clone().count() <= 2 && numbers.all(|number| number.parse::<u32>().is_ok());
    if fits { Ok(text) } else { Err(Objection::new("tenant", "expected account or account:project, such as 7 or 7:1")) }
}

impl Wire {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Objection> {
        let (insert, select) = (address("write_url", &settings.write_url)?, address("read_url", &settings.read_url)?);
        let at = |base: &Url, path: String| {
            let mut url = base.clone();
            url.set_path(&path);
            url
        };
        let (write, read, delete) = match settings.tenant.as_deref().map(tenant).transpose()? {
            None => (String::new(), String::new(), String::new()),
            Some(tenant) => (
                format!("/insert/{tenant}/influx"),
                format!("/select/{tenant}/prometheus"),
                format!("/delete/{tenant}/prometheus"),
            ),
        };
        if settings.lines == 0 {
            return Err(Objection::new("lines", "expected 1 or more"));
        }
        let encrypted = insert.scheme() == "https" || select.scheme() == "https";
        let own = (settings.client_cert_file.as_ref(), settings.client_key_file.as_ref());
        let outward = outward(encrypted, settings.ca_file.as_ref(), own.0, own.1)?;
        Ok(Self {
            write: at(&insert, format!("{write}/api/v2/write")),
            export: at(&select, format!("{read}/api/v1/export")),
            query: at(&select, format!("{read}/api/v1/query")),
            delete: at(&select, format!("{delete}/api/v1/admin/tsdb/delete_series")),
            token: secret("token", settings.token.as_ref(), settings.token_file.as_ref())?,
            http: http(outward.as_deref()).map_err(|why| Objection::new("write_url", why))?,
            outward,
            timeout: settings.timeout,
            query_timeout: settings.query_timeout,
            lines: settings.lines,
        })
    }

    fn entered(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    /// Writes all lines; what is too large for the server is halved.
    pub(crate) async fn write(&self, body: Body) -> Result<(), StoreError> {
        let (bytes, ends) = body.finish();
        let mut waiting = parts(&ends, self.lines, REQUEST);
        // A stack, the first part on top: lines go in their order.
        waiting.reverse();
        while let Some(part) = waiting.pop() {
            match self.send(slice(&bytes, &ends, &part)).await {
                Ok(()) => {}
                Err(Refusal::TooLarge) if part.len() > 1 => {
                    let middle = part.start + part.len() / 2;
                    waiting.push(middle..part.end);
                    waiting.push(part.start..middle);
                }
                Err(refusal) => return Err(refusal.into_error()),
            }
        }
        Ok(())
    }

    async fn send(&self, body: Bytes) -> Result<(), Refusal> {
        let request = self.http.post(self.write.clone()).query(&[("precision", "ms")]).timeout(self.timeout).body(body);
        answered(self.entered(request)).await.map(|_| ())
    }

    /// Gives all samples of the series that `series` names, observed in the range, to `take`.
    pub(crate) async fn export(&self, series: &str, range: &Range<i64>, take: impl FnMut(Samples)) -> Result<(), StoreError> {
        // The end is inclusive there. Nothing is taken from a cache: late readings change what was asked before.
        let form = [
            ("match[]", series),
            ("start", &instant(range.start)),
            ("end", &instant(range.end - 1)),
            ("reduce_mem_usage", "1"),
            ("nocache", "1"),
        ];
        let request = self.http.post(self.export.clone()).form(&form).timeout(self.query_timeout);
        let response = answered(self.entered(request)).await.map_err(asked)?;
        export::read(response.bytes_stream(), take).await
    }

    /// Puts a question for one number of each series, as of an instant.
    pub(crate) async fn query(&self, text: &str, at: i64, mut take: impl FnMut(&Labels, f64)) -> Result<(), StoreError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vector,
        }
        #[derive(Deserialize)]
        struct Vector {
            #[serde(default)]
            result: Vec<Sample>,
        }
        #[derive(Deserialize)]
        struct Sample {
            metric: Labels,
            value: (f64, String),
        }
        let form = [("query", text), ("time", &instant(at)), ("nocache", "1")];
        let request = self.http.post(self.query.clone()).form(&form).timeout(self.query_timeout);
        let response = answered(self.entered(request)).await.map_err(asked)?;
        let body =
            response.bytes().await.map_err(|e| StoreError::Unavailable(format!("its answer broke off: {}", e.without_url())))?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|e| StoreError::Unavailable(format!("its answer cannot be read: {e}")))?;
        for sample in answer.data.result {
            if let Ok(value) = sample.value.1.parse() {
                take(&sample.metric, value);
            }
        }
        Ok(())
    }

    /// Removes whole series.
    pub(crate) async fn delete(&self, series: &str) -> Result<(), StoreError> {
        let request = self.http.post(self.delete.clone()).form(&[("match[]", series)]).timeout(self.query_timeout);
        answered(self.entered(request)).await.map(|_| ()).map_err(asked)
    }
}

/// A question is ours: whatever is wrong with it, no reading is at fault.
fn asked(refusal: Refusal) -> StoreError {
    match refusal.into_error() {
        StoreError::Refused(why) => StoreError::Unavailable(format!("it could not answer: {why}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_stands_in_every_address_of_a_cluster() {
        let settings = |tenant: Option<&str>| Settings {
            write_url: "http://insert:8480".to_owned(),
            read_url: "http://select:8481".to_owned(),
            tenant: tenant.map(str::to_owned),
            token: None,
            token_file: None,
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            timeout: Duration::from_secs(1),
            query_timeout: Duration::from_secs(1),
            trail: Duration::from_secs(60),
            look_back: Duration::from_secs(60),
            lines: 1,
        };
        let cluster = Wire::new(&settings(Some("7:1"))).unwrap();
        assert_eq!(cluster.write.as_str(), "http://insert:8480/insert/7:1/influx/api/v2/write");
        assert_eq!(cluster.export.as_str(), "http://select:8481/select/7:1/prometheus/api/v1/export");
        assert_eq!(cluster.delete.as_str(), "http://select:8481/delete/7:1/prometheus/api/v1/admin/tsdb/delete_series");
        let single = Wire::new(&settings(None)).unwrap();
        assert_eq!(single.write.as_str(), "http://insert:8480/api/v2/write");
        assert_eq!(single.query.as_str(), "http://select:8481/api/v1/query");
        for wrong in ["x", "1:2:3", "", "7/../8", "-1"] {
            assert!(Wire::new(&settings(Some(wrong))).is_err(), "{wrong:?}");
        }
    }
}
