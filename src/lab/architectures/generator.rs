//! The small model that draws the tokens a detector has to find.

use super::Scene;
use super::trained_on;
use crate::lab::masks::TrialError;
use crate::lm::Distribution;
use crate::lm::Workspace;
use crate::lm::blueprint::Objective;
use crate::lm::uniform;
use crate::model;
use crate::model::EMBEDDED;
use crate::model::Model;
use crate::model::Spec;
use crate::text::Tokenizer;
use crate::ui::safe;

/// How many of the generator's likeliest tokens are looked up in the open vocabulary.
const FRONT: usize = 64;

/// A token that gave way to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its place.
    pub place: usize,
    /// What stood there.
    pub stood: String,
    /// The model that drew the other; chance did where there is none.
    pub by: Option<String>,
}

/// Has the other tokens of [replaced ones](Objective::ReplacedTokens) drawn by a built-in model that fills in: it reads the
/// sentence with all of them hidden, and what it says of each is drawn from (Clark et al. 2020, section 2). What stood there
/// itself is left out. Chance's draw stays where it cannot read the sentence, where a token is no whole word, and where none
/// of what it would say is one token of the open vocabulary.
///
/// # Errors
/// A logit that is no number; stopped by `go_on`.
pub fn exchange(
    open: &Model,
    tokens: &[u32],
    scene: &mut Scene,
    seed: u64,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
) -> Result<(), TrialError> {
    let Some(tokenizer) = open.tokenizer.as_ref().filter(|_| scene.objective == Objective::ReplacedTokens) else {
        return Ok(());
    };
    let places: Vec<usize> = scene.exchanged.iter().map(|one| one.place).collect();
    let hidden: Vec<(usize, String)> =
        places.into_iter().filter_map(|place| Some((place, whole_word(tokenizer, tokens, place)?))).collect();
    let Some((generator, given, masks)) = hide(tokenizer, tokens, &hidden) else { return Ok(()) };
    let engine = &generator.engine;
    let read = engine.extend(&[], &given, &engine.blueprint.mask, workspace, go_on)?;
    let asked: Vec<_> = masks.iter().filter_map(|&at| read.get(at).cloned()).collect();
    let logits = engine.logits(&asked, workspace)?;
    let rows = logits.chunks_exact(engine.config.vocabulary.max(1));
    for ((place, stood), row) in hidden.into_iter().zip(rows) {
        let said = Distribution::new(row.to_vec())?;
        let others = others(&generator, tokenizer, &said, &stood);
        let Some(id) = draw(&others, uniform(seed ^ 0x0064_7261, place as u64)) else { continue };
        if let (Some(there), Some(exchange)) =
            (scene.first.get_mut(place), scene.exchanged.iter_mut().find(|one| one.place == place))
        {
            there.given.id = Some(id);
            there.given.label = safe::token_label(tokenizer.piece(id));
            exchange.by = Some(generator.name.clone());
        }
    }
    Ok(())
}

/// The text of the token at a place, with the space before it, where it is a word of letters by itself.
fn whole_word(tokenizer: &Tokenizer, tokens: &[u32], place: usize) -> Option<String> {
    let text = |count: usize| String::from_utf8(tokenizer.decode(tokens.get(..count)?)).ok();
    let (before, through) = (text(place)?, text(place + 1)?);
    let word = through.strip_prefix(&before)?.to_owned();
    let letters = word.strip_prefix(' ').unwrap_or(&word);
    let is_word = !letters.is_empty() && letters.chars().all(char::is_alphabetic);
    let begins = word.starts_with(' ') || !before.ends_with(char::is_alphanumeric);
    let after = text((place + 2).min(tokens.len()))?;
    let ends = after.strip_prefix(&through).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    (is_word && begins && ends).then_some(word)
}

/// A built-in model that fills in and knows every sign of the sentence, the sentence in its tokens with these words hidden,
/// and where their masks are.
fn hide(tokenizer: &Tokenizer, tokens: &[u32], hidden: &[(usize, String)]) -> Option<(Model, Vec<u32>, Vec<usize>)> {
    let model = EMBEDDED.iter().find_map(|embedded| {
        let model = model::open(&Spec::Embedded(embedded)).ok()?;
        (trained_on(model.engine.blueprint.objective, Objective::MaskedTokens) && model.mask().is_some())
            .then_some(model)
    })?;
    let (own, mask) = (model.tokenizer.as_ref()?, model.mask()?);
    let (mut given, mut masks, mut from) = (Vec::new(), Vec::new(), 0);
    let mut hidden: Vec<usize> = hidden.iter().map(|&(place, _)| place).collect();
    hidden.push(tokens.len());
    let text = String::from_utf8(tokenizer.decode(tokens)).ok()?;
    let length = |count: usize| Some(tokenizer.decode(tokens.get(..count)?).len());
    for place in hidden {
        let kept = own.encode_ids(text.get(from..length(place)?)?.trim());
        if kept.iter().any(|&id| own.is_special(id)) {
            return None;
        }
        given.extend(kept);
        if place < tokens.len() {
            masks.push(given.len());
            given.push(mask);
            from = length(place + 1)?;
        }
    }
    (given.len() <= model.engine.config.context && !masks.is_empty()).then_some((model, given, masks))
}

/// What the generator would say in a word's place, in tokens of the open vocabulary, with how likely it is.
fn others(generator: &Model, tokenizer: &Tokenizer, said: &Distribution, stood: &str) -> Vec<(u32, f64)> {
    let Some(own) = generator.tokenizer.as_ref() else { return Vec::new() };
    let space = if stood.starts_with(' ') { " " } else { "" };
    let word = |id: u32| {
        // A piece that begins a word has a space before it.
        let piece = std::str::from_utf8(own.piece(id)).ok()?.strip_prefix(' ')?;
        let is_word = piece.chars().all(char::is_alphabetic) && piece != stood.trim().to_lowercase();
        let ids = tokenizer.encode_ids(&format!("{space}{piece}"));
        let &[id] = ids.as_slice() else { return None };
        (is_word && !tokenizer.is_special(id)).then_some(id)
    };
    let front = said.front(FRONT).iter().take(FRONT);
    front.filter_map(|&id| Some((word(id)?, f64::from(said.probability(id))))).collect()
}

/// The one of these whose share of the whole holds this number from 0 to 1.
fn draw(others: &[(u32, f64)], number: f64) -> Option<u32> {
    let mut rest = number * others.iter().map(|&(_, share)| share).sum::<f64>();
    let drawn = others.iter().find(|&&(_, share)| {
        rest -= share;
        rest < 0.0
    });
    drawn.or(others.last()).map(|&(id, _)| id)
}
