//! How sure a model becomes of saying the same again.

use crate::lm::Conditions;
use crate::lm::Distribution;
use crate::lm::ForwardError;
use crate::lm::NotFinite;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;

/// Positions whose logits are held at the same time.
const ROWS: usize = 16;

/// What the model said of one copy of a sentence that it had read `before` times: Xu et al. 2022, "Learning to Break the
/// Loop" (arXiv 2206.02369), section 2.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// How many copies stood before it.
    pub before: usize,
    /// The probability of each of its tokens; the very first token of a text has none.
    pub probabilities: Vec<Option<f32>>,
    /// Their mean ("TP").
    pub mean: f64,
    /// The share of them that are greater than in the first copy ("IP"); `None` for the first copy.
    pub increased: Option<f64>,
    /// The share of its tokens that were the most probable ones, which greedy decoding would repeat ("WR").
    pub greedy: f64,
}

/// Why a measurement gave nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbeError {
    /// The forward pass gave nothing.
    Forward(ForwardError),
    /// The model computed a logit that is no number.
    NotFinite(NotFinite),
}

impl From<ForwardError> for ProbeError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl From<NotFinite> for ProbeError {
    fn from(error: NotFinite) -> Self {
        Self::NotFinite(error)
    }
}

/// Has the model read `sentence` again and again after `context`, and tells what it said of each copy, as soon as it has
/// read it: `copies` of them, or as many as the context holds. `tell` returns whether to go on.
///
/// # Errors
/// Stopped by `go_on`; a token outside the vocabulary; a logit that is no number.
#[expect(
    clippy::too_many_arguments,
    reason = "a measurement's model, text and company; nothing of it belongs together elsewhere"
)]
pub fn probe(
    engine: &Transformer,
    under: Conditions<'_>,
    mut context: Vec<Position>,
    sentence: &[u32],
    copies: usize,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Copy) -> bool,
) -> Result<(), ProbeError> {
    let source = context.iter().filter(|position| position.is_source()).count();
    let room = (engine.config.context + source).saturating_sub(context.len());
    let mut first: Vec<Option<f32>> = Vec::new();
    for before in 0..copies.min(room / sentence.len().max(1)) {
        let start = context.len();
        engine.append(&mut context, sentence, under, workspace, go_on)?;
        // The token at an index is foretold at the position before it; the source foretells nothing.
        let unsaid = usize::from(start == source);
        let mut probabilities = vec![None; unsaid];
        let mut best = 0;
        let foretold = &context[start + unsaid - 1..context.len() - 1];
        for (positions, tokens) in foretold.chunks(ROWS).zip(sentence[unsaid..].chunks(ROWS)) {
            let logits = engine.logits(positions, workspace)?;
            for (row, &token) in logits.chunks_exact(engine.config.vocabulary.max(1)).zip(tokens) {
                let next = Distribution::new(row.to_vec())?;
                probabilities.push(Some(next.probability(token)));
                best += usize::from(next.most_probable() == token);
            }
        }
        let said: Vec<f64> = probabilities.iter().flatten().map(|&p| f64::from(p)).collect();
        let count = said.len().max(1) as f64;
        if before == 0 {
            first.clone_from(&probabilities);
        }
        let pairs: Vec<bool> =
            probabilities.iter().zip(&first).filter_map(|(now, first)| Some(now.as_ref()? > first.as_ref()?)).collect();
        let more = pairs.iter().filter(|&&more| more).count() as f64 / pairs.len().max(1) as f64;
        let copy = Copy {
            before,
            mean: said.iter().sum::<f64>() / count,
            increased: (before > 0).then_some(more),
            greedy: best as f64 / count,
            probabilities,
        };
        if !tell(copy) {
            break;
        }
    }
    Ok(())
}
