//! Measurements on what a model computes.

pub mod architectures;
pub mod arithmetic_coding;
pub mod compression;
pub mod flow;
pub mod heads;
pub mod information;
pub mod length;
pub mod masks;
pub mod repetition;
pub mod rivals;
pub mod singular;
pub mod steps;
pub mod tokenizers;
pub mod training;
pub mod vocabulary;
