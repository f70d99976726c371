//! A reference, and which of its files, → what of the stock that is. Pure.

use std::collections::{BTreeSet, HashSet};

use crate::digest::Digest;
use crate::error::{Cause, NotStored};
use crate::hub::RemoteFile;
use crate::inventory::find::names_like;
use crate::reference::{Entry, Reference};
use crate::removal::stock::Held;
use crate::removal::{Marks, Part, Stock, Why};
use crate::repo::{HubName, RepoId, RepoPath, Revision};
use crate::select::Selection;
use crate::store::census::Unfinished;

/// What is asked to go.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The repo, and a revision of it or all that there are.
    pub reference: Reference,
    /// Which files; everything where nothing is said.
    pub selection: Selection,
}

impl Wish {
    /// What a reference and the options beside it ask for.
    pub fn new(reference: Reference, mut selection: Selection) -> Self {
        selection
            .names
            .extend(reference.path.as_ref().map(Entry::to_name));
        selection.quant.clone_from(&reference.quant);
        Self {
            reference,
            selection,
        }
    }

    /// Marks what is asked to go.
    ///
    /// # Errors
    /// [`Cause::NotStored`] for a repo or revision of which nothing was pulled; what
    /// [`Selection::apply`] says of files; [`Cause::Usage`] for files that another revision needs too.
    pub fn mark(&self, stock: &Stock, marks: &mut Marks) -> Result<(), Cause> {
        let unfinished = self.unfinished(stock);
        let found = match self.find(stock) {
            // All that there is of it was cut short.
            Err(Cause::NotStored(_)) if !unfinished.is_empty() => Vec::new(),
            found => found?,
        };
        marks.unfinished.extend(unfinished);
        if self.selection.is_everything() {
            for index in found {
                marks.add(index, self.part_of(&stock.commits[index]), Why::Asked);
            }
            return Ok(());
        }
        let commits = || found.iter().map(|index| &stock.commits[*index]);
        let files = self.files(commits())?;
        for (index, held) in found.iter().zip(commits()) {
            self.refuse_shared(held)?;
            let files: BTreeSet<RepoPath> = held
                .pulled()
                .map(|file| &file.remote.path)
                .filter(|path| files.contains(path))
                .cloned()
                .collect();
            if !files.is_empty() {
                let part = Part {
                    files,
                    ..Part::default()
                };
                marks.add(*index, part, Why::Asked);
            }
        }
        Ok(())
    }

    /// Where all of a repo is asked to go: the unfinished contents that a pull of it has begun, by their
    /// place, those excepted that another repo's record lists.
    fn unfinished(&self, stock: &Stock) -> BTreeSet<usize> {
        let Reference { hub, repo, .. } = &self.reference;
        if self.reference.revision.is_some() || !self.selection.is_everything() {
            return BTreeSet::new();
        }
        let is_it = |of: HubName, id: &RepoId| of == *hub && id == repo;
        let others = stock.commits.iter();
        let others = others.filter(|held| !is_it(held.manifest().hub, &held.recorded.repo));
        let listed: HashSet<Digest> = others
            .flat_map(|held| &held.manifest().files)
            .map(|file| file.remote.digest)
            .collect();
        let is_meant = |one: &Unfinished| {
            let wanted = one.wanted.as_ref();
            let is_needed = one.digest.is_none_or(|digest| listed.contains(&digest));
            !one.is_owned && !is_needed && wanted.is_some_and(|file| is_it(file.hub, &file.repo))
        };
        let all = stock.unfinished.iter().enumerate();
        all.filter(|(_, one)| is_meant(one))
            .map(|(index, _)| index)
            .collect()
    }

    /// A commit that is named goes; a branch or tag alone only stops leading to it.
    fn part_of(&self, held: &Held) -> Part {
        match &self.reference.revision {
            Some(revision) if !is_commit(revision, held) => Part {
                revisions: [revision.clone()].into(),
                ..Part::default()
            },
            _ => Part::whole(),
        }
    }

