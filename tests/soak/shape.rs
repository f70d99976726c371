//! What the hub of a schedule has, and how it sends it.

use std::time::Duration;

use fastrand::Rng;

use super::hub::{self, Builder, Content, Fault, Hub, Match, Origin, Repo};

const KB: u64 = 1000;

/// Two repos at most; the second has files of the first.
pub(crate) struct Shape {
    repos: Vec<(&'static str, Vec<File>)>,
}

#[derive(Clone)]
struct File {
    path: String,
    is_lfs: bool,
    content: Content,
}

const PATHS: [&str; 6] = [
    "config.json",
    "model.safetensors",
    "onnx/model.onnx",
    "a b/ä.txt",
    "tokenizer/deep/er/vocab.txt",
    "empty.txt",
];

impl Shape {
    pub(crate) fn choose(random: &mut Rng) -> Self {
        let mut paths = PATHS.to_vec();
        random.shuffle(&mut paths);
        let files: Vec<File> = paths
            .into_iter()
            .take(random.usize(1..=4))
            .map(|path| file(path, random))
            .collect();
        let mut repos = vec![("org/one", files.clone())];
        if random.u8(..3) == 0 {
            let mut others = files[..random.usize(..=files.len())].to_vec();
            others.push(file("other.bin", random));
            repos.push(("org/two", others));
        }
        Self { repos }
    }

    pub(crate) fn ids(&self) -> Vec<&'static str> {
        self.repos.iter().map(|(id, _)| *id).collect()
    }

    /// Bytes of all files; for a moment in the middle.
    pub(crate) fn bytes(&self) -> u64 {
        let files = self.repos.iter().flat_map(|(_, files)| files);
        files.map(|file| file.content.len()).sum()
    }

    pub(crate) fn hub(&self, random: &mut Rng) -> Hub {
        let builder = Hub::builder()
            .bind_range(random.u8(..4) == 0)
            .shared_urls(random.u8(..4) != 0)
            .absolute_redirects(random.bool())
            .resolve_cache(random.bool())
            .page_size(random.usize(1..5))
            .shape(Origin::Cdn, speed(random));
        let builder = self.repos.iter().fold(builder, |builder, (id, files)| {
            let files = files.iter().cloned();
            builder.repo(files.fold(Repo::model(*id), |repo, file| {
                if file.is_lfs {
                    repo.lfs(&file.path, file.content)
                } else {
                    repo.file(&file.path, file.content)
                }
            }))
        });
        let hub = Builder::start(builder);
        for _fault in 0..random.u8(..4) {
            let times = random.u32(1..4);
            hub.faults().times(times, place(random), fault(random));
        }
        hub
    }
}

/// Small, a little above the line where a partial begins, or some megabytes.
fn file(path: &str, random: &mut Rng) -> File {
    let len = match random.u8(..6) {
        _ if path.starts_with("empty") => 0,
        0 | 1 => random.u64(1..100 * KB),
        2 => (1 << 20) - 1 + random.u64(..3),
        3 => random.u64(1200 * KB..1500 * KB),
        _ => random.u64(2000 * KB..6000 * KB),
    };
    File {
        path: path.to_owned(),
        is_lfs: random.u8(..4) != 0,
        content: Content::synthetic(len, random.u64(1..1_000_000)),
    }
}

fn speed(random: &mut Rng) -> hub::Shape {
    hub::Shape {
        latency: Duration::from_millis(random.u64(..20)),
        first_byte: Duration::from_millis(random.u64(..20)),
        rate: (random.u8(..3) != 0).then(|| random.u64(1000 * KB..8000 * KB)),
    }
}

fn place(random: &mut Rng) -> Match {
    let place = match random.u8(..4) {
        0 => Match::any(),
        1 => Match::hub().path("/api/"),
        2 => Match::hub().path("resolve"),
        _ => Match::cdn().method("GET"),
    };
    if random.bool() {
        place.nth(random.u64(..6))
    } else {
        place
    }
}

fn fault(random: &mut Rng) -> Fault {
    let bytes = random.u64(..300 * KB);
    let faults = [
        Fault::status(500),
        Fault::status(503),
        Fault::status(403),
        Fault::ResetBeforeHeaders,
        Fault::Silence,
        Fault::CutAfter {
            bytes,
            reset: false,
        },
        Fault::CutAfter { bytes, reset: true },
        Fault::Stall { after_bytes: bytes },
        Fault::FlipBit {
            offset_in_file: bytes,
        },
        Fault::WrongRange { shift: 16 },
        Fault::WrongTotal,
        Fault::ShortLength { missing: 1 },
        Fault::ShortRange { missing: 1 },
        Fault::ExtraBytes { count: 1 },
        Fault::SliceWith200,
        Fault::IgnoreRange,
        Fault::Gzip,
        Fault::Chunked,
        Fault::LyingContentLength { by: 1 },
        Fault::LyingContentLength { by: -1 },
        Fault::WrongEtag,
        Fault::ExpireUrl,
        Fault::HtmlPortal,
        Fault::RedirectLoop,
        Fault::EndlessBody,
        Fault::too_many_requests(1),
    ];
    faults[random.usize(..faults.len())].clone()
}
