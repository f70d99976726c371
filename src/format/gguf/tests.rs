use super::*;

/// A file in the making.
#[derive(Default)]
struct Made {
    pairs: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

impl Made {
    fn pair(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.pairs
            .push([&text(key), &kind.to_le_bytes()[..], value].concat());
        self
    }

    fn tensor(mut self, name: &str, shape: &[u64], kind: u32) -> Self {
        let mut bytes = text(name);
        bytes.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
        bytes.extend(shape.iter().flat_map(|dim| dim.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        self.tensors.push(bytes);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.pairs.len() as u64).to_le_bytes());
        bytes.extend(self.pairs.concat());
        bytes.extend(self.tensors.concat());
        bytes
    }
}

fn array(kind: u32, values: &[Vec<u8>]) -> Vec<u8> {
    let len = (values.len() as u64).to_le_bytes();
    [&kind.to_le_bytes()[..], &len, &values.concat()].concat()
}

fn usual() -> Made {
    Made::default()
        .pair("general.architecture", STRING, &text("qwen3"))
        .pair("general.name", STRING, &text("Qwen3 8B"))
        .pair("general.file_type", 4, &15_u32.to_le_bytes())
        .pair("qwen3.context_length", 4, &40_960_u32.to_le_bytes())
        .pair("other.context_length", 4, &7_u32.to_le_bytes())
        .pair("qwen3.block_count", 10, &36_u64.to_le_bytes())
        .pair("qwen3.rope.freq_base", 6, &1e6_f32.to_le_bytes())
        .pair(
            "tokenizer.ggml.tokens",
            ARRAY,
            &array(STRING, &[text("a"), text("bc")]),
        )
        .pair(
            "tokenizer.ggml.scores",
            ARRAY,
            &array(6, &[vec![0; 4], vec![1; 4]]),
        )
        .pair(
            "tokenizer.ggml.lists",
            ARRAY,
            &array(ARRAY, &[array(7, &[vec![1]])]),
        )
        .pair("split.count", 2, &2_u16.to_le_bytes())
        .tensor("token_embd.weight", &[4, 8], 12)
        .tensor("output_norm.weight", &[4], 0)
        .tensor("odd", &[2, 2, 2], 99)
}

fn said(bytes: &[u8]) -> String {
    parse(bytes).unwrap_err().to_string()
}

#[test]
fn what_matters_is_kept() {
    let (about, tensors) = parse(&usual().bytes()[..]).unwrap();
    let want = About {
        architecture: Some("qwen3".into()),
        name: Some("Qwen3 8B".into()),
        quantisation: Some("Q4_K_M".into()),
        context_length: Some(40_960),
        layers: Some(36),
        split_count: Some(2),
        ..About::default()
    };
    assert_eq!(about, want);
    assert_eq!(tensors.parameters, 32 + 4 + 8);
    assert_eq!(tensors.types["Q4_K"], 32);
    assert_eq!(tensors.types["another type"], 8);
}

#[test]
fn a_file_that_ends_anywhere_says_so() {
    let bytes = usual().bytes();
    for end in 0..bytes.len() {
        assert!(parse(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn claims_are_not_believed() {
    assert!(said(b"GGML\x03\0\0\0").contains("does not begin"));
    assert!(said(b"GGUF\0\0\0\x03").contains("big-endian"));
    assert!(said(b"GGUF\x01\0\0\0").contains("version 1"));
    let huge = u64::MAX.to_le_bytes();
    let mut nested = array(0, &[]);
    for _deeper in 0..DEEPEST {
        nested = array(ARRAY, &[nested]);
    }
    for (made, why) in [
        (Made::default().pair("x", STRING, &huge), "ends within"),
        (Made::default().pair("x", 77, &[]), "a type that is none"),
        (
            Made::default().pair("x", ARRAY, &[&10_u32.to_le_bytes()[..], &huge].concat()),
            "ends within",
        ),
        (
            Made::default().pair("x", ARRAY, &[&8_u32.to_le_bytes()[..], &huge].concat()),
            "ends within",
        ),
        (
            Made::default().pair("x", ARRAY, &nested),
            "a type that is none",
        ),
        (
            Made::default().tensor("x", &[u64::MAX, 2], 0),
            "more numbers",
        ),
        (
            Made::default().tensor("x", &[1; 9], 0),
            "too many dimensions",
        ),
    ] {
        let said = said(&made.bytes());
        assert!(said.contains(why), "{why}: {said}");
    }
    let mut many = b"GGUF\x03\0\0\0".to_vec();
    many.extend([0xff; 16]);
    assert!(said(&many).contains("ends within"));
}
