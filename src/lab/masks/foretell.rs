//! The positions whose logits foretell each token of a text under a mask.

use super::Text;
use super::Way;
use crate::lm::ForwardError;
use crate::lm::Input;
use crate::lm::Mask;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::lm::blueprint::Stacks;

/// A text read under a mask, and what foretells each of its tokens.
#[derive(Clone, Debug)]
pub struct Told {
    /// The mask as it was run: of a decoder that begins with a token of its own it stands one position later.
    pub mask: Mask,
    /// Everything the pass over the whole text computed: a source, a decoder's first token, the text.
    pub path: Vec<Position>,
    /// How many positions of the path stand before the text.
    pub before: usize,
    /// For each token the position whose logits foretell it; `None` where it is given.
    pub by: Vec<Option<Position>>,
    /// For each token that the whole pass would foretell from a position that sees it, that position.
    pub peeking: Vec<Option<Position>>,
}

/// Reads `text` under `mask`, and computes what foretells each token. `tell` hears how many tokens are done.
///
/// # Errors
/// As [`Transformer::extend`].
pub fn foretell(
    engine: &Transformer,
    text: Text<'_>,
    mask: &Mask,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(usize),
) -> Result<Told, ForwardError> {
    let mut source = Vec::new();
    let mut lead = Vec::new();
    if engine.blueprint.stacks == Stacks::EncoderDecoder {
        source = engine.encode(text.source, workspace, go_on)?;
        lead.extend(engine.config.decoder_start);
    }
    let way = Way::of(engine, text.hide);
    let mask = match (shifted(mask, lead.len()), way) {
        (mask @ (Mask::Bidirectional | Mask::Permutation(_) | Mask::Except(_)), _) => mask,
        (mask, Some(Way::Query)) => Mask::Queried(Box::new(mask)),
        (mask, _) => mask,
    };
    let reader = Reader {
        engine,
        tokens: [&lead, text.tokens].concat(),
        segments: segments(engine, &mask, lead.len() + text.tokens.len()),
        given: match &mask {
            Mask::Prefix(n) | Mask::SeqToSeq(n) => *n,
            Mask::Queried(mask) => match **mask {
                Mask::Prefix(n) | Mask::SeqToSeq(n) => n,
                _ => 0,
            },
            _ => 0,
        },
        mask: &mask,
        source: &source,
        go_on,
    };
    let path = reader.read(reader.tokens.len(), workspace)?;
    let (mut by, mut peeking) = (Vec::new(), Vec::new());
    for at in lead.len()..reader.tokens.len() {
        let (one, peek) = match way {
            _ if at < reader.given => (None, None),
            None => (None, None),
            Some(Way::Next) => reader.next(&path, at, workspace)?,
            Some(Way::Hidden) => (Some(reader.hidden(&path, at, text.hide.unwrap_or(0), workspace)?), None),
            Some(Way::Query) => (Some(reader.queried(&path, at, workspace)?), None),
        };
        by.push(one);
        peeking.push(peek);
        tell(at + 1 - lead.len());
    }
    let before = source.len() + lead.len();
    let path = [source.clone(), path].concat();
    Ok(Told { mask: mask.clone(), path, before, by, peeking })
}

struct Reader<'a> {
    engine: &'a Transformer,
    /// With those that a decoder begins with.
    tokens: Vec<u32>,
    segments: Vec<u32>,
    /// The first token that is foretold.
    given: usize,
    mask: &'a Mask,
    source: &'a [Position],
    go_on: &'a dyn Fn() -> bool,
}

type Foretellers = (Option<Position>, Option<Position>);

impl Reader<'_> {
    /// The first `length` tokens, read at once; the source is not among what is given back.
    fn read(&self, length: usize, workspace: &mut Workspace) -> Result<Vec<Position>, ForwardError> {
        let input = Input { tokens: &self.tokens[..length], segments: self.part(0, length) };
        self.engine.extend(self.source, input, self.mask, workspace, self.go_on)
    }

    fn part(&self, start: usize, end: usize) -> &[u32] {
        self.segments.get(start..end).unwrap_or_default()
    }

    /// The position before; where it sees the token, that of a pass over the text before the token alone.
    fn next(&self, path: &[Position], at: usize, workspace: &mut Workspace) -> Result<Foretellers, ForwardError> {
        let Some(before) = at.checked_sub(1) else { return Ok((None, None)) };
        let there = path.get(before).cloned();
        if !self.mask.visible(before, at) {
            return Ok((there, None));
        }
        Ok((self.read(at, workspace)?.last().map(Position::alone), there))
    }

    /// The token's own place, with the mask token in it.
    fn hidden(
        &self,
        path: &[Position],
        at: usize,
        hide: u32,
        workspace: &mut Workspace,
    ) -> Result<Position, ForwardError> {
        let unseen = ForwardError::NoSuchPosition { index: at, length: self.tokens.len() };
        if self.mask.joint().is_some_and(|joint| joint <= at) {
            // What stands before does not look at this place, so it is what it was.
            let input = Input { tokens: &[hide], segments: self.part(at, at + 1) };
            let new = self.engine.extend(&path[..at], input, self.mask, workspace, self.go_on)?;
            return new.into_iter().next().ok_or(unseen);
        }
        let mut tokens = self.tokens.clone();
        tokens[at] = hide;
        let input = Input { tokens: &tokens, segments: &self.segments };
        let new = self.engine.extend(self.source, input, self.mask, workspace, self.go_on)?;
        new.get(at).map(Position::alone).ok_or(unseen)
    }

    /// The token's own place in the stream that does not see it; where others see it, a pass in which they do not.
    fn queried(&self, path: &[Position], at: usize, workspace: &mut Workspace) -> Result<Position, ForwardError> {
        if *self.mask != Mask::Bidirectional {
            return Ok(path[at].clone());
        }
        let except = Mask::Except(at);
        let new = self.engine.extend(self.source, &self.tokens, &except, workspace, self.go_on)?;
        let unseen = ForwardError::NoSuchPosition { index: at, length: self.tokens.len() };
        new.get(at).map(Position::alone).ok_or(unseen)
    }
}

/// The mask of a text that stands `lead` positions later, behind tokens that every position sees.
fn shifted(mask: &Mask, lead: usize) -> Mask {
    match mask {
        _ if lead == 0 => mask.clone(),
        Mask::Prefix(n) => Mask::Prefix(n + lead),
        Mask::SeqToSeq(n) => Mask::SeqToSeq(n + lead),
        Mask::Except(n) => Mask::Except(n + lead),
        Mask::Permutation(order) => Mask::Permutation((0..lead).chain(order.iter().map(|at| at + lead)).collect()),
        other => other.clone(),
    }
}

/// The target is the second text, in a model that tells two apart (Dong et al. 2019, section 2.2).
fn segments(engine: &Transformer, mask: &Mask, length: usize) -> Vec<u32> {
    match mask {
        Mask::SeqToSeq(n) if engine.config.segments > 1 => (0..length).map(|at| u32::from(at >= *n)).collect(),
        _ => Vec::new(),
    }
}
