//! A proxy that asks who it is.

use super::front::{AUTHORITY, Front, Proxy};
use super::*;

/// A hub and a storage by https, and their fronts.
fn behind_tls() -> (Hub, Larder, [Front; 2]) {
    let hub = Hub::builder().repo(repo()).start();
    let fronts = [Origin::Hub, Origin::Cdn].map(|origin| {
        let front = Front::tls(hub.address(origin));
        hub.put_behind(origin, format!("https://{}", front.address()));
        front
    });
    let larder = Larder::at(&hub);
    (hub, larder, fronts)
}

#[test]
fn a_proxy_that_wants_a_password_is_named() {
    let (hub, larder) = plain();
    let proxy = Proxy::start();
    let call = pull(&larder).env("HTTP_PROXY", format!("http://{}", proxy.address()));
    let ran = call.run().exited(5);
    ran.says(&["407", "the proxy wants a name and a password", "HTTP_PROXY"]);
    // Asking again would not help.
    assert_eq!(proxy.asked().len(), 1);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn a_tunnel_that_wants_a_password_is_named() {
    let (hub, larder, _fronts) = behind_tls();
    let proxy = Proxy::start();
    let call = pull(&larder).env("SSL_CERT_FILE", AUTHORITY);
    let call = call.env("HTTPS_PROXY", format!("http://{}", proxy.address()));
    let ran = call.run().exited(5);
    ran.says(&["proxy auth", "check the network, HTTPS_PROXY"]);
    assert_eq!(hub.log().requests().len(), 0);
}

#[test]
fn a_proxy_that_knows_the_password_lets_everything_through() {
    let (hub, larder, _fronts) = behind_tls();
    let proxy = Proxy::start();
    let call = pull(&larder).env("SSL_CERT_FILE", AUTHORITY);
    let url = format!("http://name:word@{}", proxy.address());
    let call = call.env("HTTPS_PROXY", url).env("LARDER_LOG", "trace");
    let ran = call.run();
    assert_right(&larder, &hub, &ran);
    assert!(!ran.stderr.contains("name:word"), "{}", ran.stderr);
    let asked = proxy.asked();
    assert!(asked.len() >= 2, "{asked:?}");
    assert!(
        asked.iter().all(|line| line.starts_with("CONNECT ")),
        "{asked:?}"
    );
}
