//! Answers of the Hub's API as the types of this crate (`hf_api.model_info`, `RepoFile`,
//! `RepoFolder`). Unknown fields are ignored; known ones are checked.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::Cause;
use crate::hub::wire::{Rows, size};
use crate::hub::{Listing, RemoteFile, Resolved};
use crate::redact::clean_short;
use crate::repo::{Commit, RepoId, RepoPath, Revision};

/// Bounds of a listing; the Hub itself advises at most 100,000 files.
const MAX_PAGES: usize = 2_000;
const MAX_ENTRIES: usize = 1_000_000;
/// Room for a million names of 64 bytes.
const MAX_NAME_BYTES: usize = 64 << 20;

/// `GET /api/T/R/revision/{rev}`, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    id: Option<String>,
    sha: Option<String>,
    /// `false`, `"auto"`, `"manual"` or absent.
    #[serde(default)]
    gated: Value,
}

/// What `revision` of `repo` is, or what is wrong with the answer.
pub(super) fn resolved(repo: &RepoId, revision: &Revision, info: Info) -> Result<Resolved, String> {
    let sha = info
        .sha
        .ok_or("a revision without its commit; it is not a Hugging Face hub")?;
    let commit =
        Commit::parse(&sha).map_err(|_| format!("a commit named `{}`", clean_short(&sha, 60)))?;
    if let Some(asked) = revision.as_commit().filter(|asked| *asked != commit) {
        return Err(format!("commit {commit} when asked for {asked}"));
    }
    if let Some(id) = &info.id {
        RepoId::parse(repo.kind(), id)
            .map_err(|_| format!("a repo named `{}`", clean_short(id, 60)))?;
    }
    let is_gated = matches!(info.gated, Value::String(_) | Value::Bool(true));
    Ok(Resolved {
        commit,
        canonical: info.id,
        is_gated,
    })
}

/// One page of `GET /api/T/R/tree/{rev}`: its files. Folders are counted and forgotten as they are
/// read, so that a page takes no more memory than what it lists.
#[derive(Debug)]
pub(super) struct Page {
    files: Vec<Row>,
    entries: usize,
}

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    oid: Option<String>,
    size: Option<u64>,
    lfs: Option<Lfs>,
    #[serde(rename = "xetHash")]
    xet_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    oid: String,
    size: Option<u64>,
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PageVisitor)
    }
}

struct PageVisitor;

impl<'de> Visitor<'de> for PageVisitor {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Page, A::Error> {
        let (mut files, mut entries) = (Vec::new(), 0);
        while let Some(row) = rows.next_element::<Row>()? {
            entries += 1;
            if entries > MAX_ENTRIES {
                let what = format!("more than {MAX_ENTRIES} entries");
                return Err(A::Error::custom(what));
            }
            if row.kind == "file" {
                files.push(row);
            }
        }
        Ok(Page { files, entries })
    }
}

/// The pages of one listing, put together within bounds.
#[derive(Debug, Default)]
pub(super) struct Pages {
    rows: Rows,
    taken: usize,
    entries: usize,
    name_bytes: usize,
}

impl Pages {
    /// Takes one page. The outer error is about a name that must not be written, the inner one, in
    /// words, about an answer that makes no sense.
    pub(super) fn add(&mut self, page: Page) -> Result<Result<(), String>, Cause> {
        self.taken += 1;
        self.entries += page.entries;
        if self.entries > MAX_ENTRIES || self.taken > MAX_PAGES {
            return Ok(Err(format!(
                "a listing of more than {MAX_ENTRIES} entries or {MAX_PAGES} pages"
            )));
        }
        for row in page.files {
            let path = Rows::path(&row.path)?;
            self.name_bytes += row.path.len();
            if self.name_bytes > MAX_NAME_BYTES {
                let mib = MAX_NAME_BYTES >> 20;
                return Ok(Err(format!("a listing with more than {mib} MiB of names")));
            }
            match file(path, row) {
                Ok(file) => self.rows.insert(file)?,
                Err(what) => return Ok(Err(what)),
            }
        }
        Ok(Ok(()))
    }

    /// The listing, checked as a whole.
    pub(super) fn finish(self) -> Result<Listing, Cause> {
        self.rows.finish()
    }
}

