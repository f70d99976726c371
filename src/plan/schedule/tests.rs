use super::*;
use proptest::prelude::*;

const SHAPE: Shape = Shape {
    connections: 4,
    whole_bytes: 10,
    min_segment_bytes: 50,
    max_segment_bytes: 400,
    min_split_bytes: 20,
};

/// Plays a transfer with `choices` as the course of events, and checks the invariants after each.
fn play(lens: &[u64], have: &[RangeSet], choices: &[u16]) -> Result<usize, TestCaseError> {
    let need = lens
        .iter()
        .zip(have)
        .map(|(&len, have)| have.gaps(0..len).total_bytes())
        .sum();
    let mut schedule = Schedule::new(SHAPE, lens, need);
    let mut written: Vec<RangeSet> = have.to_vec();
    let mut flying: Vec<(Segment, u64)> = Vec::new();
    let mut closed = vec![false; lens.len()];
    let mut segments = 0;
    let mut choices = choices.iter().copied().cycle();
    for step in 0..100_000u64 {
        let now = Duration::from_millis(step * 100);
        let choice = choices.next().unwrap_or(0);
        schedule.set_rate(u64::from(choice % 7) * 10);
        schedule.set_connections(choice % 5);
        schedule.set_behind(usize::from(choice) % lens.len(), choice % 2 == 0);
        if flying.len() < 4 && choice % 3 != 0 {
            match schedule.next(now) {
                Next::Open(file) if choice % 11 == 0 => schedule.defer(file, now),
                Next::Open(file) => {
                    let missing = written[file].gaps(0..lens[file]);
                    if missing.is_empty() {
                        closed[file] = true;
                        schedule.close(file);
                    } else {
                        schedule.opened(file, missing);
                    }
                }
                Next::Fetch { segment, .. } => {
                    prop_assert!(!segment.range.is_empty());
                    let free = written[segment.file].gaps(segment.range.clone());
                    prop_assert_eq!(free.total_bytes(), segment.range.end - segment.range.start);
                    segments += 1;
                    let cursor = segment.range.start;
                    flying.push((segment, cursor));
                }
                Next::Wait => prop_assert!(!flying.is_empty() || schedule.wake_at().is_some()),
                Next::Finished => {
                    for (have, &len) in written.iter().zip(lens) {
                        prop_assert!(have.contains_range(&(0..len)));
                    }
                    return Ok(segments);
                }
            }
        } else if !flying.is_empty() {
            let (segment, cursor) = flying.swap_remove(usize::from(choice) % flying.len());
            let end = schedule.progress(segment.id, cursor, now);
            let file = segment.file;
            if cursor >= end || choice % 13 == 0 {
                schedule.release(segment.id, cursor);
                if written[file].contains_range(&(0..lens[file])) && !closed[file] {
                    closed[file] = true;
                    schedule.close(file);
                }
            } else {
                let next = (cursor + 1 + u64::from(choice % 97)).min(end);
                prop_assert!(written[file].gaps(cursor..next).total_bytes() == next - cursor);
                written[file].insert(cursor..next);
                schedule.progress(segment.id, next, now);
                flying.push((segment, next));
            }
        }
    }
    Err(TestCaseError::fail("the transfer never ended"))
}

proptest! {
    #[test]
    fn every_missing_byte_is_asked_exactly_once(
        files in prop::collection::vec((1..600u64, 0..600u64, 0..300u64), 1..8),
        choices in prop::collection::vec(any::<u16>(), 50..200),
    ) {
        let lens: Vec<u64> = files.iter().map(|&(len, ..)| len).collect();
        let have: Vec<RangeSet> = files
            .iter()
            .map(|&(len, start, more)| {
                let range = start.min(len)..(start + more).min(len);
                [range].into_iter().filter(|range| !range.is_empty()).collect()
            })
            .collect();
        play(&lens, &have, &choices)?;
    }
}

/// With so few connections that segments have their least length.
fn start(lens: &[u64]) -> Schedule {
    let total: u64 = lens.iter().sum();
    let mut schedule = Schedule::new(SHAPE, lens, total);
    schedule.set_connections(2);
    schedule
}

