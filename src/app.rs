//! Messages in, effects out: the pure part of the explorer.

pub mod keymap;
mod overlay;
mod panes;
mod screen;
mod status;

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::MouseButton;
use ratatui::crossterm::event::MouseEvent;
use ratatui::crossterm::event::MouseEventKind;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::job::Reply;
use crate::lm::Change;
use crate::lm::Intervention;
use crate::model::Spec;
use crate::panes::prompt::Prompt;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::Effect;
use crate::state::Flow;
use crate::state::Notice;
use crate::state::PaneId;
use crate::state::Settings;
use crate::state::State;
use crate::ui::Language;
use crate::ui::Message;
use crate::ui::Theme;

use overlay::Overlay;
use overlay::Question;
use overlay::Verdict;
use panes::Panes;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse moved, clicked or scrolled.
    Mouse(MouseEvent),
    /// Text was pasted (bracketed paste), as it came.
    Paste(String),
    /// The terminal has a new size, in cells.
    Resize(u16, u16),
    /// A worker answered.
    Reply(Reply),
}

/// How the explorer begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// The model to open.
    pub model: Spec,
    /// The text to begin with; `None` begins with an example.
    pub text: Option<String>,
    /// The language of everything said.
    pub language: Language,
    /// How things look.
    pub theme: Theme,
    /// How many threads the model computes with.
    pub threads: usize,
    /// How the next token is chosen.
    pub settings: Settings,
    /// Where models of the hub are kept, if anywhere.
    pub cache: Option<PathBuf>,
}

/// What a person's own queries, keys and values begin with.
const OWN: &str = r#"{"q":[[1,0],[0,1]],"k":[[1,0],[0,1]],"v":[[1,2],[3,4]],"mask":[[1,0],[1,1]]}"#;

/// The most bytes of the text that stay in the scrollback after leaving: its end.
const FAREWELL: usize = 16_384;

/// The explorer: state, panes, focus. It touches nothing outside itself.
#[derive(Debug)]
pub struct App {
    state: State,
    panes: Panes,
    focus: PaneId,
    zoomed: bool,
    overlay: Option<Overlay>,
    size: (u16, u16),
    revision: u64,
    /// The revision of the last change that the person made.
    touched: u64,
}

impl App {
    /// The explorer before anything happened, and what it wants done first.
    pub fn new(start: Start) -> (Self, Vec<Effect>) {
        let Start { model, text, language, theme, threads, settings, cache } = start;
        let example = text.is_none();
        let text = text.unwrap_or_else(|| match &model {
            Spec::Embedded(model) => model.prompt.to_owned(),
            Spec::Path(_) | Spec::Hub(_) => language.text(Message::ExampleText).to_owned(),
        });
        let mut app = Self {
            state: State::new(language, theme, threads, settings),
            panes: Panes { prompt: Prompt::new(&text, example), ..Panes::default() },
            focus: PaneId::Text,
            zoomed: false,
            overlay: None,
            size: (80, 24),
            revision: 0,
            touched: 0,
        };
        app.state.architectures.cache = cache;
        let mut effects = Vec::new();
        let mut ctx = Ctx::new(&mut app.state, &mut effects);
        ctx.set_text(&text);
        ctx.open(model);
        (app, effects)
    }

    /// Grows with every visible change; equal numbers mean an equal screen.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether something happened since revision `shown` that a person waits to see, other than a run going on.
    pub fn hurries(&self, shown: Option<u64>) -> bool {
        !self.state.playing || shown.is_none_or(|shown| shown < self.touched)
    }

    /// What panes share, for a look from outside.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The pane that keys go to.
    pub fn focus(&self) -> PaneId {
        self.focus
    }

