//! What a model is, without running it.

use super::{Model, OpenError, Source, Spec, Stored, open};
use crate::lm::checkpoint::Dtype;
use crate::lm::{Blueprint, Config};
use crate::text::Tokenizer;

/// What a model is: its make, its sizes, its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// What to call it.
    pub name: String,
    /// What the file says about itself.
    pub about: super::About,
    /// Where it came from.
    pub source: Source,
    /// Its make.
    pub blueprint: Blueprint,
    /// Its sizes.
    pub config: Config,
    /// How many numbers its tensors hold.
    pub parameters: u64,
    /// The size of its files.
    pub bytes: u64,
    /// Tensors by stored type.
    pub dtypes: Vec<(Dtype, Stored)>,
    /// How many tokens its tokenizer has, or why there is none.
    pub tokenizer: Result<usize, super::NoTokenizer>,
}

impl Model {
    /// What the model is.
    pub fn describe(&self) -> Description {
        Description {
            name: self.name.clone(),
            about: self.about.clone(),
            source: self.source.clone(),
            blueprint: self.engine.blueprint.clone(),
            config: self.engine.config.clone(),
            parameters: self.parameters,
            bytes: self.bytes,
            dtypes: self.dtypes.iter().map(|(dtype, stored)| (*dtype, *stored)).collect(),
            tokenizer: self.tokenizer().map(Tokenizer::len),
        }
    }
}

/// Opens a model, which reads its header only, and says what it is.
///
/// # Errors
/// As [`open`].
pub fn describe(spec: &Spec) -> Result<Description, OpenError> {
    open(spec).map(|model| model.describe())
}
