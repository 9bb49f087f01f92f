//! What panes share: the model, the text, the run, what is selected, and the evidence at hand.

pub mod command;
pub mod contrast;
pub mod effect;
pub mod evidence;
pub mod explained;
pub mod flow;
pub mod information;
pub mod length;
pub mod masks;
pub mod notice;
pub mod repetition;
pub mod run;
pub mod settings;
pub mod steps;
pub mod training;
pub mod vocabulary;

mod absorb;
mod architectures;
pub mod branches;
mod changes;
mod ctx;
mod deeds;
mod edits;
mod pane_id;
mod pipeline;
mod places;
mod recall;
pub mod search;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

pub use architectures::Architectures;
pub use branches::Branches;
pub use changes::Listed;
pub use command::Command;
pub use contrast::Contrasts;
pub use ctx::Ctx;
pub use deeds::GLANCE_EVERY;
pub use effect::Effect;
pub use evidence::Evidence;
pub use explained::Explained;
pub use flow::Flow;
pub use information::Information;
pub use length::Length;
pub use masks::Masks;
pub use notice::Notice;
pub use pane_id::PaneId;
pub use repetition::Repetition;
pub use run::Node;
pub use run::NodeId;
pub use run::Run;
pub use search::Search;
pub use settings::Knob;
pub use settings::Settings;
pub use steps::Steps;
pub use training::Training;
pub use vocabulary::Vocabulary;

use crate::hub::Progress;
use crate::job::Changes;
use crate::job::Generation;
use crate::job::Lane;
use crate::job::Origin;
use crate::job::Overview;
use crate::job::Subject;
use crate::job::Words;
use crate::lm::Past;
use crate::lm::Shaped;
use crate::lm::blueprint::Stacks;
use crate::lm::chance;
use crate::model::Model;
use crate::ui::Language;
use crate::ui::Theme;
use crate::ui::safe;

/// One lane as the state sees it: its newest request, and whether it still works on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaneState {
    newest: Generation,
    busy: bool,
}

/// What is shown of attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// The head in view.
    #[default]
    Head,
    /// The average of the heads of the layer in view.
    Layer,
    /// The average of all heads.
    All,
    /// Rollout to the layer in view.
    Rollout,
}

impl Shows {
    /// The next thing to show, round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Head => Self::Layer,
            Self::Layer => Self::All,
            Self::All => Self::Rollout,
            Self::Rollout => Self::Head,
        }
    }
}

/// How the head in view came there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HeadChoice {
    /// The first one, before anything is known of the others.
    #[default]
    First,
    /// The one that does something telling, if any did.
    Telling,
    /// The person's own.
    Chosen,
}

/// What panes share.
#[derive(Debug)]
pub struct State {
    /// The language of everything said.
    pub language: Language,
    /// How things look.
    pub theme: Theme,
    /// How many threads the model computes with.
    pub threads: usize,
    /// The model, once it is open.
    pub model: Option<Arc<Model>>,
    /// The name of the model being opened.
    pub opening: Option<String>,
    /// The file of it that is being fetched.
    pub fetching: Option<Progress>,
    /// The text as the person typed it.
    pub text: Arc<str>,
    /// The text, with what was generated, cut into words; may lag behind for an instant.
    pub words: Option<Arc<Words>>,
    /// How long the path was when it was last cut into words.
    words_length: usize,
    /// Tokens at the front of the text that the context has no room for.
    pub dropped: usize,
    /// The tokens read and generated.
    pub run: Run,
    /// The selected token: an index on the path.
    pub selected: usize,
    /// The selected candidate: a rank in the distribution after the selected token.
    pub candidate: usize,
    /// The layer whose attention is shown, from 0.
    pub layer: usize,
    /// The head whose attention is shown, from 0.
    pub head: usize,
    /// How the head came into view.
    head_choice: HeadChoice,
    /// The key under the attention cursor, an index on the path; `None` follows the greatest weight.
    pub key: Option<usize>,
    /// How the next token is chosen.
    pub settings: Settings,
    /// What was edited in it.
    edits: edits::Edits,
    /// What is shown of attention.
    pub subject: Shows,
    /// Distributions and attention at hand.
    pub evidence: Evidence,
    /// The interventions that the run is read with: those that are on, as soon as the run follows them.
    pub under: Changes,
    /// What is explained of the run.
    pub explained: Explained,
    /// A beam search, or a look ahead.
    pub search: Search,
    /// The paths beside the current one that are read.
    pub branches: Branches,
    /// What is known of the run's repetitions.
    pub repetition: Repetition,
    /// What was measured of the text.
    pub information: Information,
    /// The text under other masks.
    pub masks: Masks,
    /// The text with less of it kept.
    pub length: Length,
    /// A text step by step.
    pub steps: Steps,
    /// A vocabulary that is learned.
    pub training: Training,
    /// The vocabulary in view.
    pub vocabulary: Vocabulary,
    /// Tokenizers side by side.
    pub contrasts: Contrasts,
    /// The architecture in view.
    pub architectures: Architectures,
    /// Whether tokens are being generated one after another.
    pub playing: bool,
    /// Whether a single token is being drawn, and how many more were asked for meanwhile.
    drawing: bool,
    queued: usize,
    /// How long the last generated token took.
    pub step_time: Option<Duration>,
    /// What the tokens that are being generated are chosen with.
    used: Arc<run::Used>,
    /// A saved run that is being opened.
    recall: Option<recall::Recall>,
    /// What the person should know now.
    pub notice: Option<Notice>,
    lanes: [LaneState; Lane::ALL.len()],
}

