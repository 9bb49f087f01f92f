//! How much of its freedom an attention matrix uses: singular values, rank, determinant.
//!
//! Under a causal mask the matrix of one head's weights is triangular, its determinant the product of its diagonal, and a
//! softmax gives every cell of the diagonal more than nothing: the matrix has full rank, exactly. Seen from both sides it is
//! the softmax of a matrix whose rank is at most the width of a head, and often close to one of low rank (Dong et al. 2021,
//! "Attention is not all you need", arXiv 2103.03404). What floating point can tell apart is less than what is so: both are
//! given.

use crate::lab::singular;
use crate::lm::AttentionKind;
use crate::lm::ForwardError;
use crate::lm::Mask;
use crate::lm::Position;
use crate::lm::Transformer;

/// What was measured of one square matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Rank {
    /// Its singular values, the greatest first.
    pub singular: Vec<f64>,
    /// How many of them float32 can tell from 0: above the greatest times n times the float32 epsilon, numpy's rule.
    pub numerical: usize,
    /// e to the entropy of the singular values taken as a distribution (Roy and Vetterli 2007).
    pub effective: f64,
    /// log10 |det|: of a triangular matrix from its diagonal, of another from its singular values. −∞ where it is singular.
    pub log_determinant: f64,
    /// Whether it is triangular.
    pub triangular: bool,
}

impl Rank {
    /// Measures a square matrix, `[n, n]` by rows.
    pub fn of(matrix: &[f64], n: usize) -> Self {
        let singular = singular::orthogonal(matrix.chunks_exact(n.max(1)).map(<[f64]>::to_vec).collect());
        let floor = singular.first().copied().unwrap_or(0.0) * n as f64 * f64::from(f32::EPSILON);
        let numerical = singular.iter().filter(|&&value| value > floor).count();
        let row = |i: usize| matrix.get(i * n..(i + 1) * n).unwrap_or_default();
        let triangular = (0..n).all(|i| row(i).iter().skip(i + 1).all(|cell| *cell == 0.0));
        let log_determinant = if triangular {
            (0..n).map(|i| row(i)[i].abs().log10()).sum()
        } else {
            singular.iter().map(|value| value.log10()).sum()
        };
        let effective = singular::effective_rank(&singular);
        Self { singular, numerical, effective, log_determinant, triangular }
    }

    /// Whether it is known to have full rank: a triangular matrix without a 0 on its diagonal, or any whose singular values
    /// all stand out.
    pub fn full(&self) -> bool {
        if self.triangular { self.log_determinant.is_finite() } else { self.numerical == self.singular.len() }
    }
}

/// One head, measured under two masks.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadRank {
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// Its weights under the causal mask.
    pub causal: Rank,
    /// Its weights where every position sees every other.
    pub both_ways: Rank,
    /// How many singular values of its q·kᵀ float32 can tell from 0; never more than the width of a head.
    pub products: usize,
}

/// What a model computed for one text under a causal mask, and where every position sees every other.
#[derive(Clone, Copy, Debug)]
pub struct Passes<'a> {
    /// The positions under [`Mask::Causal`].
    pub causal: &'a [Position],
    /// The positions under [`Mask::Bidirectional`].
    pub both_ways: &'a [Position],
    /// How many positions of each stand before the text.
    pub before: usize,
}

/// Measures every head of a model on a text it has read; `tell` hears each and returns whether to go on.
///
/// # Errors
/// Stopped.
pub fn heads(
    engine: &Transformer,
    passes: Passes<'_>,
    tell: &mut dyn FnMut(HeadRank) -> bool,
) -> Result<(), ForwardError> {
    for layer in 0..engine.config.layers {
        for head in 0..engine.config.heads {
            if !tell(one(engine, passes, layer, head)) {
                return Err(ForwardError::Stopped);
            }
        }
    }
    Ok(())
}

/// Measures one head.
pub fn one(engine: &Transformer, passes: Passes<'_>, layer: usize, head: usize) -> HeadRank {
    let weights = |path: &[Position], mask: &Mask| {
        let n = path.len() - passes.before;
        let rows = (passes.before..path.len()).flat_map(|query| {
            let row = engine.attention(path, mask, AttentionKind::Own, layer, head, query);
            row.into_iter().skip(passes.before).map(f64::from)
        });
        Rank::of(&rows.collect::<Vec<_>>(), n)
    };
    HeadRank {
        layer,
        head,
        causal: weights(passes.causal, &Mask::Causal),
        both_ways: weights(passes.both_ways, &Mask::Bidirectional),
        products: products(engine, &passes.both_ways[passes.before..], layer, head),
    }
}

/// The rank that float32 can tell of all products of a head's queries and keys.
fn products(engine: &Transformer, path: &[Position], layer: usize, head: usize) -> usize {
    let shape = engine.config.main();
    let width = shape.head_width;
    let group = shape.heads / shape.kv_heads.max(1);
    let cell = |query: &Position, key: &Position| {
        let q = &query.queries(layer)[head * width..][..width];
        let k = &key.keys(layer)[head / group.max(1) * width..][..width];
        q.iter().zip(k).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum::<f64>()
    };
    let cells = path.iter().flat_map(|query| path.iter().map(move |key| cell(query, key)));
    Rank::of(&cells.collect::<Vec<_>>(), path.len()).numerical
}
