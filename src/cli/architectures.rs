//! `lmscope architectures`: who sees whom, and what is asked, on one sentence.

use std::io::Read;

use serde::Serialize;

use super::Failure;
use super::arguments::{Architectures, Common};
use super::output::Output;
use super::session::Session;
use crate::hub::Surroundings;
use crate::lab::architectures::{self, Architecture, OBJECTIVES, Place, Scene};
use crate::lab::masks::objective::Piece;
use crate::model::{self, Found};

/// Columns of a picture.
const WIDTH: usize = 110;
/// The most tokens that are made an example of.
const MOST: usize = 256;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    objective: &'a str,
    architectures: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    architecture: &'static str,
    /// Whose tokens and bits these are: the open model's, or those of a built-in one that was trained on this.
    model: String,
    objective: &'static str,
    mask: String,
    families: Vec<&'static str>,
    found: Vec<String>,
    input: Vec<Stood>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoder: Option<Vec<Stood>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<usize>>,
    /// What the model needs for everything that is asked, where it was trained on this.
    bits: Option<f64>,
}

#[derive(Serialize)]
struct Stood {
    given: String,
    id: Option<u32>,
    place: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<f64>,
    /// How likely the model takes it to be a replaced token, where it tells them.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<f64>,
    /// The position in the text and that in the blank, where a token has two.
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<(usize, usize)>,
    /// What stood there before another token took its place, and the model that drew that; chance did where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drawn_by: Option<String>,
}

pub(super) fn run(
    common: &Common,
    options: &Architectures,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let wanted = |architecture: Architecture| options.only.as_deref().is_none_or(|only| only == architecture.name());
    let objectives: Vec<_> = OBJECTIVES.into_iter().filter(|&one| wanted(Architecture::of(one))).collect();
    let text = Session::text(&options.source, stdin)?;
    let mut session = Session::open(common)?;
    let given = session.given(&options.source, text)?;
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    if given.ids.len() > MOST {
        return Err(Failure::TooManyTokens(given.ids.len(), MOST));
    }
    let model = std::sync::Arc::clone(&session.model);
    let found = model::found(Surroundings::of_process().cache.as_deref());
    let mut scenes = Vec::new();
    for objective in objectives {
        let instead = architectures::stand_in(&model, &given.ids, objective);
        let (asked, ids) = instead.as_ref().map_or((&*model, &given.ids), |(model, ids)| (model, ids));
        let mut scene = architectures::scene(asked, ids, objective, common.seed);
        architectures::exchange(asked, ids, &mut scene, common.seed, &mut session.workspace, &|| true)
            .and_then(|()| architectures::ask(asked, &mut scene, &mut session.workspace, &|| true))
            .map_err(|error| super::masks::refused(&session, error))?;
        scenes.push(scene);
    }
    if common.json {
        let architectures = scenes.into_iter().map(|scene| shown(scene, &found)).collect();
        let objective = model.engine.blueprint.objective.name();
        return output.json(&Answer { model: &model.name, objective, architectures });
    }
    let mut last = None;
    for scene in &scenes {
        let architecture = Architecture::of(scene.objective);
        if last != Some(architecture) {
            output.line(&format!("{} · {}", architecture.name(), architecture.message().text(common.language)))?;
            last = Some(architecture);
        }
        let (name, asks) = (common.language.term(scene.objective.name()), architectures::asks(scene.objective));
        output.line(&format!("{name} · {}", asks.text(common.language)))?;
        let (rows, more) = architectures::picture(scene, 0, WIDTH, common.language);
        for row in rows {
            let line: String = row.into_iter().map(|cell| cell.text).collect();
            output.line(line.trim_end())?;
        }
        if more {
            output.line("…")?;
        }
        for sentence in architectures::said(scene, &model, &found, common.language) {
            output.line(&sentence)?;
        }
        output.line("")?;
    }
    Ok(())
}

fn shown(scene: Scene, found: &[Found]) -> Shown {
    let of_kind = found.iter().filter(|found| architectures::trained_on(found.objective, scene.objective));
    let bits = scene.bits();
    let stood = |places: Vec<Place>| -> Vec<Stood> { places.into_iter().map(stood).collect() };
    let mut input = stood(scene.first);
    for exchange in scene.exchanged {
        if let Some(place) = input.get_mut(exchange.place) {
            (place.original, place.drawn_by) = (Some(exchange.stood), exchange.by);
        }
    }
    Shown {
        architecture: Architecture::of(scene.objective).name(),
        model: scene.model,
        objective: scene.objective.name(),
        mask: scene.first_mask.to_string(),
        families: architectures::families(scene.objective),
        found: of_kind.map(|found| found.spec.clone()).collect(),
        input,
        decoder: scene.decoder.map(stood),
        order: scene.order,
        bits,
    }
}

fn stood(place: Place) -> Stood {
    Stood {
        place: match place.given.piece {
            Piece::Token(at) | Piece::Replaced(at, _) => Some(at),
            _ => None,
        },
        given: place.given.label,
        id: place.given.id,
        asked: place.asked.map(|asked| asked.label),
        bits: place.bits,
        replaced: place.replaced,
        positions: place.positions,
        original: None,
        drawn_by: None,
    }
}
