//! `GET …/repo?Revision&FilePath`: the bytes of small files, and the way to the large ones.

use super::super::cdn;
use super::super::commit::{Entry, File};
use super::super::reply::Reply;
use super::{Digests, Direct, Manners, NO_FILE, Refusal, Visit};

pub(super) fn file(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let commit = visit.tree()?;
    let path = visit.request.param("FilePath").unwrap_or_default();
    let missing = || Refusal::new(NO_FILE, "file not found or empty");
    let Some(Entry::File(file)) = commit.entry(&path) else {
        return Err(missing());
    };
    // An empty file is told from a missing one by its row only.
    if file.content.is_empty() {
        return Err(missing());
    }
    let manners = visit.manners();
    if file.is_lfs() && !manners.is_large_direct {
        let url = cdn::mint(visit.state, visit.request, &visit.repo, file);
        // Bodies of another server have no signature.
        let mark = if url.contains('?') { '&' } else { '?' };
        let reply = Reply::redirect(302, &format!("{url}{mark}{}", cdn::MODELSCOPE));
        return Ok(match manners.digests {
            Digests::Distant => reply,
            _ => linked(manners, file, reply),
        });
    }
    let mut reply = match manners.direct {
        Direct::Whole => Reply::file(&visit.request.without("range"), &file.content),
        Direct::Slice200 | Direct::Slice206 => Reply::file(visit.request, &file.content),
    };
    if manners.direct == Direct::Slice200 && reply.status == 206 {
        reply.status = 200;
    }
    reply.remove("Accept-Ranges");
    Ok(linked(manners, file, reply))
}

/// Says the digest of the content, unless nothing is to say it.
fn linked(manners: &Manners, file: &File, reply: Reply) -> Reply {
    if manners.digests == Digests::Missing && !file.is_lfs() {
        return reply;
    }
    reply.with("X-Linked-ETag", &format!("\"{}\"", file.content.sha256()))
}
