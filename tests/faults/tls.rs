//! A hub and a storage behind TLS, whose certificate nobody knows unless told.

use super::front::{AUTHORITY, Front};
use super::table::ALL;
use super::*;
use crate::hub::Access;

const TOKEN: &str = "hf_S3cr3tS3cr3t";

/// A hub that knows itself by https, a storage that does so if `is_storage`, and their fronts.
fn behind_tls(is_storage: bool) -> (Hub, Larder, Vec<Front>) {
    let token = (TOKEN, Access::user("me"));
    let hub = Hub::builder().repo(repo()).token(token.0, token.1).start();
    let mut origins = vec![Origin::Hub];
    origins.extend(is_storage.then_some(Origin::Cdn));
    let fronts = origins.into_iter().map(|origin| {
        let front = Front::tls(hub.address(origin));
        hub.put_behind(origin, format!("https://{}", front.address()));
        front
    });
    let fronts = fronts.collect();
    let larder = Larder::at(&hub);
    (hub, larder, fronts)
}

#[test]
fn a_certificate_of_one_s_own_is_trusted_when_it_is_named() {
    let (hub, larder, _fronts) = behind_tls(true);
    let call = pull(&larder).env("SSL_CERT_FILE", AUTHORITY);
    let ran = call.env("HF_TOKEN", TOKEN).run();
    assert_right(&larder, &hub, &ran);
    assert_eq!(lines(&ran), 0, "{ran:#?}");
    let shown = |origin| {
        let is_shown = |r: &Record| r.origin == origin && r.authorization.is_some();
        hub.log().count(is_shown)
    };
    assert!(shown(Origin::Hub) > 0);
    assert_eq!(shown(Origin::Cdn), 0);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_named() {
    let (hub, larder, _fronts) = behind_tls(true);
    let ran = pull(&larder).env("HF_TOKEN", TOKEN).run().exited(5);
    ran.says(&["cannot reach 127.0.0.1:", "certificate", "SSL_CERT_FILE"]);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn from_https_nothing_leads_to_http() {
    // Where nobody may ask: not even without the token, since the answer could be anybody's.
    let plain = Hub::builder().repo(repo()).start();
    for place in ALL {
        let (hub, larder, _fronts) = behind_tls(true);
        let url = format!("{}/login", plain.endpoint());
        hub.faults()
            .always(place.requests(), Fault::RedirectTo { url });
        let call = pull(&larder).env("SSL_CERT_FILE", AUTHORITY);
        let ran = call.env("HF_TOKEN", TOKEN).run().exited(5);
        ran.says(&["a redirect from https to http", "hint: "]);
    }
    assert_eq!(plain.log().requests().len(), 0);
}

#[test]
fn a_storage_without_tls_is_not_asked_by_a_hub_with_it() {
    let (hub, larder, _fronts) = behind_tls(false);
    let call = pull(&larder).env("SSL_CERT_FILE", AUTHORITY);
    call.run()
        .exited(5)
        .says(&["cannot fetch model.safetensors", "from https to http"]);
    assert_eq!(hub.log().count(|r| r.origin == Origin::Cdn), 0);
}
