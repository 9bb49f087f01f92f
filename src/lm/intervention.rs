//! What is changed in a forward pass to see what comes of it: heads and blocks taken out, cells of attention set by hand,
//! tokens hidden, activations put in from another text.

mod error;
mod text;

pub use error::InterventionError;

use super::mask::Mask;

/// Which stack's layers are meant, and which of their attentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// The decoder, or the only stack, and its attention to itself.
    #[default]
    Main,
    /// The encoder before a decoder.
    Encoder,
    /// The decoder's attention to its source.
    Cross,
}

/// One head of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeadPlace {
    /// Whose layer.
    pub side: Side,
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
}

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerPlace {
    /// Whose layer.
    pub side: Side,
    /// The layer, from 0.
    pub layer: usize,
}

/// Heads whose cell is meant: one, all of a layer, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heads {
    /// Whose layers.
    pub side: Side,
    /// The layer, or every layer.
    pub layer: Option<usize>,
    /// The head, or every head.
    pub head: Option<usize>,
}

/// What becomes of a cell of attention. The row adds up to 1 afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It has this weight, 0 to 1; the others of the row share the rest as they shared theirs. A key that is alone in its
    /// row has this weight and nothing has the rest.
    Force(f32),
    /// Its weight is multiplied by this, above 0, and then the row divided by its sum.
    Scale(f32),
    /// It is not seen; the others share its weight as they shared theirs.
    Forbid,
}

/// Where an activation is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchPlace {
    /// The residual stream as it enters a layer.
    Stream(LayerPlace),
    /// What a head mixed, before the output projection.
    Head(HeadPlace),
}

/// One change of a forward pass. It is written as [`Display`](std::fmt::Display) writes it, and read back from there.
#[derive(Clone, Debug, PartialEq)]
pub enum Intervention {
    /// `head:3.2`: what the head mixed is replaced by zeros, at every position.
    Head(HeadPlace),
    /// `even:3.2`: the head looks at everything it sees alike.
    Even(HeadPlace),
    /// `attention:4`: the layer's attention adds nothing to the residual stream.
    Attention(LayerPlace),
    /// `ff:4`: the layer's feed-forward block adds nothing.
    FeedForward(LayerPlace),
    /// `layer:4`: the residual stream leaves the layer as it entered it.
    Layer(LayerPlace),
    /// `cell:3.2:14>12=0.9`, `cell:3.2:14>12*0.5`, `forbid:3.2:14>12`: query 14's weight on key 12.
    Cell {
        /// In which heads; `*` stands for all: `3.*`, `*`.
        heads: Heads,
        /// The position that looks.
        query: usize,
        /// The position that is looked at.
        key: usize,
        /// What becomes of it.
        change: Change,
    },
    /// `block:7`: no other position sees this one, in any layer.
    Block {
        /// Whose position: the source's, or the main stack's.
        side: Side,
        /// The position.
        position: usize,
    },
    /// `patch:4@7=12,55,901@2`: at position 7, what the model computes there for position 2 of these tokens.
    Patch {
        /// What is replaced.
        place: PatchPlace,
        /// The position where it is put in.
        position: usize,
        /// The other text.
        tokens: Vec<u32>,
        /// The position it is taken from.
        from: usize,
    },
}

impl Intervention {
    /// Whether it takes what heads mix out of the run, whole.
    pub fn takes_heads_out(&self) -> bool {
        matches!(self, Self::Head(_) | Self::Attention(_) | Self::Layer(_))
    }
}

/// Changes that fit a model, with what they put in: part of a run's description. Made by
/// [`Transformer::interventions`](super::Transformer::interventions).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interventions {
    list: Vec<Intervention>,
    /// What each of the list puts in; nothing where it is no patch.
    values: Vec<Vec<f32>>,
}

/// None at all.
pub(crate) static NONE: Interventions = Interventions { list: Vec::new(), values: Vec::new() };

/// What a run is computed under: who sees whom, and what is changed.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// Who sees whom.
    pub mask: &'a Mask,
    /// What is changed.
    pub interventions: &'a Interventions,
}

impl<'a> From<&'a Mask> for Conditions<'a> {
    fn from(mask: &'a Mask) -> Self {
        Self { mask, interventions: &NONE }
    }
}

