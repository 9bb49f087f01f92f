//! Architectures on a sentence: what is given and asked adds up, and what the open model needs is what it needs elsewhere.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use lmscope::hub::Surroundings;
use lmscope::lab::architectures::{
    Architecture, OBJECTIVES, Scene, ask, can_ask, exchange, families, first_in_view, picture, said, scene,
};
use lmscope::lab::masks::objective::{Piece, two_positions};
use lmscope::lm::blueprint::{Objective, Stacks};
use lmscope::lm::{Distribution, FAMILIES, Workspace};
use lmscope::model::{self, EMBEDDED, Model, Spec};
use lmscope::ui::{Language, safe};

use crate::command_line::{json, list, run, temporary};

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

/// Du et al. 2021, figure 2: of x1 … x6 the spans x3 and x5 x6 are cut out, and the second comes first.
#[test]
fn a_blank_s_tokens_have_the_two_positions_of_the_paper() {
    use Piece::{Mask, Start, Token};
    let input = [Token(0), Token(1), Mask, Token(3), Mask, Start, Token(4), Token(5), Start, Token(2)];
    let (text, blank): (Vec<_>, Vec<_>) = two_positions(&input).into_iter().unzip();
    assert_eq!(text, [1, 2, 3, 4, 5, 5, 5, 5, 3, 3]);
    assert_eq!(blank, [0, 0, 0, 0, 0, 1, 2, 3, 1, 2]);
}

