//! New words from single characters: a hidden Markov model of where in a word a character stands.
//!
//! Four tags, begin, end, middle, single; the most probable sequence of tags by the Viterbi algorithm (Viterbi 1967) gives the
//! cuts. [`Hmm::embedded`] has the parameters of jieba's `finalseg` (MIT), counted on segmented Chinese text;
//! [`Counts`] counts others.

use std::sync::LazyLock;

mod count;
mod embedded;
mod emissions;
mod file;

pub use count::Counts;
pub use count::Sentence;
pub use file::HmmError;

use emissions::Emissions;

/// What stands for the logarithm of zero: as in jieba, small enough that any possible way is better.
pub const IMPOSSIBLE: f64 = -3.14e100;

/// What stands for a tag that is not allowed: less than any impossible way.
const FORBIDDEN: f64 = -1e150;

/// Where in a word a character stands; in the order in which, of two equally probable ways, the later one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tag {
    /// At the beginning of a word of several.
    Begin,
    /// At its end.
    End,
    /// In its middle.
    Middle,
    /// It is a word by itself.
    Single,
}

impl Tag {
    /// Every tag, in index order.
    pub const ALL: [Self; 4] = [Self::Begin, Self::End, Self::Middle, Self::Single];

    /// Its letter: B, E, M, S.
    pub fn letter(self) -> char {
        match self {
            Self::Begin => 'B',
            Self::End => 'E',
            Self::Middle => 'M',
            Self::Single => 'S',
        }
    }

    /// The two tags that may stand before it.
    pub fn before(self) -> [Self; 2] {
        match self {
            Self::Begin | Self::Single => [Self::End, Self::Single],
            Self::End | Self::Middle => [Self::Begin, Self::Middle],
        }
    }

    /// Whether a word begins with it, whatever stands before.
    pub fn begins(self) -> bool {
        matches!(self, Self::Begin | Self::Single)
    }

    /// Whether a word ends with it.
    pub fn ends(self) -> bool {
        matches!(self, Self::End | Self::Single)
    }
}

/// One number for each tag.
pub type ByTag = [f64; 4];

/// A hidden Markov model of tags. All numbers are natural logarithms of probabilities, [`IMPOSSIBLE`] for 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Hmm {
    start: ByTag,
    /// `steps[from][to]`
    steps: [ByTag; 4],
    emissions: Emissions,
}

/// A character on the trellis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// The character.
    pub character: char,
    /// The logarithm of its probability under each tag.
    pub emission: ByTag,
    /// The logarithm of the probability of the best way to each tag, this character included.
    pub score: ByTag,
    /// The logarithm of the probability of the way to each tag that lost.
    pub lost: ByTag,
    /// The tag before on the best way to each tag; of no use at the first character.
    pub from: [Tag; 4],
}