/// What is changed in one row of attention.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowEdit {
    /// Everything that is seen is seen alike.
    pub(crate) even: bool,
    /// Keys that are not seen.
    pub(crate) forbidden: Vec<usize>,
    /// Keys and what their weight is multiplied by.
    pub(crate) scaled: Vec<(usize, f32)>,
    /// Keys and the weight they have.
    pub(crate) forced: Vec<(usize, f32)>,
}

impl Intervention {
    /// The layer it begins to matter in, and the first position where anything changes under a mask that only looks back.
    fn begins(&self) -> (Side, usize, usize) {
        match self {
            Self::Head(HeadPlace { side, layer, .. }) | Self::Even(HeadPlace { side, layer, .. }) => (*side, *layer, 0),
            Self::Attention(place) | Self::FeedForward(place) | Self::Layer(place) => (place.side, place.layer, 0),
            Self::Cell { heads, query, .. } => (heads.side, heads.layer.unwrap_or(0), *query),
            Self::Block { side, position } => (*side, 0, position + 1),
            Self::Patch { place: PatchPlace::Stream(place), position, .. } => (place.side, place.layer, *position),
            Self::Patch { place: PatchPlace::Head(place), position, .. } => (place.side, place.layer, *position),
        }
    }

    /// Whether every position it names stands in a source of `source` tokens and a main stack of `length`, and a cell that
    /// is given weight is one that the mask lets its query see.
    ///
    /// # Errors
    /// The position or the cell that is not there.
    pub fn fits(&self, source: usize, length: usize, mask: &Mask) -> Result<(), InterventionError> {
        for (side, position) in self.positions() {
            let length = if side == Side::Encoder { source } else { length };
            if position >= length {
                return Err(InterventionError::Position { what: self.to_string(), position, length });
            }
        }
        if let Self::Cell { heads, query, key, change: Change::Force(_) | Change::Scale(_) } = self
            && heads.side == Side::Main
            && !mask.of_layer(heads.layer.unwrap_or(0)).visible(*query, *key)
        {
            let (query, key, mask) = (*query, *key, mask.to_string());
            return Err(InterventionError::Unseen { query, key, mask });
        }
        Ok(())
    }

    /// The positions it names, and whose they are.
    fn positions(&self) -> Vec<(Side, usize)> {
        match self {
            Self::Cell { heads, query, key, .. } => {
                let of_query = if heads.side == Side::Cross { Side::Main } else { heads.side };
                let of_key = if heads.side == Side::Cross { Side::Encoder } else { heads.side };
                vec![(of_query, *query), (of_key, *key)]
            }
            Self::Block { side, position } => vec![(*side, *position)],
            Self::Patch { place, position, .. } => {
                let side = match place {
                    PatchPlace::Stream(place) => place.side,
                    PatchPlace::Head(place) => place.side,
                };
                vec![(if side == Side::Cross { Side::Main } else { side }, *position)]
            }
            _ => Vec::new(),
        }
    }
}

