//! A sentence as an objective asks for it, and what the open model needs for that, or a built-in one of the kind.

use std::path::PathBuf;
use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
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
    /// Where models of the hub are kept, if anywhere.
    pub cache: Option<PathBuf>,
}

pub(super) fn ask(job: &Ask, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Ask { model, tokens, objective, seed, threads, cache } = job;
    let instead = architectures::stand_in(model, tokens, *objective);
    let (model, tokens) = instead.as_ref().map_or((&**model, tokens), |(model, tokens)| (model, tokens));
    let mut scene = architectures::scene(model, tokens, *objective, *seed);
    let mut workspace = Workspace::new(*threads);
    architectures::exchange(model, tokens, &mut scene, *seed, &mut workspace, &|| ticket.is_current())?;
    let found = Arc::from(model::found(cache.as_deref()));
    said(send(Body::Scene(Arc::new(scene.clone()), Arc::clone(&found))))?;
    if architectures::can_ask(model, &scene) {
        architectures::ask(model, &mut scene, &mut workspace, &|| ticket.is_current())?;
        said(send(Body::Scene(Arc::new(scene), found)))?;
    }
    Ok(())
}
