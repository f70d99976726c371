//! Which files of a repo are wanted: names, globs, a quantisation, a weight format. Pure.
//!
//! A file is taken when anything asks for it: a name, an include, the quantisation; without any of
//! these every file is. Excludes and the weight format then leave files out. Whatever was asked for
//! and matches nothing is an error, so that a typo does not look like a finished pull.

use std::collections::BTreeSet;

use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::redact::clean;

pub(crate) mod glob;
pub(crate) mod nearest;
mod quant;
mod weights;

use glob::{Glob, is_glob};
pub(crate) use nearest::nearest;
pub use weights::{UnknownFormat, WeightFormat};

/// The files that a user asked for. Empty: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Paths of files and folders; a trailing `/` insists on a folder. A name that is neither and
    /// has `*`, `?` or `[` in it is a glob.
    pub names: Vec<String>,
    /// Globs of which one must match.
    pub include: Vec<String>,
    /// Globs of which none may match.
    pub exclude: Vec<String>,
    /// A GGUF quantisation.
    pub quant: Option<String>,
    /// A weight format: leaves out the duplicates in other formats.
    pub weights: Option<WeightFormat>,
}

/// How much a file is wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    No,
    Yes,
    /// By its exact path, which nothing overrules.
    Named,
}

impl Selection {
    /// Whether it is every file, because nothing was asked for.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The files of `listing` that are selected, in its order.
    ///
    /// # Errors
    /// A name, pattern or quantisation that matches nothing, with what there is instead; requests
    /// that contradict each other.
    pub fn apply(&self, listing: &[RemoteFile]) -> Result<Vec<RemoteFile>, Cause> {
        let mut wants = self.asked_for(listing)?;
        let was_any = wants.iter().any(|want| *want > Want::No);
        self.leave_excluded(listing, &mut wants)?;
        self.leave_other_weights(listing, &mut wants)?;
        let kept = listing
            .iter()
            .zip(&wants)
            .filter(|(_, want)| **want > Want::No);
        let mut files: Vec<RemoteFile> = kept.map(|(file, _)| file.clone()).collect();
        files.shrink_to_fit();
        if files.is_empty() && was_any {
            return Err(Cause::NoMatch {
                pattern: self.as_typed(),
                choices: Vec::new(),
            });
        }
        Ok(files)
    }

    fn asked_for(&self, listing: &[RemoteFile]) -> Result<Vec<Want>, Cause> {
        if self.names.is_empty() && self.include.is_empty() && self.quant.is_none() {
            return Ok(vec![Want::Yes; listing.len()]);
        }
        let mut wants = vec![Want::No; listing.len()];
        for name in &self.names {
            want_name(name, listing, &mut wants)?;
        }
        for pattern in &self.include {
            if !want_glob(pattern, listing, &mut wants) {
                return Err(no_match(pattern, listing));
            }
        }
        if let Some(quant) = &self.quant {
            let picked = quant::pick(quant, listing)?;
            for at in picked {
                wants[at] = wants[at].max(Want::Yes);
            }
        }
        Ok(wants)
    }

    fn leave_excluded(&self, listing: &[RemoteFile], wants: &mut [Want]) -> Result<(), Cause> {
        for pattern in &self.exclude {
            let glob = Glob::new(pattern);
            for (file, want) in listing.iter().zip(&mut *wants) {
                if !glob.is_match(file.path.as_str()) {
                    continue;
                }
                if *want == Want::Named {
                    return Err(contradiction(file.path.as_str(), pattern));
                }
                *want = Want::No;
            }
        }
        Ok(())
    }

    fn leave_other_weights(&self, listing: &[RemoteFile], wants: &mut [Want]) -> Result<(), Cause> {
        let Some(format) = self.weights else {
            return Ok(());
        };
        if let Some(quant) = self.quant.as_ref().filter(|_| format != WeightFormat::Gguf) {
            return Err(contradiction(
                &format!(":{quant}"),
                &format!("--weights {format}"),
            ));
        }
        let keep = weights::keep(format, listing)?;
        for (want, keep) in wants.iter_mut().zip(keep) {
            if !keep && *want == Want::Yes {
                *want = Want::No;
            }
        }
        Ok(())
    }