    /// The commits that are meant, by their place.
    fn find(&self, stock: &Stock) -> Result<Vec<usize>, Cause> {
        let Reference { hub, repo, .. } = &self.reference;
        let of_repo: Vec<usize> = (0..stock.commits.len())
            .filter(|index| {
                let held = &stock.commits[*index];
                held.recorded.repo == *repo && held.manifest().hub == *hub
            })
            .collect();
        if of_repo.is_empty() {
            return Err(unknown_repo(repo, stock));
        }
        let Some(revision) = &self.reference.revision else {
            return Ok(of_repo);
        };
        let held = |index: &&usize| -> &Held { &stock.commits[**index] };
        let led = |index: &&usize| held(index).names.contains(revision);
        let noted = |index: &&usize| held(index).noted.contains(revision);
        let named = of_repo.iter().find(led);
        if let Some(named) = named.or_else(|| of_repo.iter().find(noted)) {
            return Ok(vec![*named]);
        }
        let by_commit = of_repo
            .iter()
            .filter(|index| is_commit(revision, held(index)));
        let by_commit: Vec<usize> = by_commit.copied().collect();
        if let [only] = by_commit[..] {
            return Ok(vec![only]);
        }
        // What it once led to, where nothing says any more what it is.
        let asked = |index: &&usize| held(index).manifest().revisions.contains(revision);
        let last_asked = of_repo.iter().filter(asked);
        let last_asked = last_asked.max_by_key(|index| held(index).manifest().pulled_at);
        let found = last_asked.copied().ok_or_else(|| {
            let of_repo: Vec<&Held> = of_repo.iter().map(|i| &stock.commits[*i]).collect();
            unknown_revision(revision, &of_repo)
        });
        Ok(vec![found?])
    }

    /// The files that are meant, out of those that were pulled in any of the commits.
    fn files<'a>(
        &self,
        commits: impl Iterator<Item = &'a Held> + Clone,
    ) -> Result<BTreeSet<RepoPath>, Cause> {
        let mut listing: Vec<RemoteFile> = commits
            .clone()
            .flat_map(|held| held.pulled().map(|file| file.remote.clone()))
            .collect();
        listing.sort_by(|a, b| a.path.cmp(&b.path));
        listing.dedup_by(|a, b| a.path == b.path);
        let selected = match self.selection.apply(&listing) {
            Err(Cause::FileNotFound { path, nearest }) => {
                let mut all = commits.flat_map(|held| &held.manifest().files);
                // The repo has it, but it is not here.
                let is_listed = all.any(|file| file.remote.path.as_str() == path);
                return Err(if is_listed {
                    Cause::NotStored(NotStored {
                        what: format!("`{path}`"),
                        nearest,
                        elsewhere: None,
                    })
                } else {
                    Cause::FileNotFound { path, nearest }
                });
            }
            other => other?,
        };
        Ok(selected.into_iter().map(|file| file.path).collect())
    }

    /// The files of a commit belong to every revision that leads to it.
    fn refuse_shared(&self, held: &Held) -> Result<(), Cause> {
        let Some(revision) = &self.reference.revision else {
            return Ok(());
        };
        let mut others = held
            .names
            .union(&held.noted)
            .filter(|name| *name != revision);
        let commit = &held.manifest().commit;
        let other = match others.next() {
            _ if is_commit(revision, held) => return Ok(()),
            Some(other) => format!("`{other}`"),
            None if held.manifest().is_pinned => "asked for by its commit".to_owned(),
            None => return Ok(()),
        };
        Err(Cause::Usage {
            why: format!(
                "`{revision}` is commit {}, which is also {other}",
                commit.short()
            ),
            hint: Some(format!(
                "to remove files of both, name the commit: `{}@{}`",
                self.reference.repo,
                commit.short()
            )),
        })
    }
}

/// Whether a revision is this commit, or a beginning of its id that is long enough.
fn is_commit(revision: &Revision, held: &Held) -> bool {
    let is_name = held.names.contains(revision) || held.noted.contains(revision);
    !is_name && held.manifest().commit.is_meant_by(revision)
}

fn unknown_repo(repo: &RepoId, stock: &Stock) -> Cause {
    let known = stock.commits.iter().map(|held| &held.recorded.repo);
    Cause::NotStored(NotStored {
        what: "the repo".to_owned(),
        nearest: names_like(repo, known),
        elsewhere: None,
    })
}

fn unknown_revision(revision: &Revision, commits: &[&Held]) -> Cause {
    let mut known = BTreeSet::new();
    for held in commits {
        known.insert(held.manifest().commit.short().to_owned());
        known.extend(held.names.iter().map(ToString::to_string));
    }
    Cause::NotStored(NotStored {
        what: format!("revision `{revision}`"),
        nearest: known.into_iter().collect(),
        elsewhere: None,
    })
}

#[cfg(test)]
mod tests;
