//! The well-known word patterns as hand-written matchers: the same matches as the regular expressions in their docs.

use crate::text::classes::{
    self, LETTER, LOWER, MARK, MODIFIER, NUMBER, PUNCTUATION, SPACE, SYMBOL, Set, TITLE, UNCASED, UPPER,
};

/// A pattern known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanner {
    /// GPT-2: [`GPT2`].
    Gpt2,
    /// GPT-4's `cl100k_base`, and Llama 3 (3 digits) and Qwen 2 (1 digit), which differ in how many digits stay together.
    Gpt4 {
        /// The longest run of digits.
        digits: usize,
    },
    /// GPT-4o's `o200k_base`; Mistral's Tekken keeps no contractions and single digits.
    Gpt4o {
        /// Whether `'s` and the like stay with the word before.
        contractions: bool,
        /// The longest run of digits.
        digits: usize,
    },
    /// `DeepSeek` V3's third pattern; digits and Chinese and Japanese letters are split off before it.
    DeepSeek,
    /// `\p{N}{1,n}`.
    Digits {
        /// The longest run of digits.
        digits: usize,
    },
    /// The Chinese and Japanese letters of `DeepSeek` V3's second pattern.
    DeepSeekCjk,
}

/// GPT-2's pattern (Radford et al. 2019, `encoder.py`).
pub(crate) const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// GPT-4's and Llama 3's.
pub(crate) const GPT4_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen 2's.
pub(crate) const GPT4_1: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// GPT-4o's.
pub(crate) const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEEPSEEK: &str = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";
const DEEPSEEK_CJK: &str = "[一-龥\u{3040}-ゟ゠-ヿ]+";

/// Every pattern that has a matcher, as the files spell it.
pub(crate) const KNOWN: [(&str, Scanner); 9] = [
    (GPT2, Scanner::Gpt2),
    (GPT4_3, Scanner::Gpt4 { digits: 3 }),
    (GPT4_1, Scanner::Gpt4 { digits: 1 }),
    (GPT4O, Scanner::Gpt4o { contractions: true, digits: 3 }),
    (TEKKEN, Scanner::Gpt4o { contractions: false, digits: 1 }),
    (DEEPSEEK, Scanner::DeepSeek),
    (DEEPSEEK_CJK, Scanner::DeepSeekCjk),
    (r"\p{N}{1,3}", Scanner::Digits { digits: 3 }),
    (r"\p{N}", Scanner::Digits { digits: 1 }),
];

