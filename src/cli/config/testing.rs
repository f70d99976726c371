//! A made-up machine.

use std::path::Path;

use super::*;

/// One disk, writable throughout.
struct OneDisk;

impl Disks for OneDisk {
    fn device(&self, _path: &Path) -> Option<u64> {
        Some(1)
    }

    fn is_writable(&self, _path: &Path) -> bool {
        true
    }

    fn is_store(&self, _path: &Path) -> bool {
        false
    }
}

pub(crate) fn around() -> Surroundings<'static> {
    Surroundings {
        home: Some("/nowhere/ann".into()),
        cache_dir: Some("/nowhere/ann/.cache".into()),
        config_dir: None,
        is_terminal: true,
        disks: &OneDisk,
    }
}

/// What these variables come to, on a terminal and with one disk.
pub(crate) fn resolve<const N: usize>(pairs: [(&str, &str); N]) -> Config {
    Config::resolve(
        &Global::default(),
        &Hub::default(),
        &Env::from(pairs),
        &around(),
    )
    .unwrap()
}
