//! Rows of attention, computed again from what the pass stored.

use super::{
    super::{
        attention::{AttentionKind, Sight},
        distance::{DistanceKeys, Distances},
        kernel::{self, Activations, Isa},
    },
    Pass,
};

impl Pass<'_> {
    /// One row of attention, computed again from the stored queries and keys as the pass did: what the query at `place`
    /// of `past` drew from each position, in one head of one layer.
    pub(crate) fn row(&self, kind: AttentionKind, layer: usize, head: usize, place: usize) -> Vec<f32> {
        let isa = Isa::detect();
        self.see(kind, layer, place, |sight| match sight.queries(self.past[place].view()) {
            [] => vec![0.0; sight.len()],
            queries => self.layout(isa).weights(sight, queries, head, place),
        })
    }

    /// The same of several queries.
    pub(crate) fn rows(&self, kind: AttentionKind, layer: usize, head: usize, places: &[usize]) -> Vec<Vec<f32>> {
        let layout = self.layout(Isa::detect());
        let products = match places.first() {
            // Distances that are products themselves are made for each place.
            Some(&place) if self.stack.layers[layer].relative().is_none() => self.see(kind, layer, place, |sight| {
                let queries: Vec<_> =
                    places.iter().map(|&place| (place, sight.queries(self.past[place].view()))).collect();
                let all = queries.iter().all(|(_, queries)| !queries.is_empty());
                all.then(|| layout.products(sight, head, &queries))
            }),
            _ => None,
        };
        let Some(products) = products else {
            return places.iter().map(|&place| self.row(kind, layer, head, place)).collect();
        };
        let softmax = |(&place, row): (&usize, Vec<f32>)| {
            self.see(kind, layer, place, |sight| {
                layout.softmax(sight, sight.queries(self.past[place].view()), head, place, row)
            })
        };
        places.iter().zip(products).map(softmax).collect()
    }

    /// What the query at `place` of `past` looks at, for `look`.
    pub(crate) fn see<T>(
        &self,
        kind: AttentionKind,
        layer: usize,
        place: usize,
        look: impl FnOnce(Sight<'_>) -> T,
    ) -> T {
        let farthest = self.blueprint.positions.farthest_sinusoid();
        let distances = match (self.stack.layers[layer].relative(), kind) {
            (_, AttentionKind::Cross) => Distances::None,
            (Some(relative), _) => {
                let (mut keys, mut team) = (DistanceKeys::default(), kernel::Team::new(1));
                let workspace = (&mut team, Isa::detect(), &mut Activations::default());
                keys.reach(relative, place..place + 1, self.past.len(), farthest, workspace);
                Distances::Sinusoids { relative, keys }
            }
            (None, _) => self.buckets(),
        };
        look(self.sight(kind, layer, &[], &distances))
    }
}
