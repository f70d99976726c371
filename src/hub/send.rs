//! Sends one request, and follows redirects by hand.
//!
//! Every wait ends: for an answer's head after `header_timeout`, for the next bytes of its body after
//! `stall` (a byte now and then does not count), and at once when `stop` is cancelled. The token goes to origins of [`Trust`] only, and is
//! decided anew for each hop. No error carries a URL's query.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::error::Cause;
use crate::hub::client::{Client, Lane};
use crate::hub::token::Token;
use crate::hub::trust::Trust;
use crate::redact::SafeUrl;

const MAX_HOPS: usize = 20;

/// A body that brings less than this in the time of a stall is no better than a silent one: a link
/// that slow brings no model, and whoever sends a byte now and then would be waited for without end.
const MURMUR_BYTES: u64 = 1 << 10;

/// The way to the network of one hub.
pub(crate) struct Edge {
    pub(crate) client: Arc<Client>,
    pub(crate) trust: Trust,
    pub(crate) token: Option<Token>,
    pub(crate) stop: CancellationToken,
    pub(crate) header_timeout: Duration,
    pub(crate) stall: Duration,
}

/// One request. Has no `Debug`: its URL may be a signed one.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) range: Option<Range<u64>>,
    pub(crate) lane: Lane,
}

impl Ask {
    /// A question to the hub's API.
    pub(crate) fn api(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            range: None,
            lane: Lane::Api,
        }
    }

    /// A question where a file is.
    pub(crate) fn head(url: Url) -> Self {
        Self {
            method: Method::HEAD,
            ..Self::api(url)
        }
    }

    /// A request for (a range of) a file.
    pub(crate) fn body(url: Url, range: Option<Range<u64>>) -> Self {
        Self {
            method: Method::GET,
            url,
            range,
            lane: Lane::Body,
        }
    }
}

/// What to do with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// Follow it.
    Follow,
    /// It is the answer that was wanted.
    Stop,
}

/// The head of an answer; its body is still to come.
pub(crate) struct Answer {
    /// The URL that was asked last.
    pub(crate) url: Url,
    /// Where the answer redirects to; checked.
    pub(crate) target: Option<Url>,
    response: reqwest::Response,
    stall: Duration,
    stop: CancellationToken,
    /// What was waited for the last bytes worth counting, and what came since.
    waited: Duration,
    heard_bytes: u64,
}

impl Edge {
    /// Sends one request. A redirect is an answer like any other, if its target is permissible.
    pub(crate) async fn send(&self, ask: &Ask) -> Result<Answer, Cause> {
        let request = self.request(ask)?;
        let client = self.client.lane(ask.lane)?;
        let start = Instant::now();
        let answer = tokio::time::timeout(self.header_timeout, client.execute(request));
        let host = || host_of(&ask.url);
        let response = match self.stop.run_until_cancelled(answer).await {
            None => return Err(Cause::Cancelled),
            Some(Err(_)) => {
                return Err(Cause::Stalled {
                    host: host(),
                    after: self.header_timeout,
                });
            }
            Some(Ok(Err(error))) => return Err(unanswered(host(), error)),
            Some(Ok(Ok(response))) => response,
        };
        tracing::debug!(
            method = %ask.method,
            url = %SafeUrl::from(&ask.url),
            range = ?ask.range,
            status = response.status().as_u16(),
            ms = start.elapsed().as_millis(),
            "request"
        );
        let (url, stall, stop) = (ask.url.clone(), self.stall, self.stop.clone());
        let target = self.target(&url, &response)?;
        Ok(Answer {
            url,
            target,
            response,
            stall,
            stop,
            waited: Duration::ZERO,
            heard_bytes: 0,
        })
    }

