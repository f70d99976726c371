//! Requests of HTTP/1.1, read straight from the socket.
//!
//! The hub speaks HTTP by hand because most faults are bytes that no server library would send.

use std::io;

use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest request head and longest request body that are read.
const HEAD_BYTES: usize = 64 * 1024;
const BODY_BYTES: usize = 16 * 1024 * 1024;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `HEAD`, `POST` …
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Header names as sent, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, if a `Content-Length` announced one.
    pub body: Bytes,
}

impl Request {
    /// The next request of a connection, `None` when the peer has closed it between two.
    pub async fn read(
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut BytesMut,
    ) -> io::Result<Option<Self>> {
        let end = loop {
            if let Some(place) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break place + 4;
            }
            if buffer.len() > HEAD_BYTES {
                return Err(malformed("request head too long"));
            }
            if stream.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head = buffer.split_to(end);
        let text = std::str::from_utf8(&head).map_err(|_| malformed("request head not UTF-8"))?;
        let mut request = Self::parse(text).ok_or_else(|| malformed("request line"))?;
        let len = match request.header("content-length") {
            Some(text) => text.parse().map_err(|_| malformed("content-length"))?,
            None => 0,
        };
        if len > BODY_BYTES {
            return Err(malformed("request body too long"));
        }
        while buffer.len() < len {
            if stream.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        }
        request.body = buffer.split_to(len).freeze();
        Ok(Some(request))
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        });
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: Bytes::new(),
        })
    }

    /// Value of a header, by name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The token of an `Authorization: Bearer` header.
    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The same request without one header.
    pub fn without(&self, name: &str) -> Self {
        let mut request = self.clone();
        request
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        request
    }

    /// Path as sent, without the query.
    pub fn raw_path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Query as sent, without the `?`.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Percent-decoded path.
    pub fn path(&self) -> String {
        decoded(self.raw_path())
    }

    /// Value of a query parameter.
    pub fn param(&self, name: &str) -> Option<String> {
        let mut pairs = form(self.query()).into_iter();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Whether a query parameter is switched on.
    pub fn is_set(&self, name: &str) -> bool {
        let value = self.param(name);
        matches!(value.as_deref(), Some("true" | "True" | "1"))
    }
}

/// The pairs of a query or of a form body.
pub fn form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let decode = |text: &str| decoded(&text.replace('+', " "));
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Percent-decoded text.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-encoded text, `/` included.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Percent-encoded path, `/` kept.
pub fn encoded_path(path: &str) -> String {
    let segments: Vec<String> = path.split('/').map(encoded).collect();
    segments.join("/")
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
