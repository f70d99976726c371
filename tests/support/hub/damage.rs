//! Plays a fault: an honest answer in, a bent one out. No IO happens here.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::content::Content;
use super::fault::Fault;
use super::http::Request;
use super::reply::{Framing, Reply};

const PORTAL: &str = "<!doctype html><html><head><title>Welcome</title></head>\
    <body><form action=\"/login\">Sign in to use this network</form></body></html>";

/// The most that is coded: enough to be wrong, and soon done.
const MAX_GZIP: u64 = 1 << 20;

/// The answer to `request` under `fault`; `honest` gives the right one, `base` is its origin.
pub(super) fn answer(
    fault: Option<&Fault>,
    request: &Request,
    base: &str,
    honest: impl Fn(&Request) -> Reply,
) -> io::Result<Reply> {
    let Some(fault) = fault else {
        return Ok(honest(request));
    };
    let here = format!("{base}{}", request.target);
    if let Some(reply) = instead(fault, &here) {
        return Ok(reply);
    }
    let mut reply = match fault {
        Fault::IgnoreRange => honest(&request.without("range")),
        Fault::ExpireUrl => honest(&Request {
            target: expired(&request.target),
            ..request.clone()
        }),
        _ => honest(request),
    };
    bend_body(fault, &mut reply)?;
    bend_head(fault, &mut reply, &here);
    bend_wire(fault, &mut reply);
    Ok(reply)
}

/// The faults that do not depend on the honest answer.
fn instead(fault: &Fault, here: &str) -> Option<Reply> {
    let reply = match fault {
        Fault::Status {
            code,
            headers,
            body,
        } => {
            let mut reply = Reply::new(*code, "text/plain", body.as_str());
            for (name, value) in headers {
                reply.set(name, value);
            }
            reply
        }
        Fault::HtmlPortal => Reply::new(200, "text/html", PORTAL),
        Fault::RedirectLoop => Reply::redirect(302, here),
        Fault::RedirectTo { url } => Reply::redirect(302, url),
        Fault::ResetBeforeHeaders | Fault::Silence => {
            let mut reply = Reply::new(200, "text/plain", "");
            reply.wire.unanswered = Some(*fault == Fault::ResetBeforeHeaders);
            reply
        }
        _ => return None,
    };
    Some(reply)
}

/// The faults that change which bytes are sent.
fn bend_body(fault: &Fault, reply: &mut Reply) -> io::Result<()> {
    let total = reply.content.len();
    let range = &mut reply.range;
    match fault {
        Fault::WrongRange { shift } if reply.status == 206 => {
            let len = range.end - range.start;
            range.start = range.start.saturating_add_signed(*shift).min(total - len);
            range.end = range.start + len;
            let told = reply.content_range(total);
            reply.set("Content-Range", &told);
        }
        Fault::ShortLength { missing } => {
            range.end = range.end.saturating_sub(*missing).max(range.start);
        }
        Fault::ShortRange { missing } if reply.status == 206 => {
            range.end = range.end.saturating_sub(*missing).max(range.start + 1);
            let told = reply.content_range(total);
            reply.set("Content-Range", &told);
        }
        Fault::LongRange { more } if reply.status == 206 => {
            let end = range.end.saturating_add(*more).min(total);
            // At the end of the file the surplus is in front.
            range.start = range.start.saturating_sub(*more - (end - range.end));
            range.end = end;
            let told = reply.content_range(total);
            reply.set("Content-Range", &told);
        }
        Fault::ExtraBytes { count } => reply.extra = *count,
        Fault::EndlessBody => {
            reply.content = Content::repeat(b' ', u64::MAX);
            reply.range = 0..u64::MAX;
            reply.framing = Framing::Chunked;
        }
        Fault::ReplaceJson { body } => replace(reply, Content::from(body.as_str())),
        Fault::EmptyPage => replace(reply, Content::from("[]")),
        Fault::Gzip => {
            let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
            let end = reply.range.end.min(reply.range.start + MAX_GZIP);
            coder.write_all(&reply.content.slice(reply.range.start..end)?)?;
            replace(reply, Content::from(coder.finish()?));
            reply.set("Content-Encoding", "gzip");
        }
        _ => {}
    }
    Ok(())
}

fn replace(reply: &mut Reply, content: Content) {
    reply.range = 0..content.len();
    reply.content = content;
}

/// The faults that change what the head says.
fn bend_head(fault: &Fault, reply: &mut Reply, here: &str) {
    match fault {
        Fault::WrongTotal => {
            let wrong = reply.content.len() + 1;
            if reply.status == 206 {
                let told = reply.content_range(wrong);
                reply.set("Content-Range", &told);
            }
            let linked = reply.header("X-Linked-Size").map(str::parse);
            if let Some(Ok(size)) = linked {
                let size: u64 = size;
                reply.set("X-Linked-Size", &(size + 1).to_string());
            }
        }
        Fault::SliceWith200 => {
            reply.status = 200;
            reply.remove("Content-Range");
        }
        Fault::WrongEtag => {
            for name in ["ETag", "X-Linked-Etag"] {
                if let Some(etag) = reply.header(name) {
                    let wrong: String = etag.chars().map(other_digit).collect();
                    reply.set(name, &wrong);
                }
            }
        }
        Fault::ExpireUrl => {
            if let Some(location) = reply.header("Location").map(expired) {
                reply.set("Location", &location);
            }
        }
        Fault::EndlessPages | Fault::EmptyPage => {
            reply.set("Link", &format!("<{}>; rel=\"next\"", once_more(here)));
        }
        Fault::ReplaceJson { .. } => {
            reply.status = 200;
            reply.set("Content-Type", "application/json");
        }
        Fault::Chunked => reply.framing = Framing::Chunked,
        Fault::LyingContentLength { by } => reply.framing = Framing::Lie(*by),
        _ => {}
    }
}

/// The URL with a number that counts how often it was asked for.
fn once_more(url: &str) -> String {
    const COUNT: &str = "again=";
    let (before, count) = match url.rsplit_once(COUNT) {
        Some((before, count)) => (before.to_owned(), count.parse().unwrap_or(0)),
        None if url.contains('?') => (format!("{url}&"), 0),
        None => (format!("{url}?"), 0),
    };
    let count: u64 = count;
    format!("{before}{COUNT}{}", count + 1)
}

/// Another hex digit, the same one every time; anything else stays.
fn other_digit(c: char) -> char {
    match c {
        '0'..='8' => char::from(c as u8 + 1),
        '9' => '0',
        _ => c,
    }
}

/// A signed URL with its expiry in the past; any other URL as it is.
fn expired(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let pairs: Vec<&str> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some(("Expires", _)) => "Expires=0",
            _ => pair,
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// The faults that happen on the socket.
fn bend_wire(fault: &Fault, reply: &mut Reply) {
    let wire = &mut reply.wire;
    match *fault {
        Fault::CutAfter { bytes, reset } => wire.cut = Some((bytes, reset)),
        Fault::Stall { after_bytes } => wire.stall = Some(after_bytes),
        Fault::Drip {
            bytes_per_second,
            after_bytes,
        } => wire.drip = Some((bytes_per_second, after_bytes)),
        Fault::FlipBit { offset_in_file } => wire.flip = Some(offset_in_file),
        _ => {}
    }
}
