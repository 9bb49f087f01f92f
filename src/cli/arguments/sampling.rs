//! How tokens are chosen, on the command line.

use clap::Args;

use crate::lm::{Kind, Sampler, Stage};

/// How tokens are chosen.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct Sampling {
    /// Divide the logits by T; 0 always takes the most probable token
    #[arg(long, value_name = "T", value_parser = temperature, allow_negative_numbers = true)]
    pub temperature: Option<f64>,
    /// Keep the K most probable tokens; 0 keeps all
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Keep the fewest tokens that together have probability P
    #[arg(long, value_name = "P", value_parser = probability, allow_negative_numbers = true)]
    pub top_p: Option<f64>,
    /// Keep the tokens at least P times as probable as the best
    #[arg(long, value_name = "P", value_parser = probability, allow_negative_numbers = true)]
    pub min_p: Option<f64>,
    /// A stage of the pipeline more: dry=0.8:1.75:2, repetition=1.1:64, xtc=0.5:0.1, ban="the"; may be given again
    #[arg(long = "stage", value_name = "STAGE")]
    pub stage: Vec<Stage>,
    /// The order of the stages: hf (Hugging Face) or llama.cpp
    #[arg(long, value_name = "ORDER", default_value = "hf")]
    pub order: Order,
    /// The whole pipeline, in its order: "repetition=1.1 top-k=40 temperature=0.8"
    #[arg(long, value_name = "STAGES", conflicts_with_all = ["temperature", "top_k", "top_p", "min_p", "stage", "order"])]
    pub pipeline: Option<Sampler>,
}

/// An order of the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// Hugging Face's.
    Hf,
    /// llama.cpp's.
    #[value(name = "llama.cpp")]
    LlamaCpp,
}

impl Sampling {
    /// Temperature, top-k, top-p, min-p; where none was given, the value that changes nothing.
    pub fn values(&self) -> (f64, usize, f64, f64) {
        (self.temperature.unwrap_or(1.0), self.top_k.unwrap_or(0), self.top_p.unwrap_or(1.0), self.min_p.unwrap_or(0.0))
    }

    /// The pipeline. What was not given changes nothing.
    pub fn sampler(&self) -> Sampler {
        if let Some(pipeline) = &self.pipeline {
            return pipeline.clone();
        }
        let (temperature, top_k, top_p, min_p) = self.values();
        let mut stages = Sampler::new(temperature, top_k, top_p, min_p).stages;
        stages.extend(self.stage.iter().cloned());
        Sampler { stages: self.in_order(stages) }
    }

    /// Stages in the order that was asked for.
    pub fn in_order(&self, stages: Vec<Stage>) -> Vec<Stage> {
        let order = match self.order {
            Order::Hf => &Kind::HUGGING_FACE,
            Order::LlamaCpp => &Kind::ALL,
        };
        Sampler::ordered(stages, order).stages
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(temperature) if temperature >= 0.0 && temperature.is_finite() => Ok(temperature),
        _ => Err("a temperature is a number from 0 up".to_owned()),
    }
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err("a probability is a number from 0 to 1".to_owned()),
    }
}
