//! What an adapter needs, whichever hub it is for.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hub::client::Client;
use crate::hub::send::Edge;
use crate::hub::token::Token;
use crate::hub::trust::Trust;
use crate::hub::wire::Endpoint;
use crate::report::Sink;
use crate::retry::Policy;

/// What an adapter needs.
pub struct Config {
    /// Where the hub is.
    pub endpoint: Endpoint,
    /// The token to show it.
    pub token: Option<Token>,
    /// The HTTP clients.
    pub client: Arc<Client>,
    /// Who is told of further tries.
    pub sink: Arc<dyn Sink>,
    /// Ends every wait.
    pub stop: CancellationToken,
    /// How long the head of an answer may take.
    pub header_timeout: Duration,
    /// How long a body may be silent.
    pub stall: Duration,
    /// How often questions are asked.
    pub policy: Policy,
}

impl Config {
    /// The usual times and tries, no token.
    pub fn new(endpoint: Endpoint, sink: Arc<dyn Sink>, stop: CancellationToken) -> Self {
        Self {
            endpoint,
            token: None,
            client: Arc::default(),
            sink,
            stop,
            header_timeout: Duration::from_secs(30),
            stall: Duration::from_secs(15),
            policy: Policy::API,
        }
    }

    /// The way to the network that it describes.
    pub(crate) fn edge(&self) -> Edge {
        Edge {
            client: Arc::clone(&self.client),
            trust: Trust::new(self.endpoint.url()),
            token: self.token.clone(),
            stop: self.stop.clone(),
            header_timeout: self.header_timeout,
            stall: self.stall,
        }
    }
}
