//! The metadata of GGUF files. The input is such a file; and what follows the counts of one, which are
//! small ones then.

use larder::format::gguf::parse;

pub fn run(data: &[u8]) {
    is_sound(data);
    let Some((counts, rest)) = data.split_at_checked(2) else {
        return;
    };
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    for count in counts {
        file.extend(u64::from(count % 8).to_le_bytes());
    }
    file.extend(rest);
    is_sound(&file);
}

fn is_sound(file: &[u8]) {
    let Ok((about, tensors)) = parse(file) else {
        return;
    };
    let sum: u64 = tensors.types.values().sum();
    assert_eq!(
        sum, tensors.parameters,
        "nothing is lost and nothing counted twice"
    );
    let texts = [
        about.architecture,
        about.name,
        about.size_label,
        about.license,
    ];
    for text in texts.into_iter().flatten() {
        // A byte that is no text becomes a mark of three.
        assert!(text.len() <= 3 * 256, "what is kept is bounded");
    }
    // What was read is read again the same, whatever follows.
    let longer = [file, b"tail"].concat();
    assert_eq!(parse(&longer[..]).unwrap().1, tensors);
}
