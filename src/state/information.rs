//! What was measured of the text and of pairs of distributions.

use std::sync::Arc;

use super::Ctx;
use super::Flow;
use super::Notice;
use super::State;
use crate::job::Bill;
use crate::job::Coded;
use crate::job::Compared;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Measure;
use crate::job::Measured;
use crate::job::Origin;
use crate::job::Other;
use crate::job::Pair;
use crate::lab::information::first_difference;
use crate::lm::Distribution;
use crate::model::Model;
use crate::ui::Message;

/// A distribution that the person marked to compare others with.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The model it is of.
    pub model: Arc<Model>,
    /// The distribution.
    pub distribution: Arc<Distribution>,
    /// The token it stands at, as it is shown, and its place on the path.
    pub at: (String, usize),
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Information {
    /// Whether anybody looks: nothing is measured otherwise.
    pub open: bool,
    /// The first distribution of a comparison.
    pub marked: Option<Marked>,
    bill: Option<Bill>,
    compared: Vec<Compared>,
}

impl State {
    /// What the text on the path costs as code, if that is known.
    pub fn bill(&self) -> Option<&Bill> {
        let bill = self.information.bill.as_ref()?;
        self.run.tokens().map(|node| node.token).eq(bill.tokens.iter().copied()).then_some(bill)
    }

    /// The model's distribution at the selected token, and what the sampler makes of it.
    pub fn sampled_pair(&self) -> Option<Pair> {
        let shown = self.shown()?;
        let shaped = self.shaped()?;
        let some: Arc<[(u32, f32)]> =
            shaped.ids().iter().copied().zip(shaped.probabilities().iter().copied()).collect();
        Some(Pair { p: Arc::clone(&shown.distribution), q: Other::Some(some) })
    }

    /// The marked distribution, and the one at the selected token.
    pub fn marked_pair(&self) -> Option<Pair> {
        let (marked, shown) = (self.information.marked.as_ref()?, self.shown()?);
        let q = Other::Whole(Arc::clone(&shown.distribution));
        self.marked_difference().is_none().then(|| Pair { p: Arc::clone(&marked.distribution), q })
    }

    /// The first id at which the vocabulary of the marked distribution is another.
    pub fn marked_difference(&self) -> Option<u32> {
        let (marked, model) = (self.information.marked.as_ref()?, self.model.as_ref()?);
        if Arc::ptr_eq(&marked.model, model) {
            return None;
        }
        match (&marked.model.tokenizer, &model.tokenizer) {
            (Some(p), Some(q)) => first_difference(p, q),
            _ => (marked.distribution.len() != model.engine.config.vocabulary).then_some(0),
        }
    }

    /// What was measured of a pair, if anything was.
    pub fn compared(&self, pair: &Pair) -> Option<&Compared> {
        self.information.compared.iter().find(|compared| compared.pair.is(pair))
    }

    /// The text whose code is to be measured, once the model has read it.
    fn coded(&self) -> Option<Coded> {
        if self.playing || self.run.context_len() < self.run.len() || self.source_len() > 0 {
            return None;
        }
        let around = |origin: Origin| matches!(origin, Origin::Start | Origin::End);
        let first = self.run.tokens().take_while(|node| around(node.origin)).count();
        let flow = Flow::of(self);
        let start = flow.starts.get(first).copied()?;
        let bytes = flow.text.get(start..flow.finished)?.as_bytes().to_vec();
        let tokens = self.run.tokens().map(|node| node.token).collect();
        Some(Coded { tokens, context: self.run.context(), first, bytes })
    }
}

impl Ctx<'_> {
    /// Has measured what somebody looks at and is not known.
    pub fn measure(&mut self) {
        let state = &*self.state;
        let Some(model) = state.model.clone().filter(|_| state.information.open && !state.is_busy(Lane::Information))
        else {
            return;
        };
        let pairs = state.sampled_pair().into_iter().chain(state.marked_pair());
        let pairs: Vec<Pair> = pairs.filter(|pair| state.compared(pair).is_none()).collect();
        let bill = if state.bill().is_none() { state.coded() } else { None };
        if pairs.is_empty() && bill.is_none() {
            return;
        }
        let threads = state.threads;
        self.submit(Lane::Information, Job::Measure(Measure { model, bill, pairs, threads }));
    }

    /// Marks the distribution at the selected token, to be compared with others; or takes the mark away where it stands.
    pub fn mark(&mut self) {
        let state = &*self.state;
        let (Some(model), Some(shown)) = (state.model.clone(), state.shown()) else {
            return self.say(Notice::hint(Message::StillReading, &[]));
        };
        let distribution = Arc::clone(&shown.distribution);
        if state.information.marked.as_ref().is_some_and(|marked| Arc::ptr_eq(&marked.distribution, &distribution)) {
            self.state.information.marked = None;
            return self.say(Notice::info(Message::Unmarked, &[]));
        }
        let label = state.run.at(state.selected).map(|node| state.label(node.token)).unwrap_or_default();
        self.say(Notice::info(Message::MarkedAt, &[&label]));
        self.state.information.marked = Some(Marked { model, distribution, at: (label, self.state.selected) });
    }

    pub(super) fn measured(&mut self, measured: Measured) {
        let information = &mut self.state.information;
        if measured.bill.is_some() {
            information.bill = measured.bill;
        }
        if !measured.pairs.is_empty() {
            // What is not looked at any more is measured again when it is: two pairs are on screen.
            information.compared.extend(measured.pairs);
            let surplus = information.compared.len().saturating_sub(4);
            information.compared.drain(..surplus);
        }
    }

    /// Another model: nothing that was measured holds, but the mark stays to be compared with.
    pub(super) fn forget_measures(&mut self) {
        let Information { bill, compared, .. } = &mut self.state.information;
        (*bill, *compared) = (None, Vec::new());
        self.cancel(Lane::Information);
    }
}
