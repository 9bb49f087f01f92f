//! Changes of a vocabulary: a merge or a piece more, or one less.

use std::fmt;

use super::overlay::MOST_PIECE;

/// A change of a tokenizer's vocabulary. Pieces are spelled as the tokenizer's file spells them: `Ġthe`, `▁the`, `##ing`.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Two pieces no longer join.
    WithoutMerge {
        /// The first.
        left: String,
        /// The second.
        right: String,
    },
    /// Two pieces join; a merge that is there already moves.
    WithMerge {
        /// The first.
        left: String,
        /// The second.
        right: String,
        /// It comes just before the merge that has this rank in the file; after all others where there is none.
        rank: Option<u32>,
    },
    /// A piece is there no more, nor any merge that makes it.
    WithoutPiece(String),
    /// A piece is there, or has another score.
    WithPiece {
        /// The piece.
        piece: String,
        /// The natural logarithm of its probability, for a vocabulary that has them.
        score: Option<f64>,
    },
}

impl Change {
    /// The longest piece, in bytes.
    pub const LONGEST: usize = MOST_PIECE;

    /// The option of the command line that makes the change.
    pub fn option(&self) -> &'static str {
        match self {
            Self::WithoutMerge { .. } => "--without-merge",
            Self::WithMerge { .. } => "--with-merge",
            Self::WithoutPiece(_) => "--without-piece",
            Self::WithPiece { .. } => "--with-piece",
        }
    }

    /// What stands behind the option.
    pub fn argument(&self) -> String {
        match self {
            Self::WithoutMerge { left, right } | Self::WithMerge { left, right, rank: None } => {
                format!("{left} {right}")
            }
            Self::WithMerge { left, right, rank: Some(rank) } => format!("{left} {right}:{rank}"),
            Self::WithoutPiece(piece) | Self::WithPiece { piece, score: None } => piece.clone(),
            Self::WithPiece { piece, score: Some(score) } => format!("{piece}:{score}"),
        }
    }

    /// The merge that is written as two pieces with a space between.
    fn pair(written: &str) -> Result<(String, String), ChangeError> {
        match written.split_once(' ') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => {
                Ok((left.to_owned(), right.to_owned()))
            }
            _ => Err(ChangeError::NotAPair(written.to_owned())),
        }
    }

    /// The change that `--without-merge` makes: `LEFT RIGHT`.
    ///
    /// # Errors
    /// What is written is not two pieces.
    pub fn without_merge(written: &str) -> Result<Self, ChangeError> {
        Self::pair(written).map(|(left, right)| Self::WithoutMerge { left, right })
    }

    /// The change that `--with-merge` makes: `LEFT RIGHT`, or `LEFT RIGHT:RANK`.
    ///
    /// # Errors
    /// What is written is not two pieces.
    pub fn with_merge(written: &str) -> Result<Self, ChangeError> {
        let numbered = written.rsplit_once(':').and_then(|(pair, rank)| Some((pair, rank.parse().ok()?)));
        let (pair, rank) = numbered.map_or((written, None), |(pair, rank)| (pair, Some(rank)));
        // A colon may be the piece itself.
        let (written, rank) = if pair.ends_with(' ') { (written, None) } else { (pair, rank) };
        Self::pair(written).map(|(left, right)| Self::WithMerge { left, right, rank })
    }

    /// The change that `--without-piece` makes.
    ///
    /// # Errors
    /// There is no piece.
    pub fn without_piece(written: &str) -> Result<Self, ChangeError> {
        check_length(written).map(|()| Self::WithoutPiece(written.to_owned()))
    }

    /// The change that `--with-piece` makes: `PIECE`, or `PIECE:SCORE`.
    ///
    /// # Errors
    /// There is no piece, or the score is infinite.
    pub fn with_piece(written: &str) -> Result<Self, ChangeError> {
        let scored = written.rsplit_once(':').filter(|(piece, _)| !piece.is_empty());
        let scored = scored.and_then(|(piece, score)| Some((piece, score.parse::<f64>().ok()?)));
        let (piece, score) = scored.map_or((written, None), |(piece, score)| (piece, Some(score)));
        check_length(piece)?;
        if score.is_some_and(|score| !score.is_finite()) {
            return Err(ChangeError::Score(piece.to_owned()));
        }
        Ok(Self::WithPiece { piece: piece.to_owned(), score })
    }
}

/// Fails where a piece is empty or longer than any vocabulary has.
pub(super) fn check_length(piece: &str) -> Result<(), ChangeError> {
    if (1..=MOST_PIECE).contains(&piece.len()) { Ok(()) } else { Err(ChangeError::Length(piece.len())) }
}

/// A change that cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeError {
    /// No two pieces with a space between.
    NotAPair(String),
    /// A piece of so many bytes.
    Length(usize),
    /// The vocabulary has no such piece.
    NoPiece(String),
    /// The vocabulary has no such merge.
    NoMerge(String),
    /// The tokenizer does not merge.
    Merges(&'static str),
    /// The tokenizer merges: a piece alone would never be made.
    Pieces(String),
    /// Merging starts from this piece.
    Unit(String),
    /// The piece that stands for what is unknown.
    Unknown(String),
    /// The piece is there already, and has nothing that could be changed.
    Present(String),
    /// A new piece needs a score.
    NeedsScore(String),
    /// The vocabulary has no scores, or this piece has none.
    NoScores(String),
    /// The score of this piece is not finite.
    Score(String),
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPair(text) => write!(f, "{text:?} is no merge; write two pieces with a space between them"),
            Self::Length(length) => write!(f, "a piece of {length} bytes; a piece has 1 to {MOST_PIECE}"),
            Self::NoPiece(piece) => {
                write!(f, "the vocabulary has no piece {piece:?}; spell it as the tokenizer's file does")
            }
            Self::NoMerge(pair) => write!(f, "the vocabulary has no merge {pair:?}; --steps shows those of a text"),
            Self::Merges(kind) => write!(f, "this tokenizer is {kind} and has no merges; change its pieces"),
            Self::Pieces(piece) => {
                write!(f, "this tokenizer merges, and no merge would make {piece:?}; add the merge of two pieces")
            }
            Self::Unit(piece) => write!(f, "merging starts from {piece:?}; take out pieces that merges make"),
            Self::Unknown(piece) => write!(f, "{piece:?} stands for what the vocabulary lacks, and has to stay"),
            Self::Present(piece) => write!(f, "the vocabulary has {piece:?} already; leave the change out"),
            Self::NeedsScore(piece) => write!(f, "{piece:?} needs a score, a logarithm: write {piece}:-8.5"),
            Self::NoScores(piece) => write!(f, "{piece:?} has no score in this vocabulary; leave the number out"),
            Self::Score(piece) => write!(f, "the score of {piece:?} is not finite; write a number such as -8.5"),
        }
    }
}

impl std::error::Error for ChangeError {}
