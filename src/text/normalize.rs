//! What is done to a text before it is cut into words.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

use super::{
    classes::library::{self, Runs},
    error::TokenizerError,
    pattern::Pattern,
    pretokenize::is_space,
    section::{Edit, Section},
};

pub(super) mod bert;
pub(super) mod charsmap;
pub(super) mod white_space;

use charsmap::Charsmap;
use white_space::WhiteSpace;

/// A Unicode normalisation form (UAX #15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility composition.
    Nfkc,
    /// Compatibility decomposition.
    Nfkd,
}

/// One step of normalisation.
#[derive(Debug)]
pub(super) enum Step {
    /// A Unicode normalisation form.
    Form(Form),
    /// Small letters, each character for itself.
    Lowercase,
    /// These characters dropped.
    Drop(&'static Runs),
    /// Control characters dropped, white space written as spaces.
    Clean,
    /// Spaces put around ideographs.
    SpaceIdeographs,
    /// What neural machine translation leaves out: some control characters dropped, others written as spaces.
    Nmt,
    /// The replacements that a `SentencePiece` model brings with it.
    Charsmap(Box<Charsmap>),
    /// `SentencePiece`'s treatment of white space.
    WhiteSpace(WhiteSpace),
    /// White space dropped at the start, at the end.
    Strip {
        /// At the start.
        left: bool,
        /// At the end.
        right: bool,
    },
    /// Put before a text that is not empty.
    Prepend(String),
    /// Every match replaced.
    Replace {
        /// What to look for.
        pattern: Pattern,
        /// What to put there.
        content: String,
    },
}

/// How many times longer than its input a normaliser may make a text.
const MOST_GROWTH: usize = 64;

/// Refuses steps that could make a text much longer than it was: a chain of replacements can double it each time.
///
/// # Errors
/// [`TokenizerError::TooLong`].
pub(super) fn check_growth(steps: &[Step]) -> Result<(), TokenizerError> {
    let growth = steps.iter().fold(1_usize, |growth, step| match step {
        Step::Replace { pattern: Pattern::Literal(literal), content } => {
            growth.saturating_mul(content.len().div_ceil(literal.len().max(1)).max(1))
        }
        Step::Replace { content, .. } => growth.saturating_mul(content.len().max(1)),
        Step::Prepend(content) => growth.saturating_add(content.len()),
        _ => growth,
    });
    if growth > MOST_GROWTH || steps.len() > MOST_GROWTH {
        return Err(TokenizerError::TooLong {
            part: "normalizer",
            length: growth.max(steps.len()),
            limit: MOST_GROWTH,
        });
    }
    Ok(())
}

impl Step {
    /// Applies the step to the whole of `section`.
    pub(super) fn apply(&self, section: &mut Section<'_>) {
        match self {
            Self::Form(form) => compose(section, *form),
            Self::Lowercase => {
                if section.text.chars().any(|character| !character.to_lowercase().eq([character])) {
                    each_character(section, |character, out| out.extend(character.to_lowercase()));
                }
            }
            Self::Drop(runs) => {
                if section.text.contains(|character| library::contains(runs, character)) {
                    let kept = |character| Some(character).filter(|&character| !library::contains(runs, character));
                    each_character(section, |character, out| out.extend(kept(character)));
                }
            }
            Self::Clean => each_character(section, bert::clean),
            Self::SpaceIdeographs => bert::space_ideographs(section),
            Self::Nmt => each_character(section, bert::nmt),
            Self::Charsmap(map) => map.apply(section),
            Self::WhiteSpace(white_space) => white_space.apply(section),
            Self::Strip { left, right } => {
                let text = &*section.text;
                let start = if *left { text.len() - text.trim_start_matches(is_space).len() } else { 0 };
                let end = if *right { text.trim_end_matches(is_space).len().max(start) } else { text.len() };
                if (start, end) != (0, text.len()) {
                    let mut edit = Edit::new(section);
                    edit.keep(start..end);
                    edit.finish();
                }
            }
            Self::Prepend(content) => {
                if !section.text.is_empty() {
                    let end = section.text.len();
                    let mut edit = Edit::new(section);
                    edit.put(0, content);
                    edit.keep(0..end);
                    edit.finish();
                }
            }
            Self::Replace { pattern, content } => {
                let mut found = Vec::new();
                pattern.each(&section.text, |range| found.push(range));
                if found.is_empty() {
                    return;
                }
                let end = section.text.len();
                let mut edit = Edit::new(section);
                let mut at = 0;
                for range in found {
                    edit.keep(at..range.start);
                    edit.put(range.start, content);
                    at = range.end;
                }
                edit.keep(at..end);
                edit.finish();
            }
        }
    }
}

fn each_character(section: &mut Section<'_>, change: impl Fn(char, &mut String)) {
    let old = section.text.clone();
    let mut edit = Edit::new(section);
    let mut new = String::new();
    for (at, character) in old.char_indices() {
        new.clear();
        change(character, &mut new);
        let end = at + character.len_utf8();
        if new == old[at..end] { edit.keep(at..end) } else { edit.put(at, &new) }
    }
    edit.finish();
}

/// Normalises stretch by stretch: a stretch begins where a character can neither compose with the one before nor move past it.
fn compose(section: &mut Section<'_>, form: Form) {
    use unicode_normalization::{IsNormalized, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick};
    let quick = |text: &str| match form {
        Form::Nfc => is_nfc_quick(text.chars()),
        Form::Nfd => is_nfd_quick(text.chars()),
        Form::Nfkc => is_nfkc_quick(text.chars()),
        Form::Nfkd => is_nfkd_quick(text.chars()),
    };
    if section.text.is_ascii() || quick(&section.text) == IsNormalized::Yes {
        return;
    }
    let old = section.text.clone();
    let first = |character: char| std::iter::once(character).nfkd().next().unwrap_or(character);
    let stable = |at: usize, character: char| {
        character.is_ascii()
            // What is only taken apart never touches the character before, unless it begins with a mark that moves.
            || (matches!(form, Form::Nfd | Form::Nfkd) && canonical_combining_class(first(character)) == 0)
            || (canonical_combining_class(character) == 0
                && old.get(at..at + character.len_utf8()).is_some_and(|one| quick(one) == IsNormalized::Yes))
    };
    let mut starts = Vec::new();
    let mut alone = true;
    for (at, character) in old.char_indices() {
        let is_newer = library::contains(library::NEWER, character);
        if alone || is_newer || stable(at, character) {
            starts.push(at);
        }
        alone = is_newer;
    }
    starts.push(old.len());
    let mut edit = Edit::new(section);
    for pair in starts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let stretch = old.get(start..end).unwrap_or_default();
        if stretch.starts_with(|character| library::contains(library::NEWER, character)) {
            edit.keep(start..end);
            continue;
        }
        let new: String = match form {
            Form::Nfc => stretch.nfc().collect(),
            Form::Nfd => stretch.nfd().collect(),
            Form::Nfkc => stretch.nfkc().collect(),
            Form::Nfkd => stretch.nfkd().collect(),
        };
        if new == stretch { edit.keep(start..end) } else { edit.put(start, &new) }
    }
    edit.finish();
}
