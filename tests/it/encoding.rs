//! Encoding step by step: its steps, its reasons, and changes of the vocabulary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use lmscope::text::encoding::{Change, ChangeError, Edited, Model, Reason, Step};
use lmscope::text::segment::NoPlace;
use lmscope::text::{Token, Tokenizer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    tokenizer: serde_json::Value,
    strings: Vec<String>,
}

const FIXTURES: [(&str, &[u8]); 7] = [
    ("word-end", include_bytes!("../fixtures/tokenizers/word-end.json")),
    ("word-piece", include_bytes!("../fixtures/tokenizers/word-piece.json")),
    ("unigram", include_bytes!("../fixtures/tokenizers/unigram.json")),
    ("word-level", include_bytes!("../fixtures/tokenizers/word-level.json")),
    ("byte-level", include_bytes!("../fixtures/tokenizers/byte-level.json")),
    ("byte-fallback", include_bytes!("../fixtures/tokenizers/byte-fallback.json")),
    ("metaspace", include_bytes!("../fixtures/tokenizers/metaspace.json")),
];

fn fixture(name: &str) -> (Vec<String>, Tokenizer) {
    let bytes = FIXTURES.iter().find(|fixture| fixture.0 == name).unwrap().1;
    let fixture: Fixture = serde_json::from_slice(bytes).unwrap();
    let tokenizer = Tokenizer::from_json(&serde_json::to_vec(&fixture.tokenizer).unwrap()).unwrap();
    (fixture.strings, tokenizer)
}

/// Every small tokenizer there is, files of other kinds too, with hard strings.
fn all() -> Vec<(String, Vec<String>, Tokenizer)> {
    let settings = lmscope::text::Settings::default();
    let mut found: Vec<_> = FIXTURES
        .iter()
        .map(|(name, _)| {
            let (strings, tokenizer) = fixture(name);
            ((*name).to_owned(), strings, tokenizer)
        })
        .collect();
    let strings = fixture("word-piece").0;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tokenizers/");
    for name in ["bpe.model", "unigram.model", "suffix.model", "ranks.tiktoken"] {
        let bytes = std::fs::read(format!("{folder}{name}")).unwrap();
        let tokenizer = match name {
            "ranks.tiktoken" => Tokenizer::from_ranks(&bytes, name, &settings).unwrap(),
            _ => Tokenizer::from_sentencepiece(&bytes, &settings).unwrap(),
        };
        found.push((name.to_owned(), strings.clone(), tokenizer));
    }
    found
}

fn plain(tokenizer: &Tokenizer) -> Edited<'_> {
    Edited::new(tokenizer, &[]).unwrap()
}

fn change(option: &str, argument: &str) -> Change {
    match option {
        "--without-merge" => Change::without_merge(argument).unwrap(),
        "--with-merge" => Change::with_merge(argument).unwrap(),
        "--without-piece" => Change::WithoutPiece(argument.to_owned()),
        "--with-piece" => Change::with_piece(argument).unwrap(),
        other => panic!("{other}"),
    }
}

fn steps(edited: &Edited<'_>, text: &str) -> Vec<Step> {
    let mut found = Vec::new();
    edited.steps(text, &mut |step| found.push(step));
    found
}

fn told(steps: &[Step]) -> Vec<Token> {
    let tokens = |step: &Step| match step {
        Step::Added(token) => vec![*token],
        Step::Tokens(tokens) => tokens.clone(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(tokens).collect()
}

#[derive(Deserialize)]
struct Case {
    changes: Vec<(String, String)>,
    text: String,
    tokens: Vec<String>,
}

#[test]
fn a_changed_vocabulary_encodes_as_the_reference_library_does_with_an_edited_file() {
    let cases: BTreeMap<String, Vec<Case>> =
        serde_json::from_slice(include_bytes!("../fixtures/tokenizers/edited.json")).unwrap();
    let mut faults = Vec::new();
    for (name, cases) in &cases {
        let (_, tokenizer) = fixture(name);
        for case in cases {
            let changes: Vec<Change> =
                case.changes.iter().map(|(option, argument)| change(option, argument)).collect();
            let edited = Edited::new(&tokenizer, &changes).unwrap();
            let tokens = edited.encode(&case.text);
            let found: Vec<&str> = tokens.iter().map(|token| edited.spelling(token.id).unwrap()).collect();
            if found != case.tokens {
                faults.push(format!("{name} {:?} {:?}: {found:?} not {:?}", case.changes, case.text, case.tokens));
            }
            for (change, (option, argument)) in changes.iter().zip(&case.changes) {
                assert_eq!((change.option(), &change.argument()), (option.as_str(), argument), "written as it is read");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_steps_arrive_at_the_tokens_of_the_tokenizer() {
    for (name, strings, tokenizer) in all() {
        for text in &strings {
            let edited = plain(&tokenizer);
            assert_eq!(edited.encode(text), tokenizer.encode(text), "{name} {text:?}");
            assert_eq!(told(&steps(&edited, text)), tokenizer.encode(text), "{name} {text:?}");
        }
    }
}

#[test]
fn every_change_that_is_named_turns_its_place_round() {
    let mut turned = BTreeMap::new();
    for (name, strings, tokenizer) in all() {
        let edited = plain(&tokenizer);
        for text in strings.iter().filter(|text| text.len() <= 48) {
            for at in 1..text.len() {
                let cut = |edited: &Edited<'_>| !edited.encode(text).iter().any(|token| token.start < at && at < token.end);
                let why = edited.why(text, at).unwrap();
                assert_eq!(why.cut, cut(&edited), "{name} {text:?} {at} {why:?}");
                for flip in edited.flips(text, at, &|| true).unwrap() {
                    let changed = Edited::new(&tokenizer, &flip.changes).unwrap();
                    assert_ne!(cut(&changed), why.cut, "{name} {text:?} {at} {:?}", flip.changes);
                    assert_eq!(changed.encode(text), flip.tokens);
                    *turned.entry(name.clone()).or_insert(0) += 1;
                    // One step less of a score does not.
                    if let [Change::WithPiece { piece, score: Some(score) }] = flip.changes.as_slice()
                        && let Some(id) = tokenizer.id_of(piece)
                    {
                        let raised = tokenizer_score(&edited, text, id).is_some_and(|own| *score > own);
                        let less = if raised { score - 1e-4 } else { score + 1e-4 };
                        let less = Change::WithPiece { piece: piece.clone(), score: Some(less) };
                        let less = Edited::new(&tokenizer, &[less]).unwrap();
                        assert_eq!(cut(&less), why.cut, "{name} {text:?} {at} {piece} {score}");
                    }
                }
            }
        }
    }
    assert_eq!(turned.len(), 10, "all kinds but whole words: {turned:?}");
}

/// The score of a piece, as the lattice of a text shows it.
fn tokenizer_score(edited: &Edited<'_>, text: &str, id: u32) -> Option<f64> {
    steps(edited, text).into_iter().find_map(|step| match step {
        Step::Place { ways, .. } => ways.into_iter().find(|way| way.token.id == id).map(|way| way.score),
        _ => None,
    })
}
