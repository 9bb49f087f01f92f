//! What a person does to the pipeline: add, remove, move, switch, write it anew.

use super::Ctx;
use super::Knob;
use super::Notice;
use crate::lm::Kind;
use crate::lm::Sampler;
use crate::lm::Stage;
use crate::ui::Message;

impl Ctx<'_> {
    /// The index of the stage that the keys turn, if they turn one.
    pub fn active_stage(&self) -> Option<usize> {
        match self.state.settings.active {
            Knob::Stage { stage, .. } if stage < self.state.settings.pipeline.len() => Some(stage),
            _ => None,
        }
    }

    /// Makes another stage the one that the keys turn.
    pub fn activate(&mut self, stage: usize) {
        if stage < self.state.settings.pipeline.len() {
            self.state.settings.active = Knob::Stage { stage, parameter: 0 };
        }
    }

    /// Adds a stage behind the active one.
    pub fn add_stage(&mut self, kind: Kind) {
        self.remember_settings(None);
        let at = self.active_stage().map_or(self.state.settings.pipeline.len(), |index| index + 1);
        self.state.settings.pipeline.insert(at, Stage::new(kind));
        self.activate(at);
        self.pipeline_changed();
    }

    /// Takes the active stage out.
    pub fn remove_stage(&mut self) {
        let Some(index) = self.active_stage() else { return self.no_stage() };
        self.remember_settings(None);
        self.state.settings.pipeline.remove(index);
        let left = self.state.settings.pipeline.len();
        self.state.settings.active =
            if left == 0 { Knob::Seed } else { Knob::Stage { stage: index.min(left - 1), parameter: 0 } };
        self.pipeline_changed();
    }

    /// Switches the active stage off or on.
    pub fn switch_stage(&mut self) {
        let Some(index) = self.active_stage() else { return self.no_stage() };
        self.remember_settings(None);
        let stage = &mut self.state.settings.pipeline[index];
        stage.on = !stage.on;
        self.pipeline_changed();
    }

    /// Moves the active stage one place down or up.
    pub fn move_stage(&mut self, down: bool) {
        let Some(index) = self.active_stage() else { return self.no_stage() };
        let other = if down { index + 1 } else { index.wrapping_sub(1) };
        if other < self.state.settings.pipeline.len() {
            self.remember_settings(None);
            self.state.settings.pipeline.swap(index, other);
            self.activate(other);
            self.pipeline_changed();
        }
    }

    /// Gives a stage its text.
    pub fn set_stage_text(&mut self, index: usize, text: &str) {
        if index < self.state.settings.pipeline.len() {
            self.remember_settings(None);
            let stage = &mut self.state.settings.pipeline[index];
            (stage.text, stage.on) = (text.into(), true);
            self.pipeline_changed();
        }
    }

    /// Puts another pipeline in the place of this one.
    pub fn set_pipeline(&mut self, sampler: Sampler) {
        self.remember_settings(None);
        self.state.settings.pipeline = sampler.stages;
        self.state.settings.active = Knob::Seed;
        self.activate(0);
        self.pipeline_changed();
    }

    fn pipeline_changed(&mut self) {
        self.prepare();
        self.resume();
    }

    fn no_stage(&mut self) {
        self.say(Notice::hint(Message::NoStage, &[]));
    }
}
