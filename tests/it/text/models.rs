//! `WordPiece`, Unigram and whole words: what each does, and what is refused.

use lmscope::text::{Fault, PieceKind, Place, Tokenizer, TokenizerError, Vocabulary};
use serde_json::{Value, json};

use super::{fixture, ids};

fn open(json: &Value) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_json(&serde_json::to_vec(json).unwrap())
}

/// A `tokenizer.json` of this model that cuts at white space.
fn file(model: &Value) -> Value {
    json!({ "model": model, "pre_tokenizer": { "type": "WhitespaceSplit" } })
}

/// The example of Hugging Face's course: "hugs" is cut by the longest piece first.
fn word_piece() -> Value {
    let pieces = ["[UNK]", "h", "##u", "##g", "##s", "hug", "##gs", "b", "##ug", "é"];
    let vocab: Value = pieces.iter().enumerate().map(|(id, piece)| ((*piece).to_owned(), json!(id))).collect();
    file(&json!({ "type": "WordPiece", "unk_token": "[UNK]", "vocab": vocab, "max_input_chars_per_word": 8 }))
}

fn unigram(pieces: &[(&str, f64)]) -> Value {
    file(&json!({ "type": "Unigram", "unk_id": 0, "vocab": pieces }))
}

#[test]
fn word_piece_takes_the_longest_piece_first_and_gives_a_word_up_as_a_whole() {
    let tokenizer = open(&word_piece()).unwrap();
    for (text, expected) in [
        ("hugs", &[5, 4][..]),
        ("bugs", &[7, 8, 4]),
        ("hgs", &[1, 6]),
        ("hugx", &[0]),
        ("hugsssss hugssssss", &[5, 4, 4, 4, 4, 4, 0]),
        ("éhug  hug", &[0, 5]),
        ("", &[]),
    ] {
        assert_eq!(ids(&tokenizer.encode(text)), expected, "{text:?}");
    }
    let places: Vec<(usize, usize)> = tokenizer.encode(" bugs").iter().map(|token| (token.start, token.end)).collect();
    assert_eq!(places, [(1, 2), (2, 4), (4, 5)]);
}

#[test]
fn unigram_takes_the_most_probable_cut() {
    let pieces = [("<unk>", 0.0), ("a", -2.0), ("b", -2.0), ("ab", -3.0), ("abab", -6.0), ("ba", -2.5)];
    let tokenizer = open(&unigram(&pieces)).unwrap();
    // Of two equally good cuts the one whose last piece is longer stays: it was found first.
    assert_eq!(ids(&tokenizer.encode("abab")), [4]);
    assert_eq!(ids(&tokenizer.encode("aba")), [1, 5]);
    // Unknown neighbours are one token.
    assert_eq!(ids(&tokenizer.encode("xyab é")), [0, 3, 0]);
    let unknown = tokenizer.encode("xyab é");
    assert_eq!((unknown[0].start, unknown[0].end, unknown[2].start, unknown[2].end), (0, 2, 5, 7));
}

#[test]
fn gguf_vocabularies_of_t5_and_bert_cut_as_their_models_do() {
    let pieces = |pieces: &[&str]| pieces.iter().map(|&piece| piece.to_owned()).collect();
    let t5 = Vocabulary {
        model: "t5".to_owned(),
        pieces: pieces(&["<unk>", "</s>", "▁", "a", "b", "ab", "▁ab", "<x>"]),
        kinds: [2, 3, 1, 1, 1, 1, 1, 4].map(PieceKind::from_number).to_vec(),
        scores: vec![0.0, 0.0, -2.0, -3.0, -3.0, -4.0, -5.0, 0.0],
        unknown: Some(0),
        eos: Some(1),
        add_eos: Some(true),
        remove_extra_whitespaces: Some(true),
        ..Vocabulary::default()
    };
    let tokenizer = Tokenizer::from_vocabulary(t5).unwrap();
    assert_eq!(ids(&tokenizer.encode("  ab  ab ba?? ")), [6, 6, 2, 4, 3, 0]);
    assert_eq!(ids(&tokenizer.encode_special("a</s>")), [2, 3, 1, 1]);
    assert_eq!(tokenizer.decode(&[6, 6]), b"ab ab");

    let bert = Vocabulary {
        model: "bert".to_owned(),
        pieces: pieces(&["[UNK]", "[CLS]", "[SEP]", "▁hug", "s", "▁cafe", "▁明", "▁!"]),
        kinds: [2, 3, 3, 1, 1, 1, 1, 1].map(PieceKind::from_number).to_vec(),
        unknown: Some(0),
        bos: Some(1),
        eos: Some(2),
        ..Vocabulary::default()
    };
    let tokenizer = Tokenizer::from_vocabulary(bert).unwrap();
    assert_eq!(ids(&tokenizer.encode_special("Hugs Café明! x")), [1, 3, 4, 5, 6, 7, 0, 2]);
    assert_eq!(tokenizer.decode(&[3, 4, 5]), b"hugs cafe");
}

#[test]
fn accents_spaces_and_full_width_forms_keep_their_place_in_the_text() {
    let (_, tokenizer) = fixture("word-piece");
    let text = " Café 明月！";
    let words: Vec<&str> = tokenizer.encode(text).iter().map(|token| &text[token.start..token.end]).collect();
    assert_eq!(words.concat(), "Café明月！");
    assert!(words.iter().any(|word| word.ends_with('é')) && words.contains(&"明"));
}

