//! Tokenizers from other files than `tokenizer.json`: what their own libraries make of the same strings, and bad files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lmscope::model::{Spec, open_tokenizer};
use lmscope::text::{Fault, Place, Settings, Tokenizer, TokenizerError};
use serde::Deserialize;

use super::{Encoded, fixture, ids};

#[derive(Deserialize)]
struct Gold {
    strings: Vec<String>,
    ids: BTreeMap<String, Vec<Encoded>>,
}

fn path(name: &str) -> PathBuf {
    Path::new("tests/fixtures/tokenizers").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn gold() -> Gold {
    serde_json::from_slice(&bytes("files.json")).unwrap()
}

fn sentencepiece(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_sentencepiece(bytes, &Settings::default())
}

/// The pieces and merges of the byte-level fixture as the two files of GPT-2.
fn lists() -> (Vec<u8>, String) {
    let json = fixture("byte-level").0.tokenizer;
    let merges = json["model"]["merges"].as_array().unwrap().iter().map(|merge| match merge {
        serde_json::Value::String(text) => text.clone(),
        pair => format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()),
    });
    let merges = std::iter::once("#version: 0.2".to_owned()).chain(merges).collect::<Vec<_>>().join("\n");
    (serde_json::to_vec(&json["model"]["vocab"]).unwrap(), merges)
}

/// The pieces of the `WordPiece` fixture as a `vocab.txt`.
fn word_pieces() -> String {
    let json = fixture("word-piece").0.tokenizer;
    let vocab = json["model"]["vocab"].as_object().unwrap();
    let mut pieces: Vec<(u64, &str)> = vocab.iter().map(|(piece, id)| (id.as_u64().unwrap(), piece.as_str())).collect();
    pieces.sort_unstable();
    pieces.into_iter().flat_map(|(_, piece)| [piece, "\n"]).collect()
}

/// Marks that a library takes for ordinary text where lmscope finds them.
const MARKS: [&str; 4] = ["<s>", "</s>", "<cls>", "<unk>"];

#[test]
fn every_kind_of_file_encodes_and_decodes_as_its_own_library_does() {
    let gold = gold();
    let (vocab, merges) = lists();
    let settings = Settings::default();
    for (name, tokenizer) in [
        ("unigram", sentencepiece(&bytes("unigram.model"))),
        ("bpe", sentencepiece(&bytes("bpe.model"))),
        ("suffix", sentencepiece(&bytes("suffix.model"))),
        ("merges", Tokenizer::from_merges(&vocab, merges.as_bytes(), &settings)),
        ("ranks", Tokenizer::from_ranks(&bytes("ranks.tiktoken"), "ranks.tiktoken", &settings)),
        ("llama2c", Tokenizer::from_llama2c(&bytes("tokenizer.bin"))),
    ] {
        let tokenizer = tokenizer.unwrap();
        for (text, expected) in gold.strings.iter().zip(&gold.ids[name]) {
            if MARKS.iter().any(|mark| text.contains(mark)) && name != "merges" {
                continue;
            }
            let found = ids(&tokenizer.encode(text));
            assert_eq!(found, expected.ids, "{name} {text:?}");
            // The library writes unknown characters as U+2047.
            if !expected.decoded.contains('⁇') {
                assert_eq!(String::from_utf8_lossy(&tokenizer.decode(&found)), expected.decoded, "{name} {text:?}");
            }
        }
    }
}

#[test]
fn a_list_of_word_pieces_does_what_the_tokenizer_json_of_the_same_pieces_does() {
    let tokenizer = Tokenizer::from_word_pieces(word_pieces().as_bytes(), &Settings::default()).unwrap();
    let (fixture, _) = fixture("word-piece");
    for (text, expected) in fixture.strings.iter().zip(&fixture.ids["word-piece"]) {
        // The fixture's words may be half as long.
        if !text.contains(&"x".repeat(60)) {
            assert_eq!(Some(ids(&tokenizer.encode_special(text))), expected.special, "{text:?}");
        }
    }
    let windows = word_pieces().replace('\n', "\r\n");
    let same = Tokenizer::from_word_pieces(windows.as_bytes(), &Settings::default()).unwrap();
    assert_eq!(ids(&same.encode("Alice was")), ids(&tokenizer.encode("Alice was")));
    let settings = br#"{"do_lower_case": false, "strip_accents": false, "tokenize_chinese_chars": false}"#;
    let cased = Tokenizer::from_word_pieces(word_pieces().as_bytes(), &Settings::from_json(settings).unwrap()).unwrap();
    assert_ne!(ids(&cased.encode("Alice")), ids(&tokenizer.encode("Alice")));
}

