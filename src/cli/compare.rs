//! `lmscope compare`: how far two distributions are apart, at the end of a text or along it.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Compare};
use super::output::{Column, Output};
use super::session::{Given, Piece, Session};
use super::windows::Windows;
use super::{Failure, arguments, input};
use crate::lab::information::{Divergence, Surprisals, Total, Unit, first_difference};
use crate::lm::Distribution;
use crate::ui::{Message, safe};

#[derive(Serialize)]
struct Answer {
    p: Side,
    q: Side,
    vocabulary: &'static str,
    first_difference: Option<usize>,
    #[serde(flatten)]
    measures: Option<Measures>,
    compared: Option<usize>,
    tokens: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    along: Option<Vec<Place>>,
}

/// One of the two, and what the text costs under it where only that can be compared.
#[derive(Serialize)]
struct Side {
    model: String,
    temperature: f64,
    #[serde(flatten)]
    cost: Option<Cost>,
}

#[derive(Serialize)]
struct Cost {
    scored: usize,
    bits: f64,
    bits_per_byte: f64,
    bits_per_character: f64,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "JSON names say the unit")]
struct Measures {
    entropy_p_bits: f64,
    entropy_q_bits: f64,
    cross_entropy_pq_bits: f64,
    cross_entropy_qp_bits: f64,
    kl_pq_bits: f64,
    kl_qp_bits: f64,
    js_bits: f64,
    identity_error_bits: f64,
}

/// A token that tells the two apart.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    piece: Piece,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<f64>,
    kl_pq_bits: f64,
    kl_qp_bits: f64,
    js_bits: f64,
}

/// What is measured before a token of the text.
#[derive(Serialize)]
struct Place {
    index: usize,
    #[serde(flatten)]
    piece: Piece,
    surprisal_p_bits: f64,
    surprisal_q_bits: f64,
    #[serde(flatten)]
    measures: Measures,
}

impl From<Divergence> for Measures {
    fn from(of: Divergence) -> Self {
        Self {
            entropy_p_bits: of.entropy_p,
            entropy_q_bits: of.entropy_q,
            cross_entropy_pq_bits: of.cross_pq,
            cross_entropy_qp_bits: of.cross_qp,
            kl_pq_bits: of.kl_pq,
            kl_qp_bits: of.kl_qp,
            js_bits: of.js,
            identity_error_bits: of.identity_error(),
        }
    }
}

/// What was found over all places that were compared.
struct Found {
    sum: Divergence,
    compared: usize,
    rows: Vec<Row>,
    along: Option<Vec<Place>>,
}

pub(super) fn run(
    common: &Common,
    options: &Compare,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if options.with.is_none() && options.temperature.is_none() && options.other.is_none() {
        return Err(Failure::NothingToCompare);
    }
    let text = options.source.text.as_deref().map(|text| input::text_or_file(text, stdin)).transpose()?;
    let mut p = Session::open(common)?;
    let mut q = match &options.with {
        Some(with) => Some(Session::open(&Common { named_model: Some(arguments::spec(with)), ..common.clone() })?),
        None => None,
    };
    let [warm_p, warm_q] = options.temperature.unwrap_or([1.0, 1.0]);
    let given = p.given(&options.source, text)?;
    let side =
        |session: &Session, temperature: f64| Side { model: session.model.name.clone(), temperature, cost: None };
    let mut sides = [side(&p, warm_p), side(q.as_ref().unwrap_or(&p), warm_q)];
    let unit = if options.nats { Unit::Nats } else { Unit::Bits };
    let first = q.as_ref().and_then(|q| difference(&p, q));
    let found = match (first, q.as_mut()) {
        (Some(first), Some(q)) => {
            let text = given.text.as_deref().filter(|_| given.ids.len() > 1);
            let text = text.ok_or(Failure::OtherVocabulary(first))?;
            let theirs = q.given(&options.source, Some(text.to_owned()))?;
            sides[0].cost = Some(cost(&mut p, &given, text, warm_p)?);
            sides[1].cost = Some(cost(q, &theirs, text, warm_q)?);
            None
        }
        (_, q) if options.along => Some(along(&mut p, q, &given, [warm_p, warm_q], options.top)?),
        (_, q) => Some(at_end(&mut p, q, &given, options, [warm_p, warm_q])?),
    };
    let [side_p, side_q] = sides;
    let sum = found.as_ref().map(|found| found.sum);
    let answer = Answer {
        p: side_p,
        q: side_q,
        vocabulary: if first.is_some() { "different" } else { "same" },
        first_difference: first,
        measures: sum.map(Measures::from),
        compared: found.as_ref().map(|found| found.compared),
        along: None,
        tokens: None,
    };
    if common.json {
        let (tokens, along) = found.map_or((None, None), |found| (Some(found.rows), found.along));
        return output.json(&Answer { tokens, along, ..answer });
    }
    print(&p, &answer, found, options.along, unit, output)
}

