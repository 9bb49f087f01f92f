//! The text with what was generated after it, as one string, and where each token of the path stands in it.

use super::State;
use crate::job::Origin;
use crate::ui::safe;

/// The whole text and its tokens' places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// The text, then what was generated. A character that the last token left unfinished is shown as its bytes.
    pub text: String,
    /// Where the text proper ends and the generated part begins.
    pub given: usize,
    /// Where the finished characters end: from here on, the text shows loose bytes.
    pub finished: usize,
    /// The first byte of each token of the path. A token that begins inside a character stands at that character's end.
    pub starts: Vec<usize>,
}

impl Flow {
    /// The whole text of a state. A special token that was generated, such as the end of a text, is no text.
    pub fn of(state: &State) -> Self {
        Self::build(state, false)
    }

    /// The same with generated special tokens shown by their names, for reading.
    pub fn with_specials(state: &State) -> Self {
        Self::build(state, true)
    }

    fn build(state: &State, specials: bool) -> Self {
        let run = &state.run;
        let mut flow = Self { text: run.text().to_string(), given: run.text().len(), ..Self::default() };
        let mut loose: Vec<u8> = Vec::new();
        for node in run.tokens() {
            match node.origin {
                Origin::Text { start, .. } => flow.starts.push(start),
                Origin::Start => flow.starts.push(0),
                Origin::End => flow.starts.push(flow.text.len()),
                _ => {
                    if flow.text.len() == flow.given && state.source_len() > 0 {
                        // What a decoder writes is no continuation of its source.
                        flow.text.push('\n');
                        flow.given = flow.text.len();
                    }
                    flow.starts.push(flow.text.len());
                    if state.is_special(node.token) && !specials {
                        continue;
                    }
                    if state.has_tokenizer() {
                        loose.extend_from_slice(state.piece(node.token));
                    } else {
                        loose.extend_from_slice(format!(" {}", node.token).as_bytes());
                    }
                    flow.settle(&mut loose);
                }
            }
        }
        flow.finished = flow.text.len();
        flow.text.push_str(&safe::visible_bytes(&loose));
        flow
    }

    /// The token that a byte belongs to: the last one that starts at or before it.
    pub fn token_at(&self, byte: usize) -> Option<usize> {
        self.starts.partition_point(|&start| start <= byte).checked_sub(1)
    }

    /// Bytes of a token: up to where the next one starts.
    pub fn bytes_of(&self, token: usize) -> std::ops::Range<usize> {
        let start = self.starts.get(token).copied().unwrap_or(self.text.len());
        let end = self.starts.get(token + 1).copied().unwrap_or(self.text.len());
        start..end.max(start)
    }

    /// Moves finished characters from `loose` to the text; bytes that can never become one are shown as bytes.
    fn settle(&mut self, loose: &mut Vec<u8>) {
        loop {
            match std::str::from_utf8(loose) {
                Ok(text) => {
                    self.text.push_str(text);
                    return loose.clear();
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    self.text.push_str(&String::from_utf8_lossy(&loose[..valid]));
                    let Some(bad) = error.error_len() else {
                        loose.drain(..valid);
                        return;
                    };
                    self.text.push_str(&safe::visible_bytes(&loose[valid..valid + bad]));
                    loose.drain(..valid + bad);
                }
            }
        }
    }
}
