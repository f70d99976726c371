//! A disk in memory, as far as a journal needs one.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use larder::error::Cause;
use larder::store::disk::{Disk, DiskFile};

type Content = Arc<Mutex<Vec<u8>>>;

/// Files by name.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<PathBuf, Content>>);

impl Memory {
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        *self.content(path).lock().unwrap() = bytes.to_vec();
    }

    fn content(&self, path: &Path) -> Content {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(files.entry(path.to_owned()).or_default())
    }
}

impl Disk for Memory {
    fn create_dir_all(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn create_lasting_dir(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        Ok(Arc::new(File(self.content(path))))
    }

    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>, Cause> {
        self.open(path)
    }

    fn len(&self, path: &Path) -> Result<Option<u64>, Cause> {
        Ok(Some(self.content(path).lock().unwrap().len() as u64))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Cause> {
        let mut files = self.0.lock().unwrap();
        let content = files.remove(from).expect("it is there");
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn link(&self, _: &Path, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn make_read_only(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn remove(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }
}

struct File(Content);

impl DiskFile for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let content = self.0.lock().unwrap();
        let from = usize::try_from(offset).unwrap();
        let there = content.get(from..from + buffer.len());
        buffer.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, buffers: &[Bytes], offset: u64) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        let mut at = usize::try_from(offset).unwrap();
        for bytes in buffers {
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[at..end].copy_from_slice(bytes);
            at = end;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0
            .lock()
            .unwrap()
            .resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
}
