//! The files of a repo → its sets of weights: shards belong together by their names.

use std::collections::BTreeMap;

use super::{Format, Model, Source, Tensors, Unreadable, gguf, safetensors};

/// What a file's name says of its place in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name without the number: `model.safetensors`.
    pub set: String,
    /// How many parts the set has.
    pub count: u64,
}

impl Part {
    /// Reads `model-00002-of-00005.safetensors`; any other name is a set of its own.
    pub fn of(name: &str) -> Self {
        let whole = || Self {
            set: name.to_owned(),
            count: 1,
        };
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return whole();
        };
        let numbered = stem.rsplit_once("-of-").and_then(|(rest, count)| {
            let (set, number) = rest.rsplit_once('-')?;
            let (number, count) = (digits(number)?, digits(count)?);
            (1..=count).contains(&number).then_some((set, count))
        });
        match numbered {
            Some((set, count)) => Self {
                set: format!("{set}.{extension}"),
                count,
            },
            None => whole(),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    let is_number = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The sets of weights among these files, by name. Files in other formats are passed over.
pub fn models(files: impl IntoIterator<Item = Source>) -> Vec<Model> {
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    for file in files {
        let Some(format) = format_of(&file.name) else {
            continue;
        };
        let part = Part::of(&file.name);
        let model = models.entry(part.set.clone()).or_insert_with(|| Model {
            name: part.set,
            format,
            all_shards: part.count,
            ..Model::default()
        });
        match read(format, &file) {
            Ok((about, tensors)) => model.add(about, &tensors),
            Err(why) => model.unreadable.push((file.name, why)),
        }
    }
    models.into_values().collect()
}

fn format_of(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "safetensors" => Some(Format::Safetensors),
        "gguf" => Some(Format::Gguf),
        _ => None,
    }
}

fn read(format: Format, file: &Source) -> Result<(Option<gguf::About>, Tensors), Unreadable> {
    match format {
        Format::Safetensors => safetensors::read(&file.path).map(|tensors| (None, tensors)),
        Format::Gguf => gguf::read(&file.path).map(|(about, tensors)| (Some(about), tensors)),
    }
}

impl Model {
    fn add(&mut self, about: Option<gguf::About>, tensors: &Tensors) {
        let mut all = Tensors {
            parameters: self.parameters,
            types: std::mem::take(&mut self.types),
        };
        all.merge(tensors);
        (self.parameters, self.types) = (all.parameters, all.types);
        self.shards += 1;
        // The first shard tells most; the others only that they are parts.
        let is_told = |about: &gguf::About| about.architecture.is_some();
        if !self.gguf.as_ref().is_some_and(is_told) {
            self.gguf = about.or(self.gguf.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_names() {
        for (name, set, count) in [
            (
                "a/model-00002-of-00005.safetensors",
                "a/model.safetensors",
                5,
            ),
            ("X-Q8_0-00001-of-00002.gguf", "X-Q8_0.gguf", 2),
            ("model.safetensors", "model.safetensors", 1),
            (
                "model-00006-of-00005.safetensors",
                "model-00006-of-00005.safetensors",
                1,
            ),
            ("model-1-of-2.gguf", "model-1-of-2.gguf", 1),
            ("no-extension", "no-extension", 1),
        ] {
            let want = Part {
                set: set.to_owned(),
                count,
            };
            assert_eq!(Part::of(name), want, "{name}");
        }
    }

    #[test]
    fn shards_are_added_up_and_bad_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let header = r#"{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}"#;
        let mut good = (header.len() as u64).to_le_bytes().to_vec();
        good.extend(header.as_bytes());
        good.extend([0; 6]);
        let source = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            Source {
                name: name.to_owned(),
                path,
            }
        };
        let models = models([
            source("model-00001-of-00003.safetensors", &good),
            source("model-00002-of-00003.safetensors", &good),
            source("model-00003-of-00003.safetensors", b"<html>"),
            source("other.safetensors", &good),
            source("README.md", b""),
        ]);
        assert_eq!(models.len(), 2);
        let [model, other] = &models[..] else {
            panic!()
        };
        assert_eq!(
            (model.shards, model.all_shards, model.parameters),
            (2, 3, 6)
        );
        assert_eq!(model.unreadable[0].0, "model-00003-of-00003.safetensors");
        assert_eq!((other.shards, other.types["F16"]), (1, 3));
    }
}
