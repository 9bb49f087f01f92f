//! What differs between families of transformers, as data: one forward pass reads it.

mod table;

use super::{error::ForwardError, mask::Mask};

/// The make of a transformer, apart from its sizes ([`Config`](super::Config)) and its weights.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a row of the table that a person reads")]
pub struct Blueprint {
    /// The family's name as its paper writes it.
    pub family: &'static str,
    /// Which stacks of layers there are.
    pub stacks: Stacks,
    /// What the model was trained to predict.
    pub objective: Objective,
    /// How vectors are normalised.
    pub norm: Norm,
    /// Where the normalisation stands.
    pub norm_place: NormPlace,
    /// Whether the sum of embeddings is normalised before the first layer.
    pub embedding_norm: bool,
    /// What the token embedding is multiplied by.
    pub embedding_scale: f32,
    /// How the model knows where a token stands.
    pub positions: Positions,
    /// Whether a learned vector says which of two texts a token belongs to (Devlin et al. 2018, figure 2).
    pub segments: bool,
    /// Whether the product of query and key is divided by √d before the softmax (Vaswani et al. 2017, equation 1).
    pub scaled: bool,
    /// What takes the place of d under that root, where it is not the width of a head.
    pub attention_width: Option<f32>,
    /// What products of query and key are bent to stay within: c·tanh(x/c) (Gemma Team 2024, "Gemma 2", section 2.2).
    pub attention_cap: Option<f32>,
    /// Whether the query, key and value projections add a bias.
    pub attention_bias: bool,
    /// Whether each head's query and key are normalised before they meet (Henry et al. 2020).
    pub query_key_norm: bool,
    /// How one fused projection lays out queries, keys and values; separate projections are [`Fused::Stacked`].
    pub fused: Fused,
    /// The feed-forward layer's non-linearity.
    pub activation: Activation,
    /// Whether the feed-forward layer multiplies by a second projection (Shazeer 2020, "GLU variants").
    pub gated: bool,
    /// Whether attention and feed-forward follow one another or stand side by side.
    pub residual: Residual,
    /// Whether every layer is the same one, run again (Lan et al. 2019, section 3.1).
    pub shared_layers: bool,
    /// Whether the head is the token embedding again (Press and Wolf 2017).
    pub tied_head: bool,
    /// The non-linearity of the dense layer between the last hidden state and the head, where there is one; a
    /// normalisation follows it (Devlin et al. 2018, the masked language model's head).
    pub head_transform: Option<Activation>,
    /// What the last hidden state is multiplied by before the head.
    pub head_scale: f32,
    /// What logits are bent to stay within, by the same formula.
    pub logit_cap: Option<f32>,
    /// The rotary base of layers whose attention has a window, where it is another.
    pub window_base: Option<f32>,
    /// Which positions each position sees unless something else is asked for; a decoder's where there is an encoder too.
    pub mask: Mask,
    /// What a decoder's layers keep of the positions before, where they do not attend to them.
    pub cell: Option<Cell>,
    /// Whether the first position of a decoder begins with zeros whatever token stands there.
    pub blank_start: bool,
}

/// Which stacks of layers a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stacks {
    /// One that reads from left to right.
    Decoder,
    /// One that reads the whole text at once.
    Encoder,
    /// An encoder, and a decoder that looks at it (Vaswani et al. 2017, figure 1).
    EncoderDecoder,
}

/// What a model was trained to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// The next token (Radford et al. 2018, equation 1).
    NextToken,
    /// Tokens that were replaced by a mask, from both sides (Devlin et al. 2018, section 3.1).
    MaskedTokens,
    /// Spans that were cut out of the source, one after the other (Raffel et al. 2019, section 3.1.4).
    SpanCorruption,
    /// The whole source before it was corrupted (Lewis et al. 2019, section 2.2).
    Denoising,
    /// The source in another language (Vaswani et al. 2017, section 5).
    Translation,
    /// Each token from those before it in a random order (Yang et al. 2019, section 2.2).
    Permutation,
    /// Masked, next and target tokens in turn, by the mask (Dong et al. 2019, section 2.3).
    Unified,
    /// Whether each token was replaced by another (Clark et al. 2020, section 2).
    ReplacedTokens,
    /// The spans that were cut out, each from left to right behind the whole text (Du et al. 2021, section 2.1).
    BlankFilling,
    /// All of the text as one blank, behind the sign that stands for it (Du et al. 2021, section 2.1.1, "document-level").
    LongBlank,
}

