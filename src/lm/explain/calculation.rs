//! One row of attention, computed step by step from the stored queries, keys and values (Vaswani et al. 2017, equation 1).

mod given;

use super::super::{
    attention::{AttentionKind, Sight, bent},
    elementary::exp32,
    intervention::{Conditions, HeadPlace, Intervention, Interventions, LayerPlace, PatchPlace, RowEdit, Side},
    kernel::{self, Activations, Isa},
    matrix::Linear,
    pass::Pass,
    position::Position,
    rope::Rotary,
    transformer::Transformer,
    weights::Own,
    workspace::Workspace,
};
use super::ExplainError;

pub use given::{Given, GivenError, Row};

/// A vector before and after rotary positions turned it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned {
    /// Before: the stored one, turned back. `None` where nothing turns it.
    pub before: Option<Vec<f32>>,
    /// As it meets the other one.
    pub after: Vec<f32>,
}

/// A key in a query's row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// q·k.
    pub product: f32,
    /// The product times the scale.
    pub scaled: f32,
    /// That, bent to stay within the cap where there is one.
    pub bent: f32,
    /// What the distance between the two adds.
    pub distance: f32,
    /// What goes into the softmax.
    pub score: f32,
    /// Whether the mask lets the query see the key.
    pub visible: bool,
    /// The score less the greatest visible one.
    pub shifted: f32,
    /// e to the power of that; 0 where it is not seen.
    pub exponential: f32,
    /// The exponential over their sum: the attention weight.
    pub weight: f32,
}

/// One row of attention, step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Calculation {
    /// Which attention.
    pub kind: AttentionKind,
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// The key and value head that serves it.
    pub key_head: usize,
    /// The query's index in the context.
    pub query: usize,
    /// The index in the context of the first key.
    pub first: usize,
    /// The query's vector, `[head_width]`.
    pub vector: Turned,
    /// What of the query meets the keys' content, where it is another (Dai et al. 2019, section 3.3: with the bias u).
    pub content: Option<Vec<f32>>,
    /// What a product is multiplied by.
    pub scale: f32,
    /// What it is then bent to stay within.
    pub cap: Option<f32>,
    /// Every key of the row.
    pub cells: Vec<Cell>,
    /// The greatest visible score; −∞ where nothing is seen.
    pub greatest: f32,
    /// The sum of the exponentials.
    pub sum: f32,
    /// Whether an intervention changes the row: then the weights are after it, and `1/sum` is not all that was done.
    pub changed: bool,
    /// Σ weight·v, `[head_width]`.
    pub mixture: Vec<f32>,
    /// What an intervention puts in its place, `[head_width]`: zeros where the head, its attention or its layer is out.
    pub replaced: Option<Vec<f32>>,
    /// What the output projection makes of the mixture and the head adds to the residual stream, `[width]`; without the
    /// projection's bias, which no head owns.
    pub written: Vec<f32>,
}

/// The key and the value at one position, for one head.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyVectors {
    /// `[head_width]`
    pub key: Turned,
    /// `[head_width]`
    pub value: Vec<f32>,
}

