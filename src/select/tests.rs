use super::*;
use crate::digest::GitOid;
use crate::error::Kind;
use crate::repo::RepoPath;

/// A listing of files without content.
pub(super) fn listing(paths: &[&str]) -> Vec<RemoteFile> {
    let file = |path: &&str| RemoteFile {
        path: RepoPath::parse(path).unwrap(),
        len: 0,
        digest: GitOid::of(b"").into(),
        git_oid: Some(GitOid::of(b"")),
        xet_hash: None,
        changed_by: None,
    };
    paths.iter().map(file).collect()
}

pub(super) fn names(files: &[RemoteFile]) -> Vec<String> {
    files
        .iter()
        .map(|file| file.path.as_str().to_owned())
        .collect()
}

const REPO: [&str; 8] = [
    "README.md",
    "config.json",
    "data/[x].csv",
    "model.safetensors",
    "onnx/model.onnx",
    "onnx/sub/config.json",
    "pytorch_model.bin",
    "tokenizer.json",
];

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn select(names: &[&str], include: &[&str], exclude: &[&str]) -> Selection {
    let [names, include, exclude] = [names, include, exclude].map(strings);
    Selection {
        names,
        include,
        exclude,
        ..Selection::default()
    }
}

fn taken(selection: &Selection) -> Vec<String> {
    names(&selection.apply(&listing(&REPO)).unwrap())
}

fn refused(selection: &Selection) -> Cause {
    selection.apply(&listing(&REPO)).unwrap_err()
}

#[test]
fn nothing_asked_is_everything() {
    assert_eq!(taken(&Selection::default()), REPO);
    assert!(Selection::default().apply(&[]).unwrap().is_empty());
    assert!(select(&[], &[], &["*"]).apply(&[]).unwrap().is_empty());
}

#[test]
fn names_are_files_folders_or_globs() {
    let table: [(&[&str], &[&str]); 7] = [
        (&["config.json"], &["config.json"]),
        (&["onnx/"], &["onnx/model.onnx", "onnx/sub/config.json"]),
        (&["onnx/sub"], &["onnx/sub/config.json"]),
        (&["onnx\\sub\\config.json"], &["onnx/sub/config.json"]),
        (&["data/[x].csv"], &["data/[x].csv"]),
        (
            &["*.md", "tokenizer.json"],
            &["README.md", "tokenizer.json"],
        ),
        (
            &["tokenizer.json", "README.md"],
            &["README.md", "tokenizer.json"],
        ),
    ];
    for (asked, want) in table {
        assert_eq!(taken(&select(asked, &[], &[])), want, "{asked:?}");
    }
}

#[test]
fn names_and_includes_add_up_and_excludes_take_away() {
    let selection = select(&["README.md"], &["*.json"], &["onnx/"]);
    assert_eq!(
        taken(&selection),
        ["README.md", "config.json", "tokenizer.json"]
    );
    assert_eq!(
        taken(&select(&[], &[], &["*/*", "*.bin", "no such"])).len(),
        4
    );
}

#[test]
fn what_matches_nothing_is_told_with_what_is_near() {
    let Cause::FileNotFound { path, nearest } = refused(&select(&["confg.json"], &[], &[])) else {
        panic!("a plain name");
    };
    assert_eq!(
        (path.as_str(), nearest[0].as_str()),
        ("confg.json", "config.json")
    );
    for selection in [
        select(&["*.safetensor"], &[], &[]),
        select(&[], &["*.safetensor"], &[]),
    ] {
        let Cause::NoMatch { pattern, choices } = refused(&selection) else {
            panic!("a pattern");
        };
        assert_eq!(
            (pattern.as_str(), choices[0].as_str()),
            ("*.safetensor", "*.safetensors")
        );
    }
    assert_eq!(
        refused(&select(&["config.json/"], &[], &[])).kind(),
        Kind::Missing
    );
    assert_eq!(refused(&select(&["", "x"], &[], &[])).kind(), Kind::Missing);
    assert!(select(&[], &["*"], &[]).apply(&[]).is_err());
}

#[test]
fn all_left_out_is_an_error() {
    let Cause::NoMatch { pattern, .. } = refused(&select(&[], &["*.json"], &["*.js*"])) else {
        panic!("nothing is left");
    };
    assert_eq!(pattern, "--include *.json --exclude *.js*");
}

#[test]
fn contradictions_are_told() {
    let named = select(&["config.json"], &[], &["*.json"]);
    let quant = Some("Q8_0".to_owned());
    let weights = Some(WeightFormat::Onnx);
    let both = Selection {
        quant,
        weights,
        names: strings(&["README.md"]),
        ..select(&[], &[], &[])
    };
    assert_eq!(refused(&named).kind(), Kind::Usage);
    let gguf = listing(&["README.md", "X-Q8_0.gguf"]);
    assert_eq!(both.apply(&gguf).unwrap_err().kind(), Kind::Usage);
}

#[test]
fn a_weight_format_thins_what_was_not_named() {
    let weights = Some(WeightFormat::Safetensors);
    let all = Selection {
        weights,
        ..Selection::default()
    };
    let is_kept = |path: &&str| !path.contains(".onnx") && !path.contains(".bin");
    let want: Vec<_> = REPO.into_iter().filter(is_kept).collect();
    assert_eq!(taken(&all), want);
    let named = Selection {
        weights,
        ..select(&["pytorch_model.bin"], &["*.onnx", "*.json"], &[])
    };
    let want = [
        "config.json",
        "onnx/sub/config.json",
        "pytorch_model.bin",
        "tokenizer.json",
    ];
    assert_eq!(taken(&named), want);
}

#[test]
fn a_quantisation_adds_to_names() {
    let files = listing(&["README.md", "X-Q4_0.gguf", "X-Q8_0.gguf", "mmproj-X.gguf"]);
    let quant = Some("q8_0".to_owned());
    let selection = Selection {
        quant,
        ..select(&["README.md"], &[], &["mmproj*"])
    };
    assert_eq!(
        names(&selection.apply(&files).unwrap()),
        ["README.md", "X-Q8_0.gguf"]
    );
}
