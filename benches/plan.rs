//! What deciding costs: plans, range sets, the schedule. Nothing here touches a disk or a socket.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make the functions, and a bench ends where it cannot go on"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use larder::plan::ranges::RangeSet;
use larder::plan::schedule::{Next, Schedule, Shape};
use larder::plan::{Have, Plan};

mod support;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn plan(c: &mut Criterion) {
    let mut group = c.benchmark_group("plan");
    for count in support::FILES {
        let files: Vec<_> = support::rows(count).into_iter().map(Arc::new).collect();
        let half: HashMap<_, _> = files
            .iter()
            .step_by(2)
            .map(|file| {
                let ranges = RangeSet::from(0..file.len / 2);
                (file.digest, Have::Partial { ranges })
            })
            .collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("files", count), &files, |b, files| {
            b.iter(|| Plan::new(files, &half, false).totals());
        });
    }
    group.finish();
}

/// Ranges of 64 KiB, each followed by a gap of the same length.
fn scattered(count: u64) -> Vec<Range<u64>> {
    (0..count)
        .map(|n| n * 131_072..n * 131_072 + 65_536)
        .collect()
}

fn ranges(c: &mut Criterion) {
    let mut group = c.benchmark_group("ranges");
    for count in [100, 10_000, 100_000] {
        let sorted = scattered(count);
        let mut shuffled = sorted.clone();
        fastrand::Rng::with_seed(1).shuffle(&mut shuffled);
        let set: RangeSet = sorted.iter().cloned().collect();
        group.throughput(Throughput::Elements(count));
        group.bench_with_input(BenchmarkId::new("append", count), &sorted, |b, ranges| {
            b.iter(|| ranges.iter().cloned().collect::<RangeSet>());
        });
        group.bench_with_input(BenchmarkId::new("random", count), &shuffled, |b, ranges| {
            b.iter(|| ranges.iter().cloned().collect::<RangeSet>());
        });
        group.bench_with_input(BenchmarkId::new("gaps", count), &set, |b, set| {
            b.iter(|| set.gaps(0..count * 131_072));
        });
        group.throughput(Throughput::Elements(1));
        group.bench_with_input(BenchmarkId::new("look up", count), &set, |b, set| {
            b.iter(|| set.covered_end(black_box(count / 2 * 131_072)));
        });
    }
    // A download: sixteen fronts that grow, the usual case.
    group.throughput(Throughput::Elements(16 * 1000));
    group.bench_function("sixteen fronts", |b| {
        b.iter(|| {
            let mut set = RangeSet::new();
            for step in 0..1000 {
                for front in 0..16 {
                    let start = front * GIB + step * MIB;
                    set.insert(start..start + MIB);
                }
            }
            set
        });
    });
    group.finish();
}

/// Plays sixteen connections that take turns until everything is fetched. Returns the segments.
fn play(mut schedule: Schedule, lens: &[u64]) -> u64 {
    let mut now = Duration::ZERO;
    let mut segments = 0;
    let mut flying = Vec::new();
    loop {
        now += Duration::from_millis(1);
        match schedule.next(now) {
            Next::Open(file) => schedule.opened(file, RangeSet::from(0..lens[file])),
            Next::Fetch { segment, .. } => {
                segments += 1;
                flying.push(segment);
                if flying.len() < 16 {
                    continue;
                }
                let segment = flying.remove(0);
                finish(&mut schedule, &segment, now, lens);
            }
            Next::Wait => {
                let segment = flying.remove(0);
                finish(&mut schedule, &segment, now, lens);
            }
            Next::Finished => return segments,
        }
    }
}

fn finish(
    schedule: &mut Schedule,
    segment: &larder::plan::schedule::Segment,
    now: Duration,
    lens: &[u64],
) {
    let end = schedule.progress(segment.id, segment.range.end, now);
    schedule.release(segment.id, end);
    if end == lens[segment.file] {
        schedule.close(segment.file);
    }
}

fn schedule(c: &mut Criterion) {
    let mut group = c.benchmark_group("schedule");
    for count in support::FILES {
        let lens = vec![20_000; count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("small files", count), &lens, |b, lens| {
            b.iter_batched(
                || Schedule::new(Shape::for_connections(16), lens, lens.iter().sum()),
                |schedule| play(schedule, lens),
                BatchSize::LargeInput,
            );
        });
    }
    // One file at a time, so that what is last handed out is also what closes it.
    for gib in [20, 200] {
        let lens = vec![5 * GIB; gib / 5];
        group.throughput(Throughput::Bytes(lens.iter().sum()));
        group.bench_with_input(BenchmarkId::new("GiB of shards", gib), &lens, |b, lens| {
            b.iter_batched(
                || Schedule::new(Shape::for_connections(16), lens, lens.iter().sum()),
                |schedule| play(schedule, lens),
                BatchSize::LargeInput,
            );
        });
    }
    // What every received piece costs.
    group.throughput(Throughput::Elements(1));
    group.bench_function("progress", |b| {
        let lens = [200 * GIB];
        let mut schedule = Schedule::new(Shape::for_connections(16), &lens, lens[0]);
        schedule.next(Duration::ZERO);
        schedule.opened(0, RangeSet::from(0..lens[0]));
        let Next::Fetch { segment, .. } = schedule.next(Duration::ZERO) else {
            return;
        };
        let mut cursor = segment.range.start;
        b.iter(|| {
            cursor = (cursor + 1).min(segment.range.end);
            schedule.progress(segment.id, cursor, Duration::from_millis(1))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::short();
    targets = plan, ranges, schedule
}
criterion_main!(benches);
