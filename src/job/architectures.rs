//! A sentence as an objective asks for it, and what the open model needs for that.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::hub::Surroundings;
use crate::lab::architectures;
use crate::lm::Workspace;
use crate::lm::blueprint::Objective;
use crate::model;
use crate::model::Model;

/// What to show.
#[derive(Debug)]
pub struct Ask {
    /// The model.
    pub model: Arc<Model>,
    /// The sentence.
    pub tokens: Vec<u32>,
    /// What it is trained for.
    pub objective: Objective,
    /// What chance depends on.
    pub seed: u64,
    /// How many threads compute.
    pub threads: usize,
}

pub(super) fn ask(job: &Ask, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Ask { model, tokens, objective, seed, threads } = job;
    let mut scene = architectures::scene(model, tokens, *objective, *seed);
    let found = Arc::from(model::found(&Surroundings::of_process()));
    said(send(Body::Scene(Arc::new(scene.clone()), Arc::clone(&found))))?;
    if architectures::can_ask(model, &scene) {
        let mut workspace = Workspace::new(*threads);
        architectures::ask(model, &mut scene, &mut workspace, &|| ticket.is_current())?;
        said(send(Body::Scene(Arc::new(scene), found)))?;
    }
    Ok(())
}
