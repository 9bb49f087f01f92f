//! Where a text begins for a model.

use crate::model::Model;
use crate::text::Tokenizer;

/// The token that the tokenizer's own rules put before every text, if they put one.
pub(super) fn start_token(model: &Model) -> Option<u32> {
    let tokenizer = model.tokenizer.as_ref()?;
    let first = tokenizer.encode_special("").first()?.id;
    (tokenizer.bos() == Some(first)).then_some(first)
}

/// A token to begin with when there is no text at all: the start token, or else the one between documents.
pub fn start_of_text(model: &Model) -> Option<u32> {
    let tokenizer = model.tokenizer.as_ref()?;
    tokenizer.bos().or_else(|| Tokenizer::eos(tokenizer))
}