    /// The whole selection in the words of the command line, for an error about all of it.
    fn as_typed(&self) -> String {
        let mut words = self.names.clone();
        let mut options = |name: &str, values: &[String]| {
            words.extend(values.iter().map(|value| format!("--{name} {value}")));
        };
        options("include", &self.include);
        options("exclude", &self.exclude);
        options(
            "weights",
            &self
                .weights
                .iter()
                .map(WeightFormat::to_string)
                .collect::<Vec<_>>(),
        );
        words.extend(self.quant.iter().map(|quant| format!(":{quant}")));
        words.join(" ")
    }
}

fn want_name(name: &str, listing: &[RemoteFile], wants: &mut [Want]) -> Result<(), Cause> {
    let path = name.replace('\\', "/");
    if let Some(at) = listing.iter().position(|file| file.path.as_str() == path) {
        wants[at] = Want::Named;
        return Ok(());
    }
    let folder = format!("{}/", path.trim_end_matches('/'));
    let in_folder = |file: &RemoteFile| file.path.as_str().starts_with(&folder);
    if want_where(in_folder, listing, wants) {
        return Ok(());
    }
    match is_glob(name) {
        true if want_glob(name, listing, wants) => Ok(()),
        true => Err(no_match(name, listing)),
        false => Err(no_file(name, listing)),
    }
}

/// Whether any file matches.
fn want_glob(pattern: &str, listing: &[RemoteFile], wants: &mut [Want]) -> bool {
    let glob = Glob::new(pattern);
    want_where(|file| glob.is_match(file.path.as_str()), listing, wants)
}

fn want_where(
    is_wanted: impl Fn(&RemoteFile) -> bool,
    listing: &[RemoteFile],
    wants: &mut [Want],
) -> bool {
    let mut is_any = false;
    for (_, want) in listing
        .iter()
        .zip(wants)
        .filter(|(file, _)| is_wanted(file))
    {
        *want = Want::Yes.max(*want);
        is_any = true;
    }
    is_any
}

fn no_file(name: &str, listing: &[RemoteFile]) -> Cause {
    let folders = folders(listing);
    let files = listing.iter().map(|file| file.path.as_str());
    let nearest = nearest(name, files.chain(folders));
    Cause::FileNotFound {
        path: name.to_owned(),
        nearest,
    }
}

/// The choices are the names and endings that look like the pattern.
fn no_match(pattern: &str, listing: &[RemoteFile]) -> Cause {
    let ending =
        |file: &RemoteFile| Some(format!("*.{}", file.path.file_name().rsplit_once('.')?.1));
    let endings: BTreeSet<String> = listing.iter().filter_map(ending).collect();
    let mut candidates: BTreeSet<&str> = endings.iter().map(String::as_str).collect();
    candidates.extend(folders(listing));
    candidates.extend(listing.iter().map(|file| file.path.as_str()));
    let choices = nearest(pattern, candidates);
    Cause::NoMatch {
        pattern: pattern.to_owned(),
        choices,
    }
}

/// Folders further down are no hints: a path of a thousand folders has a thousand long names.
const DEEPEST: usize = 8;

/// The outer folders, with their trailing slash.
fn folders(listing: &[RemoteFile]) -> BTreeSet<&str> {
    let mut folders = BTreeSet::new();
    for path in listing.iter().map(|file| file.path.as_str()) {
        let ends = path.match_indices('/').take(DEEPEST);
        folders.extend(ends.map(|(at, _)| &path[..=at]));
    }
    folders
}

fn contradiction(asked: &str, against: &str) -> Cause {
    let why = format!(
        "`{}` is asked for and left out by `{}`",
        clean(asked),
        clean(against)
    );
    Cause::Usage {
        why,
        hint: Some("leave one of the two away".to_owned()),
    }
}

#[cfg(test)]
mod tests;