/// The first id that the vocabularies of two models do not share.
fn difference(p: &Session, q: &Session) -> Option<usize> {
    let sizes = [p, q].map(|session| session.model.engine.config.vocabulary);
    let pieces = match (&p.model.tokenizer, &q.model.tokenizer) {
        (Some(p), Some(q)) => first_difference(p, q).map(|id| id as usize),
        (None, None) => None,
        _ => Some(0),
    };
    pieces.or_else(|| (sizes[0] != sizes[1]).then(|| sizes[0].min(sizes[1])))
}

fn at_end(
    p: &mut Session,
    q: Option<&mut Session>,
    given: &Given,
    options: &Compare,
    [warm_p, warm_q]: [f64; 2],
) -> Result<Found, Failure> {
    let last = |session: &mut Session, ids: &[u32]| {
        if ids.is_empty() {
            return Err(Failure::NothingGiven);
        }
        let positions = session.begin(ids)?;
        let distribution = session.distributions(&positions[positions.len() - 1..])?.pop();
        distribution.ok_or(Failure::NothingGiven)
    };
    let first = last(p, &given.ids)?;
    let second = {
        let q = q.unwrap_or(&mut *p);
        let ids = match &options.other {
            Some(other) => q.encode(other, options.source.special)?,
            None => given.ids.clone(),
        };
        last(q, &ids)?
    };
    let (first, second) = (Surprisals::at(&first, warm_p), Surprisals::at(&second, warm_q));
    let sum = measure(&first, &second)?;
    let row = |id: u32| {
        let [kl_pq_bits, kl_qp_bits, js_bits] = Divergence::terms(&first, &second, id);
        let (own, other) = (Some(first.probability(id)), Some(second.probability(id)));
        Row { piece: p.piece(id), p: own, q: other, kl_pq_bits, kl_qp_bits, js_bits }
    };
    let rows = Divergence::telling(&first, &second, options.top).into_iter().map(row).collect();
    Ok(Found { sum, compared: 1, rows, along: None })
}

fn measure(p: &Surprisals, q: &Surprisals) -> Result<Divergence, Failure> {
    Divergence::of(p, q).map_err(|apart| Failure::OtherVocabulary(apart.p.min(apart.q)))
}

