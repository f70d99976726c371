//! What can happen. Another kind of step is a variant here, a line in `choose`, a method, and what it
//! means in the model.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use fastrand::Rng;

use super::bin::{Call, Ran, Running};
use super::hub::{Hub, Record};
use super::model::{Key, VIEWS, View};
use super::python::Client;
use super::read;
use super::world::{REPOS, World};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A branch of the hub moves on.
    Commit(&'static str),
    /// A pull of all or some files, to its end.
    Pull(Pull),
    /// A pull that is killed when the hub has sent so many bytes more.
    Killed(Pull, u64),
    /// `rm id`.
    RmRepo(&'static str),
    /// `rm id@revision`.
    RmName(&'static str, String),
    /// `rm id@commit`.
    RmCommit(Key),
    /// `rm id --file path`.
    RmFile(&'static str, String),
    /// `prune`, with nothing unfinished to be kept.
    Prune,
    /// `hf cache rm` of a commit.
    HfRm(View, Key),
    /// `rm -rf` of a repo's folder in a view.
    RepoByHand(View, &'static str),
    /// `rm` of a name in a view.
    NameByHand(View, Key, String),
    /// `rm -rf` of a view.
    ViewByHand(View),
    /// What is on record and whole is pulled offline.
    Offline(Key, View),
    /// `hf download` of all or some files.
    HfPull(Pull),
    /// `adopt` of a view.
    Adopt(View),
}

/// What is pulled.
#[derive(Clone, Debug)]
pub(crate) struct Pull {
    key: Key,
    /// `None`: by the commit itself.
    revision: Option<&'static str>,
    view: View,
    files: Vec<String>,
    is_all: bool,
}

fn one<T: Clone>(random: &mut Rng, of: &[T]) -> Option<T> {
    (!of.is_empty()).then(|| of[random.usize(..of.len())].clone())
}

impl Step {
    pub(crate) fn choose(random: &mut Rng, world: &World) -> Self {
        let id = REPOS[random.usize(..REPOS.len())];
        let view = VIEWS[random.usize(..VIEWS.len())];
        let model = &world.model;
        let recorded: Vec<Key> = model.records.keys().cloned().collect();
        let shown: Vec<(View, Key)> = model.shown.keys().cloned().collect();
        let pull = Pull::choose(random, world, id, view);
        let step = match random.u8(..100) {
            0..10 => Some(Self::Commit(id)),
            10..18 => Some(Self::Killed(pull.clone(), random.u64(..2_000_000))),
            18..23 => Some(Self::RmRepo(id)),
            23..31 => {
                let names: Vec<_> = model.refs.keys().cloned().collect();
                one(random, &names).map(|(id, name)| Self::RmName(id, name))
            }
            31..35 => one(random, &recorded).map(Self::RmCommit),
            35..43 => one(random, &recorded).and_then(|key| {
                let files: Vec<_> = model.records[&key].files.iter().cloned().collect();
                Some(Self::RmFile(key.0, one(random, &files)?))
            }),
            43..53 => Some(Self::Prune),
            53..56 => one(random, &shown).map(|(view, key)| Self::HfRm(view, key)),
            56..59 => Some(Self::RepoByHand(view, id)),
            59..63 => one(random, &shown).and_then(|(view, key)| {
                let names = model.recorded_in(view, &key);
                Some(Self::NameByHand(view, key, one(random, &names)?))
            }),
            63 => Some(Self::ViewByHand(view)),
            64..69 => one(random, &recorded).map(|key| Self::Offline(key, view)),
            69..75 => Some(Self::HfPull(pull.clone())),
            75..81 => one(random, &shown).map(|(view, _)| Self::Adopt(view)),
            _ => None,
        };
        step.unwrap_or(Self::Pull(pull))
    }

    /// Takes the step on the disk and in the model.
    pub(crate) fn take(&self, random: &mut Rng, world: &mut World) {
        *world.counts.entry(self.kind()).or_default() += 1;
        let before = world.held();
        self.happen(random, world);
        let (needed, held) = (world.needed(), world.held());
        if self.is_by_another_tool() {
            let gone = before.into_iter();
            let gone = gone.filter(|(sha256, _)| !held.contains_key(sha256));
            world.model.loose.extend(gone);
        }
        let loose = &mut world.model.loose;
        loose.retain(|sha256, _| !needed.contains_key(sha256));
    }

    /// Whether names go without larder.
    fn is_by_another_tool(&self) -> bool {
        matches!(
            self,
            Self::HfRm(..) | Self::RepoByHand(..) | Self::NameByHand(..) | Self::ViewByHand(_)
        )
    }

    fn happen(&self, random: &mut Rng, world: &mut World) {
        match self {
            Self::Commit(id) => world.commit(random, id),
            Self::Pull(pull) => {
                let is_new = pull.is_new(world);
                pull.call(world, &[]).run().succeeded();
                pull.note(world, is_new);
            }
            Self::Killed(pull, bytes) => pull.killed(world, *bytes),
            Self::RmRepo(id) => {
                let keys = world.model.commits_of(id);
                let is_here = !keys.is_empty() || !read::unfinished(world, id).is_empty();
                rm(world, &[id], if is_here { 0 } else { 3 });
                let left = read::unfinished(world, id);
                assert!(left.is_empty(), "unfinished: {left:?}");
                for key in &keys {
                    world.model.forget(key);
                }
            }
            Self::RmName(id, name) => {
                rm(world, &[&format!("{id}@{name}")], 0);
                world.model.forget_name(id, name);
            }
            Self::RmCommit(key) => {
                rm(world, &[&format!("{}@{}", key.0, key.1)], 0);
                world.model.forget(key);
            }
            Self::RmFile(id, path) => {
                rm(world, &[id, "--file", path], 0);
                world.model.forget_file(id, path);
            }
            Self::Prune => {
                let args = ["prune", "--yes", "--partials-older-than", "0"];
                let away = world.away();
                world.larder.args(args).run().succeeded();
                world.model.prune(&away);
            }
            Self::HfRm(view, key) => {
                let client = Client::hf(&world.larder, ["cache", "rm", &key.1, "--yes"]);
                let client = client.env("HF_HUB_CACHE", world.cache(*view));
                client.run().succeeded();
                world.model.gone_from(*view, key);
                note_views(world, *view);
            }
            Self::RepoByHand(view, id) => {
                remove(&world.folder(*view, id));
                world.model.repo_gone_from(*view, id);
            }
            Self::NameByHand(view, key, path) => {
                fs::remove_file(world.snapshot(*view, key).join(path)).unwrap();
                world.model.unlinked(*view, key, path);
            }
            Self::ViewByHand(view) => {
                remove(&world.cache(*view));
                for id in REPOS {
                    world.model.repo_gone_from(*view, id);
                }
            }
            Self::Offline(key, view) => offline(world, key, *view),
            Self::HfPull(pull) => {
                pull.by_hf(world).succeeded();
                world
                    .model
                    .found(&pull.key, pull.revision, pull.view, &pull.files);
            }
            Self::Adopt(view) => {
                let args = [OsString::from("adopt"), world.cache(*view).into_os_string()];
                world.larder.args(args).run().succeeded();
                world.model.adopted(*view);
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Commit(_) => "commits",
            Self::Pull(_) => "pulls",
            Self::Killed(..) => "killed pulls",
            Self::RmRepo(_) | Self::RmName(..) | Self::RmCommit(_) | Self::RmFile(..) => "rm",
            Self::Prune => "prune",
            Self::HfRm(..) => "hf cache rm",
            Self::RepoByHand(..) | Self::NameByHand(..) | Self::ViewByHand(_) => "removed by hand",
            Self::Offline(..) => "pulls offline",
            Self::HfPull(_) => "hf download",
            Self::Adopt(_) => "adopt",
        }
    }
}

fn rm(world: &World, args: &[&str], code: i32) {
    let call = world.larder.args(["rm", "--yes"]).and(args);
    call.run().exited(code);
}

fn remove(dir: &std::path::Path) {
    if dir.exists() {
        fs::remove_dir_all(dir).unwrap();
    }
}

/// `hf` removes a repo whole when nothing else of it is shown, whatever else leads to it.
fn note_views(world: &mut World, view: View) {
    for id in REPOS {
        if !world.folder(view, id).exists() {
            world.model.repo_gone_from(view, id);
        }
    }
}

/// What the store has needs no network, wherever it is to be shown.
fn offline(world: &mut World, key: &Key, view: View) {
    let files: Vec<String> = world.model.records[key].files.iter().cloned().collect();
    let pull = Pull {
        key: key.clone(),
        revision: None,
        view,
        files,
        is_all: false,
    };
    let is_new = pull.is_new(world);
    pull.call(world, &["--offline"]).run().succeeded();
    pull.note(world, is_new);
}

impl Pull {
    fn choose(random: &mut Rng, world: &World, id: &'static str, view: View) -> Self {
        let revision = [Some("main"), Some("main"), Some("v1"), None][random.usize(..4)];
        let commit = world.hub.commit_of(id, revision.unwrap_or("main")).unwrap();
        let mut files: Vec<String> = world
            .hub
            .files(id, &commit)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        let is_all = random.u8(..3) > 0;
        if !is_all {
            random.shuffle(&mut files);
            files.truncate(random.usize(1..=files.len()));
        }
        Self {
            key: (id, commit),
            revision,
            view,
            files,
            is_all,
        }
    }

    fn call<'a>(&self, world: &'a World, options: &[&str]) -> Call<'a> {
        let (id, commit) = &self.key;
        let reference = format!("{id}@{}", self.revision.unwrap_or(commit));
        let mut call = world.larder.pull([reference]);
        if !self.is_all {
            call = call.and(&self.files);
        }
        let cache = world.cache(self.view);
        call.and(["--cache-dir".as_ref(), cache.as_os_str()])
            .and(options)
    }

    /// The same by `hf`. It asks for everything where no file is named.
    fn by_hf(&self, world: &World) -> Ran {
        let (id, commit) = &self.key;
        let mut args = vec!["download", id];
        if !self.is_all {
            args.extend(self.files.iter().map(String::as_str));
        }
        args.extend(["--revision", self.revision.unwrap_or(commit)]);
        let client = Client::hf(&world.larder, args);
        client.env("HF_HUB_CACHE", world.cache(self.view)).run()
    }

    /// Whether the view does not show the commit yet, or the revision led to another one.
    fn is_new(&self, world: &World) -> bool {
        let (id, commit) = &self.key;
        let led_here = self.revision.is_none_or(|revision| {
            world.model.refs.get(&(*id, revision.to_owned())) == Some(commit)
        });
        !led_here || !world.snapshot(self.view, &self.key).exists()
    }

    fn note(&self, world: &mut World, is_new: bool) {
        world
            .model
            .pulled(&self.key, self.revision, self.view, &self.files, is_new);
    }

    /// What a kill leaves is what was there, or what the pull makes of it, part by part.
    fn killed(&self, world: &mut World, bytes: u64) {
        let is_new = self.is_new(world);
        let running = self.call(world, &[]).spawn();
        wait(&world.hub, &running, bytes);
        running.kill_9();
        let records = read::records(world);
        let (refs, shown, noted) = (read::refs(world), read::shown(world), read::noted(world));
        let before = world.model.records.get(&self.key).cloned();
        let before_shown = world.model.shown.clone();
        self.note(world, is_new);
        let model = &mut world.model;
        let record = records.get(&self.key).cloned();
        let after = model.records.get(&self.key).cloned();
        assert!(
            record == before || record == after,
            "half a record: {record:?}"
        );
        match record {
            Some(record) => model.records.insert(self.key.clone(), record),
            None => model.records.remove(&self.key),
        };
        let at = (self.view, self.key.clone());
        let names = shown.get(&at).cloned().unwrap_or_default();
        match before_shown.get(&at) {
            Some(old) => assert!(old.is_subset(&names) && names.is_subset(&model.shown[&at])),
            None => assert!(
                names.is_empty() || names == model.shown[&at],
                "half a snapshot"
            ),
        }
        model.shown.insert(at, names);
        model.shown.retain(|_, names| !names.is_empty());
        model.refs = refs;
        model.noted = noted;
        model.has_garbage = true;
    }
}

/// Waits until the hub has sent so many bytes more, or the process has ended.
fn wait(hub: &Hub, running: &Running, bytes: u64) {
    const STEP: Duration = Duration::from_millis(10);
    let sent = |requests: &[Record]| -> u64 {
        requests.iter().map(|request| request.body_bytes_sent).sum()
    };
    let due = hub.log().bytes_sent() + bytes;
    while !running.has_ended() {
        if hub
            .log()
            .block_until(STEP, |requests| sent(requests) >= due)
        {
            return;
        }
    }
}