/// What a family has unless it says otherwise: a decoder as most are.
pub(crate) const DECODER: Blueprint = Blueprint {
    family: "",
    stacks: Stacks::Decoder,
    objective: Objective::NextToken,
    norm: Norm::Rms,
    norm_place: NormPlace::Before,
    embedding_norm: false,
    embedding_scale: 1.0,
    positions: Positions::Learned { offset: 0, padding: None, buckets: None },
    segments: false,
    scaled: true,
    attention_width: None,
    attention_cap: None,
    attention_bias: false,
    query_key_norm: false,
    fused: Fused::Stacked,
    activation: Activation::Silu,
    gated: false,
    residual: Residual::Serial,
    shared_layers: false,
    tied_head: true,
    head_transform: None,
    head_scale: 1.0,
    logit_cap: None,
    window_base: None,
    mask: Mask::Causal,
    cell: None,
    blank_start: false,
};

/// How a vector is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Mean taken away, divided by the standard deviation, scaled and shifted (Ba et al. 2016).
    Layer,
    /// Divided by the root of the mean square, scaled (Zhang and Sennrich 2019).
    Rms,
}

/// Where the normalisation stands (Xiong et al. 2020, figure 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormPlace {
    /// Before each sublayer, and once more before the head.
    Before,
    /// After each sublayer's residual sum.
    After,
    /// Before each sublayer, and of what it gives before that is added.
    Both,
}

/// How the model knows where a token stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Positions {
    /// A learned vector per position, added to the embedding.
    Learned {
        /// The row of the first position.
        offset: usize,
        /// A token that takes the row before the first and is not counted (`RoBERTa`'s padding).
        padding: Option<u32>,
        /// Where distances count besides.
        buckets: Option<Buckets>,
    },
    /// Sines, then cosines of the position at geometrically falling frequencies, added to the embedding (Vaswani et al. 2017,
    /// section 3.5).
    Sinusoids {
        /// Whether the last frequency is 1/10000 and not the one before it in that sequence.
        to_end: bool,
    },
    /// Distances alone.
    Buckets(Buckets),
    /// The key meets the query once with its content and once with a sinusoid of the distance (Dai et al. 2019, section
    /// 3.3).
    RelativeSinusoid {
        /// Distances beyond this one count as it.
        farthest: Option<usize>,
    },
    /// Queries and keys are turned by an angle that grows with the position (Su et al. 2021, section 3.4).
    Rotary {
        /// Which elements form a pair.
        pairs: Pairs,
        /// How many elements of each head are turned; the rest stays.
        dimensions: usize,
        /// The base of the geometric sequence of frequencies, θ.
        base: f32,
        /// How the frequencies are changed for contexts longer than those trained on.
        scaling: Scaling,
    },
}

/// A learned number per head and per bucket of distances, the same in all layers, added to the product of query and key (Raffel et
/// al. 2019, section 2.1); near distances have a bucket each, far ones share theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// How many buckets.
    pub count: usize,
    /// From this distance on all share the last bucket.
    pub farthest: usize,
}

/// Which two elements of a head rotary positions turn together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Element i with element i + d/2.
    Halves,
    /// Element 2i with element 2i + 1.
    Interleaved,
}