#[test]
fn a_little_is_shared_out_without_splits() {
    let mut schedule = Schedule::new(SHAPE, &[88], 88);
    let shares: Vec<_> = (0..4).map(|_| fetch(&mut schedule, 0)).collect();
    assert!(
        shares.iter().all(|(segment, cut)| {
            cut.is_none() && segment.range.end - segment.range.start == 22
        })
    );
}

fn fetch(schedule: &mut Schedule, now: u64) -> (Segment, Option<SegmentId>) {
    loop {
        match schedule.next(Duration::from_secs(now)) {
            Next::Open(file) => {
                let len = schedule.files[file].len;
                schedule.opened(file, RangeSet::from(0..len));
            }
            Next::Fetch { segment, shortened } => return (segment, shortened),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn large_files_come_first_and_small_ones_in_between() {
    let mut schedule = start(&[5, 1000, 7, 2000]);
    let files: Vec<FileIndex> = (0..4).map(|_| fetch(&mut schedule, 0).0.file).collect();
    assert_eq!(files, [2, 3, 3, 3]);
}

#[test]
fn while_a_hash_is_behind_other_files_come_first() {
    let mut schedule = start(&[1000, 900]);
    assert_eq!(fetch(&mut schedule, 0).0.file, 0);
    schedule.set_behind(0, true);
    assert_eq!(fetch(&mut schedule, 0).0.file, 1);
    schedule.set_behind(1, true);
    assert_eq!(fetch(&mut schedule, 0).0.file, 0);
    schedule.set_behind(0, false);
    assert_eq!(fetch(&mut schedule, 0).0.file, 0);
}

#[test]
fn what_is_in_flight_stays_near_the_front() {
    let len = 20 << 30;
    let mut schedule = Schedule::new(Shape::for_connections(16), &[len], len);
    schedule.set_rate(1 << 30);
    for n in 0..16 {
        let (segment, _) = fetch(&mut schedule, 0);
        assert!(segment.range.end <= (n + 1) * (64 << 20), "{segment:?}");
    }
}

#[test]
fn a_crawling_connection_keeps_almost_nothing() {
    let mut schedule = start(&[100]);
    let (slow, _) = fetch(&mut schedule, 0);
    let (fast, _) = fetch(&mut schedule, 0);
    assert_eq!((slow.range, fast.range), (0..50, 50..100));
    schedule.progress(slow.id, 2, Duration::from_secs(9));
    schedule.progress(fast.id, 100, Duration::from_secs(9));
    schedule.release(fast.id, 100);
    schedule.set_rate(50);
    let (taken, shortened) = fetch(&mut schedule, 10);
    assert_eq!((taken.range, shortened), (2..22, Some(slow.id)));
    assert_eq!(schedule.progress(slow.id, 2, Duration::from_secs(10)), 2);
}

#[test]
fn what_has_arrived_is_not_given_away_and_what_was_given_away_does_not_arrive() {
    let mut schedule = start(&[100]);
    let (slow, _) = fetch(&mut schedule, 0);
    let (fast, _) = fetch(&mut schedule, 0);
    let now = Duration::from_secs(1);
    assert_eq!(schedule.progress(slow.id, 10, now), 50);
    schedule.release(fast.id, 100);
    schedule.set_rate(10);
    let (taken, _) = fetch(&mut schedule, 1);
    assert_eq!(taken.range, 30..50);
    // A piece that was on its way when the end moved.
    assert_eq!(schedule.progress(slow.id, 50, now), 30);
    schedule.progress(taken.id, 35, now);
    assert_eq!(schedule.next(now), Next::Wait);
}

#[test]
fn a_crawling_connection_is_relieved_before_anything_else() {
    let mut schedule = start(&[1000]);
    let (slow, _) = fetch(&mut schedule, 0);
    let (fast, _) = fetch(&mut schedule, 0);
    schedule.set_rate(20);
    let now = Duration::from_secs(2);
    schedule.progress(slow.id, slow.range.start + 1, now);
    schedule.progress(fast.id, fast.range.end, now);
    schedule.release(fast.id, fast.range.end);
    let (taken, shortened) = fetch(&mut schedule, 2);
    assert_eq!((taken.range, shortened), (1..21, Some(slow.id)));
}

#[test]
fn what_is_taken_from_a_crawling_connection_is_shared_and_comes_first() {
    let mut schedule = start(&[1000]);
    let (slow, _) = fetch(&mut schedule, 0);
    let (fast, _) = fetch(&mut schedule, 0);
    assert_eq!((slow.range, fast.range.clone()), (0..50, 50..100));
    schedule.set_rate(20);
    let now = Duration::from_secs(2);
    schedule.progress(slow.id, 1, now);
    schedule.progress(fast.id, fast.range.end, now);
    schedule.release(fast.id, fast.range.end);
    let taken: Vec<_> = (0..4).map(|_| fetch(&mut schedule, 2).0.range).collect();
    assert_eq!(taken[..3], [1..21, 21..41, 41..50]);
    assert_eq!(taken[3].start, 100);
}

#[test]
fn the_rest_is_shared_out_so_that_all_end_together() {
    let mut schedule = start(&[1000]);
    schedule.set_connections(4);
    schedule.set_rate(1000);
    let first: Vec<_> = (0..4).map(|_| fetch(&mut schedule, 0).0.range).collect();
    assert_eq!(first, [0..250, 250..500, 500..750, 750..1000]);
}

#[test]
fn what_is_over_soon_is_not_cut() {
    let mut schedule = start(&[50]);
    schedule.set_connections(1);
    let (_only, _) = fetch(&mut schedule, 0);
    schedule.set_rate(1000);
    assert_eq!(schedule.next(Duration::from_millis(100)), Next::Wait);
    schedule.set_rate(200);
    assert!(matches!(
        schedule.next(Duration::from_millis(100)),
        Next::Fetch { .. }
    ));
}

#[test]
fn a_standstill_is_seen_before_any_rate_is_known() {
    let mut schedule = start(&[15]);
    let (still, _) = fetch(&mut schedule, 0);
    schedule.progress(still.id, 5, Duration::from_secs(1));
    let (taken, shortened) = fetch(&mut schedule, 4);
    assert_eq!((taken.range, shortened), (5..15, Some(still.id)));
}

#[test]
fn where_nobody_gets_anything_nobody_is_relieved() {
    let mut schedule = start(&[15, 15]);
    let (first, _) = fetch(&mut schedule, 0);
    let (_second, _) = fetch(&mut schedule, 0);
    schedule.set_rate(1);
    assert_eq!(schedule.next(Duration::from_secs(60)), Next::Wait);
    schedule.progress(first.id, 15, Duration::from_secs(60));
    schedule.release(first.id, 15);
    schedule.close(first.file);
    // It took a minute for the first bytes: the other one may take as long.
    assert_eq!(schedule.next(Duration::from_secs(61)), Next::Wait);
    assert!(matches!(
        schedule.next(Duration::from_secs(121)),
        Next::Fetch { .. }
    ));
}

#[test]
fn a_slow_start_is_not_a_standstill() {
    let mut schedule = start(&[15]);
    let (_first, _) = fetch(&mut schedule, 0);
    schedule.set_rate(50);
    assert_eq!(schedule.next(Duration::from_secs(5)), Next::Wait);
}

#[test]
fn two_hundred_gigabytes_take_less_than_a_thousand_requests() {
    let len = 200_000_000_000;
    let mut schedule = Schedule::new(Shape::for_connections(16), &[len], len);
    assert_eq!(schedule.next(Duration::ZERO), Next::Open(0));
    schedule.opened(0, RangeSet::from(0..len));
    let mut requests = 0;
    while let Next::Fetch { segment, .. } = schedule.next(Duration::ZERO) {
        schedule.progress(segment.id, segment.range.end, Duration::ZERO);
        schedule.release(segment.id, segment.range.end);
        requests += 1;
    }
    assert!((200..1000).contains(&requests), "{requests}");
}
