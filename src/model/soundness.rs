//! Why a model computes something that is no number.

use std::fmt;

use super::Model;
use crate::lm::{NotFinite, Unsound, unsound};

/// A logit that is no number, and the first tensor with such numbers, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct NotSound {
    /// The logit.
    pub logit: NotFinite,
    /// The tensor it may come from.
    pub weights: Option<Unsound>,
}

impl Model {
    /// Looks for the weights that a logit which is no number comes from: reads them until some are found, or until they
    /// are not `wanted` any more.
    pub fn explain(&self, logit: NotFinite, wanted: &dyn Fn() -> bool) -> NotSound {
        let mut read = self.tensors.iter().take_while(|_| wanted());
        NotSound { logit, weights: read.find_map(|(name, tensor)| unsound(name, tensor)) }
    }
}

impl fmt::Display for NotSound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotFinite { index, value } = &self.logit;
        match &self.weights {
            Some(weights) => write!(f, "the logit of token {index} is {value}: {weights}"),
            None => self.logit.fmt(f),
        }
    }
}

impl std::error::Error for NotSound {}
