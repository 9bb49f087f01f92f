//! The units that `--by` adds bits up by.

use std::ffi::OsStr;
use std::ops::Range;

use crate::cli::{Failure, arguments};
use crate::lab::information::{Cost, Part, Segmentation, regroup};
use crate::model::open_tokenizer;
use crate::text::Tokenizer;

/// The names of the divisions that need no tokenizer.
const NAMES: [(&str, Segmentation); 4] = [
    ("tokens", Segmentation::Tokens),
    ("bytes", Segmentation::Bytes),
    ("chars", Segmentation::Characters),
    ("words", Segmentation::Words),
];

/// What bits are added up by.
pub(super) enum Units {
    Named(&'static str, Segmentation),
    Tokenizer(String, Box<Tokenizer>),
}

impl Units {
    pub(super) fn open(by: &OsStr) -> Result<Self, Failure> {
        if let Some(&(name, segmentation)) = NAMES.iter().find(|(name, _)| by == *name) {
            return Ok(Self::Named(name, segmentation));
        }
        let tokenizer = open_tokenizer(&arguments::spec(by))??;
        Ok(Self::Tokenizer(by.to_string_lossy().into_owned(), Box::new(tokenizer)))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Named(name, _) => name,
            Self::Tokenizer(name, _) => name,
        }
    }

    /// What each part of the text costs.
    pub(super) fn parts(&self, text: &str, costs: &[Cost]) -> Vec<Part> {
        regroup(costs, self.ranges(text, costs))
    }

    fn ranges(&self, text: &str, costs: &[Cost]) -> Vec<Range<usize>> {
        match self {
            Self::Named(_, segmentation) => segmentation.ranges(text, costs.iter().map(|cost| cost.bytes.clone())),
            Self::Tokenizer(_, tokenizer) => {
                let mut starts: Vec<usize> = tokenizer.encode(text).iter().map(|token| token.start).collect();
                starts.dedup();
                // What a tokenizer drops belongs to the token before it, so that no bit is lost.
                let starts = std::iter::once(0).chain(starts.into_iter().skip(1)).collect::<Vec<_>>();
                let ends = starts.iter().copied().skip(1).chain([text.len()]);
                starts
                    .iter()
                    .copied()
                    .zip(ends)
                    .map(|(start, end)| start..end)
                    .filter(|part| !part.is_empty())
                    .collect()
            }
        }
    }
}