fn file(path: RepoPath, row: Row) -> Result<RemoteFile, String> {
    let no = |what: &str| format!("a row without {what}: {path}");
    let hex = |what: &str, text: &str| {
        format!(
            "a {what} for {path} that is none: {}",
            clean_short(text, 70)
        )
    };
    let oid = row.oid.ok_or_else(|| no("git id"))?;
    let git_oid = oid.parse().map_err(|_| hex("git id", &oid))?;
    let (digest, len) = match row.lfs {
        Some(lfs) => {
            let sha256 = lfs.oid.parse().map_err(|_| hex("SHA-256", &lfs.oid))?;
            (Digest::Sha256(sha256), lfs.size.or(row.size))
        }
        None => (Digest::Git(git_oid), row.size),
    };
    let len = size(len.ok_or_else(|| no("size"))?, &path)?;
    // Nothing is fetched by it yet, so an odd one is no reason to refuse the file.
    let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let xet_hash = row.xet_hash.filter(is_hash);
    Ok(RemoteFile {
        path,
        len,
        digest,
        git_oid: Some(git_oid),
        xet_hash,
        changed_by: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::wire::parse_json;
    use crate::repo::RepoKind;

    const SHA: &str = "5f3c0e1d2b4a69788796a5b4c3d2e1f00f1e2d3c";

    fn info(json: &str, revision: &str) -> Result<Resolved, String> {
        let repo = RepoId::parse(RepoKind::Model, "acme/tiny").unwrap();
        resolved(
            &repo,
            &Revision::parse(revision).unwrap(),
            parse_json(json.as_bytes())?,
        )
    }

    #[test]
    fn revisions() {
        let json = format!(r#"{{"id":"acme/Tiny","sha":"{SHA}","gated":"manual","x":[]}}"#);
        let found = info(&json, "main").unwrap();
        assert_eq!(found.commit.as_str(), SHA);
        assert_eq!(found.canonical.as_deref(), Some("acme/Tiny"));
        assert!(found.is_gated);
        for gated in ["false", "null"] {
            let json = format!(r#"{{"sha":"{SHA}","gated":{gated}}}"#);
            assert!(!info(&json, "main").unwrap().is_gated);
        }
        assert!(info(&json, SHA).is_ok());
        assert!(info(&json, &"a".repeat(40)).is_err());
        assert!(
            info("{}", "main")
                .unwrap_err()
                .contains("not a Hugging Face hub")
        );
        assert!(info(r#"{"sha":"../../etc"}"#, "main").is_err());
        assert!(info(&format!(r#"{{"sha":"{SHA}","id":"../x"}}"#), "main").is_err());
    }

    /// The files of one page: what is wrong with its name, with the row, or nothing.
    fn rows(json: &str) -> Result<Result<Listing, String>, Cause> {
        let mut pages = Pages::default();
        let page = parse_json(json.as_bytes()).unwrap();
        match pages.add(page)? {
            Ok(()) => pages.finish().map(Ok),
            Err(what) => Ok(Err(what)),
        }
    }

    #[test]
    fn rows_of_the_documented_page() {
        let (sha256, xet) = ("c".repeat(64), "a".repeat(64));
        let files = rows(&format!(
            r#"[{{"type":"directory","oid":"{SHA}","size":0,"path":"sub"}},
            {{"type":"file","oid":"{SHA}","size":42,"path":"config.json"}},
            {{"type":"file","oid":"{SHA}","size":7,"path":"sub/m","xetHash":"{xet}",
              "lfs":{{"oid":"{sha256}","size":120000,"pointerSize":134}}}}]"#
        ))
        .unwrap()
        .unwrap();
        let [small, large] = &files[..] else {
            panic!("{files:?}")
        };
        assert_eq!((small.len, small.etag().as_str()), (42, SHA));
        assert_eq!((large.len, large.etag()), (120_000, sha256));
        assert_eq!(large.xet_hash.as_deref(), Some(xet.as_str()));
    }

    #[test]
    fn rows_that_make_no_sense() {
        for row in [
            r#"{"type":"file","path":"a","size":1}"#.to_owned(),
            format!(r#"{{"type":"file","path":"a","oid":"{SHA}"}}"#),
            format!(r#"{{"type":"file","path":"a","oid":"{SHA}x","size":1}}"#),
            format!(r#"{{"type":"file","path":"a","oid":"{SHA}","size":9007199254740993}}"#),
            format!(
                r#"{{"type":"file","path":"a","oid":"{SHA}","size":1,"lfs":{{"oid":"{SHA}"}}}}"#
            ),
        ] {
            assert!(rows(&format!("[{row}]")).unwrap().is_err(), "{row}");
        }
        for size in ["-1", "1.5", "1e30", "99999999999999999999", "\"1\""] {
            let json = format!(r#"[{{"type":"file","path":"a","oid":"{SHA}","size":{size}}}]"#);
            assert!(parse_json::<Page>(json.as_bytes()).is_err(), "{size}");
        }
    }

    #[test]
    fn the_names_of_a_listing_have_a_bound() {
        let long = |at: usize| format!("{at:08}/{}", vec!["n".repeat(250); 15].join("/"));
        let row = |at| {
            format!(
                r#"{{"type":"file","path":"{}","oid":"{SHA}","size":1}}"#,
                long(at)
            )
        };
        let page = |first: usize| {
            let rows: Vec<String> = (first..first + 1000).map(row).collect();
            parse_json::<Page>(format!("[{}]", rows.join(",")).as_bytes()).unwrap()
        };
        let mut pages = Pages::default();
        let taken = (0..MAX_PAGES).take_while(|n| pages.add(page(n * 1000)).unwrap().is_ok());
        assert_eq!(taken.count(), MAX_NAME_BYTES / (long(0).len() * 1000));
    }

    #[test]
    fn names_that_must_not_be_written() {
        for name in [
            "../a",
            "/a",
            "a//b",
            "a\\\\b",
            "",
            "a/.",
            ".git/config",
            "a/.GIT/x",
        ] {
            let json = format!(r#"[{{"type":"file","path":"{name}","oid":"{SHA}","size":1}}]"#);
            assert!(matches!(rows(&json), Err(Cause::Hostile { .. })), "{name}");
        }
    }
}
