//! The headers of safetensors files. The input is the JSON of the header; its length is put before it
//! here, and the data behind it is as long as the tensors say. As it is, the input is a file too.

use larder::format::Tensors;
use larder::format::safetensors::parse;

use super::checks::is_fit_to_show;

/// How long the data may be that a header asks for.
const DATA: [u64; 5] = [0, 4, 6, 12, 1 << 20];

pub fn run(data: &[u8]) {
    for len in [data.len() as u64, u64::MAX] {
        is_sound(parse(data, len), len);
    }
    let mut file = (data.len() as u64).to_le_bytes().to_vec();
    file.extend(data);
    for more in DATA {
        let len = file.len() as u64 + more;
        is_sound(parse(&file[..], len), more);
    }
}

fn is_sound(parsed: Result<Tensors, larder::format::Unreadable>, data_len: u64) {
    match parsed {
        Ok(tensors) => {
            let sum: u64 = tensors.types.values().sum();
            assert_eq!(
                sum, tensors.parameters,
                "nothing is lost and nothing counted twice"
            );
            let kinds = tensors.types.keys();
            kinds.for_each(|kind| is_fit_to_show(kind));
            // A number of a known type takes four bits at least.
            let is_known = tensors
                .types
                .keys()
                .all(|kind| kind == "F32" || kind == "BF16");
            assert!(!is_known || tensors.parameters <= data_len / 2);
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}