/// The two before each token of the text but the first.
fn along(
    p: &mut Session,
    mut q: Option<&mut Session>,
    given: &Given,
    warmth: [f64; 2],
    top: usize,
) -> Result<Found, Failure> {
    let context = |session: &Session| session.model.engine.config.context;
    let context = q.as_ref().map_or(usize::MAX, |q| context(q)).min(context(p));
    let mut sum = Divergence::default();
    let mut terms: Vec<[f64; 3]> = Vec::new();
    let mut places = Vec::new();
    let mut take = |index: usize, first: &Distribution, second: &Distribution| -> Result<(), Failure> {
        let (first, second) = (Surprisals::at(first, warmth[0]), Surprisals::at(second, warmth[1]));
        let measured = measure(&first, &second)?;
        sum = sum.plus(&measured);
        terms.resize(first.bits().len(), [0.0; 3]);
        for (id, terms) in terms.iter_mut().enumerate() {
            let own = Divergence::terms(&first, &second, id as u32);
            terms.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        let at = |surprisals: &Surprisals| surprisals.bits().get(given.ids[index] as usize).copied();
        places.push((index, measured, at(&first).unwrap_or(f64::INFINITY), at(&second).unwrap_or(f64::INFINITY)));
        Ok(())
    };
    for (start, first, end) in Windows::new(context, None, None)?.spans(given.ids.len()) {
        let seen = &given.ids[start..end - 1];
        let own = p.extend(&[], seen)?;
        let theirs = q.as_mut().map(|q| q.extend(&[], seen)).transpose()?;
        for at in first - 1..seen.len() {
            let one = p.distributions(&own[at..=at])?;
            let other = match (q.as_mut(), &theirs) {
                (Some(q), Some(theirs)) => Some(q.distributions(&theirs[at..=at])?),
                _ => None,
            };
            if let (Some(first), Some(second)) = (one.first(), other.as_ref().unwrap_or(&one).first()) {
                take(start + at + 1, first, second)?;
            }
        }
    }
    if places.is_empty() {
        return Err(Failure::NothingToScore);
    }
    let mut ids: Vec<u32> = (0..terms.len() as u32).collect();
    ids.sort_by(|a, b| terms[*b as usize][2].total_cmp(&terms[*a as usize][2]));
    let row = |&id: &u32| {
        let [kl_pq_bits, kl_qp_bits, js_bits] = terms[id as usize];
        Row { piece: p.piece(id), p: None, q: None, kl_pq_bits, kl_qp_bits, js_bits }
    };
    let rows = ids.iter().take(top).map(row).collect();
    let compared = places.len();
    let place = |(index, measured, surprisal_p_bits, surprisal_q_bits): (usize, Divergence, f64, f64)| Place {
        index,
        piece: p.piece(given.ids[index]),
        surprisal_p_bits,
        surprisal_q_bits,
        measures: measured.into(),
    };
    Ok(Found { sum, compared, rows, along: Some(places.into_iter().map(place).collect()) })
}

/// What a text costs under a model whose vocabulary the other has not.
fn cost(session: &mut Session, given: &Given, text: &str, temperature: f64) -> Result<Cost, Failure> {
    let windows = Windows::new(session.model.engine.config.context, None, None)?;
    let mut total = Total::default();
    windows.walk(session, &given.ids, &mut |index, distribution| {
        let surprisals = Surprisals::at(distribution, temperature);
        total.add(surprisals.bits().get(given.ids[index] as usize).copied().unwrap_or(f64::INFINITY));
        Ok(())
    })?;
    let bits = total.bits();
    let (bytes, characters) = (text.len() as f64, text.chars().count() as f64);
    Ok(Cost { scored: total.count(), bits, bits_per_byte: bits / bytes, bits_per_character: bits / characters })
}

fn print(
    session: &Session,
    answer: &Answer,
    found: Option<Found>,
    along: bool,
    unit: Unit,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let name = match unit {
        Unit::Bits => Message::CliBits,
        Unit::Nats => Message::Nats,
    };
    let said = name.text(output.language);
    let number = |bits: f64| format!("{:.6}", unit.of(bits));
    for (letter, side) in [("p", &answer.p), ("q", &answer.q)] {
        output.say(Message::CliSide, &[&letter, &safe::visible(&side.model), &side.temperature])?;
    }
    let Some(found) = found else {
        output.say(Message::CliComparedOnText, &[&answer.first_difference.unwrap_or(0)])?;
        for (letter, side) in [("p", &answer.p), ("q", &answer.q)] {
            let Some(cost) = &side.cost else { continue };
            let costs = [cost.bits, cost.bits_per_byte, cost.bits_per_character].map(number);
            output.say(Message::CliTextBits, &[&letter, &costs[0], &said, &costs[1], &costs[2]])?;
        }
        return Ok(());
    };
    if along {
        output.say(Message::CliAlong, &[&found.compared])?;
    }
    output.line("")?;
    let sum = found.sum;
    let rows = [
        ("H(p)", sum.entropy_p),
        ("H(q)", sum.entropy_q),
        ("H(p,q)", sum.cross_pq),
        ("H(q,p)", sum.cross_qp),
        ("KL(p‖q)", sum.kl_pq),
        ("KL(q‖p)", sum.kl_qp),
        ("JS(p,q)", sum.js),
    ];
    let rows: Vec<Vec<String>> =
        rows.iter().map(|(what, bits)| vec![(*what).to_owned(), number(*bits), said.to_owned()]).collect();
    output.rows(&rows)?;
    output.say(Message::CliIdentity, &[&format!("{:.1e}", unit.of(sum.identity_error()))])?;
    if found.rows.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let small = |p: Option<f64>| p.map_or_else(String::new, |p| super::output::probability(p as f32));
    let rows: Vec<Vec<String>> = found
        .rows
        .iter()
        .map(|row| {
            let id = row.piece.id;
            let terms = [row.kl_pq_bits, row.kl_qp_bits, row.js_bits].map(number);
            let [pq, qp, js] = terms;
            vec![id.to_string(), session.label(id), small(row.p), small(row.q), pq, qp, js]
        })
        .collect();
    let columns = [
        Column::Right(Message::CliId),
        Column::Left(Message::CliToken),
        Column::Right(Message::CliP),
        Column::Right(Message::CliQ),
        Column::Right(Message::CliKlPq),
        Column::Right(Message::CliKlQp),
        Column::Right(Message::CliJs),
    ];
    output.table(&columns, &rows)
}
