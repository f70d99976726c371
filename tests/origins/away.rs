//! The hub does not even say what there is.

use super::*;

fn weights() -> Content {
    Content::synthetic(2 * MB, 31)
}

#[test]
fn a_mirror_says_what_there_is() {
    let (hub, mirror) = twins(&weights(), None);
    let (larder, named) = (Larder::at(&hub), place(&mirror));
    drop(hub);
    let ran = larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    assert_right(&larder, &mirror, &ran);
    ran.says(&[&format!("{named} says what `main` is")]);
    assert!(!ran.stderr.contains("trying model.safetensors"), "{ran:#?}");
}

#[test]
fn what_a_mirror_lists_is_not_taken_for_the_hubs_own() {
    let (hub, mirror) = twins(&weights(), None);
    let larder = Larder::at(&hub);
    hub.faults().always(Match::hub(), Fault::status(503));
    larder.pulled([ID, "--fallback", &mirror.endpoint()]);
    let ran = larder.pulled([ID, "--offline"]);
    ran.says(&["the hub was never asked for the files of this commit"]);
    hub.faults().clear();
    let listings = || {
        hub.log().clear();
        larder.pulled([ID]);
        hub.log().count(|r| r.path.contains("/tree/"))
    };
    assert_eq!((listings(), listings()), (1, 0));
}

#[test]
fn what_an_earlier_pull_noted_is_enough_for_other_fallbacks() {
    let copy = Repo::model("other/weights").lfs("weights.bin", weights());
    let hub = Hub::builder().repo(repo(&weights())).repo(copy).start();
    let larder = Larder::at(&hub);
    larder.pulled([ID, "config.json"]);
    let about_it = Match::hub().path("org/model");
    hub.faults().always(about_it, Fault::status(503));
    let call = ["--include", "*.safetensors", "--fallback", "other/weights"];
    let ran = larder.pull([ID]).and(call).run().succeeded();
    ran.says(&["going on with commit", "which `main` was last"]);
    let commit = hub.commit_of(ID, "main").unwrap();
    let there = larder.snapshot(ID, &commit).join(WEIGHTS);
    assert_eq!(sha256(&there), weights().sha256());
}

#[test]
fn without_a_commit_nothing_is_pulled() {
    let copy = Repo::model("other/weights").lfs("weights.bin", weights());
    let hub = Hub::builder().repo(copy).start();
    hub.faults().always(Match::hub(), Fault::status(503));
    let larder = Larder::at(&hub);
    let ran = larder.pull([ID, "--fallback", "other/weights"]).run();
    ran.exited(5)
        .says(&["hf:other/weights at ", "cannot say which commit `main` is"]);
    assert_unpublished(&larder);
}
