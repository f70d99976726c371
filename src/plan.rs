//! Files × what is here → what has to be done. Pure: values in, values out, no IO.
//!
//! Files of one content are one step: content is fetched once however many names it has. The order in
//! which missing bytes are asked is the business of [`schedule`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::digest::{BlobId, Digest};
use crate::hub::RemoteFile;
use crate::repo::RepoPath;

pub mod ranges;
pub mod schedule;

use ranges::RangeSet;

/// What of one content is on this disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Have {
    /// Nothing.
    Nothing,
    /// Some ranges of it, in a partial.
    Partial {
        /// The ranges.
        ranges: RangeSet,
    },
    /// All of it, put there by somebody; its bytes have yet to be hashed.
    Unproven {
        /// Where.
        path: Arc<Path>,
        /// Its length.
        len: u64,
        /// Its name in the store, where that is known.
        blob: Option<BlobId>,
    },
    /// All of it, and its digest was checked.
    Proven {
        /// Where.
        path: Arc<Path>,
        /// Its name in the store, where that is known.
        blob: Option<BlobId>,
    },
}

/// What to do about one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: it is here and proven.
    Keep {
        /// Where.
        path: Arc<Path>,
        /// Its name in the store, where that is known.
        blob: Option<BlobId>,
    },
    /// Hash what is here, and take it in when it is right.
    Check {
        /// Where.
        path: Arc<Path>,
        /// Its name in the store, where that is known.
        blob: Option<BlobId>,
    },
    /// Make the empty file: there is nothing to ask for.
    Make,
    /// Fetch what is missing.
    Fetch {
        /// The missing ranges, as far as is known before the partial is opened.
        missing: RangeSet,
    },
}

/// One content and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The first file by name that has the content.
    pub file: Arc<RemoteFile>,
    /// The other names of the content.
    pub also: Vec<RepoPath>,
    /// What to do.
    pub action: Action,
}

impl Step {
    /// Bytes that have to come over the network.
    pub fn need_bytes(&self) -> u64 {
        match &self.action {
            Action::Fetch { missing } => missing.total_bytes(),
            Action::Keep { .. } | Action::Check { .. } | Action::Make => 0,
        }
    }
}

/// What has to be done for a selection of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One step per content, in the order of the first names.
    pub steps: Vec<Step>,
}

/// Sums over a plan. Content with several names counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes here and proven.
    pub have_bytes: u64,
    /// Bytes here that have to be hashed, those in partials included.
    pub check_bytes: u64,
    /// Bytes to fetch.
    pub need_bytes: u64,
}

impl Plan {
    /// Decides what to do about `files`, given what is here. With `is_forced` everything is fetched
    /// again, whatever is here.
    pub fn new(files: &[Arc<RemoteFile>], have: &HashMap<Digest, Have>, is_forced: bool) -> Self {
        let mut steps: Vec<Step> = Vec::with_capacity(files.len());
        let mut at: HashMap<Digest, usize> = HashMap::with_capacity(files.len());
        for file in files {
            if let Some(&step) = at.get(&file.digest) {
                steps[step].also.push(file.path.clone());
                continue;
            }
            at.insert(file.digest, steps.len());
            let have = have
                .get(&file.digest)
                .filter(|_| !is_forced)
                .unwrap_or(&Have::Nothing);
            steps.push(Step {
                file: Arc::clone(file),
                also: Vec::new(),
                action: action(file, have),
            });
        }
        Self { steps }
    }

    /// Whether nothing has to be written to the store: everything is on this disk.
    pub fn is_all_here(&self) -> bool {
        let is_here =
            |step: &Step| matches!(step.action, Action::Keep { .. } | Action::Check { .. });
        self.steps.iter().all(is_here)
    }

    /// The sums.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for step in &self.steps {
            match &step.action {
                Action::Keep { .. } | Action::Make => totals.have_bytes += step.file.len,
                Action::Check { .. } => totals.check_bytes += step.file.len,
                Action::Fetch { missing } => {
                    totals.need_bytes += missing.total_bytes();
                    totals.check_bytes += step.file.len - missing.total_bytes();
                }
            }
        }
        totals
    }
}

