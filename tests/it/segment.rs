//! Word segmentation.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the long ones say how much they compared"
)]

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, path::PathBuf};

use flate2::{Compression, write::DeflateEncoder};

use lmscope::text::{Dictionary, DictionaryError, Edit, Method, segment};
use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

fn cut<'a>(text: &'a str, method: Method, dictionary: &Dictionary) -> Vec<&'a str> {
    let mut after = 0;
    let words = segment(text, method, dictionary);
    let words: Vec<&str> = words
        .into_iter()
        .map(|word| {
            assert_eq!(word.start, after, "the words of {text:?} leave no gap");
            after = word.end;
            &text[word.start..word.end]
        })
        .collect();
    assert_eq!(after, text.len(), "the words of {text:?} are the whole of it");
    words
}

/// Sentences, and what jieba makes of them without and with its hidden Markov model.
#[derive(Deserialize)]
struct Cuts {
    sentences: Vec<Cut>,
}

#[derive(Deserialize)]
struct Cut {
    text: String,
    route: Vec<String>,
    hmm: Vec<String>,
}

/// Joins the words of `expected` that lie in one grapheme cluster: jieba cuts between code points.
fn whole_characters(text: &str, expected: &[String]) -> Vec<String> {
    let boundaries: Vec<usize> = text.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).collect();
    let mut words: Vec<String> = Vec::new();
    let mut end = 0;
    let mut open = String::new();
    for word in expected {
        open.push_str(word);
        end += word.len();
        if boundaries.binary_search(&end).is_ok() {
            words.push(std::mem::take(&mut open));
        }
    }
    words
}

fn compare(bytes: &[u8]) {
    let cuts: Cuts = serde_json::from_slice(bytes).unwrap();
    let mut faults = Vec::new();
    for sentence in &cuts.sentences {
        for (method, expected) in [(Method::Route, &sentence.route), (Method::Hmm, &sentence.hmm)] {
            let found = cut(&sentence.text, method, Dictionary::embedded());
            let expected = whole_characters(&sentence.text, expected);
            if found != expected {
                faults.push(format!("{method} {}\n    {expected:?}", found.join("/")));
            }
        }
    }
    println!("{} of {} cuts agree", cuts.sentences.len() * 2 - faults.len(), cuts.sentences.len() * 2);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
}

#[test]
fn the_most_probable_route_and_the_hidden_markov_model_cut_as_jieba_does() {
    compare(include_bytes!("../fixtures/tokenizers/jieba.json"));
}

#[test]
#[ignore = "needs jieba-cuts.json in LMSCOPE_TOKENIZERS"]
fn thousands_of_sentences_are_cut_as_jieba_does() {
    let folder = std::env::var_os("LMSCOPE_TOKENIZERS").map(PathBuf::from).expect("LMSCOPE_TOKENIZERS names a folder");
    compare(&std::fs::read(folder.join("jieba-cuts.json")).unwrap());
}

#[test]
fn the_textbook_sentences_are_cut_as_in_the_textbook() {
    for (text, method, expected) in [
        ("研究生命起源", Method::Forward, "研究生/命/起源"),
        ("研究生命起源", Method::Backward, "研究/生命/起源"),
        ("研究生命起源", Method::Bidirectional, "研究/生命/起源"),
        ("研究生命起源", Method::Route, "研究/生命/起源"),
        ("南京市长江大桥", Method::Forward, "南京市/长江大桥"),
        ("南京市长江大桥", Method::Backward, "南京市/长江大桥"),
        ("南京市长江大桥", Method::Route, "南京市/长江大桥"),
        ("结婚的和尚未结婚的", Method::Forward, "结婚/的/和尚/未结/婚/的"),
        ("结婚的和尚未结婚的", Method::Backward, "结婚/的/和/尚未/结婚/的"),
        ("结婚的和尚未结婚的", Method::Bidirectional, "结婚/的/和/尚未/结婚/的"),
        ("乒乓球拍卖完了", Method::Forward, "乒乓球拍/卖完/了"),
        ("他来到了网易杭研大厦", Method::Route, "他/来到/了/网易/杭/研/大厦"),
        ("他来到了网易杭研大厦", Method::Hmm, "他/来到/了/网易/杭研/大厦"),
    ] {
        assert_eq!(cut(text, method, Dictionary::embedded()).join("/"), expected, "{method}");
    }
}

