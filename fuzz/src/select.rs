//! Choosing among file names that a hub made up. First line: a quantisation; second: a name or glob;
//! the rest: one path a line.

use std::collections::BTreeSet;

use larder::digest::GitOid;
use larder::error::Cause;
use larder::hub::RemoteFile;
use larder::repo::RepoPath;
use larder::select::{Selection, WeightFormat};

use super::checks::{is_cause_fit_to_show, lines};

pub fn run(data: &[u8]) {
    let Some(([quant, name], rest)) = lines(data) else {
        return;
    };
    let Ok(paths) = std::str::from_utf8(rest) else {
        return;
    };
    let paths: BTreeSet<RepoPath> = paths
        .lines()
        .filter_map(|l| RepoPath::parse(l).ok())
        .collect();
    let listing: Vec<RemoteFile> = paths.into_iter().map(file).collect();

    let all = Selection::default()
        .apply(&listing)
        .expect("nothing was asked for");
    assert_eq!(all, listing);
    if !quant.is_empty() {
        by_quant(quant, &listing);
    }
    let names = vec![name.to_owned()];
    chosen(
        &Selection {
            names: names.clone(),
            ..Selection::default()
        },
        &listing,
    );
    chosen(
        &Selection {
            include: names.clone(),
            ..Selection::default()
        },
        &listing,
    );
    chosen(
        &Selection {
            exclude: names,
            ..Selection::default()
        },
        &listing,
    );
    for format in WeightFormat::ALL {
        let selection = Selection {
            weights: Some(format),
            ..Selection::default()
        };
        if let Some(files) = chosen(&selection, &listing) {
            assert!(
                files
                    .iter()
                    .any(|file| WeightFormat::of(&file.path) == Some(format))
            );
        }
        assert_eq!(format.as_str().parse(), Ok(format));
    }
}

fn file(path: RepoPath) -> RemoteFile {
    let oid = GitOid::of(path.as_str().as_bytes());
    RemoteFile {
        path,
        len: 1,
        digest: oid.into(),
        git_oid: Some(oid),
        xet_hash: None,
        changed_by: None,
    }
}

/// What is chosen is some of the listing, in its order; or the reason can be shown.
fn chosen(selection: &Selection, listing: &[RemoteFile]) -> Option<Vec<RemoteFile>> {
    match selection.apply(listing) {
        Ok(files) => {
            let mut rest = listing.iter();
            let is_in_order = files.iter().all(|file| rest.any(|other| other == file));
            assert!(is_in_order, "{selection:?}");
            assert!(!files.is_empty() || listing.is_empty(), "{selection:?}");
            Some(files)
        }
        Err(cause) => {
            is_cause_fit_to_show(&cause);
            None
        }
    }
}

/// A quantisation that is not there is answered with ones that are.
fn by_quant(quant: &str, listing: &[RemoteFile]) {
    let with = |quant: &str| Selection {
        quant: Some(quant.to_owned()),
        ..Selection::default()
    };
    if let Some(files) = chosen(&with(quant), listing) {
        let is_gguf =
            |file: &RemoteFile| file.path.as_str().to_ascii_lowercase().ends_with(".gguf");
        assert!(files.iter().all(is_gguf), "{files:?}");
    } else if let Err(Cause::NoMatch { choices, .. }) = with(quant).apply(listing) {
        for choice in choices.iter().take(50) {
            assert!(
                with(choice).apply(listing).is_ok(),
                "`{choice}` is offered and is not there"
            );
        }
    }
}
