//! What is changed in a vocabulary, laid over it: the vocabulary itself stays as it is.

use super::change::Change;
use super::change::ChangeError;
use super::change::check_length;
use crate::text::bpe::FoldMap;
use crate::text::bpe::NEVER;
use crate::text::bpe::NONE;
use crate::text::encoder::Encoder;
use crate::text::tokenizer::Tokenizer;
use crate::text::unigram::Score;
use crate::text::unigram::UNKNOWN_PENALTY;
use crate::text::unigram::Unigram;
use crate::text::units::BytePairs;
use crate::text::units::Units;
use crate::text::word_piece::Mark;

/// The longest piece that can be added, in bytes.
pub(super) const MOST_PIECE: usize = 1 << 10;
/// New pieces have ids from here on while they are worked with: ids behind the last piece may stand for characters.
pub(super) const FRESH: u32 = 1 << 31;

/// When a merge is made: rank, then the order in which changes were given; those of the file come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) rank: u32,
    given: u32,
}

/// A piece that is new.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    pub(super) spelling: String,
    /// What it stands for in text.
    pub(super) bytes: Vec<u8>,
    /// What is looked for in a word.
    pub(super) sought: String,
    /// Whether it goes on a word instead of beginning one.
    pub(super) goes_on: bool,
}

/// The changes of one vocabulary, ready for use.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    /// Pairs that join, when, and to what; or join no more.
    merges: FoldMap<u64, Option<(Turn, u32)>>,
    /// Whether pairs join that did not before.
    pub(super) joins_more: bool,
    removed: Vec<u32>,
    scores: FoldMap<u32, f64>,
    pub(super) fresh: Vec<Fresh>,
    least: Option<f64>,
}

fn key(left: u32, right: u32) -> u64 {
    (u64::from(left) << 32) | u64::from(right)
}

impl Overlay {
    /// Lays `changes`, one after another, over the vocabulary of `tokenizer`.
    pub(super) fn new(tokenizer: &Tokenizer, changes: &[Change]) -> Result<Self, ChangeError> {
        let mut overlay = Self::default();
        for (given, change) in (0..).zip(changes) {
            match &tokenizer.encoder {
                Encoder::BytePairs(model) => overlay.change_pairs(tokenizer, model, change, given)?,
                other => overlay.change_pieces(tokenizer, other, change)?,
            }
        }
        if let Encoder::Unigram(model) = &tokenizer.encoder
            && !changes.is_empty()
        {
            overlay.least = Some(overlay.least_of(model));
        }
        Ok(overlay)
    }

    fn change_pairs(
        &mut self,
        tokenizer: &Tokenizer,
        model: &BytePairs,
        change: &Change,
        given: u32,
    ) -> Result<(), ChangeError> {
        match change {
            Change::WithoutMerge { left, right } => {
                let (first, second) = (self.symbol(tokenizer, model, left)?, self.symbol(tokenizer, model, right)?);
                if self.entry(model, first, second).is_none() {
                    return Err(ChangeError::NoMerge(format!("{left} {right}")));
                }
                self.merges.insert(key(first, second), None);
            }
            Change::WithMerge { left, right, rank } => {
                let (first, second) = (self.symbol(tokenizer, model, left)?, self.symbol(tokenizer, model, right)?);
                let prefix = model.affixes.as_ref().map_or("", |affixes| affixes.prefix.as_str());
                let spelling = format!("{left}{}", right.strip_prefix(prefix).unwrap_or(right));
                check_length(&spelling)?;
                let joined = self.id(tokenizer, &spelling).unwrap_or_else(|| {
                    let bytes = [left, right].map(|part| self.bytes(tokenizer, part)).concat();
                    self.add(Fresh { sought: String::new(), goes_on: false, spelling, bytes })
                });
                self.removed.retain(|&id| id != joined);
                let turn = Turn { rank: rank.unwrap_or(NEVER), given };
                self.merges.insert(key(first, second), Some((turn, joined)));
                self.joins_more = true;
            }
            Change::WithoutPiece(piece) => {
                let id = self.id(tokenizer, piece).ok_or_else(|| ChangeError::NoPiece(piece.clone()))?;
                if model.unknown == Some(id) {
                    return Err(ChangeError::Unknown(piece.clone()));
                }
                if is_unit(model, piece, id) {
                    return Err(ChangeError::Unit(piece.clone()));
                }
                self.removed.push(id);
            }
            Change::WithPiece { piece, .. } => return Err(ChangeError::Pieces(piece.clone())),
        }
        Ok(())
    }

