//! How a beam search chooses, and when it is over.

use std::fmt;

/// When a group with as many finished hypotheses as it is wide stops (Hugging Face's `early_stopping`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// When the best live hypothesis, scored at its present length, is no better than the worst finished one: a heuristic.
    #[default]
    No,
    /// At once.
    Yes,
    /// When it cannot become better: as [`EarlyStopping::No`], but with a positive length penalty scored as long as it may
    /// grow.
    Never,
}

/// The settings of a beam search.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// How many hypotheses live at once, in all groups together (`num_beams`).
    pub width: usize,
    /// How many groups choose one after another (`num_beam_groups`); 1 for a plain search. It divides the width.
    pub groups: usize,
    /// What a beam pays, in nats, for each beam of an earlier group that took the same token (`diversity_penalty`).
    pub diversity: f64,
    /// The power of the length that a hypothesis's log-probability is divided by (`length_penalty`): above 0 long ones
    /// gain, 0 compares the probabilities themselves.
    pub length_penalty: f64,
    /// When to stop.
    pub early_stopping: EarlyStopping,
    /// No n-gram of this length stands twice in prompt and hypothesis (`no_repeat_ngram_size`); 0 allows all.
    pub no_repeat: usize,
    /// How many tokens at most.
    pub steps: usize,
    /// The tokens that end a text.
    pub ends: Vec<u32>,
}

/// Why no search can follow these rules.
#[derive(Clone, Debug, PartialEq)]
pub enum RulesError {
    /// The beam is too narrow or too wide.
    Width(usize),
    /// The groups do not divide the width.
    Groups {
        /// How many groups.
        groups: usize,
        /// How wide the beam is.
        width: usize,
    },
    /// The diversity penalty is negative or no number.
    Diversity(f64),
    /// The length penalty is no number, or beyond what can be computed with.
    LengthPenalty(f64),
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Width(width) => write!(f, "a beam of {width} cannot be: choose 1 to {}", Rules::WIDEST),
            Self::Groups { groups, width } => {
                write!(f, "{groups} groups do not divide a beam of {width}: choose a number that does")
            }
            Self::Diversity(penalty) => write!(f, "a diversity penalty of {penalty} cannot be: choose 0 or more"),
            Self::LengthPenalty(penalty) => {
                write!(f, "a length penalty of {penalty} cannot be: choose a number from −10 to 10")
            }
        }
    }
}

impl std::error::Error for RulesError {}

impl Rules {
    /// The widest beam.
    pub const WIDEST: usize = 256;
    /// The greatest power of the length, up and down.
    pub const GREATEST_LENGTH_PENALTY: f64 = 10.0;

    /// A plain search with Hugging Face's defaults: length penalty 1, early stopping by the heuristic.
    pub fn plain(width: usize, steps: usize, ends: Vec<u32>) -> Self {
        let early_stopping = EarlyStopping::default();
        Self { width, groups: 1, diversity: 0.0, length_penalty: 1.0, early_stopping, no_repeat: 0, steps, ends }
    }

    /// Whether a search can follow them.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), RulesError> {
        let Self { width, groups, diversity, length_penalty, .. } = *self;
        if !(1..=Self::WIDEST).contains(&width) {
            return Err(RulesError::Width(width));
        }
        if groups == 0 || !width.is_multiple_of(groups) {
            return Err(RulesError::Groups { groups, width });
        }
        if !(diversity >= 0.0 && diversity.is_finite()) {
            return Err(RulesError::Diversity(diversity));
        }
        let most = Self::GREATEST_LENGTH_PENALTY;
        if !(-most..=most).contains(&length_penalty) {
            return Err(RulesError::LengthPenalty(length_penalty));
        }
        Ok(())
    }

    /// How many hypotheses of one group live at once.
    pub fn group_width(&self) -> usize {
        (self.width / self.groups.max(1)).max(1)
    }

    /// The score of a hypothesis of `length` tokens: its log-probability, less what it paid, over the length to the power
    /// of the length penalty (Wu et al. 2016, arXiv 1609.08144, section 7, has another power law for the same purpose).
    pub(super) fn score(&self, worth: f64, length: usize) -> f64 {
        worth / (length as f64).powf(self.length_penalty)
    }
}
