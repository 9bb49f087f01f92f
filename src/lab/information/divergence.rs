//! How far two distributions over one vocabulary are apart.

use std::f64::consts::LN_2;

use super::Total;
use crate::lm::Distribution;
use crate::text::Tokenizer;

/// −log2 p of every token in bits, `[vocabulary]`: infinite where the probability is 0, exact where it only underflows.
#[derive(Clone, Debug, PartialEq)]
pub struct Surprisals(Vec<f64>);

impl Surprisals {
    /// From the probabilities of some tokens; every other token of the `vocabulary` has none.
    pub fn of_some(vocabulary: usize, some: impl IntoIterator<Item = (u32, f64)>) -> Self {
        let mut bits = vec![f64::INFINITY; vocabulary];
        for (id, probability) in some {
            if let Some(bits) = bits.get_mut(id as usize) {
                *bits = -probability.log2();
            }
        }
        Self(bits)
    }

    /// The distribution whose logits are those of `distribution` over a temperature above 0.
    pub fn at(distribution: &Distribution, temperature: f64) -> Self {
        let scaled: Vec<f64> = distribution.logits().iter().map(|&z| f64::from(z) / temperature).collect();
        let greatest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: Total = scaled.iter().map(|z| (z - greatest).exp()).collect();
        let log_sum = greatest + sum.bits().ln();
        Self(scaled.into_iter().map(|z| (log_sum - z) / LN_2).collect())
    }

    /// −log2 p of each token, `[vocabulary]`.
    pub fn bits(&self) -> &[f64] {
        &self.0
    }

    /// The probability of a token.
    pub fn probability(&self, id: u32) -> f64 {
        self.0.get(id as usize).map_or(0.0, |bits| (-bits).exp2())
    }
}

impl From<&Distribution> for Surprisals {
    fn from(distribution: &Distribution) -> Self {
        Self((0..distribution.len() as u32).map(|id| distribution.surprisal_bits(id)).collect())
    }
}

/// Two vocabularies of different sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The first's.
    pub p: usize,
    /// The second's.
    pub q: usize,
}

/// How far two distributions are apart, in bits, each sum by itself over the whole vocabulary (Cover and Thomas 2006,
/// chapter 2). What one rules out and the other does not is infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Divergence {
    /// H(p) = −Σ p log p.
    pub entropy_p: f64,
    /// H(q) = −Σ q log q.
    pub entropy_q: f64,
    /// H(p,q) = −Σ p log q: what texts drawn from p cost under q.
    pub cross_pq: f64,
    /// H(q,p) = −Σ q log p.
    pub cross_qp: f64,
    /// KL(p‖q) = Σ p log(p/q): what is lost by taking q for p (Kullback and Leibler 1951).
    pub kl_pq: f64,
    /// KL(q‖p).
    pub kl_qp: f64,
    /// ½ KL(p‖m) + ½ KL(q‖m) with m = (p + q)/2, from 0 to 1 bit (Lin 1991).
    pub js: f64,
}

impl Divergence {
    /// Measures two distributions.
    ///
    /// # Errors
    /// They are not over vocabularies of the same size.
    pub fn of(p: &Surprisals, q: &Surprisals) -> Result<Self, Apart> {
        let (p, q) = (&p.0, &q.0);
        if p.len() != q.len() {
            return Err(Apart { p: p.len(), q: q.len() });
        }
        let sum = |term: &dyn Fn(f64, f64) -> f64| p.iter().zip(q).map(|(&p, &q)| term(p, q)).collect::<Total>().bits();
        Ok(Self {
            entropy_p: sum(&|p, _| weighed(p, p)),
            entropy_q: sum(&|_, q| weighed(q, q)),
            cross_pq: sum(&|p, q| weighed(p, q)),
            cross_qp: sum(&|p, q| weighed(q, p)),
            // Rounding must not make a divergence negative: it is none.
            kl_pq: sum(&relative).max(0.0),
            kl_qp: sum(&|p, q| relative(q, p)).max(0.0),
            js: sum(&mixed).clamp(0.0, 1.0),
        })
    }

    /// What one token adds to KL(p‖q), KL(q‖p) and the Jensen–Shannon divergence, in bits.
    pub fn terms(p: &Surprisals, q: &Surprisals, id: u32) -> [f64; 3] {
        let at = |surprisals: &Surprisals| surprisals.0.get(id as usize).copied().unwrap_or(f64::INFINITY);
        let (p, q) = (at(p), at(q));
        [relative(p, q), relative(q, p), mixed(p, q)]
    }

    /// The tokens that tell the two apart, those that add most to the Jensen–Shannon divergence first: at most `most`.
    pub fn telling(p: &Surprisals, q: &Surprisals, most: usize) -> Vec<u32> {
        let terms: Vec<f64> = p.0.iter().zip(&q.0).map(|(&p, &q)| mixed(p, q)).collect();
        let mut ids: Vec<u32> = (0..terms.len() as u32).collect();
        let falling = |a: &u32, b: &u32| terms[*b as usize].total_cmp(&terms[*a as usize]).then(a.cmp(b));
        let most = most.min(ids.len());
        if most > 0 && most < ids.len() {
            ids.select_nth_unstable_by(most - 1, falling);
        }
        ids.truncate(most);
        ids.sort_unstable_by(falling);
        ids
    }

    /// H(p,q) − (H(p) + KL(p‖q)), which is 0 but for rounding: three sums made apart. Not-a-number where both sides are
    /// infinite.
    pub fn identity_error(&self) -> f64 {
        self.cross_pq - (self.entropy_p + self.kl_pq)
    }

    /// The same measures of another pair added, for sums along a text.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            entropy_p: self.entropy_p + other.entropy_p,
            entropy_q: self.entropy_q + other.entropy_q,
            cross_pq: self.cross_pq + other.cross_pq,
            cross_qp: self.cross_qp + other.cross_qp,
            kl_pq: self.kl_pq + other.kl_pq,
            kl_qp: self.kl_qp + other.kl_qp,
            js: self.js + other.js,
        }
    }
}

/// p times a surprisal; nothing where p is 0, as p log p goes to 0.
fn weighed(p: f64, surprisal: f64) -> f64 {
    let weight = (-p).exp2();
    if weight == 0.0 { 0.0 } else { weight * surprisal }
}

/// p log2(p/q), from the surprisals of both.
fn relative(p: f64, q: f64) -> f64 {
    weighed(p, q - p)
}

/// ½ p log2(p/m) + ½ q log2(q/m), from the surprisals of both.
fn mixed(p: f64, q: f64) -> f64 {
    // p/m = 2 / (1 + q/p), and q/p = 2^(p − q) in surprisals.
    let part = |own: f64, other: f64| if own.is_infinite() { 0.0 } else { weighed(own, 1.0 - softplus(own - other)) };
    0.5 * part(p, q) + 0.5 * part(q, p)
}

/// log2(1 + 2^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp2().ln_1p() / LN_2
}

/// The first id that stands for different bytes in two tokenizers, if any does: distributions over their ids can only be
/// compared where none does.
pub fn first_difference(a: &Tokenizer, b: &Tokenizer) -> Option<u32> {
    let longer = a.len().max(b.len()) as u32;
    (0..longer).find(|&id| {
        let known = |tokenizer: &Tokenizer| (id as usize) < tokenizer.len();
        known(a) != known(b) || a.piece(id) != b.piece(id)
    })
}
