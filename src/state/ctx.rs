//! The state together with what is to be done outside.

use super::Effect;
use super::Notice;
use super::State;
use crate::job::Generation;
use crate::job::Job;
use crate::job::Lane;

/// What a deed may touch: the state, and the list of effects.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// The state.
    pub state: &'a mut State,
    effects: &'a mut Vec<Effect>,
}

impl<'a> Ctx<'a> {
    /// The state, and where effects go.
    pub fn new(state: &'a mut State, effects: &'a mut Vec<Effect>) -> Self {
        Self { state, effects }
    }

    /// Asks a lane for a job; whatever it did before is stale from now on.
    pub fn submit(&mut self, lane: Lane, job: Job) {
        let generation = self.raise(lane, true);
        self.effects.push(Effect::Submit(lane, generation, job));
    }

    /// Stops a lane.
    pub fn cancel(&mut self, lane: Lane) {
        if self.state.lanes[lane as usize].busy {
            let generation = self.raise(lane, false);
            self.effects.push(Effect::Cancel(lane, generation));
        }
    }

    /// Asks the outside for something else.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Says something in the status line.
    pub fn say(&mut self, notice: Notice) {
        self.state.notice = Some(notice);
    }

    /// Whether a reply answers the newest request of its lane.
    pub(super) fn is_current(&self, lane: Lane, generation: Generation) -> bool {
        self.state.lanes[lane as usize].newest == generation
    }

    /// The lane has finished its job.
    pub(super) fn rests(&mut self, lane: Lane) {
        self.state.lanes[lane as usize].busy = false;
    }

    fn raise(&mut self, lane: Lane, busy: bool) -> Generation {
        let lane = &mut self.state.lanes[lane as usize];
        lane.newest.0 += 1;
        lane.busy = busy;
        lane.newest
    }
}
