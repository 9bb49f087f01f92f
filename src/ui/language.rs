//! English and Chinese, from one table: every message stands beside its translation.

mod messages;

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

    /// A technical term of the engine in this language: the message whose English it is, or else the term itself.
    pub fn term(self, english: &str) -> &str {
        let message = Message::ALL.iter().find(|message| message.texts().0 == english);
        message.map_or(english, |&message| self.text(message))
    }

    /// A message with its `{}` holes filled in order; a missing argument leaves its hole empty.
    pub fn say(self, message: Message, arguments: &[&dyn Display]) -> String {
        message.say(self, arguments)
    }
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
