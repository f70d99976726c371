//! A client that hides nothing: one request, every byte of the answer.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "tests use what they need, and a broken answer ends them"
)]

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// What came back.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Every byte after the head, chunk marks included.
    pub body: Vec<u8>,
}

impl Answer {
    /// Value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One request on a connection of its own; `url` is absolute, `extra` are header lines.
pub fn ask(method: &str, url: &str, extra: &str) -> io::Result<Answer> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    Ok(Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes.split_off(end + 4),
    })
}

/// A plain GET that must be answered.
pub fn get(url: &str) -> Answer {
    ask("GET", url, "").unwrap()
}

/// A GET of `bytes=<range>` that must be answered.
pub fn get_range(url: &str, range: &str) -> Answer {
    ask("GET", url, &format!("Range: bytes={range}\r\n")).unwrap()
}
