//! Beam search on a path: every step with what lives and what was dropped.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lm::Beam;
use crate::lm::Interventions;
use crate::lm::Position;
use crate::lm::Workspace;
use crate::lm::beam::BeamError;
use crate::lm::beam::Hypothesis;
use crate::lm::beam::Rules;
use crate::lm::beam::Step;
use crate::lm::beam::Stopped;
use crate::model::Model;

/// What to search from, and how.
#[derive(Debug)]
pub struct BeamSearch {
    /// The model that continues.
    pub model: Arc<Model>,
    /// What it computed for every token of the path; not empty.
    pub context: Vec<Position>,
    /// How the search chooses; checked by [`Rules::check`].
    pub rules: Rules,
    /// What is changed in the model, under which `context` was computed.
    pub changes: Arc<Interventions>,
    /// How many threads compute.
    pub threads: usize,
}

/// The search after a step.
#[derive(Debug)]
pub struct Beams {
    /// What the step looked at, and what became of it.
    pub step: Step,
    /// What lives, group by group, each best first; every token of it is read, so it can be gone on from at once. After
    /// its group has stopped the last token is not.
    pub live: Vec<(usize, Hypothesis)>,
    /// What has finished, by score, with its group. In the last reply every token of it is read.
    pub finished: Vec<(usize, Hypothesis)>,
    /// Why each group has stopped; `None` while it goes on.
    pub stopped: Vec<Option<Stopped>>,
}

pub(super) fn search(job: BeamSearch, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let BeamSearch { model, context, rules, changes, threads } = job;
    let engine = &model.engine;
    let mut workspace = Workspace::new(threads);
    let wanted = || ticket.is_current();
    let mut beam = Beam::new(engine, context.clone(), rules, &mut workspace)?.with(Arc::clone(&changes));
    while let Some(step) = beam.step(engine, &mut workspace, &wanted)? {
        let groups = 0..beam.rules().groups;
        let mut finished: Vec<_> = beam.finished().into_iter().map(|(group, found)| (group, found.clone())).collect();
        if beam.is_done() {
            let room = engine.config.context;
            for (_, found) in &mut finished {
                let path: Vec<_> = context.iter().chain(&found.positions).cloned().collect();
                let unread: Vec<u32> = found.tokens().skip(found.positions.len()).collect();
                let length = path.iter().filter(|position| !position.is_source()).count();
                // The last token may stand one past the context, and then nothing can come after it.
                if length + unread.len() <= room {
                    let under = model.under(&changes);
                    found.positions.extend(engine.extend(&path, &unread, under, &mut workspace, &wanted)?);
                }
            }
        }
        let beams = Beams {
            step,
            live: groups.clone().flat_map(|group| beam.live(group).map(move |one| (group, one.clone()))).collect(),
            finished,
            stopped: groups.map(|group| beam.stopped(group)).collect(),
        };
        said(send(Body::Beams(Box::new(beams))))?;
    }
    Ok(())
}

impl From<BeamError> for Stop {
    fn from(error: BeamError) -> Self {
        match error {
            BeamError::Forward(error) => error.into(),
            BeamError::NotFinite(logit) => Self::NotFinite(logit),
        }
    }
}
