//! A run that is looked into: what the model computed, and under which conditions.

use super::Failure;
use super::arguments::{Common, Looked};
use super::session::{Piece, Session};
use crate::lab::masks;
use crate::lm::blueprint::Stacks;
use crate::lm::{Conditions, ForwardError, Mask, Position};
use std::io::Read;

/// A run that is looked into.
pub(super) struct Run {
    pub(super) session: Session,
    pub(super) context: Vec<Position>,
    /// How many positions of the context are the source's.
    pub(super) source: usize,
    pub(super) mask: Mask,
}

impl Run {
    /// Opens the model and runs what was given, with its changes.
    pub(super) fn open(common: &Common, looked: &Looked, stdin: &mut dyn Read) -> Result<Self, Failure> {
        let text = Session::text(&looked.source, stdin)?;
        let mut session = Session::open(common)?;
        session.change(&looked.changes)?;
        let given = session.given(&looked.source, text)?;
        if given.ids.is_empty() {
            return Err(Failure::NothingGiven);
        }
        let engine = &session.model.engine;
        let mask = looked.mask.clone().unwrap_or_else(|| engine.blueprint.mask.clone());
        let mut source = Vec::new();
        let mut ids = given.ids;
        if engine.blueprint.stacks == Stacks::EncoderDecoder {
            source = engine.encode_changed(&ids, &session.changes, &mut session.workspace, &|| true)?;
            ids = looked.decoder_ids.clone().unwrap_or_else(|| engine.config.decoder_start.into_iter().collect());
        } else if looked.decoder_ids.is_some() {
            return Err(ForwardError::NoEncoder.into());
        }
        masks::fit(&mask, ids.len())?;
        session.changes.fit(source.len(), ids.len(), &mask)?;
        let under = Conditions { mask: &mask, interventions: &session.changes };
        let new = engine.extend(&source, &ids, under, &mut session.workspace, &|| true)?;
        let count = source.len();
        source.extend(new);
        Ok(Self { session, context: source, source: count, mask })
    }

    pub(super) fn under(&self) -> Conditions<'_> {
        Conditions { mask: &self.mask, interventions: &self.session.changes }
    }

    /// The positions of the main stack.
    pub(super) fn main(&self) -> &[Position] {
        &self.context[self.source..]
    }

    /// The index in the context of a position of the main stack, the last unless one is named.
    pub(super) fn index(&self, position: Option<usize>) -> Result<usize, Failure> {
        let length = self.main().len();
        let index = position.unwrap_or(length.saturating_sub(1));
        if index < length {
            Ok(self.source + index)
        } else {
            Err(ForwardError::NoSuchPosition { index, length }.into())
        }
    }

    /// The tokens at some indices of the context.
    pub(super) fn pieces(&self, range: std::ops::Range<usize>) -> Vec<Piece> {
        self.context[range].iter().map(|position| self.session.piece(position.token())).collect()
    }

    pub(super) fn label(&self, index: usize) -> String {
        self.session.label(self.context[index].token())
    }

    /// The changes as they are written.
    pub(super) fn changes(&self) -> Vec<String> {
        self.session.changes.list().iter().map(ToString::to_string).collect()
    }
}