impl Interventions {
    /// Changes with what they put in, one for each.
    pub(crate) fn new(list: Vec<Intervention>, values: Vec<Vec<f32>>) -> Self {
        Self { list, values }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The changes, in order.
    pub fn list(&self) -> &[Intervention] {
        &self.list
    }

    /// Whether [every one fits](Intervention::fits) a source of `source` tokens and a main stack of `length`.
    ///
    /// # Errors
    /// The first that does not.
    pub fn fit(&self, source: usize, length: usize, mask: &Mask) -> Result<(), InterventionError> {
        self.list.iter().try_for_each(|intervention| intervention.fits(source, length, mask))
    }

    /// Those of them that are among `kept`.
    #[must_use]
    pub fn among(&self, kept: &[Intervention]) -> Self {
        let both = self.list.iter().zip(&self.values).filter(|(intervention, _)| kept.contains(intervention));
        let (list, values) = both.map(|(intervention, values)| (intervention.clone(), values.clone())).unzip();
        Self { list, values }
    }

    /// The first layer that comes out otherwise than without them; `None` where there are none.
    pub fn first_layer(&self) -> Option<usize> {
        self.begin().map(|(layer, _)| layer)
    }

    /// The first layer and, under a mask that only looks back, the first position of the main stack that come out
    /// otherwise than without them; `None` where there are none.
    pub(crate) fn begin(&self) -> Option<(usize, usize)> {
        let begins = self.list.iter().map(|intervention| match intervention.begins() {
            (Side::Encoder, ..) => (0, 0),
            (_, layer, position) => (layer, position),
        });
        begins.reduce(|(a, b), (c, d)| (a.min(c), b.min(d)))
    }

    /// Whether the encoder is changed.
    pub(crate) fn change_source(&self) -> bool {
        self.list.iter().any(|intervention| intervention.begins().0 == Side::Encoder)
    }

    /// Whether a layer is passed by.
    pub(crate) fn skip(&self, side: Side, layer: usize) -> bool {
        self.list
            .iter()
            .any(|change| matches!(change, Intervention::Layer(place) if *place == LayerPlace { side, layer }))
    }

    /// Whether a layer's attention adds nothing.
    pub(crate) fn silence(&self, side: Side, layer: usize) -> bool {
        let place = LayerPlace { side, layer };
        self.list.iter().any(|change| matches!(change, Intervention::Attention(of) if *of == place))
    }

    /// Whether a layer's feed-forward block adds nothing.
    pub(crate) fn starve(&self, side: Side, layer: usize) -> bool {
        let place = LayerPlace { side, layer };
        self.list.iter().any(|change| matches!(change, Intervention::FeedForward(of) if *of == place))
    }

    /// Whether a head's mixture is replaced by zeros.
    pub(crate) fn ablate(&self, place: HeadPlace) -> bool {
        self.list.iter().any(|change| matches!(change, Intervention::Head(of) if *of == place))
    }

    /// Hides blocked positions from the query at `place`: `part` says of the keys from `first` on which are seen.
    pub(crate) fn hide(&self, side: Side, place: usize, first: usize, part: &mut [bool]) {
        for intervention in &self.list {
            let Intervention::Block { side: of, position } = *intervention else { continue };
            let whose = if side == Side::Cross { Side::Encoder } else { side };
            let own = side != Side::Cross && position == place;
            if of == whose
                && !own
                && let Some(seen) = position.checked_sub(first).and_then(|key| part.get_mut(key))
            {
                *seen = false;
            }
        }
    }

    /// Whether any row or mixture of a layer's heads is changed.
    pub(crate) fn touch(&self, side: Side, layer: usize) -> bool {
        self.list.iter().any(|change| match change {
            Intervention::Head(place)
            | Intervention::Even(place)
            | Intervention::Patch { place: PatchPlace::Head(place), .. } => (place.side, place.layer) == (side, layer),
            Intervention::Cell { heads, .. } => heads.side == side && heads.layer.is_none_or(|of| of == layer),
            _ => false,
        })
    }

    /// What is changed in a row; `None` where nothing is.
    pub(crate) fn row(&self, place: HeadPlace, query: usize) -> Option<RowEdit> {
        let mut edit = None;
        for change in &self.list {
            match change {
                Intervention::Even(of) if *of == place => edit.get_or_insert_with(RowEdit::default).even = true,
                Intervention::Cell { heads, query: of, key, change } if heads.contain(place) && *of == query => {
                    let edit = edit.get_or_insert_with(RowEdit::default);
                    match *change {
                        Change::Force(weight) => edit.forced.push((*key, weight)),
                        Change::Scale(factor) => edit.scaled.push((*key, factor)),
                        Change::Forbid => edit.forbidden.push(*key),
                    }
                }
                _ => {}
            }
        }
        edit
    }

    /// What is put in at a place: positions and values.
    pub(crate) fn patches(&self, at: PatchPlace) -> impl Iterator<Item = (usize, &[f32])> {
        self.list.iter().zip(&self.values).filter_map(move |(change, values)| match change {
            Intervention::Patch { place, position, .. } if *place == at => Some((*position, values.as_slice())),
            _ => None,
        })
    }
}

impl Heads {
    /// Whether some head is meant by both.
    pub(crate) fn meet(&self, other: &Self) -> bool {
        let meet = |a: Option<usize>, b: Option<usize>| a.zip(b).is_none_or(|(a, b)| a == b);
        self.side == other.side && meet(self.layer, other.layer) && meet(self.head, other.head)
    }

    fn contain(&self, place: HeadPlace) -> bool {
        self.side == place.side
            && self.layer.is_none_or(|layer| layer == place.layer)
            && self.head.is_none_or(|head| head == place.head)
    }
}