    fn change_pieces(&mut self, tokenizer: &Tokenizer, model: &Encoder, change: &Change) -> Result<(), ChangeError> {
        let (unknown, kind) = match model {
            Encoder::WordPiece(model) => (model.unknown, "WordPiece"),
            Encoder::Unigram(model) => (model.unknown, "Unigram"),
            Encoder::WordLevel { unknown, .. } => (*unknown, "WordLevel"),
            Encoder::BytePairs(_) => (None, "BPE"),
        };
        match change {
            Change::WithMerge { .. } | Change::WithoutMerge { .. } => Err(ChangeError::Merges(kind)),
            Change::WithoutPiece(piece) => {
                let id = self.id(tokenizer, piece).ok_or_else(|| ChangeError::NoPiece(piece.clone()))?;
                if unknown == Some(id) {
                    return Err(ChangeError::Unknown(piece.clone()));
                }
                self.removed.push(id);
                Ok(())
            }
            Change::WithPiece { piece, score } => {
                check_length(piece)?;
                let old = tokenizer.ids.get(piece.as_str()).copied().or_else(|| self.fresh_id(piece));
                let is_there = old.is_some_and(|id| !self.removed.contains(&id));
                let Encoder::Unigram(unigram) = model else {
                    if score.is_some() {
                        return Err(ChangeError::NoScores(piece.clone()));
                    }
                    if is_there {
                        return Err(ChangeError::Present(piece.clone()));
                    }
                    let id = old.unwrap_or_else(|| self.add(fresh(model, piece)));
                    self.removed.retain(|&other| other != id);
                    return Ok(());
                };
                let plain = |id: u32| matches!(unigram.scores.get(id as usize), Some(Score::Log(_)) | None);
                if old.is_some_and(|id| unknown == Some(id) || !plain(id)) {
                    return Err(ChangeError::NoScores(piece.clone()));
                }
                let score = score.ok_or_else(|| ChangeError::NeedsScore(piece.clone()))?;
                if !score.is_finite() {
                    return Err(ChangeError::Score(piece.clone()));
                }
                let id = old.unwrap_or_else(|| self.add(fresh(model, piece)));
                self.removed.retain(|&other| other != id);
                self.scores.insert(id, score);
                Ok(())
            }
        }
    }

    fn add(&mut self, piece: Fresh) -> u32 {
        self.fresh.push(piece);
        FRESH + self.fresh.len() as u32 - 1
    }

    fn fresh_id(&self, spelling: &str) -> Option<u32> {
        self.fresh.iter().position(|piece| piece.spelling == spelling).map(|index| FRESH + index as u32)
    }

    /// The id of a piece that is there.
    pub(super) fn id(&self, tokenizer: &Tokenizer, spelling: &str) -> Option<u32> {
        let id = tokenizer.ids.get(spelling).copied().or_else(|| self.fresh_id(spelling))?;
        (!self.removed.contains(&id)).then_some(id)
    }

    /// What merges know `spelling` as: a piece, or a character that only longer pieces have.
    fn symbol(&self, tokenizer: &Tokenizer, model: &BytePairs, spelling: &str) -> Result<u32, ChangeError> {
        let mut characters = spelling.chars();
        let character = characters.next().filter(|_| characters.next().is_none());
        let unit = || match &model.units {
            Units::Characters { ids, .. } => ids.get(&character?).copied(),
            Units::Bytes(_) => None,
        };
        self.id(tokenizer, spelling).or_else(unit).ok_or_else(|| ChangeError::NoPiece(spelling.to_owned()))
    }

    fn bytes(&self, tokenizer: &Tokenizer, spelling: &str) -> Vec<u8> {
        match self.fresh.iter().find(|piece| piece.spelling == spelling) {
            Some(piece) => piece.bytes.clone(),
            None => match tokenizer.ids.get(spelling) {
                Some(&id) => tokenizer.piece(id).to_vec(),
                None => spelling.as_bytes().to_vec(),
            },
        }
    }

    /// When two symbols join, and to what; nothing where they do not.
    pub(super) fn joined(&self, model: &BytePairs, left: u32, right: u32) -> Option<(Turn, u32)> {
        self.entry(model, left, right).filter(|(_, id)| self.has(*id))
    }

