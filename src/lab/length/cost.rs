//! What length costs: bytes of the cache, time of reading a prompt, time of one more token.

use std::time::Duration;

use crate::lm::ForwardError;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::lm::blueprint::Stacks;

/// What one length cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Tokens that were read.
    pub tokens: usize,
    /// Bytes of their keys and values.
    pub cache: usize,
    /// Bytes of everything that is kept of them: queries and hidden states too, so that attention can be looked at.
    pub kept: usize,
    /// The time of reading them from an empty cache.
    pub prefill: Duration,
    /// The time of one token after them; `None` where the model does not go on.
    pub step: Option<Duration>,
}

/// The lengths that are measured: doubled from `least` on, and the most itself.
pub fn lengths(least: usize, most: usize) -> Vec<usize> {
    let mut lengths: Vec<usize> =
        std::iter::successors(Some(least.max(1)), |length| length.checked_mul(2)).take_while(|&l| l < most).collect();
    lengths.push(most.max(1));
    lengths
}

/// How often a step is measured; the shortest time counts.
const STEPS: usize = 3;
/// A prompt this short is read as often.
const SHORT: usize = 256;

/// Measures each of `lengths`; the next token needs one place more in the context. `clock` tells the time, `tell` hears each
/// point and returns whether to go on.
///
/// # Errors
/// Stopped; more tokens than the context holds.
pub fn measure(
    engine: &Transformer,
    lengths: &[usize],
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
    clock: &dyn Fn() -> Duration,
    tell: &mut dyn FnMut(Point) -> bool,
) -> Result<(), ForwardError> {
    let vocabulary = engine.config.vocabulary.max(1);
    let mask = &engine.blueprint.mask;
    let start: Vec<u32> = engine.config.decoder_start.into_iter().collect();
    let read = |tokens: &[u32], workspace: &mut Workspace| match engine.blueprint.stacks {
        Stacks::EncoderDecoder => {
            let source = engine.encode(tokens, workspace, go_on)?;
            let new = engine.extend(&source, &start, mask, workspace, go_on)?;
            Ok::<_, ForwardError>([source, new].concat())
        }
        _ => engine.extend(&[], tokens, mask, workspace, go_on),
    };
    // The first pass brings the weights into memory.
    read(&[0], workspace)?;
    for &length in lengths {
        // Any tokens do: the work is the same for all.
        let tokens: Vec<u32> = (0..length).map(|index| (index * 7919 % vocabulary) as u32).collect();
        let mut prefill = Duration::MAX;
        let mut path = Vec::new();
        for _ in 0..if length <= SHORT { STEPS } else { 1 } {
            let begun = clock();
            path = read(&tokens, workspace)?;
            prefill = prefill.min(clock().saturating_sub(begun));
        }
        let mut step = None;
        for _ in 0..if engine.blueprint.predicts_next() { STEPS } else { 0 } {
            let begun = clock();
            engine.append(&mut path, &[0], mask, workspace, go_on)?;
            engine.logits(&path[path.len() - 1..], workspace)?;
            let time = clock().saturating_sub(begun);
            path.pop();
            step = Some(step.map_or(time, |least: Duration| least.min(time)));
        }
        let shape = engine.config.encoder.unwrap_or(engine.config.main());
        let cache = length * shape.layers * 2 * shape.key_width() * size_of::<f32>();
        let kept = path.iter().map(crate::lm::Position::bytes).sum();
        if !tell(Point { tokens: length, cache, kept, prefill, step }) {
            return Err(ForwardError::Stopped);
        }
    }
    Ok(())
}

/// a + b·n + c·n², none of them negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// a, b and c.
    pub terms: [f64; 3],
}

impl Fit {
    /// The terms that are nearest to the points `(n, value)` by relative error, least squares; none is negative, as none of
    /// the three can save time. `None` without a point.
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let points: Vec<_> = points.iter().copied().filter(|(n, value)| *n > 0.0 && *value > 0.0).collect();
        let error = |terms: [f64; 3]| -> f64 {
            points.iter().map(|&(n, value)| ((Self { terms }.at(n) - value) / value).powi(2)).sum()
        };
        // Whichever terms are left out, one of the subsets is the best without negative ones (Lawson and Hanson 1974).
        let subsets = (1..8_usize).filter_map(|subset| solved(&points, subset));
        let fits = subsets.filter(|terms| terms.iter().all(|term| *term >= 0.0));
        fits.min_by(|a, b| error(*a).total_cmp(&error(*b))).map(|terms| Self { terms })
    }

    /// The value at n.
    pub fn at(&self, n: f64) -> f64 {
        let [a, b, c] = self.terms;
        a + b * n + c * n * n
    }

    /// The share of the quadratic part at n, 0 to 1.
    pub fn quadratic_share(&self, n: f64) -> f64 {
        let whole = self.at(n);
        if whole > 0.0 { self.terms[2] * n * n / whole } else { 0.0 }
    }
}

/// Least squares with the terms of `subset` (bit i: the power i) alone; `None` where the points do not determine them.
fn solved(points: &[(f64, f64)], subset: usize) -> Option<[f64; 3]> {
    let powers: Vec<i32> = (0..3).filter(|power| subset >> power & 1 == 1).collect();
    let size = powers.len();
    if points.len() < size {
        return None;
    }
    // Columns are scaled by their greatest value, so that the squares of large n do not drown the rest.
    let most = points.iter().map(|(n, _)| *n).fold(1.0, f64::max);
    let mut rows = vec![vec![0.0; size + 1]; size];
    for &(n, value) in points {
        let basis: Vec<f64> = powers.iter().map(|&power| (n / most).powi(power) / value).collect();
        for (row, x) in rows.iter_mut().zip(&basis) {
            row.iter_mut().zip(basis.iter().chain([&1.0])).for_each(|(cell, y)| *cell += x * y);
        }
    }
    for pivot in 0..size {
        let best = (pivot..size).max_by(|&a, &b| rows[a][pivot].abs().total_cmp(&rows[b][pivot].abs()))?;
        rows.swap(pivot, best);
        let top = rows[pivot].clone();
        if top[pivot].abs() < 1e-30 {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = row[pivot] / top[pivot];
            row.iter_mut().zip(&top).for_each(|(cell, top)| *cell -= factor * top);
        }
    }
    let mut terms = [0.0; 3];
    for (index, &power) in powers.iter().enumerate() {
        terms[power as usize] = rows[index][size] / rows[index][index] / most.powi(power);
    }
    Some(terms)
}
