//! Damage of every kind, on the way and at rest: it is noticed, nothing wrong gets a name, and where
//! the right bytes can be had they are.

use std::os::unix::fs::{FileExt, PermissionsExt};

use super::*;

const LEN: u64 = 30 * MB;
const SMALL: &str = "tokenizer/vocab.txt";

fn content() -> Content {
    Content::synthetic(LEN, 7)
}

/// Flips the lowest bit of one byte of a file, read-only or not.
fn flip(path: &Path, offset: u64) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
    // A write shows in the time, whatever the clock's step.
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written + Duration::from_secs(1)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing of a file is published, and no blob has its name.
#[track_caller]
fn assert_absent(larder: &Larder, hub: &Hub, path: &str) {
    let files = hub.files(ID, "main");
    let (_, content) = files.iter().find(|(name, _)| name == path).unwrap();
    let blobs = larder.repo(ID).join("blobs");
    assert!(!larder.blob(content.sha256()).exists());
    assert!(!blobs.join(content.sha256()).exists() && !blobs.join(content.blob_id()).exists());
    assert!(!larder.repo(ID).join("snapshots").exists());
}

/// Interrupts a pull by a kill when so many bytes have been sent.
fn partly_pulled(hub: &Hub, larder: &Larder, bytes: u64) {
    let shape = hub::Shape {
        rate: Some(5 * MB),
        ..hub::Shape::default()
    };
    hub.set_shape(Origin::Cdn, shape);
    let running = larder.pull([ID]).spawn();
    wait_for_bytes(hub.log(), bytes);
    running.kill_9();
    hub.set_shape(Origin::Cdn, hub::Shape::default());
    hub.log().clear();
}

fn partial(larder: &Larder) -> PathBuf {
    larder.store().join("partial").join(content().sha256())
}

fn bit(offset_in_file: u64) -> Fault {
    Fault::FlipBit { offset_in_file }
}

#[test]
fn one_wrong_bit_on_the_way_is_fetched_again() {
    // One connection: its requests are not split, so each brings all that it asked for.
    for (path, offset) in [
        (SMALL, 17),
        (WEIGHTS, 0),
        (WEIGHTS, LEN / 2),
        (WEIGHTS, LEN - 1),
    ] {
        let (hub, larder) = plain(content());
        let on = Match::any().method("GET").path(path).offset(offset);
        hub.faults().once(on, bit(offset));
        let ran = larder.pull([ID, "--connections", "1"]).run();
        ran.says(&["checksum mismatch", path]);
        assert_right(&larder, &hub, ran);
    }
}

#[test]
fn bits_that_are_always_wrong_are_an_error_and_nothing_else() {
    for (path, offset) in [(SMALL, 17), (WEIGHTS, LEN / 2)] {
        let (hub, larder) = plain(content());
        let on = Match::any().method("GET").path(path).offset(offset);
        hub.faults().always(on, bit(offset));
        let ran = larder.pull([ID]).run().exited(6);
        ran.says(&["checksum mismatch: expected", path, "hint: "]);
        assert_eq!(ran.stdout, "");
        assert_absent(&larder, &hub, path);
        hub.faults().clear();
        assert_right(&larder, &hub, larder.pull([ID]).run());
    }
}

#[test]
fn a_digest_that_the_content_does_not_have_is_an_error() {
    let (hub, larder) = plain(Content::declared(LEN, "5".repeat(64)));
    let ran = larder.pull([ID]).run().exited(6);
    ran.says(&["checksum mismatch: expected 5555", WEIGHTS]);
    assert_absent(&larder, &hub, WEIGHTS);
}

#[test]
fn a_wrong_bit_in_a_partial_is_noticed() {
    let (hub, larder) = plain(content());
    partly_pulled(&hub, &larder, LEN / 2);
    flip(&partial(&larder).join("data"), 1000);
    let ran = larder.pull([ID]).run();
    ran.says(&["checksum mismatch"]);
    assert_right(&larder, &hub, ran);
}

