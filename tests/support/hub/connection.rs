//! The life of one connection: request, answer, and so on until one side ends it.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::net::TcpStream;

use super::log::Origin;
use super::reply::Reply;
use super::send::{Next, send};
use super::state::State;
use super::{cdn, damage, http, route};

/// Serves `stream` until it ends. Errors are the peer's business: it sees the connection close.
pub(super) async fn serve(mut stream: TcpStream, origin: Origin, number: u64, state: Arc<State>) {
    let mut buffer = BytesMut::new();
    // Small answers must not wait for acknowledgements.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    while let Ok(Some(request)) = http::Request::read(&mut stream, &mut buffer).await {
        match exchange(&mut stream, origin, number, &state, &request).await {
            Ok(Next::Open) => {}
            Ok(Next::Close) | Err(_) => return,
        }
    }
}

async fn exchange(
    stream: &mut TcpStream,
    origin: Origin,
    number: u64,
    state: &State,
    request: &http::Request,
) -> io::Result<Next> {
    let entry = state.log.begin(origin, number, request);
    let fault = state.script.pick(origin, request);
    let base = state.base(origin);
    let honest = |request: &http::Request| match origin {
        Origin::Hub => with_quota(request, route::answer(state, request)),
        Origin::Cdn => cdn::answer(state, request),
    };
    let mut reply = damage::answer(fault.as_ref(), request, &base, honest)?;
    reply.set("X-Request-Id", &format!("Root=1-{:08x}", entry.seq));
    entry.answer(request, &reply, fault.as_ref().map(super::Fault::name));
    let next = send(stream, request, &reply, state.shape(origin), &entry).await?;
    let is_last = request
        .header("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(if is_last { Next::Close } else { next })
}

/// Adds the rate limit headers that every answer of the hub has, far from the limit.
fn with_quota(request: &http::Request, reply: Reply) -> Reply {
    let bucket = if request.target.starts_with("/api/") {
        "api"
    } else {
        "resolvers"
    };
    reply
        .with("RateLimit", &format!("\"{bucket}\";r=499;t=55"))
        .with(
            "RateLimit-Policy",
            &format!("\"fixed window\";\"{bucket}\";q=500;w=300"),
        )
}
