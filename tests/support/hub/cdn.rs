//! The CDN: bodies of large files, by signed URLs that expire.

use std::time::{SystemTime, UNIX_EPOCH};

use super::commit::File;
use super::content::sha256_hex;
use super::http::{Request, encoded, encoded_path};
use super::log::Origin;
use super::reply::Reply;
use super::repo::Repo;
use super::state::State;

/// Known to both origins, and never a token.
const KEY: &str = "signing key of the test hub";

/// The parameter of URLs that ModelScope hands out.
pub(super) const MODELSCOPE: &str = "tag=model";

/// Mints the URL under which `file` can be had for a while.
pub(super) fn mint(state: &State, request: &Request, repo: &Repo, file: &File) -> String {
    if let Some(base) = &state.settings.bodies {
        let base = base.trim_end_matches('/');
        return format!("{base}/{}/{}", repo.id, encoded_path(&file.path));
    }
    let path = format!(
        "/{}/{}/{}/{}",
        repo.kind.plural(),
        repo.id,
        file.content.sha256(),
        encoded_path(&file.path)
    );
    let expires = now() + state.settings.url_ttl.as_secs();
    let generation = state.generation();
    let bound = match request.header("range") {
        Some(range) if state.settings.bind_range => range,
        None if !state.settings.shared_urls => "none",
        _ => "any",
    };
    let signature = sign(&path, expires, generation, bound);
    format!(
        "{}{path}?Expires={expires}&Generation={generation}&Bound={}&Signature={signature}",
        state.base(Origin::Cdn),
        encoded(bound),
    )
}

/// Serves a signed URL.
pub(super) fn answer(state: &State, request: &Request) -> Reply {
    let number = |name| request.param(name).and_then(|text| text.parse().ok());
    let (Some(expires), Some(generation), Some(bound), Some(signature)) = (
        number("Expires"),
        number("Generation"),
        request.param("Bound"),
        request.param("Signature"),
    ) else {
        return refuse(
            "MissingKey",
            "Missing Key-Pair-Id query parameter or cookie value",
        );
    };
    if expires <= now() || generation != state.generation() {
        return refuse("AccessDenied", "Request has expired");
    }
    if signature != sign(request.raw_path(), expires, generation, &bound) {
        return refuse(
            "SignatureDoesNotMatch",
            "The signature does not match the URL",
        );
    }
    let is_modelscope = request.query().ends_with(MODELSCOPE);
    let has_secret = ["authorization", "cookie"]
        .iter()
        .any(|name| request.header(name).is_some());
    if is_modelscope && (has_secret || request.header("user-agent").is_none()) {
        return refuse("AccessDenied", "denied by the rules of the site");
    }
    let range = request.header("range");
    let fits = match bound.as_str() {
        "any" => true,
        "none" => range.is_none(),
        bound => range == Some(bound),
    };
    if !fits {
        return refuse("AccessDenied", "invalid range");
    }
    let sha256 = request.raw_path().split('/').find(|part| part.len() == 64);
    let Some(content) = sha256.and_then(|sha256| state.stored(sha256)) else {
        return refuse("NoSuchKey", "The specified key does not exist.");
    };
    // Like the etag of an upload in parts: it says nothing about the content.
    let etag = sha256_hex(request.raw_path())[..32].to_owned();
    let mut reply = Reply::file(request, &content);
    if is_modelscope {
        reply.set("X-Linked-ETag", &format!("\"{}\"", content.sha256()));
    }
    reply
        .with("ETag", &format!("\"{etag}-3\""))
        .with("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        .with("X-Cache", "Hit from cloudfront")
        .with("X-Amz-Cf-Id", "test-hub")
}

fn refuse(code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::new(403, "application/xml", body)
}

fn sign(path: &str, expires: u64, generation: u64, bound: &str) -> String {
    sha256_hex(format!("{KEY}\n{path}\n{expires}\n{generation}\n{bound}"))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
