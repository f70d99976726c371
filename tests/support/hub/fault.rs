//! What the hub does wrong on request, as data. `damage` plays it, `script` says when.

/// One way to misbehave. Offsets and lengths count body bytes unless a field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another answer altogether: 5xx with HTML, 429 with `Retry-After`, 403, 410 …
    Status {
        /// Status code.
        code: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
    },
    /// The connection is reset instead of an answer.
    ResetBeforeHeaders,
    /// No answer, but the connection stays open.
    Silence,
    /// The connection ends in mid-body, or at the end of a body that is no longer than that. A reset
    /// may take back bytes the client has not read.
    CutAfter {
        /// Body bytes before the end.
        bytes: u64,
        /// Reset rather than close.
        reset: bool,
    },
    /// Silence in mid-body; the connection stays open.
    Stall {
        /// Body bytes before the silence.
        after_bytes: u64,
    },
    /// A body that becomes very slow.
    Drip {
        /// The slow rate.
        bytes_per_second: u64,
        /// Body bytes at the usual rate.
        after_bytes: u64,
    },
    /// The byte at this offset of the file arrives with its lowest bit flipped.
    FlipBit {
        /// Offset in the file, not in the answer.
        offset_in_file: u64,
    },
    /// 200 with the whole file to a ranged request.
    IgnoreRange,
    /// A 206 that tells and carries another range.
    WrongRange {
        /// By how many bytes it lies further on.
        shift: i64,
    },
    /// A total that is one byte too long, in `Content-Range` and `X-Linked-Size`.
    WrongTotal,
    /// A body that ends early with a `Content-Length` to match; `Content-Range` is as asked.
    ShortLength {
        /// How many bytes are missing.
        missing: u64,
    },
    /// A truthful 206 of fewer bytes than asked.
    ShortRange {
        /// How many bytes are missing.
        missing: u64,
    },
    /// A truthful 206 of more bytes than asked.
    LongRange {
        /// How many bytes are too many.
        more: u64,
    },
    /// A body that is too long, with a `Content-Length` to match.
    ExtraBytes {
        /// How many bytes follow.
        count: u64,
    },
    /// The right slice under status 200, without `Content-Range`.
    SliceWith200,
    /// The body is gzip-coded though nobody asked for it.
    Gzip,
    /// No `Content-Length`; chunks instead.
    Chunked,
    /// A `Content-Length` that is off by so many bytes; then the connection closes.
    LyingContentLength {
        /// Positive promises too much.
        by: i64,
    },
    /// An etag of the right form for other bytes.
    WrongEtag,
    /// The CDN treats the URL as expired; the hub hands out an expired URL.
    ExpireUrl,
    /// 200 with the page of a captive portal.
    HtmlPortal,
    /// 302 to the URL that was asked for.
    RedirectLoop,
    /// 302 to somewhere else.
    RedirectTo {
        /// Where to.
        url: String,
    },
    /// The right head, then blanks without end.
    EndlessBody,
    /// Every page links to another one.
    EndlessPages,
    /// A page without entries that links to the real one.
    EmptyPage,
    /// 200 with this JSON text in place of the answer.
    ReplaceJson {
        /// The text, well-formed or not.
        body: String,
    },
}

impl Fault {
    /// A bare status with an HTML body, as proxies send it.
    pub fn status(code: u16) -> Self {
        Self::Status {
            code,
            headers: vec![("Content-Type".into(), "text/html".into())],
            body: format!("<html><body><h1>{code}</h1></body></html>"),
        }
    }

    /// 429 with `Retry-After` and the rate limit headers of a used-up window.
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        let wait = retry_after_seconds;
        let header = |name: &str, value: String| (name.to_owned(), value);
        Self::Status {
            code: 429,
            headers: vec![
                header("Retry-After", wait.to_string()),
                header("RateLimit", format!("\"resolvers\";r=0;t={wait}")),
                header(
                    "RateLimit-Policy",
                    "\"fixed window\";\"resolvers\";q=3000;w=300".into(),
                ),
            ],
            body: r#"{"error":"We had to rate limit you"}"#.into(),
        }
    }

    /// A refusal of ModelScope's: a business code in an envelope.
    pub fn business(status: u16, code: u64, message: &str) -> Self {
        Self::Status {
            code: status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: super::modelscope::failure(code, message).to_string(),
        }
    }

    /// How ModelScope says that its database is overloaded.
    pub fn overloaded() -> Self {
        Self::business(
            404,
            super::modelscope::NO_REPO,
            "Error 1461: Can't create more than max_prepared_stmt_count statements",
        )
    }

    /// The name of the variant, for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "Status",
            Self::ResetBeforeHeaders => "ResetBeforeHeaders",
            Self::Silence => "Silence",
            Self::CutAfter { .. } => "CutAfter",
            Self::Stall { .. } => "Stall",
            Self::Drip { .. } => "Drip",
            Self::FlipBit { .. } => "FlipBit",
            Self::IgnoreRange => "IgnoreRange",
            Self::WrongRange { .. } => "WrongRange",
            Self::WrongTotal => "WrongTotal",
            Self::ShortLength { .. } => "ShortLength",
            Self::ShortRange { .. } => "ShortRange",
            Self::LongRange { .. } => "LongRange",
            Self::ExtraBytes { .. } => "ExtraBytes",
            Self::SliceWith200 => "SliceWith200",
            Self::Gzip => "Gzip",
            Self::Chunked => "Chunked",
            Self::LyingContentLength { .. } => "LyingContentLength",
            Self::WrongEtag => "WrongEtag",
            Self::ExpireUrl => "ExpireUrl",
            Self::HtmlPortal => "HtmlPortal",
            Self::RedirectLoop => "RedirectLoop",
            Self::RedirectTo { .. } => "RedirectTo",
            Self::EndlessBody => "EndlessBody",
            Self::EndlessPages => "EndlessPages",
            Self::EmptyPage => "EmptyPage",
            Self::ReplaceJson { .. } => "ReplaceJson",
        }
    }
}
