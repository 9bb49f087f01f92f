//! The picture of a stack on a sentence: what is given below, the box that reads it, what is asked above.

use super::Architecture;
use super::Named;
use super::Place;
use super::Scene;
use crate::lab::masks::objective::Piece;
use crate::ui::Language;
use crate::ui::Message;
use crate::ui::safe;

/// What a stretch of a picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// What a row shows.
    Caption,
    /// A token of the sentence.
    Token,
    /// What stands for something hidden, begins or ends.
    Sign,
    /// What is asked for.
    Asked,
    /// What it costs, in bits.
    Bits(f64),
    /// A box or an arrow.
    Frame,
}

/// A stretch of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What is written; rows are as wide as their cells together.
    pub text: String,
    /// What it is.
    pub role: Role,
    /// The piece it stands for, where it is one.
    pub piece: Option<Piece>,
}

/// What is written at a place.
type Written = (String, Role, Option<Piece>);

/// Columns of the captions.
const CAPTION: usize = 9;
/// The widest column of a token.
const WIDEST: usize = 14;

/// How many columns a place takes.
fn columns_of(place: &Place) -> usize {
    let labels = std::iter::once(&place.given).chain(&place.asked);
    labels.map(|named| safe::width(&named.label)).max().unwrap_or(0).clamp(4, WIDEST) + 1
}

/// How many columns the places of a picture have together: beside the captions, between the box's two sides.
fn room_of(width: usize) -> usize {
    width.saturating_sub(CAPTION + 3)
}

/// The first place of a picture of this width that shows `piece`: as far to the left as that allows.
pub fn first_in_view(scene: &Scene, piece: Option<Piece>, width: usize) -> usize {
    let is_it = |place: &Place| {
        piece.is_some() && (Some(place.given.piece) == piece || place.asked.as_ref().map(|asked| asked.piece) == piece)
    };
    let stacks = [Some(&scene.first), scene.decoder.as_ref()];
    let (places, at) = stacks
        .into_iter()
        .flatten()
        .find_map(|places| Some((places, places.iter().position(is_it)?)))
        .unwrap_or((&scene.first, 0));
    let mut left = room_of(width);
    let fits = |place: &&Place| left.checked_sub(columns_of(place)).map(|rest| left = rest).is_some();
    let shown = places.iter().take(at + 1).rev().take_while(fits).count();
    at + 1 - shown.max(1)
}

/// The rows of a picture at most `width` columns wide, its first column the place `from`; then whether places are left out.
/// The decoder stands above the encoder that it looks at.
pub fn picture(scene: &Scene, from: usize, width: usize, language: Language) -> (Vec<Vec<Cell>>, bool) {
    let mut rows = Vec::new();
    let mut more = false;
    let mask = match Architecture::of(scene.objective) {
        Architecture::Permutation => "permutation".to_owned(),
        _ => scene.first_mask.to_string(),
    };
    if let Some(decoder) = &scene.decoder {
        let title = format!("{} · causal", Message::StackDecoder.text(language));
        more |= stack(&mut rows, &title, decoder, None, (from, width), language);
        let across = format!("{:>1$}╏ {2}", "", CAPTION + 4, Message::LooksAcross.text(language));
        rows.push(vec![Cell { text: safe::fit(&across, width), role: Role::Caption, piece: None }]);
        let title = format!("{} · {mask}", Message::StackEncoder.text(language));
        more |= stack(&mut rows, &title, &scene.first, None, (from, width), language);
    } else {
        let name = match Architecture::of(scene.objective) {
            Architecture::EncoderOnly => Message::StackEncoder,
            _ => Message::StackDecoder,
        };
        let title = format!("{} · {mask}", name.text(language));
        more |= stack(&mut rows, &title, &scene.first, scene.order.as_deref(), (from, width), language);
    }
    (rows, more)
}

