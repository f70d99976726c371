//! `--weights`: one format of a model's weights instead of every copy of them.
//!
//! A repo often holds the same weights several times: for `PyTorch`, TensorFlow, Flax, ONNX, … and as
//! the maker first published them (`original/`, `consolidated*`). Which file is what is read from
//! its name. A name that is not known for sure counts as no weight and is kept: one file too many
//! costs time, one too few breaks the model.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::error::Cause;
use crate::hub::RemoteFile;
use crate::repo::RepoPath;

/// A file format of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeightFormat {
    /// `*.safetensors`.
    Safetensors,
    /// `*.gguf`, of llama.cpp.
    Gguf,
    /// `pytorch_model.bin`, `*.pt`, `*.pth`, `*.ckpt`.
    Pytorch,
    /// `*.onnx` and its data files.
    Onnx,
    /// `tf_model.h5`, saved models and checkpoints of TensorFlow.
    Tensorflow,
    /// `flax_model.msgpack`.
    Flax,
    /// `openvino_model.xml` and `.bin`.
    Openvino,
    /// `*.mlpackage`, `*.mlmodel`.
    Coreml,
    /// `*.tflite`.
    Tflite,
    /// `rust_model.ot`.
    Rust,
}

/// A text that names no weight format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weight formats are {}", names(&WeightFormat::ALL).join(", "))]
pub struct UnknownFormat;

impl WeightFormat {
    /// Every format, the usual ones first.
    pub const ALL: [Self; 10] = [
        Self::Safetensors,
        Self::Gguf,
        Self::Pytorch,
        Self::Onnx,
        Self::Tensorflow,
        Self::Flax,
        Self::Openvino,
        Self::Coreml,
        Self::Tflite,
        Self::Rust,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Pytorch => "pytorch",
            Self::Onnx => "onnx",
            Self::Tensorflow => "tensorflow",
            Self::Flax => "flax",
            Self::Openvino => "openvino",
            Self::Coreml => "coreml",
            Self::Tflite => "tflite",
            Self::Rust => "rust",
        }
    }

    /// The format of a file of weights, or of their index; none for every other file.
    pub fn of(path: &RepoPath) -> Option<Self> {
        let path = path.as_str().to_ascii_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        if path
            .split('/')
            .any(|s| s.ends_with(".mlpackage") || s.ends_with(".mlmodelc"))
        {
            return Some(Self::Coreml);
        }
        let name = indexed(name);
        let (stem, extension) = name.rsplit_once('.')?;
        Some(match extension {
            "safetensors" => Self::Safetensors,
            "gguf" => Self::Gguf,
            "bin" | "xml" if name.starts_with("openvino") => Self::Openvino,
            "bin" if is_pytorch_bin(stem) => Self::Pytorch,
            "pt" | "pth" | "ckpt" if !is_training_state(stem) => Self::Pytorch,
            "onnx" => Self::Onnx,
            _ if extension.starts_with("onnx_data") || name.ends_with(".onnx.data") => Self::Onnx,
            "h5" | "keras" => Self::Tensorflow,
            _ if is_tensorflow(stem, extension) => Self::Tensorflow,
            "msgpack" => Self::Flax,
            "mlmodel" => Self::Coreml,
            "tflite" => Self::Tflite,
            "ot" => Self::Rust,
            _ => return None,
        })
    }
}

impl fmt::Display for WeightFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WeightFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let is_it = |format: &Self| format.as_str().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(is_it).ok_or(UnknownFormat)
    }
}

/// Which files of `listing` stay when its weights are wanted in `format` only.
pub(super) fn keep(format: WeightFormat, listing: &[RemoteFile]) -> Result<Vec<bool>, Cause> {
    let formats: Vec<_> = listing
        .iter()
        .map(|file| WeightFormat::of(&file.path))
        .collect();
    if !formats.contains(&Some(format)) {
        let there: Vec<_> = WeightFormat::ALL
            .into_iter()
            .filter(|f| formats.contains(&Some(*f)))
            .collect();
        let pattern = format!("--weights {format}");
        return Err(Cause::NoMatch {
            pattern,
            choices: names(&there),
        });
    }
    let of_format = || {
        let with_format = listing
            .iter()
            .zip(&formats)
            .filter(|(_, f)| **f == Some(format));
        with_format.map(|(file, _)| &file.path)
    };
    let has_converted = of_format().any(|path| !is_original(path));
    let twins = of_format().filter(|path| !is_consolidated(path));
    let twins: HashSet<&str> = twins.map(folder).collect();
    let is_duplicate = |path: &RepoPath| {
        (is_original(path) && has_converted)
            || (is_consolidated(path) && twins.contains(folder(path)))
    };
    let stays = |(file, of): (&RemoteFile, &Option<WeightFormat>)| {
        of.is_none_or(|of| of == format) && !is_duplicate(&file.path)
    };
    Ok(listing.iter().zip(&formats).map(stays).collect())
}

fn names(formats: &[WeightFormat]) -> Vec<String> {
    formats.iter().map(WeightFormat::to_string).collect()
}

/// `x.bin.index.json` and `x.safetensors.index.fp16.json` belong to the format of `x.…`.
fn indexed(name: &str) -> &str {
    let stem = name.strip_suffix(".json").unwrap_or_default();
    let variant = || stem.split_once(".index.").map(|(indexed, _)| indexed);
    stem.strip_suffix(".index").or_else(variant).unwrap_or(name)
}

/// `.bin` says little: voices, vocabularies and tables have it too.
fn is_pytorch_bin(stem: &str) -> bool {
    let words = [
        "model",
        "pytorch",
        "adapter",
        "consolidated",
        "weights",
        "embeds",
    ];
    words.iter().any(|word| stem.contains(word))
}

