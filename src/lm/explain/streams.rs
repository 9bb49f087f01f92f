//! The residual streams of a pass, kept so that interventions compute only the layers they affect.

use std::{ops::Range, sync::Arc};

use super::super::{
    error::ForwardError,
    intervention::{Conditions, LayerPlace, PatchPlace, Side},
    pass::{Resumed, Seen},
    position::Position,
    transformer::{CHUNK, Input, Transformer, sourced},
    workspace::Workspace,
};

/// The residual stream without interventions as it enters the first layers, at the main stack's positions of a context. What
/// interventions leave alone is kept whenever a context is computed with them, so that the next ones begin later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streams {
    /// The positions' indices in the context.
    range: Range<usize>,
    /// `[layers][positions × width]`
    layers: Vec<Arc<Vec<f32>>>,
}

impl Streams {
    /// How many layers' streams are known, from the first.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The streams of other positions are of no use.
    fn keep_of(&mut self, range: Range<usize>) {
        if self.range != range {
            *self = Self { range, layers: Vec::new() };
        }
    }
}

impl Transformer {
    /// How many positions of `context`, from its front, are the same with interventions as without.
    pub fn untouched(&self, context: &[Position], under: Conditions<'_>) -> usize {
        let Some((_, position)) = under.interventions.begin() else { return context.len() };
        let (source, target) = sourced(context);
        match under.mask.joint() {
            _ if under.interventions.change_source() => 0,
            Some(joint) if position >= joint => source.len() + position.min(target.len()),
            _ => source.len(),
        }
    }

    /// The context as it is with interventions: what they do not reach is shared with `context`. Of the rest only the layers
    /// are computed from the first that they change on, as far as the `streams` of the same context are known; those that
    /// they leave alone are added to them. Under a mask that only looks back, positions before the first that they change
    /// are kept too. `each` is given the positions in their order, some at a time.
    ///
    /// # Errors
    /// Stopped, or as [`extend`](Self::extend).
    pub fn disturbed(
        &self,
        context: &[Position],
        under: Conditions<'_>,
        mut streams: Option<&mut Streams>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
        each: &mut dyn FnMut(&[Position]),
    ) -> Result<Vec<Position>, ForwardError> {
        let changes = under.interventions;
        let Some((layer, _)) = changes.begin() else {
            each(context);
            return Ok(context.to_vec());
        };
        let (source, target) = sourced(context);
        let mut path: Vec<Position> = source.to_vec();
        if changes.change_source() || self.has_query_stream() {
            streams = None;
        }
        if changes.change_source() {
            let tokens: Vec<u32> = source.iter().map(Position::token).collect();
            path = self.encode_changed(&tokens, changes, workspace, go_on)?;
        }
        let kept = self.untouched(context, under).saturating_sub(source.len());
        path.extend_from_slice(&target[..kept]);
        each(&path);
        let rest = &target[kept..];
        let tokens: Vec<u32> = rest.iter().map(Position::token).collect();
        if let Some(streams) = &mut streams {
            streams.keep_of(source.len()..context.len());
        }
        let known = streams.as_deref().cloned().unwrap_or_default();
        // Where all positions are computed, what enters the layers up to the first changed one is what enters them without
        // interventions, but where it is patched there.
        let entering = PatchPlace::Stream(LayerPlace { side: Side::Main, layer });
        let alike = if changes.patches(entering).next().is_some() { layer } else { layer + 1 };
        let fresh = if streams.is_some() && kept == 0 && layer > 0 { known.layers()..alike } else { 0..0 };
        let mut found = vec![Vec::new(); fresh.len()];
        let start = layer.min(known.layers().saturating_sub(1));
        let width = self.config.width;
        // Divided as `extend` divides it.
        let joint = under.mask.joint().unwrap_or(target.len()).saturating_sub(kept);
        let mut done = 0;
        while done < rest.len() {
            let count = CHUNK.max(joint.saturating_sub(done)).min(rest.len() - done);
            let (source, past) = sourced(&path);
            let mut pass = self.pass(false, under, source, past, target.len());
            pass.resumed = (start > 0).then(|| Resumed {
                layer: start,
                stream: &known.layers[start][(kept + done) * width..][..count * width],
                positions: &rest[done..done + count],
            });
            let new = pass.run(Input::from(&tokens[done..done + count]), workspace, go_on, &mut |seen| {
                if let Seen::Stream(layer, rows) = seen
                    && fresh.contains(&layer)
                {
                    found[layer - fresh.start].extend_from_slice(rows);
                }
            })?;
            workspace.keep(new, &mut path);
            each(&path[path.len() - count..]);
            done += count;
        }
        if let Some(streams) = streams {
            streams.layers.extend(found.into_iter().map(Arc::new));
        }
        Ok(path)
    }
}
