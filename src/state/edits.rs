//! What was turned and edited in the settings, to be taken back in its turn among the steps of the run.

use super::Ctx;
use super::Knob;
use super::Settings;

/// An edit of the settings.
#[derive(Clone, Debug)]
struct Edit {
    /// How many steps the run had behind it.
    depth: usize,
    /// What was turned; one after another of the same is one edit.
    knob: Option<Knob>,
    /// The settings on the other side of the edit.
    settings: Settings,
}

/// The edits that can be taken back, and those that can be made again.
#[derive(Debug, Default)]
pub(super) struct Edits {
    past: Vec<Edit>,
    future: Vec<Edit>,
}

impl Ctx<'_> {
    /// Remembers the settings before they are edited, or before `knob` is turned.
    pub(super) fn remember_settings(&mut self, knob: Option<Knob>) {
        let state = &mut *self.state;
        let depth = state.run.depth();
        let goes_on = |edit: &Edit| knob.is_some() && edit.knob == knob && edit.depth == depth;
        if !state.edits.past.last().is_some_and(goes_on) || !state.edits.future.is_empty() {
            state.edits.past.push(Edit { depth, knob, settings: state.settings.clone() });
        }
        state.edits.future.clear();
    }

    /// Takes the last edit back if nothing was generated since, or makes the next one again; returns whether there was one.
    pub(super) fn step_edits(&mut self, back: bool) -> bool {
        let state = &mut *self.state;
        let depth = state.run.depth();
        let Edits { past, future } = &mut state.edits;
        let (from, to) = if back { (past, future) } else { (future, past) };
        let Some(mut edit) = from.pop_if(|edit| edit.depth == depth) else { return false };
        std::mem::swap(&mut state.settings, &mut edit.settings);
        // What is turned from now on is an edit of its own.
        edit.knob = None;
        to.push(edit);
        self.prepare();
        true
    }
}
