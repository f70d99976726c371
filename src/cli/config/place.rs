//! Where the store is, when nobody said where.
//!
//! A blob reaches a cache as a hard link, and hard links do not cross filesystems. So the store
//! belongs on the filesystem of the cache that it serves: in the platform's cache directory when that
//! is there, else beside the cache, else inside it (a cache that is a mount point has its neighbours
//! on another filesystem). Where none of them can be written, a store that is there is still read: it
//! knows what was proven before.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Origin, Setting};

/// The store's folder, and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) reason: &'static str,
}

/// What has to be known about disks; a value in tests.
pub(crate) trait Disks {
    /// The filesystem that holds `path`, or would hold it once created.
    fn device(&self, path: &Path) -> Option<u64>;
    /// Whether `path` can be created, or written in where it exists.
    fn is_writable(&self, path: &Path) -> bool;
    /// Whether `path` is a store already.
    fn is_store(&self, path: &Path) -> bool;
}

/// Chooses the folder of the store that serves `hub_cache`.
pub(crate) fn choose(
    told: Option<Setting<PathBuf>>,
    hub_cache: &Path,
    platform_cache: Option<&Path>,
    disks: &dyn Disks,
) -> Place {
    if let Some(Setting {
        value: path,
        origin,
    }) = told
    {
        return Place {
            path,
            origin,
            reason: "set explicitly",
        };
    }
    let device = disks.device(hub_cache);
    let serves =
        |path: &Path| device.is_some() && disks.device(path) == device && disks.is_writable(path);
    let usual = platform_cache.map(|cache| cache.join("larder"));
    let beside = hub_cache.parent().map(|parent| parent.join("larder"));
    let inside = hub_cache.join(".larder");
    let is_stuck = !disks.is_writable(&inside);
    let reads = |path: &Path| is_stuck && disks.is_store(path);
    let (path, reason) = match (usual, beside) {
        (Some(path), _) if serves(&path) => (
            path,
            "the platform's cache directory, on the filesystem of the hub cache",
        ),
        (_, Some(path)) if serves(&path) => (
            path,
            "beside the hub cache: the platform's cache directory cannot hold links to it",
        ),
        (Some(path), _) | (_, Some(path)) if reads(&path) => {
            (path, "a store is there, and no other place can be written")
        }
        _ => (
            inside,
            "inside the hub cache: no folder outside it is writable and on its filesystem",
        ),
    };
    Place {
        path,
        origin: Origin::Default,
        reason,
    }
}

/// Chooses the folder of the store that serves `cache`, when `first` serves the cache of another hub:
/// the same one where links reach from it, so that what both hubs have is there once.
pub(crate) fn choose_also(
    first: &Place,
    cache: &Path,
    platform_cache: Option<&Path>,
    disks: &dyn Disks,
) -> Place {
    let device = disks.device(cache);
    let is_reached = device.is_some() && disks.device(&first.path) == device;
    if is_reached || first.origin != Origin::Default {
        first.clone()
    } else {
        choose(None, cache, platform_cache, disks)
    }
}

/// `path` made absolute, with the symbolic links of its existing part resolved.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let Ok(real) = fs::canonicalize(ancestor)
            && let Ok(rest) = path.strip_prefix(ancestor)
        {
            // Joining an empty rest would add a slash.
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path
}

/// The disks of this machine.
pub(crate) struct RealDisks;

/// The nearest part of `path` that exists.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|ancestor| ancestor.exists())
}

#[cfg(unix)]
impl Disks for RealDisks {
    fn device(&self, path: &Path) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(existing(path)?)
            .ok()
            .map(|metadata| metadata.dev())
    }

    fn is_writable(&self, path: &Path) -> bool {
        use rustix::fs::{Access, access};
        existing(path).is_some_and(|path| access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok())
    }

    fn is_store(&self, path: &Path) -> bool {
        path.join("VERSION").is_file()
    }
}

