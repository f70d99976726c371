//! One JSON object per line, for programs. The names are documented in `docs/events.md`.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use larder::report::Event;

use super::board::{Board, Sample};
use super::{Printer, write_line};

/// Prints every event, and the byte counts once a second.
pub(crate) struct Json(Box<dyn Write + Send>);

impl Json {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(to)
    }

    fn print(&mut self, now: Duration, mut object: Value) {
        object["elapsed_ms"] = json!(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        write_line(&mut self.0, &object.to_string());
    }
}

impl Printer for Json {
    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn event(&mut self, now: Duration, event: &Event, _board: &Board) {
        self.print(now, object(event));
    }

    fn tick(&mut self, now: Duration, board: &mut Board) {
        let sample = board.sample(now);
        if let Some(total) = sample.total {
            self.print(now, progress(&sample, total));
        }
    }
}

fn object(event: &Event) -> Value {
    match event {
        Event::Resolved { repo, commit } => json!({
            "event": "resolved",
            "repo": repo.id(),
            "kind": repo.kind().as_str(),
            "commit": commit.as_str(),
        }),
        Event::Planned {
            files,
            have_bytes,
            check_bytes,
            need_bytes,
        } => json!({
            "event": "planned",
            "files": files,
            "have_bytes": have_bytes,
            "check_bytes": check_bytes,
            "need_bytes": need_bytes,
        }),
        Event::Started {
            path,
            len,
            have_bytes,
            is_fetch,
            ..
        } => json!({
            "event": "started",
            "file": path.as_str(),
            "size_bytes": len,
            "have_bytes": have_bytes,
            "is_fetch": is_fetch,
        }),
        Event::Retrying { path, cause, wait } => json!({
            "event": "retrying",
            "file": path.as_ref().map(larder::repo::RepoPath::as_str),
            "cause": cause,
            "wait_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        }),
        Event::Waiting { path } => json!({
            "event": "waiting",
            "file": path.as_ref().map(larder::repo::RepoPath::as_str),
        }),
        Event::Verified { path, len } => json!({
            "event": "verified",
            "file": path.as_str(),
            "size_bytes": len,
        }),
        Event::Notice(text) => json!({ "event": "notice", "message": text }),
        Event::Published { path } => json!({
            "event": "published",
            "path": path.to_string_lossy(),
        }),
    }
}

fn progress(sample: &Sample, total: u64) -> Value {
    let files: Vec<_> = sample
        .in_flight
        .iter()
        .map(|file| {
            json!({
                "file": file.path.as_str(),
                "size_bytes": file.len,
                "written_bytes": file.written,
                "verified_bytes": file.verified,
            })
        })
        .collect();
    json!({
        "event": "progress",
        "total_bytes": total,
        "on_disk_bytes": sample.on_disk,
        "verified_bytes": sample.verified,
        "fetched_bytes": sample.fetched,
        "bytes_per_second": sample.rate,
        "seconds_left": sample.eta.map(|eta| eta.as_secs()),
        "files": sample.files,
        "verified_files": sample.verified_files,
        "in_flight": files,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{path, planned, resolved, started, tell, verified};
    use super::*;
    use crate::cli::output::testing::Shared;

    #[test]
    fn every_event_is_a_documented_object() {
        let (text, mut board) = (Shared::default(), Board::default());
        let mut json = Json::new(Box::new(text.clone()));
        let (start, counters) = started("a.bin", 10, 100);
        let events = [
            resolved(),
            planned(1, 0, 10, 90),
            start,
            Event::Retrying {
                path: None,
                cause: "x".into(),
                wait: Duration::from_millis(1500),
            },
            Event::Waiting {
                path: Some(path("a.bin")),
            },
            Event::Notice("n".into()),
        ];
        for event in &events {
            tell(&mut json, &mut board, 5, event);
        }
        counters.add_written(30);
        json.tick(Duration::from_secs(1), &mut board);
        tell(&mut json, &mut board, 2000, &verified("a.bin", 100));
        tell(
            &mut json,
            &mut board,
            2000,
            &Event::Published { path: "/x".into() },
        );

        let page = include_str!("../../../docs/events.md");
        let text = text.text();
        let objects: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(objects.len(), 9);
        for object in &objects {
            let name = object["event"].as_str().unwrap();
            assert!(
                page.contains(&format!("| `{name}` |")),
                "docs/events.md lacks {name}"
            );
            for key in object.as_object().unwrap().keys() {
                assert!(
                    page.contains(&format!("`{key}`")),
                    "docs/events.md lacks {name}.{key}"
                );
            }
        }
        assert_eq!(objects[6]["on_disk_bytes"], 40);
        assert_eq!(objects[6]["in_flight"][0]["written_bytes"], 40);
        assert_eq!(objects[3]["wait_ms"], 1500);
    }
}
