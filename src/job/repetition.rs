//! Repetition under way: how sure the model is of saying a sentence again, which heads copy, and the cures side by side.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::distribution;
use super::said;
use crate::lab::repetition;
use crate::lab::repetition::Grams;
use crate::lab::repetition::ProbeError;
use crate::lab::repetition::copying;
use crate::lab::repetition::copying::Copier;
use crate::lm;
use crate::lm::Beam;
use crate::lm::Interventions;
use crate::lm::Kind;
use crate::lm::Past;
use crate::lm::Position;
use crate::lm::Sampler;
use crate::lm::Stage;
use crate::lm::Workspace;
use crate::lm::beam::Rules;
use crate::lm::blueprint::Stacks;
use crate::model::Model;
use crate::text::Tokenizer;

/// The n that texts are compared by: of so many tokens in a row few stand twice by chance.
pub const MEASURED: usize = 4;
/// How many texts are drawn where the least repetitive is kept.
pub const DRAWN: usize = 5;

/// What to measure.
#[derive(Debug)]
pub struct Probe {
    /// The model.
    pub model: Arc<Model>,
    /// What it computed for every token of the path.
    pub context: Vec<Position>,
    /// The sentence to be said again and again, where that is wanted: where it stands on the path, and how many times.
    pub sentence: Option<(std::ops::Range<usize>, usize)>,
    /// Whether the heads are wanted.
    pub heads: bool,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// How many threads compute.
    pub threads: usize,
}

/// The heads that copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Heads {
    /// How many places they were measured at.
    pub places: usize,
    /// Whether these are the path's own, or of random tokens repeated, because the path repeats too little.
    pub own: bool,
    /// Every head, the one that copies most first.
    pub ranked: Vec<Copier>,
}

/// A cure for repetition, applied to the same prompt with the same seed as the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// None: greedy decoding, which repeats most (Holtzman et al. 2020, arXiv 1904.09751, section 3).
    None,
    /// Drawing at temperature 1.
    Temperature,
    /// Penalties for tokens that stand in the text, and noise: CTRL's repetition penalty (Keskar et al. 2019,
    /// arXiv 1909.05858, section 4.1), a frequency penalty, temperature 0.8.
    Penalties,
    /// DRY: greedy, with a penalty that grows with the length of the repetition a token would go on with.
    Dry,
    /// Beam search in which no three tokens stand twice (Paulus et al. 2018, arXiv 1705.04304).
    Beams,
    /// Drawing several texts and keeping the one that repeats least.
    Filter,
}

impl Cure {
    /// Every cure that a machine applies. The sixth is a person who chooses.
    pub const ALL: [Self; 6] = [Self::None, Self::Temperature, Self::Penalties, Self::Dry, Self::Beams, Self::Filter];

    /// The pipeline that it draws with.
    pub fn sampler(self) -> Sampler {
        let stages = match self {
            Self::None | Self::Beams => vec![Stage::temperature(0.0)],
            Self::Temperature | Self::Filter => vec![Stage::temperature(1.0)],
            Self::Penalties => vec![
                Stage::new(Kind::Repetition).with(&[1.2]),
                Stage::new(Kind::Frequency).with(&[0.3]),
                Stage::temperature(0.8),
            ],
            Self::Dry => vec![Stage::new(Kind::Dry), Stage::temperature(0.0)],
        };
        Sampler { stages }
    }

    /// The rules that it searches with.
    pub fn rules(steps: usize, ends: Vec<u32>) -> Rules {
        Rules { no_repeat: 3, ..Rules::plain(4, steps, ends) }
    }
}

/// The cures to compare.
#[derive(Debug)]
pub struct Cures {
    /// The model that continues.
    pub model: Arc<Model>,
    /// What it computed for every token of the prompt; not empty.
    pub context: Vec<Position>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// How many tokens each cure goes on for.
    pub steps: usize,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// How many threads compute.
    pub threads: usize,
}

/// How far a cure is.
#[derive(Clone, Debug, PartialEq)]
pub struct Cured {
    /// The cure.
    pub cure: Cure,
    /// What it has written.
    pub tokens: Vec<u32>,
    /// What that costs under the model's own distribution, in bits.
    pub bits: f64,
    /// Which of several texts this is, from 1; of the last reply the one that was kept.
    pub draft: usize,
    /// Whether the cure is done.
    pub done: bool,
}

