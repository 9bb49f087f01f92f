//! The built-in models of each kind, against what the package of one says, and what a kind's own masks promise.

use lmscope::lab::architectures::{ask, scene, stand_in};
use lmscope::lab::masks::objective::Piece;
use lmscope::lab::masks::{Text, costs, foretell, total};
use lmscope::lm::blueprint::{Objective, Stacks};
use lmscope::lm::{Mask, Workspace};
use lmscope::model::{self, EMBEDDED, Model, Source, Spec};

use crate::command_line::{json, list, run};

const SENTENCE: &str = "once upon a time there was a little girl named lily. she loved to play with her dog in the park. \
    one day she saw a big red ball. she was very happy";

const STORY: &str = "Once upon a time, there was a little girl named Lily. She loved to play with her dog in the park. One day, \
    she saw a big red ball. She was very happy and ran to get it.";

fn open(name: &str) -> Model {
    model::open(&Spec::new(name.as_ref())).expect("a built-in model")
}

/// The mean cost of a token of the sentence under a mask, in bits.
fn mean(model: &Model, mask: &Mask) -> f64 {
    let tokens = model.tokenizer().expect("a tokenizer").encode_ids(SENTENCE);
    let text = Text { tokens: &tokens, source: &[], hide: model.mask() };
    let mut workspace = Workspace::new(1);
    let told = foretell(&model.engine, text, mask, &mut workspace, &|| true, &mut |_| ()).expect("a pass");
    let costs = costs(&model.engine, &tokens, &told, &told, &mut workspace, &|| true).expect("costs");
    total(&costs).mean()
}

fn length(model: &Model) -> usize {
    model.tokenizer().expect("a tokenizer").encode_ids(SENTENCE).len()
}

#[test]
fn there_is_a_built_in_model_of_each_kind_and_none_needs_a_file() {
    let models: Vec<Model> =
        EMBEDDED.iter().map(|model| model::open(&Spec::Embedded(model)).expect("it opens")).collect();
    assert!(models.iter().all(|model| model.source == Source::Embedded));
    for stacks in [Stacks::Decoder, Stacks::Encoder, Stacks::EncoderDecoder] {
        assert!(models.iter().any(|model| model.engine.blueprint.stacks == stacks), "{stacks:?}");
    }
    let objectives = models.iter().map(|model| model.engine.blueprint.objective).collect::<Vec<_>>();
    for objective in [
        Objective::NextToken,
        Objective::Unified,
        Objective::SpanCorruption,
        Objective::Denoising,
        Objective::Permutation,
    ] {
        assert!(objectives.contains(&objective), "{objective:?}");
    }
}

#[test]
fn the_built_in_encoder_fills_in_better_under_its_own_masks_than_under_a_foreign_one() {
    let model = open("cloze");
    let n = length(&model);
    let backwards = mean(&model, &Mask::Permutation((0..n).rev().collect()));
    for own in [Mask::Bidirectional, Mask::Causal, Mask::SeqToSeq(n / 2)] {
        let bits = mean(&model, &own);
        assert!(bits < backwards, "{own}: {bits} {backwards}");
        // A vocabulary of 2,048 equally likely tokens: 11 bits. How often each stands in stories alone: 7.9 bits.
        assert!(bits < 5.5, "{own}: {bits}");
    }
}

#[test]
fn the_built_in_permutation_model_needs_less_for_a_token_the_more_it_has_seen() {
    let model = open("orders");
    let n = length(&model);
    let scattered = Mask::Permutation((0..n).map(|turn| turn * 17 % n).collect());
    let (all, some) = (mean(&model, &Mask::Bidirectional), mean(&model, &scattered));
    assert!(all < some && some < 6.5, "{all} {some}");
    assert!(mean(&model, &Mask::Causal) < 6.5);
}

#[test]
fn the_built_in_encoder_and_decoder_spells_as_its_package_does() {
    // What the package's own weights, in float32, say in Hugging Face's transformers.
    for (word, sounds) in [
        ("transformer", "tɹænsfˈɔɹməɹ"),
        ("pendent", "pˈɛndᵊnt"),
        ("crafty", "kɹˈæfti"),
        ("beggar", "bˈɛɡəɹ"),
        ("hurt", "hˈɜɹt"),
        ("official", "əfˈɪʃᵊl"),
        ("unbelieved", "ʌnbᵻlˈivd"),
        ("minds", "mˈIndz"),
        ("roundly", "ɹˈWndli"),
        ("measles", "mˈizᵊlz"),
        ("fantastical", "fæntˈæstɪkᵊl"),
        ("avouches", "əvˈWʧᵻz"),
    ] {
        let common = ["generate", "--model", "spelling", "--special", "--temperature", "0", "--steps", "40"];
        let answer = json(&[&common[..], &[word]].concat());
        let said = list(&answer, "steps").iter().map(|step| step["text"].as_str().expect("a text"));
        let spelled: String = said.filter(|text| !text.starts_with('<')).collect();
        assert_eq!(spelled, sounds, "{word}");
    }
}

