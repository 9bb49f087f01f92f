//! A model ready to run, and the tokens it is given.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::arguments::{Changes, Common, Source};
use super::fetch::fetch;
use super::{Failure, input};
use crate::lm::blueprint::Stacks;
use crate::lm::{Conditions, Distribution, Interventions, Position, Workspace};
use crate::model::{self, Model};
use crate::text::Token;
use crate::ui::safe;

/// A model with what a forward pass needs.
pub(super) struct Session {
    pub(super) model: Arc<Model>,
    pub(super) workspace: Workspace,
    /// What is changed in everything it runs.
    pub(super) changes: Interventions,
}

/// The tokens a command was given, and the text they came from where it was text.
pub(super) struct Given {
    pub(super) text: Option<String>,
    pub(super) ids: Vec<u32>,
    /// The range of the text that each token came from; none for ids.
    pub(super) ranges: Vec<Option<[usize; 2]>>,
}

/// A token as JSON gives it: its id, and its text with anything that is not UTF-8 replaced; then its bytes are there too.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Piece {
    pub(super) id: u32,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<String>,
}

impl Session {
    pub(super) fn open(common: &Common) -> Result<Self, Failure> {
        let spec = common.model();
        fetch(&spec, common.language)?;
        let model = Arc::new(model::open(&spec)?);
        Ok(Self { model, workspace: Workspace::new(common.threads), changes: Interventions::default() })
    }

    /// Changes everything that is run from now on.
    pub(super) fn change(&mut self, changes: &Changes) -> Result<(), Failure> {
        self.changes = self.model.interventions(&changes.intervene, &mut self.workspace, &|| true)?;
        Ok(())
    }

    /// The tokens a command was given.
    pub(super) fn given(&self, source: &Source, text: Option<String>) -> Result<Given, Failure> {
        if let Some(ids) = &source.ids {
            return Ok(Given { text: None, ids: ids.clone(), ranges: vec![None; ids.len()] });
        }
        let text = text.unwrap_or_default();
        let tokens = self.tokens(&text, source.special)?;
        Ok(Given {
            ids: tokens.iter().map(|token| token.id).collect(),
            ranges: tokens.iter().map(|token| Some([token.start, token.end])).collect(),
            text: Some(text),
        })
    }

    /// The tokens that stood around every text a model was trained with that reads texts as a whole, if these have not got them:
    /// without, it often answers with nothing.
    pub(super) fn left_out(&self, ids: &[u32]) -> Option<String> {
        let tokenizer = self.model.tokenizer.as_ref()?;
        let (before, behind) = tokenizer.template();
        let is_whole = ids.starts_with(before) && ids.ends_with(behind);
        if is_whole || self.model.engine.blueprint.stacks == Stacks::Decoder {
            return None;
        }
        let pieces = |ids: &[u32]| ids.iter().map(|&id| safe::visible_bytes(tokenizer.piece(id))).collect();
        Some([pieces(before), vec!["…".to_owned()], pieces(behind)].concat().join(" "))
    }

    /// The ids of a text, with the tokens of the template around them if they are `special`.
    pub(super) fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>, Failure> {
        Ok(self.tokens(text, special)?.iter().map(|token| token.id).collect())
    }

    fn tokens(&self, text: &str, special: bool) -> Result<Vec<Token>, Failure> {
        let tokenizer = self.model.tokenizer()?;
        Ok(if special { tokenizer.encode_special(text) } else { tokenizer.encode(text) })
    }

    /// The text of a source that is not ids.
    pub(super) fn text(source: &Source, stdin: &mut dyn Read) -> Result<Option<String>, Failure> {
        source.text.as_deref().map(|text| input::text(text, stdin)).transpose()
    }

