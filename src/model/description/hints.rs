//! What a header says of any architecture, by the keys that most share.

use serde_json::{Map, Value};

use crate::lm::checkpoint::Header;
use crate::lm::load::gguf::Metadata;

/// A model's sizes by its header's own words; unchecked, and absent where the header does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The architecture.
    pub architecture: Option<String>,
    /// The number of layers.
    pub layers: Option<u64>,
    /// The width of the residual stream.
    pub width: Option<u64>,
    /// Attention heads per layer.
    pub heads: Option<u64>,
    /// The longest sequence.
    pub context: Option<u64>,
    /// The number of tokens.
    pub vocabulary: Option<u64>,
}

impl Hints {
    pub(super) fn of(header: &Header) -> Self {
        match header {
            Header::Gguf(metadata) => Self::of_gguf(metadata),
            Header::HuggingFace(config) => Self::of_config(config),
            Header::Marian(settings) => Self::of_marian(settings),
        }
    }

    fn of_gguf(metadata: &Metadata) -> Self {
        let architecture = metadata.str("general.architecture");
        let number = |name: &str| metadata.u64(&format!("{}.{name}", architecture?));
        let tokens = metadata.array_len("tokenizer.ggml.tokens").map(|tokens| tokens as u64);
        Self {
            architecture: architecture.map(str::to_owned),
            layers: number("block_count"),
            width: number("embedding_length"),
            heads: number("attention.head_count"),
            context: number("context_length"),
            vocabulary: tokens.or_else(|| number("vocab_size")),
        }
    }

    fn of_marian(settings: &Map<String, Value>) -> Self {
        let number = |name: &str| settings.get(name).and_then(Value::as_u64);
        Self {
            architecture: Some("marian".to_owned()),
            layers: number("enc-depth"),
            width: number("dim-emb"),
            heads: number("transformer-heads"),
            context: None,
            vocabulary: settings.get("dim-vocabs").and_then(|sizes| sizes.get(0)?.as_u64()),
        }
    }

    fn of_config(config: &Map<String, Value>) -> Self {
        let number = |names: &[&str]| names.iter().find_map(|name| config.get(*name)?.as_u64());
        Self {
            architecture: config.get("model_type").and_then(Value::as_str).map(str::to_owned),
            layers: number(&["num_hidden_layers", "n_layer", "num_layers", "n_layers"]),
            width: number(&["hidden_size", "n_embd", "d_model", "dim"]),
            heads: number(&["num_attention_heads", "n_head", "num_heads", "n_heads"]),
            context: number(&["max_position_embeddings", "n_positions", "seq_length", "n_ctx"]),
            vocabulary: number(&["vocab_size"]),
        }
    }
}
