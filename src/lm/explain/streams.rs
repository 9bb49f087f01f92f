//! The residual streams of a pass, kept so that interventions compute only the layers they affect.

use std::ops::Range;

use super::super::{
    error::ForwardError,
    intervention::Conditions,
    pass::{Resumed, Seen},
    position::Position,
    transformer::{Input, Transformer, sourced},
    workspace::Workspace,
};

/// The residual stream as it enters each layer, at the last positions of a context.
#[derive(Clone, Debug, PartialEq)]
pub struct Streams {
    /// The positions' indices in the context.
    range: Range<usize>,
    /// `[layers][positions × width]`
    layers: Vec<Vec<f32>>,
}

impl Streams {
    /// The bytes they take.
    pub fn bytes(&self) -> usize {
        4 * self.layers.iter().map(Vec::len).sum::<usize>()
    }
}

impl Transformer {
    /// The residual streams of the main stack's positions of `context`, which were computed under the same mask without
    /// interventions.
    ///
    /// # Errors
    /// Stopped, or a context without positions of the main stack.
    pub fn streams<'a>(
        &self,
        context: &[Position],
        under: impl Into<Conditions<'a>>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Streams, ForwardError> {
        let range = sourced(context).0.len()..context.len();
        let mut layers = vec![Vec::new(); self.config.layers];
        self.replay(context, under.into(), range.clone(), workspace, go_on, &mut |_, seen| {
            if let Seen::Stream(layer, rows) = seen
                && let Some(kept) = layers.get_mut(layer)
            {
                kept.extend_from_slice(rows);
            }
        })?;
        Ok(Streams { range, layers })
    }

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

    /// The context as it is with interventions: what they do not reach is shared with `context`, and with `streams` (its
    /// own) only the layers from the first that they change are computed. Under a mask that only looks back, positions
    /// before the first that they change are kept too.
    ///
    /// # Errors
    /// Stopped, or as [`extend`](Self::extend).
    pub fn disturbed(
        &self,
        context: &[Position],
        under: Conditions<'_>,
        streams: Option<&Streams>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Position>, ForwardError> {
        let Some((layer, _)) = under.interventions.begin() else { return Ok(context.to_vec()) };
        let (source, target) = sourced(context);
        let mut path: Vec<Position> = source.to_vec();
        if under.interventions.change_source() {
            let tokens: Vec<u32> = source.iter().map(Position::token).collect();
            path = self.encode_changed(&tokens, under.interventions, workspace, go_on)?;
        }
        let kept = self.untouched(context, under).saturating_sub(source.len());
        path.extend_from_slice(&target[..kept]);
        let rest = &target[kept..];
        let tokens: Vec<u32> = rest.iter().map(Position::token).collect();
        let streams = streams.filter(|streams| {
            layer > 0
                && layer < streams.layers.len()
                && streams.range == (source.len()..context.len())
                && !self.has_query_stream()
        });
        let Some(streams) = streams else {
            self.append(&mut path, &tokens, under, workspace, go_on)?;
            return Ok(path);
        };
        let width = self.config.width;
        // Divided as `extend` divides it.
        let joint = under.mask.joint().unwrap_or(target.len()).saturating_sub(kept);
        let mut done = 0;
        while done < rest.len() {
            let count = super::super::transformer::CHUNK.max(joint.saturating_sub(done)).min(rest.len() - done);
            let (source, past) = sourced(&path);
            let mut pass = self.pass(false, under, source, past, target.len());
            pass.resumed = Some(Resumed {
                layer,
                stream: &streams.layers[layer][(kept + done) * width..][..count * width],
                positions: &rest[done..done + count],
            });
            let new = pass.run(Input::from(&tokens[done..done + count]), workspace, go_on, &mut |_| ())?;
            workspace.keep(new, &mut path);
            done += count;
        }
        Ok(path)
    }
}
