//! `lmscope masks --rank`: singular values, rank and determinant of every head's weights.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::arguments::{Common, Masks};
use crate::cli::output::{Column, Output};
use crate::cli::session::{Given, Session};
use crate::lab::masks::rank::{HeadRank, Passes, Rank, heads};
use crate::lm::blueprint::Stacks;
use crate::lm::{ForwardError, Mask};
use crate::ui::Message;

/// The most tokens that are measured: the time grows with their cube.
const MOST: usize = 64;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    tokens: usize,
    width: usize,
    heads: Vec<Ranked<'a>>,
}

#[derive(Serialize)]
struct Ranked<'a> {
    layer: usize,
    head: usize,
    causal: Measured<'a>,
    both_ways: Measured<'a>,
    products: usize,
}

#[derive(Serialize)]
struct Measured<'a> {
    singular: &'a [f64],
    numerical: usize,
    effective: f64,
    /// Null where it is −∞.
    log10_determinant: Option<f64>,
    full: bool,
}

impl<'a> From<&'a Rank> for Measured<'a> {
    fn from(rank: &'a Rank) -> Self {
        Self {
            singular: &rank.singular,
            numerical: rank.numerical,
            effective: rank.effective,
            log10_determinant: Some(rank.log_determinant).filter(|log| log.is_finite()),
            full: rank.full(),
        }
    }
}

pub(super) fn run(
    common: &Common,
    options: &Masks,
    session: &mut Session,
    given: &Given,
    source: &[u32],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    super::place(session, options)?;
    let tokens = &given.ids[..given.ids.len().min(MOST)];
    let engine = &session.model.engine;
    let workspace = &mut session.workspace;
    let before = match engine.blueprint.stacks {
        Stacks::EncoderDecoder => engine.encode(source, workspace, &|| true)?,
        _ => Vec::new(),
    };
    let mut pass = |mask: Mask| {
        let new = engine.extend(&before, tokens, &mask, workspace, &|| true)?;
        Ok::<_, ForwardError>([before.clone(), new].concat())
    };
    let (causal, both_ways) = (pass(Mask::Causal)?, pass(Mask::Bidirectional)?);
    let passes = Passes { causal: &causal, both_ways: &both_ways, before: before.len() };
    let mut measured = Vec::new();
    heads(engine, passes, &mut |head| {
        measured.push(head);
        true
    })?;
    let width = engine.config.head_width;
    if common.json {
        let one = |head: &'_ HeadRank| -> (usize, usize) { (head.layer, head.head) };
        let heads = measured.iter().map(|each| {
            let (layer, head) = one(each);
            let products = each.products;
            Ranked { layer, head, causal: (&each.causal).into(), both_ways: (&each.both_ways).into(), products }
        });
        let (model, tokens) = (session.model.name.as_str(), tokens.len());
        return output.json(&Answer { model, tokens, width, heads: heads.collect() });
    }
    print(&measured, tokens.len(), given.ids.len(), width, output)
}

fn print(
    measured: &[HeadRank],
    tokens: usize,
    given: usize,
    width: usize,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    output.say(Message::RankColumns, &[&tokens, &tokens, &width])?;
    if tokens < given {
        output.say(Message::RankFirst, &[&tokens])?;
    }
    let log = |rank: &Rank| format!("{:.1}", rank.log_determinant);
    let row = |each: &HeadRank| {
        vec![
            format!("{}.{}", each.layer, each.head),
            each.products.to_string(),
            each.causal.numerical.to_string(),
            format!("{:.1}", each.causal.effective),
            log(&each.causal),
            each.both_ways.numerical.to_string(),
            format!("{:.1}", each.both_ways.effective),
            log(&each.both_ways),
        ]
    };
    let columns = [
        Column::Left(Message::RankHead),
        Column::Right(Message::RankProducts),
        Column::Right(Message::RankCausal),
        Column::Right(Message::RankEffective),
        Column::Right(Message::RankDeterminant),
        Column::Right(Message::RankBothWays),
        Column::Right(Message::RankEffective),
        Column::Right(Message::RankDeterminant),
    ];
    output.table(&columns, &measured.iter().map(row).collect::<Vec<_>>())?;
    let count = measured.len();
    let mean =
        |of: &dyn Fn(&HeadRank) -> f64| format!("{:.1}", measured.iter().map(of).sum::<f64>() / count.max(1) as f64);
    let full = measured.iter().filter(|head| head.causal.full()).count();
    let causal = mean(&|head| head.causal.numerical as f64);
    output.say(Message::RankFull, &[&full, &count, &causal, &tokens])?;
    let other = mean(&|head| head.both_ways.numerical as f64);
    let (theirs, ours) = (mean(&|head| head.both_ways.effective), mean(&|head| head.causal.effective));
    output.say(Message::RankOther, &[&other, &tokens, &theirs, &ours])
}
