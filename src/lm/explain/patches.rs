//! Interventions made ready for a model: checked against its sizes, with what their patches put in.

use super::{
    super::{
        attention::AttentionKind,
        blueprint::Stacks,
        config::Shape,
        error::ForwardError,
        intervention::{
            Change, Conditions, HeadPlace, Intervention, InterventionError, Interventions, LayerPlace, NONE,
            PatchPlace, Side,
        },
        pass::Seen,
        transformer::{Input, Transformer},
        workspace::Workspace,
    },
    row_of,
};

/// Why interventions cannot be made ready.
#[derive(Clone, Debug, PartialEq)]
pub enum PrepareError {
    /// One does not fit the model.
    Intervention(InterventionError),
    /// The text that something is taken from could not be computed.
    Forward(ForwardError),
}

impl std::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Intervention(error) => error.fmt(f),
            Self::Forward(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PrepareError {}

impl From<InterventionError> for PrepareError {
    fn from(error: InterventionError) -> Self {
        Self::Intervention(error)
    }
}

impl From<ForwardError> for PrepareError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

impl Transformer {
    /// Checks interventions against the model's sizes and computes what patches put in, under the family's own mask.
    ///
    /// # Errors
    /// A layer, head or stack that the model does not have; weights forced on one row that add up to more than 1; a text
    /// to be patched from that cannot be computed.
    pub fn interventions(
        &self,
        list: Vec<Intervention>,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Interventions, PrepareError> {
        self.check_interventions(&list)?;
        let mut values = Vec::with_capacity(list.len());
        for intervention in &list {
            values.push(match intervention {
                Intervention::Patch { place, tokens, from, .. } => {
                    self.taken(*place, tokens, *from, workspace, go_on)?
                }
                _ => Vec::new(),
            });
        }
        Ok(Interventions::new(list, values))
    }

    /// Whether interventions fit the model's sizes.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check_interventions(&self, list: &[Intervention]) -> Result<(), InterventionError> {
        list.iter().try_for_each(|intervention| self.fits(intervention))?;
        over(list)
    }

    /// The sizes of the stack that is meant.
    fn shape_of(&self, side: Side) -> Result<Shape, InterventionError> {
        match (side, self.config.encoder) {
            (Side::Encoder, Some(shape)) => Ok(shape),
            (Side::Main, _) | (Side::Cross, Some(_)) => Ok(self.config.main()),
            (side, None) => Err(InterventionError::Side(side)),
        }
    }

    fn fits(&self, intervention: &Intervention) -> Result<(), InterventionError> {
        let (side, layer, head) = match intervention {
            Intervention::Head(HeadPlace { side, layer, head })
            | Intervention::Even(HeadPlace { side, layer, head })
            | Intervention::Patch { place: PatchPlace::Head(HeadPlace { side, layer, head }), .. } => {
                (*side, Some(*layer), Some(*head))
            }
            Intervention::Attention(LayerPlace { side, layer })
            | Intervention::FeedForward(LayerPlace { side, layer })
            | Intervention::Layer(LayerPlace { side, layer })
            | Intervention::Patch { place: PatchPlace::Stream(LayerPlace { side, layer }), .. } => {
                (*side, Some(*layer), None)
            }
            Intervention::Cell { heads, .. } => (heads.side, heads.layer, heads.head),
            Intervention::Block { side, .. } => (*side, None, None),
        };
        let of_stream = matches!(
            intervention,
            Intervention::FeedForward(_)
                | Intervention::Layer(_)
                | Intervention::Patch { place: PatchPlace::Stream(_), .. }
        );
        if self.blueprint.cell.is_some() && side == Side::Main && !of_stream {
            return Err(InterventionError::NoOwnAttention { what: intervention.to_string() });
        }
        let Shape { layers, heads, .. } = self.shape_of(side)?;
        if let Some(layer) = layer.filter(|layer| *layer >= layers) {
            return Err(InterventionError::Layer { layer, layers });
        }
        if let Some(head) = head.filter(|head| *head >= heads) {
            return Err(InterventionError::Head { layer: layer.unwrap_or(0), head, heads });
        }
        Ok(())
    }

    /// What the model computes at a place, for position `from` of these tokens.
    fn taken(
        &self,
        place: PatchPlace,
        tokens: &[u32],
        from: usize,
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, ForwardError> {
        let side = match place {
            PatchPlace::Stream(place) => place.side,
            PatchPlace::Head(place) => place.side,
        };
        let (width, mut found) = (self.config.width, None);
        let shape = self.shape_of(side).unwrap_or(self.config.main());
        let mut first = 0;
        let mut watch = |seen: Seen<'_>| match (seen, place) {
            (Seen::Stream(layer, rows), PatchPlace::Stream(place)) if layer == place.layer => {
                found = found.take().or_else(|| row_of(rows, width, first, from).map(<[f32]>::to_vec));
            }
            (Seen::Mixed(layer, kind, rows), PatchPlace::Head(place))
                if layer == place.layer && (kind == AttentionKind::Cross) == (side == Side::Cross) =>
            {
                if let Some(row) = from.checked_sub(first).filter(|row| *row < rows.rows()) {
                    found = Some(rows.row(row)[place.head * shape.head_width..][..shape.head_width].to_vec());
                }
            }
            (Seen::Hidden(rows), _) => first += rows.len() / width.max(1),
            _ => {}
        };
        let two = self.blueprint.stacks == Stacks::EncoderDecoder;
        let mut length = tokens.len();
        if side == Side::Encoder {
            self.encode_watched(Input::from(tokens), &NONE, workspace, go_on, &mut watch)?;
        } else {
            let under = Conditions::from(&self.blueprint.mask);
            let start: Vec<u32> = self.config.decoder_start.into_iter().collect();
            let source = if two { self.encode(tokens, workspace, go_on)? } else { Vec::new() };
            let read = if two { start.as_slice() } else { tokens };
            length = read.len();
            self.extend_watched(&source, Input::from(read), under, workspace, go_on, &mut watch)?;
        }
        found.ok_or(ForwardError::NoSuchPosition { index: from, length })
    }
}

/// Whether the weights forced on a row add up to more than 1.
fn over(list: &[Intervention]) -> Result<(), InterventionError> {
    let forced = |intervention: &Intervention| match *intervention {
        Intervention::Cell { heads, query, change: Change::Force(weight), .. } => Some((heads, query, weight)),
        _ => None,
    };
    for (index, intervention) in list.iter().enumerate() {
        let Some((heads, query, _)) = forced(intervention) else { continue };
        let same = list[..=index].iter().filter_map(forced).filter(|(of, at, _)| of.meet(&heads) && *at == query);
        if same.map(|(_, _, weight)| weight).sum::<f32>() > 1.0 + 1e-6 {
            return Err(InterventionError::TooMuch { what: intervention.to_string() });
        }
    }
    Ok(())
}
