//! The engine: a language model's weights, its forward pass, and the evidence the pass leaves.

pub mod checkpoint;
pub mod load;

pub mod blueprint;
mod config;
mod error;
mod family;
mod names;
mod reader;

mod matrix;
mod weights;

mod activation;
mod attention;
mod distance;
mod elementary;
mod intervention;
mod kernel;
mod norm;
mod rope;

pub mod beam;
mod detector;
mod distribution;
pub mod explain;
mod mask;
mod moved;
mod pass;
mod position;
mod sampler;
mod scores;
mod soundness;
mod trace;
mod transformer;
mod workspace;

pub use attention::AttentionKind;
pub use beam::Beam;
pub use blueprint::Blueprint;
pub use config::{Config, Shape};
pub use distribution::{Distribution, NotFinite};
pub use error::{ForwardError, ModelError};
pub use family::{FAMILIES, Family};
pub use intervention::{
    Change, Conditions, HeadPlace, Heads, Intervention, InterventionError, Interventions, LayerPlace, PatchPlace, Side,
};
pub use kernel::dequantize;
pub use mask::{Mask, MaskError};
pub use position::Position;
pub use sampler::{
    Column, Constraint, Given, Kind, Need, Note, Outcome, Parameter, Past, PipelineError, Sampler, Shaped, Stage,
    Steps, chance, uniform,
};
pub use soundness::{Unsound, unsound};
pub use trace::{Trace, TraceError};
pub use transformer::{Input, Transformer};
pub use workspace::Workspace;
