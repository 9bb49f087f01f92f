//! More input than a person can mean, made into what they mean.

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::MouseEvent;
use ratatui::crossterm::event::MouseEventKind;

use super::Input;

/// Wheel steps of one kind that are kept of a run of them.
const WHEEL_STEPS: usize = 8;
/// So many different characters at once were not typed but pasted, by a terminal without bracketed paste.
const TYPED_AT_ONCE: usize = 128;

/// Calms what one read brought: of a run of drags the last counts, of a run of wheel steps the first few, and a long
/// run of characters is a paste.
pub fn calm(inputs: Vec<Input>) -> Vec<Input> {
    let mut out: Vec<Input> = Vec::with_capacity(inputs.len());
    let mut run = 0;
    for input in inputs {
        let same = match (out.last(), &input) {
            (Some(Input::Mouse(last)), Input::Mouse(next)) => {
                last.kind == next.kind && last.modifiers == next.modifiers
            }
            _ => false,
        };
        run = if same { run + 1 } else { 1 };
        match &input {
            Input::Mouse(mouse) if same && is_motion(*mouse) => {
                out.pop();
            }
            Input::Mouse(mouse) if is_wheel(*mouse) && run > WHEEL_STEPS => continue,
            _ => {}
        }
        out.push(input);
    }
    if out.len() >= TYPED_AT_ONCE { gather(out) } else { out }
}

fn is_motion(mouse: MouseEvent) -> bool {
    matches!(mouse.kind, MouseEventKind::Moved | MouseEventKind::Drag(_))
}

fn is_wheel(mouse: MouseEvent) -> bool {
    use MouseEventKind::{ScrollDown, ScrollLeft, ScrollRight, ScrollUp};
    matches!(mouse.kind, ScrollDown | ScrollLeft | ScrollRight | ScrollUp)
}

/// Makes each long run of characters that are not all the same one paste.
fn gather(inputs: Vec<Input>) -> Vec<Input> {
    let mut out = Vec::new();
    let mut run: Vec<Input> = Vec::new();
    let mut text = String::new();
    for input in inputs {
        if let Some(letter) = written(&input) {
            text.push(letter);
            run.push(input);
        } else {
            close(&mut run, &mut text, &mut out);
            out.push(input);
        }
    }
    close(&mut run, &mut text, &mut out);
    out
}

fn close(run: &mut Vec<Input>, text: &mut String, out: &mut Vec<Input>) {
    let mixed = text.chars().zip(text.chars().skip(1)).any(|(left, right)| left != right);
    if run.len() >= TYPED_AT_ONCE && mixed {
        run.clear();
        out.push(Input::Paste(std::mem::take(text)));
    } else {
        out.append(run);
        text.clear();
    }
}

/// The character a key writes into a text.
fn written(input: &Input) -> Option<char> {
    let Input::Key(key) = input else { return None };
    match key.code {
        _ if !key.modifiers.is_empty() => None,
        KeyCode::Char(letter) => Some(letter),
        KeyCode::Enter => Some('\n'),
        KeyCode::Tab => Some('\t'),
        _ => None,
    }
}
