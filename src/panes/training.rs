//! A vocabulary that is learned, merge by merge, or tags that are counted, sentence by sentence.

mod draw;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use super::Pane;
use super::View;
use crate::job::Lane;
use crate::lab::training::Method;
use crate::lab::training::SAMPLES;
use crate::state::Command;
use crate::state::Ctx;
use crate::state::State;
use crate::state::training::Corpus;
use crate::state::training::SIZES;
use crate::ui::Message;
use crate::ui::Panel;
use crate::ui::panel;
use crate::ui::safe;

/// The training pane. Everything it shows is shared: it has no cursor of its own.
#[derive(Debug, Default)]
pub struct Training;

/// How far a page up or down goes, in steps.
const PAGE: usize = 10;
/// The most columns of a file's name.
const NAME: usize = 24;

impl Pane for Training {
    fn act(&mut self, ctx: &mut Ctx<'_>, command: Command, _area: Rect) -> bool {
        let at = ctx.state.training.at;
        match command {
            Command::StepBack | Command::TokenLeft => ctx.go_to_merge(at.saturating_sub(1)),
            Command::StepForward | Command::TokenRight => ctx.go_to_merge(at + 1),
            Command::Up => ctx.state.training.top = ctx.state.training.top.saturating_sub(1),
            Command::Down => {
                let words = ctx.state.training.course().map_or(0, |course| course.words.len());
                ctx.state.training.top = (ctx.state.training.top + 1).min(words.saturating_sub(1));
            }
            Command::PageUp => ctx.go_to_merge(at.saturating_sub(PAGE)),
            Command::PageDown => ctx.go_to_merge(at + PAGE),
            Command::Top | Command::TokenFirst => ctx.go_to_merge(0),
            Command::Bottom | Command::TokenLast => ctx.go_to_merge(usize::MAX),
            Command::Play => ctx.play_training(),
            Command::NextMethod => ctx.state.training.method = ctx.state.training.method.next(true),
            Command::PreviousMethod => ctx.state.training.method = ctx.state.training.method.next(false),
            Command::NextText => ctx.next_corpus(),
            Command::TurnUp => ctx.turn_size(true),
            Command::TurnDown => ctx.turn_size(false),
            Command::SwitchBytes => ctx.switch_bytes(),
            _ => return false,
        }
        true
    }

    fn click(&mut self, ctx: &mut Ctx<'_>, area: Rect, at: Position) {
        // With a box around it or a rule above, what is inside begins in the same row.
        if at.y == area.y + 1 {
            let column = usize::from(at.x.saturating_sub(area.x + 1));
            if let Some(method) = super::tabs::at(tabs(ctx.state), column) {
                ctx.state.training.method = method;
            }
        }
    }

    fn view(&self, view: &View<'_>, buf: &mut Buffer) -> Option<Position> {
        let state = view.state;
        let (language, training) = (state.language, &state.training);
        // Tags are counted until there are no more.
        let details = match training.method {
            Method::Hmm => corpus(state),
            _ => format!("{} · {}", corpus(state), language.say(units(state), &[&SIZES[training.size]])),
        };
        let busy = state.is_busy(Lane::Training) && !training.playing;
        let note = match (busy, training.progress) {
            (true, Some((done, of))) if of > 0 => {
                language.say(Message::TrainShare, &[&(done.saturating_mul(100) / of)])
            }
            (true, _) => language.text(Message::Computing).to_owned(),
            (false, _) if training.last() > 0 => language.say(Message::StepsOf, &[&training.at, &training.last()]),
            (false, _) => String::new(),
        };
        let frame = Panel {
            title: language.text(Message::TitleTraining),
            details: &details,
            note: &note,
            focused: view.focused,
            rule: !view.boxed,
            ..Panel::default()
        };
        let inner = panel::draw(&frame, view.area, buf, &state.theme);
        let left = super::tabs::draw(state, tabs(state), training.method, inner, buf);
        match training.course() {
            Some(course) => draw::course(state, course, left, buf),
            None if busy => super::remark(state, Message::Computing, left, buf),
            None => super::remark(state, Message::TrainNothing, left, buf),
        }
        None
    }
}

/// The methods with their names, in the order of the tabs.
fn tabs(state: &State) -> impl Iterator<Item = (Method, &'static str)> {
    let language = state.language;
    Method::ALL.into_iter().map(move |method| (method, language.text(method.name())))
}

fn corpus(state: &State) -> String {
    let training = &state.training;
    match (&training.corpus, &training.file) {
        (Corpus::Sample(sample), _) => state.language.say(Message::StepsTextSample, &[&(sample + 1), &SAMPLES.len()]),
        (Corpus::File, Some(path)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            safe::fit_visible(&name, NAME)
        }
        (Corpus::File, None) | (Corpus::Prompt, _) => state.language.text(Message::StepsTextPrompt).to_owned(),
    }
}

fn units(state: &State) -> Message {
    let of_bytes = state.training.of_bytes && state.training.method.takes_bytes();
    if of_bytes { Message::TrainOfBytes } else { Message::TrainOfCharacters }
}
