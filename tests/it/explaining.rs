//! `attention`, `lens`, `attribute` and `--intervene` as a person gives them.

use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value;

use crate::command_line::{failed, json, list, run, temporary};

const TEXT: &str = "Once upon a time there was a little girl named Lily";

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn file(name: &str) -> (String, std::path::PathBuf) {
    let path = temporary(name);
    (path.to_str().expect("a path").to_owned(), path)
}

#[test]
fn every_head_is_measured_and_sorted_by_what_was_asked_for() {
    let answer = json(&["attention", TEXT]);
    let heads = list(&answer, "heads");
    assert_eq!(heads.len(), 36);
    let places = |answer: &Value| -> Vec<(u64, u64)> {
        let place = |head: &Value| (head["layer"].as_u64().expect("a layer"), head["head"].as_u64().expect("a head"));
        list(answer, "heads").iter().map(place).collect()
    };
    for (key, measured) in [
        ("score", "/score"),
        ("previous", "/shares/previous"),
        ("first", "/shares/first"),
        ("same", "/shares/same"),
        ("induction", "/shares/induction"),
        ("local", "/shares/local"),
        ("uniform", "/shares/uniform"),
        ("entropy", "/entropy_bits"),
        ("distance", "/distance"),
        ("rank", "/effective_rank"),
    ] {
        let number = |head: &Value| head.pointer(measured).and_then(Value::as_f64).expect("a number");
        let greatest = json(&["attention", TEXT, "--sort", key]);
        assert!(list(&greatest, "heads").iter().rev().map(number).is_sorted(), "{key}");
        let least = json(&["attention", TEXT, "--sort", key, "--reverse"]);
        assert!(list(&least, "heads").iter().map(number).is_sorted(), "{key}");
        let (mut sorted, mut all) = (places(&greatest), places(&answer));
        assert_ne!(sorted, all, "{key}");
        sorted.sort_unstable();
        all.sort_unstable();
        assert_eq!(sorted, all, "{key}: the same heads");
    }
    for head in heads {
        let rank = head["effective_rank"].as_f64().expect("a number");
        assert!((1.0..=list(&answer, "tokens").len() as f64 + 1e-6).contains(&rank));
        assert!(head["habit"].is_string());
    }
}

#[test]
fn a_grid_of_attention_is_the_same_in_json_svg_and_png() {
    let answer = json(&["attention", TEXT, "--layer", "2", "--head", "3"]);
    let rows = list(&answer, "rows");
    let count = list(&answer, "tokens").len();
    assert_eq!(rows.len(), count);
    for (query, row) in rows.iter().enumerate() {
        let row = numbers(row);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!(row[query + 1..].iter().all(|weight| *weight == 0.0));
    }
    let (svg, path) = file("grid.svg");
    assert_eq!(run(&["attention", TEXT, "--layer", "2", "--head", "3", "-o", &svg]).code, 0);
    let drawn = std::fs::read_to_string(&path).expect("a picture");
    std::fs::remove_file(path).expect("removed");
    assert_eq!(drawn.matches("<rect ").count(), count * count);
    let shown = format!("{:.4}</title>", numbers(&rows[4])[2]);
    assert!(drawn.contains(&shown), "{shown}");
    let (png, path) = file("grid.png");
    assert_eq!(run(&["attention", TEXT, "--average", "-o", &png]).code, 0);
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).expect("a picture")));
    let reader = decoder.read_info().expect("a PNG");
    assert_eq!((reader.info().width as usize, reader.info().height as usize), (14 * count, 14 * count));
    std::fs::remove_file(path).expect("removed");
}

#[test]
fn averages_are_the_means_of_heads_and_rollout_keeps_every_row_whole() {
    let average = json(&["attention", TEXT, "--average", "--layer", "1"]);
    let heads: Vec<Value> =
        (0..6).map(|head| json(&["attention", TEXT, "--layer", "1", "--head", &head.to_string()])).collect();
    let mean: f64 = heads.iter().map(|head| numbers(&head["rows"][5])[2]).sum::<f64>() / 6.0;
    assert!((numbers(&average["rows"][5])[2] - mean).abs() < 1e-6);
    for row in list(&json(&["attention", TEXT, "--rollout"]), "rows") {
        assert!((numbers(row).iter().sum::<f64>() - 1.0).abs() < 1e-4);
    }
}

