//! The words of a corpus, read piece by piece and counted by several threads.

use std::io;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::TrainingError;
use crate::text::train::Counter;
use crate::text::train::Recipe;
use crate::text::train::TrainError;
use crate::text::train::WordCounts;

/// How much is read and counted at once, in bytes. A line is longer only where it is one.
const CHUNK: usize = 4 << 20;
/// A longer line is cut, in bytes.
const LONGEST_LINE: usize = 64 << 20;

/// A part of a corpus.
pub struct Source<'a> {
    /// What it is called.
    pub path: PathBuf,
    /// What it holds.
    pub content: Box<dyn Read + 'a>,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// The words.
    pub words: WordCounts,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many of them were no UTF-8.
    pub invalid: u64,
    /// How many words were too long to learn from whole.
    pub long: u64,
}

/// Counts the words of the sources on `threads` threads; `progress` is told how many bytes were read so far. Memory is
/// bounded by the words, not by the length of the corpus.
///
/// # Errors
/// A source cannot be read, the recipe is none, the words take too much memory, or `progress` broke.
pub fn count<'a>(
    recipe: &Recipe,
    sources: impl IntoIterator<Item = Result<Source<'a>, (PathBuf, io::Error)>>,
    threads: usize,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Counted, TrainingError> {
    let (give, take) = mpsc::sync_channel(threads);
    let take = Mutex::new(take);
    let work = || counting(recipe, &take);
    thread::scope(|scope| {
        let counters: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let read = sources.into_iter().try_fold(0, |read, source| feed(source, read, &give, progress));
        drop(give);
        let mut counted = Counted::default();
        for counter in counters {
            let part = counter.join().map_err(|_| TrainingError::Stopped)?.map_err(TrainingError::Train)?;
            counted.words.merge(part.words);
            counted.invalid += part.invalid;
            counted.long += part.long;
        }
        counted.bytes = read?;
        counted.words.check().map_err(TrainingError::Train)?;
        Ok(counted)
    })
}

/// One thread's share.
fn counting(recipe: &Recipe, take: &Mutex<Receiver<Vec<u8>>>) -> Result<Counted, TrainError> {
    let mut counter = Counter::new(recipe)?;
    loop {
        let lines = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(lines) = lines else { break };
        counter.add(&lines);
        counter.words.check()?;
    }
    Ok(Counted { words: counter.words, bytes: 0, invalid: counter.invalid, long: counter.long })
}

/// Reads one source and gives its lines away; gives how many bytes were read with it.
fn feed(
    source: Result<Source<'_>, (PathBuf, io::Error)>,
    mut read: u64,
    give: &SyncSender<Vec<u8>>,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<u64, TrainingError> {
    let Source { path, mut content } = source.map_err(|(path, error)| TrainingError::Read(path, error))?;
    let mut rest = Vec::new();
    loop {
        let before = rest.len();
        let end = content.by_ref().take(CHUNK as u64).read_to_end(&mut rest);
        end.map_err(|error| TrainingError::Read(path.clone(), error))?;
        let fresh = rest.len() - before;
        read += fresh as u64;
        let line_end = rest.iter().skip(before).rposition(|&byte| byte == b'\n').map(|at| before + at + 1);
        let cut = match line_end {
            _ if fresh == 0 => rest.len(),
            Some(end) => end,
            None if rest.len() < LONGEST_LINE => continue,
            None => whole_characters(&rest),
        };
        let after = rest.split_off(cut);
        let lines = std::mem::replace(&mut rest, after);
        // A counter that has stopped says why itself.
        if give.send(lines).is_err() || fresh == 0 {
            return Ok(read);
        }
        if progress(read).is_break() {
            return Err(TrainingError::Stopped);
        }
    }
}

/// How many of the bytes are whole characters, or anything else that the next bytes don't complete.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let lead = (tail..bytes.len()).rev().find(|&at| bytes[at] & 0xC0 != 0x80);
    lead.filter(|&at| bytes[at] >= 0xC0).unwrap_or(bytes.len())
}