/// How rotary frequencies are changed for long contexts.
#[derive(Clone, Debug, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All divided by the factor (Chen et al. 2023, "position interpolation").
    Linear {
        /// The divisor.
        factor: f32,
    },
    /// The base grows with the sequence once it is longer than those trained on ("dynamic NTK").
    Dynamic {
        /// How much longer a sequence may become.
        factor: f32,
        /// The context the model was trained on.
        original: f32,
    },
    /// The first pairs of each head turn, the others stand still.
    Proportional {
        /// How many pairs turn.
        rotated: usize,
        /// What their frequencies are divided by.
        factor: f32,
    },
    /// Each frequency divided by its own factor, of two lists by the length of the sequence (Ding et al. 2024,
    /// "`LongRoPE`", section 3).
    Long {
        /// The factors of a sequence no longer than those first trained on.
        short: Vec<f32>,
        /// The factors of a longer one.
        long: Vec<f32>,
        /// The context the model was first trained on.
        original: f32,
        /// What queries and keys are multiplied by.
        attention: f32,
    },
    /// Low frequencies divided, high ones kept, those between blended (Llama 3.1's model card).
    Llama3 {
        /// The divisor of low frequencies.
        factor: f32,
        /// Wavelengths longer than the original context over this are divided.
        low: f32,
        /// Wavelengths shorter than the original context over this are kept.
        high: f32,
        /// The context the model was first trained on.
        original: f32,
    },
    /// A ramp between dividing and keeping, and sharper attention (Peng et al. 2023, "`YaRN`", section 3).
    Yarn {
        /// The divisor of low frequencies.
        factor: f32,
        /// Rotations over the original context above which a frequency is kept.
        fast: f32,
        /// Rotations over the original context below which a frequency is divided.
        slow: f32,
        /// The context the model was first trained on.
        original: f32,
        /// What queries and keys are multiplied by.
        attention: f32,
        /// Whether the ramp begins and ends at whole pairs.
        whole: bool,
    },
}

/// How queries, keys and values stand in the output of one projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fused {
    /// All queries, then all keys, then all values.
    Stacked,
    /// For each head its query, its key, its value.
    PerHead,
}

/// A feed-forward non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x·σ(x) (Elfwing et al. 2018); gated it is `SwiGLU`.
    Silu,
    /// x·Φ(x) (Hendrycks and Gimpel 2016).
    Gelu,
    /// Gelu's approximation by a hyperbolic tangent, `gelu_new`.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// A recurrent cell in the place of a decoder's attention to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The simpler simple recurrent unit (Kim et al. 2019, "From Research to Production and Back", section 3.1): with
    /// `f = σ(W_f·x + b_f)`, the cell is `c = f⊙c′ + (1−f)⊙W·x`, and it gives `max(c, 0)`.
    Ssru,
}

/// How the two sublayers of a layer share the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// Feed-forward reads what attention wrote.
    Serial,
    /// Both read the layer's input, and both are added to it (Wang and Komatsuzaki 2021, "GPT-J").
    Parallel,
}

impl Blueprint {
    /// Whether the distribution at a position is that of the token after it; if not, it is that of the position's own
    /// token, seen from both sides.
    pub fn predicts_next(&self) -> bool {
        self.stacks != Stacks::Encoder
    }

    /// Whether the decoder, or the only stack, has attention to itself.
    ///
    /// # Errors
    /// [`ForwardError::NoOwnAttention`].
    pub fn attends_to_itself(&self) -> Result<(), ForwardError> {
        if self.cell.is_none() { Ok(()) } else { Err(ForwardError::NoOwnAttention) }
    }

    /// What products of query and key are multiplied by, for heads of this width.
    pub(crate) fn attention_factor(&self, head_width: usize) -> f32 {
        match (self.scaled, self.attention_width) {
            (true, width) => width.unwrap_or(head_width as f32).sqrt().recip(),
            (false, _) => 1.0,
        }
    }
}

impl Positions {
    /// The distance as which all beyond it count, where sinusoids of distances are told apart.
    pub(crate) fn farthest_sinusoid(&self) -> Option<usize> {
        if let Self::RelativeSinusoid { farthest } = *self { farthest } else { None }
    }

    /// The buckets of distances, where there are such.
    pub(crate) fn buckets(&self) -> Option<Buckets> {
        match *self {
            Self::Learned { buckets, .. } => buckets,
            Self::Buckets(buckets) => Some(buckets),
            _ => None,
        }
    }
}
