//! Encoding step by step: its steps, its reasons, and changes of the vocabulary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use lmscope::text::encoding::{Change, ChangeError, Edited, Reason, Step, embedded};
use lmscope::text::segment::NoPlace;
use lmscope::text::{Kind, Token, Tokenizer};
use serde::Deserialize;

use crate::text::FIXTURES;

#[derive(Deserialize)]
struct Fixture {
    tokenizer: serde_json::Value,
    strings: Vec<String>,
}

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
            let changes: Vec<Change> = case.changes.iter().map(|(option, argument)| change(option, argument)).collect();
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
                let cut =
                    |edited: &Edited<'_>| !edited.encode(text).iter().any(|token| token.start < at && at < token.end);
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

fn bpe(vocab: &[&str], merges: &[&str]) -> Tokenizer {
    let vocab: serde_json::Map<String, serde_json::Value> =
        vocab.iter().zip(0..).map(|(piece, id): (&&str, u32)| ((*piece).to_owned(), id.into())).collect();
    let file = serde_json::json!({"added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges}});
    Tokenizer::from_json(&serde_json::to_vec(&file).unwrap()).unwrap()
}

fn spelled(edited: &Edited<'_>, text: &str) -> String {
    let tokens = edited.encode(text);
    let tokens: Vec<&str> = tokens.iter().map(|token| edited.spelling(token.id).unwrap()).collect();
    tokens.join(" ")
}

/// The example of the encyclopedia's article on byte-pair encoding: aa, then ab, then both.
#[test]
fn the_merges_of_the_textbook_are_made_in_their_order_with_what_lost_beside_them() {
    let tokenizer = bpe(&["a", "b", "c", "d", "aa", "ab", "aaab"], &["a a", "a b", "aa ab"]);
    let edited = plain(&tokenizer);
    assert_eq!(spelled(&edited, "aaabdaaabac"), "aaab d aaab a c");
    let steps = steps(&edited, "aaabdaaabac");
    let merges: Vec<(u32, usize, usize)> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Merge { merge, waiting, .. } => Some((merge.rank, merge.left.start, *waiting)),
            _ => None,
        })
        .collect();
    // Where pairs of one rank overlap, the one on the left is made.
    assert_eq!(merges, [(0, 0, 6), (0, 5, 4), (1, 2, 2), (1, 7, 2), (2, 0, 2), (2, 5, 1)]);
    let Some(Step::Merge { others, .. }) = steps.get(1) else { panic!("{steps:?}") };
    assert_eq!(others.iter().map(|other| other.rank).collect::<Vec<_>>(), [1], "each pair once");

    let why = edited.why("aaabdaaabac", 2).unwrap();
    let Reason::Joined { merge, number: 5, second: None } = why.reason else { panic!("{why:?}") };
    assert_eq!((why.cut, merge.rank), (false, 2));
    let flips = edited.flips("aaabdaaabac", 2, &|| true).unwrap();
    let smallest = &flips.first().unwrap().changes;
    assert_eq!(smallest.as_slice(), [Change::without_merge("aa ab").unwrap()]);
    // Before the byte 1, only a merge that comes first keeps the two apart.
    let why = edited.why("aaabdaaabac", 9).unwrap();
    let Reason::Apart { missed, .. } = why.reason else { panic!("{why:?}") };
    assert!(why.cut && missed.is_empty(), "b and a never join");
}

