//! Naming a model.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::hub::{self, HubError};
use crate::ui::Language;

/// A model compiled into the program.
#[derive(Clone, Copy)]
pub struct Embedded {
    /// The name it is asked for by.
    pub name: &'static str,
    /// The language of the text it was trained on.
    pub language: Language,
    /// A prompt that suits it.
    pub prompt: &'static str,
    /// A GGUF file, or the weights of a Hugging Face folder.
    pub(super) bytes: &'static [u8],
    pub(super) beside: Option<Beside>,
}

/// What stands in a Hugging Face folder beside the weights.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    /// `config.json`.
    pub settings: &'static [u8],
    /// `tokenizer.json`.
    pub tokenizer: &'static [u8],
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Embedded {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Embedded {}

static STORIES: Embedded = Embedded {
    name: "stories",
    language: Language::English,
    prompt: "Once upon a time, there was a little girl who",
    bytes: include_bytes!("../../assets/stories-en.gguf"),
    beside: None,
};

static POEMS: Embedded = Embedded {
    name: "poems",
    language: Language::Chinese,
    prompt: "床前明月光，",
    bytes: include_bytes!("../../assets/poems-zh.gguf"),
    beside: None,
};

/// A Hugging Face folder of `assets`.
macro_rules! folder {
    ($name:literal, $prompt:literal) => {
        Embedded {
            name: $name,
            language: Language::English,
            prompt: $prompt,
            bytes: include_bytes!(concat!("../../assets/", $name, "/model.safetensors")),
            beside: Some(Beside {
                settings: include_bytes!(concat!("../../assets/", $name, "/config.json")),
                tokenizer: include_bytes!(concat!("../../assets/", $name, "/tokenizer.json")),
            }),
        }
    };
}

static CLOZE: Embedded = folder!("cloze", "once upon a time there was a little girl who loved to play in the park");
static SPANS: Embedded = folder!(
    "spans",
    "Once upon a time, there was a little girl <extra_id_0> who loved to play in the park <extra_id_1>."
);
static SPELLING: Embedded = folder!("spelling", "transformer");
static ORDERS: Embedded = folder!("orders", "Once upon a time, there was a little girl who loved to play in the park");

/// Every model compiled into the program; of each language first the one that goes on writing.
pub static EMBEDDED: [&Embedded; 6] = [&STORIES, &POEMS, &CLOZE, &SPANS, &SPELLING, &ORDERS];

/// Which model is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// One compiled into the program.
    Embedded(&'static Embedded),
    /// A file or folder.
    Path(PathBuf),
    /// One of the Hugging Face hub; or what begins like one and is none.
    Hub(Result<hub::Name, HubError>),
}

impl Spec {
    /// An embedded model's name means that model, `hf:` one of the hub; anything else is a path (`./stories` is a path).
    pub fn new(spec: &OsStr) -> Self {
        if let Some(model) = EMBEDDED.iter().find(|model| spec == model.name) {
            return Self::Embedded(model);
        }
        let name = spec.to_str().and_then(hub::Name::parse);
        name.map_or_else(|| Self::Path(PathBuf::from(spec)), Self::Hub)
    }

    /// What to call the model: an embedded model's name, or the name of the file without its suffix, or of the folder.
    pub fn name(&self) -> String {
        match self {
            Self::Embedded(model) => model.name.to_owned(),
            Self::Path(path) => super::stem(path),
            Self::Hub(Ok(name)) => match &name.file {
                Some(file) => super::stem(Path::new(file)),
                None => name.name.clone(),
            },
            Self::Hub(Err(_)) => self.to_string(),
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(model) => f.write_str(model.name),
            Self::Path(path) => path.display().fmt(f),
            Self::Hub(Ok(name)) => name.fmt(f),
            Self::Hub(Err(HubError::Name { spec })) => f.write_str(spec),
            Self::Hub(Err(error)) => error.fmt(f),
        }
    }
}

/// The embedded model for a person who reads this language.
pub fn default_for(language: Language) -> Spec {
    let model = EMBEDDED.iter().find(|model| model.language == language).copied();
    Spec::Embedded(model.unwrap_or(&STORIES))
}