/// A text and the questions a pattern asks about the character at a byte position.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn character(self, at: usize) -> Option<char> {
        match self.0.as_bytes().get(at) {
            Some(&byte) if byte < 0x80 => Some(char::from(byte)),
            _ => self.0.get(at..)?.chars().next(),
        }
    }

    /// The end of the character at `at` if its class is in `set`.
    #[inline]
    fn one(self, at: usize, set: Set) -> Option<usize> {
        let byte = *self.0.as_bytes().get(at)?;
        if byte.is_ascii() {
            return (classes::of_ascii(byte) & set != 0).then_some(at + 1);
        }
        let character = self.character(at)?;
        (classes::of(character) & set != 0).then_some(at + character.len_utf8())
    }

    /// The end of the longest run of characters from `at` whose class is in `set`.
    fn run(self, mut at: usize, set: Set) -> usize {
        while let Some(end) = self.one(at, set) {
            at = end;
        }
        at
    }

    /// The same, at most `limit` characters.
    fn run_up_to(self, mut at: usize, set: Set, limit: usize) -> usize {
        for _ in 0..limit {
            let Some(end) = self.one(at, set) else { break };
            at = end;
        }
        at
    }

    fn run_bytes(self, mut at: usize, bytes: &[u8]) -> usize {
        while self.0.as_bytes().get(at).is_some_and(|byte| bytes.contains(byte)) {
            at += 1;
        }
        at
    }

    fn is(self, at: usize, byte: u8) -> bool {
        self.0.as_bytes().get(at) == Some(&byte)
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`, in any case if `fold` (then `'ſ` too, as case folding has it).
    fn contraction(self, at: usize, fold: bool) -> Option<usize> {
        if !self.is(at, b'\'') {
            return None;
        }
        let first = self.character(at + 1)?;
        if fold && first == 'ſ' {
            return Some(at + 1 + first.len_utf8());
        }
        let lower = |character: char| if fold { character.to_ascii_lowercase() } else { character };
        let second = || self.character(at + 2).map(lower);
        match lower(first) {
            's' | 't' | 'm' | 'd' => Some(at + 2),
            'r' | 'v' if second() == Some('e') => Some(at + 3),
            'l' if second() == Some('l') => Some(at + 3),
            _ => None,
        }
    }

    /// `\s+(?!\S)|\s+`: all white space, less its last character where something follows.
    fn space(self, at: usize) -> Option<usize> {
        let mut last = at;
        let mut end = self.one(at, SPACE)?;
        while let Some(next) = self.one(end, SPACE) {
            last = end;
            end = next;
        }
        Some(if end == self.0.len() || last == at { end } else { last })
    }

    /// `\s*[\r\n]+`: white space up to its last line break.
    fn line_break(self, at: usize) -> Option<usize> {
        let end = self.run(at, SPACE);
        let run = self.0.as_bytes().get(at..end)?;
        run.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).map(|last| at + last + 1)
    }

    fn is_line_break(self, at: usize) -> bool {
        matches!(self.0.as_bytes().get(at), Some(b'\r' | b'\n'))
    }

    /// ` ?X+` for the characters in `set`, then the bytes in `tail`.
    fn spaced(self, at: usize, set: Set, tail: &[u8]) -> Option<usize> {
        let start = if self.is(at, b' ') { at + 1 } else { at };
        let end = self.run(start, set);
        (end > start).then(|| self.run_bytes(end, tail))
    }

    /// `[^\r\nX]?`: the end of the character at `at` if it is no line break and not in `set`.
    fn lead(self, at: usize, set: Set) -> Option<usize> {
        if self.is_line_break(at) { None } else { self.one(at, !set) }
    }
}

const OTHER: Set = !(SPACE | LETTER | NUMBER);
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
const HEAD: Set = UPPER | TITLE | MODIFIER | UNCASED | MARK;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
const TAIL: Set = LOWER | MODIFIER | UNCASED | MARK;

impl Scanner {
    /// The end of the match that begins at byte `at` of `text`, if one does.
    pub(crate) fn end(self, text: &str, at: usize) -> Option<usize> {
        let cursor = Cursor(text);
        match self {
            Self::Gpt2 => cursor.contraction(at, false).or_else(|| {
                let start = if cursor.is(at, b' ') { at + 1 } else { at };
                for set in [LETTER, NUMBER, OTHER] {
                    if let Some(end) = cursor.one(start, set) {
                        return Some(cursor.run(end, set));
                    }
                }
                cursor.space(at)
            }),
            Self::Gpt4 { digits } => cursor
                .contraction(at, true)
                .or_else(|| {
                    let start = cursor.one(at, LETTER).or_else(|| {
                        let lead = cursor.lead(at, LETTER | NUMBER)?;
                        cursor.one(lead, LETTER)
                    })?;
                    Some(cursor.run(start, LETTER))
                })
                .or_else(|| Some(cursor.run_up_to(at, NUMBER, digits)).filter(|&end| end > at))
                .or_else(|| cursor.spaced(at, OTHER, b"\r\n"))
                .or_else(|| cursor.line_break(at))
                .or_else(|| cursor.space(at)),
            Self::Gpt4o { contractions, digits } => gpt4o_word(cursor, at)
                .map(|word| cursor.contraction(word, true).filter(|_| contractions).unwrap_or(word))
                .or_else(|| Some(cursor.run_up_to(at, NUMBER, digits)).filter(|&end| end > at))
                .or_else(|| cursor.spaced(at, OTHER, b"\r\n/"))
                .or_else(|| cursor.line_break(at))
                .or_else(|| cursor.space(at)),
            Self::DeepSeek => deepseek_code(cursor, at)
                .or_else(|| {
                    let word = LETTER | MARK;
                    let start = cursor
                        .lead(at, LETTER | PUNCTUATION | SYMBOL)
                        .and_then(|lead| cursor.one(lead, word))
                        .or_else(|| cursor.one(at, word))?;
                    Some(cursor.run(start, word))
                })
                .or_else(|| cursor.spaced(at, PUNCTUATION | SYMBOL, b"\r\n"))
                .or_else(|| cursor.line_break(at))
                .or_else(|| cursor.space(at)),
            Self::Digits { digits } => Some(cursor.run_up_to(at, NUMBER, digits)).filter(|&end| end > at),
            Self::DeepSeekCjk => {
                let mut end = at;
                while let Some(character @ ('一'..='龥' | '\u{3040}'..='ヿ')) = cursor.character(end) {
                    end += character.len_utf8();
                }
                Some(end).filter(|&end| end > at)
            }
        }
    }
}

