//! The smallest changes of a vocabulary that turn a place round, each tried out.

use super::Edited;
use super::change::Change;
use super::lattice::Lattice;
use super::longest;
use super::longest::Cut;
use super::place;
use super::place::Here;
use super::trial::Trial;
use super::why::Reason;
use crate::text::bpe::Symbol;
use crate::text::encoder::Encoder;
use crate::text::segment::NoPlace;
use crate::text::tokenizer::Merge;
use crate::text::tokenizer::Token;
use crate::text::unigram::Unigram;
use crate::text::units::BytePairs;
use crate::text::word_piece::Mark;
use crate::text::word_piece::WordPiece;

/// Changes of the vocabulary that turn a place round.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// What is changed.
    pub changes: Vec<Change>,
    /// The tokens of the text after it.
    pub tokens: Vec<Token>,
}

/// The most changes that are made at once.
const MOST_CHANGES: usize = 6;
/// The most pieces of a kind whose score is tried.
const MOST_TRIED: usize = 3;

impl Edited<'_> {
    /// Changes that turn the place before byte `at` round, each tried out, the smallest first. `wanted` is asked now and then
    /// whether anybody still wants to know.
    ///
    /// A score that is raised is the lowest that does it, one that is lowered the highest, in steps of a ten thousandth.
    ///
    /// # Errors
    /// The byte is not inside the text.
    pub fn flips(&self, text: &str, at: usize, wanted: &dyn Fn() -> bool) -> Result<Vec<Flip>, NoPlace> {
        place::check(text, at)?;
        let Here::In(word, places) = self.here(text, at) else { return Ok(Vec::new()) };
        let (place, cut) = self.place(&word, &places);
        let trial = Trial { edited: self, word: &word, place, cut, wanted };
        let mut found = match &self.tokenizer.encoder {
            Encoder::BytePairs(model) => trial.merges(model),
            Encoder::WordPiece(model) => trial.pieces(model),
            Encoder::Unigram(model) => trial.scores(model),
            Encoder::WordLevel { .. } => Vec::new(),
        };
        found.sort_by_key(Vec::len);
        let mut flips: Vec<Flip> = Vec::new();
        for changes in found {
            let Ok(edited) = self.more(&changes) else { continue };
            let tokens = edited.encode(text);
            let is_cut = !tokens.iter().any(|token| token.start < at && at < token.end);
            if is_cut != cut && flips.iter().all(|flip| flip.changes != changes) {
                flips.push(Flip { changes, tokens });
            }
        }
        Ok(flips)
    }

    /// How a merge names one of its two.
    fn name(&self, token: &Token, text: &str) -> String {
        self.spelling(token.id).map_or_else(|| text.to_owned(), str::to_owned)
    }
}