impl Transformer {
    /// One row of attention step by step. `None` where the query has no attention of this kind.
    ///
    /// # Errors
    /// A layer or head that the model does not have.
    pub fn calculation<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        kind: AttentionKind,
        place: (usize, usize),
        query: usize,
        workspace: &mut Workspace,
    ) -> Result<Option<Calculation>, ExplainError> {
        let (under, (layer, head)) = (under.into(), place);
        let Some(position) = context.get(query) else { return Ok(None) };
        let (pass, place, before) = self.around(context, under, query);
        let shape = pass.shape;
        if layer >= shape.layers {
            return Err(ExplainError::Layer { layer, layers: shape.layers });
        }
        if head >= shape.heads {
            return Err(ExplainError::Head { layer, head, heads: shape.heads });
        }
        let isa = Isa::detect();
        let layout = pass.layout(isa);
        let calculation = pass.see(kind, layer, place, |sight| {
            let queries = sight.queries(position.view());
            if queries.is_empty() {
                return None;
            }
            let at = HeadPlace { side: sight.side(), layer, head };
            let edit = under.interventions.row(at, place);
            let width = layout.width;
            let q = &queries[head * width..][..width];
            let mut content = vec![0.0; width];
            sight.distances.content(q, head, &mut content);
            let key_head = head / (layout.heads / layout.kv_heads);
            let mut distances = vec![0.0; sight.len()];
            let mut asking = vec![0.0; width];
            sight.distances.asking(q, head, &mut asking);
            sight.distances.add(isa, &asking, head, place, 0, layout.scale, &mut distances);
            let products = (0..sight.len()).map(|index| isa.dot(&content, head_part(sight, index, key_head, width).0));
            let mut seen = vec![false; sight.len()];
            sight.seen(place, 0, &mut seen);
            let (mut cells, greatest, sum) =
                steps(products, &distances, &seen, layout.scale, layout.cap, edit.as_ref());
            let mut weights: Vec<f32> = cells.iter().map(|cell| cell.weight).collect();
            if let Some(edit) = &edit {
                edit.force(&mut weights);
            }
            cells.iter_mut().zip(&weights).for_each(|(cell, weight)| cell.weight = *weight);
            let mixture = layout.mixture(sight, head, &weights);
            let replaced = replaced(under.interventions, at, place, mixture.len());
            Some(Calculation {
                kind,
                layer,
                head,
                key_head,
                query,
                first: if kind == AttentionKind::Cross { 0 } else { before },
                vector: Turned {
                    before: turned_back(pass.turning(kind, layer), place, context.len() - before, q),
                    after: q.to_vec(),
                },
                content: (*content != *q).then_some(content),
                scale: layout.scale,
                cap: layout.cap,
                cells,
                greatest,
                sum,
                changed: edit.is_some(),
                mixture,
                replaced,
                written: Vec::new(),
            })
        });
        Ok(calculation.map(|mut calculation| {
            let mixed = calculation.replaced.as_ref().unwrap_or(&calculation.mixture);
            calculation.written = self.written(&pass, kind, layer, head, mixed, workspace);
            calculation
        }))
    }

    /// The key and the value that a head's query meets at the position `key` of `context`. `None` where there are none of
    /// this kind, or layer or head do not exist.
    pub fn key_vectors<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        kind: AttentionKind,
        place: (usize, usize),
        query: usize,
        key: usize,
    ) -> Option<KeyVectors> {
        let (layer, head) = place;
        context.get(query)?;
        let (pass, place, before) = self.around(context, under.into(), query);
        let shape = pass.shape;
        if layer >= shape.layers || head >= shape.heads {
            return None;
        }
        let index = if kind == AttentionKind::Cross { key } else { key.checked_sub(before)? };
        pass.see(kind, layer, place, |sight| {
            if index >= sight.len() || sight.queries(context.get(query)?.view()).is_empty() {
                return None;
            }
            let (k, v) = head_part(sight, index, head / (shape.heads / shape.kv_heads), shape.head_width);
            let before = turned_back(pass.turning(kind, layer), index, context.len() - before, k);
            Some(KeyVectors { key: Turned { before, after: k.to_vec() }, value: v.to_vec() })
        })
    }

    /// What the output projection makes of one head's mixture.
    fn written(
        &self,
        pass: &Pass<'_>,
        kind: AttentionKind,
        layer: usize,
        head: usize,
        mixture: &[f32],
        workspace: &mut Workspace,
    ) -> Vec<f32> {
        let weights = &pass.stack.layers[layer];
        let output = match (kind, &weights.cross, &weights.own) {
            (AttentionKind::Cross, Some(cross), _) => &cross.output,
            (_, _, Own::Attention(attention)) => &attention.output,
            (_, _, Own::Cell(_)) => return Vec::new(),
        };
        let unbiased = Linear { matrix: output.matrix.clone(), bias: None };
        let Workspace { team, isa, .. } = workspace;
        let mut input = Activations::default();
        input.reset(1, pass.shape.query_width());
        input.row_mut(0)[head * mixture.len()..][..mixture.len()].copy_from_slice(mixture);
        let mut out = vec![0.0; self.config.width];
        kernel::multiply(team, *isa, &input, std::slice::from_ref(&unbiased), &mut out, self.config.width);
        out
    }
}

