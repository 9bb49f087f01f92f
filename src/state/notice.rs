//! What the person should know now, in the status line.

use std::fmt::Display;

use crate::model::Say;
use crate::ui::Language;
use crate::ui::Message;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// What to do instead.
    Hint,
    /// Something happened as asked.
    Info,
    /// Something is not as one might think.
    Warning,
    /// Something did not work.
    Error,
}

/// One line for the person, said in whichever language is on when it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    content: Content,
}

#[derive(Clone, Debug, PartialEq)]
enum Content {
    Message(Message, Vec<String>),
    /// An error's own words, by language.
    Words([String; Language::ALL.len()]),
}

impl Notice {
    /// What to do instead.
    pub fn hint(message: Message, arguments: &[&dyn Display]) -> Self {
        Self::new(Severity::Hint, message, arguments)
    }

    /// Something happened as asked.
    pub fn info(message: Message, arguments: &[&dyn Display]) -> Self {
        Self::new(Severity::Info, message, arguments)
    }

    /// Something is not as one might think.
    pub fn warning(message: Message, arguments: &[&dyn Display]) -> Self {
        Self::new(Severity::Warning, message, arguments)
    }

    /// Something did not work.
    pub fn error(message: Message, arguments: &[&dyn Display]) -> Self {
        Self::new(Severity::Error, message, arguments)
    }

    /// Something did not work, in its own words.
    pub fn failure(error: &dyn Say) -> Self {
        Self { severity: Severity::Error, content: Content::Words(Language::ALL.map(|language| error.say(language))) }
    }

    /// Something is not as one might think, because of these errors, in their own words.
    pub fn warning_of(message: Message, errors: &[impl Say]) -> Self {
        let words = Language::ALL.map(|language| {
            let reasons: Vec<String> = errors.iter().map(|error| error.say(language)).collect();
            language.say(message, &[&reasons.join(" · ")])
        });
        Self { severity: Severity::Warning, content: Content::Words(words) }
    }

    /// The line.
    pub fn text(&self, language: Language) -> String {
        match &self.content {
            Content::Message(message, arguments) => {
                let arguments: Vec<&dyn Display> = arguments.iter().map(|argument| argument as &dyn Display).collect();
                language.say(*message, &arguments)
            }
            Content::Words(words) => words[language as usize].clone(),
        }
    }

    fn new(severity: Severity, message: Message, arguments: &[&dyn Display]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self { severity, content: Content::Message(message, arguments) }
    }
}
