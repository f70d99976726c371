//! One request as the log keeps it.

use serde::Serialize;

use super::http::Request;

/// Which of the two servers was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// API and `resolve`.
    Hub,
    /// Bodies of large files, by signed URL.
    Cdn,
}

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Position among all requests, from 0.
    pub seq: u64,
    /// Who was asked.
    pub origin: Origin,
    /// Number of the connection, over both origins.
    pub connection: u64,
    /// `GET`, `HEAD`, `POST` …
    pub method: String,
    /// Percent-decoded path.
    pub path: String,
    /// Path as sent.
    pub raw_path: String,
    /// Query as sent.
    pub query: String,
    /// `Range` as sent.
    pub range: Option<String>,
    /// File bytes that the client asked for: a closed range, or what an honest answer holds.
    pub asked_bytes: Option<u64>,
    /// `Authorization` as sent.
    pub authorization: Option<String>,
    /// `Cookie` as sent.
    pub cookie: Option<String>,
    /// `User-Agent` as sent.
    pub user_agent: Option<String>,
    /// `Accept-Encoding` as sent.
    pub accept_encoding: Option<String>,
    /// All other headers as sent.
    pub headers: Vec<(String, String)>,
    /// Status that was sent, absent until the head is written.
    pub status: Option<u16>,
    /// Body bytes that the socket has taken.
    pub body_bytes_sent: u64,
    /// Which fault was played, by its name.
    pub fault: Option<&'static str>,
    /// Milliseconds from the start of the hub.
    pub started_ms: u64,
    /// Milliseconds from the start of the hub, absent while it is being answered.
    pub finished_ms: Option<u64>,
}

impl Record {
    pub(super) fn new(
        seq: u64,
        origin: Origin,
        connection: u64,
        request: &Request,
        started_ms: u64,
    ) -> Self {
        let header = |name| request.header(name).map(str::to_owned);
        Self {
            seq,
            origin,
            connection,
            method: request.method.clone(),
            path: request.path(),
            raw_path: request.raw_path().to_owned(),
            query: request.query().to_owned(),
            range: header("range"),
            asked_bytes: None,
            authorization: header("authorization"),
            cookie: header("cookie"),
            user_agent: header("user-agent"),
            accept_encoding: header("accept-encoding"),
            headers: request.headers.clone(),
            status: None,
            body_bytes_sent: 0,
            fault: None,
            started_ms,
            finished_ms: None,
        }
    }

    /// The first byte of the range that was asked for, 0 without a range.
    pub fn offset(&self) -> u64 {
        let spec = self.range.as_deref().and_then(|r| r.strip_prefix("bytes="));
        let first = spec.and_then(|spec| spec.split('-').next());
        first
            .and_then(|first| first.parse().ok())
            .unwrap_or_default()
    }
}
