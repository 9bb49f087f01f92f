//! Which positions a query may look at.

use std::{borrow::Cow, fmt, str::FromStr};

/// The rule that says which keys a query sees; positions are counted from the start of the sequence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Every position sees itself and what came before: an autoregressive model.
    Causal,
    /// Every position sees every position: an encoder.
    Bidirectional,
    /// The first `n` positions see one another, the rest is causal: a prefix language model.
    Prefix(usize),
    /// The source (the first `n` positions) sees itself, the target sees the source and its own past (Dong et al. 2019,
    /// "Unified Language Model Pre-training", figure 1).
    SeqToSeq(usize),
    /// Causal, and no further back than `n` positions, the query's own among them (Beltagy et al. 2020, section 3.1).
    Window(usize),
    /// A window of `n` positions in some layers, causal in the others.
    Layers {
        /// How far back the windows reach.
        window: usize,
        /// For each layer, whether it has a window.
        windowed: Vec<bool>,
    },
    /// Position `order[i]` sees `order[0]..=order[i]`: the content stream of Yang et al. 2019, "`XLNet`", section 2.2.
    /// Positions that the order does not name are causal and come after it.
    Permutation(Vec<usize>),
    /// Every position sees every position but this one, which only sees itself among them: it is to be told from the
    /// others (a cloze test).
    Except(usize),
    /// This mask, and of the positions listed only those that are `true`: what a cache has kept. Later ones are kept.
    Kept(Vec<bool>, Box<Mask>),
    /// This mask, and a second stream in which no position sees what stands there, in a model that has one (Yang et al.
    /// 2019, section 2.3).
    Queried(Box<Mask>),
}

