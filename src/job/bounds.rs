//! Where a text begins for a model, and where it ends.

use crate::lm::blueprint::Stacks;
use crate::model::Model;
use crate::text::Tokenizer;

/// The tokens that stand before and behind every text: all that the tokenizer's rules put there for a model that reads the
/// whole text at once; before a text that goes on, the start token alone.
pub(super) fn template(model: &Model) -> (Vec<u32>, Vec<u32>) {
    let Some(tokenizer) = &model.tokenizer else { return Default::default() };
    match model.engine.blueprint.stacks {
        Stacks::Decoder => (start_token(model).into_iter().collect(), Vec::new()),
        Stacks::Encoder | Stacks::EncoderDecoder => {
            let (before, behind) = tokenizer.template();
            (before.to_vec(), behind.to_vec())
        }
    }
}

/// The token that the tokenizer's own rules put before every text, if they put one.
fn start_token(model: &Model) -> Option<u32> {
    let tokenizer = model.tokenizer.as_ref()?;
    let first = tokenizer.encode_special("").first()?.id;
    (tokenizer.bos() == Some(first)).then_some(first)
}

/// A token to begin with when there is no text at all: the start token, or else the one between documents.
pub fn start_of_text(model: &Model) -> Option<u32> {
    let tokenizer = model.tokenizer.as_ref()?;
    tokenizer.bos().or_else(|| Tokenizer::eos(tokenizer))
}
