//! Queries, keys and values that a person gives, through the same steps.

use std::fmt;

use serde::Deserialize;

use super::{Cell, steps};

/// The most rows, and the most columns, of what is given.
const MOST: usize = 64;

/// A small attention of one head: queries `[n, d]`, keys `[m, d]`, values `[m, e]`, and who sees whom.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The queries, `[n, d]`.
    pub q: Vec<Vec<f32>>,
    /// The keys, `[m, d]`.
    pub k: Vec<Vec<f32>>,
    /// The values, `[m, e]`.
    pub v: Vec<Vec<f32>>,
    /// 1 where a query sees a key, `[n, m]`; everything is seen unless given.
    #[serde(default)]
    pub mask: Option<Vec<Vec<u8>>>,
    /// What products are multiplied by; 1/√d unless given.
    #[serde(default)]
    pub scale: Option<f32>,
}

/// Why what is given is no attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GivenError {
    /// It is not written right; the parser's words.
    Json(String),
    /// A matrix has no row, or more than can be shown.
    Rows(&'static str, usize),
    /// Rows of a matrix that are not all of one length, which is not 0 and not too great.
    Ragged(&'static str),
    /// Two sizes that must be the same.
    Sizes {
        /// The one.
        one: &'static str,
        /// How much it is.
        is: usize,
        /// The other.
        other: &'static str,
        /// How much that is.
        of: usize,
    },
    /// A number that is not finite.
    NotFinite(&'static str),
}

impl fmt::Display for GivenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(
                f,
                "not read: {error}; write it as in {{\"q\":[[1,0]],\"k\":[[1,0],[0,1]],\"v\":[[1],[2]],\"mask\":[[1,1]]}}"
            ),
            Self::Rows(name, rows) => write!(f, "{name} has {rows} rows: give 1 to {MOST}"),
            Self::Ragged(name) => write!(f, "the rows of {name} must all have the same length, 1 to {MOST}"),
            Self::Sizes { one, is, other, of } => write!(f, "{one} ({is}) must be {other} ({of})"),
            Self::NotFinite(name) => write!(f, "{name} has a number that is not finite"),
        }
    }
}

impl std::error::Error for GivenError {}

/// One query's row, step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Every key.
    pub cells: Vec<Cell>,
    /// The greatest visible score; −∞ where nothing is seen.
    pub greatest: f32,
    /// The sum of the exponentials.
    pub sum: f32,
    /// Σ weight·v, `[e]`; zeros where nothing is seen.
    pub mixture: Vec<f32>,
}

impl Given {
    /// Reads it from JSON and checks its sizes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &str) -> Result<Self, GivenError> {
        let given: Self = serde_json::from_str(json).map_err(|error| GivenError::Json(error.to_string()))?;
        given.check()?;
        Ok(given)
    }

    /// Whether its sizes fit one another and its numbers are numbers.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), GivenError> {
        for (name, rows) in [("q", &self.q), ("k", &self.k), ("v", &self.v)] {
            if rows.is_empty() || rows.len() > MOST {
                return Err(GivenError::Rows(name, rows.len()));
            }
            let width = rows[0].len();
            if width == 0 || width > MOST || rows.iter().any(|row| row.len() != width) {
                return Err(GivenError::Ragged(name));
            }
            if rows.iter().flatten().any(|x| !x.is_finite()) {
                return Err(GivenError::NotFinite(name));
            }
        }
        if self.scale.is_some_and(|scale| !scale.is_finite()) {
            return Err(GivenError::NotFinite("scale"));
        }
        let same = |one, is, other, of| if is == of { Ok(()) } else { Err(GivenError::Sizes { one, is, other, of }) };
        same("the width of k", self.k[0].len(), "the width of q", self.q[0].len())?;
        same("the rows of v", self.v.len(), "the rows of k", self.k.len())?;
        if let Some(mask) = &self.mask {
            same("the rows of mask", mask.len(), "the rows of q", self.q.len())?;
            for row in mask {
                same("the width of mask", row.len(), "the rows of k", self.k.len())?;
            }
        }
        Ok(())
    }

    /// What products are multiplied by.
    pub fn scale(&self) -> f32 {
        self.scale.unwrap_or_else(|| (self.q[0].len() as f32).sqrt().recip())
    }

    /// Every query's row.
    pub fn rows(&self) -> Vec<Row> {
        (0..self.q.len()).map(|query| self.row(query)).collect()
    }

    fn row(&self, query: usize) -> Row {
        let q = &self.q[query];
        let products = self.k.iter().map(|k| q.iter().zip(k).map(|(q, k)| q * k).sum());
        let seen: Vec<bool> = match &self.mask {
            Some(mask) => mask[query].iter().map(|seen| *seen != 0).collect(),
            None => vec![true; self.k.len()],
        };
        let distances = vec![0.0; self.k.len()];
        let (cells, greatest, sum) = steps(products, &distances, &seen, self.scale(), None, None);
        let mut mixture = vec![0.0; self.v[0].len()];
        for (cell, value) in cells.iter().zip(&self.v) {
            mixture.iter_mut().zip(value).for_each(|(mixed, value)| *mixed += cell.weight * value);
        }
        Row { cells, greatest, sum, mixture }
    }
}
