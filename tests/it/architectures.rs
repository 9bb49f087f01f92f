//! Architectures on a sentence: what is given and asked adds up, and what the open model needs is what it needs elsewhere.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use lmscope::hub::Surroundings;
use lmscope::lab::architectures::{
    Architecture, OBJECTIVES, Scene, ask, can_ask, families, first_in_view, picture, scene,
};
use lmscope::lab::masks::objective::Piece;
use lmscope::lm::blueprint::{Objective, Stacks};
use lmscope::lm::{Distribution, FAMILIES, Workspace};
use lmscope::model::{self, EMBEDDED, Model, Spec};
use lmscope::ui::{Language, safe};

use crate::command_line::temporary;

const SENTENCE: &str = " there was a little dog who ran to the park and saw a big red ball";

fn stories() -> Model {
    model::open(&Spec::Embedded(EMBEDDED[0])).expect("the embedded model opens")
}

fn tokens(model: &Model) -> Vec<u32> {
    model.tokenizer.as_ref().expect("a tokenizer").encode_ids(SENTENCE)
}

/// The places of the sentence that are given, and those that are asked for, with their spans' signs left out.
fn places(scene: &Scene) -> (Vec<usize>, Vec<usize>) {
    let at = |piece: Piece| match piece {
        Piece::Token(at) => Some(at),
        _ => None,
    };
    let given = scene.first.iter().filter_map(|place| at(place.given.piece)).collect();
    let asked = scene.asked().filter_map(|place| at(place.asked.as_ref()?.piece)).collect();
    (given, asked)
}

#[test]
fn every_family_is_trained_on_an_objective_of_the_list_and_stands_in_its_architecture() {
    for family in FAMILIES {
        let blueprint = (family.typical)();
        assert!(OBJECTIVES.contains(&blueprint.objective), "{}", family.name);
        assert!(families(blueprint.objective).contains(&family.name));
        let two = Architecture::of(blueprint.objective) == Architecture::EncoderDecoder;
        assert_eq!(two, blueprint.stacks == Stacks::EncoderDecoder, "{}", family.name);
    }
    let all: BTreeSet<&str> = OBJECTIVES.iter().flat_map(|&objective| families(objective)).collect();
    assert_eq!(all.len(), FAMILIES.len());
}

#[test]
fn what_is_cut_out_of_a_sentence_is_what_is_asked_for() {
    let model = stories();
    let tokens = tokens(&model);
    for seed in 0..20 {
        for objective in [Objective::SpanCorruption, Objective::BlankFilling] {
            let scene = scene(&model, &tokens, objective, seed);
            let (mut given, mut asked) = places(&scene);
            // GLM's blanks are given again where they are filled in, one token later each.
            if objective == Objective::BlankFilling {
                given.retain(|at| !asked.contains(at));
            }
            assert_eq!(asked.len(), (tokens.len() as f64 * 0.15).round() as usize, "{objective:?}");
            given.append(&mut asked);
            given.sort_unstable();
            assert_eq!(given, (0..tokens.len()).collect::<Vec<_>>(), "{objective:?} {seed}");
        }
        let (_, asked) = places(&scene(&model, &tokens, Objective::Denoising, seed));
        assert_eq!(asked, (0..tokens.len()).collect::<Vec<_>>());
    }
}

#[test]
fn the_open_model_needs_for_the_next_tokens_what_its_distributions_say() {
    let model = stories();
    let tokens = tokens(&model);
    let mut workspace = Workspace::new(2);
    let mut scene = scene(&model, &tokens, Objective::NextToken, 0);
    assert!(can_ask(&model, &scene));
    ask(&model, &mut scene, &mut workspace, &|| true).expect("it runs");
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let before = tokenizer.template().0;
    let all = [before, &tokens].concat();
    let mask = &model.engine.blueprint.mask;
    let path = model.engine.extend(&[], &all, mask, &mut workspace, &|| true).expect("it runs");
    let logits = model.engine.logits(&path, &mut workspace).expect("a head");
    let rows: Vec<&[f32]> = logits.chunks(model.engine.config.vocabulary).collect();
    for (at, place) in scene.first.iter().enumerate() {
        let asked = tokens.get(at + 1).copied().or(tokenizer.eos()).expect("an end");
        let bits = Distribution::new(rows[before.len() + at].to_vec()).expect("numbers").surprisal_bits(asked);
        assert_eq!(place.bits, Some(bits));
    }
    let sum: f64 = scene.first.iter().filter_map(|place| place.bits).sum();
    assert_eq!(scene.bits(), Some(sum));
}