#[test]
fn the_tokens_of_a_sentencepiece_model_keep_their_place_in_the_text() {
    let tokenizer = sentencepiece(&bytes("unigram.model")).unwrap();
    let text = "  Alice  was\u{3000}ｔｉｒｅｄ ";
    let mut after = 0;
    for token in tokenizer.encode(text) {
        assert!(token.start >= after && token.end >= token.start && token.end <= text.len());
        after = token.end;
    }
    let cls = tokenizer.id_of("<cls>").unwrap();
    assert!(tokenizer.is_special(cls) && ids(&tokenizer.encode("a<cls>b")).contains(&cls));
    let special = ids(&tokenizer.encode_special("a"));
    assert_eq!(special.last(), Some(&tokenizer.eos().unwrap()));
}

#[test]
fn the_settings_of_a_folder_add_tokens_past_the_pieces() {
    let count = sentencepiece(&bytes("unigram.model")).unwrap().len();
    let open = |settings: &str| {
        Tokenizer::from_sentencepiece(&bytes("unigram.model"), &Settings::from_json(settings.as_bytes()).unwrap())
    };
    let t5 = open(r#"{"tokenizer_class": "T5Tokenizer"}"#).unwrap();
    assert_eq!((t5.id_of("<extra_id_99>"), t5.id_of("<extra_id_0>")), (Some(count as u32), Some(count as u32 + 99)));
    assert!(ids(&t5.encode("a<extra_id_0>")).contains(&(count as u32 + 99)));
    let added = format!(r#"{{"added_tokens_decoder": {{"{}": {{"content": "<new>", "special": true}}}}}}"#, count + 3);
    assert_eq!(open(&added).unwrap().id_of("<new>"), Some(count as u32 + 3));
    let glm = open(r#"{"tokenizer_class": "ChatGLMTokenizer"}"#).unwrap();
    let marks = ["[gMASK]", "sop"].map(|mark| glm.id_of(mark).unwrap());
    assert_eq!(ids(&glm.encode_special("a"))[..2], marks);
    let far = r#"{"added_tokens_decoder": {"4294967295": {"content": "<new>"}}}"#;
    assert!(matches!(open(far), Err(TokenizerError::Sparse { id: 4_294_967_295, .. })));
    let word = r#"{"added_tokens_decoder": {"x": {"content": "<new>"}}}"#;
    assert!(matches!(open(word), Err(TokenizerError::UnknownToken { .. })));
    let ranks = bytes("ranks.tiktoken");
    let added = Settings::from_json(br#"{"added_tokens_decoder": {"900": {"content": "<new>"}}}"#).unwrap();
    let named = Tokenizer::from_ranks(&ranks, "tokenizer.model", &added).unwrap();
    assert_eq!(ids(&named.encode("<new>")), [900]);
    assert_eq!(named.assumed(), Some("cl100k_base"));
    assert_eq!(Tokenizer::from_ranks(&ranks, "qwen.tiktoken", &Settings::default()).unwrap().assumed(), None);
    assert!(matches!(Settings::from_json(b"{"), Err(TokenizerError::Json { .. })));
}

/// The files of a folder: names and contents.
type Files<'a> = &'a [(&'a str, Vec<u8>)];

#[test]
fn a_folder_or_a_file_is_opened_by_what_it_holds() {
    let folder = std::env::temp_dir().join(format!("lmscope-tokenizers-{}", std::process::id()));
    let (vocab, merges) = lists();
    let open = |path: &Path| open_tokenizer(&Spec::Path(path.to_path_buf())).unwrap().unwrap().len();
    let model = sentencepiece(&bytes("bpe.model")).unwrap().len();
    let contents: [(Files<'_>, usize); 8] = [
        (&[("tokenizer.model", bytes("bpe.model"))], model),
        (&[("any.model", bytes("bpe.model"))], model),
        (&[("vocab.txt", word_pieces().into_bytes())], 447),
        (&[("vocab.json", vocab), ("merges.txt", merges.into_bytes())], 900),
        (&[("qwen.tiktoken", bytes("ranks.tiktoken"))], 898 + 208),
        (&[("llama3.tiktoken", bytes("ranks.tiktoken"))], 898 + 256),
        (&[("tokenizer.model", bytes("ranks.tiktoken"))], 898),
        (&[("tokenizer.bin", bytes("tokenizer.bin"))], 560),
    ];
    for (files, expected) in contents {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        assert_eq!(open(&folder), expected, "{}", files[0].0);
        assert_eq!(open(&folder.join(files[0].0)), expected, "{}", files[0].0);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

proptest::proptest! {
    #[test]
    fn a_scheme_without_loss_gives_the_text_back(text in "(\\PC|[ \\n\\r\\t]|Alice){0,40}") {
        let settings = Settings::default();
        let (vocab, merges) = lists();
        for tokenizer in [
            Tokenizer::from_merges(&vocab, merges.as_bytes(), &settings),
            Tokenizer::from_ranks(&bytes("ranks.tiktoken"), "cl100k_base.tiktoken", &settings),
            sentencepiece(&bytes("bpe.model")),
        ] {
            let tokenizer = tokenizer.unwrap();
            let tokens = tokenizer.encode(&text);
            // SentencePiece writes a space for a space sign.
            let decoded = String::from_utf8(tokenizer.decode(&ids(&tokens))).unwrap();
            proptest::prop_assert_eq!(decoded.replace('▁', " "), text.replace('▁', " "));
            proptest::prop_assert_eq!(tokens.last().map_or(0, |token| token.end), text.len());
        }
    }
}

#[test]
fn a_megabyte_without_a_space_is_encoded_in_time() {
    for text in ["a".repeat(1 << 20), "床前明月光".repeat(70_000), "Rabbit".repeat(170_000)] {
        for name in ["unigram.model", "bpe.model", "suffix.model"] {
            let tokens = sentencepiece(&bytes(name)).unwrap().encode(&text);
            assert_eq!(tokens.last().map(|token| token.end), Some(text.len()), "{name}");
        }
    }
}

#[test]
fn a_damaged_sentencepiece_model_is_an_error_with_its_place() {
    let damaged =
        |byte, fault| TokenizerError::Damaged { part: "SentencePiece model", place: Place::Byte(byte), fault };
    let fails = |bytes: &[u8]| sentencepiece(bytes).err().unwrap();
    // A piece "a" and the unknown piece "u".
    let piece =
        |text: &[u8], kind: u8| [&[0x0a, text.len() as u8 + 4, 0x0a, text.len() as u8], text, &[0x18, kind]].concat();
    let unknown = piece(b"u", 2);
    assert!(sentencepiece(&[&unknown[..], &piece(b"a", 1)].concat()).is_ok());
    assert_eq!(fails(&piece(b"a", 1)), TokenizerError::Field { part: "SentencePiece model", field: "<unk>" });
    assert_eq!(
        fails(&[&unknown[..], &piece(b"a", 1), &piece(b"a", 1)].concat()),
        TokenizerError::DuplicatePiece { piece: "a".to_owned() }
    );
    assert_eq!(fails(&piece(b"", 1)), damaged(2, Fault::Field));
    assert_eq!(fails(&piece(b"\xff", 1)), damaged(4, Fault::NotUtf8));
    assert_eq!(fails(b"\x0a\x7f"), damaged(1, Fault::Length));
    assert_eq!(fails(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), damaged(1, Fault::Length));
    assert_eq!(fails(&[0xff; 12]), damaged(0, Fault::Number));
    assert_eq!(fails(b"\x0b"), damaged(0, Fault::Field));
    assert_eq!(fails(b"\x0d\0"), damaged(1, Fault::Truncated));
    assert_eq!(fails(b"\x0d\0\0\0\0"), damaged(0, Fault::Field));
    let score = [0x0a, 8, 0x0a, 1, b'a', 0x15, 0, 0, 0xc0, 0x7f];
    assert_eq!(fails(&[&unknown[..], &score].concat()), TokenizerError::Score { id: 1 });
    let word_model = [&unknown[..], &[0x12, 2, 0x18, 3]].concat();
    assert_eq!(fails(&word_model), TokenizerError::Unsupported { part: "model_type", kind: "3".to_owned() });
    for name in ["unigram.model", "suffix.model"] {
        let good = bytes(name);
        for end in 1..good.len() {
            let _ = sentencepiece(&good[..end]);
        }
    }
}

#[test]
fn a_damaged_list_is_an_error_with_its_line() {
    let settings = Settings::default();
    let damaged = |part, line, fault| TokenizerError::Damaged { part, place: Place::Line(line), fault };
    let words = |bytes: &[u8]| Tokenizer::from_word_pieces(bytes, &settings).err().unwrap();
    let lacks = |token: &str| TokenizerError::UnknownToken { part: "vocab.txt", token: token.to_owned() };
    assert_eq!(words(b"a\nb\n\xff"), damaged("vocab.txt", 3, Fault::NotUtf8));
    assert_eq!(words(b"[UNK]\n[SEP]\na"), lacks("[CLS]"));
    assert_eq!(words(b"[CLS]\n[SEP]\na"), lacks("[UNK]"));
    let twice = b"[UNK]\n[CLS]\n[SEP]\na\na\n";
    assert_eq!(words(twice), TokenizerError::DuplicatePiece { piece: "a".to_owned() });

    let pairs = |bytes: &[u8]| Tokenizer::from_merges(br#"{"a":0,"b":1,"ab":2}"#, bytes, &settings);
    assert!(pairs(b"#version: 0.2\na b\n").is_ok());
    assert_eq!(pairs(b"a b\na").err(), Some(damaged("merges.txt", 2, Fault::Field)));
    assert_eq!(pairs(b"a b\n\n\xff c").err(), Some(damaged("merges.txt", 3, Fault::NotUtf8)));
    assert!(matches!(pairs(b"a c").err(), Some(TokenizerError::Merge { index: 0, .. })));
    assert!(matches!(Tokenizer::from_merges(b"[1]", b"", &settings), Err(TokenizerError::Json { .. })));

    let ranks = |bytes: &[u8]| Tokenizer::from_ranks(bytes, "x.tiktoken", &settings).err().unwrap();
    assert_eq!(ranks(b"YQ== 0\nYg=="), damaged("tiktoken", 2, Fault::Number));
    assert_eq!(ranks(b"YQ== 0\nYg== x"), damaged("tiktoken", 2, Fault::Number));
    assert_eq!(ranks(b"YQ== 4294967295"), damaged("tiktoken", 1, Fault::Number));
    assert_eq!(ranks(b"\nY 1"), damaged("tiktoken", 2, Fault::Base64));
    assert_eq!(ranks(b"YQ== 0\nYg== 0"), TokenizerError::DuplicateId { id: 0 });
    assert_eq!(ranks(b"\n\n"), TokenizerError::Empty);
}

#[test]
fn a_damaged_tokenizer_of_llama2c_is_an_error_with_its_byte() {
    let damaged = |byte, fault| TokenizerError::Damaged { part: "tokenizer.bin", place: Place::Byte(byte), fault };
    let fails = |bytes: &[u8]| Tokenizer::from_llama2c(bytes).err().unwrap();
    let piece = |score: f32, length: u32, text: &[u8]| [&score.to_le_bytes()[..], &length.to_le_bytes(), text].concat();
    let file = |pieces: &[Vec<u8>]| [&8_u32.to_le_bytes()[..], &pieces.concat()].concat();
    assert_eq!(fails(b"\0\0"), damaged(0, Fault::Truncated));
    assert_eq!(fails(&file(&[])), TokenizerError::Empty);
    assert_eq!(fails(&file(&[vec![0; 5]])), damaged(8, Fault::Truncated));
    assert_eq!(fails(&file(&[piece(0.0, u32::MAX, b"a")])), damaged(8, Fault::Length));
    assert_eq!(fails(&file(&[piece(0.0, 9, b"123456789")])), damaged(8, Fault::Length));
    assert_eq!(fails(&file(&[piece(0.0, 2, b"a\xff")])), damaged(13, Fault::NotUtf8));
    let three = [piece(0.0, 1, b"u"), piece(0.0, 1, b"s"), piece(f32::NAN, 1, b"e")];
    assert_eq!(fails(&file(&three)), TokenizerError::Score { id: 2 });
}

#[test]
fn any_byte_of_any_file_may_be_damaged() {
    let mut state = 11_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let settings = Settings::default();
    let (vocab, merges) = lists();
    let files = [
        ("unigram", bytes("unigram.model")),
        ("bpe", bytes("bpe.model")),
        ("words", word_pieces().into_bytes()),
        ("merges", merges.into_bytes()),
        ("ranks", bytes("ranks.tiktoken")),
        ("llama2c", bytes("tokenizer.bin")),
    ];
    for round in 0..600 {
        let (name, good) = &files[round % files.len()];
        let mut bad = good.clone();
        for _ in 0..=random(3) {
            let at = random(bad.len());
            match random(4) {
                0 => bad[at] = random(256) as u8,
                1 => bad.truncate(at.max(1)),
                2 => drop(bad.drain(at..(at + random(40)).min(bad.len()))),
                _ => bad.insert(at, [0, 1, 0x7f, 0x80, 0xff, b'\n', b' ', b'='][random(8)]),
            }
            if bad.is_empty() {
                bad.push(0);
            }
        }
        let built = match *name {
            "unigram" | "bpe" => sentencepiece(&bad),
            "words" => Tokenizer::from_word_pieces(&bad, &settings),
            "merges" => Tokenizer::from_merges(&vocab, &bad, &settings),
            "ranks" => Tokenizer::from_ranks(&bad, "o200k.tiktoken", &settings),
            _ => Tokenizer::from_llama2c(&bad),
        };
        if let Ok(tokenizer) = built {
            let tokens = tokenizer.encode("  Alice <s> é 明\u{301} xx\n");
            tokenizer.decode(&ids(&tokens));
        }
    }
}
