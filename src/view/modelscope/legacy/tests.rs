use std::fs;
use std::os::unix::fs::symlink;

use super::super::testing::{Place, commit, repo, revision_of};
use super::*;
use crate::fs::{Stamp, stamp};
use crate::view::Proven;
use index::Row;

fn folder(place: &Place, revision: &str) -> MsFolder {
    MsLegacyCache::new(place.root()).repo(&repo(), &revision_of(revision))
}

fn publish(folder: &MsFolder, files: &[Proven]) -> Published {
    let publication = Publication {
        commit: &commit('c'),
        revision: None,
        listing: &[],
        files,
    };
    folder.publish(&publication).unwrap()
}

fn withdraw(folder: &MsFolder, revision: &str, files: &[Proven]) -> Withdrawn {
    let files: Vec<(RemoteFile, Vec<Stamp>)> = files
        .iter()
        .map(|(file, stored)| (RemoteFile::clone(file), vec![stamp(stored).unwrap()]))
        .collect();
    let withdrawal = Withdrawal {
        commit: &commit('c'),
        revisions: &[revision_of(revision)],
        shown_at: &[revision_of(revision)],
        files: &files,
        kept: &std::collections::HashSet::new(),
        store: Path::new("/store"),
        is_whole: true,
    };
    folder.withdraw(&withdrawal).unwrap()
}

/// The names in the repo's folder.
fn names(folder: &MsFolder) -> Vec<String> {
    let entries = fs::read_dir(folder.folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_notes_and_the_link() {
    let place = Place::new();
    let master = folder(&place, "master");
    let mut known = place.stored("d/w", b"w");
    Arc::make_mut(&mut known.0).changed_by = Some(commit('a'));
    let published = publish(&master, &[place.stored("config.json", b"{}"), known]);
    let dir = place.root().join("models/acme/tiny___v1");
    assert_eq!(published.snapshot, dir);
    assert_eq!(names(&master), [".mdl", ".msc", ".mv", "config.json", "d"]);
    let row = |path: &str, digit| Row {
        path: path.to_owned(),
        revision: commit(digit).to_string(),
    };
    assert_eq!(master.rows(), [row("config.json", 'c'), row("d/w", 'a')]);
    assert_eq!(master.version(), Some(revision_of("master")));
    assert_eq!(
        fs::read_link(place.root().join("models/acme/tiny.v1")).unwrap(),
        dir
    );
}

#[test]
fn publishing_again_writes_nothing() {
    let place = Place::new();
    let master = folder(&place, "master");
    let files = [place.stored("config.json", b"{}")];
    publish(&master, &files);
    let before = stamp(&master.index_path()).unwrap();
    let again = publish(&master, &files);
    assert_eq!(again.placed.hardlinks, 0);
    assert_eq!(stamp(&master.index_path()).unwrap(), before);
}

#[test]
fn what_the_client_noted_of_other_files_stays() {
    let place = Place::new();
    let master = folder(&place, "master");
    let row = |path: &str, digit| Row {
        path: path.to_owned(),
        revision: commit(digit).to_string(),
    };
    fs::create_dir_all(master.folder()).unwrap();
    let theirs = [row("theirs", 'e'), row("config.json", 'e')];
    fs::write(master.index_path(), index::write(&theirs)).unwrap();
    publish(&master, &[place.stored("config.json", b"{}")]);
    assert_eq!(master.rows(), [row("theirs", 'e'), row("config.json", 'c')]);
    fs::write(master.index_path(), "garbage").unwrap();
    publish(&master, &[place.stored("config.json", b"{}")]);
    assert_eq!(master.rows(), [row("config.json", 'c')]);
}

#[test]
fn withdrawing_leaves_nothing_of_ours_and_everything_else() {
    let place = Place::new();
    let master = folder(&place, "master");
    let files = [
        place.stored("config.json", b"{}"),
        place.stored("d/w", b"w"),
    ];
    publish(&master, &files);
    let other = folder(&place, "v1");
    assert_eq!(withdraw(&other, "v1", &files).names, 0);
    let theirs = master.folder().join("d/theirs");
    fs::write(&theirs, "x").unwrap();
    assert_eq!(withdraw(&master, "master", &files).names, 2);
    assert_eq!(names(&master), [".mdl", ".msc", ".mv", "d"]);
    assert!(master.rows().is_empty());
    fs::remove_file(theirs).unwrap();
    fs::remove_dir(master.folder().join("d")).unwrap();
    withdraw(&master, "master", &files);
    let models = place.root().join("models");
    assert!(
        !models.join("acme").exists(),
        "{:?}",
        fs::read_dir(models.join("acme"))
    );
}

#[test]
fn a_link_of_somebody_elses_stays() {
    let place = Place::new();
    let master = folder(&place, "master");
    let alias = place.root().join("models/acme/tiny.v1");
    fs::create_dir_all(alias.parent().unwrap()).unwrap();
    symlink(place.dir.path(), &alias).unwrap();
    let files = [place.stored("config.json", b"{}")];
    publish(&master, &files);
    withdraw(&master, "master", &files);
    assert_eq!(fs::read_link(alias).unwrap(), place.dir.path());
}

#[test]
fn a_file_of_the_repo_is_never_taken_for_a_note() {
    let place = Place::new();
    let master = folder(&place, "master");
    for name in [".mdl", ".MSC", ".mv/x"] {
        let files = [place.stored(name, b"cos\nsystem\n")];
        let coming = Coming {
            file: &files[0].0,
            content: None,
        };
        let refused = master.edited(&[coming], &|| true).unwrap_err();
        assert_eq!(refused.kind().exit_code(), 2, "{name}");
        let publication = Publication {
            commit: &commit('c'),
            revision: None,
            listing: &[],
            files: &files,
        };
        master.publish(&publication).unwrap_err();
    }
    assert!(!master.folder().exists());
}

#[test]
fn the_index_does_not_list_what_is_half_way_to_other_bytes() {
    let place = Place::new();
    let master = folder(&place, "master");
    publish(
        &master,
        &[place.stored("a", b"1"), place.stored("same", b"s")],
    );
    fs::create_dir(master.folder().join("z")).unwrap();
    let publication = Publication {
        commit: &commit('d'),
        revision: None,
        listing: &[],
        files: &[place.stored("a", b"2"), place.stored("z", b"3")],
    };
    master.publish(&publication).unwrap_err();
    let listed: Vec<String> = master.rows().into_iter().map(|row| row.path).collect();
    assert_eq!(listed, ["same"]);
}
