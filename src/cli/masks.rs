//! `lmscope masks`: the same weights and text under one mask after another.

mod rank;
mod reuse;

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, Masks};
use super::output::{Column, Output};
use super::session::{Given, Piece, Session};
use crate::lab::masks::{self, Asked, Cost, Text, Told, TrialError, Way};
use crate::lm::explain::ExplainError;
use crate::lm::{AttentionKind, Mask};
use crate::ui::Message;
use crate::ui::safe;

/// The most tokens that are set side by side.
const MOST: usize = 256;
/// The most tokens whose grid is printed as text.
const GRID: usize = 48;
/// Columns of a token's label.
const LABEL: usize = 12;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    objective: &'a str,
    own: String,
    tokens: Vec<Piece>,
    layer: usize,
    head: usize,
    masks: Vec<Trial>,
}

#[derive(Serialize)]
struct Trial {
    mask: String,
    own: bool,
    way: Option<&'static str>,
    foretold: usize,
    bits: f64,
    bits_per_token: Option<f64>,
    peeked_bits_per_token: Option<f64>,
    own_bits_per_token: Option<f64>,
    kl_bits_per_token: Option<f64>,
    costs: Vec<Priced>,
    visible: Vec<Vec<bool>>,
    weights: Vec<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_weights: Option<Vec<Vec<f32>>>,
}

#[derive(Serialize)]
struct Priced {
    bits: Option<f64>,
    peeked: Option<f64>,
    kl: Option<f64>,
}

pub(super) fn run(
    common: &Common,
    options: &Masks,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
    let given = session.given(&options.source, text)?;
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    let source = match &options.given {
        Some(source) => session.encode(source, options.source.special)?,
        None => given.ids.clone(),
    };
    if options.rank {
        return rank::run(common, options, &mut session, &given, &source, output);
    }
    if let Some(added) = options.reuse {
        return reuse::run(common, added as usize, &mut session, &given.ids, output);
    }
    trials(common, options, &mut session, &given, &source, output)
}

fn trials(
    common: &Common,
    options: &Masks,
    session: &mut Session,
    given: &Given,
    source: &[u32],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let length = given.ids.len();
    if length > MOST {
        return Err(Failure::TooManyTokens(length, MOST));
    }
    session.model.engine.blueprint.attends_to_itself()?;
    let (layer, head) = place(session, options)?;
    let asked = if options.mask.is_empty() { Asked::ALL.to_vec() } else { options.mask.clone() };
    let asked: Result<Vec<Mask>, _> = asked.iter().map(|mask| mask.of(length, common.seed)).collect();
    let asked = asked.map_err(Failure::Mask)?;
    let model = std::sync::Arc::clone(&session.model);
    let (engine, hide) = (&model.engine, options.hide.or_else(|| model.mask()));
    let text = Text { tokens: &given.ids, source, hide };
    let way = Way::of(engine, hide);
    let foretell = |mask: &Mask, session: &mut Session| {
        masks::foretell(engine, text, mask, &mut session.workspace, &|| true, &mut |_| ())
    };
    let home = &engine.blueprint.mask;
    let own = foretell(home, session)?;
    let mut trials = Vec::new();
    let mut home_costs = None;
    for mask in asked {
        let other;
        let told = if mask == *home {
            &own
        } else {
            other = foretell(&mask, session)?;
            &other
        };
        let costs = if way.is_some() {
            masks::costs(engine, &given.ids, told, &own, &mut session.workspace, &|| true)
                .map_err(|error| refused(session, error))?
        } else {
            Vec::new()
        };
        if home_costs.is_none() && way.is_some() {
            let costs = masks::costs(engine, &given.ids, &own, &own, &mut session.workspace, &|| true);
            home_costs = Some(costs.map_err(|error| refused(session, error))?);
        }
        let mut trial = trial(session, &mask, mask == *home, way, told, &costs, (layer, head));
        trial.own_bits_per_token = home_costs.as_deref().and_then(|home| masks::alike(home, &costs));
        trials.push(trial);
    }
    let answer = Answer {
        model: &model.name,
        objective: engine.blueprint.objective.name(),
        own: home.to_string(),
        tokens: given.ids.iter().map(|&id| session.piece(id)).collect(),
        layer,
        head,
        masks: trials,
    };
    if common.json { output.json(&answer) } else { print(session, given, &answer, output) }
}

/// Why a trial gave nothing, to be told.
pub(super) fn refused(session: &Session, error: TrialError) -> Failure {
    match error {
        TrialError::Forward(error) => error.into(),
        TrialError::NotFinite(logit) => session.model.explain(logit, &|| true).into(),
    }
}

/// The layer and head that were asked for, from 0.
fn place(session: &Session, options: &Masks) -> Result<(usize, usize), Failure> {
    let shape = session.model.engine.config.main();
    let (layer, head) = (options.layer, options.head);
    if layer >= shape.layers {
        return Err(ExplainError::Layer { layer, layers: shape.layers }.into());
    }
    if head >= shape.heads {
        return Err(ExplainError::Head { layer, head, heads: shape.heads }.into());
    }
    Ok((layer, head))
}