#[test]
fn the_steps_of_a_cell_lead_from_its_vectors_to_its_weight() {
    let answer = json(&["attention", TEXT, "--layer", "1", "--head", "2", "--cell", "6,3"]);
    let (q, k) = (numbers(&answer["q"]["after"]), numbers(&answer["k"]["after"]));
    let product: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
    let cell = &answer["row"][3];
    let number = |name: &str| cell[name].as_f64().expect("a number");
    assert!((number("product") - product).abs() < 1e-4 * product.abs().max(1.0));
    let greatest = answer["greatest"].as_f64().expect("a number");
    let weight = (number("score") - greatest).exp() / answer["sum"].as_f64().expect("a number");
    assert!((number("weight") - weight).abs() < 1e-5);
    let grid = json(&["attention", TEXT, "--layer", "1", "--head", "2"]);
    assert!((numbers(&grid["rows"][6])[3] - number("weight")).abs() < 1e-6);
    assert!(numbers(&answer["q"]["before"]) != q);
    assert_eq!(list(&answer, "written").len(), 192);
    let said = run(&["attention", TEXT, "--layer", "1", "--head", "2", "--cell", "6,9"]).output;
    assert!(said.contains("the mask hides this key"), "{said}");
}

#[test]
fn the_lens_ends_in_what_the_model_says_and_contributions_in_its_logit() {
    let lens = json(&["lens", TEXT, "--position", "5", "--top", "2"]);
    let layers = list(&lens["positions"][0], "layers");
    assert_eq!(layers.len(), 7);
    assert_eq!(layers[6]["choice_rank"], 1);
    assert_eq!(layers[6]["top"][0]["id"], lens["positions"][0]["choice"]["id"]);
    let attributed = json(&["attribute", TEXT, "--position", "5"]);
    assert_eq!(attributed["token"]["id"], lens["positions"][0]["choice"]["id"]);
    let sum: f64 = list(&attributed, "parts").iter().map(|part| part["logit"].as_f64().expect("a number")).sum();
    assert!((sum - attributed["logit"].as_f64().expect("a number")).abs() < 1e-3);
    let kinds = |kind: &str| list(&attributed, "parts").iter().filter(|part| part["part"] == kind).count();
    assert_eq!([kinds("embedding"), kinds("head"), kinds("feed_forward")], [1, 36, 6]);
}

#[test]
fn an_intervention_reaches_every_command_that_runs_the_model() {
    let of = |arguments: &[&str]| {
        let plain = json(arguments);
        let changed = json(&[arguments, &["--intervene", "layer:2", "--intervene", "head:1.0"]].concat());
        assert_ne!(plain, changed, "{arguments:?}");
        changed
    };
    assert_eq!(of(&["lens", TEXT])["interventions"], serde_json::json!(["layer:2", "head:1.0"]));
    of(&["attribute", TEXT]);
    of(&["attention", TEXT, "--layer", "3", "--head", "0"]);
    of(&["score", TEXT]);
    of(&["generate", TEXT, "--steps", "3", "--temperature", "0"]);
    let row = json(&["attention", TEXT, "--layer", "0", "--head", "0", "--ablate", "block:2"]);
    assert_eq!(numbers(&row["rows"][6])[2], 0.0);
    let patched = json(&["attribute", TEXT, "--intervene", "patch:2@4=\"The dog ran\"@1"]);
    assert!(patched["interventions"][0].as_str().expect("text").starts_with("patch:2@4="));
}