#[test]
fn a_bad_model_is_an_error_that_says_what_is_wrong() {
    use TokenizerError as E;
    let with = |place: &str, value: Value| {
        let mut json = word_piece();
        json["model"][place] = value;
        open(&json).err().unwrap()
    };
    let token = "gone".to_owned();
    assert_eq!(with("unk_token", json!("gone")), E::UnknownToken { part: "unk_token", token });
    assert!(matches!(with("continuing_subword_prefix", json!(7)), E::Unsupported { .. }));
    assert!(matches!(with("type", json!("Unigram")), E::Unsupported { part: "model", .. }));
    assert!(matches!(with("type", json!("New")), E::Unsupported { part: "model", .. }));
    assert!(matches!(with("vocab", json!([["a", 0.5]])), E::Unsupported { part: "model", .. }));

    let bad = |pieces: &[(&str, f64)], id: u64| {
        let mut json = unigram(pieces);
        json["model"]["unk_id"] = json!(id);
        open(&json).err().unwrap()
    };
    let two = [("<unk>", 0.0), ("a", -1.0)];
    for id in [2, u64::MAX] {
        assert_eq!(bad(&two, id), E::UnknownToken { part: "unk_id", token: id.to_string() });
    }
    let long = "a".repeat(2000);
    assert!(matches!(bad(&[("<unk>", 0.0), (&long, -1.0)], 0), E::TooLong { length: 2000, .. }));
    assert_eq!(bad(&[], 0), E::Empty);
    assert_eq!(bad(&[("a", 0.0), ("a", 0.0)], 0), E::DuplicatePiece { piece: "a".to_owned() });
    let text = |vocab: &str| format!(r#"{{"model":{{"type":"Unigram","unk_id":0,"vocab":{vocab}}}}}"#);
    for vocab in [r#"[["a",NaN]]"#, r#"[["a",1e999]]"#, r#"[["a",null]]"#, r#"[["a"]]"#, r#"[["a",0,0]]"#, "[1]"] {
        assert!(matches!(Tokenizer::from_json(text(vocab).as_bytes()), Err(E::Json { .. })), "{vocab}");
    }
}

/// The unigram fixture with another table of replacements.
fn with_charsmap(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |group: &[u8], at: usize| {
        let bits = group.iter().chain(&[0; 3]).take(3).fold(0_u32, |bits, &byte| (bits << 8) | u32::from(byte));
        if at <= group.len() { char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]) } else { '=' }
    };
    let base64: String = bytes.chunks(3).flat_map(|group| (0..4).map(move |at| digit(group, at))).collect();
    let mut json = fixture("unigram").0.tokenizer;
    json["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": base64 });
    open(&json)
}

#[test]
fn a_damaged_table_of_replacements_is_an_error_with_its_place() {
    let damaged =
        |byte, fault| TokenizerError::Damaged { part: "precompiled_charsmap", place: Place::Byte(byte), fault };
    let words = |words: &[u32], rest: &[u8]| {
        let mut bytes: Vec<u8> = (4 * words.len() as u32).to_le_bytes().to_vec();
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend_from_slice(rest);
        bytes
    };
    let fails = |bytes: &[u8]| with_charsmap(bytes).err().unwrap();
    assert_eq!(fails(b""), damaged(0, Fault::Truncated));
    assert_eq!(fails(b"\x04\0"), damaged(0, Fault::Truncated));
    for size in [1_u32, 8, u32::MAX] {
        assert_eq!(fails(&[&size.to_le_bytes()[..], &[0; 4]].concat()), damaged(0, Fault::Length));
    }
    assert_eq!(fails(&words(&[0, 0], b"ab\xff\0")), damaged(14, Fault::NotUtf8));
    // A node whose value lies outside the table, is no value, or is a place outside the replacements or without an end.
    let node = |offset: u32| (offset << 10) | (1 << 8);
    assert_eq!(fails(&words(&[0, node(1000)], b"x\0")), damaged(8, Fault::Reference));
    assert_eq!(fails(&words(&[0, node(1)], b"x\0")), damaged(8, Fault::Reference));
    assert_eq!(fails(&words(&[1 << 31 | 9, node(1)], b"x\0")), damaged(8, Fault::Reference));
    assert_eq!(fails(&words(&[1 << 31, node(1)], b"x")), damaged(8, Fault::Reference));
    let long = [&[b'x'; 300][..], b"\0"].concat();
    assert!(matches!(fails(&words(&[1 << 31, node(1)], &long)), TokenizerError::TooLong { length: 300, .. }));
    // Nodes that lead to one another in a circle end with the text.
    let circle: Vec<u32> = (0..256_u32).collect();
    let tokenizer = with_charsmap(&words(&circle, b"")).unwrap();
    assert!(!tokenizer.encode(&"abc".repeat(1000)).is_empty());
}

#[test]
fn a_word_of_ten_megabytes_is_encoded_in_time() {
    let text = "a".repeat(10 << 20);
    for name in ["word-piece", "unigram", "word-level"] {
        let (_, tokenizer) = fixture(name);
        let tokens = tokenizer.encode(&text);
        assert_eq!(tokens.last().map(|token| token.end), Some(text.len()), "{name}");
    }
}
