//! What a forward pass needs beside the model: buffers and compute threads.

use super::{
    distance::KeptKeys,
    kernel::{Activations, Isa, Team},
    position::{Fresh, Position, Room},
};

/// Buffers that are used again from pass to pass, and the team of threads that shares the rows of each matrix.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) team: Team,
    pub(crate) isa: Isa,
    pub(crate) input: Activations,
    pub(crate) output: Vec<f32>,
    pub(crate) stream: Vec<f32>,
    /// The query stream under a permutation.
    pub(crate) second_stream: Vec<f32>,
    /// A sublayer's output that waits for the sublayer beside it.
    pub(crate) beside: Vec<f32>,
    pub(crate) angles: Vec<f32>,
    /// Attention's blocks before they are added up.
    pub(crate) partial: Vec<f32>,
    /// The keys of distances that were computed before.
    pub(crate) distances: KeptKeys,
    /// Storage for positions to come.
    pub(crate) room: Room,
    /// The list that a pass's positions are computed in.
    pub(crate) fresh: Vec<Fresh>,
}

impl Workspace {
    /// Buffers, and `threads` compute threads, the caller's among them; 0 counts as 1. The number changes no result.
    pub fn new(threads: usize) -> Self {
        Self {
            team: Team::new(threads),
            isa: Isa::detect(),
            input: Activations::default(),
            output: Vec::new(),
            stream: Vec::new(),
            second_stream: Vec::new(),
            beside: Vec::new(),
            angles: Vec::new(),
            partial: Vec::new(),
            distances: KeptKeys::default(),
            room: Room::default(),
            fresh: Vec::new(),
        }
    }

    /// The same on the instruction set of this [`kernel`](Self::kernel), if this machine has it.
    pub fn with_kernel(threads: usize, kernel: &str) -> Option<Self> {
        let isa = Isa::available().find(|isa| isa.name() == kernel)?;
        Some(Self { isa, ..Self::new(threads) })
    }

    /// Appends what a pass computed to a path, and takes its list back.
    pub(crate) fn keep(&mut self, mut new: Vec<Fresh>, path: &mut Vec<Position>) {
        path.extend(new.drain(..).map(Fresh::keep));
        self.fresh = new;
    }

    /// The number of compute threads.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The name of the instruction set that products are computed with: part of what makes a result reproducible.
    pub fn kernel(&self) -> &'static str {
        self.isa.name()
    }
}
