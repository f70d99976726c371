//! One model from Hugging Face and from ModelScope.

use super::*;

const COPY: &str = "Copy/of-model";

/// The same files under another name, as ModelScope has them.
fn copy(weights: &Content) -> Repo {
    Repo::model(COPY)
        .file("config.json", b"{\"hidden_size\": 8}\n")
        .file("tokenizer/vocab.txt", "word\n".repeat(5000))
        .lfs(WEIGHTS, weights.clone())
}

/// A hub for each: Hugging Face's with [`repo`], ModelScope's with [`copy`].
fn both(weights: &Content, rate: Option<u64>) -> (Hub, Hub) {
    let start = |repo| {
        let shape = Shape {
            rate,
            ..Shape::default()
        };
        let builder = Hub::builder().repo(repo);
        builder.shape(Origin::Cdn, shape).start()
    };
    (start(repo(weights)), start(copy(weights)))
}

#[test]
fn modelscope_goes_on_where_hugging_face_died() {
    const LEN: u64 = 100 * MB;
    let _turn = turn();
    let weights = Content::synthetic(LEN, 51);
    let (hub, modelscope) = both(&weights, Some(4 * MB));
    let commit = hub.commit_of(ID, "main").unwrap();
    let (larder, log) = (Larder::at(&hub), hub.log().clone());
    let fallback = format!("ms:{COPY}");
    let pull = larder.pull([ID, "--json", "--fallback", &fallback]);
    let running = pull
        .env("MODELSCOPE_ENDPOINT", modelscope.endpoint())
        .spawn();
    wait_for_bytes(&log, LEN / 3);
    drop(hub);
    let ran = running.wait().succeeded();
    let snapshot = larder.snapshot(ID, &commit);
    assert_eq!(sha256(&snapshot.join(WEIGHTS)), weights.sha256());
    let sources = ran.json()["sources"].clone();
    assert_eq!(
        (&sources[0]["hub"], &sources[1]["hub"]),
        (&"hf".into(), &"ms".into())
    );
    let sent = log.bytes_sent() + modelscope.log().bytes_sent();
    assert!(sent <= LEN + LEN / 25, "{sent} bytes were sent");
    assert_nothing_unfinished(&larder);
}

#[test]
fn modelscope_has_the_small_files_too() {
    let (hub, modelscope) = both(&Content::synthetic(2 * MB, 52), None);
    let files = Match::hub().path("/resolve/");
    hub.faults().always(files, Fault::ResetBeforeHeaders);
    let larder = Larder::at(&hub);
    let fallback = format!("ms:{COPY}");
    let pull = larder.pull([ID, "--fallback", &fallback]);
    let ran = pull.env("MODELSCOPE_ENDPOINT", modelscope.endpoint()).run();
    assert_right(&larder, &hub, &ran);
}

#[test]
fn hugging_face_stands_in_for_modelscope() {
    let weights = Content::synthetic(20 * MB, 53);
    let (hub, modelscope) = both(&weights, None);
    breaks_off(&modelscope);
    let larder = Larder::at(&hub);
    let (asked, fallback) = (format!("ms:{COPY}"), format!("hf:{ID}"));
    let pull = larder.pull([&asked, "--fallback", &fallback]);
    let ran = pull
        .env("MODELSCOPE_ENDPOINT", modelscope.endpoint())
        .run()
        .succeeded();
    ran.says(&[&format!("of it from hf:{ID} at ")]);
    let folder = larder.modelscope(COPY, "master");
    assert_eq!(sha256(&folder.join(WEIGHTS)), weights.sha256());
}
