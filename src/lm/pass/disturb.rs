//! What interventions do to a pass. Nothing here runs where there are none.

use super::{
    super::{
        attention::Sight,
        intervention::{HeadPlace, LayerPlace, PatchPlace, RowEdit, Side},
        kernel::{Activations, Isa},
        workspace::Workspace,
    },
    Pass, Seen, Sublayer, Watch,
};

impl Pass<'_> {
    /// Whose layers these are.
    pub(super) fn side(&self) -> Side {
        if self.seen_by.is_some() { Side::Encoder } else { Side::Main }
    }

    /// Puts other values into the residual stream that enters a layer.
    pub(super) fn patch(&self, layer: usize, workspace: &mut Workspace) {
        let rows = workspace.stream.len() / self.width;
        for (position, values) in self.changes.patches(PatchPlace::Stream(LayerPlace { side: self.side(), layer })) {
            if let Some(row) = position.checked_sub(self.past.len()).filter(|row| *row < rows) {
                workspace.stream[row * self.width..][..self.width].copy_from_slice(values);
            }
        }
    }

    /// Shows what a sublayer gave, or takes it away.
    pub(super) fn tell(&self, layer: usize, sublayer: Sublayer, workspace: &mut Workspace, watch: Watch<'_>) {
        let silent = match sublayer {
            Sublayer::Attention(kind) => {
                let side = if kind == super::AttentionKind::Cross { Side::Cross } else { self.side() };
                self.changes.silence(side, layer)
            }
            Sublayer::Cell => false,
            Sublayer::FeedForward => self.changes.starve(self.side(), layer),
        };
        if silent {
            workspace.output.fill(0.0);
        }
        watch(Seen::Given(layer, sublayer, &workspace.output));
    }

    /// Computes again what the changed heads of a layer mix at the new positions.
    pub(super) fn disturb(&self, sight: Sight<'_>, isa: Isa, mixed: &mut Activations) {
        let (layout, side, layer) = (self.layout(isa), sight.side(), sight.layer);
        for (row, mixed) in mixed.rows_mut().enumerate() {
            let place = self.past.len() + row;
            for (head, mixed) in mixed.chunks_exact_mut(layout.width).enumerate() {
                let at = HeadPlace { side, layer, head };
                if self.changes.row(at, place).is_some() {
                    let weights = layout.weights(sight, sight.queries(sight.context.new[row].view()), head, place);
                    mixed.copy_from_slice(&layout.mixture(sight, head, &weights));
                }
                for (_, values) in self.changes.patches(PatchPlace::Head(at)).filter(|(at, _)| *at == place) {
                    mixed.copy_from_slice(values);
                }
                if self.changes.ablate(at) {
                    mixed.fill(0.0);
                }
            }
        }
    }
}

impl RowEdit {
    /// Hides keys that are forbidden, and those whose weight is set apart from the others'.
    pub(crate) fn hide(&self, seen: &mut [bool]) {
        for key in self.forbidden.iter().chain(self.forced.iter().map(|(key, _)| key)) {
            if let Some(seen) = seen.get_mut(*key) {
                *seen = false;
            }
        }
    }

    /// Changes what goes into the softmax: a weight times c is a score plus ln c.
    pub(crate) fn scale(&self, scores: &mut [f32]) {
        if self.even {
            scores.fill(0.0);
        }
        for (key, factor) in &self.scaled {
            if let Some(score) = scores.get_mut(*key) {
                *score += factor.ln();
            }
        }
    }

    /// Gives forced keys their weights; the others share what is left.
    pub(crate) fn force(&self, weights: &mut [f32]) {
        let forced: f32 = self.forced.iter().map(|(_, weight)| weight).sum();
        if !self.forced.is_empty() {
            for weight in weights.iter_mut() {
                *weight *= 1.0 - forced;
            }
        }
        for (key, weight) in &self.forced {
            if let Some(cell) = weights.get_mut(*key) {
                *cell = *weight;
            }
        }
    }
}
