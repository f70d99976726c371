//! Names that are two in a repo and one on the disk. Needs a filesystem that folds case, which root
//! can make of a file (`lowntfs-3g`); without root or that program the tests say so and are left out.

use std::io::Write as _;
use std::path::PathBuf;

use super::*;

/// A small filesystem that takes `A` for `a`, mounted over the cache of a home.
struct Folding(PathBuf);

impl Folding {
    fn mount(larder: &Larder) -> Option<Self> {
        let run = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            command.args(args).stdin(Stdio::null());
            command.output().is_ok_and(|output| output.status.success())
        };
        let (image, place) = (larder.path("image"), larder.path(".cache"));
        fs::create_dir_all(&place).unwrap();
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let (image, at) = (image.to_str().unwrap(), place.to_str().unwrap());
        let is_there = run("mkntfs", &["-F", "-Q", "-q", image])
            && run("lowntfs-3g", &["-o", "ignore_case", image, at]);
        if !is_there {
            // Not through the test harness, which would keep it to itself.
            let why =
                "left out: no filesystem that folds case can be mounted here (root, lowntfs-3g)";
            let mut stderr = std::io::stderr();
            writeln!(stderr, "{why}").unwrap();
            return None;
        }
        let folding = Self(place);
        fs::write(folding.0.join("probe"), "").unwrap();
        assert!(folding.0.join("PROBE").exists(), "it folds nothing");
        Some(folding)
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

#[test]
fn names_that_the_disk_takes_for_one_are_refused() {
    for [one, other] in [["readme", "README"], ["a/b", "A/B"], ["é", "É"]] {
        let repo = repo().file(one, b"one").file(other, b"other");
        let hub = Hub::builder().repo(repo).start();
        let larder = Larder::at(&hub);
        let Some(_mounted) = Folding::mount(&larder) else {
            return;
        };
        let ran = larder.pull([ID]).run().exited(6);
        ran.says(&["are one file on this disk", "name the files that you need"]);
        assert_eq!(snapshots(&larder), Vec::<String>::new());
        // One of the two is no problem.
        let ran = larder.pulled([ID, one]);
        assert_eq!(tree::read(ran.line()), b"one");
    }
}

#[test]
fn a_name_that_is_there_is_not_taken_over_by_its_twin() {
    for without_links in ["0", "1"] {
        let hub = Hub::builder()
            .repo(repo().file("readme", b"one").file("README", b"other"))
            .start();
        let larder = Larder::at(&hub);
        let Some(_mounted) = Folding::mount(&larder) else {
            return;
        };
        let pull = |file: &str| {
            let call = larder.pull([ID, file]);
            call.env("HF_HUB_DISABLE_SYMLINKS", without_links).run()
        };
        let readme = pull("readme").succeeded().line().to_owned();
        pull("README")
            .exited(6)
            .says(&["are one file on this disk"]);
        assert_eq!(tree::read(readme), b"one");
    }
}
