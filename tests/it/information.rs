//! What texts cost, how far distributions are apart, and the model as a compressor.

mod comparing;
mod compression;
mod divergence;
mod scoring;
