//! What ModelScope's older clients note of a repo's files. The input is `.msc`.

use larder::probe;

pub fn run(data: &[u8]) {
    let Some(rows) = probe::file_index(data) else {
        return;
    };
    assert!(rows.len() <= data.len());
    let text = probe::file_index_text(&rows);
    assert_eq!(probe::file_index(&text), Some(rows));
}