#[test]
fn a_trace_holds_the_layers_and_heads_that_were_asked_for() {
    let (name, path) = file("some.safetensors");
    let arguments = ["trace", TEXT, "--layers", "1..3", "--heads", "0,2", "--ablate", "attention:1", "-o", &name];
    let answer = json(&arguments);
    assert_eq!(answer["interventions"][0], "attention:1");
    let bytes = std::fs::read(&path).expect("a trace");
    std::fs::remove_file(path).expect("removed");
    let trace = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut names: Vec<&str> = trace.names().into_iter().collect();
    names.sort_unstable();
    let expected = [
        "attentions.1",
        "attentions.2",
        "hidden_states.1",
        "hidden_states.2",
        "hidden_states.3",
        "input_ids",
        "logits",
    ];
    assert_eq!(names, expected);
    assert_eq!(trace.tensor("attentions.2").expect("an array").shape()[0], 2);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let says = |arguments: &[&str], code: u8, part: &str| {
        let said = failed(arguments, code);
        assert!(said.contains(part), "{arguments:?}: {said}");
    };
    says(&["attention", TEXT, "--layer", "9"], 2, "there is no layer 9: the model has 6");
    says(&["attention", TEXT, "--layer", "1", "--head", "6"], 2, "there is no head 6 in layer 1");
    says(&["attention", TEXT, "--layer", "1", "--head", "2", "--cell", "1,99"], 2, "there is no position 99");
    says(&["attention", TEXT, "-o", "/tmp/grid.gif"], 2, "neither .svg nor .png");
    says(&["attention", TEXT, "--kind", "cross"], 1, "no encoder");
    says(&["lens", TEXT, "--position", "99"], 2, "there is no position 99");
    says(&["lens", TEXT, "--intervene", "head:3.9"], 2, "there is no head 9 in layer 3: the model has 6 heads");
    says(&["lens", TEXT, "--intervene", "block:99"], 2, "block:99 does not fit");
    says(&["lens", TEXT, "--intervene", "cell:1.1:2>5=0.5"], 2, "position 2 does not see position 5");
    says(&["attribute", TEXT, "--token", "hello world"], 2, "is 4 tokens");
    says(&["attribute", TEXT, "--token", "#99999"], 1, "99999");
    says(&["trace", TEXT, "--layers", "4..9", "-o", "/tmp/none.safetensors"], 2, "there is no layer 6");
    says(&["trace", TEXT, "--layers", "4..2", "-o", "/tmp/none.safetensors"], 2, "a range without its end");
    says(&["attention", "--qkv", "{\"q\":[[1]],\"k\":[[1,2]],\"v\":[[1]]}"], 2, "the width of k (2)");
    assert!(!Path::new("/tmp/grid.gif").exists());
}

#[test]
fn a_row_that_sees_nothing_is_empty_and_no_nan() {
    let forbidden: Vec<String> =
        (0..=3).flat_map(|key| ["--intervene".to_owned(), format!("forbid:1.2:3>{key}")]).collect();
    let forbidden: Vec<&str> = forbidden.iter().map(String::as_str).collect();
    let arguments = [&["attention", TEXT, "--layer", "1", "--head", "2"], forbidden.as_slice()].concat();
    assert!(numbers(&json(&arguments)["rows"][3]).iter().all(|weight| *weight == 0.0));
    assert!(run(&arguments).output.contains("row 3 sees nothing"));
    let own = run(&["attention", "--qkv", "{\"q\":[[1]],\"k\":[[1]],\"v\":[[1]],\"mask\":[[0]]}"]).output;
    assert!(own.contains("row 0 sees nothing") && !own.contains("NaN"), "{own}");
}

#[test]
fn the_first_token_is_pointed_out_where_heads_rest_on_it() {
    let said = run(&["attention", TEXT]).output;
    assert!(said.contains("of 36 heads give the first token more than 30 %"), "{said}");
    let said = run(&["attention", TEXT, "--layer", "5", "--head", "5"]).output;
    assert!(said.contains("attention sink"), "{said}");
    let said = run(&["attention", TEXT, "--layer", "3", "--head", "3"]).output;
    assert!(!said.contains("attention sink"), "{said}");
}

#[test]
fn a_run_that_was_generated_with_interventions_is_replayed_with_them() {
    let (name, path) = file("changed-run.json");
    let arguments =
        ["generate", TEXT, "--steps", "6", "--seed", "3", "--intervene", "layer:2", "--tree", name.as_str()];
    let made = json(&arguments);
    let replayed = json(&["generate", "--replay", &name]);
    assert_eq!(made["text"], replayed["text"]);
    let text = std::fs::read_to_string(&path).expect("a run");
    assert!(text.contains("layer:2"), "{text}");
    // Without them the same choices come out otherwise.
    std::fs::write(&path, text.replace("\"layer:2\"", "")).expect("written");
    let other = run(&["generate", "--replay", &name]);
    assert!(other.code == 1 && other.errors.contains("the run is another from token"), "{}", other.errors);
    std::fs::remove_file(path).expect("removed");
}