#[test]
fn of_as_many_words_from_the_left_and_the_right_those_with_fewer_single_characters_are_taken() {
    let dictionary = Dictionary::read("乒乓球\n乒乓球拍\n拍卖\n卖\n完\n了\n结婚\n和尚\n尚未\n".as_bytes()).unwrap();
    for (text, forward, backward, both) in [
        ("乒乓球拍卖完了", "乒乓球拍/卖/完/了", "乒乓球/拍卖/完/了", "乒乓球/拍卖/完/了"),
        ("结婚的和尚未结婚的", "结婚/的/和尚/未/结婚/的", "结婚/的/和/尚未/结婚/的", "结婚/的/和/尚未/结婚/的"),
    ] {
        assert_eq!(cut(text, Method::Forward, &dictionary).join("/"), forward);
        assert_eq!(cut(text, Method::Backward, &dictionary).join("/"), backward);
        assert_eq!(cut(text, Method::Bidirectional, &dictionary).join("/"), both);
    }
}

#[test]
fn a_run_of_letters_and_digits_is_one_word_unless_the_dictionary_has_a_longer_one() {
    let dictionary = Dictionary::read("T恤 5\n恤 1\n2024年 3\n".as_bytes()).unwrap();
    for method in [Method::Forward, Method::Backward, Method::Bidirectional] {
        assert_eq!(
            cut("买T恤 2024年 iPhone15!", method, &dictionary),
            ["买", "T恤", " ", "2024年", " ", "iPhone15", "!"]
        );
    }
}

