//! An answer before it is sent: honest when a handler makes it, bent by `damage` afterwards.

use std::io;
use std::ops::Range;

use serde_json::Value;

use super::content::Content;
use super::http::Request;
use super::range::{Asked, asked};

/// How the length of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`, true.
    Length,
    /// `Content-Length`, off by so many bytes.
    Lie(i64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// What goes wrong on the socket.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// Nothing is answered: a reset (`true`) or silence (`false`).
    pub unanswered: Option<bool>,
    /// The connection ends after so many body bytes, with a reset (`true`) or a close.
    pub cut: Option<(u64, bool)>,
    /// Silence after so many body bytes.
    pub stall: Option<u64>,
    /// Another rate, in bytes per second, after so many body bytes.
    pub drip: Option<(u64, u64)>,
    /// The lowest bit of the byte at this offset of the file is flipped.
    pub flip: Option<u64>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers except those that `framing` decides.
    pub headers: Vec<(String, String)>,
    /// Where the body comes from …
    pub content: Content,
    /// … and which part of it is sent.
    pub range: Range<u64>,
    /// Length of the repo file that the body is taken from, if it is one.
    pub file_len: Option<u64>,
    /// So many bytes too many after the range.
    pub extra: u64,
    /// How the length is told.
    pub framing: Framing,
    /// What goes wrong on the socket.
    pub wire: Wire,
}

impl Reply {
    /// An answer whose body is all of `content`.
    pub fn new(status: u16, content_type: &str, content: impl Into<Content>) -> Self {
        let content = content.into();
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            range: 0..content.len(),
            content,
            file_len: None,
            extra: 0,
            framing: Framing::Length,
            wire: Wire::default(),
        }
    }

    /// A JSON answer with status 200.
    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json; charset=utf-8", value.to_string())
    }

    /// A redirect with a body of its own.
    pub fn redirect(status: u16, location: &str) -> Self {
        let body = format!("Found. Redirecting to {location}");
        Self::new(status, "text/plain; charset=utf-8", body).with("Location", location)
    }

    /// The content of a file, or the range of it that the request asks for.
    pub fn file(request: &Request, content: &Content) -> Self {
        let len = content.len();
        let header = match request.method.as_str() {
            "GET" => request.header("range"),
            _ => None,
        };
        let mut reply = Self::new(200, "application/octet-stream", content.clone())
            .with("Accept-Ranges", "bytes");
        reply.file_len = Some(len);
        match asked(header, len) {
            Asked::Whole => reply,
            Asked::Slice(range) => {
                reply.status = 206;
                reply.range = range;
                let told = reply.content_range(len);
                reply.with("Content-Range", &told)
            }
            Asked::Unsatisfiable => Self::new(416, "text/plain", "range not satisfiable")
                .with("Content-Range", &format!("bytes */{len}")),
        }
    }

    /// The `Content-Range` that fits the range, with a total of `total`.
    pub fn content_range(&self, total: u64) -> String {
        let last = self.range.end.saturating_sub(1);
        format!("bytes {}-{last}/{total}", self.range.start)
    }

    /// Sets a header, in place of an earlier one of that name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a header, in place of an earlier one of that name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Drops a header.
    pub fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// How many body bytes there are to send.
    pub fn len(&self) -> u64 {
        (self.range.end - self.range.start).saturating_add(self.extra)
    }

    /// Fills `buffer` with body bytes from `position` on, flipped bit and surplus included.
    pub fn fill(&self, position: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = self.range.start + position;
        let inside = self.range.end.saturating_sub(offset);
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        let (file, surplus) = buffer.split_at_mut(inside.min(buffer.len()));
        self.content.fill(offset, file)?;
        surplus.fill(b'x');
        let flipped = self.wire.flip.and_then(|at| at.checked_sub(offset));
        let place = flipped.and_then(|place| usize::try_from(place).ok());
        if let Some(byte) = place.and_then(|place| file.get_mut(place)) {
            *byte ^= 1;
        }
        Ok(())
    }
}

/// The reason phrase of a status.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