pub(super) fn measure(job: Probe, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Probe { model, context, sentence, heads, changes, threads } = job;
    let (engine, under) = (&model.engine, model.under(&changes));
    let mut workspace = Workspace::new(threads);
    let wanted = || ticket.is_current();
    if let Some((span, copies)) = sentence.filter(|(span, _)| span.end <= context.len() && !span.is_empty()) {
        let tokens: Vec<u32> = context[span.clone()].iter().map(Position::token).collect();
        let before = context[..span.start].to_vec();
        repetition::probe(engine, under, before, &tokens, copies, &mut workspace, &wanted, &mut |copy| {
            send(Body::Copy(copy)).is_continue()
        })?;
    }
    if heads {
        let tokens: Vec<u32> = context.iter().map(Position::token).collect();
        let source = context.iter().filter(|position| position.is_source()).count();
        let mut places = copying::places(&tokens);
        places.retain(|&place| place >= source);
        let own = places.len() >= copying::ENOUGH || engine.blueprint.stacks == Stacks::EncoderDecoder;
        let measured = if own {
            copying::rank(engine, under, &context, &places, &wanted)
        } else {
            let random = copying::random_repeated(engine.config.vocabulary, engine.config.context);
            places = copying::places(&random);
            let context = engine.extend(&[], &random, under, &mut workspace, &wanted)?;
            copying::rank(engine, under, &context, &places, &wanted)
        };
        let ranked = measured.ok_or(Stop::Unwanted)?;
        said(send(Body::Heads(Box::new(Heads { places: places.len(), own, ranked }))))?;
    }
    Ok(())
}

pub(super) fn cure(job: &Cures, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let mut workspace = Workspace::new(job.threads);
    for cure in Cure::ALL {
        match cure {
            Cure::Beams => search(job, &mut workspace, ticket, send)?,
            Cure::Filter => {
                let mut kept: Option<Cured> = None;
                for draft in 1..=DRAWN {
                    // The first draft is what temperature alone gives.
                    let seed = job.seed.wrapping_add(draft as u64 - 1);
                    let found = draw(job, cure, seed, draft, &mut workspace, ticket, send)?;
                    let better = |kept: &Cured| (repeated(&found), found.bits) < (repeated(kept), kept.bits);
                    if kept.as_ref().is_none_or(better) {
                        kept = Some(found);
                    }
                }
                if let Some(kept) = kept {
                    said(send(Body::Cured(Box::new(Cured { done: true, ..kept }))))?;
                }
            }
            _ => {
                let found = draw(job, cure, job.seed, 1, &mut workspace, ticket, send)?;
                said(send(Body::Cured(Box::new(Cured { done: true, ..found }))))?;
            }
        }
    }
    Ok(())
}

/// `rep-4` of a text; 0 of one that is too short for it.
fn repeated(found: &Cured) -> f64 {
    Grams::of(&found.tokens, MEASURED).repeated().unwrap_or(0.0)
}

/// Draws one text, token by token.
fn draw(
    job: &Cures,
    cure: Cure,
    seed: u64,
    draft: usize,
    workspace: &mut Workspace,
    ticket: &Ticket,
    send: Send<'_>,
) -> Result<Cured, Stop> {
    let engine = &job.model.engine;
    let end = job.model.tokenizer.as_ref().and_then(Tokenizer::eos);
    let sampler = cure.sampler();
    let mut context = job.context.clone();
    let source = context.iter().filter(|position| position.is_source()).count();
    let mut tokens: Vec<u32> = context[source..].iter().map(Position::token).collect();
    let mut found = Cured { cure, tokens: Vec::new(), bits: 0.0, draft, done: false };
    for index in 0..job.steps {
        let Some(tip) = context.len().checked_sub(1) else { break };
        let next = distribution(engine.logits(&context[tip..], workspace)?)?;
        let chance = lm::chance(seed, index as u64);
        let shaped = sampler.shape(&next, &Past { tokens: &tokens, generated: index, mu: None, chance });
        let token = shaped.draw(lm::uniform(seed, index as u64));
        tokens.push(token);
        found.tokens.push(token);
        found.bits += next.surprisal_bits(token);
        said(send(Body::Cured(Box::new(found.clone()))))?;
        if Some(token) == end || context.len() - source == engine.config.context {
            break;
        }
        let wanted = || ticket.is_current();
        engine.append(&mut context, &[token], job.model.under(&job.changes), workspace, &wanted)?;
    }
    Ok(found)
}

/// Searches with several texts at once; what is shown on the way is the best of them.
fn search(job: &Cures, workspace: &mut Workspace, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let engine = &job.model.engine;
    let ends = job.model.tokenizer.as_ref().and_then(Tokenizer::eos).into_iter().collect();
    let mut beam = Beam::new(engine, job.context.clone(), Cure::rules(job.steps, ends), workspace)?;
    beam = beam.with(Arc::clone(&job.changes));
    while beam.step(engine, workspace, &|| ticket.is_current())?.is_some() {
        let finished = beam.finished().first().map(|(_, found)| *found);
        let best = if beam.is_done() { finished } else { beam.live(0).next() };
        let Some(best) = best else { continue };
        let (tokens, bits) = (best.tokens().collect(), best.bits());
        let cured = Cured { cure: Cure::Beams, tokens, bits, draft: 1, done: beam.is_done() };
        said(send(Body::Cured(Box::new(cured))))?;
    }
    Ok(())
}

impl From<ProbeError> for Stop {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Forward(error) => error.into(),
            ProbeError::NotFinite(logit) => Self::NotFinite(logit),
        }
    }
}