    /// Sends a request and goes where redirects lead, as long as `see` wants.
    ///
    /// `see` is shown each redirect before it is followed. The answer is the first that is no
    /// redirect, or the redirect at which `see` said [`Hop::Stop`].
    pub(crate) async fn follow(
        &self,
        mut ask: Ask,
        mut see: impl FnMut(&Answer) -> Result<Hop, Cause>,
    ) -> Result<Answer, Cause> {
        let mut seen = Vec::new();
        loop {
            let answer = self.send(&ask).await?;
            let Some(target) = answer.target.clone() else {
                return Ok(answer);
            };
            if see(&answer)? == Hop::Stop {
                return Ok(answer);
            }
            seen.push(std::mem::replace(&mut ask.url, target));
            if seen.contains(&ask.url) {
                return Err(answer.bad("redirects in a circle".to_owned()));
            }
            if seen.len() > MAX_HOPS {
                return Err(answer.bad(format!("more than {MAX_HOPS} redirects")));
            }
        }
    }

    fn request(&self, ask: &Ask) -> Result<reqwest::Request, Cause> {
        // The builder, unlike `Request::new`, takes user and password out of the URL.
        let client = self.client.lane(ask.lane)?;
        let built = client.request(ask.method.clone(), ask.url.clone()).build();
        let mut request = built.map_err(|error| {
            Cause::Bug(format!("cannot build a request: {}", error.without_url()))
        })?;
        if let Some(range) = &ask.range {
            let text = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
            if let Ok(value) = HeaderValue::from_str(&text) {
                request.headers_mut().insert(RANGE, value);
            }
        }
        if let Some(token) = self.token.as_ref().filter(|_| self.trust.has(&ask.url)) {
            request.headers_mut().insert(AUTHORIZATION, token.header()?);
        }
        Ok(request)
    }

    fn target(&self, from: &Url, response: &reqwest::Response) -> Result<Option<Url>, Cause> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = response.headers().get(LOCATION) else {
            return Ok(None);
        };
        let location = String::from_utf8_lossy(location.as_bytes());
        match self.trust.target(from, &location) {
            Ok(url) => Ok(Some(url)),
            Err(what) => Err(bad_answer(from, what.to_owned())),
        }
    }
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Host and port that gave it.
    pub(crate) fn host(&self) -> String {
        host_of(&self.url)
    }

    /// That it makes no sense, and why.
    pub(crate) fn bad(&self, what: String) -> Cause {
        bad_answer(&self.url, what)
    }

    /// The next bytes of the body, nothing at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Cause> {
        let began = Instant::now();
        let patience = self.stall.saturating_sub(self.waited);
        let next = tokio::time::timeout(patience, self.response.chunk());
        match self.stop.run_until_cancelled(next).await {
            None => Err(Cause::Cancelled),
            Some(Err(_)) => Err(self.stalled()),
            Some(Ok(Err(error))) => {
                let source = Box::new(error.without_url());
                Err(Cause::Broken {
                    host: host_of(&self.url),
                    source,
                })
            }
            Some(Ok(Ok(chunk))) => {
                self.hear(began.elapsed(), chunk.as_ref().map_or(0, Bytes::len));
                Ok(chunk)
            }
        }
    }

    /// Counts only time in which somebody waited for this body: reading slowly is our own affair.
    fn hear(&mut self, waited: Duration, bytes: usize) {
        self.waited += waited;
        self.heard_bytes += bytes as u64;
        if self.heard_bytes >= MURMUR_BYTES {
            (self.waited, self.heard_bytes) = (Duration::ZERO, 0);
        }
    }

    fn stalled(&self) -> Cause {
        let (host, after) = (host_of(&self.url), self.stall);
        match self.heard_bytes {
            0 => Cause::Stalled { host, after },
            bytes => Cause::Trickled { host, bytes, after },
        }
    }
}

/// Why there was no answer: not reached, or broken off.
fn unanswered(host: String, error: reqwest::Error) -> Cause {
    let is_unreached = error.is_connect() || error.is_timeout();
    let source = Box::new(error.without_url());
    if is_unreached {
        Cause::Unreachable { host, source }
    } else {
        Cause::Broken { host, source }
    }
}

/// That what came from `url` makes no sense, and why.
pub(crate) fn bad_answer(url: &Url, what: String) -> Cause {
    Cause::BadAnswer {
        host: host_of(url),
        what,
    }
}

/// Host, and port where it is not the usual one.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
