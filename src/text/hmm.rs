//! New words from single characters: a hidden Markov model of where in a word a character stands.
//!
//! Four states, begin, middle, end, single; the most probable sequence of states by the Viterbi algorithm gives the cuts.
//! The parameters are those of jieba's `finalseg` (MIT), counted on segmented Chinese text: emissions as counts in
//! `assets/hmm-zh.bin`, the rest as the logarithms below.

use std::sync::LazyLock;

use super::{bpe::FoldMap, packed::Packed};

static FILE: &[u8] = include_bytes!("../../assets/hmm-zh.bin");
const MOST_BYTES: u64 = 1 << 20;

/// What stands for the logarithm of zero.
const IMPOSSIBLE: f64 = -3.14e100;

const BEGIN: usize = 0;
const END: usize = 1;
const MIDDLE: usize = 2;
const SINGLE: usize = 3;

/// Log-probability of the first state: begin, end, middle, single.
const START: [f64; 4] = [-0.262_686_608_092_500_16, IMPOSSIBLE, IMPOSSIBLE, -1.465_263_339_853_767_8];

/// For each state the two that may come before, with the log-probability of that step. Of two equally probable ways the later one counts.
const BEFORE: [[(usize, f64); 2]; 4] = [
    [(END, -0.589_714_973_685_451_3), (SINGLE, -0.721_196_565_466_984_1)],
    [(BEGIN, -0.510_825_623_765_99), (MIDDLE, -0.333_448_568_119_485_14)],
    [(BEGIN, -0.916_290_731_874_155), (MIDDLE, -1.260_362_382_026_822_6)],
    [(END, -0.808_525_047_466_993_7), (SINGLE, -0.665_863_144_879_821_2)],
];

/// For each character the log-probability of it in each state.
static EMISSIONS: LazyLock<FoldMap<char, [f64; 4]>> = LazyLock::new(|| emissions().unwrap_or_default());

/// Unpacked, the file holds for each state the number of its characters, and the total of its counts; for each character how
/// far its code is from the one before and its count; all in LEB128.
fn emissions() -> Option<FoldMap<char, [f64; 4]>> {
    let bytes = Packed::inflate(FILE, MOST_BYTES)?;
    let mut packed = Packed::new(&bytes);
    let mut table: FoldMap<char, [f64; 4]> = FoldMap::default();
    for state in [BEGIN, END, MIDDLE, SINGLE] {
        let characters = packed.number()?;
        let total = packed.number()? as f64;
        let mut code = 0_u32;
        for _ in 0..characters {
            code = code.checked_add(u32::try_from(packed.number()?).ok()?)?;
            let count = packed.number()? as f64;
            let row = table.entry(char::from_u32(code)?).or_insert([IMPOSSIBLE; 4]);
            *row.get_mut(state)? = (count / total).ln();
        }
    }
    Some(table)
}

/// The lengths in bytes of the words that `text` is most probably made of.
pub(super) fn words(text: &str) -> Vec<usize> {
    let mut probability = [0.0; 4];
    let mut back: Vec<[u8; 4]> = Vec::with_capacity(text.len() / 3 + 1);
    for (at, character) in text.chars().enumerate() {
        let emission = EMISSIONS.get(&character).copied().unwrap_or([IMPOSSIBLE; 4]);
        let mut next = [0.0; 4];
        let mut from = [0; 4];
        for state in [BEGIN, END, MIDDLE, SINGLE] {
            if at == 0 {
                next[state] = START[state] + emission[state];
                continue;
            }
            let [(first, a), (second, b)] = BEFORE[state];
            let a = probability[first] + a + emission[state];
            let b = probability[second] + b + emission[state];
            (next[state], from[state]) = if b >= a { (b, second as u8) } else { (a, first as u8) };
        }
        probability = next;
        back.push(from);
    }
    let mut state = if probability[SINGLE] >= probability[END] { SINGLE } else { END };
    let mut lengths = Vec::new();
    let mut length = 0;
    // From the last character back: a word starts at a begin or a single.
    for (character, from) in text.chars().rev().zip(back.iter().rev()) {
        length += character.len_utf8();
        if state == BEGIN || state == SINGLE {
            lengths.push(length);
            length = 0;
        }
        state = usize::from(from[state]);
    }
    if length > 0 {
        lengths.push(length);
    }
    lengths.reverse();
    lengths
}
