//! Learning a unigram language model (Kudo 2018, section 3.2), with the choices of Hugging Face's `UnigramTrainer`.
//!
//! It begins with every substring that is worth a thought, and makes the vocabulary smaller: expectation maximisation fits
//! the pieces' probabilities to the words, then the pieces whose loss costs the likelihood least are taken out, until the
//! vocabulary is a tenth larger than wanted; the most probable pieces stay. Every character stays. `SentencePiece` does the
//! same in single precision, so that its scores differ in the last digits.

mod lattice;
mod prune;
mod seed;

use super::{TrainError, WordCounts};
use lattice::{Edges, Model};

/// Pieces expected to occur less often than this are dropped, as in the library.
const LEAST_EXPECTED: f64 = 0.5;
/// How far apart the scores are of characters that came out of the training without one.
const APART: f64 = 0.0001;

/// What is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct UnigramRules {
    /// How many tokens the vocabulary has, special ones and the alphabet included.
    pub size: usize,
    /// Tokens that are in the vocabulary first, whatever the corpus.
    pub reserved: Vec<String>,
    /// Characters that are in the vocabulary whether the corpus has them or not.
    pub initial: Vec<char>,
    /// The share of the pieces that is kept when some are taken out, from 0 to 1.
    pub shrinking: f64,
    /// How often probabilities are fitted before pieces are taken out.
    pub iterations: usize,
    /// The most characters of a piece.
    pub longest: usize,
}

impl Default for UnigramRules {
    fn default() -> Self {
        Self { size: 8000, reserved: Vec::new(), initial: Vec::new(), shrinking: 0.75, iterations: 2, longest: 16 }
    }
}