fn trial(
    session: &Session,
    mask: &Mask,
    own: bool,
    way: Option<Way>,
    told: &Told,
    costs: &[Cost],
    (layer, head): (usize, usize),
) -> Trial {
    let engine = &session.model.engine;
    let length = told.path.len() - told.before;
    let rows = |kind| -> Vec<Vec<f32>> {
        let row = |at: usize| {
            let row = engine.attention(&told.path, &told.mask, kind, layer, head, told.before + at);
            row.into_iter().skip(told.before).collect()
        };
        (0..length).map(row).collect()
    };
    let total = masks::total(costs);
    let second = engine.has_query_stream().then(|| rows(AttentionKind::QueryStream));
    let shown = mask.of_layer(layer);
    Trial {
        mask: mask.to_string(),
        own,
        way: way.map(|way| match way {
            Way::Next => "next",
            Way::Hidden => "hidden",
            Way::Query => "query",
        }),
        foretold: total.count(),
        bits: total.bits(),
        bits_per_token: (total.count() > 0).then(|| total.mean()),
        peeked_bits_per_token: masks::peeked(costs).map(|total| total.mean()),
        own_bits_per_token: None,
        kl_bits_per_token: masks::divergence(costs),
        costs: costs.iter().map(|&Cost { bits, peeked, divergence: kl }| Priced { bits, peeked, kl }).collect(),
        visible: (0..length).map(|query| (0..length).map(|key| shown.visible(query, key)).collect()).collect(),
        weights: rows(AttentionKind::Own),
        query_weights: second.filter(|rows| rows.iter().flatten().any(|weight| *weight > 0.0)),
    }
}

fn print(session: &Session, given: &Given, answer: &Answer<'_>, output: &mut Output<'_>) -> Result<(), Failure> {
    let language = output.language;
    let trained = [answer.model, &language.term(answer.objective), answer.own.as_str()];
    output.say(Message::MaskTrained, &[&safe::visible(trained[0]), &trained[1], &trained[2]])?;
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let row = |trial: &Trial| {
        let way = match trial.way {
            Some("next") => Message::MaskWayNext,
            Some("hidden") => Message::MaskWayHidden,
            Some(_) => Message::MaskWayQuery,
            None => Message::MaskWayNone,
        };
        vec![
            if trial.own { Message::MaskOwn.say(language, &[&trial.mask]) } else { safe::fit(&trial.mask, 40) },
            way.text(language).to_owned(),
            trial.foretold.to_string(),
            number(trial.bits_per_token),
            number(trial.own_bits_per_token),
            number(trial.peeked_bits_per_token),
            number(trial.kl_bits_per_token),
        ]
    };
    let columns = [
        Column::Left(Message::MaskName),
        Column::Left(Message::MaskWay),
        Column::Right(Message::MaskForetold),
        Column::Right(Message::MaskBitsPerToken),
        Column::Right(Message::MaskOwnSame),
        Column::Right(Message::MaskPeeked),
        Column::Right(Message::MaskApart),
    ];
    output.table(&columns, &answer.masks.iter().map(row).collect::<Vec<_>>())?;
    let foretold = answer.masks.iter().any(|trial| trial.way.is_some());
    output.say(if foretold { Message::MaskForeign } else { Message::MaskNothing }, &[])?;
    if answer.masks.iter().any(|trial| trial.peeked_bits_per_token.is_some()) {
        output.say(Message::MaskPeeks, &[])?;
    }
    output.line("")?;
    let labels: Vec<String> =
        given.ids.iter().map(|&id| safe::left(&safe::fit(&label(session, id), LABEL), LABEL)).collect();
    let names: Vec<String> = answer.masks.iter().map(|trial| safe::right(&safe::fit(&trial.mask, 14), 14)).collect();
    output.line(&format!("{}  {}", " ".repeat(LABEL), names.join("  ")))?;
    for (at, label) in labels.iter().enumerate() {
        let cell = |trial: &Trial| {
            let cost = trial.costs.get(at);
            let bits = number(cost.and_then(|cost| cost.bits));
            let mark = if cost.is_some_and(|cost| cost.peeked.is_some()) { "*" } else { "" };
            safe::right(&format!("{mark}{bits}"), 14)
        };
        output.line(&format!("{label}  {}", answer.masks.iter().map(cell).collect::<Vec<_>>().join("  ")))?;
    }
    if labels.len() > GRID {
        return Ok(());
    }
    for trial in &answer.masks {
        output.line("")?;
        output.say(Message::MaskGrid, &[&safe::fit(&trial.mask, 40), &answer.layer, &answer.head])?;
        for (at, label) in labels.iter().enumerate() {
            let seen: String = trial.visible[at].iter().map(|seen| if *seen { '■' } else { '·' }).collect();
            let weights = shades(&trial.weights[at]);
            let none = if trial.visible[at].contains(&true) { "" } else { Message::MaskSeesNothing.text(language) };
            output.line(format!("{label}  {seen}  {weights} {none}").trim_end())?;
        }
        let Some(query) = &trial.query_weights else { continue };
        output.say(Message::MaskStreams, &[&safe::fit(&trial.mask, 40), &answer.layer, &answer.head])?;
        for (at, label) in labels.iter().enumerate() {
            let none = query[at].iter().all(|weight| *weight == 0.0);
            let none = if none { Message::MaskSeesNothing.text(language) } else { "" };
            let line = format!("{label}  {}  {} {none}", shades(&trial.weights[at]), shades(&query[at]));
            output.line(line.trim_end())?;
        }
    }
    Ok(())
}

/// The token as a person reads it; its number where there is no tokenizer.
fn label(session: &Session, id: u32) -> String {
    if session.model.tokenizer.is_some() { session.label(id) } else { format!("#{id}") }
}

/// A row of weights, a column each: from nothing to 1 by shade.
fn shades(weights: &[f32]) -> String {
    let shade = |weight: &f32| match *weight {
        w if w <= 0.0 => '·',
        w if w < 0.05 => ' ',
        w if w < 0.25 => '░',
        w if w < 0.5 => '▒',
        w if w < 0.75 => '▓',
        _ => '█',
    };
    weights.iter().map(shade).collect()
}
