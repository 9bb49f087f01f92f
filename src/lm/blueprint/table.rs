//! Blueprints as a person reads them.

use std::fmt;

use super::{
    Activation, Blueprint, Buckets, Cell, Norm, NormPlace, Objective, Pairs, Positions, Residual, Scaling, Stacks,
};

impl Blueprint {
    /// The blueprint as rows of (what, how), English, in the order of the forward pass: the table that a person reads
    /// and that the pass runs.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_string();
        vec![
            ("stacks", self.stacks()),
            ("trained to predict", self.objective.name().into()),
            ("positions", self.positions_with_windows()),
            ("two texts", yes(self.segments)),
            ("embedding norm", yes(self.embedding_norm)),
            ("embedding scale", self.embedding_scale()),
            ("mask", self.mask.to_string()),
            ("norm", self.norm.name().into()),
            ("norm place", self.norm_place.name().into()),
            ("attention bias", yes(self.attention_bias)),
            ("query and key norm", yes(self.query_key_norm)),
            ("attention scale", self.attention_scale()),
            ("feed-forward", self.activation.layer(self.gated).into()),
            ("residual", self.residual.name().into()),
            ("head", self.head()),
            ("tied head", yes(self.tied_head)),
        ]
    }

    fn positions_with_windows(&self) -> String {
        let positions = self.positions.describe();
        self.window_base.map_or_else(|| positions.clone(), |base| format!("{positions}; θ = {base} in windows"))
    }

    fn stacks(&self) -> String {
        match self.cell {
            _ if self.shared_layers => "encoder, one layer for all".into(),
            Some(Cell::Ssru) => "encoder and recurrent decoder (SSRU)".into(),
            None => self.stacks.name().into(),
        }
    }

    fn embedding_scale(&self) -> String {
        let scale = self.embedding_scale;
        if self.blank_start { format!("{scale}; the decoder begins with zeros") } else { scale.to_string() }
    }

    fn attention_scale(&self) -> String {
        let scale = match self.attention_width {
            Some(width) => format!("1/√{width}"),
            None => if self.scaled { "1/√d" } else { "1" }.into(),
        };
        self.attention_cap.map_or_else(|| scale.clone(), |cap| format!("{scale}, within ±{cap}"))
    }

    fn head(&self) -> String {
        let scale = if self.head_scale == 1.0 { String::new() } else { format!(", ×{:.4}", self.head_scale) };
        let scale = self.logit_cap.map_or_else(|| scale.clone(), |cap| format!("{scale}, within ±{cap}"));
        match self.head_transform {
            Some(_) if self.objective == Objective::ReplacedTokens => {
                format!("dense, {}, linear: one number for each token", self.activation.layer(false))
            }
            Some(activation) => format!("dense, {}, norm, linear{scale}", activation.layer(false)),
            None => format!("linear{scale}"),
        }
    }
}

impl Stacks {
    /// The name a person reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decoder => "decoder",
            Self::Encoder => "encoder",
            Self::EncoderDecoder => "encoder and decoder",
        }
    }
}

impl Objective {
    /// The name a person reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::NextToken => "the next token",
            Self::MaskedTokens => "masked tokens",
            Self::SpanCorruption => "cut-out spans",
            Self::Denoising => "the text before it was corrupted",
            Self::Translation => "the source in another language",
            Self::Permutation => "tokens in a random order",
            Self::Unified => "masked, next and target tokens",
            Self::ReplacedTokens => "which tokens were replaced",
            Self::BlankFilling => "cut-out spans behind the text",
            Self::LongBlank => "one long blank",
        }
    }
}

impl Norm {
    fn name(self) -> &'static str {
        match self {
            Self::Layer => "LayerNorm",
            Self::Rms => "RMSNorm",
        }
    }
}

impl NormPlace {
    fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Both => "before and after",
        }
    }
}

impl Residual {
    fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Parallel => "parallel",
        }
    }
}

impl Activation {
    /// The name of a feed-forward layer with this non-linearity.
    fn layer(self, gated: bool) -> &'static str {
        match self {
            Self::Silu if gated => "SwiGLU",
            Self::Silu => "SiLU",
            Self::Gelu if gated => "GeGLU",
            Self::Gelu => "GELU",
            Self::GeluTanh if gated => "GeGLU (tanh)",
            Self::GeluTanh => "GELU (tanh)",
            Self::Relu if gated => "ReGLU",
            Self::Relu => "ReLU",
        }
    }
}

impl fmt::Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} buckets of distances up to {}", self.count, self.farthest)
    }
}

impl Positions {
    fn describe(&self) -> String {
        let learned = |offset| if offset == 0 { "learned".into() } else { format!("learned, from row {offset}") };
        let (pairs, dimensions, base, scaling) = match self {
            &Self::Learned { offset, buckets, .. } => {
                return buckets.map_or_else(|| learned(offset), |buckets| format!("{}; {buckets}", learned(offset)));
            }
            Self::Buckets(buckets) => return buckets.to_string(),
            Self::Sinusoids { .. } => return "sinusoids".into(),
            Self::RelativeSinusoid { farthest: None } => return "sinusoids of distances".into(),
            Self::RelativeSinusoid { farthest: Some(most) } => return format!("sinusoids of distances up to {most}"),
            Self::Rotary { pairs, dimensions, base, scaling } => (pairs, dimensions, base, scaling),
        };
        let pairs = match pairs {
            Pairs::Halves => "halves",
            Pairs::Interleaved => "interleaved",
        };
        let scaling = match scaling {
            Scaling::None => String::new(),
            Scaling::Linear { factor } => format!(", linear ×{factor}"),
            Scaling::Dynamic { factor, .. } => format!(", dynamic ×{factor}"),
            Scaling::Proportional { rotated, .. } => format!(", {} of them turned", 2 * rotated),
            Scaling::Long { .. } => ", longrope".into(),
            Scaling::Llama3 { factor, .. } => format!(", llama3 ×{factor}"),
            Scaling::Yarn { factor, .. } => format!(", yarn ×{factor}"),
        };
        format!("rotary ({pairs}, {dimensions} dimensions, θ = {base}{scaling})")
    }
}
