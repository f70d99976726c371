//! Which repo and which verb a request to the hub is about, and who may be told.

use std::sync::Arc;

use super::access::Access;
use super::commit::Commit;
use super::http::{Request, decoded};
use super::kind::Kind;
use super::log::Origin;
use super::refusal::Refusal;
use super::reply::Reply;
use super::repo::Repo;
use super::state::{Found, State};
use super::{api, modelscope, resolve, tree};

/// What may follow a repo id in a path.
const VERBS: [&str; 6] = [
    "revision",
    "tree",
    "paths-info",
    "refs",
    "auth-check",
    "resolve",
];

/// A request, split into its parts.
pub(super) struct Route<'a> {
    pub(super) state: &'a State,
    pub(super) request: &'a Request,
    kind: Kind,
    before: &'a [&'a str],
    id: String,
    after: &'a [&'a str],
}

/// Answers a request to the hub.
pub(super) fn answer(state: &State, request: &Request) -> Reply {
    dispatch(state, request).unwrap_or_else(Refusal::reply)
}

fn dispatch(state: &State, request: &Request) -> Result<Reply, Refusal> {
    let raw = request.raw_path().trim_start_matches('/');
    let parts: Vec<&str> = raw.split('/').collect();
    let route = |kind, skip| Route::new(state, request, kind, &parts, skip);
    let kind = |segment: &str| Kind::from_plural(segment).ok_or(Refusal::NoRoute);
    match parts.as_slice() {
        ["api", "v1", rest @ ..] => Ok(modelscope::answer(state, request, rest)),
        ["api", "whoami-v2"] => api::whoami(state, request),
        ["api", "resolve-cache", plural, ..] => resolve::cached(&route(kind(plural)?, 3)?),
        ["api", plural, ..] => route(kind(plural)?, 2)?.api(),
        ["datasets" | "spaces", ..] => resolve::resolve(&route(kind(parts[0])?, 1)?),
        _ => resolve::resolve(&route(Kind::Model, 0)?),
    }
}

impl<'a> Route<'a> {
    /// The repo id begins after `skip` parts; it is one part long if a verb or nothing follows.
    fn new(
        state: &'a State,
        request: &'a Request,
        kind: Kind,
        parts: &'a [&'a str],
        skip: usize,
    ) -> Result<Self, Refusal> {
        let (before, rest) = parts.split_at(skip);
        let is_bare = rest.get(1).is_none_or(|part| {
            VERBS.contains(part) || (before.get(1) == Some(&"resolve-cache") && is_commit(part))
        });
        let (id, after) = match rest.len() {
            0 => return Err(Refusal::NoRoute),
            _ => rest.split_at(if is_bare { 1 } else { 2 }),
        };
        Ok(Self {
            state,
            request,
            kind,
            before,
            id: id.join("/"),
            after,
        })
    }

    fn api(&self) -> Result<Reply, Refusal> {
        match self.after {
            [] => api::info(self, "main"),
            ["revision", name] => api::info(self, &decoded(name)),
            ["tree", name, path @ ..] => tree::tree(self, &decoded(name), &joined(path)),
            ["paths-info", name] => tree::paths_info(self, &decoded(name)),
            ["refs"] => api::refs(self),
            ["auth-check", ..] => api::auth_check(self),
            _ => Err(Refusal::NoRoute),
        }
    }

    /// What stands after the repo id, as sent.
    pub(super) fn after(&self) -> &[&str] {
        self.after
    }

    /// The visitor's account; an unknown token is refused everywhere.
    pub(super) fn visitor(state: &State, request: &Request) -> Result<Option<Access>, Refusal> {
        if request.header("authorization").is_none() {
            return Ok(None);
        }
        let access = request.token().and_then(|token| state.access(token));
        access.map(Some).ok_or(Refusal::BadToken)
    }

    /// The repo, if this visitor may know of it.
    pub(super) fn repo(&self) -> Result<Arc<Repo>, Refusal> {
        let visitor = Self::visitor(self.state, self.request)?;
        let is_anonymous = visitor.is_none();
        let repo = match self.state.find(self.kind, &self.id) {
            Found::Repo(repo) => repo,
            Found::Moved(name) => return Err(self.moved(&name)),
            Found::Nothing => return Err(Refusal::NoRepo { is_anonymous }),
        };
        if repo.is_private && !visitor.is_some_and(|v| v.may_see(&repo.id)) {
            return Err(Refusal::NoRepo { is_anonymous });
        }
        if repo.is_disabled {
            return Err(Refusal::Disabled);
        }
        Ok(repo)
    }

    /// The repo, if this visitor may fetch its files.
    pub(super) fn open_repo(&self) -> Result<Arc<Repo>, Refusal> {
        let repo = self.repo()?;
        let visitor = Self::visitor(self.state, self.request)?;
        let is_anonymous = visitor.is_none();
        if repo.is_gated && !visitor.is_some_and(|v| v.is_granted(&repo.id)) {
            let id = repo.id.clone();
            return Err(Refusal::Gated { id, is_anonymous });
        }
        Ok(repo)
    }

    /// A commit of a repo by any of its names.
    pub(super) fn commit(repo: &Repo, name: &str) -> Result<Arc<Commit>, Refusal> {
        let commit = repo.revision(name);
        commit.ok_or_else(|| Refusal::NoRevision(name.to_owned()))
    }

    /// A path of the hub as a `Location`: relative or absolute as the hub is set.
    pub(super) fn location(&self, path: &str) -> String {
        if self.state.settings.absolute_redirects {
            format!("{}{path}", self.state.base(Origin::Hub))
        } else {
            path.to_owned()
        }
    }

    fn moved(&self, name: &str) -> Refusal {
        let parts: Vec<&str> = [self.before, &[name], self.after].concat();
        let mut path = format!("/{}", parts.join("/"));
        if let Some((_, query)) = self.request.target.split_once('?') {
            path = format!("{path}?{query}");
        }
        Refusal::Moved {
            location: self.location(&path),
        }
    }
}

/// Decoded parts as one path.
pub(super) fn joined(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| decoded(part)).collect();
    parts.join("/")
}

fn is_commit(part: &str) -> bool {
    part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit())
}
