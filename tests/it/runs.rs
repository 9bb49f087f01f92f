//! Runs on the command line: stages, saved, replayed, held to an expression.

use super::command_line::{failed, json, list, run, temporary};

const PROMPT: &str = "Once upon a time, there was a little girl who";

#[test]
fn every_stage_is_printed_with_what_it_left_and_where_the_number_fell() {
    let answer = json(&[
        "generate",
        PROMPT,
        "--steps",
        "2",
        "--stages",
        "5",
        "--temperature",
        "0.7",
        "--top-k",
        "3",
        "--seed",
        "4",
    ]);
    assert_eq!(answer["pipeline"], "temperature=0.7 top-k=3");
    for step in list(&answer, "steps") {
        let stages = list(step, "stages");
        assert_eq!(stages.iter().map(|stage| stage["survivors"].as_u64()).collect::<Vec<_>>(), [Some(2048), Some(3)]);
        let sum: f64 = list(&stages[1], "tokens").iter().filter_map(|token| token["probability"].as_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "the three that are left have all the probability");
        let (random, stretch) = (step["random"].as_f64().expect("r"), list(step, "stretch"));
        assert!(stretch[0].as_f64() <= Some(random) && Some(random) < stretch[1].as_f64());
    }
    let text = run(&["generate", PROMPT, "--steps", "1", "--stages", "3", "--top-k", "2"]).output;
    assert!(text.contains("top-k=2") && text.contains('×') && text.contains("fell on"), "{text}");
}

#[test]
fn a_run_is_replayed_choice_by_choice_and_another_model_or_a_changed_file_is_refused() {
    let file = temporary("run.json");
    let path = file.to_str().expect("a path");
    let settings = ["--temperature", "0.9", "--stage", "dry=0.8", "--stage", "xtc=0.5:0.05", "--stage", "mirostat=4"];
    let made = json(&[&["generate", PROMPT, "--steps", "12", "--seed", "5", "--tree", path], &settings[..]].concat());
    let again = json(&["generate", "--replay", path]);
    assert_eq!((&again["text"], &again["replayed"], &again["seed"]), (&made["text"], &true.into(), &5.into()));
    assert!(failed(&["generate", "--replay", path, "--model", "poems"], 1).contains("stories made this run"));

    let text = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(&file, text.replacen("\"seed\": 5", "\"seed\": 6", 1)).expect("written");
    let ran = run(&["generate", "--replay", path]);
    assert_eq!(ran.code, 1);
    assert!(ran.errors.contains("another from token"), "{}", ran.errors);
    std::fs::write(&file, &text[..text.len() / 2]).expect("written");
    assert!(failed(&["generate", "--replay", path], 1).contains("is no saved run"));
    std::fs::remove_file(&file).expect("a file");
    assert!(failed(&["generate", "--replay", path], 1).contains(path));
}

#[test]
fn a_run_is_written_for_reading_and_nothing_else_is_written_over() {
    for (ending, sign) in [("md", "| 1 | `"), ("cast", "\"version\":2")] {
        let file = temporary(&format!("run.{ending}"));
        let path = file.to_str().expect("a path");
        json(&["generate", PROMPT, "--steps", "3", "--tree", path]);
        assert!(std::fs::read_to_string(&file).expect("a file").contains(sign), "{ending}");
        json(&["generate", PROMPT, "--steps", "2", "--tree", path]);
        std::fs::write(&file, "my diary").expect("written");
        let ran = run(&["generate", PROMPT, "--steps", "2", "--tree", path]);
        assert!(ran.code == 1 && ran.errors.contains("choose another name"), "{}", ran.errors);
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "my diary");
        std::fs::remove_file(&file).expect("a file");
    }
    let ran = run(&["generate", PROMPT, "--steps", "1", "--tree", "run.txt"]);
    assert!(ran.code == 1 && ran.errors.contains(".json"), "{}", ran.errors);
}

#[test]
fn a_text_that_has_to_match_an_expression_matches_it() {
    for seed in ["1", "2", "3"] {
        let answer = json(&[
            "generate",
            PROMPT,
            "--steps",
            "40",
            "--seed",
            seed,
            "--temperature",
            "1.5",
            "--stage",
            "match=\" (loved|hated) (cats|dogs|[0-9]{3})[.]\"",
        ]);
        let text = answer["text"].as_str().expect("a text");
        let (verb, thing) = text.trim_start().split_once(' ').expect("two words");
        let thing = thing.get(..thing.find('.').expect("a full stop")).expect("before it");
        assert!(["loved", "hated"].contains(&verb), "{text}");
        let number = thing.len() == 3 && thing.bytes().all(|byte| byte.is_ascii_digit());
        assert!(["cats", "dogs"].contains(&thing) || number, "{text}");
    }
    for (wrong, says) in [("match=\"(\"", "regular expression"), ("match=\"[^\\\\s\\\\S]\"", "no text matches")] {
        assert!(failed(&["generate", PROMPT, "--stage", wrong], 2).contains(says), "{wrong}");
    }
    assert!(failed(&["generate", PROMPT, "--stage", "ban=\"qqqqq\""], 2).contains("qqqqq"));
}

#[test]
fn the_order_of_the_stages_is_that_of_the_program_that_is_named() {
    let order = |order: &str| {
        let answer = json(&[
            "generate",
            PROMPT,
            "--steps",
            "1",
            "--temperature",
            "0.5",
            "--top-k",
            "9",
            "--stage",
            "repetition=1.2",
            "--order",
            order,
        ]);
        answer["pipeline"].as_str().expect("a pipeline").to_owned()
    };
    assert_eq!(order("hf"), "repetition=1.2 temperature=0.5 top-k=9");
    assert_eq!(order("llama.cpp"), "repetition=1.2 top-k=9 temperature=0.5");
}