/// Sennrich et al. 2016, figure 1: low, lower, newest, widest.
#[test]
fn a_merge_that_lost_its_chance_is_named_with_the_one_that_came_first() {
    let pieces = ["l", "o", "w", "e", "r", "n", "s", "t", "i", "d", "es", "est", "lo", "low", "we"];
    let tokenizer = bpe(&pieces, &["e s", "es t", "l o", "lo w", "w e"]);
    let edited = plain(&tokenizer);
    assert_eq!(spelled(&edited, "lowest lower newest"), "low est low e r n e w est");
    let why = edited.why("lowest", 3).unwrap();
    let Reason::Apart { missed, .. } = why.reason else { panic!("{why:?}") };
    let missed: Vec<(u32, u32)> = missed.iter().map(|missed| (missed.merge.rank, missed.blocker.rank)).collect();
    assert_eq!(missed, [(4, 0)], "w + e would go across, but e + s takes the e");
    let changes = |at| -> Vec<String> {
        let flips = edited.flips("lowest", at, &|| true).unwrap();
        flips
            .iter()
            .map(|flip| {
                flip.changes
                    .iter()
                    .map(|change| format!("{} {}", change.option(), change.argument()))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    };
    assert_eq!(changes(3), ["--with-merge w e:0", "--with-merge low est"]);
    // Taking e + s away alone does nothing: low is made before w + e.
    let without = Edited::new(&tokenizer, &[Change::without_merge("e s").unwrap()]).unwrap();
    assert_eq!(spelled(&without, "lowest"), "low e s t");
}

/// Every way to cut a word into pieces, with the sum of their scores.
fn ways(word: &str, scores: &BTreeMap<String, f64>) -> Vec<(f64, Vec<String>)> {
    if word.is_empty() {
        return vec![(0.0, Vec::new())];
    }
    let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let mut found = Vec::new();
    for (piece, rest) in ends.map(|end| word.split_at(end)) {
        if let Some(score) = scores.get(piece) {
            for (sum, mut pieces) in ways(rest, scores) {
                pieces.insert(0, piece.to_owned());
                found.push((sum + score, pieces));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

#[test]
fn of_all_ways_through_a_word_the_best_and_the_next_best_are_found_and_those_with_and_without_a_cut() {
    let bytes = FIXTURES.iter().find(|fixture| fixture.0 == "unigram").unwrap().1;
    let file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let scores: BTreeMap<String, f64> = file["tokenizer"]["model"]["vocab"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry[0].as_str().unwrap().to_owned(), entry[1].as_f64().unwrap()))
        .collect();
    let (_, tokenizer) = fixture("unigram");
    let edited = plain(&tokenizer);
    let mut compared = 0;
    for text in ["rabbit", "thinking", "was", "sitting", "another", "theses"] {
        let all = ways(&format!("▁{text}"), &scores);
        for step in steps(&edited, text) {
            let Step::Routes { best, second } = step else { continue };
            assert!((best.score - all[0].0).abs() < 1e-9, "{text}");
            assert_eq!(second.is_some(), all.len() > 1, "{text}");
            assert!(second.is_none_or(|second| (second.score - all[1].0).abs() < 1e-9), "{text}");
        }
        for at in 1..text.len() {
            let why = edited.why(text, at).unwrap();
            let Reason::Routes { cut, joined } = why.reason else { panic!("{why:?}") };
            // The space sign in front takes three bytes.
            let cuts = |pieces: &[String]| {
                let mut end = 0;
                pieces.iter().any(|piece| {
                    end += piece.len();
                    end == at + 3
                })
            };
            for (route, wanted) in [(cut, true), (joined, false)] {
                let best = all.iter().find(|(_, pieces)| cuts(pieces) == wanted);
                assert_eq!(route.is_some(), best.is_some());
                if let Some((route, (score, _))) = route.zip(best) {
                    assert!((route.score - score).abs() < 1e-9, "{text} {at}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn every_place_of_a_text_has_its_reason() {
    let reason = |name: &str, text: &str, at: usize| {
        let (_, tokenizer) = fixture(name);
        plain(&tokenizer).why(text, at).unwrap()
    };
    // The added token stands before everything, whole.
    let why = reason("byte-level", "To be,<|end|> 明", 8);
    assert!(matches!(why.reason, Reason::Inside(_)) && !why.cut, "{why:?}");
    let why = reason("byte-level", "To be,<|end|> 明", 6);
    assert!(matches!(why.reason, Reason::Edge(_)) && why.cut, "{why:?}");
    let why = reason("byte-level", "To be", 2);
    assert_eq!(why.reason, Reason::Between(0..2, 2..5));
    // A character that no piece has becomes bytes, and inside one that a piece has nothing is cut.
    let why = reason("byte-fallback", "🎈", 1);
    assert!(matches!(why.reason, Reason::Bytes(ref bytes) if *bytes == (0..4)) && why.cut, "{why:?}");
    let why = reason("byte-fallback", "明", 1);
    assert!(matches!(why.reason, Reason::Unit(ref bytes) if *bytes == (0..3)) && !why.cut, "{why:?}");
    // Normalisation takes the accent away, and with it the place inside.
    let why = reason("word-piece", "na\u{ef}ve", 3);
    assert!(
        matches!(why.reason, Reason::Normalized { ref bytes, ref text } if *bytes == (2..4) && text == "i"),
        "{why:?}"
    );
    let why = reason("word-piece", "a  b", 2);
    assert_eq!((why.cut, why.reason), (true, Reason::Dropped));
    let why = reason("word-piece", "alice🎈", 3);
    assert!(matches!(why.reason, Reason::Stuck(5, _)) && !why.cut, "{why:?}");
    let why = reason("word-piece", &"a".repeat(51), 3);
    assert_eq!((why.cut, why.reason), (false, Reason::TooLong(50)));
    let why = reason("unigram", "\u{e9}🎈🎈", 6);
    assert!(matches!(why.reason, Reason::Unknown(_)) && !why.cut, "{why:?}");
    let why = reason("word-level", "alice", 2);
    assert!(matches!(why.reason, Reason::Word(_)) && !why.cut, "{why:?}");
    let (_, tokenizer) = fixture("word-piece");
    let outside = |text: &str, at| plain(&tokenizer).why(text, at).unwrap_err();
    assert_eq!(outside("ab", 0), NoPlace::Outside { length: 2 });
    assert_eq!(outside("ab", 2), NoPlace::Outside { length: 2 });
    assert_eq!(outside("", 1), NoPlace::Outside { length: 0 });
}

#[test]
fn a_change_that_cannot_be_made_says_why() {
    let refused = |name: &str, changes: &[Change]| {
        let (_, tokenizer) = fixture(name);
        Edited::new(&tokenizer, changes).unwrap_err()
    };
    let pair = |left: &str, right: &str| Change::WithoutMerge { left: left.to_owned(), right: right.to_owned() };
    let piece = |piece: &str, score| Change::WithPiece { piece: piece.to_owned(), score };
    assert_eq!(refused("byte-level", &[pair("zz", "t")]), ChangeError::NoPiece("zz".to_owned()));
    assert_eq!(refused("byte-level", &[pair("t", "Ġ")]), ChangeError::NoMerge("t Ġ".to_owned()));
    assert_eq!(refused("byte-level", &[Change::WithoutPiece("t".to_owned())]), ChangeError::Unit("t".to_owned()));
    assert_eq!(refused("byte-level", &[piece("the", None)]), ChangeError::Pieces("the".to_owned()));
    assert_eq!(
        refused("byte-fallback", &[Change::WithoutPiece("<unk>".to_owned())]),
        ChangeError::Unknown("<unk>".to_owned())
    );
    assert_eq!(refused("word-piece", &[pair("a", "b")]), ChangeError::Merges("WordPiece"));
    assert_eq!(refused("word-piece", &[piece("a", None)]), ChangeError::Present("a".to_owned()));
    assert_eq!(refused("word-piece", &[piece("zzz", Some(1.0))]), ChangeError::NoScores("zzz".to_owned()));
    assert_eq!(refused("unigram", &[piece("zzz", None)]), ChangeError::NeedsScore("zzz".to_owned()));
    assert_eq!(refused("unigram", &[piece("<unk>", Some(-1.0))]), ChangeError::NoScores("<unk>".to_owned()));
    assert_eq!(refused("unigram", &[piece("a", Some(f64::NAN))]), ChangeError::Score("a".to_owned()));
    assert_eq!(refused("unigram", &[piece(&"a".repeat(2000), Some(-1.0))]), ChangeError::Length(2000));
    assert_eq!(Change::with_merge("ab").unwrap_err(), ChangeError::NotAPair("ab".to_owned()));
    assert_eq!(Change::with_merge("a b c").unwrap_err(), ChangeError::NotAPair("a b c".to_owned()));
    assert_eq!(Change::with_piece(":x").unwrap(), piece(":x", None), "a colon may be part of a piece");
    assert_eq!(Change::with_merge("a :").unwrap(), Change::with_merge("a :").unwrap());
    let moved = Change::with_merge("a ::7").unwrap();
    assert_eq!(moved, Change::WithMerge { left: "a".to_owned(), right: ":".to_owned(), rank: Some(7) });
    // What is taken out can be put back.
    let (_, tokenizer) = fixture("unigram");
    let back = [Change::WithoutPiece("▁w".to_owned()), piece("▁w", Some(-5.0))];
    assert_eq!(Edited::new(&tokenizer, &back).unwrap().score("▁w"), Some(-5.0));
}

#[test]
fn a_long_word_is_followed_to_its_end() {
    let text = "a".repeat(20_000);
    for name in ["byte-level", "unigram", "word-end"] {
        let (_, tokenizer) = fixture(name);
        let edited = plain(&tokenizer);
        assert_eq!(told(&steps(&edited, &text)), tokenizer.encode(&text), "{name}");
        assert!(edited.why(&text, 10_001).is_ok());
    }
}

/// What the tokenizers library 0.23.3 makes of the three tokenizers that are compiled in.
#[test]
fn the_embedded_tokenizers_encode_as_the_reference_library_does() {
    let expected = [
        (Kind::BytePairs, "lowest newest widest", "l ow est Ġnew est Ġw id est"),
        (Kind::BytePairs, "unhappiness, my lord", "un ha pp iness , Ġmy Ġlord"),
        (Kind::BytePairs, "床前明月光，疑是地上霜。", "åºĬ åīį æĺİæľĪ åħī ï¼Į çĸĳ æĺ¯ åľ° ä¸Ĭ éľľ ãĢĤ"),
        (Kind::WordPiece, "lowest newest widest", "low ##est new ##est wid ##est"),
        (Kind::WordPiece, "aaabdaaabac", "a ##a ##ab ##d ##a ##a ##ab ##ac"),
        (Kind::WordPiece, "床前明月光，", "床 前 明 月 光 ，"),
        (Kind::Unigram, "lowest newest widest", "▁ low est ▁new est ▁w id est"),
        (Kind::Unigram, "aaabdaaabac", "▁a a a b d a a a b ac"),
        (Kind::Unigram, "床前明月光，疑是地上霜。", "▁ 床 前 明月 光 ， 疑 是 地 上 霜 。"),
    ];
    for (model, text, tokens) in expected {
        let tokenizer = embedded(model).unwrap();
        let edited = plain(tokenizer);
        assert_eq!((edited.kind(), spelled(&edited, text).as_str()), (model, tokens));
        assert_eq!(tokenizer.len(), 4000);
    }
}