fn action(file: &RemoteFile, have: &Have) -> Action {
    match have {
        Have::Proven { path, blob } => Action::Keep {
            path: Arc::clone(path),
            blob: *blob,
        },
        Have::Unproven { path, len, blob } if *len == file.len => Action::Check {
            path: Arc::clone(path),
            blob: *blob,
        },
        _ if file.len == 0 => Action::Make,
        Have::Partial { ranges } => Action::Fetch {
            missing: ranges.gaps(0..file.len),
        },
        Have::Nothing | Have::Unproven { .. } => Action::Fetch {
            missing: RangeSet::from(0..file.len),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{BlobId, GitOid};
    use proptest::prelude::*;

    fn file(path: &str, content: u8, len: u64) -> Arc<RemoteFile> {
        Arc::new(RemoteFile {
            path: RepoPath::parse(path).unwrap(),
            len,
            digest: BlobId::of(&[content]).into(),
            git_oid: Some(GitOid::of(&[content])),
            xet_hash: None,
            changed_by: None,
        })
    }

    fn have() -> impl Strategy<Value = Option<Have>> {
        let range = (0..1000u64, 1..1000u64).prop_map(|(start, end)| start.min(end)..end);
        prop_oneof![
            Just(None),
            Just(Some(Have::Nothing)),
            prop::collection::vec(range, 0..5).prop_map(|ranges| {
                let ranges = ranges
                    .into_iter()
                    .filter(|range| !range.is_empty())
                    .collect();
                Some(Have::Partial { ranges })
            }),
            (0..3u64).prop_map(|len| Some(Have::Unproven {
                path: Path::new("/u").into(),
                len: len * 500,
                blob: None
            })),
            Just(Some(Have::Proven {
                path: Path::new("/p").into(),
                blob: None
            })),
        ]
    }

    proptest! {
        #[test]
        fn every_content_has_one_step_and_every_byte_one_fate(
            contents in prop::collection::vec((0..6u8, have()), 0..12),
            is_forced: bool,
        ) {
            let files: Vec<Arc<RemoteFile>> = contents
                .iter()
                .enumerate()
                .map(|(i, (content, _))| file(&format!("f{i:02}"), *content, u64::from(*content) * 200))
                .collect();
            let mut known = HashMap::new();
            for (file, (_, have)) in files.iter().zip(&contents) {
                if let Some(have) = have {
                    known.insert(file.digest, have.clone());
                }
            }
            let plan = Plan::new(&files, &known, is_forced);

            let names: usize = plan.steps.iter().map(|step| 1 + step.also.len()).sum();
            prop_assert_eq!(names, files.len());
            let mut distinct: HashMap<Digest, u64> = HashMap::new();
            for file in &files {
                distinct.insert(file.digest, file.len);
            }
            prop_assert_eq!(plan.steps.len(), distinct.len());
            let totals = plan.totals();
            prop_assert_eq!(
                totals.have_bytes + totals.check_bytes + totals.need_bytes,
                distinct.values().sum::<u64>()
            );
            for step in &plan.steps {
                if let Action::Fetch { missing } = &step.action {
                    let whole = RangeSet::from(0..step.file.len);
                    let is_all = *missing == whole;
                    prop_assert!(!is_forced || is_all);
                    for range in missing.iter() {
                        prop_assert!(whole.contains_range(&range));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_here_is_not_fetched() {
        let files = [
            file("a", 1, 10),
            file("b", 2, 0),
            file("c", 3, 10),
            file("d", 1, 10),
        ];
        let mut known = HashMap::new();
        known.insert(
            files[0].digest,
            Have::Proven {
                path: Path::new("/p").into(),
                blob: None,
            },
        );
        known.insert(
            files[2].digest,
            Have::Unproven {
                path: Path::new("/u").into(),
                len: 9,
                blob: None,
            },
        );
        let plan = Plan::new(&files, &known, false);
        assert!(matches!(plan.steps[0].action, Action::Keep { .. }));
        assert_eq!(plan.steps[0].also, [files[3].path.clone()]);
        assert_eq!(plan.steps[1].action, Action::Make);
        // A file of another length is another file.
        assert_eq!(plan.steps[2].need_bytes(), 10);
    }

    #[test]
    fn what_is_in_a_partial_is_not_proven_yet() {
        let files = [file("a", 1, 10)];
        let ranges = RangeSet::from(0..4);
        let known = HashMap::from([(files[0].digest, Have::Partial { ranges })]);
        let totals = Plan::new(&files, &known, false).totals();
        let want = Totals {
            have_bytes: 0,
            check_bytes: 4,
            need_bytes: 6,
        };
        assert_eq!(totals, want);
    }
}
