//! What is known of a commit, as JSON for programs. Sizes are bytes, times are seconds since 1970.

use serde_json::{Value, json};

use larder::format::{Model, Unreadable, card::Card};
use larder::inventory::Sight;
use larder::inventory::detail::{Detail, File, Share};
use larder::repo::Revision;

use super::page::state;
use crate::cli::ago::unix;
use crate::cli::ls;

/// One object.
pub(super) fn document(detail: &Detail) -> Value {
    let names: Vec<&str> = detail.revisions.iter().map(Revision::as_str).collect();
    json!({
        "hub": detail.hub.as_str(),
        "kind": detail.repo.kind().as_str(),
        "repo": detail.repo.id(),
        "canonical": detail.canonical,
        "commit": detail.commit.as_str(),
        "revisions": names,
        "pulled": unix(detail.pulled),
        "last_used": unix(Some(detail.last_used)),
        "size_bytes": detail.size_bytes,
        "unique_bytes": detail.unique_bytes,
        "card": card(&detail.card),
        "weights": detail.models.iter().map(weights).collect::<Vec<_>>(),
        "views": detail.views.iter().map(view).collect::<Vec<_>>(),
        "shares": detail.shares.iter().map(share).collect::<Vec<_>>(),
        "files": detail.files.iter().map(file).collect::<Vec<_>>(),
    })
}

fn card(card: &Result<Option<Card>, Unreadable>) -> Value {
    match card {
        Ok(None) => Value::Null,
        Err(why) => json!({ "error": why.to_string() }),
        Ok(Some(card)) => json!({
            "license": card.license,
            "license_name": card.license_name,
            "base_models": card.base_models,
            "task": card.task,
            "library": card.library,
            "is_gated": card.is_gated,
        }),
    }
}

fn weights(model: &Model) -> Value {
    let gguf = model.gguf.as_ref().map(|about| {
        json!({
            "architecture": about.architecture,
            "name": about.name,
            "size_label": about.size_label,
            "license": about.license,
            "quantisation": about.quantisation,
            "context_length": about.context_length,
            "layers": about.layers,
            "embedding_length": about.embedding_length,
            "split_count": about.split_count,
        })
    });
    let unreadable = model.unreadable.iter();
    let unreadable =
        unreadable.map(|(file, why)| json!({ "file": file, "error": why.to_string() }));
    json!({
        "name": model.name,
        "format": model.format.as_str(),
        "shards": model.shards,
        "all_shards": model.all_shards,
        "parameters": model.parameters,
        "types": model.types,
        "gguf": gguf,
        "unreadable": unreadable.collect::<Vec<_>>(),
    })
}

fn view(sight: &Sight) -> Value {
    json!({
        "kind": sight.view.kind.as_str(),
        "root": sight.view.root.to_string_lossy(),
        "path": sight.folder.to_string_lossy(),
        "state": ls::document::state(sight.presence),
    })
}

fn share(share: &Share) -> Value {
    json!({
        "hub": share.hub.as_str(),
        "kind": share.repo.kind().as_str(),
        "repo": share.repo.id(),
        "contents": share.contents,
        "bytes": share.bytes,
    })
}

fn file(file: &File) -> Value {
    let sha256 = file.blob.or(file.digest.sha256());
    json!({
        "file": file.path.as_str(),
        "size_bytes": file.len,
        "digest": file.digest.to_string(),
        "sha256": sha256.map(|id| id.to_string()),
        "state": state(file.state),
        "path": file.place.as_ref().map(|path| path.to_string_lossy()),
    })
}
