//! Where the bytes of a file are: on the hub for small files, behind a signed URL for large ones.

use std::sync::Arc;

use super::cdn;
use super::commit::{Commit, Entry, File};
use super::content::sha1_hex;
use super::http::{decoded, encoded_path};
use super::log::Origin;
use super::refusal::Refusal;
use super::reply::Reply;
use super::repo::Repo;
use super::route::{Route, joined};

/// `HEAD` and `GET` of `/{prefix}{R}/resolve/{rev}/{path}`.
pub(super) fn resolve(route: &Route<'_>) -> Result<Reply, Refusal> {
    let ["resolve", name, path @ ..] = route.after() else {
        return Err(Refusal::NoRoute);
    };
    let target = Target::find(route, &decoded(name), path)?;
    let reply = if target.file.is_lfs() {
        let url = cdn::mint(route.state, route.request, &target.repo, &target.file);
        Reply::redirect(302, &url)
    } else if route.state.settings.resolve_cache {
        let path = format!(
            "/api/resolve-cache/{}/{}/{}/{}",
            target.repo.kind.plural(),
            target.repo.id,
            target.commit.id,
            encoded_path(&target.file.path)
        );
        Reply::redirect(307, &route.location(&path))
    } else {
        Reply::file(route.request, &target.file.content)
    };
    Ok(target.describe(route, reply))
}

/// `HEAD` and `GET` of `/api/resolve-cache/{T}/{R}/{commit}/{path}`: small files only.
pub(super) fn cached(route: &Route<'_>) -> Result<Reply, Refusal> {
    let [name, path @ ..] = route.after() else {
        return Err(Refusal::NoRoute);
    };
    let target = Target::find(route, &decoded(name), path)?;
    let reply = Reply::file(route.request, &target.file.content);
    Ok(target.describe(route, reply))
}

struct Target {
    repo: Arc<Repo>,
    commit: Arc<Commit>,
    file: Arc<File>,
}

impl Target {
    fn find(route: &Route<'_>, name: &str, path: &[&str]) -> Result<Self, Refusal> {
        let repo = route.open_repo()?;
        let commit = Route::commit(&repo, name)?;
        let is_plain = !path.iter().any(|part| decoded(part).contains('/'));
        let path = joined(path);
        match commit.entry(&path) {
            Some(Entry::File(file)) if is_plain => Ok(Self {
                repo,
                file: Arc::clone(file),
                commit,
            }),
            _ => Err(Refusal::NoEntry {
                commit: commit.id.clone(),
                path,
            }),
        }
    }

    /// Adds the headers that say which file this is.
    fn describe(&self, route: &Route<'_>, reply: Reply) -> Reply {
        let reply = reply.with("X-Repo-Commit", &self.commit.id);
        let etag = format!("\"{}\"", self.file.etag());
        if !self.file.is_lfs() {
            return reply.with("ETag", &etag);
        }
        // The plain etag of a redirect means nothing; clients must not take it for a digest.
        let meaningless = &sha1_hex(self.file.path.as_bytes())[..32];
        let reply = reply
            .with("ETag", &format!("\"{meaningless}\""))
            .with("X-Linked-Etag", &etag)
            .with("X-Linked-Size", &self.file.content.len().to_string())
            .with("Accept-Ranges", "bytes");
        match self.file.xet_hash() {
            Some(hash) => reply
                .with("X-Xet-Hash", hash)
                .with("Link", &self.xet_links(route, hash)),
            None => reply,
        }
    }

    fn xet_links(&self, route: &Route<'_>, hash: &str) -> String {
        let (hub, cdn) = (route.state.base(Origin::Hub), route.state.base(Origin::Cdn));
        let (kind, id, commit) = (self.repo.kind.plural(), &self.repo.id, &self.commit.id);
        format!(
            "<{hub}/api/{kind}/{id}/xet-read-token/{commit}>; rel=\"xet-auth\", \
             <{cdn}/v1/reconstructions/{hash}>; rel=\"xet-reconstruction-info\""
        )
    }
}
