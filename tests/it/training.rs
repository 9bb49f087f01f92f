//! Learning merges, beside Hugging Face's tokenizers 0.23.3.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use lmscope::text::Tokenizer;
use lmscope::text::train::{
    Algorithm, Choice, Counter, Cutting, PairRules, PairTraining, Recipe, Rule, TrainError, UnigramDeed, UnigramRules,
    UnigramTraining,
};
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

/// A corpus, what was asked of the library's `UnigramTrainer`, and what it learned: pieces with their scores.
#[derive(Deserialize)]
struct UnigramCase {
    corpus: String,
    cut: String,
    size: usize,
    shrinking: f64,
    iterations: usize,
    longest: usize,
    vocab: Vec<(String, f64)>,
}

fn unigram(cut: &str, size: usize, rules: UnigramRules) -> Recipe {
    let cutting = Cutting::named(cut).unwrap();
    Recipe { cutting, unigram: rules, ..Recipe::new(Algorithm::Unigram, size) }
}

fn fit(recipe: &Recipe, bytes: &[u8]) -> Result<UnigramTraining, TrainError> {
    let mut counter = Counter::new(recipe)?;
    counter.add(bytes);
    let mut training = UnigramTraining::new(&counter.words, recipe.unigram_rules())?;
    training.notes = 4;
    Ok(training)
}

#[test]
fn unigram_models_are_those_of_the_tokenizers_library() {
    let cases: Vec<UnigramCase> = serde_json::from_slice(&fixture("unigram.json")).unwrap();
    for case in cases {
        let name = format!("{} {} {}", case.corpus, case.cut, case.size);
        let rules = UnigramRules {
            shrinking: case.shrinking,
            iterations: case.iterations,
            longest: case.longest,
            ..UnigramRules::default()
        };
        let mut training = fit(&unigram(&case.cut, case.size, rules), &corpus(&case.corpus)).unwrap();
        let mut cost = f64::INFINITY;
        let mut pieces = training.pieces().len();
        let mut pruned = false;
        while let Some(step) = training.step() {
            assert_eq!((step.before, step.after), (pieces, training.pieces().len()), "{name}");
            pieces = step.after;
            match step.deed {
                UnigramDeed::Fitted => {
                    // Without pieces taken out in between, the words cost less and less.
                    let now = step.cost.unwrap();
                    assert!(pruned || now < cost, "{name}: {now} after {cost}");
                    (cost, pruned) = (now, false);
                    assert!(step.kept.iter().all(|&(_, expected)| expected >= 0.5), "{name}");
                    assert!(step.removed.iter().all(|&(_, expected)| expected < 0.5), "{name}");
                }
                UnigramDeed::Pruned => {
                    pruned = true;
                    let (least, most) = (step.kept.first(), step.removed.first());
                    let ordered = least.zip(most).is_none_or(|(least, most)| least.1 >= most.1);
                    assert!(ordered, "{name}: {least:?} stays and {most:?} goes");
                }
                UnigramDeed::Finished => assert!(training.step().is_none()),
            }
        }
        let ours = training.vocabulary();
        let scores: std::collections::BTreeMap<&str, f64> =
            ours.iter().map(|(piece, score)| (&**piece, *score)).collect();
        assert_eq!(ours.len(), case.vocab.len(), "{name}");
        let least = case.vocab.last().unwrap().1;
        for (piece, expected) in &case.vocab {
            let score = scores.get(piece.as_str()).copied();
            // Characters that come out without a score get one in an order that the library leaves to chance.
            let near = if piece.chars().count() == 1 { (least.abs() * 1e-2).max(1e-7) } else { 1e-7 };
            assert!(score.is_some_and(|score| (score - expected).abs() < near), "{name}: {piece} {score:?} {expected}");
        }
    }
}

#[test]
fn a_unigram_model_opens_and_cuts_the_corpus_as_the_training_left_it() {
    let recipe = unigram("metaspace", 600, UnigramRules::default());
    let bytes = corpus("shakespeare");
    let mut training = fit(&recipe, &bytes).unwrap();
    while training.step().is_some() {}
    let tokenizer = Tokenizer::from_json(&recipe.file_of_pieces(&training.vocabulary())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let encoded: usize = text.split_inclusive('\n').map(|line| tokenizer.encode(line).len()).sum();
    assert_eq!(encoded as u64, training.total());
    assert_eq!(tokenizer.len(), 600);
}

#[test]
fn a_unigram_model_of_bytes_or_without_room_is_refused() {
    let recipe = unigram("metaspace", 600, UnigramRules::default());
    assert_eq!(fit(&recipe, b"").unwrap_err(), TrainError::EmptyCorpus);
    let of_bytes = Recipe { byte_level: true, ..recipe };
    assert_eq!(fit(&of_bytes, b"abc").unwrap_err(), TrainError::UnigramOfBytes);
    let small = unigram("whitespace-split", 3, UnigramRules::default());
    assert_eq!(fit(&small, b"abc abc").unwrap_err(), TrainError::TooSmall { size: 3, least: 4 });
}

#[test]
fn the_likelihood_counts_what_the_words_are_at_every_step() {
    let pairs = PairRules { size: 400, choice: Choice::Likelihood, min_frequency: 3, ..PairRules::default() };
    let recipe = recipe("whitespace-split", false, pairs);
    let mut training = learn(&recipe, &corpus("shakespeare")).unwrap();
    loop {
        let mut counts = std::collections::BTreeMap::<(u32, u32), u64>::new();
        let mut tokens = std::collections::BTreeMap::<u32, u64>::new();
        for (word, times) in training.words() {
            for &token in word {
                *tokens.entry(token).or_default() += times;
            }
            for pair in word.windows(2) {
                *counts.entry((pair[0], pair[1])).or_default() += times;
            }
        }
        let score =
            |&(left, right): &(u32, u32), count: u64| count as f64 / (tokens[&left] as f64 * tokens[&right] as f64);
        let frequent = counts.iter().filter(|&(_, &count)| count >= 3);
        let best = frequent.map(|(pair, &count)| score(pair, count)).fold(0.0, f64::max);
        let Some(step) = training.step() else { break };
        assert_eq!(step.pair.score, best);
        assert_eq!(Some(&step.pair.count), counts.get(&(step.pair.left, step.pair.right)));
    }
}
