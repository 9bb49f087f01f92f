//! Measurements on what a model computes.

pub mod heads;
pub mod repetition;
