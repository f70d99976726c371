use super::*;

const fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn known(origins: usize) -> Division {
    let mut division = Division::new(origins, None);
    (0..origins).for_each(|origin| division.note_known(origin));
    division
}

/// Lets `connections` ask for `ticks` half seconds where one connection to origin i brings `rates[i]`
/// bytes per second. Each asks anew at each tick. Returns how many asked each origin at the end.
fn play(division: &mut Division, connections: u16, ticks: u64, rates: &[u64]) -> Vec<usize> {
    let mut flying: Vec<OriginIndex> = Vec::new();
    for tick in 1..=ticks {
        for &origin in &flying {
            division.count(origin, rates[origin] / 2);
        }
        let _called = division.look(at(tick * 500));
        let now = at(tick * 500);
        flying
            .drain(..)
            .for_each(|origin| division.land(origin, now));
        for _ in 0..connections {
            let origin = division.next(now, |_| true).unwrap();
            division.take_off(origin, now);
            flying.push(origin);
        }
    }
    let count = |origin| flying.iter().filter(|&&other| other == origin).count();
    (0..rates.len()).map(count).collect()
}

#[test]
fn while_all_is_well_there_is_one_origin() {
    let mut division = known(2);
    assert_eq!(play(&mut division, 8, 10, &[5_000_000, 9_000_000]), [8, 0]);
}

#[test]
fn spread_each_gets_connections_by_what_they_bring() {
    for (rates, most) in [([3_000_000, 1_000_000], 0), ([1_000_000, 3_000_000], 1)] {
        let mut division = known(2);
        division.is_spread = true;
        let shares = play(&mut division, 16, 20, &rates);
        assert!((11..=13).contains(&shares[most]), "{shares:?}");
    }
    let mut division = known(2);
    division.is_spread = true;
    assert_eq!(play(&mut division, 16, 20, &[2_000_000; 2]), [8, 8]);
}

#[test]
fn one_that_brings_nearly_nothing_is_hardly_asked() {
    let mut division = known(2);
    division.is_spread = true;
    assert_eq!(play(&mut division, 16, 20, &[10_000, 5_000_000]), [0, 16]);
}

#[test]
fn who_is_slow_to_begin_is_not_taken_to_be_slow() {
    let mut division = known(2);
    division.is_spread = true;
    division.count(0, 1_000_000);
    division.take_off(0, at(0));
    division.take_off(1, at(0));
    let _called = division.look(at(500));
    assert_eq!(division.next(at(500), |_| true), Some(1));
    (1..10).for_each(|_| division.take_off(1, at(500)));
    let _called = division.look(at(4500));
    assert_eq!(division.rate(1, at(4500)), None);
    let _called = division.look(at(5000));
    assert_eq!(division.rate(1, at(5000)), Some(0), "it brings nothing");
}

#[test]
fn who_is_not_known_yet_is_not_asked_while_others_are() {
    let mut division = Division::new(2, None);
    division.note_known(0);
    division.is_spread = true;
    assert_eq!(play(&mut division, 4, 4, &[1_000_000; 2]), [4, 0]);
}

#[test]
fn who_fell_is_asked_again_when_the_others_fall_and_something_came() {
    let mut division = known(2);
    assert!(division.fall(0));
    assert!(!division.fall(0), "that is no news");
    assert_eq!(division.next(at(0), |_| true), Some(1));
    assert!(division.fall(1));
    assert_eq!(division.next(at(0), |_| true), None);
    division.count(1, FORGIVING_BYTES);
    assert_eq!(division.next(at(0), |_| true), Some(0));
    assert!(!division.has_other(0, |other| other != 1));
}

#[test]
fn ten_seconds_of_little_are_a_crawl() {
    let mut division = Division::new(2, None);
    division.take_off(0, at(0));
    let called = |division: &mut Division, bytes: u64| {
        division.note_known(0);
        let mut when = Vec::new();
        for tick in 0..60 {
            division.count(0, bytes);
            when.extend(division.look(at(tick * 500)).map(|origin| (tick, origin)));
        }
        when
    };
    assert_eq!(called(&mut division, 600_000), []);
    let mut division = Division::new(2, None);
    division.take_off(0, at(0));
    assert_eq!(called(&mut division, 400_000), [(20, 1)]);
    let mut division = Division::new(2, Some(500_000));
    division.take_off(0, at(0));
    assert_eq!(
        called(&mut division, 200_000),
        [],
        "as slow as was asked for"
    );
}

#[test]
fn who_asks_for_less_gets_less_for_a_while() {
    let mut division = known(2);
    division.is_spread = true;
    play(&mut division, 16, 10, &[2_000_000; 2]);
    division.push_back(0, at(5000));
    (0..8).for_each(|_| division.land(0, at(5000)));
    (0..4).for_each(|_| division.take_off(0, at(5000)));
    assert_eq!(division.next(at(5000), |_| true), Some(1));
    assert_eq!(division.next(at(36_000), |_| true), Some(0));
}
