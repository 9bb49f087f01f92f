//! Opening a model, after fetching what is missing of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Body;
use super::Fault;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::hub::HubError;
use crate::hub::Progress;
use crate::model;
use crate::model::OpenError;
use crate::model::Spec;

pub(super) fn open(spec: &Spec, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let mut told = None;
    let fetched = model::fetch(spec, &mut |progress| {
        if !ticket.is_current() {
            return ControlFlow::Break(());
        }
        let news = news(&progress);
        if told.as_ref() == Some(&news) {
            return ControlFlow::Continue(());
        }
        told = Some(news);
        send(Body::Fetching(progress))
    });
    match fetched.and_then(|()| model::open(spec)) {
        Ok(model) => said(send(Body::Opened(Arc::new(model)))),
        Err(OpenError::Hub(HubError::Stopped)) => Err(Stop::Unwanted),
        Err(error) => Err(Stop::Fault(Fault::Open(error))),
    }
}

/// What a person sees of progress: the same as before is not worth a reply.
fn news(progress: &Progress) -> (Arc<str>, bool, u64) {
    const MEGABYTE: u64 = 1_000_000;
    let part = progress.permille().unwrap_or(progress.done / MEGABYTE);
    (Arc::clone(&progress.file), progress.waiting, part)
}
