//! What must be there, as the promises say it.

use std::collections::{BTreeMap, BTreeSet};

/// A repo and a commit of it.
pub(crate) type Key = (&'static str, String);

/// One of two caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    First,
    Second,
}

pub(crate) const VIEWS: [View; 2] = [View::First, View::Second];

/// What is recorded of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) files: BTreeSet<String>,
    pub(crate) views: BTreeSet<View>,
    /// The views that got all of the files.
    pub(crate) complete: BTreeSet<View>,
    pub(crate) revisions: BTreeSet<String>,
    pub(crate) is_pinned: bool,
}

impl Record {
    /// A file that is new is missing in the views that had all.
    fn add<'a>(&mut self, files: impl IntoIterator<Item = &'a String>) {
        for path in files {
            if self.files.insert(path.clone()) {
                self.complete.clear();
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// What was pulled.
    pub(crate) records: BTreeMap<Key, Record>,
    /// What each revision was when it was last pulled.
    pub(crate) refs: BTreeMap<(&'static str, String), String>,
    /// The names that each view shows.
    pub(crate) shown: BTreeMap<(View, Key), BTreeSet<String>>,
    /// The refs in each view.
    pub(crate) noted: BTreeMap<(View, &'static str, String), String>,
    /// Whether a kill may have left contents that nothing names.
    pub(crate) has_garbage: bool,
    /// SHA-256 and git id of contents without a record whose last name in a view another tool may have
    /// taken: the store learns of it when it prunes.
    pub(crate) loose: BTreeMap<String, String>,
}

impl Model {
    /// A pull of these files has ended; `is_new` tells that the view did not show the commit before.
    pub(crate) fn pulled(
        &mut self,
        key: &Key,
        revision: Option<&str>,
        view: View,
        files: &[String],
        is_new: bool,
    ) {
        let record = self.records.entry(key.clone()).or_default();
        if is_new {
            record.complete.remove(&view);
        }
        let was_complete = record.complete.contains(&view);
        record.add(files);
        if was_complete || record.files.iter().all(|path| files.contains(path)) {
            record.complete.insert(view);
        }
        record.views.insert(view);
        record.is_pinned |= revision.is_none();
        if let Some(revision) = revision {
            record.revisions.insert(revision.to_owned());
            let (id, commit) = key;
            self.refs.insert((id, revision.to_owned()), commit.clone());
        }
        self.found(key, revision, view, files);
    }

    /// These files are in a view, whoever put them there.
    pub(crate) fn found(
        &mut self,
        key: &Key,
        revision: Option<&str>,
        view: View,
        files: &[String],
    ) {
        let shown = self.shown.entry((view, key.clone())).or_default();
        shown.extend(files.iter().cloned());
        if let Some(revision) = revision {
            let (id, commit) = key;
            self.noted
                .insert((view, id, revision.to_owned()), commit.clone());
        }
    }

    /// `adopt` of a view: what it shows is on record as if it had been pulled.
    pub(crate) fn adopted(&mut self, view: View) {
        for ((at, key), names) in &self.shown {
            if *at != view {
                continue;
            }
            let (id, commit) = key;
            let noted = self.noted.iter();
            let noted =
                noted.filter(|((at, of, _), said)| at == &view && of == id && *said == commit);
            let revisions: BTreeSet<String> = noted.map(|((_, _, name), _)| name.clone()).collect();
            let is_new = !self.records.contains_key(key);
            let record = self.records.entry(key.clone()).or_default();
            record.add(names);
            record.views.insert(view);
            record.is_pinned |= is_new && revisions.is_empty();
            for revision in &revisions {
                let name = (*id, revision.clone());
                self.refs.entry(name).or_insert_with(|| commit.clone());
            }
            record.revisions.extend(revisions);
        }
    }

    /// The names of a commit in a view that larder knows of.
    pub(crate) fn recorded_in(&self, view: View, key: &Key) -> Vec<String> {
        let record = self.records.get(key);
        let Some(record) = record.filter(|record| record.views.contains(&view)) else {
            return Vec::new();
        };
        let shown = &self.shown[&(view, key.clone())];
        shown.intersection(&record.files).cloned().collect()
    }

    /// The revisions that lead to a commit, by the store and by the views that show it.
    fn names(&self, key: &Key) -> BTreeSet<String> {
        let (id, commit) = key;
        let record = &self.records[key];
        let refs = self.refs.iter();
        let by_store = refs.filter(|((of, _), said)| of == id && *said == commit);
        let noted = self.noted.iter();
        let by_view = noted.filter(|((view, of, _), said)| {
            record.views.contains(view) && of == id && *said == commit
        });
        by_store
            .map(|((_, name), _)| name.clone())
            .chain(by_view.map(|((_, _, name), _)| name.clone()))
            .collect()
    }

    pub(crate) fn commits_of(&self, id: &str) -> Vec<Key> {
        let keys = self.records.keys().filter(|(of, _)| *of == id);
        keys.cloned().collect()
    }

    /// Nothing of a commit is to be left; what others put beside it stays, with what leads to it.
    pub(crate) fn forget(&mut self, key: &Key) {
        let record = self.records.remove(key).expect("it is recorded");
        let (id, commit) = key;
        self.refs.retain(|(of, _), said| of != id || said != commit);
        for view in record.views {
            let shown = self.shown.entry((view, key.clone())).or_default();
            shown.retain(|path| !record.files.contains(path));
            if shown.is_empty() {
                self.shown.remove(&(view, key.clone()));
                self.noted
                    .retain(|(at, of, _), said| *at != view || of != id || said != commit);
            }
        }
    }

    /// `rm id@revision`.
    pub(crate) fn forget_name(&mut self, id: &'static str, revision: &str) {
        let key = (id, self.refs[&(id, revision.to_owned())].clone());
        let is_last = self.names(&key).iter().all(|name| name == revision);
        if is_last && !self.records[&key].is_pinned {
            return self.forget(&key);
        }
        self.refs.remove(&(id, revision.to_owned()));
        let record = self.records.get_mut(&key).unwrap();
        record.revisions.remove(revision);
        for view in record.views.clone() {
            let at = (view, id, revision.to_owned());
            if self.noted.get(&at) == Some(&key.1) {
                self.noted.remove(&at);
            }
        }
    }

    /// `rm id --file path`.
    pub(crate) fn forget_file(&mut self, id: &str, path: &str) {
        for key in self.commits_of(id) {
            let record = self.records.get_mut(&key).unwrap();
            if !record.files.contains(path) {
                continue;
            }
            if record.files.len() == 1 {
                self.forget(&key);
                continue;
            }
            record.files.remove(path);
            for view in record.views.clone() {
                if let Some(shown) = self.shown.get_mut(&(view, key.clone())) {
                    shown.remove(path);
                }
            }
        }
        self.drop_empty();
    }

    /// `prune`, with nothing unfinished to be kept. Of the views that are `away` nobody can tell what
    /// they show.
    pub(crate) fn prune(&mut self, away: &BTreeSet<View>) {
        let keys: Vec<Key> = self.records.keys().cloned().collect();
        let goes = |key: &&Key| {
            let record = &self.records[*key];
            let is_shown = record.views.iter().any(|view| {
                let shown = self.shown.get(&(*view, (*key).clone()));
                shown.is_some_and(|shown| !shown.is_disjoint(&record.files))
            });
            let may_be_shown = is_shown || !record.views.is_disjoint(away);
            !may_be_shown || (!record.is_pinned && self.names(key).is_empty())
        };
        let going: Vec<Key> = keys.iter().filter(goes).cloned().collect();
        for key in going {
            self.forget(&key);
        }
        self.has_garbage = false;
        self.loose.clear();
    }

    /// Some names of a commit were removed from a view by hand.
    pub(crate) fn unlinked(&mut self, view: View, key: &Key, path: &str) {
        if let Some(shown) = self.shown.get_mut(&(view, key.clone())) {
            shown.remove(path);
        }
        self.drop_empty();
    }

    /// Another tool removed a commit from a view.
    pub(crate) fn gone_from(&mut self, view: View, key: &Key) {
        self.shown.remove(&(view, key.clone()));
        let (id, commit) = key;
        self.noted
            .retain(|(at, of, _), said| *at != view || of != id || said != commit);
    }

    /// A repo was removed from a view with everything.
    pub(crate) fn repo_gone_from(&mut self, view: View, id: &str) {
        self.shown
            .retain(|(at, (of, _)), _| *at != view || *of != id);
        self.noted.retain(|(at, of, _), _| *at != view || *of != id);
    }

    fn drop_empty(&mut self) {
        self.shown.retain(|_, names| !names.is_empty());
    }
}
