//! Architectures on a sentence, declared.

use clap::Args;

use super::Source;
use crate::lab::architectures::Architecture;

/// `lmscope architectures`
#[derive(Debug, Args)]
pub struct Architectures {
    /// The sentence.
    #[command(flatten)]
    pub source: Source,
    /// Only this architecture
    #[arg(long, value_name = "NAME", value_parser = Architecture::ALL.map(Architecture::name))]
    pub only: Option<String>,
}
