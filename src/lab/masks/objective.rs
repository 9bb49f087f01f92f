//! What each architecture is trained on, made from one sentence: what it is given, and what it has to say.

use std::ops::Range;

use super::asked::drawn;
use crate::lm::blueprint::Objective;
use crate::lm::uniform;

/// One place of a training sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A token of the sentence, by its place.
    Token(usize),
    /// A token of the vocabulary that took a token's place: the place, and a number from 0 to 1 of 2³² that chooses it.
    Replaced(usize, u32),
    /// What stands for a hidden token or span.
    Mask,
    /// The mark of a span that was cut out, counted from 0.
    Sentinel(usize),
    /// What a sequence begins with.
    Start,
    /// What a sequence or span ends with.
    End,
    /// Whether the token that is seen is another than stood there.
    Changed(bool),
}

/// What a model is given and what it has to say: `predicted[i]` is what is asked for at `seen[i]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The encoder's input, or the only stack's.
    pub input: Vec<Piece>,
    /// The decoder's input, where there is a decoder behind an encoder.
    pub decoder: Option<Vec<Piece>>,
    /// What has to be said: one for each place of the stack that predicts; `None` where nothing is asked.
    pub target: Vec<Option<Piece>>,
    /// The order in which tokens are foretold, where it is not from left to right.
    pub order: Option<Vec<usize>>,
}

/// The share of tokens that BERT hides (Devlin et al. 2018, section 3.1), and T5 cuts out (Raffel et al. 2019, section
/// 3.1.4).
pub const HIDDEN: f64 = 0.15;
/// The mean length of a span that T5 cuts out, and of one that BART and GLM do.
pub const SPAN: usize = 3;
/// The share of tokens that BART hides (Lewis et al. 2019, section 3).
pub const INFILLED: f64 = 0.3;
/// One token of so many is foretold of a permutation: its last ones (Yang et al. 2019, section 2.3, K).
pub const LAST: usize = 6;

/// The example of an objective on a sentence of `length` tokens; what is drawn depends on the seed alone.
pub fn example(objective: Objective, length: usize, seed: u64) -> Example {
    let all = || (0..length).map(Piece::Token);
    match objective {
        Objective::NextToken => Example {
            input: all().collect(),
            decoder: None,
            target: (1..length).map(|at| Some(Piece::Token(at))).chain([Some(Piece::End)]).take(length).collect(),
            order: None,
        },
        Objective::MaskedTokens => masked(length, seed),
        Objective::Unified => unified(length),
        Objective::SpanCorruption => spans_out(length, seed),
        Objective::Denoising => denoised(length, seed),
        Objective::Translation => translated(length),
        Objective::Permutation => permuted(length, seed),
        Objective::BlankFilling => blanks(length, seed),
        Objective::LongBlank => Example {
            input: [Piece::Mask, Piece::Start].into_iter().chain(all()).collect(),
            decoder: None,
            target: std::iter::once(None).chain(all().map(Some)).chain([Some(Piece::End)]).collect(),
            order: None,
        },
        Objective::ReplacedTokens => detected(length, seed),
    }
}

/// Of the hidden tokens 80 % become the mask, 10 % any token, 10 % stay (Devlin et al. 2018, section 3.1).
fn masked(length: usize, seed: u64) -> Example {
    let count = share(HIDDEN, length);
    let mut hidden = drawn(length, seed);
    hidden.truncate(count);
    let chance = |at: usize| uniform(seed ^ 0x6d61_736b, at as u64);
    let one = |at: usize| match chance(at) {
        _ if !hidden.contains(&at) => Piece::Token(at),
        r if r < 0.8 => Piece::Mask,
        r if r < 0.9 => Piece::Replaced(at, (uniform(seed ^ 0x0061_6e79, at as u64) * f64::from(u32::MAX)) as u32),
        _ => Piece::Token(at),
    };
    Example {
        input: (0..length).map(one).collect(),
        decoder: None,
        target: (0..length).map(|at| hidden.contains(&at).then_some(Piece::Token(at))).collect(),
        order: None,
    }
}

