//! Attention over several heads and layers at once: averages, and the flow from layer to layer.

use crate::lm::{AttentionKind, Conditions, Position, Transformer};

/// Which heads are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// All of a layer.
    Layer(usize),
    /// All of every layer.
    All,
}

/// What the query at `query` of `context` looked at on average over heads, `[context]`; empty where layer or query do not
/// exist.
pub fn average(
    engine: &Transformer,
    context: &[Position],
    under: Conditions<'_>,
    kind: AttentionKind,
    which: Which,
    query: usize,
) -> Vec<f32> {
    let (layers, heads) = sizes(engine, context, query);
    let layers = match which {
        Which::Layer(layer) if layer < layers => layer..layer + 1,
        Which::Layer(_) => return Vec::new(),
        Which::All => 0..layers,
    };
    let share = 1.0 / (layers.len() * heads).max(1) as f32;
    let mut mean = vec![0.0; context.len()];
    for layer in layers {
        for head in 0..heads {
            let row = engine.attention(context, under, kind, layer, head, query);
            mean.iter_mut().zip(row).for_each(|(mean, weight)| *mean += share * weight);
        }
    }
    mean
}

/// Attention rollout (Abnar and Zuidema 2020, equation 1): how much of each token flowed to each of `queries` by the end of
/// layer `last`, when every layer passes on half of the residual stream and half of what its heads looked at on average.
/// `(query, shares over the context)`, each adding up to 1; only of the queries' own stack, and zeros where that has no
/// attention to itself. `None` when `go_on` says stop.
///
/// The queries' rows alone are carried through the layers, so nothing of the context's square is held.
pub fn rollout(
    engine: &Transformer,
    context: &[Position],
    under: Conditions<'_>,
    last: usize,
    queries: &[usize],
    go_on: &dyn Fn() -> bool,
) -> Option<Vec<(usize, Vec<f32>)>> {
    let length = context.len();
    let mut flows: Vec<(usize, Vec<f32>)> = Vec::with_capacity(queries.len());
    for &query in queries.iter().filter(|query| **query < length) {
        let mut flow = vec![0.0; length];
        if engine.blueprint.attends_to_itself().is_ok() || context[query].is_source() {
            flow[query] = 1.0;
        }
        flows.push((query, flow));
    }
    let Some(&(query, _)) = flows.first() else { return Some(flows) };
    let (layers, _) = sizes(engine, context, query);
    for layer in (0..layers.min(last + 1)).rev() {
        let mut next: Vec<Vec<f32>> =
            flows.iter().map(|(_, flow)| flow.iter().map(|share| share / 2.0).collect()).collect();
        for from in 0..length {
            if flows.iter().all(|(_, flow)| flow[from] == 0.0) {
                continue;
            }
            if !go_on() {
                return None;
            }
            let row = average(engine, context, under, AttentionKind::Own, Which::Layer(layer), from);
            for ((_, flow), next) in flows.iter().zip(&mut next) {
                let share = flow[from] / 2.0;
                if share > 0.0 {
                    next.iter_mut().zip(&row).for_each(|(next, weight)| *next += share * weight);
                }
            }
        }
        for ((_, flow), next) in flows.iter_mut().zip(next) {
            *flow = next;
        }
    }
    Some(flows)
}

/// The layers and heads of the stack that a query stands in.
fn sizes(engine: &Transformer, context: &[Position], query: usize) -> (usize, usize) {
    let main = engine.config.main();
    let shape = match (context.get(query).is_some_and(Position::is_source), engine.config.encoder) {
        (true, Some(encoder)) => encoder,
        _ => main,
    };
    (shape.layers, shape.heads)
}
