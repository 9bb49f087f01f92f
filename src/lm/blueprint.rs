//! What differs between families of transformers, as data: one forward pass reads it.

use super::mask::Mask;

/// The make of a transformer, apart from its sizes ([`Config`](super::Config)) and its weights.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a row of the table that a person reads")]
pub struct Blueprint {
    /// The family's name as its paper writes it.
    pub family: &'static str,
    /// How vectors are normalised.
    pub norm: Norm,
    /// Where the normalisation stands.
    pub norm_place: NormPlace,
    /// How the model knows where a token stands.
    pub positions: Positions,
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
    /// Whether the head is the token embedding again (Press and Wolf 2017).
    pub tied_head: bool,
    /// Which positions each position sees unless something else is asked for.
    pub mask: Mask,
}

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
}

/// How the model knows where a token stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Positions {
    /// A learned vector per position, added to the embedding.
    Learned,
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

/// Which two elements of a head rotary positions turn together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Element i with element i + d/2.
    Halves,
    /// Element 2i with element 2i + 1.
    Interleaved,
}

/// How rotary frequencies are changed for long contexts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All divided by the factor (Chen et al. 2023, "position interpolation").
    Linear {
        /// The divisor.
        factor: f32,
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

/// How the two sublayers of a layer share the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// Feed-forward reads what attention wrote.
    Serial,
    /// Both read the layer's input, and both are added to it (Wang and Komatsuzaki 2021, "GPT-J").
    Parallel,
}

impl Blueprint {
    /// The blueprint as rows of (what, how), English, in the order of the forward pass: the table that a person reads
    /// and that the pass runs.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_string();
        vec![
            ("positions", self.positions.describe()),
            ("mask", self.mask.to_string()),
            (
                "norm",
                match self.norm {
                    Norm::Layer => "LayerNorm",
                    Norm::Rms => "RMSNorm",
                }
                .into(),
            ),
            (
                "norm place",
                match self.norm_place {
                    NormPlace::Before => "before",
                    NormPlace::After => "after",
                }
                .into(),
            ),
            ("attention bias", yes(self.attention_bias)),
            ("query and key norm", yes(self.query_key_norm)),
            ("feed-forward", {
                let name = match self.activation {
                    Activation::Silu if self.gated => "SwiGLU",
                    Activation::Silu => "SiLU",
                    Activation::Gelu if self.gated => "GeGLU",
                    Activation::Gelu => "GELU",
                    Activation::GeluTanh if self.gated => "GeGLU (tanh)",
                    Activation::GeluTanh => "GELU (tanh)",
                    Activation::Relu if self.gated => "ReGLU",
                    Activation::Relu => "ReLU",
                };
                name.into()
            }),
            (
                "residual",
                match self.residual {
                    Residual::Serial => "serial",
                    Residual::Parallel => "parallel",
                }
                .into(),
            ),
            ("tied head", yes(self.tied_head)),
        ]
    }
}

impl Positions {
    fn describe(&self) -> String {
        let Self::Rotary { pairs, dimensions, base, scaling } = self else {
            return "learned".into();
        };
        let pairs = match pairs {
            Pairs::Halves => "halves",
            Pairs::Interleaved => "interleaved",
        };
        let scaling = match scaling {
            Scaling::None => String::new(),
            Scaling::Linear { factor } => format!(", linear ×{factor}"),
            Scaling::Llama3 { factor, .. } => format!(", llama3 ×{factor}"),
            Scaling::Yarn { factor, .. } => format!(", yarn ×{factor}"),
        };
        format!("rotary ({pairs}, {dimensions} dimensions, θ = {base}{scaling})")
    }
}