/// What interventions put in the place of what a head mixes at a position.
fn replaced(changes: &Interventions, at: HeadPlace, position: usize, width: usize) -> Option<Vec<f32>> {
    let HeadPlace { side, layer, .. } = at;
    let stack = if side == Side::Cross { Side::Main } else { side };
    let skipped = Intervention::Layer(LayerPlace { side: stack, layer });
    if changes.ablate(at) || changes.silence(side, layer) || changes.list().contains(&skipped) {
        return Some(vec![0.0; width]);
    }
    let put = changes.patches(PatchPlace::Head(at)).filter(|(of, _)| *of == position);
    put.last().map(|(_, values)| values.to_vec())
}

/// A stored query or key of a position turned back by its angles.
fn turned_back(turning: Option<&Rotary>, place: usize, length: usize, vector: &[f32]) -> Option<Vec<f32>> {
    let rotary = turning?;
    let mut angles = Vec::new();
    rotary.angles(&rotary.frequencies(length), place, &mut angles);
    let mut before = vector.to_vec();
    rotary.turn_back(&mut before, &angles);
    Some(before)
}

/// One head's key and value at an index.
fn head_part(sight: Sight<'_>, index: usize, key_head: usize, width: usize) -> (&[f32], &[f32]) {
    let (keys, values) = sight.key(index);
    let part = key_head * width..(key_head + 1) * width;
    (keys.get(part.clone()).unwrap_or_default(), values.get(part).unwrap_or_default())
}

/// From products to weights: scale, cap, distance, mask, softmax with the greatest taken away. Forced weights are not in it
/// yet. Returns the cells, the greatest score and the sum of the exponentials.
fn steps(
    products: impl Iterator<Item = f32>,
    distances: &[f32],
    seen: &[bool],
    scale: f32,
    cap: Option<f32>,
    edit: Option<&RowEdit>,
) -> (Vec<Cell>, f32, f32) {
    let mut visible = seen.to_vec();
    let mut cells: Vec<Cell> = Vec::with_capacity(seen.len());
    for (product, distance) in products.zip(distances) {
        let scaled = product * scale;
        let bent = cap.map_or(scaled, |cap| bent(scaled, cap));
        let score = bent + distance;
        let (visible, shifted, exponential, weight) = (false, 0.0, 0.0, 0.0);
        cells.push(Cell { product, scaled, bent, distance: *distance, score, visible, shifted, exponential, weight });
    }
    if let Some(edit) = edit {
        edit.hide(&mut visible);
        let mut scores: Vec<f32> = cells.iter().map(|cell| cell.score).collect();
        edit.scale(&mut scores);
        cells.iter_mut().zip(scores).for_each(|(cell, score)| cell.score = score);
    }
    let shown = cells.iter().zip(&visible).filter(|(_, visible)| **visible);
    let greatest = shown.map(|(cell, _)| cell.score).fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (cell, visible) in cells.iter_mut().zip(visible) {
        cell.visible = visible;
        cell.shifted = cell.score - greatest;
        cell.exponential = if visible { exp32(cell.shifted) } else { 0.0 };
        sum += cell.exponential;
    }
    for cell in &mut cells {
        cell.weight = if sum > 0.0 { cell.exponential / sum } else { 0.0 };
    }
    (cells, greatest, sum)
}
