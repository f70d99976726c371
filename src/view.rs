//! Layouts in which other tools read what larder stores.

pub mod huggingface;
