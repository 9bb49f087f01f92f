//! `lmscope tokenize`: steps, reasons, changes of the vocabulary.

use serde_json::Value;

use crate::command_line::{failed, json, list, run};

fn texts(answer: &Value) -> Vec<String> {
    list(answer, "tokens").iter().map(|token| token["text"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn every_change_that_is_named_does_what_it_says_when_it_is_given_back() {
    let mut given = 0;
    for name in ["bpe", "wordpiece", "unigram", "stories", "poems"] {
        for text in ["lowest newest", "unhappiness", "床前明月光"] {
            for at in 1..text.len() {
                let at = at.to_string();
                let line = ["tokenize", text, "--tokenizer", name];
                let answer = json(&[&line[..], &["--why", &at]].concat());
                for flip in list(&answer["why"], "flips").iter().take(2) {
                    let changes = list(flip, "changes").iter();
                    let options: Vec<&str> = changes
                        .flat_map(|change| {
                            [
                                change["option"].as_str().expect("an option"),
                                change["argument"].as_str().expect("an argument"),
                            ]
                        })
                        .collect();
                    let changed = json(&[&line[..], &options].concat());
                    assert_eq!(texts(&changed), texts(flip), "{name} {text} {at} {options:?}");
                    given += 1;
                }
            }
        }
    }
    assert!(given > 100, "{given}");
}

#[test]
fn the_steps_have_their_numbers_in_json_and_their_sentences_as_text() {
    let answer = json(&["tokenize", "lowest", "--tokenizer", "bpe", "--steps"]);
    let merges: Vec<&Value> = list(&answer, "steps").iter().filter(|step| step["step"] == "merge").collect();
    let ranks: Vec<u64> = merges.iter().map(|step| step["merge"]["rank"].as_u64().expect("a rank")).collect();
    assert!(ranks.len() >= 3 && merges.iter().all(|step| step["merge"]["joined"]["id"].is_u64()), "{ranks:?}");
    for step in &merges {
        let rank = step["merge"]["rank"].as_u64().expect("a rank");
        assert!(list(step, "others").iter().all(|other| other["rank"].as_u64().expect("a rank") >= rank));
    }
    let answer = json(&["tokenize", "床前明月光", "--tokenizer", "unigram", "--steps"]);
    let route = list(&answer, "steps").iter().find(|step| step["step"] == "route").expect("a route");
    let [best, second] = ["best", "second"].map(|of| route[of]["log_probability"].as_f64().expect("a number"));
    assert!((route["difference"].as_f64().expect("a number") - (best - second)).abs() < 1e-12);
    let ran = run(&["tokenize", "lowest", "--tokenizer", "wordpiece", "--steps"]);
    assert!(ran.output.contains("is the longest piece here"), "{}", ran.output);
    let long = "a ".repeat(40_000);
    assert!(failed(&["tokenize", &long, "--steps"], 2).contains("80000"));
}

#[test]
fn reasons_are_told_in_both_languages_and_bad_changes_are_refused() {
    let ran = run(&["tokenize", "lowest newest", "--tokenizer", "bpe", "--why", "6"]);
    assert!(ran.output.contains("cut into words here"), "{}", ran.output);
    assert!(ran.output.contains("no change of the vocabulary turns that round"), "{}", ran.output);
    let ran = run(&["tokenize", "lowest newest", "--tokenizer", "unigram", "--why", "2", "--lang", "zh"]);
    assert!(ran.output.contains("纳特"), "{}", ran.output);
    assert!(failed(&["tokenize", "ab", "--why", "2"], 2).contains("choose 1 to 1"));
    for (option, argument, told) in [
        ("--without-merge", "zzzz t", "no piece"),
        ("--with-merge", "low", "two pieces"),
        ("--with-piece", "low", "add the merge"),
        ("--without-piece", "l", "merging starts"),
    ] {
        let said = failed(&["tokenize", "low", "--tokenizer", "bpe", option, argument], 2);
        assert!(said.contains(told), "{said}");
    }
    failed(&["tokenize", "low", "--tokenizer", "bpe", "--method", "longest", "--steps"], 2);
    // A new piece has the id behind the last.
    let answer =
        json(&["tokenize", "xqzxqz", "--tokenizer", "wordpiece", "--with-piece", "xqz", "--with-piece", "##xqz"]);
    let ids: Vec<u64> = list(&answer, "tokens").iter().map(|token| token["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids, [4000, 4001]);
}
