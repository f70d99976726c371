//! File contents over HTTP: the [`Source`] of hubs that answer ranges, themselves or by signed URLs.
//!
//! The hub's own URL for a file is its *door*: it knows the token and says which file it is. Behind
//! it is usually a signed URL on another host. Small files are asked for at the door, one request
//! each. For large ones the signed URL is asked for once and shared by all ranges, because requests
//! at the door are counted (`hf-protocol` §2.2).
//!
//! Signed URLs expire: one that is refused is dropped and asked for anew. Some serve only the range
//! they were made for. That is learnt per storage host: until a first range was served, one request
//! at a time finds out, and once a range is served only by a URL of its own, each asks at the door.
//!
//! Nothing here retries; the transfer does.

mod body;
pub(crate) mod check;
mod door;
mod habits;
mod whole;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use self::check::Asked;
pub(crate) use self::door::{Door, Head, Told};
use self::habits::Habit;
pub(crate) use self::habits::Habits;
use self::whole::Whole;
use crate::error::{Cause, HttpContext};
use crate::hub::send::{Answer, Ask, Edge, Hop};
use crate::hub::wire;
use crate::source::{Body, Source};

/// Files up to this size are asked for at the door.
const SMALL: u64 = 16 << 20;

/// Refusals of shared URLs before a range asks for its own.
const MAX_REFUSALS: usize = 2;

/// One file of a hub.
pub(crate) struct Http {
    edge: Arc<Edge>,
    habits: Arc<Habits>,
    door: Box<dyn Door>,
    len: u64,
    shared: Mutex<Shared>,
    /// Whether the hub has answered a range with all of it, and the turns at such answers.
    is_rangeless: AtomicBool,
    whole: Arc<Whole>,
}

/// What the ranges of one file know together.
#[derive(Default)]
struct Shared {
    /// The signed URL, when there is one.
    url: Option<Arc<Url>>,
    /// When somebody last found that nothing answers, and how.
    silence: Option<(Instant, Cause)>,
}

/// What became of a range at a shared URL.
enum Try {
    Served(Body),
    /// By the storage, not by the hub: the URL is no good.
    Refused(HttpContext),
}

type Slot<'a> = MutexGuard<'a, Shared>;

impl Shared {
    /// Notes a cause that those who wait would meet as well.
    fn noted(&mut self, cause: Cause) -> Cause {
        if let Some(same) = cause.for_another() {
            self.silence = Some((Instant::now(), same));
        }
        cause
    }
}

impl Http {
    /// The file of `len` bytes behind `door`. `habits` is shared by all files of a hub.
    pub(crate) fn new(edge: Arc<Edge>, habits: Arc<Habits>, door: Box<dyn Door>, len: u64) -> Self {
        Self {
            edge,
            habits,
            door,
            len,
            shared: Mutex::default(),
            is_rangeless: AtomicBool::default(),
            whole: Arc::default(),
        }
    }

    async fn open_large(&self, range: Range<u64>) -> Result<Body, Cause> {
        let mut held: Option<Slot<'_>> = None;
        let mut refused = None;
        for _ in 0..MAX_REFUSALS {
            let mut slot = match held.take() {
                Some(slot) => slot,
                None => self.enter().await?,
            };
            let url = match self.shared_url(&mut slot).await {
                Ok(url) => url,
                Err(cause) => return Err(slot.noted(cause)),
            };
            if self.is_rangeless.load(Ordering::Relaxed) {
                drop(slot);
                return self.open_in_turn(range).await;
            }
            match self.habits.of(&url) {
                Habit::AnyRange => drop(slot),
                // Others wait for the outcome while nothing is known of this storage.
                Habit::Unknown => held = Some(slot),
                Habit::OneRange => {
                    drop(slot);
                    return self.open_at_door(range).await;
                }
            }
            let tried = match (self.try_at(&url, &range).await, held.as_mut()) {
                (Err(cause), Some(slot)) => {
                    if !self.door.is_proof() {
                        slot.url = None;
                    }
                    return Err(slot.noted(cause));
                }
                (tried, _) => tried?,
            };
            match tried {
                Try::Served(body) => {
                    self.habits.learn(&url, Habit::AnyRange);
                    return Ok(body);
                }
                Try::Refused(http) => {
                    tracing::debug!(%http, "shared URL refused");
                    held = Some(self.forget(&url, held.take()).await);
                    refused = Some(url);
                }
            }
        }
        let body = self.open_at_door(range).await?;
        if let (Some(url), Some(mut slot)) = (refused, held) {
            self.habits.learn(&url, Habit::OneRange);
            // It still says which storage it is, which saves the others a question.
            if self.habits.of(&url) == Habit::OneRange {
                slot.url = Some(url);
            }
        }
        Ok(body)
    }