impl State {
    /// A state in which nothing has happened.
    pub fn new(language: Language, theme: Theme, threads: usize, settings: Settings) -> Self {
        Self {
            language,
            theme,
            threads,
            model: None,
            opening: None,
            fetching: None,
            text: Arc::default(),
            words: None,
            words_length: 0,
            dropped: 0,
            run: Run::default(),
            selected: 0,
            candidate: 0,
            layer: 0,
            head: 0,
            head_choice: HeadChoice::default(),
            key: None,
            settings,
            edits: edits::Edits::default(),
            subject: Shows::default(),
            evidence: Evidence::default(),
            under: Changes::default(),
            explained: Explained::default(),
            search: Search::default(),
            branches: Branches::default(),
            repetition: Repetition::default(),
            information: Information::default(),
            masks: Masks::default(),
            length: Length::default(),
            steps: Steps::default(),
            training: Training::default(),
            vocabulary: Vocabulary::default(),
            contrasts: Contrasts::default(),
            architectures: Architectures::default(),
            playing: false,
            drawing: false,
            queued: 0,
            step_time: None,
            used: Arc::default(),
            recall: None,
            notice: None,
            lanes: Default::default(),
        }
    }

    /// What a token that is chosen now is chosen with.
    fn used_now(&self) -> run::Used {
        let changes = self.under.list().iter().map(ToString::to_string).collect();
        run::Used { pipeline: self.settings.sampler().to_string(), seed: self.settings.seed, changes }
    }

    /// Whether a lane is at work.
    pub fn is_busy(&self, lane: Lane) -> bool {
        self.lanes[lane as usize].busy
    }

    /// Index of the last token of the path.
    pub fn tip(&self) -> usize {
        self.run.len().saturating_sub(1)
    }

    /// The bytes a token stands for.
    pub fn piece(&self, token: u32) -> &[u8] {
        self.model.as_ref().and_then(|model| model.tokenizer.as_ref()).map_or(&[], |tokenizer| tokenizer.piece(token))
    }

    /// How many tokens of the path are the source that an encoder reads before a decoder.
    pub fn source_len(&self) -> usize {
        let sourced = |model: &Arc<Model>| model.engine.blueprint.stacks == Stacks::EncoderDecoder;
        // The last token that was not generated is the one that the decoder begins with.
        if self.model.as_ref().is_some_and(sourced) { self.run.text_len().saturating_sub(1) } else { 0 }
    }

