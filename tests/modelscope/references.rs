//! How the hub is named: in the reference, by a URL, or by what is set.

use super::*;

#[test]
fn a_pasted_page_leads_to_its_hub() {
    let (hub, larder) = plain();
    let page = format!(
        "{}/models/org/tiny/file/view/master/config.json",
        hub.endpoint()
    );
    let call = larder.pull([page]).env("HF_ENDPOINT", "http://127.0.0.1:1");
    let ran = call.run().succeeded();
    let file = larder.modelscope(ID, "master").join("config.json");
    assert_eq!(Path::new(ran.line()), file);
    assert_eq!(
        hub.log().bytes_sent_by(Origin::Cdn),
        0,
        "one file was named"
    );
}

#[test]
fn the_usual_hub_can_be_set() {
    let (hub, larder) = plain();
    let ran = larder.pull([ID]).env("LARDER_HUB", "ms").run();
    assert_whole(&larder, &hub, ID, &ran);
    assert_eq!(
        hub.log()
            .count(|r| !r.path.starts_with("/api/v1/") && r.origin == Origin::Hub),
        0
    );
    let ran = larder
        .pull([ID])
        .env("LARDER_HUB", "github")
        .run()
        .exited(2);
    ran.says(&["LARDER_HUB=github"]);
}

#[test]
fn a_bare_domain_is_an_endpoint() {
    let (hub, larder) = plain();
    let call = larder.pull([ms(ID)]).env("MODELSCOPE_ENDPOINT", "");
    let ran = call.env("MODELSCOPE_DOMAIN", hub.endpoint()).run();
    assert_whole(&larder, &hub, ID, &ran);
    let call = larder.pull([ms(ID)]).env("MODELSCOPE_ENDPOINT", "");
    let ran = call.env("MODELSCOPE_DOMAIN", "localhost:1").run().exited(5);
    ran.says(&["cannot reach localhost:1"]);
}

#[test]
fn the_answer_as_a_document_names_the_hub() {
    let (hub, larder) = plain();
    let ran = larder.pulled([ms(ID), "--json".into()]);
    let document = ran.json();
    assert_eq!(document["hub"], "ms");
    assert_eq!(document["commit"], hub.commit_of(ID, "main").unwrap());
    let folder = larder.modelscope(ID, "master");
    assert_eq!(document["path"], folder.to_str().unwrap());
}

#[test]
fn a_revision_with_a_slash_is_pulled() {
    let repo = repo().branch("feat/x");
    let (_hub, larder) = start(Hub::builder().repo(repo));
    let ran = larder.pulled(["ms:org/tiny@feat/x", "config.json"]);
    let file = larder.modelscope(ID, "feat/x").join("config.json");
    assert_eq!(Path::new(ran.line()), file);
}
