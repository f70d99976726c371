//! Two users of one group and one who is not in it, with a store that the group shares.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use fs2::FileExt;

use crate::bin::{Call, Larder};
use crate::hub::{Content, File, Hub, Origin, Repo};

pub(crate) const ID: &str = "team/model";
pub(crate) const CONFIG: &[u8] = b"{\"hidden_size\": 8}";
pub(crate) const LEN: u64 = 6 << 20;

pub(crate) fn weights() -> Content {
    Content::synthetic(LEN, 90)
}

/// The repo that everybody wants.
pub(crate) fn repo() -> Repo {
    Repo::model(ID)
        .file("config.json", CONFIG)
        .file("sub/empty.txt", b"")
        .lfs("model.safetensors", weights())
}

/// Who pulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Of the group.
    Ann,
    /// Of the group as well.
    Ben,
    /// Of another.
    Eve,
}

/// The machine of a team; dropping it removes the users.
pub(crate) struct Team {
    pub(crate) larder: Larder,
    tag: String,
    pub(crate) gid: u32,
}

impl Team {
    /// `None`, saying so, where only root can make users.
    pub(crate) fn at(hub: &Hub) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skipped("only root can make users");
            return None;
        }
        let larder = Larder::at(hub);
        fs::set_permissions(larder.home(), fs::Permissions::from_mode(0o755)).unwrap();
        // Tests run at the same time, each in a process or a thread of its own.
        let number = fastrand::u32(0x1000..);
        let mut team = Self {
            larder,
            tag: format!("ldr{number:08x}"),
            gid: 0,
        };
        team.make();
        Some(team)
    }

    fn make(&mut self) {
        let _turn = turn();
        run("groupadd", &[&self.tag]);
        for who in [Who::Ann, Who::Ben, Who::Eve] {
            let (name, home) = (self.name(who), self.home(who));
            let mut args = vec!["-M", "-d", home.to_str().unwrap()];
            if who != Who::Eve {
                args.extend(["-G", &self.tag]);
            }
            args.extend(["-U", &name]);
            run("useradd", &args);
        }
        self.gid = id("-g", &self.name(Who::Ann));
        let group = Command::new("getent").args(["group", &self.tag]).output();
        let line = String::from_utf8(group.unwrap().stdout).unwrap();
        self.gid = line.split(':').nth(2).unwrap().parse().unwrap();
        for who in [Who::Ann, Who::Ben, Who::Eve] {
            let home = self.home(who);
            fs::create_dir(&home).unwrap();
            let name = self.name(who);
            chown(&home, Some(id("-u", &name)), Some(id("-g", &name))).unwrap();
            fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let copied = Command::new("cp")
            .arg(env!("CARGO_BIN_EXE_larder"))
            .arg(self.larder.path("larder-of-all"))
            .status();
        assert!(copied.unwrap().success());
        self.follow_the_recipe();
    }

    /// Makes the folders as `docs/shared-store.md` says.
    fn follow_the_recipe(&self) {
        let page = include_str!("../../docs/shared-store.md");
        let line = page.lines().find(|line| line.starts_with("install -d"));
        let line = line.expect("the page has the recipe");
        let team = self.larder.path("team");
        let line = line
            .replace("-g models", &format!("-g {}", self.tag))
            .replace("/srv/models", team.to_str().unwrap());
        run("sh", &["-c", &line]);
        assert!(self.store().is_dir() && self.cache().is_dir());
    }

    /// Makes a folder that the group shares.
    pub(crate) fn share(&self, folder: &Path, mode: u32) {
        fs::create_dir_all(folder).unwrap();
        chown(folder, None, Some(self.gid)).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn name(&self, who: Who) -> String {
        format!("{}{}", self.tag, format!("{who:?}").to_lowercase())
    }

    pub(crate) fn uid(&self, who: Who) -> u32 {
        id("-u", &self.name(who))
    }

    pub(crate) fn home(&self, who: Who) -> PathBuf {
        self.larder.path(&format!("{who:?}"))
    }

    /// The store that the group shares.
    pub(crate) fn store(&self) -> PathBuf {
        self.larder.path("team/store")
    }

    /// A cache that the group may share.
    pub(crate) fn cache(&self) -> PathBuf {
        self.larder.path("team/hub")
    }

    pub(crate) fn blob(&self, content: &Content) -> PathBuf {
        let sha256 = content.sha256();
        let blobs = self.store().join("blobs/sha256");
        blobs.join(&sha256[..2]).join(sha256)
    }

    /// A pull into the user's own cache by way of the shared store.
    pub(crate) fn pull(&self, who: Who, umask: &str, args: &[&str]) -> Call<'_> {
        self.by(who, umask, self.larder.pull(args))
    }

    /// A call of the user's with the shared store.
    pub(crate) fn by<'a>(&self, who: Who, umask: &str, call: Call<'a>) -> Call<'a> {
        let run = format!(
            "umask $0; shift; exec {} \"$@\"",
            self.larder.path("larder-of-all").display()
        );
        let (name, home) = (self.name(who), self.home(who));
        let group = id("-g", &name).to_string();
        let by = [
            "setpriv",
            "--reuid",
            &name,
            "--regid",
            &group,
            "--init-groups",
            "--inh-caps=-all",
            "sh",
            "-c",
            &run,
            umask,
        ];
        call.under(by)
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("LARDER_HOME", self.store())
    }

    /// Checks that everything below `root` is the group's and nobody else may write to it, and that
    /// what is proven may be written by nobody.
    #[track_caller]
    pub(crate) fn assert_shared(&self, root: &Path) {
        for path in entries(root) {
            let there = fs::symlink_metadata(&path).unwrap();
            if there.is_symlink() {
                continue;
            }
            let (mode, shown) = (there.mode() & 0o7777, path.display());
            assert_eq!(mode & 0o002, 0, "{shown} may be written by others");
            assert_eq!(there.gid(), self.gid, "{shown} is another group's");
            let is_in = |folder: &str| path.ancestors().any(|dir| dir.ends_with(folder));
            let is_proven = is_in("blobs") && !is_in("locks");
            if there.is_dir() {
                assert_eq!(mode & 0o2070, 0o2070, "{shown} is not the group's");
            } else if is_proven {
                assert_eq!(mode, 0o444, "{shown} may be written");
            } else {
                assert_eq!(mode & 0o060, 0o060, "{shown} is not the group's");
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        let _turn = turn();
        for who in [Who::Ann, Who::Ben, Who::Eve] {
            drop(Command::new("userdel").arg(self.name(who)).output());
        }
        drop(Command::new("groupdel").arg(&self.tag).output());
    }
}

/// Says that a test has nothing to ask on this machine.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see it")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Everything below a folder, without following links.
pub(crate) fn entries(root: &Path) -> Vec<PathBuf> {
    let mut all = vec![root.to_owned()];
    let mut next = 0;
    while next < all.len() {
        let path = all[next].clone();
        next += 1;
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            let inside = fs::read_dir(&path).unwrap();
            all.extend(inside.map(|entry| entry.unwrap().path()));
        }
    }
    all
}

/// How many requests were for bytes of files.
pub(crate) fn fetches(hub: &Hub) -> usize {
    hub.log()
        .count(|record| record.origin == Origin::Cdn || record.path.contains("/resolve/"))
}

/// A further commit with one file more.
pub(crate) fn add(hub: &Hub, path: &str, content: &[u8]) {
    hub.commit(ID, "main", [File::git(path, content.to_vec())]);
}

/// One at a time changes the list of users.
fn turn() -> fs::File {
    let path = std::env::temp_dir().join("larder-test-users.lock");
    let file = fs::File::create(path).unwrap();
    file.lock_exclusive().unwrap();
    file
}

fn id(what: &str, name: &str) -> u32 {
    let told = Command::new("id").args([what, name]).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("no user {name}"))
}

#[track_caller]
pub(crate) fn run(program: &str, args: &[&str]) {
    let ran = Command::new(program).args(args).output();
    let ran = ran.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(ran.status.success(), "{program} {args:?}: {ran:?}");
}