    /// Takes in what happened; returns what the outside must do.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        let touched = !matches!(msg, Msg::Reply(_));
        let visible = match msg {
            Msg::Key(event) => self.key(event, &mut effects),
            Msg::Mouse(event) => self.mouse(event, &mut effects),
            Msg::Paste(text) => self.paste(&text, &mut effects),
            Msg::Resize(width, height) => {
                self.size = (width, height);
                true
            }
            Msg::Reply(reply) => {
                let opening = self.state.opening.is_some();
                let visible = Ctx::new(&mut self.state, &mut effects).absorb(reply);
                if opening && self.state.opening.is_none() && self.state.model.is_none() {
                    self.focus = PaneId::Models;
                }
                visible
            }
        };
        if visible {
            self.revision += 1;
            if touched {
                self.touched = self.revision;
            }
            if self.focus != PaneId::Text {
                self.panes.prompt.leave();
            }
            self.state.information.open = self.focus == PaneId::Information;
            let mut ctx = Ctx::new(&mut self.state, &mut effects);
            ctx.follow();
            ctx.refresh();
            ctx.measure();
            ctx.refresh_steps(self.focus == PaneId::Steps);
            ctx.refresh_training(self.focus == PaneId::Training);
            ctx.refresh_repetition(self.focus == PaneId::Repetition);
            ctx.refresh_vocabulary(self.focus == PaneId::Vocabulary);
            ctx.refresh_architectures(self.focus == PaneId::Architectures);
            ctx.refresh_contrast(self.focus == PaneId::Compare);
            ctx.refresh_explained(self.focus);
            ctx.refresh_trials(self.focus);
            ctx.refresh_branches(self.focus);
            let text = std::sync::Arc::clone(&self.state.text);
            self.panes.prompt.set(&text);
        }
        effects
    }

    /// Draws the whole screen; returns where the terminal's own cursor belongs, if it is shown.
    pub fn view(&self, area: Rect, buf: &mut Buffer) -> Option<Position> {
        screen::draw(self, area, buf)
    }

    /// What stays in the scrollback after leaving: the text with what was generated.
    pub fn farewell(&self) -> String {
        let flow = Flow::of(&self.state);
        let mut from = flow.text.len().saturating_sub(FAREWELL);
        while !flow.text.is_char_boundary(from) {
            from += 1;
        }
        let lines = flow.text[from..].lines().map(crate::ui::safe::visible);
        let lines = lines.collect::<Vec<_>>().join("\n");
        if from == 0 { lines } else { format!("…{lines}") }
    }

    fn key(&mut self, event: KeyEvent, effects: &mut Vec<Effect>) -> bool {
        if keymap::always(event) == Some(Command::Quit) {
            effects.push(Effect::Quit);
            return false;
        }
        if let Some(overlay) = &mut self.overlay {
            let verdict = overlay.key(&mut Ctx::new(&mut self.state, effects), event);
            self.judge(verdict, effects);
            return true;
        }
        let area = self.area(self.focus);
        let command = keymap::lookup(self.focus, event);
        if self.focus == PaneId::Text && command.is_none() {
            return self.panes.prompt.key(&mut Ctx::new(&mut self.state, effects), event, area);
        }
        let Some(command) = command else { return false };
        self.state.notice = None;
        self.command(command, effects);
        true
    }

    fn judge(&mut self, verdict: Verdict, effects: &mut Vec<Effect>) {
        match verdict {
            Verdict::Stay => {}
            Verdict::Close => self.overlay = None,
            Verdict::Do(command) => {
                self.overlay = None;
                self.command(command, effects);
            }
        }
    }

    fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) -> bool {
        let mut ctx = Ctx::new(&mut self.state, effects);
        if let Some(overlay) = &mut self.overlay {
            overlay.paste(&mut ctx, text);
        } else {
            self.panes.prompt.paste(&mut ctx, text);
            self.focus = PaneId::Text;
        }
        true
    }

    fn mouse(&mut self, event: MouseEvent, effects: &mut Vec<Effect>) -> bool {
        let at = Position::new(event.column, event.row);
        if self.overlay.is_some() {
            let down = matches!(event.kind, MouseEventKind::Down(_));
            if down {
                self.overlay = None;
            }
            return down;
        }
        if let (Some(pane), MouseEventKind::Down(MouseButton::Left)) = (screen::tab_at(self, at), event.kind) {
            self.focus = pane;
            return true;
        }
        let Some((pane, area)) = screen::pane_at(self, at) else { return false };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.focus = pane;
                let mut ctx = Ctx::new(&mut self.state, effects);
                self.panes.get_mut(pane).click(&mut ctx, area, at);
            }
            MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
                let up = event.kind == MouseEventKind::ScrollUp;
                let command = match (pane, up) {
                    (pane, true) if pane == PaneId::Next || pane.has_a_page() => Command::Up,
                    (pane, false) if pane == PaneId::Next || pane.has_a_page() => Command::Down,
                    (_, true) => Command::TokenLeft,
                    (_, false) => Command::TokenRight,
                };
                self.command_in(pane, command, effects);
            }
            _ => return false,
        }
        true
    }

    fn command(&mut self, command: Command, effects: &mut Vec<Effect>) {
        self.command_in(self.focus, command, effects);
    }

    fn command_in(&mut self, pane: PaneId, command: Command, effects: &mut Vec<Effect>) {
        let area = self.area(pane);
        let mut ctx = Ctx::new(&mut self.state, effects);
        if self.panes.get_mut(pane).act(&mut ctx, command, area) {
            return;
        }
        match command {
            Command::Quit => ctx.effect(Effect::Quit),
            Command::Redraw => ctx.effect(Effect::Redraw),
            Command::Suspend => ctx.effect(Effect::Suspend),
            Command::Help => self.overlay = Some(Overlay::help(self.focus)),
            Command::Palette => self.overlay = Some(Overlay::palette(self.focus)),
            Command::Search => {
                self.overlay = Some(Overlay::search(&self.state));
                if self.focus != PaneId::Sampler {
                    self.focus = PaneId::Next;
                }
            }
            Command::OpenModel => self.overlay = Some(Overlay::ask(Question::Model, "")),
            Command::SaveRun => self.overlay = Some(Overlay::ask(Question::Save, "run.json")),
            Command::LearnFile => self.overlay = Some(Overlay::ask(Question::Corpus, "")),
            Command::CompareLearned if ctx.compare_learned() => self.focus = PaneId::Compare,
            Command::CompareLearned => {}
            Command::SaveTokenizer => self.overlay = Some(Overlay::ask(Question::Tokenizer, "tokenizer.json")),
            Command::OpenRun => self.overlay = Some(Overlay::ask(Question::Recall, "")),
            Command::BeamSearch => self.overlay = Some(Overlay::ask(Question::Beam, "4 16")),
            Command::FindPiece => self.overlay = Some(Overlay::ask(Question::Piece, &ctx.state.vocabulary.typed)),
            Command::AddCutter => self.overlay = Some(Overlay::ask(Question::Cutter, "")),
            Command::AddStage => self.overlay = Some(Overlay::add_stage()),
            Command::WriteChanges => self.overlay = Some(Overlay::ask(Question::Changes, &ctx.changes_line())),
            Command::ForceCell => {
                if let Some((heads, query, key)) = ctx.state.cell_place() {
                    let change = Intervention::Cell { heads, query, key, change: Change::Force(0.5) };
                    let line = format!("{} {change}", ctx.changes_line());
                    self.overlay = Some(Overlay::ask(Question::Changes, line.trim()));
                }
            }
            Command::WriteMasks => self.overlay = Some(Overlay::ask(Question::Masks, &ctx.masks_line())),
            Command::WriteOwn => self.overlay = Some(Overlay::ask(Question::Own, OWN)),
            Command::WritePipeline => {
                let active = ctx.active_stage().filter(|&index| ctx.state.settings.pipeline[index].kind.takes_text());
                let pipeline = &self.state.settings.pipeline;
                self.overlay = Some(match active {
                    Some(index) => Overlay::ask(Question::StageText(index), &pipeline[index].text),
                    None => Overlay::ask(Question::Pipeline, &self.state.settings.sampler().to_string()),
                });
            }
            Command::Back => self.back(),
            Command::NextPane => self.focus = self.focus.next(),
            Command::PreviousPane => self.focus = self.focus.previous(),
            Command::Go(pane) => self.focus = self.focus.to(pane),
            Command::Beside => self.focus = self.focus.beside(),
            Command::Name => {
                if let Some(node) = self.panes.tree.selected(&ctx.state.run) {
                    let name = ctx.state.run.name_of(node).unwrap_or_default();
                    self.overlay = Some(Overlay::ask(Question::Name(node), name));
                } else {
                    ctx.say(Notice::hint(Message::TreeIsEmpty, &[]));
                }
            }
            Command::Zoom => self.zoomed = !self.zoomed,
            Command::SwitchLanguage => self.state.language = self.state.language.other(),
            Command::Take if pane == PaneId::Text => self.focus = PaneId::Next,
            Command::Take if pane == PaneId::Repetition => {
                self.focus = self.panes.repetition.leads_to(&self.state);
            }
            other => deed(&mut ctx, other),
        }
    }

    fn back(&mut self) {
        if self.zoomed {
            self.zoomed = false;
        } else if self.focus == PaneId::Text || self.focus.has_a_page() {
            self.focus = self.focus.outside();
        }
    }

    fn area(&self, pane: PaneId) -> Rect {
        let (width, height) = self.size;
        screen::layout(self, Rect::new(0, 0, width, height)).area(pane)
    }
}

