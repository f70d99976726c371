//! The bytes of a checked answer as pieces: never more than asked, an error if fewer.

use std::error::Error;
use std::io;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use crate::error::Cause;
use crate::hub::send::Answer;
use crate::hub::wire;
use crate::source::{Body, Piece};

/// How long to look for the end of a body whose length was not announced, once all is there.
const END_TIME: Duration = Duration::from_millis(500);

/// The body of `answer`, which carries `range`. Dropping it closes the connection.
pub(super) fn of(answer: Answer, range: Range<u64>) -> Body {
    let is_open_ended = wire::length(answer.headers()).is_none();
    let state = State {
        answer,
        want: range.clone(),
        at: range.start,
        is_open_ended,
    };
    Box::pin(stream::try_unfold(state, |mut state| async {
        Ok(state.next().await?.map(|piece| (piece, state)))
    }))
}

struct State {
    answer: Answer,
    want: Range<u64>,
    at: u64,
    is_open_ended: bool,
}

impl State {
    async fn next(&mut self) -> Result<Option<Piece>, Cause> {
        if self.at == self.want.end {
            return self.end().await.map(|()| None);
        }
        loop {
            match self.answer.chunk().await {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => return self.piece(bytes).map(Some),
                Ok(None) => return Err(self.short()),
                Err(Cause::Broken { source, .. }) if is_early_end(source.as_ref()) => {
                    return Err(self.short());
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    fn piece(&mut self, bytes: Bytes) -> Result<Piece, Cause> {
        let offset = self.at;
        if bytes.len() as u64 > self.want.end - offset {
            return Err(self.too_long());
        }
        self.at += bytes.len() as u64;
        Ok(Piece { offset, bytes })
    }

    /// With all bytes there, only more bytes are wrong; a connection that just ends is not.
    async fn end(&mut self) -> Result<(), Cause> {
        if !self.is_open_ended {
            return Ok(());
        }
        match tokio::time::timeout(END_TIME, self.answer.chunk()).await {
            Ok(Ok(Some(bytes))) if !bytes.is_empty() => Err(self.too_long()),
            _ => Ok(()),
        }
    }

    fn short(&self) -> Cause {
        Cause::Short {
            host: self.answer.host(),
            got: self.at - self.want.start,
            want: self.want.end - self.want.start,
        }
    }

    fn too_long(&self) -> Cause {
        let want = self.want.end - self.want.start;
        self.answer
            .bad(format!("more than the {want} bytes that were asked for"))
    }
}

/// Whether a connection was closed before the announced end, rather than reset.
fn is_early_end(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
        {
            return true;
        }
        next = error.source();
    }
    false
}