#[test]
fn a_model_is_not_asked_what_it_was_not_trained_on() {
    let model = stories();
    let tokens = tokens(&model);
    for objective in OBJECTIVES.into_iter().filter(|&objective| objective != Objective::NextToken) {
        let mut scene = scene(&model, &tokens, objective, 0);
        assert!(!can_ask(&model, &scene));
        ask(&model, &mut scene, &mut Workspace::new(1), &|| true).expect("nothing is run");
        assert_eq!(scene.bits(), None);
    }
}

#[test]
fn a_picture_is_no_wider_than_its_room_and_says_when_places_are_left_out() {
    let model = stories();
    let tokens = tokens(&model);
    for objective in OBJECTIVES {
        let scene = scene(&model, &tokens, objective, 3);
        // 17 tokens of at least five columns have no room in 80.
        for width in [30, 52, 80, 400] {
            let (rows, more) = picture(&scene, 0, width, Language::English);
            for row in &rows {
                let columns: usize = row.iter().map(|cell| safe::width(&cell.text)).sum();
                assert!(columns <= width, "{objective:?} {width}: {row:?}");
            }
            let places = scene.first.len() + scene.decoder.as_ref().map_or(0, Vec::len) + scene.asked().count();
            let shown = rows.iter().flatten().filter(|cell| cell.piece.is_some()).count();
            assert_eq!(more, shown < places, "{objective:?} {width}");
            assert_eq!(more, width < 400, "{objective:?} {width}");
        }
    }
}

#[test]
fn the_selected_token_is_in_the_picture_at_any_width() {
    let model = stories();
    let tokens = tokens(&model);
    for objective in OBJECTIVES {
        let scene = scene(&model, &tokens, objective, 3);
        for width in [30, 52, 80, 400] {
            for at in 0..tokens.len() {
                let piece = Piece::Token(at);
                let from = first_in_view(&scene, Some(piece), width);
                let stands = |start| picture(&scene, start, width, Language::English).0;
                let shows = |start| stands(start).iter().flatten().any(|cell| cell.piece == Some(piece));
                // What was cut out or exchanged stands nowhere.
                let stands_somewhere = (0..tokens.len() + 8).any(shows);
                assert_eq!(shows(from), stands_somewhere, "{objective:?} {width} {at}");
                assert!(width < 400 || from == 0);
            }
        }
    }
}

#[test]
fn models_of_the_cache_are_found_with_their_family() {
    let folder = temporary("architectures-cache");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for (name, settings) in [
        ("models--google--mini", r#"{"model_type":"bert"}"#),
        ("models--other--strange", r#"{"model_type":"unheard-of"}"#),
        ("models--other--damaged", "{"),
    ] {
        let model = folder.join("hub").join(name);
        fs::create_dir_all(model.join("refs")).expect("made");
        fs::write(model.join("refs/main"), commit).expect("written");
        let snapshot = model.join("snapshots").join(commit);
        fs::create_dir_all(&snapshot).expect("made");
        fs::write(snapshot.join("config.json"), settings).expect("written");
    }
    let home = folder.as_os_str().to_owned();
    let surroundings = Surroundings::read(&|name| (name == "HF_HOME").then(|| -> OsString { home.clone() }));
    let found = model::found(surroundings.cache.as_deref());
    let cached: Vec<(&str, &str)> =
        found.iter().filter(|one| one.spec.starts_with("hf:")).map(|one| (&*one.spec, one.family)).collect();
    assert_eq!(cached, [("hf:google/mini", "BERT")]);
    assert_eq!(found.len(), EMBEDDED.len() + 1);
}
