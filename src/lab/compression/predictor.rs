//! What the model expects next, the same on both sides.

use super::CompressionError;
use crate::lab::arithmetic_coding::Frequencies;
use crate::lab::arithmetic_coding::Share;
use crate::lm::Distribution;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::lm::blueprint::Stacks;
use crate::model::Model;

/// A model that reads one token after another, in windows.
pub(super) struct Predictor<'m> {
    model: &'m Model,
    workspace: Workspace,
    window: usize,
    /// The tokens of the window, and what the model computed of the first of them.
    tokens: Vec<u32>,
    context: Vec<Position>,
    expected: Expected,
    /// Whether a token came since `expected` was computed.
    stale: bool,
}

/// What is expected of the next token.
pub(super) struct Expected {
    pub(super) frequencies: Frequencies,
    /// What the frequencies come from; before anything was read, all tokens are alike.
    distribution: Option<Distribution>,
}

impl Expected {
    /// −log2 of what the model gives a token, in bits.
    pub(super) fn surprisal(&self, id: u32) -> f64 {
        match &self.distribution {
            Some(distribution) => distribution.surprisal_bits(id),
            None => self.frequencies.share(id as usize).map_or(f64::INFINITY, Share::bits),
        }
    }
}

impl<'m> Predictor<'m> {
    /// A model before a text, behind what its tokenizer puts there.
    pub(super) fn new(model: &'m Model, workspace: Workspace, window: usize) -> Result<Self, CompressionError> {
        if model.engine.blueprint.stacks != Stacks::Decoder {
            return Err(CompressionError::FillsIn(model.name.clone()));
        }
        let tokens = model.tokenizer().map_err(CompressionError::NoTokenizer)?.template().0.to_vec();
        let frequencies = Frequencies::uniform(model.engine.config.vocabulary);
        let expected = Expected { frequencies, distribution: None };
        let stale = !tokens.is_empty();
        Ok(Self { model, workspace, window, tokens, context: Vec::new(), expected, stale })
    }

    /// What is expected of the next token.
    pub(super) fn expect(&mut self) -> Result<&Expected, CompressionError> {
        if self.stale {
            self.expected = self.predict()?;
            self.stale = false;
        }
        Ok(&self.expected)
    }

    /// The next token is this one.
    pub(super) fn push(&mut self, id: u32) {
        self.tokens.push(id);
        self.stale = true;
    }

    fn predict(&mut self) -> Result<Expected, CompressionError> {
        if self.tokens.len() >= self.window {
            // The tokens stand at other places now: nothing that was computed of them holds.
            self.tokens.drain(..self.window / 2);
            self.context.clear();
        }
        let engine = &self.model.engine;
        let new = &self.tokens[self.context.len()..];
        engine.append(&mut self.context, new, &engine.blueprint.mask, &mut self.workspace, &|| true)?;
        let last = self.context.len().saturating_sub(1);
        let logits = engine.logits(&self.context[last..], &mut self.workspace)?;
        let distribution = Distribution::new(logits)
            .map_err(|logit| CompressionError::NotFinite(self.model.explain(logit, &|| true)))?;
        Ok(Expected { frequencies: Frequencies::of(&distribution), distribution: Some(distribution) })
    }
}