fn is_training_state(stem: &str) -> bool {
    ["optimizer", "scheduler", "scaler", "rng_state"]
        .iter()
        .any(|word| stem.starts_with(word))
}

/// A saved model, or the parts of a checkpoint: `model.ckpt.data-00000-of-00001`, `.index`, `.meta`.
fn is_tensorflow(stem: &str, extension: &str) -> bool {
    let is_part = extension.starts_with("data-") || extension == "index" || extension == "meta";
    (stem == "saved_model" && extension == "pb")
        || (is_part && (stem.contains("ckpt") || stem == "variables"))
}

fn is_original(path: &RepoPath) -> bool {
    path.as_str().starts_with("original/")
}

fn is_consolidated(path: &RepoPath) -> bool {
    path.file_name().starts_with("consolidated") && WeightFormat::of(path).is_some()
}

fn folder(path: &RepoPath) -> &str {
    path.as_str()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::tests::{listing, names};

    fn kept(format: WeightFormat, paths: &[&str]) -> Vec<String> {
        let files = listing(paths);
        let keep = keep(format, &files).unwrap();
        names(
            &files
                .into_iter()
                .zip(keep)
                .filter_map(|(f, k)| k.then_some(f))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn formats_of_real_names() {
        use WeightFormat as F;
        let table = [
            ("model-00001-of-00004.safetensors", Some(F::Safetensors)),
            ("model.safetensors.index.json", Some(F::Safetensors)),
            (
                "unet/diffusion_pytorch_model.fp16.safetensors",
                Some(F::Safetensors),
            ),
            (
                "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
                Some(F::Safetensors),
            ),
            ("pytorch_model.bin", Some(F::Pytorch)),
            ("pytorch_model-00001-of-00002.bin", Some(F::Pytorch)),
            ("pytorch_model.bin.index.json", Some(F::Pytorch)),
            ("adapter_model.bin", Some(F::Pytorch)),
            ("original/consolidated.00.pth", Some(F::Pytorch)),
            ("v1-5-pruned.ckpt", Some(F::Pytorch)),
            ("onnx/model_q4.onnx", Some(F::Onnx)),
            ("onnx/model.onnx_data", Some(F::Onnx)),
            ("onnx/model.onnx_data_1", Some(F::Onnx)),
            ("model.onnx.data", Some(F::Onnx)),
            ("tf_model.h5", Some(F::Tensorflow)),
            ("model.ckpt.data-00000-of-00001", Some(F::Tensorflow)),
            ("saved_model/saved_model.pb", Some(F::Tensorflow)),
            ("saved_model/variables/variables.index", Some(F::Tensorflow)),
            ("flax_model.msgpack", Some(F::Flax)),
            ("flax_model.msgpack.index.json", Some(F::Flax)),
            ("openvino/openvino_model.bin", Some(F::Openvino)),
            ("openvino/openvino_model.xml", Some(F::Openvino)),
            (
                "coreml/m.mlpackage/Data/weights/weight.bin",
                Some(F::Coreml),
            ),
            ("64.tflite", Some(F::Tflite)),
            ("rust_model.ot", Some(F::Rust)),
            ("X-Q4_K_M.GGUF", Some(F::Gguf)),
            ("config.json", None),
            ("tokenizer.model", None),
            ("training_args.bin", None),
            ("voices/af.bin", None),
            ("optimizer.pt", None),
            ("model.index.json", None),
            ("LICENSE", None),
        ];
        for (path, want) in table {
            assert_eq!(
                WeightFormat::of(&RepoPath::parse(path).unwrap()),
                want,
                "{path}"
            );
        }
    }

    #[test]
    fn other_formats_go_and_the_rest_stays() {
        let paths = [
            "README.md",
            "config.json",
            "flax_model.msgpack",
            "model.safetensors",
            "onnx/model.onnx",
            "pytorch_model.bin",
            "tf_model.h5",
            "vocab.txt",
        ];
        let want = ["README.md", "config.json", "model.safetensors", "vocab.txt"];
        assert_eq!(kept(WeightFormat::Safetensors, &paths), want);
        let want = ["README.md", "config.json", "pytorch_model.bin", "vocab.txt"];
        assert_eq!(kept(WeightFormat::Pytorch, &paths), want);
    }

    #[test]
    fn first_editions_of_the_same_weights_go() {
        let llama = [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "original/consolidated.00.pth",
            "original/params.json",
        ];
        assert_eq!(kept(WeightFormat::Safetensors, &llama), llama[..3]);
        assert_eq!(
            kept(WeightFormat::Pytorch, &llama),
            [llama[0], llama[3], llama[4]]
        );
        let mistral = [
            "consolidated.safetensors",
            "consolidated.safetensors.index.json",
            "model-00001-of-00001.safetensors",
            "params.json",
        ];
        assert_eq!(kept(WeightFormat::Safetensors, &mistral), mistral[2..]);
        assert_eq!(kept(WeightFormat::Safetensors, &mistral[..2]), mistral[..2]);
    }

    #[test]
    fn a_format_that_is_not_there_is_an_error_with_the_choices() {
        let files = listing(&["a.json", "model.safetensors", "onnx/model.onnx"]);
        let Err(Cause::NoMatch { choices, .. }) = keep(WeightFormat::Gguf, &files) else {
            panic!("there is no GGUF");
        };
        assert_eq!(choices, ["safetensors", "onnx"]);
    }

    #[test]
    fn names_parse_back() {
        for format in WeightFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
            assert_eq!(format.as_str().to_uppercase().parse(), Ok(format));
        }
        let error = "torch".parse::<WeightFormat>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the weight formats are safetensors, gguf")
        );
    }
}
