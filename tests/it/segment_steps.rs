//! The steps of segmentation, its reasons, edits of the dictionary, counted models, and gold.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lmscope::lab::steps;
use lmscope::text::hmm::{IMPOSSIBLE, Tag};
use lmscope::text::segment::{Gold, GoldError, NoPlace, Reason, Rule, Score, Step};
use lmscope::text::{Counts, Dictionary, Edit, Hmm, HmmError, Method, Segmenter, segment};

const TEXTBOOK: [&str; 4] = ["研究生命起源", "南京市长江大桥", "结婚的和尚未结婚的", "乒乓球拍卖完了"];

fn usual(dictionary: &Dictionary) -> Segmenter<'_> {
    Segmenter { dictionary, hmm: Hmm::embedded() }
}

fn chinese() -> Segmenter<'static> {
    usual(Dictionary::embedded())
}

fn all_steps(segmenter: Segmenter<'_>, text: &str, method: Method) -> Vec<Step> {
    let mut found = Vec::new();
    segmenter.steps(text, method, &mut |step| found.push(step));
    found
}

fn joined(segmenter: Segmenter<'_>, text: &str, method: Method) -> String {
    let words: Vec<&str> = segmenter.words(text, method).iter().map(|word| &text[word.start..word.end]).collect();
    words.join("/")
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn the_steps_arrive_at_the_words_of_the_method(text in "([的研究生命起源南京市长江大桥和尚未结婚]|[\u{4e00}-\u{4fff}]|[a-c1.%]|，|\u{301}|\n){0,24}") {
        for method in Method::ALL {
            let found = all_steps(chinese(), &text, method);
            let words = chinese().words(&text, method);
            assert_eq!(found.last(), Some(&Step::Words(words.clone())));
            let mut pieces: Vec<_> = found.iter().filter_map(|step| match step {
                Step::Match(step) => Some(step.word.clone()),
                _ => None,
            }).collect();
            match method {
                Method::Forward | Method::Backward => {
                    pieces.sort_by_key(|piece| piece.start);
                    assert_eq!(pieces, words.iter().map(|word| word.start..word.end).collect::<Vec<_>>());
                }
                Method::Route => {
                    for step in &found {
                        if let Step::Routes { best, second: Some(second) } = step {
                            assert!(second.logarithm <= best.logarithm && second.words != best.words);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn an_edited_dictionary_cuts_as_one_that_was_read_with_the_edits(
        edits in proptest::collection::vec(("[甲乙丙丁]{1,3}", 0_u64..6), 1..12),
        text in "[甲乙丙丁a]{1,16}",
    ) {
        let mut dictionary = Dictionary::read("甲乙 3\n丙 1\n乙丙丁 2\n丁 4\n".as_bytes()).unwrap();
        // The backward table exists before the edits.
        segment(&text, Method::Backward, &dictionary);
        let before: Vec<_> = Method::ALL.map(|method| segment(&text, method, &dictionary)).into();
        let undo: Vec<Edit> = edits.iter().map(|(word, frequency)| {
            dictionary.edit(&Edit { word: word.clone(), frequency: *frequency }).unwrap()
        }).collect();
        let lines: Vec<String> = dictionary.words().map(|(word, frequency)| format!("{word} {frequency}")).collect();
        let lines = lines.join("\n");
        let read = Dictionary::read(lines.as_bytes()).unwrap();
        assert_eq!(read.total(), dictionary.total());
        for method in Method::ALL {
            assert_eq!(segment(&text, method, &dictionary), segment(&text, method, &read), "{lines}");
        }
        undo.iter().rev().for_each(|edit| drop(dictionary.edit(edit).unwrap()));
        for (method, words) in Method::ALL.into_iter().zip(before) {
            assert_eq!(segment(&text, method, &dictionary), words);
        }
    }

    #[test]
    fn every_flip_turns_its_place_round_and_one_less_does_not(text in "[研究生命起源的和尚未结婚]{2,9}", place in 0_usize..8) {
        let Some((at, _)) = text.char_indices().skip(1).nth(place) else { return Ok(()) };
        let mut dictionary = Dictionary::embedded().clone();
        for method in Method::ALL {
            let cut = |segmenter: Segmenter<'_>| segmenter.words(&text, method).iter().any(|word| word.end == at);
            let now = cut(chinese());
            let why = chinese().why(&text, method, at).unwrap();
            assert_eq!(why.cut, now);
            for flip in chinese().flips(&text, method, at, &|| true).unwrap() {
                let mut turned = |change: i64| {
                    let undo: Vec<Edit> = flip.edits.iter().map(|(edit, before)| {
                        let toward = if edit.frequency > *before { -change } else { change };
                        let frequency = edit.frequency.checked_add_signed(toward).unwrap();
                        dictionary.edit(&Edit { word: edit.word.clone(), frequency }).unwrap()
                    }).collect();
                    let turned = cut(usual(&dictionary)) != now;
                    undo.iter().rev().for_each(|edit| drop(dictionary.edit(edit).unwrap()));
                    turned
                };
                assert!(turned(0) && !turned(1), "{method} {text} {at} {:?}", flip.edits);
                assert_eq!(flip.words.iter().any(|word| word.end == at), !now);
            }
        }
    }
}

#[test]
fn forward_matching_looks_up_from_the_longest_down() {
    let steps = all_steps(chinese(), "研究生命起源", Method::Forward);
    let Step::Match(first) = &steps[0] else { panic!("{steps:?}") };
    assert_eq!(first.word, 0..9);
    // Shorter words than the one taken are no longer looked up, but shown as what lost.
    let lookups: Vec<_> = first.lookups.iter().map(|lookup| (lookup.range.end, lookup.frequency)).collect();
    let frequency = |end: usize| Dictionary::embedded().frequency(&"研究生命起源"[..end]);
    assert_eq!(lookups, [18, 15, 12, 9, 6, 3].map(|end| (end, frequency(end))));
    assert_eq!(lookups.iter().position(|lookup| lookup.1.is_some()), Some(3));
}

#[test]
fn the_rule_that_decides_between_the_two_ways_is_named() {
    let rule = |text: &str, lines: &str| {
        let dictionary = Dictionary::read(lines.as_bytes()).unwrap();
        let steps = all_steps(usual(&dictionary), text, Method::Bidirectional);
        steps.into_iter().find_map(|step| if let Step::Weighed(weighed) = step { Some(weighed.rule) } else { None })
    };
    assert_eq!(rule("甲乙丙", "甲乙\n乙丙\n"), Some(Rule::Backward));
    assert_eq!(rule("甲乙丙", "甲乙\n"), Some(Rule::Same));
    assert_eq!(rule("乒乓球拍卖完了", "乒乓球\n乒乓球拍\n拍卖\n"), Some(Rule::FewerSingles));
    assert_eq!(rule("甲乙丙丁戊", "甲乙丙\n丙丁戊\n丁戊\n"), Some(Rule::FewerWords));
}

#[test]
fn a_places_table_adds_up_and_the_next_best_way_is_told() {
    let text = TEXTBOOK[1];
    let steps = all_steps(chinese(), text, Method::Route);
    let total = (60_101_967_f64).ln();
    for step in &steps {
        if let Step::Place { candidates, .. } = step {
            let best = candidates.iter().map(lmscope::text::segment::Candidate::whole).fold(f64::MIN, f64::max);
            for candidate in candidates {
                let frequency = candidate.frequency.unwrap_or(1) as f64;
                assert!((candidate.logarithm - (frequency.ln() - total)).abs() < 1e-12);
                assert!(!candidate.won || candidate.whole() == best);
            }
        }
    }
    // All ways through 7 characters, one by one.
    let dictionary = Dictionary::embedded();
    let characters: Vec<char> = text.chars().collect();
    let mut ways = Vec::new();
    for cuts in 0_u32..1 << 6 {
        let mut words = vec![String::new()];
        for (index, character) in characters.iter().enumerate() {
            words.last_mut().unwrap().push(*character);
            if index < 6 && cuts & (1 << index) != 0 {
                words.push(String::new());
            }
        }
        let log: Option<f64> = words.iter().map(|word| Some((dictionary.frequency(word)? as f64).ln() - total)).sum();
        ways.extend(log.map(|log| (log, words.join("/"))));
    }
    ways.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some(Step::Routes { best, second: Some(second) }) =
        steps.iter().find(|step| matches!(step, Step::Routes { .. }))
    else {
        panic!("{steps:?}")
    };
    for (route, (log, words)) in [best, second].into_iter().zip(&ways) {
        let found: Vec<&str> = route.words.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(found.join("/"), *words);
        assert!((route.logarithm - log).abs() < 1e-9);
    }
    // With a cut at a place and without, by the same list.
    for (at, _) in text.char_indices().skip(1) {
        let Reason::Routes { cut, joined } = chinese().why(text, Method::Route, at).unwrap().reason else { panic!() };
        let ends_at = |words: &str| {
            let mut end = 0;
            words.split('/').any(|word| {
                end += word.len();
                end == at
            })
        };
        let best = |wanted: bool| ways.iter().find(|(_, words)| ends_at(words) == wanted).map(|(log, _)| *log);
        for (route, expected) in [(cut, best(true)), (joined, best(false))] {
            match (route, expected) {
                (Some(route), Some(expected)) => assert!((route.logarithm - expected).abs() < 1e-9),
                (route, expected) => assert_eq!((route, expected), (None, None)),
            }
        }
    }
}

#[test]
fn the_trellis_with_a_cut_and_without_is_the_best_of_all_tag_sequences() {
    let text = "网易杭研厦";
    let hmm = Hmm::embedded();
    let characters: Vec<char> = text.chars().collect();
    let mut all: Vec<(f64, Vec<Tag>)> = Vec::new();
    for code in 0..4_usize.pow(5) {
        let tags: Vec<Tag> = (0..5).map(|place| Tag::ALL[code / 4_usize.pow(place) % 4]).collect();
        if !tags[4].ends() || tags.windows(2).any(|pair| !pair[1].before().contains(&pair[0])) {
            continue;
        }
        let mut log = hmm.start(tags[0]) + hmm.emission(characters[0])[tags[0] as usize];
        for place in 1..5 {
            log += hmm.step(tags[place - 1], tags[place]) + hmm.emission(characters[place])[tags[place] as usize];
        }
        all.push((log, tags));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!(hmm.tags(text), all[0].1);
    for place in 0..4 {
        for ends in [true, false] {
            let (tags, log) = hmm.tags_with(text, place, ends);
            let best = all.iter().find(|(_, tags)| tags[place].ends() == ends).unwrap();
            assert_eq!(tags, best.1);
            assert!((log - best.0).abs() < 1e-9);
        }
    }
}

#[test]
fn a_word_added_and_taken_away_changes_the_cut_at_once() {
    let mut dictionary = Dictionary::embedded().clone();
    let text = "结婚的和尚未结婚的";
    assert_eq!(joined(usual(&dictionary), text, Method::Forward), "结婚/的/和尚/未结/婚/的");
    let undo: Vec<Edit> =
        ["和尚", "未结"].map(|word| dictionary.edit(&Edit { word: word.to_owned(), frequency: 0 }).unwrap()).into();
    assert_eq!(joined(usual(&dictionary), text, Method::Forward), "结婚/的/和/尚未/结婚/的");
    for edit in &undo {
        dictionary.edit(edit).unwrap();
    }
    assert_eq!(joined(usual(&dictionary), text, Method::Forward), "结婚/的/和尚/未结/婚/的");
    assert_eq!(dictionary.total(), Dictionary::embedded().total());
    assert_eq!(dictionary.edit(&Edit { word: "和尚".to_owned(), frequency: u64::MAX }), None);
}

#[test]
fn a_suggested_frequency_makes_the_word() {
    let mut dictionary = Dictionary::embedded().clone();
    let text = "他来到了网易杭研大厦";
    let frequency = dictionary.suggested("杭研大厦");
    dictionary.edit(&Edit { word: "杭研大厦".to_owned(), frequency }).unwrap();
    assert_eq!(joined(usual(&dictionary), text, Method::Route), "他/来到/了/网易/杭研大厦");
}

#[test]
fn a_place_inside_a_character_or_outside_the_text_is_refused() {
    let why = |text: &str, at| chinese().why(text, Method::Route, at).unwrap_err();
    assert_eq!(why("研究", 1), NoPlace::Inside { start: 0, end: 3 });
    assert_eq!(why("研究", 0), NoPlace::Outside { length: 6 });
    assert_eq!(why("研究", 6), NoPlace::Outside { length: 6 });
    assert_eq!(why("", 3), NoPlace::Outside { length: 0 });
    assert_eq!(chinese().why("e\u{301}x", Method::Forward, 1).unwrap().reason, Reason::Cluster);
}

#[test]
fn english_without_spaces_is_cut_by_the_english_words() {
    let text = "itwasabrightcolddayinaprilandtheclockswerestrikingthirteen";
    let english = usual(Dictionary::english());
    assert_eq!(
        joined(english, text, Method::Route),
        "it/was/a/bright/cold/day/in/april/and/the/clocks/were/striking/thirteen"
    );
    assert_eq!(joined(english, "ThisIsATest", Method::Route), "This/Is/A/Test");
    assert_eq!(joined(english, "thetabledownthere", Method::Forward), "theta/bled/own/there");
    assert_eq!(joined(english, "TheTableDownTHERE", Method::Forward), "TheTa/bleD/own/THERE");
    assert_eq!(joined(english, "THETableDownThere", Method::Backward), "THE/Table/Down/There");
    assert_eq!(Dictionary::english().len(), 82_834);
    assert!(std::ptr::eq(Dictionary::for_text(text), Dictionary::english()));
    for plain in ["a few plain words", "internationalization", "thecat", "研究abcdefghijklmnopqrstuvwxyzabc"] {
        assert!(std::ptr::eq(Dictionary::for_text(plain), Dictionary::embedded()), "{plain}");
    }
}

#[test]
fn a_model_is_counted_from_words_and_comes_back_from_its_file() {
    let counts = Hmm::train(["研究 生命 的 起源", "的 大学生", ""]);
    assert_eq!((counts.sentences, counts.words), (2, 6));
    assert_eq!(counts.start, [1, 0, 0, 1]);
    // B before E 3 times and before M once; E before B once and before S once; S before B twice.
    assert_eq!(counts.steps, [[0, 3, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0], [2, 0, 0, 0]]);
    assert_eq!(counts.emission('生'), [1, 1, 0, 0]);
    let model = counts.model();
    assert_eq!(model.start(Tag::Begin), 0.5_f64.ln());
    assert_eq!(model.step(Tag::Begin, Tag::End), 0.75_f64.ln());
    assert_eq!(model.step(Tag::Begin, Tag::Single), IMPOSSIBLE);
    assert_eq!(model.emission('的')[Tag::Single as usize], 0.0);
    let json = counts.to_json();
    assert_eq!(Counts::from_json(json.as_bytes()).unwrap(), counts);
    assert_eq!(Hmm::from_json(json.as_bytes()).unwrap(), model);
}

#[test]
fn a_bad_model_is_an_error_that_says_what() {
    let of = |text: &str| Hmm::from_json(text.as_bytes()).unwrap_err();
    let with = |start: &str, steps: &str, emissions: &str| {
        let kind = r#""kind":"lmscope-hmm","sentences":1,"words":1"#;
        of(&format!("{{{kind},\"start\":{start},\"steps\":{steps},\"emissions\":{emissions}}}"))
    };
    assert!(matches!(of("{"), HmmError::Json { line: 1, .. }));
    assert_eq!(with(r#"{"M":1}"#, "{}", "{}"), HmmError::Step(None, 'M'));
    assert_eq!(with(r#"{"B":1}"#, r#"{"B":{"S":1}}"#, "{}"), HmmError::Step(Some('B'), 'S'));
    assert_eq!(with("{}", "{}", r#"{"X":{"a":1}}"#), HmmError::Tag('X'));
    assert_eq!(with("{}", "{}", "{}"), HmmError::Empty);
    let most = u64::MAX.to_string();
    assert_eq!(with(&format!("{{\"B\":{most},\"S\":1}}"), "{}", "{}"), HmmError::Total);
}

#[test]
fn gold_is_compared_word_by_word() {
    let dictionary = Dictionary::read("甲乙\n丙\n丁\n".as_bytes()).unwrap();
    let gold = Gold::read("甲乙 丙丁\n\n  丙  丁戊 \n".as_bytes()).unwrap();
    assert_eq!(gold.sentences.iter().map(|sentence| sentence.line).collect::<Vec<_>>(), [1, 3]);
    let score = usual(&dictionary).score(&gold, Method::Forward);
    // Found: 甲乙 丙 丁 | 丙 丁 戊. Right: 甲乙, 丙. Unknown: 丙丁, 丁戊, neither found.
    assert_eq!(score, Score { gold: 4, found: 6, right: 2, unknown: 2, unknown_right: 0 });
    assert_eq!((score.precision(), score.recall(), score.f1()), (2.0 / 6.0, 0.5, 0.4));
    assert_eq!((score.known_recall(), score.unknown_recall()), (Some(1.0), Some(0.0)));
    assert_eq!(gold.check("甲乙丙丁\n丙丁戊"), Ok(()));
    let differs = gold.check("甲乙丙丁\n丙戊丁").unwrap_err();
    assert_eq!(differs, GoldError::Differs { line: 3, text: "丙戊丁".to_owned(), gold: "丙丁戊".to_owned() });
    assert_eq!(gold.check("甲乙丙丁丙丁戊己"), Err(GoldError::TooShort { text: "己".to_owned() }));
    assert_eq!(Gold::read(b" \n"), Err(GoldError::Empty));
    assert_eq!(Gold::read(b"a\n\xff"), Err(GoldError::NotUtf8 { line: 2 }));
}

#[test]
#[ignore = "needs zh_gsdsimp-ud-test.conllu in LMSCOPE_GOLD"]
fn the_scores_of_a_treebank_are_those_of_the_official_scorer() {
    let path = std::env::var_os("LMSCOPE_GOLD").map(std::path::PathBuf::from).expect("LMSCOPE_GOLD names a folder");
    let gold = Gold::read(&std::fs::read(path.join("zh_gsdsimp-ud-test.conllu")).unwrap()).unwrap();
    let mut dictionary = Dictionary::embedded().clone();
    dictionary.split_letters();
    for (method, f1) in [(Method::Hmm, 0.7954), (Method::Route, 0.7912), (Method::Forward, 0.7127)] {
        let score = usual(&dictionary).score(&gold, method);
        assert_eq!(score.gold, 12_012);
        assert!((score.f1() - f1).abs() < 5e-5, "{method}: {}", score.f1());
    }
}

#[test]
fn gold_may_be_a_treebank() {
    let row = |id: &str, form: &str| format!("{id}\t{form}\t_\t_\t_\t_\t_\t_\t_\t_\n");
    let text = format!(
        "# text = 我们don't\n{}{}{}{}{}\n{}",
        row("1", "我们"),
        row("2-3", "don't"),
        row("2", "do"),
        row("3", "n't"),
        row("3.1", "x"),
        row("1", "好")
    );
    let gold = Gold::read(text.as_bytes()).unwrap();
    let words: Vec<Vec<&str>> = gold.sentences.iter().map(|sentence| sentence.words().collect()).collect();
    assert_eq!(words, [vec!["我们", "don't"], vec!["好"]]);
}

#[test]
fn frames_settle_the_words_of_the_method() {
    for text in TEXTBOOK.into_iter().chain(["他来到了网易杭研大厦", "买T恤 e\u{301}"]) {
        for method in Method::ALL {
            let frames = steps::segmenting(chinese(), text, method);
            let words: Vec<_> = chinese().words(text, method).iter().map(|word| word.start..word.end).collect();
            assert_eq!(steps::settled(&frames, frames.len() - 1), words);
        }
    }
}
