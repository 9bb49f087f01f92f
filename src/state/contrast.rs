//! Tokenizers and methods side by side: which, and what they make of the text.

use std::ffi::OsStr;
use std::sync::Arc;

use super::Ctx;
use super::Flow;
use crate::job::Contrast;
use crate::job::Job;
use crate::job::Lane;
use crate::lab::tokenizers::Cutter;
use crate::model::Model;
use crate::model::Spec;
use crate::model::default_for;
use crate::text::Method;
use crate::ui::Language;

/// One that cuts, with its name.
#[derive(Clone, Debug)]
pub struct Row {
    /// What to call it.
    pub name: String,
    /// What it is.
    pub cutter: Cutter,
}

/// What is compared.
#[derive(Debug)]
pub struct Contrasts {
    /// Those that were chosen; the model's own tokenizer stands before them.
    rows: Vec<Row>,
    /// Those still to be opened.
    missing: Vec<Spec>,
    /// What they made of the text, with the names of the rows then.
    pub result: Option<(Vec<String>, Arc<Contrast>)>,
    /// The selected row.
    pub at: usize,
    asked: Option<(Arc<str>, Vec<String>)>,
    model: Option<Arc<Model>>,
}

impl Default for Contrasts {
    fn default() -> Self {
        let words = [Method::Forward, Method::Hmm];
        let row = |method: Method| Row { name: method.name().to_owned(), cutter: Cutter::Words(method) };
        Self {
            rows: words.map(row).to_vec(),
            missing: [Language::Chinese, Language::English].map(default_for).to_vec(),
            result: None,
            at: 0,
            asked: None,
            model: None,
        }
    }
}

impl Contrasts {
    /// Every row: the model's own tokenizer first.
    pub fn rows(&self) -> Vec<Row> {
        let own = self.model.as_ref().filter(|model| model.tokenizer.is_some());
        let own = own.map(|model| Row { name: model.name.clone(), cutter: Cutter::Model(Arc::clone(model)) });
        let name = own.as_ref().map(|own| own.name.clone());
        let others = self.rows.iter().filter(|row| Some(&row.name) != name.as_ref());
        own.iter().chain(others).cloned().collect()
    }

    /// One more, before the methods that stand there from the beginning.
    pub(super) fn add(&mut self, name: String, cutter: Cutter) {
        self.rows.retain(|row| row.name != name);
        let at = self.rows.iter().position(|row| matches!(row.cutter, Cutter::Words(_)));
        let at = if matches!(cutter, Cutter::Words(_)) { self.rows.len() } else { at.unwrap_or(self.rows.len()) };
        self.rows.insert(at, Row { name, cutter });
    }
}

impl Ctx<'_> {
    /// Has the text compared where the page is `looked_at`.
    pub fn refresh_contrast(&mut self, looked_at: bool) {
        self.state.contrasts.model.clone_from(&self.state.model);
        if !looked_at || self.state.is_busy(Lane::Contrast) {
            return;
        }
        let own = self.state.model.as_ref().map(|model| model.name.clone());
        while let Some(spec) = self.state.contrasts.missing.pop() {
            if Some(spec.name()) != own {
                return self.submit(Lane::Contrast, Job::AddCutter(spec));
            }
        }
        let flow = Flow::of(self.state);
        let rows = self.state.contrasts.rows();
        let text: Arc<str> = Arc::from(flow.text.get(..flow.finished).unwrap_or_default());
        let wanted = (text, rows.iter().map(|row| row.name.clone()).collect());
        if self.state.contrasts.asked.as_ref() == Some(&wanted) {
            return;
        }
        let cutters = rows.into_iter().map(|row| row.cutter).collect();
        self.submit(Lane::Contrast, Job::Contrast(Arc::clone(&wanted.0), cutters));
        self.state.contrasts.asked = Some(wanted);
    }

    /// Takes in what came of it.
    pub(super) fn contrasted(&mut self, contrast: Arc<Contrast>) {
        let contrasts = &mut self.state.contrasts;
        let names = contrasts.asked.as_ref().map(|(_, names)| names.clone()).unwrap_or_default();
        contrasts.result = Some((names, contrast));
    }

    /// Adds a method by its name, or a tokenizer.
    pub fn add_cutter(&mut self, named: &str) {
        match named.parse::<Method>() {
            Ok(method) => self.state.contrasts.add(method.name().to_owned(), Cutter::Words(method)),
            Err(_) => self.submit(Lane::Contrast, Job::AddCutter(Spec::new(OsStr::new(named)))),
        }
    }

    /// Takes the selected one out; the model's own stays.
    pub fn remove_cutter(&mut self) {
        let contrasts = &mut self.state.contrasts;
        let rows = contrasts.rows();
        let selected = rows.get(contrasts.at).map(|row| row.name.clone());
        contrasts.rows.retain(|row| Some(&row.name) != selected.as_ref());
        contrasts.at = contrasts.at.min(contrasts.rows().len().saturating_sub(1));
    }
}