/// A token of the vocabulary in the place of some, drawn here by chance where the training has a small model draw it, and the
/// question whether each is the one that stood there (Clark et al. 2020, section 2).
fn detected(length: usize, seed: u64) -> Example {
    let mut changed = drawn(length, seed);
    changed.truncate(share(HIDDEN, length));
    let number = |at: usize| (uniform(seed ^ 0x0061_6e79, at as u64) * f64::from(u32::MAX)) as u32;
    let one = |at: usize| if changed.contains(&at) { Piece::Replaced(at, number(at)) } else { Piece::Token(at) };
    Example {
        input: (0..length).map(one).collect(),
        decoder: None,
        target: (0..length).map(|at| Some(Piece::Changed(changed.contains(&at)))).collect(),
        order: None,
    }
}

/// A source that sees itself, and a target that is hidden token by token behind it: the third of `UniLM`'s three masks on the
/// one cloze task (Dong et al. 2019, section 2.3).
fn unified(length: usize) -> Example {
    let source = length / 2;
    let target = |at: usize| (at >= source && (at - source).is_multiple_of(2)).then_some(Piece::Token(at));
    let one = |at: usize| if target(at).is_some() { Piece::Mask } else { Piece::Token(at) };
    Example {
        input: (0..length).map(one).collect(),
        decoder: None,
        target: (0..length).map(target).collect(),
        order: None,
    }
}

/// Each span gives way to one sentinel; the decoder says each sentinel and what stood there, and a last sentinel (Raffel et
/// al. 2019, figure 2).
fn spans_out(length: usize, seed: u64) -> Example {
    let spans = spans(length, share(HIDDEN, length), seed);
    let mut input = Vec::new();
    let mut target = Vec::new();
    let mut at = 0;
    for (number, span) in spans.iter().enumerate() {
        input.extend((at..span.start).map(Piece::Token));
        input.push(Piece::Sentinel(number));
        target.push(Piece::Sentinel(number));
        target.extend(span.clone().map(Piece::Token));
        at = span.end;
    }
    input.extend((at..length).map(Piece::Token));
    input.push(Piece::End);
    target.push(Piece::Sentinel(spans.len()));
    target.push(Piece::End);
    behind(input, target)
}

/// Text infilling: each span gives way to one mask, and the decoder says the whole text (Lewis et al. 2019, section 2.2).
fn denoised(length: usize, seed: u64) -> Example {
    let mut input = Vec::new();
    let mut at = 0;
    for span in spans(length, share(INFILLED, length), seed) {
        input.extend((at..span.start).map(Piece::Token));
        input.push(Piece::Mask);
        at = span.end;
    }
    input.extend((at..length).map(Piece::Token));
    input.push(Piece::End);
    behind(input, (0..length).map(Piece::Token).chain([Piece::End]).collect())
}

/// The source whole, and its translation token by token (Vaswani et al. 2017, section 5); the second half of the sentence
/// stands for that of the first.
fn translated(length: usize) -> Example {
    let source = length / 2;
    let input = (0..source).map(Piece::Token).chain([Piece::End]).collect();
    behind(input, (source..length).map(Piece::Token).chain([Piece::End]).collect())
}

/// The last tokens of a random order, each from those before it in the order (Yang et al. 2019, sections 2.2 and 2.3).
fn permuted(length: usize, seed: u64) -> Example {
    let order = drawn(length, seed);
    let foretold = &order[length - length.div_ceil(LAST).min(length)..];
    Example {
        input: (0..length).map(Piece::Token).collect(),
        decoder: None,
        target: (0..length).map(|at| foretold.contains(&at).then_some(Piece::Token(at))).collect(),
        order: Some(order.clone()),
    }
}

