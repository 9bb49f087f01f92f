//! The heads that copy: they look from a token to what followed it before.

use crate::lab::heads;
use crate::lm::AttentionKind;
use crate::lm::Conditions;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::uniform;

/// A head, and how much it copies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Copier {
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// The mean share of its weight that goes to tokens which follow an earlier occurrence of the current one, 0 to 1: the
    /// "prefix matching score" of Olsson et al. 2022 (arXiv 2209.11895).
    pub score: f32,
}

/// The random tokens that are repeated, and how many times, where a text has too few repetitions of its own to measure on.
pub const RANDOM: (usize, usize) = (24, 3);
/// The fewest places of a text with an earlier occurrence of the token there that a measurement takes.
pub const ENOUGH: usize = 8;
/// The most places that are measured: the last ones.
const MOST: usize = 64;

/// The places of a text where a head could copy: the token there stands before it as well, and something followed.
pub fn places(tokens: &[u32]) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    let mut found: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| !seen.insert(**token)).map(|(at, _)| at).collect();
    found.drain(..found.len().saturating_sub(MOST));
    found
}

/// Random tokens, several times over: nothing but copying foretells them.
pub fn random_repeated(vocabulary: usize, context: usize) -> Vec<u32> {
    let (length, times) = RANDOM;
    let once: Vec<u32> = (0..length as u64).map(|index| (uniform(0, index) * vocabulary as f64) as u32).collect();
    let whole = once.iter().copied().cycle().take(length * times);
    whole.take(context).collect()
}

/// Every head with its score at `places` of what the model has read, the greatest first; of equals the lower layer, then
/// the lower head; none where no head looks back. `wanted` is asked for every layer; `None` when it no longer is.
pub fn rank(
    engine: &Transformer,
    under: Conditions<'_>,
    context: &[Position],
    places: &[usize],
    wanted: &dyn Fn() -> bool,
) -> Option<Vec<Copier>> {
    let tokens: Vec<u32> = context.iter().map(Position::token).collect();
    let mut all = Vec::new();
    let layers = if engine.blueprint.attends_to_itself().is_ok() { engine.config.layers } else { 0 };
    for layer in 0..layers {
        if !wanted() {
            return None;
        }
        for head in 0..engine.config.heads {
            let share = |&place: &usize| {
                let seen = if under.mask.joint() == Some(0) { &context[..=place] } else { context };
                let row = engine.attention(seen, under, AttentionKind::Own, layer, head, place);
                heads::induction(place, &row, &tokens)
            };
            let score = places.iter().map(share).sum::<f32>() / places.len().max(1) as f32;
            all.push(Copier { layer, head, score });
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    Some(all)
}
