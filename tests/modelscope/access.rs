//! Who may see what, and to whom the token is shown.

use super::*;

const TOKEN: &str = "ms-s3cr3t";

fn guarded() -> (Hub, Larder) {
    let access = Access::user("ann").sees(ID);
    start(Hub::builder().repo(repo().private()).token(TOKEN, access))
}

#[test]
fn the_token_goes_to_the_site_and_nowhere_else() {
    let (hub, larder) = guarded();
    let ran = larder
        .pull([ms(ID)])
        .env("MODELSCOPE_API_TOKEN", TOKEN)
        .run();
    assert_whole(&larder, &hub, ID, &ran);
    for request in hub.log().requests() {
        let token = format!("Bearer {TOKEN}");
        let wanted = (request.origin == Origin::Hub).then_some(token);
        assert_eq!(request.authorization, wanted, "{}", request.path);
        assert_eq!(request.cookie, None);
        assert!(request.user_agent.is_some());
    }
}

#[test]
fn the_other_hubs_token_is_not_shown() {
    let (hub, larder) = plain();
    larder
        .pull([ms(ID)])
        .env("HF_TOKEN", TOKEN)
        .run()
        .succeeded();
    assert_eq!(hub.log().count(|r| r.authorization.is_some()), 0);
    hub.log().clear();
    let call = larder
        .pull([ID, "--force"])
        .env("MODELSCOPE_API_TOKEN", TOKEN);
    call.run().succeeded();
    assert_eq!(hub.log().count(|r| r.authorization.is_some()), 0);
}

#[test]
fn no_access_is_told_from_nothing_there() {
    let (_hub, larder) = guarded();
    let ran = larder.pull([ms(ID)]).run().exited(4);
    ran.says(&[
        "private or gated",
        "no access",
        "MODELSCOPE_API_TOKEN",
        "/models/org/tiny",
    ]);
    let with = larder
        .pull([ms(ID)])
        .env("MODELSCOPE_API_TOKEN", "ms-wrong");
    let ran = with.run().exited(4);
    ran.says(&["this token has no access"]);
    assert!(!ran.stderr.contains("ms-wrong"));
    let ran = larder.pull(["ms:org/nothing"]).run().exited(3);
    ran.says(&["no such repo", "MODELSCOPE_API_TOKEN"]);
}

#[test]
fn the_branch_of_the_other_hub_is_not_guessed() {
    let (_hub, larder) = plain();
    let ran = larder.pull(["ms:org/tiny@main"]).run().exited(3);
    ran.says(&["no revision `main`", "`master`"]);
}

#[test]
fn a_refused_page_of_a_known_repo_is_asked_for_again() {
    let (hub, larder) = plain();
    let refused = Fault::business(403, 403, "forbidden");
    hub.faults().once(Match::hub().path("/repo/files"), refused);
    let ran = larder.pulled([ms(ID)]);
    assert_whole(&larder, &hub, ID, &ran);
}