impl Mask {
    /// The rule of one layer.
    pub fn of_layer(&self, layer: usize) -> Cow<'_, Self> {
        match self {
            Self::Queried(mask) => mask.of_layer(layer),
            Self::Kept(kept, mask) if matches!(**mask, Self::Layers { .. }) => {
                Cow::Owned(Self::Kept(kept.clone(), Box::new(mask.of_layer(layer).into_owned())))
            }
            Self::Layers { window, windowed } if windowed.get(layer) == Some(&true) => {
                Cow::Owned(Self::Window(*window))
            }
            Self::Layers { .. } => Cow::Owned(Self::Causal),
            _ => Cow::Borrowed(self),
        }
    }

    /// Whether the position `query` may look at the position `key`.
    pub fn visible(&self, query: usize, key: usize) -> bool {
        match self {
            Self::Causal | Self::Layers { .. } => key <= query,
            Self::Bidirectional => true,
            Self::Except(hidden) => key != *hidden || query == *hidden,
            Self::Prefix(n) | Self::SeqToSeq(n) => key <= query || (query < *n && key < *n),
            Self::Window(n) => key <= query && query - key < *n,
            Self::Kept(kept, mask) => kept.get(key) != Some(&false) && mask.visible(query, key),
            Self::Queried(mask) => mask.visible(query, key),
            Self::Permutation(order) => {
                let turn =
                    |position: usize| order.iter().position(|&p| p == position).unwrap_or(order.len() + position);
                turn(key) <= turn(query)
            }
        }
    }

    /// Writes into `row` whether `query` sees each of the positions `0..row.len()`.
    pub fn row(&self, query: usize, row: &mut [bool]) {
        self.part(query, 0, row);
    }

    /// Writes into `part` whether `query` sees each of the positions from `start` on.
    pub(crate) fn part(&self, query: usize, start: usize, part: &mut [bool]) {
        let range = match self {
            Self::Queried(mask) => return mask.part(query, start, part),
            Self::Kept(kept, mask) => {
                mask.part(query, start, part);
                let dropped = part.iter_mut().zip(kept.get(start..).unwrap_or_default()).filter(|(_, kept)| !**kept);
                dropped.for_each(|(seen, _)| *seen = false);
                return;
            }
            Self::Bidirectional => 0..usize::MAX,
            Self::Prefix(n) | Self::SeqToSeq(n) if query < *n => 0..*n,
            Self::Causal | Self::Layers { .. } | Self::Prefix(_) | Self::SeqToSeq(_) => 0..query + 1,
            Self::Window(n) => (query + 1).saturating_sub(*n)..query + 1,
            Self::Except(hidden) => {
                part.fill(true);
                if let Some(seen) = hidden.checked_sub(start).and_then(|key| part.get_mut(key)) {
                    *seen = query == *hidden;
                }
                return;
            }
            Self::Permutation(order) => {
                let own = order.iter().position(|&p| p == query);
                for (seen, key) in part.iter_mut().zip(start..) {
                    *seen = own.is_none() && key <= query;
                }
                let turns = own.map_or(order.len(), |turn| turn + 1);
                for key in &order[..turns] {
                    if let Some(seen) = key.checked_sub(start).and_then(|key| part.get_mut(key)) {
                        *seen = true;
                    }
                }
                return;
            }
        };
        for (seen, key) in part.iter_mut().zip(start..) {
            *seen = range.start <= key && key < range.end;
        }
    }

    /// The number of leading positions that must be computed together because one of them sees a later one; a sequence
    /// that grows past it only looks back. `None`: the whole sequence, however long.
    pub fn joint(&self) -> Option<usize> {
        match self {
            Self::Causal | Self::Window(_) | Self::Layers { .. } => Some(0),
            Self::Queried(mask) | Self::Kept(_, mask) => mask.joint(),
            Self::Bidirectional | Self::Except(_) => None,
            Self::Prefix(n) | Self::SeqToSeq(n) => Some(*n),
            Self::Permutation(order) => Some(order.iter().map(|&p| p + 1).max().unwrap_or(0)),
        }
    }

    /// The first position that `query` can see at all, for a loop that skips what lies before.
    pub fn first(&self, query: usize) -> usize {
        match self {
            Self::Window(n) => (query + 1).saturating_sub(*n),
            Self::Queried(mask) | Self::Kept(_, mask) => mask.first(query),
            _ => 0,
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Causal => f.write_str("causal"),
            Self::Bidirectional => f.write_str("bidirectional"),
            Self::Prefix(n) => write!(f, "prefix:{n}"),
            Self::SeqToSeq(n) => write!(f, "seq2seq:{n}"),
            Self::Window(n) => write!(f, "window:{n}"),
            Self::Layers { window, windowed } => {
                let layers = windowed.iter().filter(|&&windowed| windowed).count();
                write!(f, "window:{window} in {layers} of {} layers", windowed.len())
            }
            Self::Except(n) => write!(f, "except:{n}"),
            Self::Kept(kept, mask) => {
                let dropped = kept.iter().filter(|kept| !**kept).count();
                write!(f, "{mask}, {dropped} dropped")
            }
            Self::Queried(mask) => mask.fmt(f),
            Self::Permutation(order) => {
                f.write_str("permutation:")?;
                for (i, position) in order.iter().enumerate() {
                    write!(f, "{}{position}", if i == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

/// Why a text is not a mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaskError {
    /// No mask has this name.
    Unknown(String),
    /// The mask needs a number after its name, as in `prefix:4`.
    Number(String),
    /// A permutation's order must name each of the positions `0..n` once, as in `permutation:3,0,1,2`.
    Order(String),
}

impl fmt::Display for MaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(
                f,
                "no mask is called {name:?}: use causal, bidirectional, prefix:N, seq2seq:N, window:N, except:N or permutation:3,0,1,2"
            ),
            Self::Number(text) => {
                write!(f, "{text:?} needs a number of positions after its name, of a window 1 at least, as in window:8")
            }
            Self::Order(text) => write!(f, "{text:?} must name each of its positions once, counting from 0"),
        }
    }
}

impl std::error::Error for MaskError {}

impl FromStr for Mask {
    type Err = MaskError;

    fn from_str(text: &str) -> Result<Self, MaskError> {
        let (name, argument) = text.split_once(':').unwrap_or((text, ""));
        let number = || argument.parse().map_err(|_| MaskError::Number(text.into()));
        match name {
            "causal" if argument.is_empty() => Ok(Self::Causal),
            "bidirectional" if argument.is_empty() => Ok(Self::Bidirectional),
            "prefix" => Ok(Self::Prefix(number()?)),
            "seq2seq" => Ok(Self::SeqToSeq(number()?)),
            "window" => match number()? {
                0 => Err(MaskError::Number(text.into())),
                n => Ok(Self::Window(n)),
            },
            "except" => Ok(Self::Except(number()?)),
            "permutation" => {
                let order: Result<Vec<usize>, _> = argument.split(',').map(|part| part.trim().parse()).collect();
                let order = order.map_err(|_| MaskError::Order(text.into()))?;
                let mut named = vec![false; order.len()];
                for &position in &order {
                    match named.get_mut(position) {
                        Some(seen) if !*seen => *seen = true,
                        _ => return Err(MaskError::Order(text.into())),
                    }
                }
                Ok(Self::Permutation(order))
            }
            _ => Err(MaskError::Unknown(text.into())),
        }
    }
}
