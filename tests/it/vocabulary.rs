//! Pieces that no text gives, merge trees, and tokenizers compared on one text.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Cursor;
use std::sync::Arc;

use lmscope::lab::tokenizers::{ComparisonError, Cutter, aligned, compare, score};
use lmscope::lab::vocabulary::{NotSought, Sort, Sought, arrange, entries, unreachable};
use lmscope::model::{Spec, open_tokenizer};
use lmscope::text::segment::Gold;
use lmscope::text::{Browser, Dictionary, Hmm, Index, Method, Never, Reach, Segmenter, Tokenizer};
use serde_json::{Value, json};

use crate::command_line::{failed, json as answer, list, run, temporary};

fn embedded(name: &str) -> Tokenizer {
    open_tokenizer(&Spec::new(OsStr::new(name))).expect("embedded").expect("a tokenizer")
}

fn from(model: &Value) -> Tokenizer {
    Tokenizer::from_json(json!({"model": model}).to_string().as_bytes()).expect("a tokenizer")
}

/// A sequence of numbers that looks random and is always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Every text of a, b and c up to `length`.
fn texts(length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut last = texts.clone();
    for _ in 0..length {
        last = last.iter().flat_map(|text| ["a", "b", "c"].map(|letter| format!("{text}{letter}"))).collect();
        texts.extend(last.iter().cloned());
    }
    texts
}

fn given(tokenizer: &Tokenizer, texts: &[String]) -> BTreeSet<u32> {
    texts.iter().flat_map(|text| tokenizer.encode_ids(text)).collect()
}

