//! The ModelScope half: the same repos behind `/api/v1/{models|datasets}/{owner}/{name}/…`.
//!
//! `main` of a repo is its `master` here. Refusals are HTTP 404 with a business code that tells them
//! apart; a token that nobody knows counts as none. Citations: `modelscope_hub` 0.5, `_legacy_api`.

use serde_json::{Value, json};
use std::sync::Arc;

use super::commit::Commit;
use super::http::Request;
use super::kind::Kind;
use super::reply::Reply;
use super::repo::Repo;
use super::state::{Found, State};

#[path = "modelscope/bytes.rs"]
mod bytes;
#[path = "modelscope/info.rs"]
mod info;
#[path = "modelscope/listing.rs"]
mod listing;

/// The repo does not exist, or so an overloaded site says.
pub const NO_REPO: u64 = 10_010_205_001;
/// The visitor may not see the repo, or not its files.
pub const NO_ACCESS: u64 = 10_010_200_001;
/// No file tree at that revision.
pub const NO_TREE: u64 = 10_990_101_004;
/// The file is missing, empty or unreadable.
pub const NO_FILE: u64 = 10_990_101_007;

/// How a listing tells the digests of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digests {
    /// Lower-case hex.
    #[default]
    Told,
    /// Upper-case hex.
    Upper,
    /// `""` for the large files; their answers say it in `X-Linked-ETag`.
    Linked,
    /// `""` for the large files, and only whoever has the bytes says it.
    Distant,
    /// `null` for the small files, and nothing else says it.
    Missing,
}

/// How the site answers a range of a body that it sends itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direct {
    /// The slice with its `Content-Range`, under status 200.
    #[default]
    Slice200,
    /// The slice under status 206.
    Slice206,
    /// The whole file.
    Whole,
}

/// What the site does differently from time to time.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    /// Most rows of a listing; what is more is left out without a word.
    pub(super) row_cap: usize,
    /// Most rows of a page of a dataset's listing, whatever is asked for.
    pub(super) page_cap: usize,
    pub(super) digests: Digests,
    pub(super) direct: Direct,
    /// Large files come from the site itself.
    pub(super) is_large_direct: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            row_cap: 3000,
            page_cap: usize::MAX,
            digests: Digests::default(),
            direct: Direct::default(),
            is_large_direct: false,
        }
    }
}

/// A business code with its words.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: u64,
    pub(super) message: String,
}

impl Refusal {
    fn new(code: u64, message: impl Into<String>) -> Self {
        Self {
            status: 404,
            code,
            message: message.into(),
        }
    }

    fn reply(&self) -> Reply {
        let mut reply = Reply::json(&failure(self.code, &self.message));
        reply.status = self.status;
        reply
    }
}

/// The envelope of a failure.
pub fn failure(code: u64, message: &str) -> Value {
    json!({ "Code": code, "Message": message, "RequestId": "ms-test", "Success": false })
}

/// The envelope of a success.
fn success(data: &Value) -> Reply {
    let envelope = json!({
        "Code": 200,
        "Data": data,
        "Message": "success",
        "RequestId": "ms-test",
        "Success": true,
    });
    Reply::json(&envelope)
}

/// A request for one repo.
struct Visit<'a> {
    state: &'a State,
    request: &'a Request,
    repo: Arc<Repo>,
}

/// Answers what follows `/api/v1/`.
pub(super) fn answer(state: &State, request: &Request, parts: &[&str]) -> Reply {
    dispatch(state, request, parts).unwrap_or_else(|refusal| refusal.reply())
}

fn dispatch(state: &State, request: &Request, parts: &[&str]) -> Result<Reply, Refusal> {
    let no_route = || Refusal::new(404, "page not found");
    let [plural, owner, name, what @ ..] = parts else {
        return Err(no_route());
    };
    let kind = Kind::from_plural(plural).ok_or_else(no_route)?;
    let visit = Visit::new(state, request, kind, &format!("{owner}/{name}"))?;
    match what {
        [] => Ok(info::repo(&visit)),
        ["revisions"] => Ok(info::revisions(&visit)),
        ["commits"] => Ok(info::commits(&visit)),
        ["repo", "files"] if kind == Kind::Model => listing::files(&visit),
        ["repo", "tree"] if kind == Kind::Dataset => listing::tree(&visit),
        ["repo"] => bytes::file(&visit),
        _ => Err(no_route()),
    }
}

impl<'a> Visit<'a> {
    fn new(state: &'a State, request: &'a Request, kind: Kind, id: &str) -> Result<Self, Refusal> {
        let unknown = || {
            let message = "获取模型信息失败，信息：record not found";
            Refusal::new(NO_REPO, message)
        };
        let Found::Repo(repo) = state.find(kind, id) else {
            return Err(unknown());
        };
        let visitor = request.token().and_then(|token| state.access(token));
        let is_hidden = repo.is_private && !visitor.as_ref().is_some_and(|v| v.may_see(id));
        let is_closed = repo.is_gated && !visitor.as_ref().is_some_and(|v| v.is_granted(id));
        if is_hidden || is_closed {
            return Err(Refusal::new(NO_ACCESS, "no permission to access this repo"));
        }
        Ok(Self {
            state,
            request,
            repo,
        })
    }

    fn manners(&self) -> &Manners {
        &self.state.settings.manners
    }

    /// The commit that a query parameter names; `main` is a name of the other hub's.
    fn commit(&self, parameter: &str) -> Option<Arc<Commit>> {
        let name = self.request.param(parameter);
        match name.as_deref().unwrap_or("master") {
            "master" => self
                .repo
                .revision("master")
                .or_else(|| self.repo.revision("main")),
            "main" => None,
            name => self.repo.revision(name),
        }
    }

    fn tree(&self) -> Result<Arc<Commit>, Refusal> {
        self.commit("Revision")
            .ok_or_else(|| Refusal::new(NO_TREE, "no such revision"))
    }
}