fn stack(
    rows: &mut Vec<Vec<Cell>>,
    title: &str,
    places: &[Place],
    order: Option<&[usize]>,
    (from, width): (usize, usize),
    language: Language,
) -> bool {
    let room = room_of(width);
    let mut used = 0;
    let mut shown: Vec<(usize, &Place, usize)> = Vec::new();
    let start = from.min(places.len().saturating_sub(1));
    for (at, place) in places.iter().enumerate().skip(start) {
        let widest = columns_of(place);
        if used + widest > room {
            break;
        }
        used += widest;
        shown.push((at, place, widest));
    }
    let caption = |message: Message| Cell {
        text: format!("{} ", safe::left(&safe::fit(message.text(language), CAPTION), CAPTION)),
        role: Role::Caption,
        piece: None,
    };
    let blank = || Cell { text: " ".repeat(CAPTION + 1), role: Role::Frame, piece: None };
    let row = |first: Cell, cell: &dyn Fn(usize, &Place) -> Written| -> Vec<Cell> {
        let cells = shown.iter().map(|&(at, place, columns)| {
            let (text, role, piece) = cell(at, place);
            Cell { text: safe::centre(&safe::fit(&text, columns - 1), columns), role, piece }
        });
        std::iter::once(first).chain(cells).collect()
    };
    let named = |named: &Named, role| match named.piece {
        Piece::Token(_) => (named.label.clone(), role, Some(named.piece)),
        _ => (named.label.clone(), if role == Role::Token { Role::Sign } else { role }, Some(named.piece)),
    };
    if places.iter().any(|place| place.asked.is_some()) {
        let asked = |_, place: &Place| {
            place.asked.as_ref().map_or((String::new(), Role::Frame, None), |asked| named(asked, Role::Asked))
        };
        rows.push(row(caption(Message::ArchitectureAsked), &asked));
        if places.iter().any(|place| place.replaced.is_some()) {
            let chance = |_, place: &Place| {
                let chance = place.replaced.map_or_else(String::new, |chance| format!("{:.0}%", 100.0 * chance));
                (chance, Role::Token, None)
            };
            rows.push(row(caption(Message::ArchitectureReplaced), &chance));
        }
        if places.iter().any(|place| place.bits.is_some()) {
            let bits = |_, place: &Place| {
                // Four columns hold either.
                let written = |bits: f64| if bits < 9.995 { format!("{bits:.2}") } else { format!("{bits:.1}") };
                place.bits.map_or((String::new(), Role::Frame, None), |bits| (written(bits), Role::Bits(bits), None))
            };
            rows.push(row(caption(Message::ArchitectureBits), &bits));
        }
        let arrow = |_, place: &Place| (if place.asked.is_some() { "↑" } else { "" }.to_owned(), Role::Frame, None);
        rows.push(row(blank(), &arrow));
    }
    let inner = used.max(safe::width(title) + 2).min(room);
    let framed = |text: String| vec![blank(), Cell { text, role: Role::Frame, piece: None }];
    rows.push(framed(format!("╭{}╮", "─".repeat(inner))));
    let title = safe::left(&safe::fit(&format!(" {title}"), inner), inner);
    let sides = || Cell { text: "│".to_owned(), role: Role::Frame, piece: None };
    rows.push(vec![blank(), sides(), Cell { text: title, role: Role::Caption, piece: None }, sides()]);
    rows.push(framed(format!("╰{}╯", "─".repeat(inner))));
    rows.push(row(blank(), &|_, _| ("↑".to_owned(), Role::Frame, None)));
    rows.push(row(caption(Message::ArchitectureGiven), &|_, place| named(&place.given, Role::Token)));
    if places.iter().any(|place| place.positions.is_some()) {
        for (message, of) in [(Message::ArchitectureInText, 0), (Message::ArchitectureInBlank, 1)] {
            let number = |_, place: &Place| {
                let number = place.positions.map(|(text, blank)| [text, blank][of].to_string());
                (number.unwrap_or_default(), Role::Caption, None)
            };
            rows.push(row(caption(message), &number));
        }
    }
    if let Some(order) = order {
        let turn = |at: usize, _: &Place| {
            let turn = order.iter().position(|&place| place == at).map(|turn| (turn + 1).to_string());
            (turn.unwrap_or_default(), Role::Caption, None)
        };
        rows.push(row(caption(Message::ArchitectureTurn), &turn));
    }
    start > 0 || shown.len() < places.len()
}