#[test]
fn what_no_family_here_was_trained_on_says_what_to_open_instead() {
    let answer = json(&["architectures", "Once upon a time there was a dog", "--only", "prefix"]);
    let blanks = &answer["architectures"][0];
    assert!(blanks["families"].as_array().expect("families").is_empty());
    assert!(blanks["input"].as_array().expect("places").iter().all(|place| place["positions"].is_array()));
    let said = run(&["architectures", "Once upon a time there was a dog", "--only", "prefix"]).output;
    assert!(said.contains("open a ChatGLM2, ChatGLM3 or GLM-4"), "{said}");
    assert!(!said.contains("hf:owner/name"), "{said}");
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
        // 17 tokens of at least five columns have no room in 80; the half that a translation's source is has.
        let room = if objective == Objective::Translation { 80 } else { 400 };
        for width in [30, 52, 80, 400] {
            let (rows, more) = picture(&scene, 0, width, Language::English);
            for row in &rows {
                let columns: usize = row.iter().map(|cell| safe::width(&cell.text)).sum();
                assert!(columns <= width, "{objective:?} {width}: {row:?}");
            }
            let places = scene.first.len() + scene.decoder.as_ref().map_or(0, Vec::len) + scene.asked().count();
            let shown = rows.iter().flatten().filter(|cell| cell.piece.is_some()).count();
            assert_eq!(more, shown < places, "{objective:?} {width}");
            assert_eq!(more, width < room, "{objective:?} {width}");
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

/// Opens a folder of the fixtures, with this tokenizer beside it where one is given.
fn fixture(name: &str, tokenizer: Option<&str>) -> Model {
    let of = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let Some(tokenizer) = tokenizer else { return model::open(&Spec::Path(of)).expect("it opens") };
    let folder = temporary(&format!("architectures-{name}"));
    fs::create_dir_all(&folder).expect("made");
    for file in ["config.json", "model.safetensors"] {
        fs::copy(of.join(file), folder.join(file)).expect("copied");
    }
    fs::write(folder.join("tokenizer.json"), tokenizer).expect("written");
    model::open(&Spec::Path(folder)).expect("it opens")
}

fn asked(model: &Model, tokens: &[u32], objective: Objective) -> Scene {
    let mut workspace = Workspace::new(1);
    let mut scene = scene(model, tokens, objective, 0);
    exchange(model, tokens, &mut scene, 0, &mut workspace, &|| true).expect("it runs");
    ask(model, &mut scene, &mut workspace, &|| true).expect("it runs");
    scene
}

/// A vocabulary of 110 words, the last three of them GLM's signs; a text is words with spaces between them.
fn glm_tokenizer(signs: [&str; 3]) -> String {
    let words = (0..107).map(|id| format!("\u{2581}w{id}")).chain(signs.map(str::to_owned));
    let vocabulary: Vec<_> = words.map(|word| serde_json::json!([word, -1.0])).collect();
    let added: Vec<_> = (107..110)
        .zip(signs)
        .map(|(id, content)| serde_json::json!({ "id": id, "content": content, "special": true }))
        .collect();
    let metaspace = serde_json::json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always" });
    serde_json::json!({
        "added_tokens": added, "pre_tokenizer": metaspace, "decoder": metaspace,
        "model": { "type": "Unigram", "unk_id": 0, "vocab": vocabulary },
    })
    .to_string()
}

#[test]
fn a_glm_is_asked_for_all_of_the_text_as_one_blank_behind_its_signs() {
    for sop in ["<sop>", "sop"] {
        let model = fixture("glm", Some(&glm_tokenizer(["[gMASK]", sop, "<|endoftext|>"])));
        assert_eq!(model.engine.blueprint.objective, Objective::LongBlank);
        let tokens = model.tokenizer.as_ref().expect("a tokenizer").encode_ids("w10 w17 w23 w42 w8 w31");
        assert_eq!(tokens, [10, 17, 23, 42, 8, 31]);
        let scene = asked(&model, &tokens, Objective::LongBlank);
        let given: Vec<&str> = scene.first.iter().take(3).map(|place| &*place.given.label).collect();
        assert_eq!(given[..2], ["[gMASK]", sop]);
        assert_eq!(scene.first[0].bits, None);
        // Minus log2 of what transformers 5.24 (GlmForCausalLM, float32) says behind [107, 108, 10, 17, 23, 42, 8, 31].
        let expected = [6.9436, 9.89371, 11.56566, 12.17447, 10.4844, 8.70256];
        let bits: Vec<f64> = scene.first[1..].iter().filter_map(|place| place.bits).collect();
        assert!(bits.len() >= expected.len());
        for (bits, expected) in bits.iter().zip(expected) {
            assert!((bits - expected).abs() < 1e-3, "{bits} {expected}");
        }
        let words = said(&scene, &model, &[], Language::English).join("\n");
        assert!(words.contains("families: GLM, ChatGLM") && words.contains("bits for the"), "{words}");
    }
    let bare = fixture("glm", Some(&glm_tokenizer(["a", "b", "c"])));
    let scene = asked(&bare, &[10, 17], Objective::LongBlank);
    assert_eq!(scene.bits(), None);
    assert!(said(&scene, &bare, &[], Language::English).join("\n").contains("lacks what this needs"));
}

#[test]
fn an_electra_says_of_each_token_whether_it_was_replaced_as_transformers_does() {
    let model = fixture("electra-detector", None);
    let expected = fs::read("tests/fixtures/electra-detector/expected.json").expect("read");
    let expected: serde_json::Value = serde_json::from_slice(&expected).expect("JSON");
    let ids: Vec<u32> = list(&expected, "ids").iter().map(|id| id.as_u64().expect("an id") as u32).collect();
    let chances: Vec<f64> = list(&expected, "replaced").iter().map(|share| share.as_f64().expect("a number")).collect();
    let (engine, mut workspace) = (&model.engine, Workspace::new(1));
    let mask = &engine.blueprint.mask;
    let read = engine.extend(&[], &ids, mask, &mut workspace, &|| true).expect("it runs");
    for (found, expected) in engine.detect(&read, &mut workspace).expect("a detector").iter().zip(&chances) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
    let text = expected["text"].as_str().expect("a text");
    let tokens = model.tokenizer.as_ref().expect("a tokenizer").encode_ids(text);
    let scene = asked(&model, &tokens, Objective::ReplacedTokens);
    assert_eq!(scene.exchanged.len(), 2);
    for exchange in &scene.exchanged {
        let place = &scene.first[exchange.place];
        assert_ne!(place.given.label, exchange.stood);
        assert_eq!(place.bits, place.replaced.map(|chance| -chance.log2()));
    }
    let untouched = |at: &usize| scene.exchanged.iter().all(|exchange| exchange.place != *at);
    for at in (0..tokens.len()).filter(untouched) {
        let place = &scene.first[at];
        assert_eq!((&*place.given.label, place.given.id), (&*place.given.label, Some(tokens[at])));
        assert_eq!(place.bits, place.replaced.map(|chance| -(1.0 - chance).log2()));
    }
    let words = said(&scene, &model, &[], Language::English).join("\n");
    assert!(words.contains("drew the others: "), "{words}");
}

#[test]
fn an_electra_without_the_head_that_tells_says_that_it_lacks_it() {
    let settings = fs::read_to_string("tests/fixtures/electra-detector/tokenizer.json").expect("read");
    let folder = temporary("architectures-bare-electra");
    fs::create_dir_all(&folder).expect("made");
    let of = PathBuf::from("tests/fixtures/electra-detector");
    fs::copy(of.join("config.json"), folder.join("config.json")).expect("copied");
    fs::write(folder.join("tokenizer.json"), settings).expect("written");
    let bytes = fs::read(of.join("model.safetensors")).expect("read");
    let all = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let body = all.tensors().into_iter().filter(|(name, _)| !name.starts_with("discriminator_predictions"));
    safetensors::serialize_to_file(body, None, &folder.join("model.safetensors")).expect("written");
    let model = model::open(&Spec::Path(folder)).expect("it opens");
    let scene = asked(&model, &[5, 10, 13], Objective::ReplacedTokens);
    assert_eq!((model.engine.has_detector(), scene.bits()), (false, None));
    let words = said(&scene, &model, &[], Language::English).join("\n");
    assert!(words.contains("was saved without discriminator_predictions"), "{words}");
}

#[test]
fn a_built_in_model_draws_the_words_that_a_detector_has_to_find() {
    let model = stories();
    let tokens = tokens(&model);
    let mut from_vocabulary = 0;
    for seed in 0..8 {
        let mut scene = scene(&model, &tokens, Objective::ReplacedTokens, seed);
        exchange(&model, &tokens, &mut scene, seed, &mut Workspace::new(1), &|| true).expect("it runs");
        assert!(!scene.exchanged.is_empty());
        for drawn in &scene.exchanged {
            let given = &scene.first[drawn.place].given;
            if drawn.by.as_deref() == Some("cloze") {
                from_vocabulary += 1;
                assert_ne!(given.label, drawn.stood);
                assert_ne!(given.id, Some(tokens[drawn.place]));
                assert!(given.label.trim_start_matches('\u{2423}').chars().all(char::is_alphabetic), "{}", given.label);
            }
        }
    }
    // Every token of the sentence is a word of its own, all but a few.
    assert!(from_vocabulary > 12, "{from_vocabulary}");
}