    /// Waits for the slot. Who waited while somebody else found that nothing answers need not find
    /// out again: the waits for an answer would add up.
    async fn enter(&self) -> Result<Slot<'_>, Cause> {
        let since = Instant::now();
        let slot = self.shared.lock().await;
        match &slot.silence {
            Some((at, cause)) if *at > since => match cause.for_another() {
                Some(cause) => Err(cause),
                None => Ok(slot),
            },
            _ => Ok(slot),
        }
    }

    /// The URL in `slot`; asked for first if there is none.
    async fn shared_url(&self, slot: &mut Slot<'_>) -> Result<Arc<Url>, Cause> {
        if let Some(url) = slot.url.as_ref() {
            return Ok(Arc::clone(url));
        }
        let url = Arc::new(self.locate().await?);
        slot.url = Some(Arc::clone(&url));
        Ok(url)
    }

    /// Drops the shared URL, unless another took its place already.
    async fn forget<'a>(&'a self, url: &Arc<Url>, held: Option<Slot<'a>>) -> Slot<'a> {
        let mut slot = match held {
            Some(slot) => slot,
            None => self.shared.lock().await,
        };
        if slot
            .url
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, url))
        {
            slot.url = None;
        }
        slot
    }

    /// Asks the door where the file is. The first answer that says which file it is about counts, be
    /// it the file itself or a redirect away from the hub.
    async fn locate(&self) -> Result<Url, Cause> {
        let answer = self
            .edge
            .follow(self.door.question(), |answer| {
                let is_away = answer
                    .target
                    .as_ref()
                    .is_some_and(|to| !self.edge.trust.has(to));
                let is_told = self.told(answer)? == Told::File;
                Ok(if is_away && is_told {
                    Hop::Stop
                } else {
                    Hop::Follow
                })
            })
            .await?;
        if let Some(target) = answer.target {
            return Ok(target);
        }
        if !answer.status().is_success() {
            return Err(self.refused(answer, false).await);
        }
        match self.told(&answer)? {
            Told::File => {
                self.note_whole(&answer, &(0..1));
                Ok(answer.url)
            }
            Told::Nothing => Err(answer.bad(self.door.stranger())),
        }
    }

    async fn try_at(&self, url: &Url, range: &Range<u64>) -> Result<Try, Cause> {
        let ask = Ask::body(url.clone(), Some(range.clone()));
        let answer = self.edge.follow(ask, |_| Ok(Hop::Follow)).await?;
        if answer.status().is_success() {
            return self.body(answer, range.clone()).await.map(Try::Served);
        }
        // A hub that signs URLs of its own is the storage behind them.
        let is_elsewhere = url != self.door.url();
        match self.refused(answer, is_elsewhere).await {
            Cause::Expired(http) => Ok(Try::Refused(http)),
            cause => Err(cause),
        }
    }

    /// Asks the door itself for `range`, and goes where it leads.
    async fn open_at_door(&self, range: Range<u64>) -> Result<Body, Cause> {
        let is_whole = range == (0..self.len);
        let asked = (!is_whole).then(|| range.clone());
        let mut told = Told::Nothing;
        let answer = self
            .edge
            .follow(Ask::body(self.door.url().clone(), asked), |answer| {
                told = told.max(self.told(answer)?);
                Ok(Hop::Follow)
            })
            .await?;
        if !answer.status().is_success() {
            return Err(self.refused(answer, false).await);
        }
        // The storage knows nothing of commits; before it, somebody has to have said which file it is.
        if told == Told::Nothing && self.told(&answer)? == Told::Nothing {
            return Err(answer.bad(self.door.stranger()));
        }
        if self.note_whole(&answer, &range) {
            drop(answer);
            return self.open_in_turn(range).await;
        }
        self.body(answer, range).await
    }

    /// Notes that the hub itself answers a range of the file with all of it.
    fn note_whole(&self, answer: &Answer, range: &Range<u64>) -> bool {
        let asked = Asked {
            range: range.clone(),
            len: self.len,
        };
        let is_whole = *range != (0..self.len)
            && self.door.may_ignore_ranges()
            && self.edge.trust.has(&answer.url)
            && check::is_whole(&asked, answer.status(), answer.headers());
        if is_whole {
            self.is_rangeless.store(true, Ordering::Relaxed);
        }
        is_whole
    }

    /// A part of a body of the whole file, once that body comes to it.
    async fn open_in_turn(&self, range: Range<u64>) -> Result<Body, Cause> {
        let mut turn = self.whole.take(range.start).await;
        if !turn.reaches(range.start) {
            let ask = Ask::body(self.door.url().clone(), None);
            let answer = self.edge.follow(ask, |_| Ok(Hop::Follow)).await?;
            if !answer.status().is_success() {
                return Err(self.refused(answer, false).await);
            }
            let asked = Asked {
                range: 0..self.len,
                len: self.len,
            };
            if let Err(what) = check::answer(&asked, answer.status(), answer.headers()) {
                return Err(self.not_the_file(answer, what).await);
            }
            turn.begin(answer);
        }
        Ok(turn.read(range))
    }

    fn told(&self, answer: &Answer) -> Result<Told, Cause> {
        let is_redirect = answer.target.is_some();
        let head = Head {
            status: answer.status(),
            headers: answer.headers(),
            is_redirect,
        };
        self.door.told(&head).map_err(|what| answer.bad(what))
    }

    async fn body(&self, answer: Answer, range: Range<u64>) -> Result<Body, Cause> {
        let asked = Asked {
            range: range.clone(),
            len: self.len,
        };
        match check::answer(&asked, answer.status(), answer.headers()) {
            Ok(()) => Ok(body::of(answer, range)),
            Err(what) => Err(self.not_the_file(answer, what).await),
        }
    }

    /// Some hubs refuse with status 200.
    async fn not_the_file(&self, answer: Answer, what: String) -> Cause {
        let is_hub = self.edge.trust.has(&answer.url);
        let cause = answer.bad(what);
        if !is_hub || !self.door.is_disguise(answer.headers()) {
            return cause;
        }
        let http = wire::refusal(answer).await;
        if http.code.is_some() {
            self.door.refusal(http)
        } else {
            cause
        }
    }

    /// What a refusal means: the hub has reasons, a storage only knows its URLs.
    ///
    /// A storage under the hub's own name (`may_be_storage`) is told from it by the reasons.
    async fn refused(&self, answer: Answer, may_be_storage: bool) -> Cause {
        let is_hub = self.edge.trust.has(&answer.url);
        let host = answer.host();
        let http = wire::refusal(answer).await;
        let is_storage = !is_hub || (may_be_storage && http.code.is_none());
        match http.status {
            416 => Cause::BadAnswer {
                host,
                what: format!("a refusal of a range inside the file's {} bytes", self.len),
            },
            429 => Cause::RateLimited(http),
            // 400 is how one storage (GCS) says that a signature is too old.
            400 | 401 | 403 | 404 | 410 if is_storage => Cause::Expired(http),
            _ if is_hub => self.door.refusal(http),
            _ => Cause::Http(http),
        }
    }
}

impl Source for Http {
    fn open(&self, range: Range<u64>) -> BoxFuture<'_, Result<Body, Cause>> {
        if range.is_empty() || range.end > self.len {
            let what = format!("asked for bytes {range:?} of {}", self.len);
            return Box::pin(std::future::ready(Err(Cause::Bug(what))));
        }
        if self.is_rangeless.load(Ordering::Relaxed) {
            Box::pin(self.open_in_turn(range))
        } else if self.len <= SMALL {
            Box::pin(self.open_at_door(range))
        } else {
            Box::pin(self.open_large(range))
        }
    }
}
