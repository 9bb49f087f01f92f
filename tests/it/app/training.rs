//! The page on training: merges one after another, what they chose from, words, vocabulary, the file.

use lmscope::lab::training::Course;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::text::Tokenizer;

use super::explorer;

fn page(text: &str, width: u16, height: u16) -> Driver {
    let mut driver = explorer(Some(text), width, height);
    driver.keys("<enter> 2 2 2 2 2").settle();
    assert_eq!(driver.app.focus(), PaneId::Training);
    driver
}

fn course(driver: &Driver) -> &Course {
    driver.app.state().training.course().expect("a training")
}

/// The words as they are cut at the step in view, each token that the step made in brackets.
fn words(driver: &Driver) -> Vec<String> {
    let (course, at) = (course(driver), driver.app.state().training.at);
    let word = |word| {
        let cut = course.cut(word, at).into_iter();
        let tokens = cut.map(|(token, fresh)| {
            let label = course.label(token);
            if fresh { format!("[{label}]") } else { label }
        });
        format!("{} {}", word.times, tokens.collect::<Vec<_>>().join(" "))
    };
    course.words.iter().map(word).collect()
}

#[test]
fn the_textbooks_merges_are_gone_through_forward_and_back() {
    let mut driver = page("Some text.", 120, 40);
    assert_eq!(words(&driver), ["6 n e w e s t</w>", "5 l o w</w>", "3 w i d e s t</w>", "2 l o w e r</w>"]);
    driver.keys(". .");
    // Sennrich et al. 2016: e s, then es t.
    assert_eq!(words(&driver), ["6 n e w [est</w>]", "5 l o w</w>", "3 w i d [est</w>]", "2 l o w e r</w>"]);
    let screen = driver.screen();
    for said in ["es + t</w> → est</w>: 9×", "before l + o: 7, which is 2 less", "2 of 13", "▸ es + t</w>"] {
        assert!(screen.contains(said), "{said}:\n{screen}");
    }
    driver.keys(",");
    assert!(driver.screen().contains("a tie with s + t</w>: 9 too; e is older than s"), "{}", driver.screen());
    driver.keys("G");
    assert_eq!(words(&driver)[0], "6 newest</w>");
    driver.keys("g");
    assert_eq!(driver.app.state().training.at, 0);
}

#[test]
fn steps_are_played_and_a_pause_stays_where_it_is() {
    let mut driver = page("Some text.", 120, 40);
    driver.keys("<space>");
    assert_eq!(driver.work(3), 3);
    assert_eq!(driver.app.state().training.at, 3);
    driver.keys("<space>").settle();
    assert_eq!((driver.app.state().training.at, driver.is_busy()), (3, false));
}

#[test]
fn the_persons_text_is_learned_from_by_every_method_of_characters_and_of_bytes() {
    let mut driver = page("the theme of the thesis, 研究生命 研究生", 120, 40);
    driver.keys("t").settle();
    driver.keys(".");
    assert!(driver.screen().contains("h + e → he: 4×"), "{}", driver.screen());
    let tokens = course(&driver).tokens(0);
    driver.keys("B").settle();
    assert!(course(&driver).tokens(0) > tokens, "a Chinese character is three bytes");
    driver.keys("]").settle();
    driver.keys(".");
    assert!(driver.screen().contains("##h + ##e → ##he") || driver.screen().contains("t + ##h → th"));
    driver.keys("B");
    assert!(driver.screen().contains("no tokens of bytes"), "{}", driver.screen());
    driver.keys("]").settle();
    driver.keys(".");
    assert!(driver.screen().contains("score"), "{}", driver.screen());
}

#[test]
fn a_file_is_learned_from_and_what_was_learned_is_written() {
    let folder = std::env::temp_dir();
    let corpus = folder.join(format!("lmscope-page-training-{}.txt", std::process::id()));
    let file = folder.join(format!("lmscope-page-training-{}.json", std::process::id()));
    std::fs::write(&corpus, "low lower lowest\n".repeat(40)).expect("a file");
    let mut driver = page("Some text.", 80, 24);
    driver.keys("f");
    driver.type_text(&corpus.display().to_string()).keys("<enter>").settle();
    driver.keys(". . S");
    for _ in 0.."tokenizer.json".len() {
        driver.keys("<backspace>");
    }
    driver.type_text(&file.display().to_string()).keys("<enter>").settle();
    assert!(driver.screen().contains("is written"), "{}", driver.screen());
    let tokenizer = Tokenizer::from_json(&std::fs::read(&file).expect("it was written")).expect("a tokenizer");
    assert_eq!(tokenizer.len(), course(&driver).size(2));
    assert_eq!(tokenizer.encode("low").len(), 1);
    // What is no tokenizer is not written over, and what was learned stays.
    driver.keys("S");
    for _ in 0.."tokenizer.json".len() {
        driver.keys("<backspace>");
    }
    driver.type_text(&corpus.display().to_string()).keys("<enter>").settle();
    assert!(driver.screen().contains("is there already"), "{}", driver.screen());
    assert_eq!(driver.app.state().training.at, 2);
    for path in [corpus, file] {
        std::fs::remove_file(path).expect("it was there");
    }
    driver.keys("f");
    driver.type_text("/no/such/corpus").keys("<enter>").settle();
    assert!(driver.screen().contains("/no/such/corpus"), "{}", driver.screen());
    assert!(driver.screen().contains("nothing is learned"), "{}", driver.screen());
}

