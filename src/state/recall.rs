//! Saving a run, opening one again, and holding it to what it was.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Ctx;
use super::Notice;
use super::run::NodeId;
use super::run::Used;
use crate::job::Chosen;
use crate::job::Job;
use crate::job::Lane;
use crate::job::Noted;
use crate::job::Record;
use crate::lm::Sampler;
use crate::ui::Message;

/// A saved run on its way back.
#[derive(Debug)]
pub(super) enum Recall {
    /// Its text is being cut into tokens.
    Cut(Box<Record>),
    /// Its path is being read: what each token cost when it was saved.
    Read(Vec<(NodeId, f64)>),
}

/// Costs that differ by no more than this are the same: they were written with all their digits.
const SAME_BITS: f64 = 1e-9;

impl Ctx<'_> {
    /// Writes the run to a file; its ending says in which form.
    pub fn save(&mut self, path: PathBuf) {
        let Some(model) = self.state.model.clone() else { return };
        let (run, settings) = (&self.state.run, &self.state.settings);
        let tokens = run.tokens().take(run.text_len()).map(|node| node.token).collect();
        let text = self.state.used_now();
        let mut record = Record::new(&model, run.text(), tokens, settings.seed, settings.sampler().to_string());
        // Where each node stands in the file, and what it was chosen with: a search's nodes have what was before them.
        let mut places: BTreeMap<NodeId, (usize, &Used)> = BTreeMap::new();
        for segment in run.segments(|_| false) {
            for id in segment.nodes {
                let node = run.node(id);
                let Some(chosen) = Chosen::of(node.origin) else { continue };
                let parent = node.parent().and_then(|parent| places.get(&parent).copied());
                let before = parent.map_or(&text, |(_, used)| used);
                let own = node.used.as_deref().unwrap_or(before);
                record.nodes.push(Noted {
                    token: node.token,
                    text: String::from_utf8_lossy(self.state.piece(node.token)).into_owned(),
                    after: parent.map(|(place, _)| place),
                    chosen,
                    surprisal_bits: node.score.map(|score| score.surprisal),
                    mu: node.mu,
                    pipeline: (own.pipeline != before.pipeline).then(|| own.pipeline.clone()),
                    seed: (own.seed != before.seed).then_some(own.seed),
                    interventions: (own.changes != before.changes).then(|| own.changes.clone()),
                    name: run.name_of(id).map(str::to_owned),
                });
                places.insert(id, (places.len(), own));
            }
        }
        let off = settings.changes.iter().filter(|listed| !listed.on);
        record.tried = off.map(ToString::to_string).collect();
        record.interventions.clone_from(&text.changes);
        record.path = run.path().last().and_then(|tip| places.get(tip)).map(|&(place, _)| place);
        self.submit(Lane::Files, Job::Save(Box::new(record), path, model));
    }

    /// Opens a saved run.
    pub fn recall(&mut self, path: PathBuf) {
        let Some(model) = self.state.model.clone() else { return };
        self.stop();
        self.submit(Lane::Files, Job::Recall(path, model));
    }

    /// A saved run was read: its text comes first.
    pub(super) fn recalled(&mut self, record: Record) {
        self.stop();
        self.state.settings.seed = record.seed;
        if let Ok(sampler) = record.pipeline.parse::<Sampler>() {
            self.set_pipeline(sampler);
        }
        let tried = [record.interventions.as_slice(), record.tried.as_slice()].concat();
        self.set_changes(&tried.join(" "));
        self.state.text = record.text.as_str().into();
        self.state.recall = Some(Recall::Cut(Box::new(record)));
        self.tokenize();
    }

    /// The text of a saved run stands: what was generated from it comes back, and is read again.
    pub(super) fn replant(&mut self) {
        let Some(Recall::Cut(record)) = self.state.recall.take_if(|recall| matches!(recall, Recall::Cut(_))) else {
            return;
        };
        let run = &mut self.state.run;
        if *run.text() != record.text.as_str().into()
            || !run.tokens().map(|node| node.token).eq(record.tokens.iter().copied())
        {
            return self.say(Notice::warning(Message::RunOtherTokens, &[]));
        }
        let tokens: Vec<_> = record.nodes.iter().map(|node| (node.token, node.chosen.origin(), node.after)).collect();
        let places = run.graft(&tokens);
        let changes = record.interventions.clone();
        let text = Arc::new(Used { pipeline: record.pipeline.clone(), seed: record.seed, changes });
        let mut used: Vec<Arc<Used>> = Vec::with_capacity(places.len());
        for (node, &place) in record.nodes.iter().zip(&places) {
            let before = node.after.map_or(&text, |after| &used[after]);
            let own = match (&node.pipeline, node.seed, &node.interventions) {
                (None, None, None) => Arc::clone(before),
                (pipeline, seed, changes) => Arc::new(Used {
                    pipeline: pipeline.clone().unwrap_or_else(|| before.pipeline.clone()),
                    seed: seed.unwrap_or(before.seed),
                    changes: changes.clone().unwrap_or_else(|| before.changes.clone()),
                }),
            };
            run.set_used(place, Some(Arc::clone(&own)), node.mu);
            used.push(own);
            if let Some(name) = &node.name {
                run.name(place, name);
            }
        }
        if let Some(end) = record.path.and_then(|path| places.get(path)) {
            run.visit(*end);
        }
        let costs =
            record.line().into_iter().filter_map(|index| Some((places[index], record.nodes[index].surprisal_bits?)));
        self.state.recall = Some(Recall::Read(costs.collect()));
        self.state.selected = self.state.tip();
    }

    /// The path was read: whether every token costs what it cost when the run was saved.
    pub(super) fn judge_replay(&mut self) {
        let state = &*self.state;
        let Some(Recall::Read(costs)) = &state.recall else { return };
        let known = |&(node, _): &(NodeId, f64)| state.run.node(node).score.is_some();
        if !costs.iter().all(known) {
            return;
        }
        let differs = |&&(node, bits): &&(NodeId, f64)| {
            state.run.node(node).score.is_some_and(|score| (score.surprisal - bits).abs() > SAME_BITS * bits.max(1.0))
        };
        let notice = match costs.iter().find(differs) {
            None => Notice::info(Message::Replayed, &[&costs.len()]),
            Some(&(node, bits)) => {
                let now = state.run.node(node).score.map_or(f64::NAN, |score| score.surprisal);
                let label = state.label(state.run.node(node).token);
                Notice::warning(Message::ReplayedElse, &[&label, &format!("{bits:.6}"), &format!("{now:.6}")])
            }
        };
        self.state.recall = None;
        self.say(notice);
    }
}