#[cfg(not(unix))]
impl Disks for RealDisks {
    /// Drives stand in for filesystems.
    fn device(&self, path: &Path) -> Option<u64> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        path.components().next()?.hash(&mut hasher);
        Some(hasher.finish())
    }

    fn is_writable(&self, path: &Path) -> bool {
        existing(path)
            .and_then(|path| fs::metadata(path).ok())
            .is_some_and(|metadata| !metadata.permissions().readonly())
    }

    fn is_store(&self, path: &Path) -> bool {
        path.join("VERSION").is_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mount points with their device, and folders that refuse writing.
    struct Fake {
        mounts: &'static [(&'static str, u64)],
        read_only: &'static [&'static str],
        stores: &'static [&'static str],
    }

    impl Disks for Fake {
        fn device(&self, path: &Path) -> Option<u64> {
            let mounts = self
                .mounts
                .iter()
                .filter(|(mount, _)| path.starts_with(mount));
            mounts
                .max_by_key(|(mount, _)| mount.len())
                .map(|(_, device)| *device)
        }

        fn is_writable(&self, path: &Path) -> bool {
            !self
                .read_only
                .iter()
                .any(|folder| path.parent() == Some(Path::new(folder)))
        }

        fn is_store(&self, path: &Path) -> bool {
            self.stores.iter().any(|store| path == Path::new(store))
        }
    }

    fn place(hub: &str, cache: Option<&str>, disks: &Fake) -> String {
        let place = choose(None, Path::new(hub), cache.map(Path::new), disks);
        place.path.display().to_string()
    }

    const ONE_DISK: Fake = Fake {
        mounts: &[("/", 1)],
        read_only: &[],
        stores: &[],
    };

    #[test]
    fn what_was_said_goes_first() {
        let told = Setting {
            value: PathBuf::from("/s"),
            origin: Origin::Variable("LARDER_HOME"),
        };
        let place = choose(
            Some(told),
            Path::new("/h"),
            Some(Path::new("/c")),
            &ONE_DISK,
        );
        assert_eq!(
            (place.path, place.origin),
            (PathBuf::from("/s"), Origin::Variable("LARDER_HOME"))
        );
    }

    #[test]
    fn one_disk_takes_the_cache_directory() {
        let hub = "/home/a/.cache/huggingface/hub";
        assert_eq!(
            place(hub, Some("/home/a/.cache"), &ONE_DISK),
            "/home/a/.cache/larder"
        );
        assert_eq!(
            place(hub, None, &ONE_DISK),
            "/home/a/.cache/huggingface/larder"
        );
    }

    #[test]
    fn another_disk_takes_the_neighbour() {
        let disks = Fake {
            mounts: &[("/", 1), ("/data", 2)],
            read_only: &[],
            stores: &[],
        };
        assert_eq!(
            place("/data/hf/hub", Some("/home/a/.cache"), &disks),
            "/data/hf/larder"
        );
    }

    #[test]
    fn two_caches_on_one_disk_share_a_store() {
        let disks = Fake {
            mounts: &[("/", 1), ("/data", 2)],
            read_only: &[],
            stores: &[],
        };
        let usual = Some(Path::new("/home/a/.cache"));
        let first = choose(None, Path::new("/data/hf/hub"), usual, &disks);
        let also = |first, cache| choose_also(first, Path::new(cache), usual, &disks).path;
        assert_eq!(also(&first, "/data/ms"), Path::new("/data/hf/larder"));
        assert_eq!(
            also(&first, "/home/a/ms"),
            Path::new("/home/a/.cache/larder")
        );
        let told = Place {
            origin: Origin::Flag("--store"),
            ..first.clone()
        };
        assert_eq!(also(&told, "/home/a/ms"), Path::new("/data/hf/larder"));
    }

    #[test]
    fn a_mount_point_has_no_neighbours() {
        let disks = Fake {
            mounts: &[("/", 1), ("/models", 2)],
            read_only: &[],
            stores: &[],
        };
        assert_eq!(
            place("/models", Some("/root/.cache"), &disks),
            "/models/.larder"
        );
    }

    #[test]
    fn unwritable_folders_are_passed_over() {
        let disks = Fake {
            mounts: &[("/", 1)],
            read_only: &["/home/a/.cache", "/srv"],
            stores: &["/home/a/.cache/larder"],
        };
        assert_eq!(
            place("/srv/hub", Some("/home/a/.cache"), &disks),
            "/srv/hub/.larder"
        );
        assert_eq!(
            place("/data/hub", Some("/home/a/.cache"), &disks),
            "/data/larder"
        );
    }

    #[test]
    fn where_nothing_can_be_written_a_store_is_read() {
        let disks = |stores| Fake {
            mounts: &[("/", 1)],
            read_only: &["/c", "/hf", "/hf/hub"],
            stores,
        };
        for (stores, want) in [
            (&["/c/larder", "/hf/larder"][..], "/c/larder"),
            (&["/hf/larder"], "/hf/larder"),
            (&[], "/hf/hub/.larder"),
        ] {
            assert_eq!(place("/hf/hub", Some("/c"), &disks(stores)), want);
        }
    }

    #[test]
    fn links_are_resolved_as_far_as_they_exist() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(root.join("big")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("big"), root.join("hub")).unwrap();
            assert_eq!(resolved(&root.join("hub/models")), root.join("big/models"));
            assert_eq!(resolved(&root.join("hub")), root.join("big"));
        }
        assert_eq!(
            RealDisks.device(&root.join("no/such")),
            RealDisks.device(&root)
        );
        assert!(RealDisks.is_writable(&root.join("no/such")));
    }
}
