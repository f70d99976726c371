//! The thread that runs both origins, and its end.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Hub;
use super::connection;
use super::log::{Log, Origin};
use super::script::Script;
use super::state::{Settings, State};

/// Small enough that a byte counted as sent is nearly a byte received.
const SEND_BUFFER: u32 = 128 * 1024;
const BACKLOG: u32 = 1024;

/// Starts the thread and waits until both ports are open.
pub(super) fn start(
    ports: (u16, u16),
    settings: Settings,
    log: Log,
    script: Script,
) -> io::Result<Hub> {
    let (stop, stopped) = oneshot::channel();
    let (ready, started) = mpsc::channel();
    let body = move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(run(ports, settings, log, script, ready, stopped)),
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    let thread = thread::Builder::new().name("test-hub".into()).spawn(body)?;
    let state = started.recv().map_err(io::Error::other)??;
    Ok(Hub {
        state,
        stop: Some(stop),
        thread: Some(thread),
    })
}

async fn run(
    ports: (u16, u16),
    settings: Settings,
    log: Log,
    script: Script,
    ready: mpsc::Sender<io::Result<Arc<State>>>,
    stopped: oneshot::Receiver<()>,
) {
    let open = || -> io::Result<_> {
        let (hub, cdn) = (listen(ports.0)?, listen(ports.1)?);
        let addresses = (hub.local_addr()?, cdn.local_addr()?);
        let state = Arc::new(State::new(settings, addresses, log, script));
        Ok((hub, cdn, state))
    };
    match open() {
        Ok((hub, cdn, state)) => {
            drop(ready.send(Ok(Arc::clone(&state))));
            tokio::select! {
                () = accept(&hub, &cdn, &state) => {}
                _ = stopped => {}
            }
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

/// Takes connections for ever. Dropping it ends them all.
async fn accept(hub: &TcpListener, cdn: &TcpListener, state: &Arc<State>) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (accepted, origin) = tokio::select! {
            accepted = hub.accept() => (accepted, Origin::Hub),
            accepted = cdn.accept() => (accepted, Origin::Cdn),
        };
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = accepted {
            connections.spawn(connection::serve(stream, origin, number, Arc::clone(state)));
        }
    }
    pending::<()>().await;
}
