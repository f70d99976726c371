//! What one pull needs from its surroundings: hub, store, view, and who is told.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::origin::Fallback;
use crate::report::Sink;
use crate::store::Store;
use crate::transfer::Limits;
use crate::view::View;

/// What one pull needs from its surroundings.
pub struct Session {
    /// The hub to ask; not asked anything when offline.
    pub hub: Arc<dyn Hub>,
    /// Who may stand in for it, the preferred one first.
    pub fallbacks: Vec<Fallback>,
    /// Where blobs are kept.
    pub store: Store,
    /// Where tools look for the files.
    pub view: Arc<dyn View>,
    /// Where else contents may be that are wanted in the view: looked at, and never changed.
    pub also: Vec<Arc<dyn View>>,
    /// Who is told.
    pub sink: Arc<dyn Sink>,
    /// Cancelled when the user wants to stop.
    pub stop: CancellationToken,
    /// Bounds of the transfer.
    pub limits: Limits,
    /// Send no request.
    pub is_offline: bool,
}
