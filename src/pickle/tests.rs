use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] * 16 + pair[1])
        .collect()
}

fn why(bytes: &[u8]) -> &'static str {
    Pickle::read(bytes).unwrap_err().why
}

#[test]
fn what_the_client_notes_of_a_repo_is_read() {
    let bytes = hex(
        "80 04 95 1d 00 00 00 00 00 00 00 7d 94 8c 02 69 64 94 8c 11 61 63 6d 65 2f 74 69 6e 79 \
         5f 5f 5f 76 31 2d 35 42 94 73 2e",
    );
    let pickle = Pickle::read(&bytes).unwrap();
    let id = pickle.root().get("id").unwrap();
    assert_eq!(id.text(), Some("acme/tiny___v1-5B"));
    for end in 0..bytes.len() {
        assert!(Pickle::read(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn numbers_tuples_and_repeats_are_read() {
    // (1, -2, 300, 2**40, 1.5, True, None), with the first element once more by reference.
    let bytes = hex(
        "80 02 28 4b01 94 4afeffffff 4d2c01 8a06000000000001 47 3ff8000000000000 88 4e 68 00 74 2e",
    );
    let pickle = Pickle::read(&bytes).unwrap();
    let numbers: Vec<_> = pickle.root().elements().map(Value::number).collect();
    let want = [1, -2, 300, 1 << 40, 1];
    assert_eq!(numbers[..5], want.map(Some));
    assert_eq!(numbers[5..], [None, None, Some(1)]);
    assert!(pickle.root().elements().nth(6).unwrap().is_none());
}

#[test]
fn nothing_is_called() {
    // os.system("…"), as a pickle that means harm does it.
    let bytes = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.";
    let pickle = Pickle::read(bytes).unwrap();
    assert_eq!(pickle.root().class(), Some("os system"));
    assert!(pickle.root().state().is_none());
    assert_eq!(pickle.root().text(), None);
}

#[test]
fn what_is_malformed_says_what() {
    assert_eq!(why(b""), "it is cut off");
    assert_eq!(why(b"\x80\x01."), "the protocol is not one of 2 to 5");
    assert_eq!(why(b"\x80\x02."), "the stack is empty");
    assert_eq!(why(b"\x80\x02(."), "the stack is empty");
    assert_eq!(why(b"\x80\x02N(\x85."), "the stack is empty");
    assert_eq!(why(b"\x80\x02}NuN."), "a group was not begun");
    assert_eq!(why(b"\x80\x02N(0."), "the stack is empty");
    assert_eq!(why(b"\x80\x02}(Nu."), "a key has no value");
    assert_eq!(why(b"\x80\x02NNa."), "only a list grows");
    assert_eq!(why(b"\x80\x02h\x00."), "it refers to nothing");
    assert_eq!(
        why(b"\x80\x02X\x01\x00\x00\x00\xff."),
        "a text is not UTF-8"
    );
    assert_eq!(why(b"\x80\x02X\xff\xff\xff\xff."), "it is cut off");
    assert_eq!(why(b"\x80\x02Nr\xff\xff\xff\xff."), "it holds too much");
    assert_eq!(
        why(b"\x80\x02i."),
        "it asks for something that is not known here"
    );
}

#[test]
fn a_list_that_contains_itself_is_harmless() {
    let pickle = Pickle::read(b"\x80\x02]q\x00h\x00a.").unwrap();
    let inner = pickle.root().elements().next().unwrap();
    assert!(inner.is_list());
    assert_eq!(inner.elements().count(), 1);
}

#[test]
fn there_is_a_bound_to_the_values() {
    let mut bytes = b"\x80\x02".to_vec();
    bytes.resize(MAX_VALUES + 3, b'N');
    assert_eq!(why(&bytes), "it holds too much");
    let mut marks = b"\x80\x02".to_vec();
    marks.resize(MAX_VALUES + 3, b'(');
    assert_eq!(why(&marks), "it holds too much");
}

#[test]
fn a_long_name_is_not_made_over_and_over() {
    let mut bytes = b"\x80\x04X\x00\x00\x01\x00".to_vec();
    bytes.resize(bytes.len() + 0x1_0000, b'x');
    bytes.push(0x94);
    // Twice the text, and the class of that name: four of them at five bytes each.
    for _name in 0..4 {
        bytes.extend(b"h\x00h\x00\x93");
    }
    bytes.push(b'.');
    assert_eq!(why(&bytes), "it holds too much");
    let once = b"\x80\x04\x8c\x01m\x8c\x01n\x93.";
    let pickle = Pickle::read(once).unwrap();
    assert_eq!(pickle.nodes[pickle.root], Node::Name("m n".to_owned()));
}
