//! English and Chinese, from one table: every message stands beside its translation.

mod messages;

use std::borrow::Cow;
use std::fmt::Display;

pub use messages::Message;

/// The language of everything the program says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language a locale name asks for (`zh_CN.UTF-8` is Chinese; anything else is English).
    pub fn of_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// The code that `--lang` takes.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }

    /// A message in this language.
    pub fn text(self, message: Message) -> &'static str {
        message.text(self)
    }

    /// A technical term of the engine in this language: the message whose English it is, with what stands in its holes,
    /// or else the term itself.
    pub fn term(self, english: &str) -> Cow<'_, str> {
        if self == Self::English {
            return Cow::Borrowed(english);
        }
        if let Some(message) = Message::ALL.iter().find(|message| message.texts().0 == english) {
            return Cow::Borrowed(self.text(*message));
        }
        for message in TERMS_WITH_HOLES {
            if let Some(parts) = holes(message.texts().0, english) {
                let parts: Vec<_> = parts.into_iter().map(|part| self.term(part)).collect();
                let parts: Vec<&dyn Display> = parts.iter().map(|part| part as &dyn Display).collect();
                return Cow::Owned(self.say(message, &parts));
            }
        }
        Cow::Borrowed(english)
    }

    /// A message with its `{}` holes filled in order; a missing argument leaves its hole empty.
    pub fn say(self, message: Message, arguments: &[&dyn Display]) -> String {
        message.say(self, arguments)
    }
}

/// What the engine says with something of its own in it.
const TERMS_WITH_HOLES: [Message; 12] = [
    Message::TermZeroStart,
    Message::TermWindowBase,
    Message::TermWithin,
    Message::TermWindowedLayers,
    Message::TermAndBuckets,
    Message::TermSinusoidsUpTo,
    Message::TermFromRow,
    Message::TermBuckets,
    Message::TermRotary,
    Message::TermDenseHead,
    Message::TermDetector,
    Message::TermScaledHead,
];

/// What stands in the `{}` holes of a pattern, if the text fits it.
fn holes<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let end = if last { rest.strip_suffix(part)?.len() } else { rest.find(part)? };
        found.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    Some(found)
}

impl Message {
    /// The message in a language.
    pub fn text(self, language: Language) -> &'static str {
        let (english, chinese) = self.texts();
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// The message with its `{}` holes filled in order; a missing argument leaves its hole empty.
    pub fn say(self, language: Language, arguments: &[&dyn Display]) -> String {
        let mut parts = self.text(language).split("{}");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        let mut arguments = arguments.iter();
        for part in parts {
            if let Some(argument) = arguments.next() {
                filled.push_str(&argument.to_string());
            }
            filled.push_str(part);
        }
        filled
    }
}
