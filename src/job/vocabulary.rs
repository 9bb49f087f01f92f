//! A vocabulary listed, and tokenizers compared.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Body;
use super::Fault;
use super::Send;
use super::Stop;
use super::Ticket;
use super::said;
use crate::lab::tokenizers;
use crate::lab::tokenizers::Comparison;
use crate::lab::tokenizers::Cutter;
use crate::lab::vocabulary;
use crate::lab::vocabulary::Entry;
use crate::lab::vocabulary::Sort;
use crate::lab::vocabulary::Sought;
use crate::model;
use crate::model::Model;
use crate::model::Spec;
use crate::text::Browser;
use crate::text::Index;
use crate::text::Reach;

/// What is known of every piece of a model's vocabulary.
#[derive(Debug)]
pub struct Survey {
    /// The model.
    pub model: Arc<Model>,
    /// What pieces are looked at with.
    pub index: Index,
    /// Every piece, by id.
    pub entries: Vec<Entry>,
}

/// Pieces that no text gives.
pub type Unreachable = BTreeMap<u32, Reach>;

/// What to list.
#[derive(Debug)]
pub struct Browse {
    /// The model whose vocabulary it is.
    pub model: Arc<Model>,
    /// What is known already.
    pub survey: Option<Arc<Survey>>,
    /// The pieces that no text gives, where that is known already.
    pub unreachable: Option<Arc<Unreachable>>,
    /// What is looked for.
    pub sought: Sought,
    /// The order.
    pub sort: Sort,
    /// Whether only pieces that no text gives are wanted.
    pub never: bool,
}

/// What tokenizers made of a text.
#[derive(Debug)]
pub struct Contrast {
    /// The text.
    pub text: Arc<str>,
    /// For each where its pieces end.
    pub ends: Vec<Vec<usize>>,
    /// The measures.
    pub comparison: Comparison,
}

impl Survey {
    /// The vocabulary; none of a model without a tokenizer.
    pub fn browser(&self) -> Option<Browser<'_>> {
        self.model.tokenizer.as_ref().map(|tokenizer| Browser::new(tokenizer, &self.index))
    }
}

pub(super) fn browse(job: Browse, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let Browse { model, survey, unreachable, sought, sort, never } = job;
    let wanted = || ticket.is_current();
    let Some(tokenizer) = &model.tokenizer else { return Ok(()) };
    let survey = if let Some(survey) = survey {
        survey
    } else {
        let index = Index::new(tokenizer);
        let entries = vocabulary::entries(&Browser::new(tokenizer, &index), &wanted).ok_or(Stop::Unwanted)?;
        let survey = Arc::new(Survey { model: Arc::clone(&model), index, entries });
        said(send(Body::Survey(Arc::clone(&survey))))?;
        survey
    };
    let browser = Browser::new(tokenizer, &survey.index);
    let mut listed = vocabulary::arrange(&browser, &survey.entries, &sought, sort);
    if never {
        let unreachable = if let Some(unreachable) = unreachable {
            unreachable
        } else {
            let found = vocabulary::unreachable(&browser, &wanted).ok_or(Stop::Unwanted)?;
            let found: Arc<Unreachable> = Arc::new(found.into_iter().collect());
            said(send(Body::Unreachable(Arc::clone(&found))))?;
            found
        };
        listed.retain(|entry| unreachable.contains_key(&entry.id));
    }
    said(send(Body::Listed(listed)))
}

pub(super) fn add(spec: &Spec, ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let fetched = model::fetch(spec, &mut |_| {
        if ticket.is_current() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    fetched.map_err(|error| Stop::Fault(Fault::Open(error)))?;
    let tokenizer = model::open_tokenizer(spec).map_err(|error| Stop::Fault(Fault::Open(error)))?;
    let tokenizer = tokenizer.map_err(|error| Stop::Fault(Fault::NoTokenizer(error)))?;
    said(send(Body::Cutter(spec.name(), Cutter::Tokenizer(Arc::new(tokenizer)))))
}

pub(super) fn contrast(text: Arc<str>, cutters: &[Cutter], ticket: &Ticket, send: Send<'_>) -> Result<(), Stop> {
    let compared = tokenizers::compare(&mut Cursor::new(text.as_bytes()), cutters, &|| ticket.is_current());
    // A text at hand can be read, and is UTF-8.
    let comparison = compared.map_err(|_| Stop::Unwanted)?;
    let ends = cutters.iter().map(|cutter| cutter.ends(&text)).collect();
    said(send(Body::Contrast(Arc::new(Contrast { text, ends, comparison }))))
}