    fn entry(&self, model: &BytePairs, left: u32, right: u32) -> Option<(Turn, u32)> {
        if let Some(found) = self.merges.get(&key(left, right)) {
            return *found;
        }
        let (rank, id) = model.merges.rank(left, right);
        (rank != NEVER).then_some((Turn { rank, given: NONE }, id))
    }

    /// Whether a piece is not taken out.
    pub(super) fn has(&self, id: u32) -> bool {
        !self.removed.contains(&id)
    }

    /// The new pieces that stand at byte `at` of `word`, and where they end.
    pub(super) fn fresh_at<'a>(
        &'a self,
        word: &'a str,
        at: usize,
        goes_on: bool,
    ) -> impl Iterator<Item = (u32, usize)> + 'a {
        let rest = word.get(at..).unwrap_or_default();
        (FRESH..).zip(&self.fresh).filter_map(move |(id, piece)| {
            let fits = piece.goes_on == goes_on && self.has(id) && rest.starts_with(&piece.sought);
            fits.then(|| (id, at + piece.sought.len()))
        })
    }

    /// The score of a piece that begins at a byte and ends at another.
    pub(super) fn score(&self, model: &Unigram, id: u32, length: usize) -> Option<f64> {
        match (self.scores.get(&id), model.scores.get(id as usize)) {
            (Some(score), _) | (None, Some(Score::Log(score))) => Some(*score),
            (None, Some(Score::PerByte(most))) => Some(length as f64 * most - 0.1),
            (None, None) => None,
        }
    }

    /// The score of a character that no piece has.
    pub(super) fn unknown_score(&self, model: &Unigram) -> f64 {
        self.least.unwrap_or(model.least) - UNKNOWN_PENALTY
    }

    /// The least score there is after the changes.
    fn least_of(&self, model: &Unigram) -> f64 {
        let log = |score: &Score| match score {
            Score::Log(score) => Some(*score),
            Score::PerByte(_) => None,
        };
        let before = model.scores.iter().filter_map(log).fold(f64::INFINITY, f64::min);
        let kept = (0..).zip(&model.scores).filter(|(id, _)| self.has(*id) && !self.scores.contains_key(id));
        let kept = kept.filter_map(|(_, score)| log(score)).fold(f64::INFINITY, f64::min);
        let changed = self.scores.iter().filter(|(id, _)| self.has(**id)).map(|(_, score)| *score);
        let changed = changed.fold(f64::INFINITY, f64::min);
        // Not every score need count for the model's own least: where none went that did, it stays.
        if kept == before { model.least.min(changed) } else { kept.min(changed) }
    }
}

/// A new piece as the model looks for it.
fn fresh(model: &Encoder, spelling: &str) -> Fresh {
    let mark = match model {
        Encoder::WordPiece(model) => Some(&model.mark),
        _ => None,
    };
    let (sought, goes_on) = match mark {
        Some(Mark::Inside(prefix)) => {
            spelling.strip_prefix(prefix.as_str()).map_or((spelling, false), |rest| (rest, true))
        }
        Some(Mark::First(prefix)) => {
            spelling.strip_prefix(prefix.as_str()).map_or((spelling, true), |rest| (rest, false))
        }
        None => (spelling, false),
    };
    // A mark alone is no piece that could stand anywhere.
    let sought = if sought.is_empty() { spelling } else { sought };
    let bytes = if mark.is_some() { sought.as_bytes().to_vec() } else { spelling.replace('▁', " ").into_bytes() };
    Fresh { spelling: spelling.to_owned(), bytes, sought: sought.to_owned(), goes_on }
}

/// Whether merging starts from a piece.
fn is_unit(model: &BytePairs, spelling: &str, id: u32) -> bool {
    let listed = match &model.units {
        Units::Bytes(ids) => ids.contains(&id),
        Units::Characters { ids, bytes } => bytes.contains(&id) || ids.values().any(|&other| other == id),
    };
    let alone = |affixes: &crate::text::units::Affixes| {
        let bare = spelling.strip_prefix(affixes.prefix.as_str()).unwrap_or(spelling);
        bare.strip_suffix(affixes.suffix.as_str()).unwrap_or(bare).chars().nth(1).is_none()
    };
    listed || model.affixes.as_ref().is_some_and(alone)
}