#[test]
fn what_was_learned_up_to_a_step_cuts_the_persons_text_beside_other_tokenizers() {
    let mut driver = page("low lower newest", 120, 40);
    driver.keys(". . . C").settle();
    assert_eq!(driver.app.focus(), PaneId::Compare);
    let cuts = |driver: &Driver, row: &str| {
        let (names, contrast) = driver.app.state().contrasts.result.clone().expect("a comparison");
        let row = names.iter().position(|name| name == row).unwrap_or_else(|| panic!("{names:?}"));
        (contrast.ends[row].clone(), contrast.comparison.measures[row].vocabulary)
    };
    // Three merges of the textbook's words: es, est and lo.
    assert_eq!(cuts(&driver, "BPE 17"), (vec![2, 3, 6, 7, 8, 9, 11, 12, 13, 16], Some(17)), "{}", driver.screen());
    driver.keys("2");
    assert_eq!(driver.app.focus(), PaneId::Training);
    driver.keys("G C").settle();
    let (ends, size) = cuts(&driver, "BPE 27");
    assert_eq!((ends.len(), size), (3, Some(27)), "every word is one token now\n{}", driver.screen());
}

#[test]
fn a_text_without_words_says_so() {
    let mut driver = page("", 80, 24);
    driver.keys("t").settle();
    assert!(driver.screen().contains("nothing is learned"), "{}", driver.screen());
}

#[test]
fn a_unigram_model_is_gone_through_round_by_round() {
    let mut driver = page(&"the theme of the thesis is the theory ".repeat(12), 120, 40);
    driver.keys("t [ [").settle();
    assert!(driver.screen().contains("to begin with"), "{}", driver.screen());
    driver.keys(".");
    assert!(driver.screen().contains("fitted to the words, which cost"), "{}", driver.screen());
    driver.keys("G");
    let screen = driver.screen();
    assert!(screen.contains("every character stays") && screen.contains("the most probable first"), "{screen}");
    assert!(words(&driver)[0].ends_with("▁the"), "{:?}", words(&driver));
}

#[test]
fn tags_are_counted_from_the_persons_words_sentence_by_sentence() {
    // The last method; the person's text behind the textbook's words.
    let mut driver = page("研究 生命 起源\n他 研究 长江", 120, 40);
    driver.keys("[ t").settle();
    assert_eq!(course(&driver).len(), 2);
    assert_eq!(words(&driver), ["1 研 究 生 命 起 源", "1 他 研 究 长 江"]);
    driver.keys(".");
    assert_eq!(words(&driver)[0], "1 [研B] [究E] [生B] [命E] [起B] [源E]");
    driver.keys(".");
    assert_eq!(words(&driver), ["1 研B 究E 生B 命E 起B 源E", "1 [他S] [研B] [究E] [长B] [江E]"]);
    let screen = driver.screen();
    assert!(screen.contains("他/研究/长江 → SBEBE"), "{screen}");
    // Five of five B stand before E, two of them counted now; a sentence begins with B once and with S once.
    let candidates = course(&driver).candidates(2, 20);
    let said = |label: &str| {
        let found = candidates.iter().find(|candidate| candidate.label == label);
        found.map(|candidate| (candidate.worth.as_str(), candidate.behind.as_str()))
    };
    assert_eq!(said("B→E p 1.000"), Some(("5", "+2")));
    assert_eq!(said("E→B p 1.000"), Some(("3", "+1")));
    assert_eq!(said("^→B p 0.500"), Some(("1", "")));
    assert_eq!(said("^→S p 0.500"), Some(("1", "+1")));
    assert_eq!((course(&driver).size(1), course(&driver).size(2)), (6, 9));
    // The file of a step is the model counted from the sentences up to it.
    for (step, lines) in [(1, &["研究 生命 起源"][..]), (2, &["研究 生命 起源", "他 研究 长江"])] {
        let counted = lmscope::text::Hmm::train(lines.iter().copied());
        assert_eq!(course(&driver).file(step), (counted.to_json() + "\n").into_bytes());
    }
}

#[test]
fn a_text_without_words_to_count_says_what_it_lacks() {
    let mut driver = page("  ", 120, 40);
    driver.keys("[ t").settle();
    assert!(driver.screen().contains("words separated by spaces"), "{}", driver.screen());
}
