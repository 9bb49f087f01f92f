//! Undo and redo: changes as what stood where before and after, typing gathered into words.

/// Bytes of text the history may hold before it forgets its oldest changes.
const LIMIT: usize = 64 << 20;

/// One change of a text.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Where it happened.
    pub(super) at: usize,
    /// What was there.
    pub(super) removed: String,
    /// What came instead.
    pub(super) inserted: String,
    /// The cursor before.
    pub(super) cursor: usize,
}

/// Changes done and undone.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    done: Vec<Change>,
    undone: Vec<Change>,
    sealed: bool,
    bytes: usize,
}

impl History {
    /// The next change starts a new step, whatever it is.
    pub(super) fn seal(&mut self) {
        self.sealed = true;
    }

    /// Remembers a change; `joins` if it may continue the one before.
    pub(super) fn push(&mut self, change: Change, joins: bool) {
        self.bytes -= self.undone.drain(..).map(|change| size(&change)).sum::<usize>();
        self.bytes += size(&change);
        let joined = joins && !self.sealed && self.done.last_mut().is_some_and(|last| join(last, &change));
        if !joined {
            self.done.push(change);
        }
        self.sealed = !joins;
        let mut forgotten = 0;
        while self.bytes > LIMIT && forgotten + 1 < self.done.len() {
            self.bytes -= size(&self.done[forgotten]);
            forgotten += 1;
        }
        self.done.drain(..forgotten);
    }

    /// The change to take back.
    pub(super) fn undo(&mut self) -> Option<&Change> {
        self.sealed = true;
        self.undone.push(self.done.pop()?);
        self.undone.last()
    }

    /// The change to make again.
    pub(super) fn redo(&mut self) -> Option<&Change> {
        self.sealed = true;
        self.done.push(self.undone.pop()?);
        self.done.last()
    }
}

fn size(change: &Change) -> usize {
    change.removed.len() + change.inserted.len()
}

/// Makes `last` include `change` if it continues it: the same word typed on, or deletion going on in the same direction.
fn join(last: &mut Change, change: &Change) -> bool {
    if change.removed.is_empty() && last.removed.is_empty() {
        let new_word =
            last.inserted.ends_with(char::is_whitespace) && !change.inserted.starts_with(char::is_whitespace);
        if new_word || last.at + last.inserted.len() != change.at {
            return false;
        }
        last.inserted.push_str(&change.inserted);
        return true;
    }
    if !change.inserted.is_empty() || !last.inserted.is_empty() {
        return false;
    }
    if change.at + change.removed.len() == last.at {
        last.removed.insert_str(0, &change.removed);
        last.at = change.at;
        return true;
    }
    if change.at == last.at {
        last.removed.push_str(&change.removed);
        return true;
    }
    false
}
