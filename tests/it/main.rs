//! One test binary: every test of lmscope's public surface.

mod app;
mod beam;
mod command_line;
mod encoding;
mod encoding_cli;
mod engine;
mod explain;
mod explaining;
mod hub;
mod information;
mod jobs;
mod layers;
mod load;
mod repetition;
mod runs;
mod sampler;
mod segment;
mod segment_cli;
mod segment_steps;
mod terminal;
mod text;
mod ui;
mod vocabulary;
