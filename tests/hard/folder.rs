//! A kill at each rename by which a folder moves from one commit to the next.

use super::hub::File;
use super::*;

/// A pull of `main` into the folder that is killed as it enters the `nth` rename; whether there was one.
fn dies_at(larder: &Larder, nth: u32) -> bool {
    let inject = format!("--inject=/^rename:signal=KILL:when={nth}");
    let call = larder.pull([ID, "--local-dir", "dir"]);
    let call = call.under(["strace", "-f", "-qq", "-o", "/dev/null", &inject]);
    // strace dies of what its process died of.
    call.run().code.is_none()
}

/// Every file is whole, of the one commit or the other, and its note tells the truth.
#[track_caller]
fn assert_sound(larder: &Larder, known: &[(String, Content)], at: u32) {
    let dir = larder.path("dir");
    for path in ["config.json", "tokenizer/vocab.txt", WEIGHTS] {
        let content = Content::bytes(fs::read(dir.join(path)).unwrap());
        let is_known =
            |(name, known): &(String, Content)| name == path && known.sha256() == content.sha256();
        assert!(known.iter().any(is_known), "{path} after rename {at}");
        let note = dir.join(format!(".cache/huggingface/download/{path}.metadata"));
        if let Ok(note) = fs::read_to_string(note) {
            let lines: Vec<&str> = note.lines().collect();
            // One with the time 0 is believed by nobody.
            let is_void = lines[2].parse() == Ok(0.0);
            let is_it = is_void || [content.sha256(), content.blob_id()].contains(&lines[1]);
            assert!(is_it, "the note on {path} lies after rename {at}");
        }
    }
}

#[test]
fn a_kill_at_any_rename_leaves_a_folder_with_whole_files_and_true_notes() {
    let _turn = turn();
    let hub = Hub::builder()
        .repo(repo(Content::synthetic(2 * MB, 81)))
        .start();
    let old = format!("{ID}@{}", hub.commit_of(ID, "main").unwrap());
    let mut known: Vec<_> = hub.files(ID, "main").into_iter().collect();
    let changed = [
        File::git("config.json", b"{}\n"),
        File::lfs(WEIGHTS, Content::synthetic(2 * MB, 82)),
    ];
    hub.commit(ID, "main", changed);
    known.extend(hub.files(ID, "main"));
    let mut kills = 0;
    for nth in 1.. {
        let larder = Larder::at(&hub);
        larder.pulled([ID]);
        larder.pulled([&old, "--local-dir", "dir"]);
        if !dies_at(&larder, nth) {
            break;
        }
        kills += 1;
        assert_sound(&larder, &known, nth);
        hub.log().clear();
        larder.pulled([ID, "--local-dir", "dir"]);
        assert_eq!(hub.log().bytes_asked(), 0, "after rename {nth}");
        for (path, content) in hub.files(ID, "main") {
            let file = larder.path("dir").join(&path);
            assert_eq!(sha256(&file), content.sha256(), "{path} after rename {nth}");
        }
        let private = larder.path("dir/.cache/huggingface/.larder");
        assert!(!private.exists(), "left after rename {nth}");
    }
    assert!(kills >= 5, "{kills} kills");
}