#[test]
fn what_a_model_reads_without_the_tokens_around_its_texts_is_said_to_lack_them() {
    for (model, framed) in [("spelling", "<s> … </s>"), ("spans", "… </s>")] {
        let arguments = ["generate", "--model", model, "--temperature", "0", "--steps", "4", "cat"];
        let note = format!("this model was trained with texts as {framed}; --special adds these tokens");
        let (without, with) = (run(&arguments), run(&[&arguments[..], &["--special"]].concat()));
        assert_eq!((without.code, with.code), (0, 0), "{}{}", without.errors, with.errors);
        assert!(without.output.contains(&note), "{}", without.output);
        assert!(!with.output.contains("--special"), "{}", with.output);
    }
}

#[test]
fn the_built_in_model_of_spans_computes_what_transformers_computes() {
    let model = open("spans");
    let reference = std::fs::read("tests/fixtures/spans.json").expect("read");
    let reference: serde_json::Value = serde_json::from_slice(&reference).expect("JSON");
    let ids =
        |key: &str| -> Vec<u32> { list(&reference, key).iter().map(|id| id.as_u64().expect("an id") as u32).collect() };
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let source = reference["source"].as_str().expect("a text");
    let tokens: Vec<u32> = tokenizer.encode_special(source).iter().map(|token| token.id).collect();
    assert_eq!(tokens, ids("ids"));
    let mut workspace = Workspace::new(1);
    let path = model.engine.encode(&tokens, &mut workspace, &|| true).expect("it reads");
    let decoder = ids("decoder");
    let (given, mask) = (&decoder[..decoder.len() - 1], &model.engine.blueprint.mask);
    let said = model.engine.extend(&path, given, mask, &mut workspace, &|| true).expect("it says");
    let logits = model.engine.logits(&said, &mut workspace).expect("a head");
    for ((row, expected), next) in logits.chunks(2048).zip(list(&reference, "logits")).zip(&decoder[1..]) {
        for (id, expected) in ids("of").iter().zip(expected.as_array().expect("numbers")) {
            let found = f64::from(row[*id as usize]);
            assert!((found - expected.as_f64().expect("a number")).abs() < 1e-3, "{found} {expected}");
        }
        let likeliest = (0..2048_u32).max_by(|a, b| row[*a as usize].total_cmp(&row[*b as usize]));
        assert_eq!(likeliest, Some(*next));
    }
}

#[test]
fn the_built_in_model_of_spans_says_what_stood_there_better_than_frequencies_do() {
    let model = open("spans");
    let tokens = model.tokenizer().expect("a tokenizer").encode_ids(STORY);
    let (mut bits, mut count) = (0.0, 0);
    for seed in 0..20 {
        let mut scene = scene(&model, &tokens, Objective::SpanCorruption, seed);
        ask(&model, &mut scene, &mut Workspace::new(1), &|| true).expect("it runs");
        let words =
            scene.asked().filter(|place| matches!(place.asked.as_ref().map(|it| it.piece), Some(Piece::Token(_))));
        let words: Vec<f64> = words.filter_map(|place| place.bits).collect();
        (bits, count) = (bits + words.iter().sum::<f64>(), count + words.len());
    }
    // How often each stands in stories alone: 8.2 bits.
    let mean = bits / f64::from(u32::try_from(count).expect("few"));
    assert!(count > 100 && mean < 4.2, "{mean}");
}

#[test]
fn the_built_in_model_of_spans_fills_them_in_by_writing() {
    for (text, filled) in [
        ("Tom was sad because <extra_id_0>. His mom gave him a hug.", "he"),
        ("Once upon a time, there was a <extra_id_0> who lived in a big house. The end.", "little"),
    ] {
        let common = ["generate", "--model", "spans", "--special", "--temperature", "0", "--steps", "12"];
        let answer = json(&[&common[..], &[text]].concat());
        let said: String = list(&answer, "steps").iter().map(|step| step["text"].as_str().expect("a text")).collect();
        let span = said.split("<extra_id_0>").nth(1).and_then(|rest| rest.split("<extra_id_1>").next());
        assert!(span.is_some_and(|span| span.contains(filled)), "{said}");
    }
}

#[test]
fn a_built_in_model_of_the_kind_answers_where_the_open_one_was_trained_on_something_else() {
    let open = open("stories");
    let tokens = open.tokenizer().expect("a tokenizer").encode_ids("there was a little dog who ran to the park");
    for (objective, name) in [
        (Objective::MaskedTokens, "cloze"),
        (Objective::Unified, "cloze"),
        (Objective::SpanCorruption, "spans"),
        (Objective::Permutation, "orders"),
    ] {
        let (model, tokens) = stand_in(&open, &tokens, objective).expect("one of the kind");
        assert_eq!(model.name, name);
        let mut scene = scene(&model, &tokens, objective, 0);
        ask(&model, &mut scene, &mut Workspace::new(1), &|| true).expect("it runs");
        assert_eq!(scene.asked().filter(|place| place.bits.is_none()).count(), 0);
        let each = scene.bits().expect("bits") / scene.asked().count() as f64;
        assert!(each < (model.engine.config.vocabulary as f64).log2(), "{objective:?}: {each}");
    }
    assert!(stand_in(&open, &tokens, Objective::NextToken).is_none());
    let chinese = open.tokenizer().expect("a tokenizer").encode_ids("床前明月光");
    assert!(stand_in(&open, &chinese, Objective::MaskedTokens).is_none());
}
