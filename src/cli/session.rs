//! Configuration → the library's [`Session`]: the one place that wires the rooms together.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use larder::error::{Cause, Error};
use larder::repo::HubName;
use larder::report::Sink;
use larder::session::Session;
use larder::store::Store;
use larder::transfer::Limits;
use larder::view::View;
use larder::view::folder::{Folder, Link};
use larder::view::huggingface::HfCache;

use super::config::place::resolved;
use super::config::{Config, Setting};

pub(crate) mod hubs;

pub(crate) use hubs::Site;

/// Opens the store, and the cache and the hub of `site`, as `config` has them.
pub(crate) fn open(
    config: &Config,
    site: Site,
    sink: Arc<dyn Sink>,
    stop: CancellationToken,
) -> Result<Session, Error> {
    let store = store_of(config, site)?;
    let hub = hubs::at(config, site, &sink, &stop)?;
    Ok(Session {
        hub,
        store,
        view: view(config, site),
        also: Vec::new(),
        fallbacks: Vec::new(),
        sink,
        stop,
        limits: limits(config),
        is_offline: config.is_offline.value,
    })
}

/// Opens the store that what comes from `hub` is in, for looking.
pub(crate) fn store(config: &Config, hub: HubName) -> Result<Store, Error> {
    store_of(config, hub.into())
}

/// A store, and what it serves.
pub(crate) struct Shelf {
    pub(crate) store: Store,
    /// The hubs whose pulls it has.
    pub(crate) hubs: Vec<HubName>,
    /// The caches beside it, in which other clients may have left something.
    pub(crate) views: Vec<Arc<dyn View>>,
}

/// Opens every store for looking: one, unless the caches are on different disks.
pub(crate) fn shelves(config: &Config) -> Result<Vec<Shelf>, Error> {
    let mut shelves: Vec<Shelf> = Vec::new();
    for hub in [HubName::HuggingFace, HubName::ModelScope] {
        let store = store(config, hub)?;
        let view = view(config, hub.into());
        let known = shelves.iter_mut();
        let mut known = known.filter(|shelf| shelf.store.root() == store.root());
        if let Some(shelf) = known.next() {
            shelf.hubs.push(hub);
            shelf.views.push(view);
        } else {
            shelves.push(Shelf {
                store,
                hubs: vec![hub],
                views: vec![view],
            });
        }
    }
    Ok(shelves)
}

/// The store that serves the cache of `site`: the same for both, unless they are on different disks.
fn store_of(config: &Config, site: Site) -> Result<Store, Error> {
    store_at(match site {
        Site::HuggingFace => &config.store.path,
        Site::ModelScope | Site::ModelScopeInternational => &config.modelscope_store.path,
    })
}

fn store_at(root: &Path) -> Result<Store, Error> {
    Store::open(root).map_err(|cause| cause.on_path("open the store", root))
}

/// The views in which other clients may have left something.
pub(crate) fn views(config: &Config) -> Vec<Arc<dyn View>> {
    let sites = [Site::HuggingFace, Site::ModelScope];
    sites.map(|site| view(config, site)).to_vec()
}

/// Publishes in the folder `dir` instead of the cache, whose contents are used as they are.
pub(crate) fn into_folder(
    session: &mut Session,
    dir: &Path,
    link: Link,
    may_replace: bool,
) -> Result<(), Error> {
    let root = resolved(dir);
    let inner = [session.store.root(), session.view.root()].map(resolved);
    if let Some(outer) = inner.iter().find(|outer| root.starts_with(outer)) {
        let cause = Cause::Usage {
            why: format!(
                "it is inside {}, where larder or hf keeps its own files",
                outer.display()
            ),
            hint: Some("name a folder of your own".to_owned()),
        };
        return Err(cause.on_path("use as --local-dir the folder", &root));
    }
    let folder = Folder::new(root).linked_by(link).replacing(may_replace);
    let cache = std::mem::replace(&mut session.view, Arc::new(folder));
    session.also.push(cache);
    Ok(())
}

fn view(config: &Config, site: Site) -> Arc<dyn View> {
    match site {
        Site::HuggingFace => Arc::new(HfCache::new(
            config.hub_cache.value.clone(),
            config.use_symlinks.value,
        )),
        Site::ModelScope | Site::ModelScopeInternational => config.modelscope.view(),
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        is_spread: false,
        connections: config.connections.value,
        rate: config
            .limit_rate
            .as_ref()
            .map(|Setting { value, .. }| *value),
        lock_timeout: config
            .lock_timeout
            .as_ref()
            .map(|Setting { value, .. }| *value),
    }
}