#[test]
fn no_method_cuts_a_character_from_its_marks() {
    let text = "e\u{301}家👩\u{200d}👩\u{200d}👧 नि\r\n🇫🇷";
    for method in Method::ALL {
        let words = cut(text, method, Dictionary::embedded());
        for whole in ["e\u{301}", "👩\u{200d}👩\u{200d}👧", "नि", "\r\n", "🇫🇷"] {
            assert!(words.contains(&whole), "{method}: {words:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn the_words_of_any_text_are_the_whole_of_it(text in "([\u{4e00}-\u{4fff}]|[a-z0-9.%+ ]|\r\n|[\u{300}-\u{305}]|\\PC){0,40}") {
        let boundaries: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        for method in Method::ALL {
            cut(&text, method, Dictionary::embedded());
            for word in segment(&text, method, Dictionary::embedded()) {
                assert!(boundaries.binary_search(&word.end).is_ok(), "{method} cuts a character of {text:?}");
            }
        }
    }
}

/// The words that a method's definition gives, letter by letter, from the list of words alone.
fn by_definition(text: &str, method: Method, dictionary: &Dictionary) -> Vec<usize> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let words: BTreeMap<&str, u64> = dictionary.words().filter(|(_, frequency)| *frequency > 0).collect();
    let frequency = |from: usize, to: usize| words.get(&text[bytes[from]..bytes[to]]).copied();
    let count = bytes.len() - 1;
    // No word is longer.
    let longest = dictionary.longest();
    let mut ends = Vec::new();
    match method {
        Method::Forward => {
            let mut start = 0;
            while start < count {
                start = (start + 1..=count.min(start + longest))
                    .rev()
                    .find(|&end| frequency(start, end).is_some())
                    .unwrap_or(start + 1);
                ends.push(start);
            }
        }
        Method::Backward => {
            let mut end = count;
            while end > 0 {
                ends.push(end);
                end = (end.saturating_sub(longest)..end)
                    .find(|&start| frequency(start, end).is_some())
                    .unwrap_or(end - 1);
            }
            ends.reverse();
        }
        _ => {
            let total = (dictionary.total() as f64).ln();
            let mut best = vec![(0.0, 0); count + 1];
            for start in (0..count).rev() {
                let words =
                    (start + 1..=count.min(start + longest)).filter_map(|end| Some((end, frequency(start, end)?)));
                let ways = words.map(|(end, frequency)| ((frequency as f64).ln() - total + best[end].0, end));
                let best_way = ways.max_by(|a, b| a.partial_cmp(b).unwrap());
                best[start] = best_way.unwrap_or((best[start + 1].0 - total, start + 1));
            }
            let mut at = 0;
            while at < count {
                at = best[at].1;
                ends.push(at);
            }
        }
    }
    ends
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]
    #[test]
    fn the_words_of_any_dictionary_are_what_the_methods_definition_gives(
        words in proptest::collection::vec(("[甲乙丙丁戊]{1,6}", 0_u64..9), 1..24),
        // 己 and 庚 are in no word, and the text is longer than what is looked up at a time.
        text in "[甲乙丙丁戊己庚]{0,30}([甲乙丙丁戊己庚]{600})?",
    ) {
        let lines: Vec<String> = words.iter().map(|(word, frequency)| format!("{word} {frequency}")).collect();
        let dictionary = Dictionary::read(lines.join("\n").as_bytes()).unwrap();
        for method in [Method::Forward, Method::Backward, Method::Route] {
            let ends: Vec<usize> = segment(&text, method, &dictionary).iter().map(|word| word.end / 3).collect();
            assert_eq!(ends, by_definition(&text, method, &dictionary), "{method} {lines:?} {text}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]
    #[test]
    fn words_with_letters_and_marks_of_any_width_are_matched_as_others(
        words in proptest::collection::vec("[甲乙丙A1，·Ａ]{1,5}", 1..40),
        added in proptest::collection::vec("[甲乙丙A1，·Ａ]{1,4}", 0..6),
        text in "[甲乙丙丁A1，·Ａ]{0,40}",
    ) {
        // Each letter by itself where no word has it, as in the definition.
        let mut dictionary = Dictionary::read(words.join("\n").as_bytes()).unwrap();
        dictionary.split_letters();
        let edits = |frequency| added.iter().map(move |word| Edit { word: word.clone(), frequency });
        for edit in std::iter::once(None).chain(edits(1).chain(edits(0)).map(Some)) {
            edit.map(|edit| dictionary.edit(&edit).unwrap());
            for method in [Method::Forward, Method::Backward] {
                let found = segment(&text, method, &dictionary);
                let ends: Vec<usize> = found.iter().map(|word| text[..word.end].chars().count()).collect();
                assert_eq!(ends, by_definition(&text, method, &dictionary), "{method} {words:?} {added:?} {text}");
                for word in found {
                    let has = dictionary.frequency(&text[word.start..word.end]).is_some();
                    assert_eq!(word.known, has, "{method} {words:?} {added:?} {text}");
                }
            }
        }
    }
}

#[test]
fn a_letter_may_begin_and_end_any_number_of_words() {
    let letters = || ('\u{4e00}'..'\u{9f00}').filter(|&letter| letter != '甲');
    let lines = letters().flat_map(|letter| ['甲', letter, '\n', letter, '甲', '\n']).collect::<String>();
    let dictionary = Dictionary::read(lines.as_bytes()).unwrap();
    let text: String =
        letters().step_by(97).flat_map(|letter| ['甲', letter, '\u{9f01}', letter, '甲', '。']).collect();
    for method in [Method::Forward, Method::Backward] {
        let lengths: Vec<usize> = cut(&text, method, &dictionary).iter().map(|word| word.chars().count()).collect();
        assert!(lengths.chunks(4).all(|clause| clause == [2, 1, 2, 1]), "{method}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(60))]
    #[test]
    fn a_text_of_many_clauses_is_cut_by_probability_as_its_clauses_are(
        clauses in proptest::collection::vec(("[\u{4e00}-\u{4fff}]{0,12}|[a-z0-9.]{1,6}", "[，。！ \n]|\r\n|👩\u{200d}👧"), 0..160),
    ) {
        let text: String = clauses.iter().flat_map(|(clause, mark)| [clause.as_str(), mark]).collect();
        for method in [Method::Route, Method::Hmm] {
            let expected: Vec<&str> = clauses
                .iter()
                .flat_map(|(clause, mark)| cut(clause, method, Dictionary::embedded()).into_iter().chain([mark.as_str()]))
                .collect();
            assert_eq!(cut(&text, method, Dictionary::embedded()), expected, "{method}");
        }
    }
}

/// Cut by jieba 0.42.1: lines of poems in traditional characters, of which the dictionary has few.
#[test]
fn rare_characters_are_cut_as_jieba_cuts_them() {
    for (route, hmm) in [
        ("寂寂/虛/懷/無/一/念/，/任/從/蒼/蘚/沒/行/蹤/。", "寂寂/虛懷/無/一念/，/任從/蒼蘚/沒/行/蹤/。"),
        ("柴/門/半/掩/花/空落/，/苔/徑/虛/蹤/草/自/荒/。", "柴門/半/掩花/空落/，/苔徑/虛/蹤/草/自/荒/。"),
        ("多/見/異/獸/心/堪/伏/，/來/慣/幽/禽/不用/呼/。", "多見/異獸/心堪伏/，/來慣/幽禽/不用/呼/。"),
        ("䡾/䡾/雕/甍/傍/九/衢/，/藻/扃/無/復/蕊/函/書/。", "䡾/䡾/雕/甍/傍九衢/，/藻/扃/無/復/蕊/函書/。"),
        ("䆉/䅉/舞/翠/浪/，/籧/篨/生/晝/凉/。", "䆉/䅉/舞翠浪/，/籧/篨/生/晝凉/。"),
        ("欲/出/未/出/光/辣/達/，/千山/萬/山/如/火/發/。", "欲出/未出/光辣達/，/千山/萬山/如火發/。"),
    ] {
        assert_eq!(cut(&route.replace('/', ""), Method::Route, Dictionary::embedded()).join("/"), route);
        assert_eq!(cut(&hmm.replace('/', ""), Method::Hmm, Dictionary::embedded()).join("/"), hmm);
    }
}

#[test]
fn a_word_says_whether_the_dictionary_has_it() {
    let dictionary = Dictionary::read("生命 3\n起源 0\n".as_bytes()).unwrap();
    let known: Vec<bool> = segment("生命起源", Method::Forward, &dictionary).iter().map(|word| word.known).collect();
    assert_eq!(known, [true, false, false]);
}

#[test]
fn a_methods_name_is_read_back() {
    for method in Method::ALL {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
    assert_eq!(
        "max".parse::<Method>().unwrap_err().to_string(),
        "\"max\" is not a method; choose one of fmm bmm bimm route hmm"
    );
}

#[test]
fn the_embedded_dictionary_has_jiebas_words_and_frequencies() {
    let dictionary = Dictionary::embedded();
    assert_eq!((dictionary.len(), dictionary.total()), (349_045, 60_101_967));
    assert_eq!(dictionary.frequency("的"), Some(318_825));
    assert_eq!(dictionary.frequency("研究生"), Some(1_816));
    assert_eq!(dictionary.frequency("研究生命"), None);
    assert_eq!(dictionary.words().count(), 349_045);
    assert!(dictionary.words().is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn every_word_that_a_text_begins_with_is_found_the_shortest_first() {
    let dictionary = Dictionary::read("南京 2\n南京市 3\n南京市长 1\n市长 4\n南 7\n京 1\n".as_bytes()).unwrap();
    let mut found = Vec::new();
    dictionary.prefixes("南京市长江", |length, frequency| found.push((length, frequency)));
    assert_eq!(found, [(3, 7), (6, 2), (9, 3), (12, 1)]);
}

#[test]
fn a_dictionary_may_have_any_line_ends_a_byte_order_mark_and_missing_columns() {
    for text in ["\u{feff}a 2\nb\n\nc 3 n\n", "a 2\r\nb\r\nc 3 n", "a 2\rb\rc\t3\tn\t\t\r"] {
        let dictionary = Dictionary::read(text.as_bytes()).unwrap();
        assert_eq!(dictionary.words().collect::<Vec<_>>(), [("a", 2), ("b", 1), ("c", 3)], "{text:?}");
    }
}

#[test]
fn of_a_word_that_stands_twice_the_last_frequency_counts_and_it_is_said() {
    let dictionary = Dictionary::read("a 1\nb 2\na 3\nb 4\nb 5".as_bytes()).unwrap();
    assert_eq!(dictionary.words().collect::<Vec<_>>(), [("a", 3), ("b", 5)]);
    assert_eq!(dictionary.total(), 15, "jieba adds up all lines");
    let repeated = dictionary.repeated().unwrap();
    assert_eq!((repeated.lines, repeated.line, repeated.word.as_str()), (3, 3, "a"));
}

#[test]
fn a_bad_dictionary_is_an_error_that_names_the_line() {
    use DictionaryError as E;
    let frequency = |found: &str| E::Frequency { line: 2, found: found.to_owned() };
    let cases: Vec<(Vec<u8>, DictionaryError)> = vec![
        (b"".to_vec(), E::Empty),
        (b"\n \n\t\n".to_vec(), E::Empty),
        (b"a 1\ncaf\xe9 1".to_vec(), E::NotUtf8 { byte: 7, line: 2 }),
        (b"\xff\xfea\0".to_vec(), E::NotUtf8 { byte: 0, line: 1 }),
        (b"\xd1\xd0\xbe\xbf 1".to_vec(), E::NotUtf8 { byte: 0, line: 1 }),
        (b"a\0 1".to_vec(), E::Control { line: 1 }),
        (b"\x1b[31m 1".to_vec(), E::Control { line: 1 }),
        (b"a 1\nb -1".to_vec(), frequency("-1")),
        (b"a 1\nb 1e400".to_vec(), frequency("1e400")),
        (b"a 1\nb 0x10".to_vec(), frequency("0x10")),
        (b"a 1\nb 1,000".to_vec(), frequency("1,000")),
        (b"a 1\nb 99999999999999999999".to_vec(), frequency("99999999999999999999")),
        (b"a 1\nb 2 n x".to_vec(), E::Columns { line: 2 }),
        (vec![b'a'; 2000], E::TooLong { line: 1, length: 2000, limit: 1024 }),
        (vec![b'a'; 2 << 20], E::TooLong { line: 1, length: 2 << 20, limit: 1 << 20 }),
        ("\u{301}\u{302} 1".as_bytes().to_vec(), E::Invisible { line: 1 }),
        ("\u{200d} 1".as_bytes().to_vec(), E::Invisible { line: 1 }),
        ("\u{e0041}\u{e0042} 1".as_bytes().to_vec(), E::Invisible { line: 1 }),
        ("\u{202e} 1".as_bytes().to_vec(), E::Invisible { line: 1 }),
        ("\u{115f}\u{1160}\u{3164} 1".as_bytes().to_vec(), E::Invisible { line: 1 }),
        ("\u{301}".repeat(100_000).into_bytes(), E::TooLong { line: 1, length: 200_000, limit: 1024 }),
        (b"a 9999999999999999999\nb 9999999999999999999".to_vec(), E::Total),
    ];
    for (bytes, expected) in cases {
        let start: String = String::from_utf8_lossy(&bytes).chars().take(20).collect();
        assert_eq!(Dictionary::read(&bytes).err(), Some(expected), "{start:?}");
    }
}

fn jieba() -> PathBuf {
    std::env::var_os("LMSCOPE_JIEBA").map(PathBuf::from).expect("LMSCOPE_JIEBA names the folder of jieba 0.42.1")
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write(path: &str, bytes: &[u8]) {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(bytes).unwrap();
    let packed = deflate.finish().unwrap();
    println!("{path}: {} bytes, {} unpacked", packed.len(), bytes.len());
    std::fs::write(path, packed).unwrap();
}

/// Packs words for the program; `total` is what all of them count, and those that stand there more than once.
fn write_words(path: &str, words: &BTreeMap<&str, u64>, total: u64) {
    let (mut shared, mut lengths, mut tails, mut frequencies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut before: &str = "";
    for (word, &frequency) in words {
        let same = before.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        shared.push(u8::try_from(same).unwrap());
        lengths.push(u8::try_from(word.len() - same).unwrap());
        tails.extend_from_slice(&word.as_bytes()[same..]);
        number(&mut frequencies, frequency);
        before = word;
    }
    let count = u32::try_from(words.len()).unwrap();
    let bytes = [&count.to_le_bytes()[..], &u64::to_le_bytes(total), &shared, &lengths, &tails, &frequencies].concat();
    write(path, &bytes);
}

#[test]
#[ignore = "writes assets/words-zh.bin from jieba's dict.txt in LMSCOPE_JIEBA"]
fn the_embedded_dictionary_is_built() {
    let text = std::fs::read_to_string(jieba().join("dict.txt")).unwrap();
    let mut words = BTreeMap::new();
    let mut total = 0;
    for line in text.lines() {
        let mut columns = line.split(' ');
        let word = columns.next().unwrap();
        let frequency: u64 = columns.next().unwrap().parse().unwrap();
        // A word that stands there twice counts with its last frequency, and twice in the total, as in jieba.
        words.insert(word, frequency);
        total += frequency;
    }
    write_words("assets/words-zh.bin", &words, total);
}

#[test]
#[ignore = "writes assets/words-en.bin from symspellpy's frequency_dictionary_en_82_765.txt, named by LMSCOPE_ENGLISH"]
fn the_embedded_english_words_are_built() {
    let path = std::env::var_os("LMSCOPE_ENGLISH").expect("LMSCOPE_ENGLISH names the list");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.trim_start_matches('\u{feff}').lines().filter_map(|line| line.split_once(' '));
    // Counted in thousands, which is all that keeps the file small; the rarest count one.
    let thousands = |count: &str| (count.trim().parse::<u64>().unwrap().saturating_add(500) / 1000).max(1);
    let words: BTreeMap<&str, u64> = lines.map(|(word, count)| (word, thousands(count))).collect();
    write_words("assets/words-en.bin", &words, words.values().sum());
}

#[test]
#[ignore = "writes assets/hmm-zh.bin from jieba's prob_emit.py in LMSCOPE_JIEBA"]
fn the_embedded_emissions_are_built() {
    let text = std::fs::read_to_string(jieba().join("finalseg/prob_emit.py")).unwrap();
    let mut states: BTreeMap<char, BTreeMap<u64, f64>> = BTreeMap::new();
    let mut state = ' ';
    for part in text.split('\'').skip(1).collect::<Vec<_>>().chunks(2) {
        let [name, value] = part else { break };
        let Some(code) = name.strip_prefix("\\u") else {
            state = name.chars().next().unwrap();
            continue;
        };
        let value = value.trim_start_matches(": ").split([',', '}']).next().unwrap();
        states.entry(state).or_default().insert(u64::from_str_radix(code, 16).unwrap(), value.parse().unwrap());
    }
    let mut bytes = Vec::new();
    let mut exact = String::new();
    for state in ['B', 'E', 'M', 'S'] {
        // The least probable character was seen once, so the others' counts are their probability over its.
        let emissions = &states[&state];
        let least = emissions.values().copied().fold(f64::INFINITY, f64::min);
        let total = (-least).exp().round();
        number(&mut bytes, emissions.len() as u64);
        number(&mut bytes, total as u64);
        let mut before = 0;
        let mut same = 0;
        for (&code, &probability) in emissions {
            let count = (probability - least).exp().round();
            assert!(((count / total).ln() - probability).abs() < 1e-13);
            same += usize::from((count / total).ln() == probability);
            number(&mut bytes, code - before);
            number(&mut bytes, count as u64);
            before = code;
        }
        writeln!(exact, "{state}: {same} of {} to the last bit", emissions.len()).unwrap();
    }
    print!("{exact}");
    write("assets/hmm-zh.bin", &bytes);
}
