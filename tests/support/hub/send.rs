//! Writes one answer to the socket, at the pace and with the accidents it asks for.

use std::io;

use httpdate::fmt_http_date;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::http::Request;
use super::log::Entry;
use super::reply::{Framing, Reply, reason};
use super::shape::{Pace, Shape};

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It takes another request.
    Open,
    /// It is closed.
    Close,
}

/// Sends `reply`, telling `entry` what the socket has taken.
pub(super) async fn send(
    stream: &mut TcpStream,
    request: &Request,
    reply: &Reply,
    shape: Shape,
    entry: &Entry,
) -> io::Result<Next> {
    sleep(shape.latency).await;
    match reply.wire.unanswered {
        Some(true) => return reset(stream),
        Some(false) => return silence(stream).await,
        None => {}
    }
    stream.write_all(head(reply).as_bytes()).await?;
    entry.status(reply.status);
    if request.method == "HEAD" {
        return Ok(Next::Open);
    }
    sleep(shape.first_byte).await;
    let mut body = Body {
        stream,
        reply,
        entry,
        rate: shape.rate,
    };
    body.send().await
}

fn head(reply: &Reply) -> String {
    let status = reply.status;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    let mut line = |name: &str, value: &str| {
        for part in [name, ": ", value, "\r\n"] {
            head.push_str(part);
        }
    };
    for (name, value) in &reply.headers {
        line(name, value);
    }
    line("Date", &fmt_http_date(std::time::SystemTime::now()));
    match reply.framing {
        Framing::Length => line("Content-Length", &reply.len().to_string()),
        Framing::Lie(by) => {
            let told = reply.len().saturating_add_signed(by);
            line("Content-Length", &told.to_string());
        }
        Framing::Chunked => line("Transfer-Encoding", "chunked"),
    }
    head.push_str("\r\n");
    head
}

struct Body<'a> {
    stream: &'a mut TcpStream,
    reply: &'a Reply,
    entry: &'a Entry,
    rate: Option<u64>,
}

impl Body<'_> {
    async fn send(&mut self) -> io::Result<Next> {
        let len = self.reply.len();
        let wire = &self.reply.wire;
        let mut pace = Pace::new();
        let mut sent = 0;
        let mut buffer = Vec::new();
        while sent < len {
            match wire.cut {
                Some((bytes, true)) if bytes <= sent => return reset(self.stream),
                Some((bytes, false)) if bytes <= sent => return close(self.stream).await,
                _ => {}
            }
            if wire.stall.is_some_and(|after| after <= sent) {
                return silence(self.stream).await;
            }
            let rate = match wire.drip {
                Some((slow, after)) if after <= sent => Some(slow),
                _ => self.rate,
            };
            let piece = Pace::piece(rate).min(self.until_change(sent));
            buffer.resize(usize::try_from(piece).unwrap_or(usize::MAX), 0);
            self.reply.fill(sent, &mut buffer)?;
            self.write(&buffer).await?;
            sent += piece;
            pace.after(piece, rate).await;
        }
        match wire.cut {
            // All of the body, and then no connection for another request.
            Some((_, true)) => return reset(self.stream),
            Some((_, false)) => return close(self.stream).await,
            None => {}
        }
        match self.reply.framing {
            Framing::Length => Ok(Next::Open),
            Framing::Lie(_) => Ok(Next::Close),
            Framing::Chunked => {
                self.stream.write_all(b"0\r\n\r\n").await?;
                Ok(Next::Open)
            }
        }
    }

    /// Bytes to the end of the body or to the next accident, whichever is nearer.
    fn until_change(&self, sent: u64) -> u64 {
        let wire = &self.reply.wire;
        let accidents = [
            wire.cut.map(|(bytes, _)| bytes),
            wire.stall,
            wire.drip.map(|(_, after)| after),
        ];
        let ahead = accidents.into_iter().flatten().filter(|at| *at > sent);
        ahead.fold(self.reply.len(), u64::min) - sent
    }

    /// Writes one piece and counts each part of it as soon as the socket has it.
    async fn write(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let is_chunked = self.reply.framing == Framing::Chunked;
        if is_chunked {
            let size = format!("{:x}\r\n", piece.len());
            self.stream.write_all(size.as_bytes()).await?;
        }
        while !piece.is_empty() {
            let taken = self.stream.write(piece).await?;
            self.entry.sent(taken as u64);
            piece = &piece[taken..];
        }
        if is_chunked {
            self.stream.write_all(b"\r\n").await?;
        }
        Ok(())
    }
}

/// Ends the stream in good order: what was sent arrives.
async fn close(stream: &mut TcpStream) -> io::Result<Next> {
    stream.shutdown().await?;
    Ok(Next::Close)
}

/// Makes the close that follows a reset.
fn reset(stream: &TcpStream) -> io::Result<Next> {
    stream.set_zero_linger()?;
    Ok(Next::Close)
}

/// Says nothing until the peer goes away.
async fn silence(stream: &mut TcpStream) -> io::Result<Next> {
    let mut ignored = [0; 256];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(Next::Close)
}