/// Commands that mean the same in every pane.
fn deed(ctx: &mut Ctx<'_>, command: Command) {
    let state = &*ctx.state;
    let (layer, head) = (state.layer, state.head);
    let (layers, heads) =
        state.model.as_ref().map_or((1, 1), |model| (model.engine.config.layers, model.engine.config.heads));
    match command {
        Command::TokenLeft => ctx.select(ctx.state.selected.saturating_sub(1)),
        Command::TokenRight => ctx.select(ctx.state.selected + 1),
        Command::TokenFirst => ctx.select(0),
        Command::TokenLast => ctx.select(ctx.state.tip()),
        Command::Take => {
            let candidate = ctx.state.candidate;
            let token = ctx.state.shown().and_then(|shown| shown.distribution.order().get(candidate).copied());
            match token {
                Some(token) => ctx.take(token),
                None => ctx.say(Notice::hint(Message::StillReading, &[])),
            }
        }
        Command::Hide => ctx.hide(),
        Command::Mark => ctx.mark(),
        Command::Step => ctx.step(),
        Command::Play => ctx.play(),
        Command::Cure => ctx.cure(),
        Command::Undo => ctx.undo(),
        Command::Redo => ctx.redo(),
        Command::Branch => ctx.branch(),
        Command::NextBranch => ctx.visit(true),
        Command::PreviousBranch => ctx.visit(false),
        Command::Adopt => ctx.adopt(),
        Command::CopyText => {
            let flow = Flow::of(ctx.state);
            ctx.say(Notice::info(Message::Copied, &[&flow.text.chars().count()]));
            ctx.effect(Effect::Copy(flow.text));
        }
        Command::NextParameter => ctx.state.settings.next_knob(),
        Command::TurnUp => ctx.turn(true),
        Command::TurnDown => ctx.turn(false),
        Command::NextHead => ctx.look_at(layer, (head + 1) % heads),
        Command::PreviousHead => ctx.look_at(layer, (head + heads - 1) % heads),
        Command::NextLayer => ctx.look_at((layer + 1) % layers, head),
        Command::AblateHead => ctx.ablate_head(),
        Command::AblateLayer => ctx.ablate_layer(),
        Command::AblateFeedForward => ctx.ablate_feed_forward(),
        Command::BlockToken => ctx.block_token(),
        Command::ForbidCell => ctx.forbid_cell(),
        Command::SwitchChanges => ctx.switch_changes(),
        Command::NextSubject => ctx.next_subject(),
        Command::PreviousLayer => ctx.look_at((layer + layers - 1) % layers, head),
        _ => {}
    }
}