/// The text with a mask for each span, then the spans in random order, each from its start to its end (Du et al. 2021,
/// figure 2).
fn blanks(length: usize, seed: u64) -> Example {
    let spans = spans(length, share(HIDDEN, length), seed);
    let mut input = Vec::new();
    let mut at = 0;
    for span in &spans {
        input.extend((at..span.start).map(Piece::Token));
        input.push(Piece::Mask);
        at = span.end;
    }
    input.extend((at..length).map(Piece::Token));
    let mut target = vec![None; input.len()];
    for number in drawn(spans.len(), seed) {
        input.push(Piece::Start);
        input.extend(spans[number].clone().map(Piece::Token));
        target.extend(spans[number].clone().map(|at| Some(Piece::Token(at))));
        target.push(Some(Piece::End));
    }
    Example { input, decoder: None, target, order: None }
}

/// The two positions of each place of [blanks](Objective::BlankFilling): that in the text, for a blank's tokens their
/// mask's; and that in the blank, 0 for the text (Du et al. 2021, section 2.2, figure 2).
pub fn two_positions(input: &[Piece]) -> Vec<(usize, usize)> {
    let text = input.iter().position(|piece| *piece == Piece::Start).unwrap_or(input.len());
    // Where the masks stand, each with the last token before it.
    let mut masks = Vec::new();
    let mut before = None;
    for (place, piece) in input[..text].iter().enumerate() {
        match piece {
            Piece::Mask => masks.push((place + 1, before)),
            Piece::Token(at) => before = Some(*at),
            _ => {}
        }
    }
    let mut positions: Vec<(usize, usize)> = (1..=text).map(|place| (place, 0)).collect();
    let (mut mask, mut inside) = (0, 0);
    for (place, piece) in input.iter().enumerate().skip(text) {
        inside += 1;
        if let (Piece::Start, Some(Piece::Token(first))) = (piece, input.get(place + 1)) {
            let own = masks.iter().rev().find(|(_, before)| before.is_none_or(|before| before < *first));
            (mask, inside) = (own.map_or(0, |(place, _)| *place), 1);
        }
        positions.push((mask, inside));
    }
    positions
}

/// A decoder behind an encoder is given what it has to say, one place later (Vaswani et al. 2017, section 3.1).
fn behind(input: Vec<Piece>, target: Vec<Piece>) -> Example {
    let said = &target[..target.len().saturating_sub(1)];
    let decoder = std::iter::once(Piece::Start).chain(said.iter().copied()).collect();
    Example { input, decoder: Some(decoder), target: target.into_iter().map(Some).collect(), order: None }
}

/// So many tokens of a text, at least one where there is one.
fn share(share: f64, length: usize) -> usize {
    ((share * length as f64).round() as usize).max(1).min(length)
}

/// Spans of `count` tokens together, apart from one another, of about [`SPAN`] tokens each, in order.
pub fn spans(length: usize, count: usize, seed: u64) -> Vec<Range<usize>> {
    if count == 0 {
        return Vec::new();
    }
    let kept = length - count;
    // Spans have a kept token between them.
    let number = count.div_ceil(SPAN).min(kept + 1).max(1);
    let lengths = parts(count - number, number, seed).into_iter().map(|more| more + 1);
    let between = number - 1;
    let gaps = parts(kept - between.min(kept), number + 1, seed ^ 0x6761_7073);
    let mut at = 0;
    let mut spans = Vec::new();
    for (index, (length, gap)) in lengths.zip(gaps).enumerate() {
        at += gap + usize::from(index > 0);
        spans.push(at..at + length);
        at += length;
    }
    spans
}

/// `total` in `number` parts, each drawn unit going to any of them.
fn parts(total: usize, number: usize, seed: u64) -> Vec<usize> {
    let mut parts = vec![0; number];
    for unit in 0..total {
        let at = (uniform(seed, unit as u64) * number as f64) as usize;
        parts[at.min(number - 1)] += 1;
    }
    parts
}
