//! Measuring: what a text costs as arithmetic code and to other compressors, and how far pairs of distributions are apart.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lab::arithmetic_coding::Encoder;
use crate::lab::arithmetic_coding::Frequencies;
use crate::lab::information::Divergence;
use crate::lab::information::Surprisals;
use crate::lab::rivals::Rival;
use crate::lab::rivals::rivals;
use crate::lm::Distribution;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::model::Model;

/// Positions whose distributions are computed together.
const TOGETHER: usize = 8;
/// How many tokens that tell two distributions apart are named.
const TELLING: usize = 24;

/// What to measure.
#[derive(Debug)]
pub struct Measure {
    /// The model.
    pub model: Arc<Model>,
    /// The text to be coded.
    pub bill: Option<Coded>,
    /// The distributions to be compared.
    pub pairs: Vec<Pair>,
    /// How many threads compute.
    pub threads: usize,
}

/// A text whose code is measured.
#[derive(Debug)]
pub struct Coded {
    /// The tokens of the path.
    pub tokens: Vec<u32>,
    /// What the model computed along the path.
    pub context: Vec<Position>,
    /// The first token of the path that belongs to the text.
    pub first: usize,
    /// The text's bytes.
    pub bytes: Vec<u8>,
}

/// What a text costs as code.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// The tokens of the path it is of.
    pub tokens: Vec<u32>,
    /// How many bytes the text has.
    pub bytes: usize,
    /// The arithmetic code's length in bits; a token with nothing before it is taken for any token.
    pub code_bits: Option<u64>,
    /// What other compressors make of the bytes.
    pub rivals: Option<[Rival; 3]>,
}

/// The second distribution of a pair.
#[derive(Clone, Debug)]
pub enum Other {
    /// A model's.
    Whole(Arc<Distribution>),
    /// What a sampler left: tokens and their probabilities.
    Some(Arc<[(u32, f32)]>),
}

/// Two distributions over one vocabulary.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The first.
    pub p: Arc<Distribution>,
    /// The second.
    pub q: Other,
}

impl Pair {
    /// Whether this is the very same pair.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.p, &other.p)
            && match (&self.q, &other.q) {
                (Other::Whole(q), Other::Whole(other)) => Arc::ptr_eq(q, other),
                (Other::Some(q), Other::Some(other)) => q == other,
                _ => false,
            }
    }
}

/// How far a pair is apart.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The pair.
    pub pair: Pair,
    /// What was measured; `None` where the vocabularies have different sizes.
    pub divergence: Option<Divergence>,
    /// The tokens that tell the two apart, the most telling first.
    pub telling: Vec<Telling>,
}

/// A token that tells two distributions apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Telling {
    /// The token.
    pub token: u32,
    /// Its probability in the first.
    pub p: f64,
    /// Its probability in the second.
    pub q: f64,
    /// What it adds to KL(p‖q), KL(q‖p) and the Jensen–Shannon divergence, in bits.
    pub terms: [f64; 3],
}

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// What the text costs.
    pub bill: Option<Bill>,
    /// How far each pair is apart.
    pub pairs: Vec<Compared>,
}

pub(super) fn measure(job: Measure, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Measure { model, bill, pairs, threads } = job;
    let pairs: Vec<Compared> = pairs.into_iter().map(compare).collect();
    if !pairs.is_empty() {
        said(send(Body::Measured(Measured { bill: None, pairs })))?;
    }
    if let Some(coded) = bill {
        let code_bits = code(&model, &coded, threads, ticket)?;
        let rivals = rivals(&coded.bytes).ok();
        let Coded { tokens, bytes, .. } = coded;
        let bill = Some(Bill { tokens, bytes: bytes.len(), code_bits, rivals });
        said(send(Body::Measured(Measured { bill, pairs: Vec::new() })))?;
    }
    Ok(())
}

fn compare(pair: Pair) -> Compared {
    let p = Surprisals::from(&*pair.p);
    let q = match &pair.q {
        Other::Whole(q) => Surprisals::from(&**q),
        Other::Some(some) => {
            Surprisals::of_some(p.bits().len(), some.iter().map(|&(id, probability)| (id, f64::from(probability))))
        }
    };
    let divergence = Divergence::of(&p, &q).ok();
    let tell = |token| Telling {
        token,
        p: p.probability(token),
        q: q.probability(token),
        terms: Divergence::terms(&p, &q, token),
    };
    let telling = Divergence::telling(&p, &q, if divergence.is_some() { TELLING } else { 0 });
    Compared { telling: telling.into_iter().map(tell).collect(), divergence, pair }
}

/// The length of the code of the tokens from the first on, in bits; `None` for a model that does not go on.
fn code(model: &Model, coded: &Coded, threads: usize, ticket: &Ticket) -> Result<Option<u64>, Stop> {
    let engine = &model.engine;
    if !engine.blueprint.predicts_next() || !engine.has_head() {
        return Ok(None);
    }
    let mut workspace = Workspace::new(threads);
    let mut encoder = Encoder::default();
    let mut encode = |frequencies: &Frequencies, token: u32| {
        frequencies.share(token as usize).into_iter().for_each(|share| encoder.encode(share));
    };
    let mut first = coded.first;
    if first == 0
        && let Some(&token) = coded.tokens.first()
    {
        encode(&Frequencies::uniform(engine.config.vocabulary), token);
        first = 1;
    }
    let end = coded.tokens.len().min(coded.context.len());
    while first < end {
        if !ticket.is_current() {
            return Err(Stop::Unwanted);
        }
        let last = end.min(first + TOGETHER);
        let logits = engine.logits(&coded.context[first - 1..last - 1], &mut workspace)?;
        let rows = logits.chunks_exact(engine.config.vocabulary.max(1));
        for (row, &token) in rows.zip(&coded.tokens[first..last]) {
            encode(&Frequencies::of(&*distribution(row.to_vec())?), token);
        }
        first = last;
    }
    Ok(Some(encoder.bits()))
}
