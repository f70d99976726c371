//! Makes proven content visible in the older layout: files, link, what is noted of the repo, and at
//! last the index.

use std::os::unix::fs::symlink;
use std::path;

use super::super::lock;
use super::index::{self, Row};
use super::{LOCK, MsFolder, notes};
use crate::error::Cause;
use crate::fs::{OnPath, lstat};
use crate::view::aside::Aside;
use crate::view::snapshot::{Plain, put_names};
use crate::view::work::{Item, Work};
use crate::view::{Publication, Published};

impl MsFolder {
    /// Makes the selected files visible in the repo's folder.
    ///
    /// # Errors
    /// When a step fails: what was not visible before is not visible then, or visible whole.
    pub fn publish(&self, publication: &Publication<'_>) -> Result<Published, Cause> {
        for (file, _) in publication.files {
            notes::refuse(&file.path)?;
        }
        let items = Item::all(publication.files)?;
        let folder = self.folder();
        let _held = lock::wait(LOCK, &self.layout.old_lock())?;
        let mut work = self.work();
        if let Some(owner) = folder.parent() {
            work.folders.ensure(owner)?;
        }
        self.unlist(&items, &mut work)?;
        put_names(&Plain, &folder, &items, &mut work)?;
        self.put_alias(&mut work)?;
        self.put_id(&mut work)?;
        self.put_version(&mut work)?;
        work.folders.sync()?;
        let mut rows = self.rows();
        index::merge(&mut rows, &new_rows(publication));
        self.put_rows(&rows, &mut work)?;
        work.folders.sync()?;
        Ok(work.published(&items, folder))
    }

    /// Takes the files that are to change out of the index: should this be as far as it comes, the
    /// client takes no new bytes for the old ones.
    fn unlist(&self, items: &[Item<'_>], work: &mut Work) -> Result<(), Cause> {
        let changing = items
            .iter()
            .filter(|item| !item.is_at(&self.entry(item.file)));
        let changing = changing.map(|item| item.file.path.as_str()).collect();
        let mut rows = self.rows();
        let known = rows.len();
        index::remove(&mut rows, &changing);
        if rows.len() == known {
            return Ok(());
        }
        self.put_rows(&rows, work)?;
        work.folders.sync()
    }

    pub(super) fn work(&self) -> Work {
        let temporary = self.layout.old_temporary();
        Work::new(Aside::at(&temporary, temporary.join(".larder")))
    }

    /// The repo's own name for the folder, where that has a dot. Whatever has the name already is
    /// what readers use.
    fn put_alias(&self, work: &mut Work) -> Result<(), Cause> {
        let Some(alias) = self.layout.old_alias() else {
            return Ok(());
        };
        if lstat(&alias)?.is_some() {
            return Ok(());
        }
        // Absolute, as the client makes it.
        let folder = self.folder();
        let target = path::absolute(&folder).on_path("find", &folder)?;
        symlink(target, &alias).on_path("create the link", &alias)?;
        work.folders.changed(&alias);
        Ok(())
    }
}

/// What the index says of the files; of those whose last change the hub does not tell, the commit.
fn new_rows(publication: &Publication<'_>) -> Vec<Row> {
    let row = |file: &crate::hub::RemoteFile| Row {
        path: file.path.as_str().to_owned(),
        revision: file
            .changed_by
            .as_ref()
            .unwrap_or(publication.commit)
            .to_string(),
    };
    publication
        .files
        .iter()
        .map(|(file, _)| row(file))
        .collect()
}
