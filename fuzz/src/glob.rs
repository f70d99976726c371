//! A pattern in the first line, a text in the rest, against the plainest matcher there is.

use larder::probe;

use super::checks::lines;

pub fn run(data: &[u8]) {
    let Some(([pattern], text)) = lines(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let is_match = probe::glob(pattern, text);
    if pattern.len() * text.len() < 1 << 14 {
        assert_eq!(is_match, plainly(pattern, text), "{pattern:?} on {text:?}");
    }
}

#[derive(Debug)]
enum Step {
    Star,
    Any,
    One(char),
    In { is_not: bool, of: Vec<char> },
}

/// Whether it matches, one row of a table for each step.
fn plainly(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // `reached[at]`: the steps so far match the first `at` characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for step in steps(pattern) {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match &step {
                Step::Star => reached[..=at].contains(&true),
                one => at > 0 && reached[at - 1] && takes(one, text[at - 1]),
            };
        }
        reached = next;
    }
    reached[text.len()]
}

fn takes(step: &Step, c: char) -> bool {
    match step {
        Step::Star => false,
        Step::Any => true,
        Step::One(one) => *one == c,
        Step::In { is_not, of } => is_in(of, c) != *is_not,
    }
}

fn is_in(of: &[char], c: char) -> bool {
    match of {
        [low, '-', high, rest @ ..] => (*low <= c && c <= *high) || is_in(rest, c),
        [one, rest @ ..] => *one == c || is_in(rest, c),
        [] => false,
    }
}

fn steps(pattern: &str) -> Vec<Step> {
    let mut chars: Vec<char> = pattern.replace('\\', "/").chars().collect();
    if chars.last() == Some(&'/') {
        chars.push('*');
    }
    let (mut steps, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let step = match chars[at] {
            '*' => Step::Star,
            '?' => Step::Any,
            '[' => {
                let is_not = chars.get(at + 1) == Some(&'!');
                let first = at + 1 + usize::from(is_not);
                // The first member may be a bracket.
                let end = (first + 1..chars.len()).find(|end| chars[*end] == ']');
                match end {
                    Some(end) => {
                        at = end;
                        let of = chars[first..end].to_vec();
                        Step::In { is_not, of }
                    }
                    None => Step::One('['),
                }
            }
            one => Step::One(one),
        };
        steps.push(step);
        at += 1;
    }
    steps
}
