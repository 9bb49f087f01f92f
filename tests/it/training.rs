//! Learning merges, beside Hugging Face's tokenizers 0.23.3.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use lmscope::text::Tokenizer;
use lmscope::text::train::{Algorithm, Choice, Counter, Cutting, PairRules, PairTraining, Recipe, Rule, TrainError};
use serde::Deserialize;

/// A corpus, what was asked of the library's `BpeTrainer`, and what it learned.
#[derive(Deserialize)]
struct Case {
    corpus: String,
    cut: String,
    byte_level: bool,
    size: usize,
    special: Vec<String>,
    min_frequency: u64,
    limit_alphabet: Option<usize>,
    prefix: String,
    suffix: String,
    max_length: Option<usize>,
    vocab: Vec<String>,
    merges: Vec<(String, String)>,
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/training").join(name)).unwrap()
}

/// The examples of Wikipedia's article on byte-pair encoding and of Sennrich et al. 2016, or a file.
fn corpus(name: &str) -> Vec<u8> {
    let times = |word: &'static str, count| vec![word; count];
    match name {
        "wikipedia" => b"aaabdaaabac\n".to_vec(),
        "sennrich" => {
            let words = [times("low", 5), times("lower", 2), times("newest", 6), times("widest", 3)].concat();
            (words.join(" ") + "\n").into_bytes()
        }
        _ => fixture(&format!("{name}.txt")),
    }
}

fn recipe(cut: &str, byte_level: bool, pairs: PairRules) -> Recipe {
    let size = pairs.size;
    let cutting = Cutting::named(cut).unwrap();
    Recipe { cutting, byte_level, unknown: None, pairs, ..Recipe::new(Algorithm::Bpe, size) }
}

fn learn(recipe: &Recipe, bytes: &[u8]) -> Result<PairTraining, TrainError> {
    let mut counter = Counter::new(recipe)?;
    counter.add(bytes);
    let mut training = PairTraining::new(&counter.words, recipe.rules())?;
    training.notes = 1;
    Ok(training)
}

fn merged(training: &PairTraining) -> Vec<(String, String)> {
    let spelled = |id| training.spelling(id).to_owned();
    training.merges().into_iter().map(|(left, right)| (spelled(left), spelled(right))).collect()
}

#[test]
fn merges_and_vocabularies_are_those_of_the_tokenizers_library() {
    let cases: Vec<Case> = serde_json::from_slice(&fixture("pairs.json")).unwrap();
    for case in cases {
        let pairs = PairRules {
            size: case.size,
            min_frequency: case.min_frequency,
            limit_alphabet: case.limit_alphabet,
            prefix: case.prefix.clone(),
            suffix: case.suffix.clone(),
            max_length: case.max_length,
            ..PairRules::default()
        };
        let recipe = Recipe { special: case.special.clone(), ..recipe(&case.cut, case.byte_level, pairs) };
        let mut training = learn(&recipe, &corpus(&case.corpus)).unwrap();
        let mut last = training.total();
        let mut seen = 0;
        training.run(|training, step| {
            assert_eq!((step.before, step.after), (last, training.total()));
            let best = step.others.first().map_or(0, |other| other.count);
            assert!(step.pair.count >= best, "{} {}: {step:?}", case.corpus, case.cut);
            last = step.after;
            seen += 1;
            std::ops::ControlFlow::Continue(())
        });
        assert!(seen >= case.merges.len());
        let name = format!("{} {} {}", case.corpus, case.cut, case.size);
        let differs = merged(&training).iter().zip(&case.merges).position(|(ours, theirs)| ours != theirs);
        assert_eq!(differs, None, "{name}: the first merge that differs");
        assert_eq!(merged(&training).len(), case.merges.len(), "{name}");
        assert_eq!(training.vocabulary(), case.vocab, "{name}");
    }
}

#[test]
fn the_first_merges_of_sennrich_are_those_of_the_paper() {
    let pairs = PairRules { size: 40, suffix: "</w>".to_owned(), ..PairRules::default() };
    let recipe = recipe("whitespace-split", false, pairs);
    let mut training = learn(&recipe, &corpus("sennrich")).unwrap();
    let first = training.step().unwrap();
    // `e s` and `s t</w>` occur 9 times each; the pair of the older token is taken.
    assert_eq!((training.spelling(first.joined), first.pair.count, first.rule()), ("es", 9, Rule::OlderFirst));
    let second = training.step().unwrap();
    assert_eq!((training.spelling(second.joined), second.pair.count), ("est</w>", 9));
}

#[test]
fn the_likelihood_prefers_what_is_seldom_apart() {
    let pairs = PairRules { size: 40, choice: Choice::Likelihood, ..PairRules::default() };
    let recipe = recipe("whitespace-split", false, pairs);
    let mut training = learn(&recipe, &corpus("sennrich")).unwrap();
    let step = training.step().unwrap();
    // i, d: 3 of 3 each, and neighbours every time: 3 / (3 · 3).
    assert_eq!((training.spelling(step.joined), step.pair.score), ("id", 1.0 / 3.0));
    assert!(step.others[0].score < step.pair.score);
}

#[test]
fn what_was_learned_opens_and_cuts_the_corpus_as_the_training_left_it() {
    let recipe = Recipe::new(Algorithm::Bpe, 900);
    let bytes = corpus("shakespeare");
    let mut training = learn(&recipe, &bytes).unwrap();
    while training.step().is_some() {}
    let tokenizer = Tokenizer::from_json(&recipe.file(&training, usize::MAX)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let encoded: usize = text.split_inclusive('\n').map(|line| tokenizer.encode(line).len()).sum();
    assert_eq!(encoded as u64, training.total());
    let strange = "naïve 研究生命起源 \u{1f600}\n";
    let ids: Vec<u32> = tokenizer.encode(strange).iter().map(|token| token.id).collect();
    assert_eq!(tokenizer.decode(&ids), strange.as_bytes());
}

#[test]
fn a_corpus_without_words_or_a_vocabulary_without_room_is_refused() {
    let recipe = Recipe::new(Algorithm::Bpe, 900);
    assert_eq!(learn(&recipe, b"").unwrap_err(), TrainError::EmptyCorpus);
    let small = Recipe::new(Algorithm::Bpe, 255);
    assert_eq!(learn(&small, b"abc").unwrap_err(), TrainError::TooSmall { size: 255, least: 256 });
    let mixed = Recipe { byte_level: true, ..Recipe::new(Algorithm::WordPiece, 900) };
    assert!(matches!(learn(&mixed, b"abc"), Err(TrainError::WordPieceOfBytes)));
}

#[test]
fn bytes_that_are_no_text_are_kept_as_bytes_or_replaced_and_counted() {
    let bytes = Recipe::new(Algorithm::Bpe, 300);
    let mut counter = Counter::new(&bytes).unwrap();
    counter.add(b"ab\xff\xfecd\n");
    assert_eq!(counter.invalid, 2);
    assert!(counter.words.sorted().iter().any(|(word, _)| word == b"\xff"));
    let characters = recipe("none", false, PairRules::default());
    let mut counter = Counter::new(&characters).unwrap();
    counter.add(b"ab\xffcd");
    assert_eq!(counter.words.sorted(), [("ab\u{fffd}cd".as_bytes(), 1)]);
}

#[test]
fn a_word_of_ten_megabytes_is_learned_from() {
    let recipe = recipe("none", true, PairRules { size: 300, ..PairRules::default() });
    let mut training = learn(&recipe, &vec![b'a'; 10 << 20]).unwrap();
    while training.step().is_some() {}
    assert!(training.vocabulary().iter().any(|piece| piece.len() == 1024));
}