impl Hmm {
    /// The model that comes with lmscope: jieba's.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Hmm> = LazyLock::new(embedded::hmm);
        &EMBEDDED
    }

    /// The logarithm of the probability that a sentence begins with `tag`.
    pub fn start(&self, tag: Tag) -> f64 {
        self.start[tag as usize]
    }

    /// The logarithm of the probability that `to` follows `from`.
    pub fn step(&self, from: Tag, to: Tag) -> f64 {
        self.steps[from as usize][to as usize]
    }

    /// The logarithms of the probabilities of `character` under each tag.
    pub fn emission(&self, character: char) -> ByTag {
        self.emissions.of(character)
    }

    /// How many characters have an emission.
    pub fn characters(&self) -> usize {
        self.emissions.len()
    }

    /// Walks along `text`, character by character.
    pub fn columns<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Column> + 'a {
        self.walk(text, |_| |_| true)
    }

    /// The columns of a walk on which a character has only tags that are allowed there.
    fn walk<'a, F: Fn(Tag) -> bool>(
        &'a self,
        text: &'a str,
        allowed: impl Fn(usize) -> F + 'a,
    ) -> impl Iterator<Item = Column> + 'a {
        let mut before: Option<ByTag> = None;
        text.chars().enumerate().map(move |(place, character)| {
            let allowed = allowed(place);
            let mut emission = self.emission(character);
            for tag in Tag::ALL.into_iter().filter(|&tag| !allowed(tag)) {
                emission[tag as usize] = FORBIDDEN;
            }
            let mut column =
                Column { character, emission, score: [0.0; 4], lost: [IMPOSSIBLE; 4], from: [Tag::Begin; 4] };
            for tag in Tag::ALL {
                let index = tag as usize;
                let Some(before) = before else {
                    column.score[index] = self.start(tag) + emission[index];
                    continue;
                };
                let [first, second] = tag.before();
                let way = |from: Tag| before[from as usize] + self.step(from, tag) + emission[index];
                let (a, b) = (way(first), way(second));
                (column.score[index], column.lost[index], column.from[index]) =
                    if b >= a { (b, a, second) } else { (a, b, first) };
            }
            before = Some(column.score);
            column
        })
    }

    /// The most probable tags of `text`, one for each character.
    pub fn tags(&self, text: &str) -> Vec<Tag> {
        best(self.columns(text)).0
    }

    /// The most probable tags of `text` on which a word ends with the character at `place`, or does not; and the
    /// logarithm of their probability.
    pub fn tags_with(&self, text: &str, place: usize, ends: bool) -> (Vec<Tag>, f64) {
        best(self.walk(text, move |at| move |tag: Tag| at != place || tag.ends() == ends))
    }

    /// Calls `word_ends(letters up to there)` for every word that `letters` are most probably made of, by the same
    /// [tags](Self::tags), and returns how many letters there are; `trail` is room to be used again.
    pub(super) fn cut(
        &self,
        mut letters: impl Iterator<Item = char>,
        trail: &mut Vec<u8>,
        mut word_ends: impl FnMut(usize),
    ) -> usize {
        let Some(first) = letters.next() else { return 0 };
        let emission = self.emission(first);
        let mut score: ByTag = std::array::from_fn(|tag| self.start[tag] + emission[tag]);
        // For each letter and each tag, whether the best way comes from the second of the tags before it.
        trail.clear();
        trail.push(0);
        for letter in letters {
            let emission = self.emission(letter);
            let mut second = 0;
            score = std::array::from_fn(|index| {
                let tag = Tag::ALL[index];
                let [a, b] = tag.before().map(|from| score[from as usize] + self.step(from, tag) + emission[index]);
                second |= u8::from(b >= a) << index;
                // The greater one, in the form that is one instruction.
                if a > b { a } else { b }
            });
            trail.push(second);
        }
        // Back along the best way: whether a word begins at each letter.
        let mut tag = last(&score);
        for second in trail.iter_mut().rev() {
            let from = tag.before()[usize::from(*second >> tag as u8 & 1)];
            *second = u8::from(tag.begins());
            tag = from;
        }
        (1..trail.len()).filter(|&place| trail[place] != 0).for_each(&mut word_ends);
        word_ends(trail.len());
        trail.len()
    }
}

/// The tag that the best way ends with.
fn last(score: &ByTag) -> Tag {
    if score[Tag::Single as usize] >= score[Tag::End as usize] { Tag::Single } else { Tag::End }
}

/// The best way through a trellis, and the logarithm of its probability.
fn best(columns: impl Iterator<Item = Column>) -> (Vec<Tag>, f64) {
    let mut score = [0.0; 4];
    let ways: Vec<[Tag; 4]> = columns.map(|column| (score = column.score, column.from).1).collect();
    let mut tag = last(&score);
    let logarithm = score[tag as usize];
    let mut tags = Vec::with_capacity(ways.len());
    for from in ways.iter().rev() {
        tags.push(tag);
        tag = from[tag as usize];
    }
    tags.reverse();
    (tags, logarithm)
}
