//! The login that the client keeps is enough for larder, at the site that it is for.

use crate::bin::Larder;
use crate::hub::{Access, Hub};
use crate::modelscope::Official;
use crate::modelscope::Version::{Now, Old};
use crate::{MODEL, assert_holds, model, ms};

const TOKEN: &str = "ms-s3cr3t-t0ken";

fn private() -> Hub {
    let access = Access::user("ann").sees(MODEL);
    let repo = model().private();
    Hub::builder().repo(repo).token(TOKEN, access).start()
}

#[test]
fn of_either_client() {
    for version in [Now, Old] {
        let hub = private();
        let larder = Larder::at(&hub);
        assert_eq!(larder.pull([ms(MODEL)]).run().code, Some(4));
        Official::new(&larder, version, &["login", "--token", TOKEN]).succeeded();
        let pulled = larder.pulled([ms(MODEL)]);
        assert_holds(pulled.line(), &hub, MODEL);
        let requests = hub.log().requests();
        assert!(requests.iter().all(|request| request.cookie.is_none()));
        let env = larder.args(["env", "--json"]).run().succeeded();
        assert!(env.stdout.contains("credentials/cookies"), "{}", env.stdout);
        for text in [&env.stdout, &env.stderr, &pulled.stdout, &pulled.stderr] {
            assert!(!text.contains(TOKEN));
        }
    }
}

#[test]
fn not_at_another_host() {
    let hub = private();
    let larder = Larder::at(&hub);
    Official::new(&larder, Now, &["login", "--token", TOKEN]).succeeded();
    let elsewhere = hub.endpoint().replace("127.0.0.1", "localhost");
    let pull = larder.pull([ms(MODEL)]);
    let ran = pull.env("MODELSCOPE_ENDPOINT", &elsewhere).run();
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let requests = hub.log().requests();
    assert!(!requests.is_empty());
    assert!(
        requests
            .iter()
            .all(|request| request.authorization.is_none())
    );
}

#[test]
fn one_that_is_damaged_is_none() {
    let hub = private();
    let larder = Larder::at(&hub);
    let folder = larder.path(".modelscope/credentials");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("cookies"), "garbage").unwrap();
    let ran = larder.pull([ms(MODEL)]).run();
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
}
