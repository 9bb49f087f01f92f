//! `lmscope train-tokenizer`: steps, files, and what is refused.

use crate::command_line::{failed, json, list, run, temporary};

fn corpus(name: &str, content: &[u8]) -> String {
    let path = temporary(name);
    std::fs::write(&path, content).expect("a file");
    path.display().to_string()
}

#[test]
fn every_merge_is_told_with_the_pair_that_lost_and_the_rule() {
    let corpus = corpus("training-wikipedia.txt", b"aaabdaaabac");
    let told = run(&["train-tokenizer", &corpus, "--characters", "--steps"]).output;
    assert!(
        told.starts_with("1. a + a → aa: 4× · 11 tokens become 9\n   before a + b: 2, which is 2 less\n"),
        "{told}"
    );
    assert!(told.contains("a tie with aa + a: 2 too; a is older than aa"), "{told}");
    let answer = json(&["train-tokenizer", &corpus, "--characters", "--steps"]);
    let steps = list(&answer, "steps");
    let first = &steps[0];
    assert_eq!((first["joined"].as_str(), first["pair"]["count"].as_u64()), (Some("aa"), Some(4)));
    assert_eq!(first["second"]["count"], 2);
    let rules: Vec<&str> = steps.iter().filter_map(|step| step["rule"].as_str()).collect();
    assert_eq!((rules[0], rules[1], rules.last()), ("better", "older_first", Some(&"only")));
    for pair in steps.windows(2) {
        assert_eq!(pair[0]["tokens_after"], pair[1]["tokens_before"]);
    }
    assert_eq!((answer["tokens_after"].as_u64(), answer["stopped"].as_str()), (Some(1), Some("pairs")));
}

#[test]
fn what_was_learned_is_written_and_opened_by_tokenize() {
    let corpus = corpus("training-words.txt", "low low low lower newest newest 研究 研究\n".as_bytes());
    let file = temporary("training-words.json").display().to_string();
    for algorithm in ["bpe", "wordpiece"] {
        let answer = json(&["train-tokenizer", &corpus, "--algorithm", algorithm, "-o", &file]);
        assert_eq!((answer["algorithm"].as_str(), answer["file"].as_str()), (Some(algorithm), Some(file.as_str())));
        let tokens = json(&["tokenize", "low newest 研究", "--tokenizer", &file]);
        let texts: Vec<String> = list(&tokens, "tokens").iter().map(|token| token["text"].to_string()).collect();
        assert_eq!(texts.len(), 3, "{algorithm}: {texts:?}");
    }
}

#[test]
fn tags_are_counted_from_words_and_cut_with() {
    let corpus = corpus("training-tags.txt", "研究 生命 起源\n他 研究 长江\n".as_bytes());
    let file = temporary("training-tags.json").display().to_string();
    let answer = json(&["train-tokenizer", &corpus, "--algorithm", "hmm", "-o", &file, "--steps"]);
    let tags: Vec<&str> = list(&answer, "steps").iter().filter_map(|step| step["tags"].as_str()).collect();
    assert_eq!(tags, ["BEBEBE", "SBEBE"]);
    let cut = json(&["segment", "生命长江", "--method", "hmm", "--hmm", &file]);
    assert_eq!(list(&cut, "words").len(), 2);
}

#[test]
fn bytes_that_are_no_text_are_kept_and_that_is_said() {
    let corpus = corpus("training-bytes.txt", b"ab\xff\xfecd");
    let file = temporary("training-bytes.json").display().to_string();
    let ran = run(&["train-tokenizer", &corpus, "-o", &file]);
    assert!(ran.errors.contains("2 bytes of the corpus are no UTF-8: kept as bytes"), "{}", ran.errors);
    let ran = run(&["train-tokenizer", &corpus, "-o", &file, "--characters", "--lang", "zh"]);
    assert!(ran.errors.contains("以 U+FFFD 代替"), "{}", ran.errors);
}

#[test]
fn a_word_too_long_to_learn_from_whole_is_cut_and_that_is_said() {
    let file = temporary("training-long.json").display().to_string();
    for letter in ["a", "明"] {
        for (length, said) in [(2047, false), (2049, true)] {
            let text = corpus("training-long.txt", format!("short {}\n", letter.repeat(length)).as_bytes());
            let ran = run(&["train-tokenizer", &text, "-o", &file, "--characters", "--vocab-size", "300"]);
            assert_eq!(
                ran.errors.contains("words learned from in parts: 1, of more than 2,048 letters"),
                said,
                "{length}: {}",
                ran.errors
            );
        }
    }
}

#[test]
fn a_training_that_cannot_be_is_refused_with_what_to_do() {
    let text = corpus("training-refused.txt", b"some words of a text");
    let empty = corpus("training-empty.txt", b"");
    let file = temporary("training-refused.json").display().to_string();
    let told = |arguments: &[&str], code| failed(&[&["train-tokenizer", "-o", &file], arguments].concat(), code);
    assert!(told(&[&empty], 1).contains("not empty"));
    assert!(told(&[&text, "--vocab-size", "200"], 1).contains("ask for 256 or more"));
    assert!(told(&["/no/such/corpus"], 1).contains("/no/such/corpus"));
    assert!(told(&[&text, "--algorithm", "wordpiece", "--byte-level"], 2).contains("leave the byte level out"));
    assert!(told(&[&text, "--byte-level", "--byte-fallback"], 2).contains("leave one of the two out"));
    assert!(told(&[&text, "--pre-tokenizer", "metaspace"], 2).contains("another pre-tokenizer"));
    assert!(told(&[&text, "--pre-tokenizer", "words"], 2).contains("whitespace-split"));
    assert!(told(&[&text, "--vocab-size", "0"], 2).contains('0'));
    assert!(failed(&["train-tokenizer", &text, "-o", &text], 2).contains("write elsewhere"));
    assert!(failed(&["train-tokenizer", &text, "-o", "/no/such/folder/x.json"], 1).contains("cannot be written"));
    failed(&["train-tokenizer", &text], 2);
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn a_unigram_model_tells_what_its_rounds_cost_and_is_opened() {
    let corpus = corpus("training-unigram.txt", "the theme of the thesis is the theory\n".repeat(30).as_bytes());
    let file = temporary("training-unigram.json").display().to_string();
    let line = ["train-tokenizer", &corpus, "--algorithm", "unigram", "--vocab-size", "24", "-o", &file, "--steps"];
    let answer = json(&line);
    let steps = list(&answer, "steps");
    assert_eq!(
        (steps[0]["deed"].as_str(), steps.last().and_then(|step| step["deed"].as_str())),
        (Some("fitted"), Some("finished"))
    );
    assert!(steps[0]["bits_per_word"].as_f64() > steps[1]["bits_per_word"].as_f64());
    for pair in steps.windows(2) {
        assert_eq!(pair[0]["pieces_after"], pair[1]["pieces_before"]);
    }
    let tokens = json(&["tokenize", "the theme", "--tokenizer", &file]);
    assert_eq!(list(&tokens, "tokens")[0]["text"], " the");
    let told = run(&line).output;
    assert!(told.contains("fitted to the words, which cost") && told.contains("every character stays"), "{told}");
    assert!(failed(&[&line[..], &["--byte-level"]].concat(), 2).contains("leave the bytes out"));
    assert!(failed(&[&line[..], &["--shrinking", "1.5"]].concat(), 2).contains("below 1"));
}