/// An ASCII punctuation mark and the ASCII letters after it, at least one.
fn deepseek_code(cursor: Cursor<'_>, at: usize) -> Option<usize> {
    cursor.character(at).filter(char::is_ascii_punctuation)?;
    let bytes = cursor.0.as_bytes().get(at + 1..)?;
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    (letters > 0).then_some(at + 1 + letters)
}

/// The two word alternatives of GPT-4o: capitals then small letters (at least one), or capitals (at least one) then small letters.
fn gpt4o_word(cursor: Cursor<'_>, at: usize) -> Option<usize> {
    let starts = [cursor.lead(at, LETTER | NUMBER), Some(at)];
    starts.into_iter().flatten().find_map(|start| small_end(cursor, start)).or_else(|| {
        starts.into_iter().flatten().find_map(|start| {
            let end = cursor.run(start, HEAD);
            (end > start).then(|| cursor.run(end, TAIL))
        })
    })
}

/// `[HEAD]*[TAIL]+` with the backing off that a greedy match does where no small letter follows the capitals.
fn small_end(cursor: Cursor<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    let mut last = None;
    while let Some(end) = cursor.one(at, HEAD) {
        if cursor.one(at, TAIL).is_some() {
            last = Some(end);
        }
        at = end;
    }
    let end = cursor.run(at, TAIL);
    if end > at { Some(end) } else { last }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::{KNOWN, Scanner};
    use crate::text::pattern::Pattern;

    fn matches(pattern: &Pattern, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        pattern.each(text, |range| found.push((range.start, range.end)));
        found
    }

    static REGULAR: LazyLock<Vec<(Pattern, Scanner)>> = LazyLock::new(|| {
        let compile = |source| Pattern::Regex(Box::new(fancy_regex::Regex::new(source).expect("compiles")));
        KNOWN.iter().map(|&(source, scanner)| (compile(source), scanner)).collect()
    });

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn each_matcher_finds_what_its_regular_expression_finds(
            text in "([a-zA-Z]|'|'[sSſtTrRvVeEmMlLdD]{1,2}|[ \r\n\t\u{85}\u{a0}]|[0-9½²٣]|[.,/#_`$+<|]|[\u{300}-\u{308}]|[ǅǈʰªº]|[明日のア龥ー]|\\PC){0,40}"
        ) {
            for (regular, scanner) in &*REGULAR {
                let expected = matches(regular, &text);
                prop_assert_eq!(matches(&Pattern::Known(*scanner), &text), expected, "{:?} in {:?}", scanner, &text);
            }
        }
    }
}
