use std::time::Duration;

use larder::repo::{HubName, RepoKind};

use super::super::row::testing::row;
use super::*;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

fn before(seconds: u64) -> Option<SystemTime> {
    now().checked_sub(Duration::from_secs(seconds))
}

#[test]
fn what_hf_understands_is_understood() {
    let more = Compare::More;
    for (text, want) in [
        ("size>10GB", Filter::Size(more, 10_000_000_000)),
        (" SIZE >= 1k ", Filter::Size(Compare::MoreOrEqual, 1000)),
        ("size=0", Filter::Size(Compare::Equal, 0)),
        ("size!=5", Filter::Size(Compare::NotEqual, 5)),
        ("accessed>30d", Filter::Accessed(more, 30 * 86_400)),
        (
            "accessed<=6mo",
            Filter::Accessed(Compare::LessOrEqual, 180 * 86_400),
        ),
        ("modified<1y", Filter::Modified(Compare::Less, 365 * 86_400)),
        ("modified>90", Filter::Modified(more, 90)),
        ("type=Model", Filter::Kind("model".into())),
        ("refs=refs/pr/1", Filter::Revision("refs/pr/1".into())),
        ("hub=ms", Filter::Hub("ms".into())),
    ] {
        assert_eq!(Filter::parse(text), Ok(want), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_words() {
    for (text, why) in [
        ("size", "is no filter such as"),
        ("size>", "is no filter such as"),
        ("size==5", "is no filter such as"),
        ("size=>5", "is no filter such as"),
        ("size>many", "is not a size"),
        ("accessed>30", ""),
        ("accessed>30x", "is not an age"),
        ("accessed>1.5d", "is not an age"),
        ("accessed>99999999999999999999d", "is not an age"),
        ("type>model", "only be compared with `=`"),
        ("name=x", "there are size, accessed"),
        ("=5", "is no key"),
    ] {
        match Filter::parse(text) {
            Err(said) => assert!(!why.is_empty() && said.contains(why), "{text}: {said}"),
            Ok(_) => assert!(why.is_empty(), "{text}"),
        }
    }
}

#[test]
fn ages_grow_as_time_passes() {
    let row = Row {
        last_used: before(40 * 86_400),
        modified: None,
        ..row("org/name")
    };
    let holds = |text: &str| Filter::parse(text).unwrap().holds(&row, now());
    assert!(holds("accessed>30d") && !holds("accessed<30d"));
    // What nobody knows is in neither.
    assert!(!holds("modified>0s") && !holds("modified<1y"));
}

#[test]
fn the_other_keys() {
    let row = Row {
        kind: Some(RepoKind::Dataset),
        hub: Some(HubName::HuggingFace),
        revisions: vec!["Main".into(), "v2".into()],
        size_bytes: 10,
        ..row("datasets/org/name")
    };
    for (text, want) in [
        ("type=dataset", true),
        ("type=model", false),
        ("refs=main", true),
        ("refs=v", false),
        ("hub=hf", true),
        ("hub=ms", false),
        ("size=10", true),
        ("size!=10", false),
        ("size<=10", true),
        ("size<10", false),
    ] {
        assert_eq!(
            Filter::parse(text).unwrap().holds(&row, now()),
            want,
            "{text}"
        );
    }
}

#[test]
fn orders() {
    let mut rows = vec![
        Row {
            size_bytes: 5,
            last_used: before(10),
            ..row("b")
        },
        Row {
            size_bytes: 7,
            last_used: None,
            ..row("A")
        },
        Row {
            size_bytes: 1,
            last_used: before(5),
            ..row("c")
        },
    ];
    let mut sorted = |text: &str| {
        Sort::parse(text).unwrap().apply(&mut rows);
        rows.iter().map(|row| row.name.as_str()).collect::<String>()
    };
    assert_eq!(sorted("name"), "Abc");
    assert_eq!(sorted("name:desc"), "cbA");
    assert_eq!(sorted("size"), "Abc");
    assert_eq!(sorted("SIZE:asc"), "cbA");
    assert_eq!(sorted("accessed"), "cbA");
    for bad in ["", "colour", "size:up", "size:"] {
        assert_eq!(Sort::parse(bad).is_ok(), bad == "size:", "{bad}");
    }
}
