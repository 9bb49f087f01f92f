//! lmscope: a terminal explorer of language models.
//!
//! Layers, each using only those below it: `runtime` (terminal, threads, clock) · `app` (update and composition, pure) ·
//! `panes` (views) · `state` and `cli` · `job` (the worker's protocol) · `lab` (measurements) · `model` (an opened
//! language model) · `hub` (fetching models) · `lm`, `text`, `ui` (engine, tokenizers and segmenters, drawing: three libraries that do not know
//! each other).

pub mod app;
pub mod cli;
pub mod hub;
pub mod job;
pub mod lab;
pub mod lm;
pub mod model;
pub mod panes;
pub mod runtime;
pub mod state;
pub mod text;
pub mod ui;
