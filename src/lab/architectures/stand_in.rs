//! A built-in model in the open one's place, where the open one was trained on something else.

use super::can_ask;
use super::scene;
use super::trained_on;
use crate::lm::blueprint::Objective;
use crate::model;
use crate::model::EMBEDDED;
use crate::model::Model;
use crate::model::Spec;

/// The built-in model that was trained on an objective, and the open model's sentence in its tokens. `None` where the open
/// model was trained on it itself, where no built-in one was, and where none knows every sign of the sentence.
pub fn stand_in(open: &Model, tokens: &[u32], objective: Objective) -> Option<(Model, Vec<u32>)> {
    if tokens.is_empty() || trained_on(open.engine.blueprint.objective, objective) {
        return None;
    }
    let text = String::from_utf8(open.tokenizer.as_ref()?.decode(tokens)).ok()?;
    EMBEDDED.iter().find_map(|embedded| {
        let model = model::open(&Spec::Embedded(embedded)).ok()?;
        let tokenizer = model.tokenizer.as_ref()?;
        let tokens = tokenizer.encode_ids(text.trim());
        let (before, after) = tokenizer.template();
        let fits = before.len() + tokens.len() + after.len() <= model.engine.config.context;
        let knows = !tokens.is_empty() && !tokens.iter().any(|&id| tokenizer.is_special(id));
        let asked = fits && knows && can_ask(&model, &scene(&model, &tokens, objective, 0));
        asked.then_some((model, tokens))
    })
}