#[test]
fn merges_alone_decide_which_pieces_come_out_of_any_text() {
    let texts = texts(8);
    let mut numbers = Numbers(1);
    let mut never = 0;
    for _ in 0..40 {
        let mut pieces: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut merges = Vec::new();
        while pieces.len() < 12 {
            let (left, right) = (numbers.below(pieces.len()), numbers.below(pieces.len()));
            let joined = format!("{}{}", pieces[left], pieces[right]);
            if joined.len() <= 5 && !pieces.contains(&joined) {
                // Anywhere among the merges: also before those that make its parts.
                merges.insert(numbers.below(merges.len() + 1), json!([pieces[left], pieces[right]]));
                pieces.push(joined);
            }
        }
        let vocab: serde_json::Map<String, Value> =
            pieces.iter().cloned().zip((0..).map(|id: u32| json!(id))).collect();
        let tokenizer = from(&json!({"type": "BPE", "vocab": vocab, "merges": merges}));
        let index = Index::new(&tokenizer);
        let browser = Browser::new(&tokenizer, &index);
        let come: BTreeSet<u32> = given(&tokenizer, &texts);
        for id in 0..pieces.len() as u32 {
            match browser.reach(id) {
                Reach::Text(text) => assert!(tokenizer.encode_ids(&text).contains(&id)),
                Reach::Never(Never::Merges(ids)) => {
                    assert!(!come.contains(&id), "{} of {merges:?}", pieces[id as usize]);
                    assert_eq!(tokenizer.decode(&ids), pieces[id as usize].as_bytes());
                    never += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(never > 20, "{never}");
}

#[test]
fn a_piece_that_others_outdo_comes_out_of_no_text() {
    let texts = texts(7);
    let mut numbers = Numbers(7);
    let mut never = 0;
    for _ in 0..40 {
        let mut pieces: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        while pieces.len() < 10 {
            let joined = format!("{}{}", pieces[numbers.below(pieces.len())], pieces[numbers.below(pieces.len())]);
            if joined.len() <= 4 && !pieces.contains(&joined) {
                pieces.push(joined);
            }
        }
        let scored: Vec<Value> =
            pieces.iter().map(|piece| json!([piece, -1.0 - numbers.below(800) as f64 / 100.0])).collect();
        let tokenizer = from(&json!({"type": "Unigram", "vocab": scored, "unk_id": null}));
        let index = Index::new(&tokenizer);
        let browser = Browser::new(&tokenizer, &index);
        let come = given(&tokenizer, &texts);
        for id in 0..pieces.len() as u32 {
            match browser.reach(id) {
                Reach::Text(text) => assert!(tokenizer.encode_ids(&text).contains(&id)),
                Reach::Never(Never::Outscored(ids, by)) => {
                    assert!(!come.contains(&id), "{} of {scored:?}", pieces[id as usize]);
                    let sum: f64 = ids.iter().filter_map(|&id| browser.score(id)).sum();
                    assert!((sum - browser.score(id).expect("a score") - by).abs() < 1e-9);
                    never += 1;
                }
                other => assert!(!come.contains(&id), "{other:?}"),
            }
        }
    }
    assert!(never > 20, "{never}");
}

#[test]
fn every_piece_of_the_embedded_vocabularies_is_shown_by_a_text_or_has_a_reason() {
    for name in ["stories", "poems"] {
        let tokenizer = embedded(name);
        let index = Index::new(&tokenizer);
        let browser = Browser::new(&tokenizer, &index);
        let never = unreachable(&browser, &|| true).expect("not stopped");
        for id in (0..tokenizer.len() as u32).filter(|id| never.iter().all(|(other, _)| other != id)) {
            let Reach::Text(text) = browser.reach(id) else { panic!("{id}") };
            assert!(tokenizer.encode_ids(&text).contains(&id), "{id}: {text:?}");
        }
        // No byte of UTF-8 is 0xC0, 0xC1 or above 0xF4 (RFC 3629): exactly these of the 256 come out of nothing.
        let bytes: Vec<u8> = never
            .iter()
            .filter(|(_, reach)| *reach == Reach::Never(Never::NotUtf8))
            .flat_map(|&(id, _)| tokenizer.piece(id).to_vec())
            .collect();
        assert_eq!(bytes, [vec![0xc0, 0xc1], (0xf5..=0xff).collect()].concat(), "{name}");
        assert_eq!(unreachable(&browser, &|| false), None);
    }
}

#[test]
fn a_merge_tree_ends_in_the_bytes_of_its_piece() {
    let tokenizer = embedded("stories");
    let index = Index::new(&tokenizer);
    let browser = Browser::new(&tokenizer, &index);
    let mut merged = 0;
    for id in 0..tokenizer.len() as u32 {
        let tree = browser.tree(id);
        let leaves: Vec<u8> =
            tree.iter().filter(|node| node.rank.is_none()).flat_map(|node| node.bytes.clone()).collect();
        assert_eq!(leaves, tokenizer.piece(id), "{id}");
        if let Some(rank) = browser.rank(id) {
            assert_eq!((tree[0].id, tree[0].rank, tree[0].depth), (Some(id), Some(rank), 0));
            assert_eq!(tree.iter().filter(|node| node.rank.is_some()).count(), tokenizer.piece(id).len() - 1);
            merged += 1;
        }
    }
    assert!(merged > 1000);
}

#[test]
fn pieces_are_found_by_text_bytes_and_id_and_sorted() {
    let tokenizer = embedded("poems");
    let index = Index::new(&tokenizer);
    let browser = Browser::new(&tokenizer, &index);
    let all = entries(&browser, &|| true).expect("not stopped");
    let ids = |sought: &str, sort| -> Vec<u32> {
        arrange(&browser, &all, &sought.parse().expect("sought"), sort).iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids("#12", Sort::Id), [12]);
    assert_eq!(ids("0xe69c88", Sort::Id), ids("月", Sort::Id));
    assert!(!ids("月", Sort::Id).is_empty());
    assert_eq!(ids("", Sort::Id).len(), tokenizer.len());
    let lengths: Vec<usize> = ids("", Sort::Length).iter().map(|&id| tokenizer.piece(id).len()).collect();
    assert!(lengths.is_sorted_by(|a, b| a >= b));
    let ranks: Vec<u32> = ids("", Sort::Rank).iter().filter_map(|&id| browser.rank(id)).collect();
    assert!(ranks.is_sorted() && ranks.len() > 1000);
    for wrong in ["#1x", "0x1", "0xzz", "#99999999999"] {
        assert_eq!(wrong.parse::<Sought>(), Err(NotSought(wrong.to_owned())));
    }
    assert_eq!("#".parse(), Ok(Sought::Bytes(b"#".to_vec())));
}

#[test]
fn measures_are_what_the_counts_say() {
    let cutters = [Cutter::Words(Method::Forward), Cutter::Words(Method::Route)];
    let text = "研究生命起源 don't 2x";
    let comparison = compare(&mut Cursor::new(text), &cutters, &|| true).expect("a comparison");
    assert_eq!((comparison.bytes, comparison.characters), (text.len() as u64, 15));
    assert_eq!((comparison.words, comparison.ideographs), (2, 6));
    let [forward, route] = &comparison.measures[..] else { panic!("two") };
    // 研究生/命/起源/␣/don/'/t/␣/2x and 研究/生命/起源/␣/don/'/t/␣/2x.
    assert_eq!((forward.tokens, forward.used, forward.in_characters, forward.in_words), (9, 8, 3, 4));
    // Seven once, one twice, of nine.
    let entropy = 7.0 / 9.0 * 9_f64.log2() + 2.0 / 9.0 * 4.5_f64.log2();
    assert!((forward.entropy - entropy).abs() < 1e-12);
    assert!((comparison.bits_per_byte(forward) - entropy * 9.0 / text.len() as f64).abs() < 1e-12);
    assert_eq!(route.tokens, 9);
    // Eight boundaries each inside the text, seven in common.
    assert_eq!(comparison.agreement, [[1.0, 7.0 / 8.0], [7.0 / 8.0, 1.0]]);
    let empty = compare(&mut Cursor::new(""), &cutters, &|| true).expect("a comparison");
    assert_eq!((empty.bytes, empty.agreement[0][1]), (0, 1.0));
}

#[test]
fn a_text_of_many_parts_is_read_as_it_streams_and_bad_bytes_are_named_by_their_place() {
    let line = "Once upon a time 床前明月光\n";
    let text = line.repeat(60_000);
    let cutters = [Cutter::Tokenizer(Arc::new(embedded("stories")))];
    let one = compare(&mut Cursor::new(line), &cutters, &|| true).expect("a comparison");
    let many = compare(&mut Cursor::new(&text), &cutters, &|| true).expect("a comparison");
    assert_eq!((many.parts, many.bytes), (2, text.len() as u64));
    assert_eq!(many.measures[0].tokens, one.measures[0].tokens * 60_000);
    assert_eq!(many.measures[0].used, one.measures[0].used);
    assert!((many.measures[0].entropy - one.measures[0].entropy).abs() < 1e-9);
    let bad = [text.as_bytes(), b"\xff\n"].concat();
    let found = compare(&mut Cursor::new(bad), &cutters, &|| true);
    assert!(matches!(found, Err(ComparisonError::NotUtf8(at)) if at == text.len() as u64));
    let stopped = compare(&mut Cursor::new(line), &cutters, &|| false);
    assert!(matches!(stopped, Err(ComparisonError::Stopped)));
}

#[test]
fn a_method_scores_against_gold_as_it_does_by_itself() {
    let gold =
        Gold::read("研究 生命 起源\n他 来到 了 网易 杭研 大厦\n结婚 的 和 尚未 结婚 的\n".as_bytes()).expect("gold");
    let segmenter = Segmenter { dictionary: Dictionary::embedded(), hmm: Hmm::embedded() };
    for method in Method::ALL {
        let (own, other) = (segmenter.score(&gold, method), score(&Cutter::Words(method), &gold));
        assert_eq!((own.gold, own.found, own.right), (other.gold, other.found, other.right));
    }
}

#[test]
fn ribbons_have_every_cut_behind_or_inside_a_character() {
    let tokenizer = Cutter::Tokenizer(Arc::new(embedded("stories")));
    let text = "so 月";
    let ends = vec![tokenizer.ends(text), vec![2, 3, 6]];
    let slots = aligned(text, &ends);
    assert_eq!(slots.len(), 4);
    let cuts: Vec<usize> = (0..2)
        .map(|index| slots.iter().map(|slot| usize::from(slot.behind[index]) + slot.inside[index]).sum())
        .collect();
    assert_eq!(cuts, [ends[0].len(), 3]);
    assert_eq!((slots[3].inside[0], slots[3].inside[1]), (2, 0), "three bytes of one character");
}

#[test]
fn tokenizers_are_compared_on_the_command_line() {
    let compared = answer(&["tokenizers", "研究生命起源"]);
    let names: Vec<&str> = list(&compared, "tokenizers").iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["stories", "poems", "fmm", "route"]);
    assert_eq!(list(&compared, "tokenizers")[2]["ends"], json!([9, 12, 18]));
    let shown = run(&["tokenizers", "研究生命", "--with", "fmm,route"]).output;
    assert!(shown.contains("fmm    研究 生|命|"), "{shown}");
    assert!(shown.contains("route  研究|生 命|"), "{shown}");
    let path = temporary("gold-tokenizers");
    std::fs::write(&path, "研究 生命 起源\n").expect("a file");
    let gold = path.to_str().expect("a path");
    let scored = answer(&["tokenizers", "--gold", gold, "--with", "fmm,route"]);
    let f1: Vec<Option<f64>> = list(&scored, "tokenizers").iter().map(|row| row["gold"]["f1"].as_f64()).collect();
    assert_eq!(f1, [Some(2.0 / 6.0), Some(1.0)]);
    std::fs::write(&path, b"Once\nupon \xe4\xbd").expect("a file");
    assert!(failed(&["tokenizers", gold], 1).contains("10"), "the byte is named");
    std::fs::remove_file(&path).expect("a file");
    failed(&["tokenizers", ""], 2);
    failed(&["tokenizers", "a", "--with", "no-such-tokenizer"], 1);
}

#[test]
fn a_vocabulary_is_searched_on_the_command_line() {
    let found = answer(&["vocabulary", "stories", "--search", "monster", "--sort", "length", "--top", "1"]);
    assert_eq!(list(&found, "pieces")[0]["text"], " monster");
    assert_eq!(list(&found, "pieces").len(), 1);
    let id = list(&found, "pieces")[0]["id"].as_u64().expect("an id");
    let tree = answer(&["vocabulary", "stories", "--tree", " monster"]);
    assert_eq!((tree["id"].as_u64(), tree["text"].as_str()), (Some(id), Some(" monster")));
    assert_eq!(answer(&["vocabulary", "stories", "--tree", &format!("#{id}")]), tree);
    let never = answer(&["vocabulary", "stories", "--unreachable", "--top", "0"]);
    assert_eq!(never["reasons"]["not-utf8"], 13);
    assert_eq!(never["found"].as_u64(), Some(list(&never, "pieces").len() as u64));
    assert!(list(&never, "pieces").iter().all(|piece| piece["unreachable"]["reason"].is_string()));
    assert!(failed(&["vocabulary", "stories", "--tree", "zzzqqq"], 2).contains("zzzqqq"));
    assert!(failed(&["vocabulary", "stories", "--search", "#4000000000"], 2).contains("2047"));
    failed(&["vocabulary", "stories", "--sort", "colour"], 2);
    failed(&["vocabulary", "stories", "--search", "0xE4B"], 2);
}
