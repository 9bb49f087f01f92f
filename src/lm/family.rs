//! The families of transformers: each is a reader of settings, a table of names and a blueprint.

mod albert;
mod bart;
mod bert;
mod gemma;
mod glm;
mod gpt2;
mod gpt_neox;
mod llama;
mod marian;
mod t5;
mod xlnet;

use super::{
    blueprint::{Activation, Blueprint, DECODER},
    checkpoint::{Checkpoint, Header},
    config::{Config, Shape},
    error::ModelError,
    names::{HeadNames, Names},
    reader::Reader,
};

/// What decoders are good at.
const GOES_ON: &str = "going on with a text: stories, code, conversation";

/// One family: what it is called, what its files call it, how its settings are read.
pub struct Family {
    /// The name as its paper writes it.
    pub name: &'static str,
    /// Where it is described.
    pub source: &'static str,
    /// Hugging Face's `model_type`, and those of models of the same make.
    pub model_types: &'static [&'static str],
    /// GGUF's `general.architecture`, where files of that format are read.
    pub gguf: Option<&'static str>,
    /// What it is good at.
    pub suited_for: &'static str,
    /// The make of its best-known model; a file may differ from it in what its settings say.
    pub typical: fn() -> Blueprint,
    hugging_face: fn(Reader<'_>) -> Result<Plan, ModelError>,
    read_gguf: fn(Reader<'_>) -> Result<Plan, ModelError>,
}

impl Family {
    /// The formats that its files come in.
    pub fn formats(&self) -> &'static str {
        match (self.model_types, self.gguf) {
            ([], _) => "Marian",
            (_, None) => "Hugging Face",
            (_, Some(_)) => "Hugging Face, GGUF",
        }
    }
}

/// All that is needed to find the weights and run them.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) blueprint: Blueprint,
    pub(crate) config: Config,
    pub(crate) names: Names,
}

/// Every family that can run.
pub const FAMILIES: &[Family] = &[
    gpt2::GPT2,
    gpt_neox::GPT_NEOX,
    llama::LLAMA,
    llama::MISTRAL,
    llama::QWEN2,
    llama::QWEN3,
    gemma::GEMMA,
    gemma::GEMMA2,
    gemma::GEMMA3,
    glm::GLM,
    glm::CHATGLM,
    bert::BERT,
    bert::ROBERTA,
    bert::MPNET,
    bert::DISTILBERT,
    bert::UNILM,
    albert::ALBERT,
    albert::ELECTRA,
    xlnet::XLNET,
    t5::T5,
    bart::BART,
    marian::MARIAN,
];

/// The plan of a checkpoint, from what its header says.
pub(crate) fn plan(checkpoint: &Checkpoint) -> Result<Plan, ModelError> {
    let reader = Reader { checkpoint };
    match &checkpoint.header {
        Header::HuggingFace(_) => {
            let name = reader.text("model_type").ok_or(ModelError::MissingSetting { key: "model_type".into() })?;
            let family = FAMILIES.iter().find(|family| family.model_types.contains(&name));
            let family = family.ok_or_else(|| ModelError::Architecture { name: name.into() })?;
            (family.hugging_face)(reader)?.checked()
        }
        Header::Marian(_) => marian::plan(reader)?.checked(),
        Header::Gguf(_) => {
            let key = "general.architecture";
            let name = reader.text(key).ok_or(ModelError::MissingSetting { key: key.into() })?;
            let family = FAMILIES.iter().find(|family| family.gguf == Some(name));
            let family = family.ok_or_else(|| ModelError::Architecture { name: name.into() })?;
            (family.read_gguf)(reader)?.checked()
        }
    }
}

impl Plan {
    fn checked(self) -> Result<Self, ModelError> {
        for Shape { heads, kv_heads, .. } in self.config.encoder.into_iter().chain([self.config.main()]) {
            if !heads.is_multiple_of(kv_heads) {
                return Err(ModelError::Indivisible { whole: "heads", of: heads, part: "kv_heads", by: kv_heads });
            }
        }
        Ok(self)
    }
}

/// `whole / part` where it comes out even.
fn divided(whole: (&'static str, usize), part: (&'static str, usize)) -> Result<usize, ModelError> {
    if part.1 == 0 || !whole.1.is_multiple_of(part.1) {
        return Err(ModelError::Indivisible { whole: whole.0, of: whole.1, part: part.0, by: part.1 });
    }
    Ok(whole.1 / part.1)
}

/// The activation that Hugging Face calls by this name.
fn activation(reader: Reader<'_>, key: &str, default: Activation) -> Result<Activation, ModelError> {
    match reader.text(key) {
        None => Ok(default),
        Some("silu" | "swish") => Ok(Activation::Silu),
        Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Ok(Activation::GeluTanh),
        Some("relu") => Ok(Activation::Relu),
        Some(other) => Err(ModelError::Unsupported { key: key.into(), value: other.into() }),
    }
}