    /// Whether the decoder has a recurrent cell in place of attention to itself.
    pub fn recurs(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.engine.blueprint.cell.is_some())
    }

    /// Whether the distribution at a token is that of the token after it; if not, of the token itself, hidden.
    pub fn predicts_next(&self) -> bool {
        self.model.as_ref().is_none_or(|model| model.engine.blueprint.predicts_next())
    }

    /// The token that the distribution at `index` of the path predicts, if it stands there.
    pub fn predicted(&self, index: usize) -> Option<&Node> {
        self.run.at(if self.predicts_next() { index + 1 } else { index })
    }

    /// Whether the token at `query` of the path can look at the one at `key`.
    pub fn sees(&self, query: usize, key: usize) -> bool {
        let Some(model) = &self.model else { return false };
        let source = self.source_len();
        let blueprint = &model.engine.blueprint;
        let own = || blueprint.cell.is_none() && blueprint.mask.visible(query, key);
        if query < source { key < source } else { key < source || own() }
    }

    /// The tokens of the path that have a cost: none for what stands around a text, none for a source.
    pub fn scored(&self) -> Range<usize> {
        let around = |node: &Node| matches!(node.origin, Origin::Start | Origin::End);
        let length = self.run.len();
        if self.predicts_next() {
            return (self.source_len() + 1).min(length)..length;
        }
        let start = self.run.tokens().take_while(|node| around(node)).count();
        let end = length - self.run.tokens().rev().take_while(|node| around(node)).count();
        start..end.max(start)
    }

    /// Whether there is a distribution at `index` of the path: none for a source, none around a text that is filled in,
    /// none where the file has no head.
    pub fn has_distribution(&self, index: usize) -> bool {
        let gives = |model: &Arc<Model>| model.engine.has_head() && (self.predicts_next() || model.can_hide());
        let head = self.model.as_ref().is_some_and(gives);
        let fits = if self.predicts_next() { index >= self.source_len() } else { self.scored().contains(&index) };
        head && fits
    }

    /// The first token of the text that is hidden behind the mask token.
    fn hidden(&self) -> Option<usize> {
        let mask = self.model.as_ref()?.mask()?;
        self.run.tokens().position(|node| node.token == mask)
    }

    /// The selected token, or the nearest one that belongs to the text.
    fn selected_in_text(&self) -> usize {
        let text = self.scored();
        self.selected.clamp(text.start.min(self.tip()), text.end.saturating_sub(1).max(text.start).min(self.tip()))
    }

    /// Whether the open model can be given text.
    pub fn has_tokenizer(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.tokenizer.is_some())
    }

    /// Whether a token is one that the tokenizer keeps apart from text.
    pub fn is_special(&self, token: u32) -> bool {
        let tokenizer = self.model.as_ref().and_then(|model| model.tokenizer.as_ref());
        tokenizer.is_some_and(|tokenizer| tokenizer.is_special(token))
    }

    /// A token as it is shown: its text made visible, or its id where the model has no tokenizer.
    pub fn label(&self, token: u32) -> String {
        match self.model.as_ref().and_then(|model| model.tokenizer.as_ref()) {
            Some(tokenizer) => safe::token_label(tokenizer.piece(token)),
            None => format!("#{token}"),
        }
    }

    /// The distribution after the selected token, or of the selected token hidden, if it is at hand.
    pub fn shown(&self) -> Option<&evidence::Shown> {
        self.evidence.distribution(*self.run.path().get(self.selected)?)
    }

    /// What the sampler makes of the distribution in view, as it would choose there.
    pub fn shaped(&self) -> Option<&Shaped> {
        let shown = self.shown()?;
        let node = self.run.at(self.selected)?;
        Some(shown.shaped(|distribution| {
            let seen = || self.run.tokens().take(self.selected + 1);
            let tokens: Vec<u32> = seen().skip(self.source_len()).map(|node| node.token).collect();
            let generated = seen().filter(|node| node.origin.is_generated()).count();
            let chance = chance(self.settings.seed, generated as u64);
            self.settings.sampler().shape(distribution, &Past { tokens: &tokens, generated, mu: node.mu, chance })
        }))
    }

    /// Whose rows of attention are shown.
    pub fn watched(&self) -> Subject {
        match self.subject {
            Shows::Head => Subject::Head(self.layer, self.head),
            Shows::Layer => Subject::Layer(self.layer),
            Shows::All => Subject::All,
            Shows::Rollout => Subject::Rollout(self.layer),
        }
    }

    /// The weights of the selected token's row under the selected head, if they are at hand.
    pub fn row(&self, query: usize) -> Option<&Arc<[f32]>> {
        self.evidence.row(*self.run.path().get(query)?)
    }

    /// Every head at a glance, if what it saw is the beginning of the path.
    pub fn overview(&self) -> Option<&Overview> {
        self.evidence.overview(self.run.path())
    }

    /// The key under the cursor in the selected row: the one chosen, or the one with the greatest weight.
    pub fn key_in_view(&self) -> Option<usize> {
        let row = self.row(self.selected)?;
        let greatest = (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]));
        self.key.filter(|&key| key < row.len()).or(greatest)
    }
}
