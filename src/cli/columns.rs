//! Tables of several texts and numbers, cut where the terminal is narrow.

use unicode_width::UnicodeWidthStr;

use super::render::{fit, pad};

/// A column of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    is_number: bool,
    /// Columns of the terminal that it keeps when there is too little room.
    least: usize,
}

impl Column {
    /// Text that may be cut at its front, down to `least` columns.
    pub(crate) const fn text(head: &'static str, least: usize) -> Self {
        Self {
            head,
            is_number: false,
            least,
        }
    }

    /// Text that is never cut.
    pub(crate) const fn whole(head: &'static str) -> Self {
        Self::text(head, usize::MAX)
    }

    /// A number, at the right of its column.
    pub(crate) const fn number(head: &'static str) -> Self {
        Self {
            head,
            is_number: true,
            least: usize::MAX,
        }
    }
}

/// The lines of a table. Too wide a one is cut in its texts, the first column first.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> String {
    let widths = widths(columns, rows, width);
    let line = |cells: Vec<&str>| {
        let cells = cells.into_iter().zip(columns).zip(&widths);
        let cells = cells.map(|((cell, column), width)| {
            if column.is_number {
                " ".repeat(width.saturating_sub(cell.width())) + cell
            } else {
                pad(cell, *width)
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let head = line(columns.iter().map(|column| column.head).collect());
    let rows = rows
        .iter()
        .map(|row| line(row.iter().map(String::as_str).collect()));
    head + &rows.collect::<String>()
}

fn widths(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.head.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let Some(room) = width else {
        return widths;
    };
    let gaps = 2 * columns.len().saturating_sub(1);
    for at in 0..columns.len() {
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        let least = columns[at].least.min(widths[at]);
        widths[at] = widths[at].saturating_sub(excess).max(least);
    }
    widths
}

/// Some names in one cell: the first, and how many more there are.
pub(crate) fn first_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => fit(one, 24),
        [first, rest @ ..] => format!("{} +{}", fit(first, 20), rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column::text("MODEL", 8),
        Column::number("SIZE"),
        Column::text("WHERE", 2),
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        vec![
            row(["organisation/model", "1 B", "here"]),
            row(["x", "16.4 GB", "there"]),
        ]
    }

    #[test]
    fn wide_enough() {
        let want = "MODEL                  SIZE  WHERE\n\
                    organisation/model      1 B  here\n\
                    x                   16.4 GB  there\n";
        assert_eq!(table(&COLUMNS, &rows(), None), want);
        assert_eq!(table(&COLUMNS, &rows(), Some(80)), want);
    }

    #[test]
    fn texts_are_cut_the_first_first_and_numbers_never() {
        let widest = |width| {
            let table = table(&COLUMNS, &rows(), Some(width));
            let widths = table.lines().map(UnicodeWidthStr::width);
            (widths.max().unwrap(), table)
        };
        let (width, text) = widest(26);
        assert_eq!(width, 26, "{text}");
        assert!(
            text.contains("…ion/model") && text.contains("there"),
            "{text}"
        );
        let (width, text) = widest(1);
        assert_eq!(width, 8 + 2 + 7 + 2 + 2, "{text}");
        assert!(text.contains("16.4 GB"), "{text}");
    }

    #[test]
    fn names_in_a_cell() {
        let names =
            |names: &[&str]| first_of(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["main"]), "main");
        assert_eq!(names(&["main", "v1", "v2"]), "main +2");
    }
}