impl Trial<'_> {
    fn name(&self, token: &Token) -> String {
        // Only a character that is no piece is named by its own text.
        let at = |origin: usize| self.word.origins.partition_point(|&other| other < origin);
        self.edited.name(token, self.word.text.get(at(token.start)..at(token.end)).unwrap_or_default())
    }

    fn without(&self, merge: &Merge) -> Change {
        Change::WithoutMerge { left: self.name(&merge.left), right: self.name(&merge.right) }
    }

    fn put(&self, left: &Token, right: &Token, rank: Option<u32>) -> Change {
        Change::WithMerge { left: self.name(left), right: self.name(right), rank }
    }

    /// Merges taken out, moved or added.
    fn merges(&self, model: &BytePairs) -> Vec<Vec<Change>> {
        let watched = self.edited.watch(model, self.word, self.place);
        let mut tried: Vec<Change> = Vec::new();
        let mut found = Vec::new();
        match &watched.reason {
            Reason::Joined { merge, .. } => {
                let removal = self.removal(model, false);
                if let Some([without]) = removal.as_deref() {
                    // Later instead of never: just behind what then comes first.
                    if let Ok(edited) = self.edited.more(std::slice::from_ref(without)) {
                        let later = edited.watch(model, self.word, self.place).touching;
                        let later = later.iter().filter(|other| (merge.rank..u32::MAX - 1).contains(&other.rank));
                        tried.extend(later.map(|other| self.put(&merge.left, &merge.right, Some(other.rank + 1))));
                    }
                } else {
                    found.extend(self.removal(model, true));
                }
                found.extend(removal);
                tried.extend(watched.rivals.iter().map(|rival| self.put(&rival.left, &rival.right, Some(merge.rank))));
            }
            Reason::Whole(_) => found.extend(self.removal(model, false)),
            Reason::Apart { left, right, missed } => {
                for missed in missed {
                    tried.push(self.put(&missed.merge.left, &missed.merge.right, Some(missed.blocker.rank)));
                    tried.push(self.without(&missed.blocker));
                }
                tried.push(self.put(left, right, None));
            }
            _ => {}
        }
        for change in tried {
            let change = vec![change];
            if (self.wanted)() && self.turns(&change) {
                found.push(change);
            }
        }
        found
    }

    /// What has to be taken out, one after another, until nothing goes across: merges, or pieces with all their merges.
    fn removal(&self, model: &BytePairs, pieces: bool) -> Option<Vec<Change>> {
        let mut changes: Vec<Change> = Vec::new();
        while changes.len() < MOST_CHANGES && (self.wanted)() {
            let edited = self.edited.more(&changes).ok()?;
            let change = match edited.watch(model, self.word, self.place).reason {
                Reason::Joined { merge, .. } if pieces => Change::WithoutPiece(edited.spelling(merge.id)?.to_owned()),
                Reason::Joined { merge, .. } => self.without(&merge),
                Reason::Whole(token) => Change::WithoutPiece(edited.spelling(token.id)?.to_owned()),
                _ => break,
            };
            changes.push(change);
        }
        (!changes.is_empty() && self.turns(&changes)).then_some(changes)
    }

    /// Pieces taken out or added, where the longest is taken.
    fn pieces(&self, model: &WordPiece) -> Vec<Vec<Change>> {
        let text = &self.word.text;
        let mut found: Vec<Vec<Change>> = Vec::new();
        let piece = |start: usize, end: usize| {
            let part = text.get(start..end).unwrap_or_default();
            let spelling = match &model.mark {
                Mark::Inside(prefix) if start > 0 => format!("{prefix}{part}"),
                Mark::First(prefix) if start == 0 => format!("{prefix}{part}"),
                _ => part.to_owned(),
            };
            Change::WithPiece { piece: spelling, score: None }
        };
        let after =
            |at: usize| text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |next| at + next.len_utf8());
        match longest::cut(model, &self.edited.overlay, text) {
            Cut::TooLong => {}
            Cut::Stuck(_) => found.extend(self.cut_here(model, &|at| piece(at, after(at)))),
            Cut::Pieces(pieces) => {
                let index = pieces.partition_point(|piece| piece.end < self.place);
                let at = |index: Option<usize>| index.and_then(|index| pieces.get(index)).copied();
                let (Some(here), before, next) = (at(Some(index)), at(index.checked_sub(1)), at(Some(index + 1)))
                else {
                    return found;
                };
                if self.cut {
                    found.extend(next.map(|next| vec![piece(here.start, next.end)]));
                    found.push(vec![piece(here.start, after(self.place))]);
                    found.extend(self.without_piece(&here).map(|change| vec![change]));
                } else {
                    found.extend(self.cut_here(model, &|at| piece(at, after(at))));
                    found.extend(before.map(|before| vec![piece(before.start, self.place)]));
                }
            }
        }
        found.retain(|changes| (self.wanted)() && self.turns(changes));
        found
    }

    fn without_piece(&self, symbol: &Symbol) -> Option<Change> {
        let token = self.word.token(self.edited, symbol);
        self.edited.spelling(token.id).map(|spelling| Change::WithoutPiece(spelling.to_owned()))
    }

    /// The pieces that have to go, one after another, until none goes across, and those that have to come where none fits.
    fn cut_here(&self, model: &WordPiece, fitting: &dyn Fn(usize) -> Change) -> Option<Vec<Change>> {
        let mut changes: Vec<Change> = Vec::new();
        while changes.len() < MOST_CHANGES {
            let edited = self.edited.more(&changes).ok()?;
            let pieces = match longest::cut(model, &edited.overlay, &self.word.text) {
                Cut::Pieces(pieces) => pieces,
                Cut::Stuck(pieces) => {
                    changes.push(fitting(pieces.last().map_or(0, |piece| piece.end)));
                    continue;
                }
                Cut::TooLong => return None,
            };
            let over = pieces.iter().find(|piece| piece.start < self.place && self.place < piece.end);
            let Some(over) = over else { break };
            let token = self.word.token(&edited, over);
            changes.push(Change::WithoutPiece(edited.spelling(token.id)?.to_owned()));
        }
        (!changes.is_empty()).then_some(changes)
    }

    /// Scores raised or lowered, pieces added or taken out.
    fn scores(&self, model: &Unigram) -> Vec<Vec<Change>> {
        let (text, place) = (&self.word.text, self.place);
        if !text.is_char_boundary(place) {
            return Vec::new();
        }
        let lattice = Lattice::new(model, &self.edited.overlay, text);
        let path = |way: Option<super::lattice::Way>| way.map(|way| lattice.path(&way)).unwrap_or_default();
        let part = |start: usize, end: usize| text.get(start..end).unwrap_or_default().to_owned();
        let beside = |path: &[Symbol]| {
            let beside = path.iter().filter(|symbol| symbol.start == place || symbol.end == place);
            beside.map(|symbol| (symbol.start, symbol.end)).collect::<Vec<_>>()
        };
        let apart = beside(&path(lattice.best(&|edge| !(edge.start < place && place < edge.end))));
        // The pieces across, those of the most probable ways first.
        let mut across: Vec<(f64, usize, usize)> = Vec::new();
        for edge in lattice.edges.iter().filter(|edge| edge.start < place && place < edge.end) {
            let (start, end) = (edge.start, edge.end);
            let through = |other: &super::lattice::Edge| {
                other.end <= start || other.start >= end || (other.start, other.end) == (start, end)
            };
            let through = |other: &super::lattice::Edge| through(other) && other.start != place && other.end != place;
            across.extend(lattice.best(&through).map(|way| (way.score, start, end)));
        }
        across.sort_by(|a, b| b.0.total_cmp(&a.0));
        let across: Vec<(usize, usize)> = across.into_iter().map(|(_, start, end)| (start, end)).collect();
        let (mut raised, lowered) = if self.cut { (across, apart) } else { (apart, across) };
        if self.cut
            && let [(start, _), .., (_, end)] = lowered.as_slice()
        {
            raised.truncate(MOST_TRIED);
            raised.push((*start, *end));
        }
        let score = |start: usize, end: usize| {
            let edge = lattice.edges.iter().find(|edge| (edge.start, edge.end) == (start, end) && edge.known);
            edge.map(|edge| edge.score)
        };
        let mut found = Vec::new();
        for &(start, end) in &raised {
            found.extend(self.threshold(&part(start, end), score(start, end), true));
        }
        for &(start, end) in lowered.iter().take(MOST_TRIED) {
            let Some(score) = score(start, end) else { continue };
            found.extend(self.threshold(&part(start, end), Some(score), false));
            found.push(Change::WithoutPiece(part(start, end)));
        }
        let found = found.into_iter().map(|change| vec![change]);
        found.filter(|changes| (self.wanted)() && self.turns(changes)).collect()
    }
}
