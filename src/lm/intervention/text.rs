//! Interventions as text: what a command line takes and a saved run keeps.

use std::{fmt, str::FromStr};

use super::{Change, HeadPlace, Heads, Intervention, InterventionError, LayerPlace, PatchPlace, Side};

impl Side {
    /// What stands before a layer's number.
    fn prefix(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Encoder => "e",
            Self::Cross => "x",
        }
    }

    /// The side that a text begins with, and the rest of it.
    fn of(text: &str) -> (Self, &str) {
        match (text.strip_prefix('e'), text.strip_prefix('x')) {
            (Some(rest), _) => (Self::Encoder, rest),
            (_, Some(rest)) => (Self::Cross, rest),
            _ => (Self::Main, text),
        }
    }
}

impl fmt::Display for LayerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.side.prefix(), self.layer)
    }
}

impl fmt::Display for HeadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}", self.side.prefix(), self.layer, self.head)
    }
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.side.prefix();
        match (self.layer, self.head) {
            (Some(layer), Some(head)) => write!(f, "{prefix}{layer}.{head}"),
            (Some(layer), None) => write!(f, "{prefix}{layer}.*"),
            (None, Some(head)) => write!(f, "{prefix}*.{head}"),
            (None, None) => write!(f, "{prefix}*"),
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(place) => write!(f, "head:{place}"),
            Self::Even(place) => write!(f, "even:{place}"),
            Self::Attention(place) => write!(f, "attention:{place}"),
            Self::FeedForward(place) => write!(f, "ff:{place}"),
            Self::Layer(place) => write!(f, "layer:{place}"),
            Self::Cell { heads, query, key, change } => match change {
                Change::Force(weight) => write!(f, "cell:{heads}:{query}>{key}={weight}"),
                Change::Scale(factor) => write!(f, "cell:{heads}:{query}>{key}*{factor}"),
                Change::Forbid => write!(f, "forbid:{heads}:{query}>{key}"),
            },
            Self::Block { side, position } => write!(f, "block:{}{position}", side.prefix()),
            Self::Patch { place, position, tokens, from } => {
                let ids: Vec<_> = tokens.iter().map(u32::to_string).collect();
                match place {
                    PatchPlace::Stream(place) => write!(f, "patch:{place}")?,
                    PatchPlace::Head(place) => write!(f, "patch:{place}")?,
                }
                write!(f, "@{position}={}@{from}", ids.join(","))
            }
        }
    }
}

/// How each kind is written.
const LIKE: [(&str, &str); 9] = [
    ("head", "head:3.2"),
    ("even", "even:3.2"),
    ("attention", "attention:4"),
    ("ff", "ff:4"),
    ("layer", "layer:4"),
    ("cell", "cell:3.2:14>12=0.9 or cell:3.2:14>12*0.5"),
    ("forbid", "forbid:3.2:14>12"),
    ("block", "block:7"),
    ("patch", "patch:4@7=12,55,901@2"),
];

impl FromStr for Intervention {
    type Err = InterventionError;

    fn from_str(text: &str) -> Result<Self, InterventionError> {
        let text = text.trim();
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let Some((name, like)) = LIKE.into_iter().find(|(known, _)| *known == name) else {
            return Err(InterventionError::Unknown(name.into()));
        };
        let read = match name {
            "head" => head(rest).map(Self::Head),
            "even" => head(rest).map(Self::Even),
            "attention" => layer(rest).map(Self::Attention),
            "ff" => layer(rest).map(Self::FeedForward),
            "layer" => layer(rest).map(Self::Layer),
            "block" => block(rest),
            "forbid" => cell(rest).and_then(|(heads, query, key, change)| {
                change.is_empty().then_some(Self::Cell { heads, query, key, change: Change::Forbid })
            }),
            "cell" => match cell(rest) {
                Some((heads, query, key, change)) => {
                    changed(change)?.map(|change| Self::Cell { heads, query, key, change })
                }
                None => None,
            },
            _ => patch(rest),
        };
        let read = read.filter(|intervention| match intervention {
            // A decoder's second attention is part of its layer: there is no such layer or feed-forward block.
            Self::FeedForward(LayerPlace { side, .. })
            | Self::Layer(LayerPlace { side, .. })
            | Self::Patch { place: PatchPlace::Stream(LayerPlace { side, .. }), .. }
            | Self::Block { side, .. } => *side != Side::Cross,
            _ => true,
        });
        read.ok_or_else(|| InterventionError::Form { text: text.into(), like })
    }
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn layer(text: &str) -> Option<LayerPlace> {
    let (side, text) = Side::of(text);
    Some(LayerPlace { side, layer: number(text)? })
}

fn head(text: &str) -> Option<HeadPlace> {
    let (side, text) = Side::of(text);
    let (layer, head) = text.split_once('.')?;
    Some(HeadPlace { side, layer: number(layer)?, head: number(head)? })
}

fn block(text: &str) -> Option<Intervention> {
    let (side, text) = Side::of(text);
    Some(Intervention::Block { side, position: number(text)? })
}

/// `3.2:14>12` and what stands behind it.
fn cell(text: &str) -> Option<(Heads, usize, usize, &str)> {
    let (heads, place) = text.split_once(':')?;
    let (side, heads) = Side::of(heads);
    let (layer, head) = heads.split_once('.').unwrap_or((heads, "*"));
    let one = |text: &str| if text == "*" { Some(None) } else { number(text).map(Some) };
    // A layer alone would look like a head.
    if !heads.contains('.') && layer != "*" {
        return None;
    }
    let heads = Heads { side, layer: one(layer)?, head: one(head)? };
    let (query, rest) = place.split_once('>')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (key, change) = rest.split_at(end);
    Some((heads, number(query)?, number(key)?, change))
}

/// `=0.9` or `*0.5`.
fn changed(text: &str) -> Result<Option<Change>, InterventionError> {
    let value = |text: &str| text.parse::<f32>().ok();
    if let Some(weight) = text.strip_prefix('=') {
        return match value(weight) {
            Some(weight) if (0.0..=1.0).contains(&weight) => Ok(Some(Change::Force(weight))),
            _ => Err(InterventionError::Weight(weight.into())),
        };
    }
    if let Some(factor) = text.strip_prefix('*') {
        return match value(factor) {
            Some(factor) if factor > 0.0 && factor.is_finite() => Ok(Some(Change::Scale(factor))),
            _ => Err(InterventionError::Factor(factor.into())),
        };
    }
    Ok(None)
}

/// `4@7=12,55,901@2`; without the last part, from the position it is put in at.
fn patch(text: &str) -> Option<Intervention> {
    let (place, source) = text.split_once('=')?;
    let (place, position) = place.split_once('@')?;
    let position = number(position)?;
    let place = match head(place) {
        Some(place) => PatchPlace::Head(place),
        None => PatchPlace::Stream(layer(place)?),
    };
    let (ids, from) = match source.split_once('@') {
        Some((ids, from)) => (ids, number(from)?),
        None => (source, position),
    };
    let tokens: Option<Vec<u32>> = ids.split(',').map(|id| id.trim().parse().ok()).collect();
    Some(Intervention::Patch { place, position, tokens: tokens?, from })
}
