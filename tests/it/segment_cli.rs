//! `lmscope segment`: steps, reasons, words given on the line, gold.

use lmscope::text::Hmm;

use crate::command_line::{failed, json, list, run, temporary};

fn words(answer: &serde_json::Value) -> String {
    let words: Vec<&str> = list(answer, "words").iter().filter_map(|word| word["text"].as_str()).collect();
    words.join("/")
}

#[test]
fn words_given_on_the_line_change_the_cut() {
    let cut = |more: &[&str]| words(&json(&[&["segment", "研究生命起源", "--method", "fmm"], more].concat()));
    assert_eq!(cut(&[]), "研究生/命/起源");
    assert_eq!(cut(&["--word", "研究生:0"]), "研究/生命/起源");
    assert_eq!(cut(&["--word", "研究生命"]), "研究生命/起源");
    assert_eq!(cut(&["--word", "研究生命", "--word", "研究生命:0"]), "研究生/命/起源");
    for bad in ["", "a b:1", "研究:1x", "研究:", "a\u{1b}:1"] {
        failed(&["segment", "研究", "--word", bad], 2);
    }
    let full = failed(&["segment", "研究", "--word", "研究:18446744073709551615"], 2);
    assert!(full.contains("2^64"), "{full}");
}

#[test]
fn the_steps_are_told_and_in_json_they_have_their_numbers() {
    let ran = run(&["segment", "研究生命起源", "--method", "bimm", "--steps"]);
    assert!(ran.output.contains("研究生 is the longest word that begins here"), "{}", ran.output);
    assert!(ran.output.contains("1 single characters from the left, 0 from the right"), "{}", ran.output);
    let answer = json(&["segment", "南京市长江大桥", "--steps"]);
    let steps = list(&answer, "steps");
    assert_eq!(steps.len(), 9, "one for each character, the route, the words");
    let route = &steps[7];
    assert_eq!(route["best"]["words"], serde_json::json!(["南京市", "长江大桥"]));
    let difference = route["difference"].as_f64().expect("a number");
    let [best, second] =
        ["best", "second"].map(|route_of| route[route_of]["log_probability"].as_f64().expect("a number"));
    assert!((best - second - difference).abs() < 1e-12 && difference > 0.0);
    let tagged = json(&["segment", "他来到了网易杭研大厦", "--method", "hmm", "--steps"]);
    let tags = list(&tagged, "steps").iter().find(|step| step["step"] == "tags").expect("tags");
    assert_eq!((tags["text"].as_str(), tags["tags"].as_str()), (Some("杭研"), Some("BE")));
    let long = "字".repeat(30_000);
    assert!(failed(&["segment", &long, "--steps"], 2).contains("90000"));
}

#[test]
fn the_reasons_name_a_change_that_works() {
    let answer = json(&["segment", "研究生命起源", "--why", "9"]);
    for method in list(&answer["why"], "methods") {
        let name = method["method"].as_str().expect("a name");
        let flips = list(method, "flips");
        assert!(!flips.is_empty(), "{name}");
        for flip in flips {
            let edits = list(flip, "edits").iter().flat_map(|edit| {
                let word = format!("{}:{}", edit["word"].as_str().expect("a word"), edit["to"]);
                ["--word".to_owned(), word]
            });
            let edits: Vec<String> = edits.collect();
            let line = ["segment", "研究生命起源", "--method", name].into_iter().map(str::to_owned);
            let line: Vec<String> = line.chain(edits).collect();
            let cut = words(&json(&line.iter().map(String::as_str).collect::<Vec<_>>()));
            let told: Vec<&str> = list(flip, "words").iter().filter_map(serde_json::Value::as_str).collect();
            assert_eq!(cut, told.join("/"));
        }
    }
    assert!(failed(&["segment", "研究", "--why", "1"], 2).contains("0 to 3"));
    assert!(failed(&["segment", "研究", "--why", "6"], 2).contains("1 to 5"));
}

#[test]
fn a_file_of_gold_is_compared_and_another_text_is_refused_by_line() {
    let path = temporary("gold");
    std::fs::write(&path, "研究 生命 起源\n他 来到 了 网易 杭研 大厦\n").expect("a file");
    let gold = path.to_str().expect("a path");
    let answer = json(&["segment", "--gold", gold]);
    assert_eq!((answer["sentences"].as_u64(), answer["words"].as_u64()), (Some(2), Some(9)));
    let f1 = |method: usize| list(&answer, "methods")[method]["f1"].as_f64().expect("a number");
    assert_eq!((f1(0), f1(4)), (2.0 * 6.0 / 19.0, 1.0));
    let text = run(&["segment", "--gold", gold]).output;
    assert!(text.contains("OOV recall"), "{text}");
    let other = failed(&["segment", "研究生命起源他来了", "--gold", gold], 1);
    assert!(other.contains("line 2"), "{other}");
    std::fs::remove_file(path).expect("remove");
}

#[test]
fn a_counted_model_cuts_and_a_bad_one_is_refused() {
    let path = temporary("hmm");
    let name = path.to_str().expect("a path");
    std::fs::write(&path, Hmm::train(["杭 研", "研 杭"]).to_json()).expect("a file");
    let answer = json(&["segment", "网易杭研", "--method", "hmm", "--hmm", name]);
    assert_eq!(words(&answer), "网易/杭/研");
    std::fs::write(&path, "{\"kind\": 1}").expect("a file");
    let error = failed(&["segment", "a", "--method", "hmm", "--hmm", name], 1);
    assert!(error.contains(name) && error.contains("line 1"), "{error}");
    std::fs::remove_file(path).expect("remove");
}

#[test]
fn a_run_of_letters_is_cut_into_english_words() {
    assert_eq!(words(&json(&["segment", "itwasabrightcoldday"])), "it/was/a/bright/cold/day");
    assert_eq!(words(&json(&["segment", "itwasabrightcoldday", "--dictionary", "zh"])), "itwasabrightcoldday");
    assert_eq!(words(&json(&["segment", "cold day", "--dictionary", "en", "--method", "fmm"])), "cold/ /day");
}

#[test]
fn a_word_that_a_dictionary_lists_twice_is_said() {
    let path = temporary("twice");
    std::fs::write(&path, "研究 1\n生命 2\n研究 3\n").expect("a file");
    let name = path.to_str().expect("a path");
    let answer = json(&["segment", "研究", "--dictionary", name]);
    assert_eq!(answer["repeated"], serde_json::json!({"lines": 1, "line": 3, "word": "研究"}));
    assert!(run(&["segment", "研究", "--dictionary", name]).output.contains("line 3 (研究)"));
    std::fs::remove_file(path).expect("remove");
}