/// A piece: which, and the logarithm of its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    /// Its place among the pieces that there were at first.
    token: u32,
    score: f64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnigramDeed {
    /// Probabilities were fitted; a piece is worth how often it is expected to occur.
    Fitted,
    /// Pieces were taken out; a piece is worth the loss of log-likelihood without it, in nats per word.
    Pruned,
    /// The vocabulary was cut to its size, behind the characters in the order of the last pruning; what a piece has is its
    /// score, the logarithm of its probability.
    Finished,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct UnigramStep {
    /// What it did.
    pub deed: UnigramDeed,
    /// How many pieces there were.
    pub before: usize,
    /// How many there are.
    pub after: usize,
    /// What the words cost before the step, in nats per word: the negative mean of their log-likelihoods. Of fitting alone.
    pub cost: Option<f64>,
    /// Those that stayed and were nearest to going, with their worth, the nearest first.
    pub kept: Vec<(u32, f64)>,
    /// Those that went and were nearest to staying, likewise.
    pub removed: Vec<(u32, f64)>,
    /// How many went because the best cut of no word has them.
    pub unused: usize,
}

/// The learning of a unigram model under way.
#[derive(Debug)]
pub struct UnigramTraining {
    rules: UnigramRules,
    words: Vec<(String, u64)>,
    /// Every piece there ever was; the characters first.
    tokens: Vec<String>,
    /// How many of them are characters.
    characters: usize,
    /// The pieces of the model; the first stands for what no piece has.
    pieces: Vec<Piece>,
    model: Model,
    fitted: usize,
    is_settled: bool,
    /// How many of the pieces each step names.
    pub notes: usize,
}

impl UnigramTraining {
    /// The words, and every piece that is worth a thought.
    ///
    /// # Errors
    /// [`TrainError::EmptyCorpus`] without a word, [`TrainError::TooSmall`] where the vocabulary has no room for the alphabet.
    pub fn new(words: &WordCounts, rules: UnigramRules) -> Result<Self, TrainError> {
        words.check()?;
        if words.is_empty() {
            return Err(TrainError::EmptyCorpus);
        }
        let words = words.sorted().into_iter();
        let words: Vec<(String, u64)> =
            words.map(|(word, times)| (String::from_utf8_lossy(word).into_owned(), times)).collect();
        let seeds = seed::seeds(&words, &rules)?;
        let sum: f64 = seeds.pieces.iter().map(|(_, worth)| worth).sum();
        let unknown = Piece { token: u32::MAX, score: f64::NAN };
        let score = |worth: f64| worth.ln() - sum.ln();
        let known = (0..).zip(&seeds.pieces).filter(|(_, (_, worth))| *worth > 0.0);
        let known = known.map(|(token, &(_, worth))| Piece { token, score: score(worth) });
        let pieces: Vec<Piece> = std::iter::once(unknown).chain(known).collect();
        let tokens: Vec<String> = seeds.pieces.into_iter().map(|(text, _)| text).collect();
        let model = Model::new(&pieces, &tokens);
        Ok(Self {
            rules,
            words,
            tokens,
            characters: seeds.characters,
            pieces,
            model,
            fitted: 0,
            is_settled: false,
            notes: 0,
        })
    }

    /// Makes the next step; nothing when the vocabulary is settled.
    pub fn step(&mut self) -> Option<UnigramStep> {
        if self.is_settled {
            return None;
        }
        if self.fitted < self.rules.iterations {
            self.fitted += 1;
            return Some(self.fit());
        }
        if self.pieces.len() > self.wanted() {
            self.fitted = 0;
            let step = self.prune();
            // Where nothing can be taken out any more, the rest is cut off.
            if step.after < step.before {
                return Some(step);
            }
        }
        Some(self.finish())
    }

    /// How many pieces there may be before the vocabulary is cut to its size.
    fn wanted(&self) -> usize {
        self.rules.size * 11 / 10
    }

    /// One round of expectation maximisation. Counts become probabilities by way of the digamma function, which makes the
    /// rare ones rarer (Liang and Klein 2007).
    fn fit(&mut self) -> UnigramStep {
        let before = self.pieces.len();
        let mut expected = vec![0.0; before];
        let mut cost = 0.0;
        let all: u64 = self.words.iter().map(|(_, times)| times).sum();
        let mut edges = Edges::default();
        for (word, times) in &self.words {
            edges.fill(&self.model, word, None);
            cost -= edges.expect(*times as f64, &mut expected) / all as f64;
        }
        let unknown = self.pieces.first().copied();
        let (mut kept, mut removed) = (Vec::new(), Vec::new());
        for (piece, &count) in self.pieces.iter().zip(&expected).skip(1) {
            if count < LEAST_EXPECTED { &mut removed } else { &mut kept }.push((piece.token, count));
        }
        let sum = digamma(kept.iter().map(|(_, count)| count).sum());
        let score = |&(token, count): &(u32, f64)| Piece { token, score: digamma(count) - sum };
        self.set(unknown.into_iter().chain(kept.iter().map(score)).collect());
        self.told(UnigramDeed::Fitted, before, Some(cost), kept, removed, 0)
    }

    /// Takes pieces out.
    fn prune(&mut self) -> UnigramStep {
        let before = self.pieces.len();
        let keep = ((before as f64 * self.rules.shrinking) as usize).max(self.wanted());
        let pruned = prune::prune(&self.model, &self.pieces, &self.tokens, &self.words, keep);
        self.set(pruned.pieces);
        self.told(UnigramDeed::Pruned, before, None, pruned.kept, pruned.removed, pruned.unused)
    }

    /// Settles the vocabulary: every character, then the most probable pieces.
    fn finish(&mut self) -> UnigramStep {
        let before = self.pieces.len();
        let room = self.rules.size - self.rules.reserved.len();
        let mut scores: Vec<Option<f64>> = vec![None; self.tokens.len()];
        for piece in self.pieces.iter().skip(1) {
            scores[piece.token as usize] = Some(piece.score);
        }
        let mut without = 0.0;
        let mut chosen: Vec<(u32, f64)> = Vec::with_capacity(room);
        for token in self.order() {
            let score = scores[token as usize].unwrap_or_else(|| {
                let score = self.model.least() + without;
                without += APART;
                score
            });
            chosen.push((token, score));
        }
        let mut rest: Vec<(u32, f64)> = self.pieces.iter().skip(1).map(|piece| (piece.token, piece.score)).collect();
        rest.retain(|&(token, _)| token as usize >= self.characters);
        let left = rest.split_off(rest.len().min(room.saturating_sub(chosen.len())));
        chosen.extend(&rest);
        chosen.sort_by(|a, b| b.1.total_cmp(&a.1));
        self.is_settled = true;
        let unknown = self.pieces.first().copied();
        let pieces = chosen.iter().map(|&(token, score)| Piece { token, score });
        self.set(unknown.into_iter().chain(pieces).collect());
        rest.reverse();
        self.told(UnigramDeed::Finished, before, None, rest, left, 0)
    }

    /// The characters, in the order of their codes: the library has those without a score in an order of chance.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.characters as u32).collect();
        order.sort_by_key(|&token| self.tokens.get(token as usize));
        order
    }

    fn set(&mut self, pieces: Vec<Piece>) {
        self.model = Model::new(&pieces, &self.tokens);
        self.pieces = pieces;
    }

    fn told(
        &self,
        deed: UnigramDeed,
        before: usize,
        cost: Option<f64>,
        mut kept: Vec<(u32, f64)>,
        mut removed: Vec<(u32, f64)>,
        unused: usize,
    ) -> UnigramStep {
        if deed != UnigramDeed::Finished {
            kept.sort_by(|a, b| a.1.total_cmp(&b.1));
            removed.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        kept.truncate(self.notes);
        removed.truncate(self.notes);
        // The piece for the unknown is none that a person counts.
        UnigramStep { deed, before: before - 1, after: self.pieces.len() - 1, cost, kept, removed, unused }
    }

    /// The vocabulary as it stands: special tokens, then the pieces by their scores.
    pub fn vocabulary(&self) -> Vec<(String, f64)> {
        self.vocabulary_of(&self.pieces())
    }

    /// The vocabulary of pieces with their scores.
    pub fn vocabulary_of(&self, pieces: &[(u32, f64)]) -> Vec<(String, f64)> {
        let reserved = self.rules.reserved.iter().map(|token| (token.clone(), 0.0));
        reserved.chain(pieces.iter().map(|&(token, score)| (self.spelling(token).to_owned(), score))).collect()
    }

    /// The pieces as they stand with their scores, the logarithms of their probabilities; the most probable first.
    pub fn pieces(&self) -> Vec<(u32, f64)> {
        let mut pieces: Vec<_> = self.pieces.iter().skip(1).map(|piece| (piece.token, piece.score)).collect();
        pieces.sort_by(|a, b| b.1.total_cmp(&a.1));
        pieces
    }

    /// What was asked for.
    pub fn rules(&self) -> &UnigramRules {
        &self.rules
    }

    /// How a piece is spelled.
    pub fn spelling(&self, token: u32) -> &str {
        self.tokens.get(token as usize).map_or("", String::as_str)
    }

    /// How many of the pieces are characters.
    pub fn characters(&self) -> usize {
        self.characters
    }

    /// How many different words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How often each word occurs; the words are in the order of their bytes.
    pub fn times(&self) -> impl Iterator<Item = u64> {
        self.words.iter().map(|&(_, times)| times)
    }

    /// The most probable pieces of a word as the model stands, [`u32::MAX`] for a character that no piece has.
    pub fn word(&self, index: usize) -> Vec<u32> {
        let Some((word, _)) = self.words.get(index) else { return Vec::new() };
        let mut edges = Edges::default();
        edges.fill(&self.model, word, None);
        let path = edges.best().into_iter();
        path.map(|place| self.pieces.get(place as usize).map_or(u32::MAX, |piece| piece.token)).collect()
    }

    /// How many pieces the corpus is cut into as the model stands.
    pub fn total(&self) -> u64 {
        (0..self.words.len()).zip(self.times()).map(|(index, times)| self.word(index).len() as u64 * times).sum()
    }
}

/// The logarithmic derivative of the gamma function, by its asymptotic series, as in the library.
fn digamma(mut x: f64) -> f64 {
    let mut result = 0.0;
    while x < 7.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    x -= 0.5;
    let square = 1.0 / (x * x);
    let fourth = square * square;
    result + x.ln() + square / 24.0 - 7.0 / 960.0 * fourth + 31.0 / 8064.0 * fourth * square
        - 127.0 / 30720.0 * fourth * fourth
}
