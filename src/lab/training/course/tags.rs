//! A hidden Markov model counted from words, sentence by sentence.

use std::collections::HashMap;
use std::collections::HashSet;

use super::Candidate;
use super::Course;
use super::FOLLOWED;
use super::Fate;
use super::Followed;
use super::Learned;
use crate::lab::steps::Note;
use crate::text::Counts;
use crate::text::hmm::Tag;
use crate::text::segment::Gold;
use crate::text::segment::GoldSentence;
use crate::ui::Message;
use crate::ui::safe;

/// What is counted: the tag that begins a sentence, or a tag behind another.
type Place = (Option<Tag>, Tag);

/// The sentences, and what was counted after each.
#[derive(Debug)]
struct Tags {
    sentences: Vec<GoldSentence>,
    /// Characters with their tags, or with none before they were counted.
    labels: Vec<(char, Option<Tag>)>,
    /// The characters in the order of their first occurrence, each as a token without a tag.
    characters: Vec<u32>,
    after: Vec<After>,
}

/// What was counted after a sentence.
#[derive(Clone, Debug, Default)]
struct After {
    start: [u64; 4],
    steps: [[u64; 4]; 4],
    words: u64,
    characters: u64,
    /// How many different characters.
    different: usize,
    /// The sentence, its words parted, and its tags.
    said: (String, String),
}

impl After {
    fn count(&self, (from, to): Place) -> u64 {
        from.map_or(&self.start, |from| &self.steps[from as usize])[to as usize]
    }

    /// The share of a tag among all that stand in its place.
    fn share(&self, (from, to): Place) -> f64 {
        let row = from.map_or(&self.start, |from| &self.steps[from as usize]);
        self.count((from, to)) as f64 / row.iter().sum::<u64>().max(1) as f64
    }
}

/// Counts every sentence of `gold`; `go_on` is told how many are done.
pub(super) fn count(gold: Gold, go_on: &mut dyn FnMut(usize, usize) -> bool) -> Option<Course> {
    let mut ids: HashMap<(char, Option<Tag>), u32> = HashMap::new();
    let mut labels = Vec::new();
    let mut id = |label: (char, Option<Tag>)| {
        *ids.entry(label).or_insert_with(|| {
            labels.push(label);
            labels.len() as u32 - 1
        })
    };
    let mut counts = Counts::default();
    let (mut after, mut words, mut characters) = (vec![After::default()], Vec::new(), Vec::new());
    let (mut seen, mut sum) = (HashSet::new(), 0);
    for (index, sentence) in gold.sentences.iter().enumerate() {
        let counted = counts.add(sentence.words());
        for &(character, _) in &counted.tags {
            if seen.insert(character) {
                characters.push(id((character, None)));
            }
        }
        sum += counted.tags.len() as u64;
        if words.len() < FOLLOWED {
            let plain = counted.tags.iter().map(|&(character, _)| id((character, None))).collect();
            let tagged = counted.tags.iter().map(|&(character, tag)| id((character, Some(tag)))).collect();
            words.push(Followed { times: 1, cuts: vec![(0, plain), (index + 1, tagged)] });
        }
        let parted: Vec<String> = sentence.words().map(|word| safe::token_label(word.as_bytes())).collect();
        let tags = counted.tags.iter().map(|(_, tag)| tag.letter()).collect();
        after.push(After {
            start: counts.start,
            steps: counts.steps,
            words: counts.words,
            characters: sum,
            different: characters.len(),
            said: (parted.join("/"), tags),
        });
        if !go_on(index + 1, gold.sentences.len()) {
            return None;
        }
    }
    let different = gold.sentences.len();
    let learned = Tags { sentences: gold.sentences, labels, characters, after };
    Some(Course { words, different, invalid: 0, of_bytes: false, learned: Box::new(learned) })
}

impl Tags {
    fn after(&self, step: usize) -> &After {
        &self.after[step.min(self.after.len() - 1)]
    }
}

impl Learned for Tags {
    fn len(&self) -> usize {
        self.sentences.len()
    }

    fn label(&self, token: u32) -> String {
        let Some(&(character, tag)) = self.labels.get(token as usize) else { return String::new() };
        let mut label = safe::token_label(character.encode_utf8(&mut [0; 4]).as_bytes());
        label.extend(tag.map(Tag::letter));
        label
    }

    fn length(&self, _token: u32) -> usize {
        1
    }

    fn notes(&self, step: usize) -> Vec<Note> {
        let after = self.after(step);
        if step == 0 {
            return vec![Note::new(Message::TrainUncounted, &[&self.sentences.len()])];
        }
        let fresh = after.different - self.after(step - 1).different;
        vec![
            Note::new(Message::TrainTagged, &[&after.said.0, &after.said.1]),
            Note::new(Message::CliTagsSoFar, &[&after.words, &fresh, &after.different]),
        ]
    }

    /// The tags that begin a sentence or stand behind one another, the most frequent first; those that the step counted are
    /// marked.
    fn candidates(&self, step: usize, room: usize) -> Vec<Candidate> {
        let (after, before) = (self.after(step), self.after(step.saturating_sub(1)));
        let from = std::iter::once(None).chain(Tag::ALL.map(Some));
        let places = from.flat_map(|from| Tag::ALL.map(|to| (from, to)));
        let mut counted: Vec<Place> = places.filter(|&place| after.count(place) > 0).collect();
        counted.sort_by_key(|&place| std::cmp::Reverse(after.count(place)));
        let most = counted.first().map_or(1, |&place| after.count(place));
        let candidate = |&place: &Place| {
            let more = after.count(place) - before.count(place);
            let from = place.0.map_or('^', Tag::letter);
            Candidate {
                label: format!("{from}→{} p {:.3}", place.1.letter(), after.share(place)),
                worth: after.count(place).to_string(),
                behind: if more > 0 { format!("+{more}") } else { String::new() },
                share: after.count(place) as f64 / most as f64,
                fate: if more > 0 { Fate::Won } else { Fate::Open },
            }
        };
        counted.iter().take(room).map(candidate).collect()
    }

    fn size(&self, step: usize) -> usize {
        self.after(step).different
    }

    fn vocabulary(&self, step: usize, most: usize) -> Vec<u32> {
        self.characters.iter().take(self.size(step)).rev().take(most).copied().collect()
    }

    fn order(&self) -> Message {
        Message::TrainCharacters
    }

    fn follows(&self) -> Message {
        Message::TrainSentences
    }

    fn tokens(&self, step: usize) -> u64 {
        self.after(step).characters
    }

    fn file(&self, step: usize) -> Vec<u8> {
        let mut counts = Counts::default();
        for sentence in self.sentences.iter().take(step) {
            counts.add(sentence.words());
        }
        (counts.to_json() + "\n").into_bytes()
    }
}