    /// Runs the tokens that a model continues: before a decoder, an encoder reads them as its source, and the decoder's
    /// first token follows.
    pub(super) fn begin(&mut self, tokens: &[u32]) -> Result<Vec<Position>, Failure> {
        let engine = &self.model.engine;
        match engine.blueprint.stacks {
            Stacks::Decoder => self.extend(&[], tokens),
            Stacks::Encoder => Err(Failure::FillsIn(self.model.name.clone())),
            Stacks::EncoderDecoder => {
                let mut path = engine.encode_changed(tokens, &self.changes, &mut self.workspace, &|| true)?;
                let start: Vec<u32> = engine.config.decoder_start.into_iter().collect();
                self.append(&mut path, &start)?;
                Ok(path)
            }
        }
    }

    /// The distribution of the token at `index`, hidden from the model.
    pub(super) fn cloze(&mut self, tokens: &[u32], index: usize) -> Result<Distribution, Failure> {
        let mask = self.model.mask();
        let position =
            self.model.engine.cloze_changed(tokens, index, mask, &self.changes, &mut self.workspace, &|| true)?;
        let logits = self.model.engine.logits(&[position], &mut self.workspace)?;
        self.distribution(logits)
    }

    /// Runs `tokens` after `past` under the model's own mask.
    pub(super) fn extend(&mut self, past: &[Position], tokens: &[u32]) -> Result<Vec<Position>, Failure> {
        let under = Conditions { mask: &self.model.engine.blueprint.mask, interventions: &self.changes };
        Ok(self.model.engine.extend(past, tokens, under, &mut self.workspace, &|| true)?)
    }

    /// The same, put behind `path`.
    pub(super) fn append(&mut self, path: &mut Vec<Position>, tokens: &[u32]) -> Result<(), Failure> {
        let under = Conditions { mask: &self.model.engine.blueprint.mask, interventions: &self.changes };
        Ok(self.model.engine.append(path, tokens, under, &mut self.workspace, &|| true)?)
    }

    /// The distribution of the token after each position.
    pub(super) fn distributions(&mut self, positions: &[Position]) -> Result<Vec<Distribution>, Failure> {
        let logits = self.model.engine.logits(positions, &mut self.workspace)?;
        let rows = logits.chunks_exact(self.model.engine.config.vocabulary.max(1));
        rows.map(|row| self.distribution(row.to_vec())).collect()
    }

    /// The distribution that `logits` describe; where they describe none, the weights are looked through for the reason.
    fn distribution(&self, logits: Vec<f32>) -> Result<Distribution, Failure> {
        Ok(Distribution::new(logits).map_err(|logit| self.model.explain(logit, &|| true))?)
    }

    /// The bytes a token stands for; none where there is no tokenizer.
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        self.model.tokenizer.as_ref().map_or(&[], |tokenizer| tokenizer.piece(id))
    }

    pub(super) fn piece(&self, id: u32) -> Piece {
        piece(id, self.bytes(id))
    }

    /// Tokens as one text, with anything that is not UTF-8 replaced; their ids where there is no tokenizer.
    pub(super) fn quote(&self, ids: impl IntoIterator<Item = u32>) -> String {
        let ids = ids.into_iter();
        if self.model.tokenizer.is_none() {
            return ids.map(|id| format!("#{id}")).collect::<Vec<_>>().join(" ");
        }
        let bytes: Vec<u8> = ids.flat_map(|id| self.bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The token as a person reads it; its id where there is no tokenizer.
    pub(super) fn label(&self, id: u32) -> String {
        if self.model.tokenizer.is_none() {
            return format!("#{id}");
        }
        safe::token_label(self.bytes(id))
    }
}

/// A clock that begins now.
pub(super) fn stopwatch() -> impl Fn() -> Duration {
    let start = Instant::now();
    move || start.elapsed()
}

/// A token as JSON gives it.
pub(super) fn piece(id: u32, bytes: &[u8]) -> Piece {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let whole = std::str::from_utf8(bytes).is_ok();
    let hex = (!whole).then(|| bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")));
    Piece { id, text, hex }
}
