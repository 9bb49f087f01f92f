//! Interventions as a person writes them: with text where the engine has token ids.

use std::fmt;

use super::{Model, NoTokenizer};
use crate::lm::explain::PrepareError;
use crate::lm::{Conditions, Intervention, InterventionError, Interventions, Workspace};

/// Why what a person wrote is no intervention in this model.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeError {
    /// It is not written right, does not fit, or could not be computed.
    Prepare(PrepareError),
    /// It has text, and the model no tokenizer.
    NoTokenizer(NoTokenizer),
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare(error) => error.fmt(f),
            Self::NoTokenizer(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ChangeError {}

impl From<PrepareError> for ChangeError {
    fn from(error: PrepareError) -> Self {
        Self::Prepare(error)
    }
}

impl From<InterventionError> for ChangeError {
    fn from(error: InterventionError) -> Self {
        Self::Prepare(PrepareError::Intervention(error))
    }
}

impl Model {
    /// The model's own mask, with `changes`.
    pub fn under<'a>(&'a self, changes: &'a Interventions) -> Conditions<'a> {
        Conditions { mask: &self.engine.blueprint.mask, interventions: changes }
    }

    /// Reads one intervention. What a patch takes its values from may be text in quotes: `patch:4@7="Rome is"@1`.
    ///
    /// # Errors
    /// It is not written right, or has text and the model no tokenizer.
    pub fn intervention(&self, text: &str) -> Result<Intervention, ChangeError> {
        let quoted = text.split_once("=\"").and_then(|(place, rest)| Some((place, rest.rsplit_once('"')?)));
        let Some((place, (quoted, from))) = quoted else { return Ok(text.parse()?) };
        let tokens = self.tokenizer().map_err(ChangeError::NoTokenizer)?.encode(quoted);
        let ids: Vec<String> = tokens.iter().map(|token| token.id.to_string()).collect();
        Ok(format!("{place}={}{from}", ids.join(",")).parse()?)
    }

    /// Reads interventions and makes them ready.
    ///
    /// # Errors
    /// One is not written right, or does not fit the model.
    pub fn interventions(
        &self,
        texts: &[String],
        workspace: &mut Workspace,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Interventions, ChangeError> {
        let list = texts.iter().map(|text| self.intervention(text)).collect::<Result<_, _>>()?;
        Ok(self.engine.interventions(list, workspace, go_on)?)
    }
}
