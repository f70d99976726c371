//! `--local-dir` on disks that share bytes with the store in other ways than by hard links, or in none.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bin::Larder;
use crate::folder::{bytes, mode};
use crate::hub::Hub;
use crate::repos::{model, weights};
use crate::tree::{inode, read};

/// Says that a test has nothing to ask on this machine.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see it")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

#[test]
fn another_disk_gets_copies() {
    let shm = Path::new("/dev/shm");
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let here = fs::metadata(larder.home()).unwrap().dev();
    if !fs::metadata(shm).is_ok_and(|there| there.dev() != here) {
        skipped("no other filesystem at /dev/shm");
        return;
    }
    let dir = tempfile::Builder::new()
        .prefix("larder-it-")
        .tempdir_in(shm);
    let dir = dir.unwrap();
    let to = dir.path().join("dir");
    let args = |how| {
        [
            "org/model",
            "--link",
            how,
            "--local-dir",
            to.to_str().unwrap(),
        ]
    };
    larder
        .pull(args("hardlink"))
        .run()
        .exited(7)
        .says(&["--link copy"]);
    let pulled = larder.pulled(args("auto"));
    pulled.says(&["were copied"]);
    assert_eq!(read(to.join("model.safetensors")), bytes(&weights()));
    assert_ne!(mode(to.join("model.safetensors")) & 0o200, 0);
    let again = larder.pulled(args("auto"));
    assert!(!again.stderr.contains("to check"), "{}", again.stderr);
    assert!(!again.stderr.contains("were copied"), "{}", again.stderr);
}

/// A filesystem that can share blocks, for the time of a test.
struct Sharing {
    dir: tempfile::TempDir,
}

impl Sharing {
    /// `None`, saying why, where this machine cannot make one.
    fn mounted() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skipped("only root mounts a filesystem");
            return None;
        }
        let dir = tempfile::Builder::new().prefix("larder-it-").tempdir();
        let made = Self { dir: dir.unwrap() };
        let (image, at) = (made.dir.path().join("image"), made.at());
        fs::create_dir(&at).unwrap();
        fs::File::create(&image)
            .unwrap()
            .set_len(256 << 20)
            .unwrap();
        let does = |command: &mut Command| command.output().is_ok_and(|ran| ran.status.success());
        if !does(Command::new("mkfs.btrfs").arg("-q").arg(&image)) {
            skipped("no mkfs.btrfs");
            return None;
        }
        if !does(
            Command::new("mount")
                .args(["-o", "loop"])
                .args([&image, &at]),
        ) {
            skipped("this machine mounts no image of a btrfs");
            return None;
        }
        Some(made)
    }

    fn at(&self) -> PathBuf {
        self.dir.path().join("mounted")
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.at()).output());
    }
}

#[test]
fn a_disk_that_can_shares_blocks() {
    let Some(disk) = Sharing::mounted() else {
        return;
    };
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    let (store, dir) = (disk.at().join("store"), disk.at().join("dir"));
    let args = |how| {
        [
            "org/model",
            "--link",
            how,
            "--local-dir",
            dir.to_str().unwrap(),
        ]
    };
    for how in ["auto", "reflink"] {
        let pull = larder
            .pull(args(how))
            .and(["--store", store.to_str().unwrap()]);
        pull.run().succeeded();
        let (file, sha256) = (dir.join("model.safetensors"), weights().sha256().to_owned());
        let blob = store.join("blobs/sha256").join(&sha256[..2]).join(&sha256);
        assert_eq!(read(&file), bytes(&weights()));
        assert_ne!(inode(&file), inode(&blob));
        assert_ne!(mode(&file) & 0o200, 0);
        assert!(shares_blocks(&file), "{how}");
        fs::remove_dir_all(&dir).unwrap();
    }
}

/// Whether some blocks of a file are another file's as well, as the filesystem says.
fn shares_blocks(path: &Path) -> bool {
    let told = Command::new("filefrag").arg("-v").arg(path).output();
    String::from_utf8_lossy(&told.expect("no filefrag").stdout).contains("shared")
}

#[test]
fn what_a_disk_cannot_is_named() {
    let hub = Hub::builder().repo(model()).start();
    let larder = Larder::at(&hub);
    // What `auto` did tells what this disk can.
    larder.pulled(["org/model", "--local-dir", "dir"]);
    let is_shared =
        inode(larder.path("dir/model.safetensors")) == inode(larder.blob(weights().sha256()));
    let reflinked = larder
        .pull(["org/model", "--local-dir", "other", "--link", "reflink"])
        .run();
    if is_shared {
        reflinked
            .exited(7)
            .says(&["cannot share the blocks", "--link copy"]);
        assert!(!larder.path("other/model.safetensors").exists());
    } else {
        reflinked.succeeded();
    }
}
