//! The letters of a stretch of text, looked up, and how many bytes they take.

use std::ops::Range;

use super::side::code_point;
use crate::text::dictionary::BEHIND;
use crate::text::dictionary::Letter;
use crate::text::dictionary::Table;

/// Code points of letters that are always taken in and looked up: Chinese ones.
const CHINESE: Range<u32> = 0x4e00..0x9fd6;
/// For how many letters room is made at a time.
const STEP: usize = 512;
/// The most letters for which room is kept from one text to the next.
const KEPT: usize = 1 << 16;

/// A stretch of letters. One is used for many stretches: its lists may be longer than the stretch.
#[derive(Default)]
pub(super) struct Letters {
    count: usize,
    /// What the dictionary knows of them, and those that are none behind the last.
    known: Vec<Letter>,
    /// How many bytes the letters up to and with each take.
    ends: Vec<u32>,
}

impl Letters {
    /// Takes in the letters of `text`, and returns how many bytes they take; `what` says what to do with one that is not of the
    /// [common ones](CHINESE), by its place.
    pub(super) fn read(&mut self, text: &str, table: Table<'_>, mut what: impl FnMut(usize, char) -> Taken) -> usize {
        self.count = 0;
        loop {
            let (count, room) = (self.count, self.count + STEP);
            if self.ends.len() < room {
                self.ends.resize(room, 0);
            }
            if self.known.len() < room + BEHIND {
                self.known.resize(room + BEHIND, Letter::default());
            }
            let start = self.bytes(count);
            let places = (&mut self.known[count..room], &mut self.ends[count..room]);
            self.count += fill(text, (count, start), places, table, &mut what);
            if self.count < room {
                break;
            }
        }
        self.known.iter_mut().skip(self.count).take(BEHIND).for_each(|none| *none = Letter::default());
        self.bytes(self.count)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// What is known of them, with those that are none behind.
    pub(super) fn known(&self) -> &[Letter] {
        self.known.get(..self.count + BEHIND).unwrap_or_default()
    }

    /// How many bytes so many of them take.
    #[inline]
    pub(super) fn bytes(&self, count: usize) -> usize {
        count.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |&end| end as usize)
    }

    /// Whether they have more room than is worth keeping.
    pub(super) fn is_much(&self) -> bool {
        self.known.capacity() > KEPT
    }
}

/// What becomes of a letter.
pub(super) enum Taken {
    /// It is looked up.
    In,
    /// It is in the stretch, and no word has it.
    Apart,
    /// The stretch ends before it.
    Out,
}

/// Puts the letters of `text` behind the first ones and their bytes into places, and beside each how many bytes there are up to
/// and with it; returns how many. A function of its own, so that what it needs stays in registers.
#[inline(never)]
fn fill(
    text: &str,
    (first, start): (usize, usize),
    (places, ends): (&mut [Letter], &mut [u32]),
    table: Table<'_>,
    what: &mut impl FnMut(usize, char) -> Taken,
) -> usize {
    let (mut count, mut done) = (0, start);
    for (place, end) in places.iter_mut().zip(ends) {
        // Most are these, of three bytes.
        let near: Option<&[u8; 3]> = text.as_bytes().get(done..).and_then(<[u8]>::first_chunk);
        let code = near.map_or(0, |near| code_point(near.map(u32::from)));
        if CHINESE.contains(&code) {
            *place = table.letter_of(code);
            done += 3;
        } else {
            let Some(letter) = text.get(done..).and_then(|rest| rest.chars().next()) else { break };
            *place = match what(first + count, letter) {
                Taken::In => table.letter(letter),
                Taken::Apart => Letter::default(),
                Taken::Out => break,
            };
            done += letter.len_utf8();
        }
        *end = done as u32;
        count += 1;
    }
    count
}