#[test]
fn a_damaged_journal_costs_bytes_and_nothing_else() {
    let (hub, larder) = plain(content());
    partly_pulled(&hub, &larder, LEN / 2);
    let journal = partial(&larder).join("journal");
    let whole = fs::read(&journal).unwrap();
    // A short journal: its header, the boot, and some claims.
    let short = &whole[..32 * 8];
    let need = |bytes: &[u8]| {
        fs::write(&journal, bytes).unwrap();
        let plan = larder.pull([ID, "--dry-run", "--json"]).run().succeeded();
        plan.json()["need_bytes"].as_u64().unwrap()
    };
    let most = need(short);
    assert!(most < LEN);
    for position in (0..short.len()).step_by(7) {
        let mut damaged = short.to_vec();
        damaged[position] ^= 0x10;
        assert!(
            need(&damaged) >= most,
            "a flipped byte {position} was believed"
        );
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for bytes in [
        &b""[..],
        b"x",
        &[0; 64],
        &whole[..whole.len() - 5],
        &damaged,
    ] {
        fs::write(&journal, bytes).unwrap();
        let ran = larder.pull([ID, "config.json"]).run();
        ran.succeeded();
    }
    fs::write(&journal, damaged).unwrap();
    assert_right(&larder, &hub, larder.pull([ID]).run());
}

#[test]
fn a_truncated_partial_is_not_believed() {
    let (hub, larder) = plain(content());
    partly_pulled(&hub, &larder, LEN / 2);
    let data = partial(&larder).join("data");
    let file = fs::OpenOptions::new().write(true).open(data).unwrap();
    file.set_len(LEN / 4).unwrap();
    assert_right(&larder, &hub, larder.pull([ID]).run());
}

#[test]
fn what_another_client_left_is_hashed_before_it_is_used() {
    let (hub, larder) = plain(content());
    let ran = larder.pull([ID]).run();
    assert_right(&larder, &hub, ran);
    fs::remove_dir_all(larder.store()).unwrap();
    let blob = larder.repo(ID).join("blobs").join(content().sha256());
    flip(&blob, LEN / 3);
    hub.log().clear();
    let ran = larder.pull([ID]).run();
    ran.says(&[WEIGHTS, "damaged"]);
    assert_right(&larder, &hub, ran);
    assert!(hub.log().bytes_sent() < LEN + 2 * MB);
}

#[test]
fn a_published_file_that_was_written_to_is_repaired() {
    let (hub, larder) = plain(content());
    assert_right(&larder, &hub, larder.pull([ID]).run());
    for (path, offset) in [(WEIGHTS, LEN / 3), (SMALL, 5), ("config.json", 1)] {
        let entry = larder
            .snapshot(ID, &hub.commit_of(ID, "main").unwrap())
            .join(path);
        flip(&fs::canonicalize(entry).unwrap(), offset);
        let ran = larder.pull([ID]).run();
        ran.says(&[path, "damaged"]);
        assert_right(&larder, &hub, ran);
    }
}

#[test]
fn force_repairs_what_nobody_noticed() {
    let (hub, larder) = plain(content());
    assert_right(&larder, &hub, larder.pull([ID]).run());
    for (path, offset) in [(WEIGHTS, LEN / 3), (SMALL, 5)] {
        let entry = larder
            .snapshot(ID, &hub.commit_of(ID, "main").unwrap())
            .join(path);
        let blob = fs::canonicalize(entry).unwrap();
        let time = fs::metadata(&blob).unwrap().modified().unwrap();
        flip(&blob, offset);
        fs::File::open(&blob).unwrap().set_modified(time).unwrap();
    }
    assert_right(&larder, &hub, larder.pull([ID, "--force"]).run());
}

#[test]
fn a_truncated_blob_is_repaired() {
    let (hub, larder) = plain(content());
    assert_right(&larder, &hub, larder.pull([ID]).run());
    let blob = larder.blob(content().sha256());
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o644)).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&blob).unwrap();
    file.set_len(LEN - 1).unwrap();
    assert_right(&larder, &hub, larder.pull([ID]).run());
}

#[test]
fn damaged_records_are_asked_for_again() {
    let (hub, larder) = plain(content());
    assert_right(&larder, &hub, larder.pull([ID]).run());
    let commit = hub.commit_of(ID, "main").unwrap();
    let manifest = larder
        .store()
        .join(format!("manifests/hf/models/{ID}/{commit}.json"));
    let tree = larder.repo(ID).join(format!("trees/{commit}.json"));
    let references = [
        larder.store().join(format!("refs/hf/models/{ID}/main")),
        larder.repo(ID).join("refs/main"),
    ];
    let texts = [&b""[..], b"{", b"\xff\xfe", b"[]", b"{\"version\":1}"];
    for path in references.iter().chain([&manifest, &tree]) {
        for text in texts {
            fs::write(path, text).unwrap();
            hub.log().clear();
            assert_right(&larder, &hub, larder.pull([ID]).run());
            assert!(hub.log().bytes_sent() < 10_000, "{}", path.display());
        }
    }
}

#[test]
fn a_wrong_bit_in_a_record_spoils_nothing() {
    let (hub, larder) = plain(content());
    assert_right(&larder, &hub, larder.pull([ID]).run());
    let commit = hub.commit_of(ID, "main").unwrap();
    for path in [
        larder.store().join(format!("refs/hf/models/{ID}/main")),
        larder.repo(ID).join("refs/main"),
    ] {
        for position in (0..40).step_by(9) {
            flip(&path, position);
            assert_right(&larder, &hub, larder.pull([ID]).run());
            assert_eq!(fs::read(&path).unwrap(), commit.as_bytes());
        }
    }
}

#[test]
fn a_hub_that_lies_about_sizes_is_not_believed() {
    let (hub, larder) = plain(content());
    for by in [-1, 1] {
        let len = LEN.saturating_add_signed(by);
        let listing = format!(
            r#"[{{"type":"file","oid":"{}","size":{len},"path":"{WEIGHTS}","lfs":{{"oid":"{}","size":{len},"pointerSize":134}}}}]"#,
            "1".repeat(40),
            content().sha256(),
        );
        let on = Match::hub().path("/tree/");
        hub.faults()
            .always(on, Fault::ReplaceJson { body: listing });
        let ran = larder.pull([ID]).run();
        assert!(matches!(ran.code, Some(5 | 6)), "{ran:#?}");
        ran.says(&["hint: "]);
        assert!(!larder.repo(ID).join("snapshots").exists());
        hub.faults().clear();
    }
    assert_right(&larder, &hub, larder.pull([ID]).run());
}
