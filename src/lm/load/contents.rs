//! What a file of weights holds, whatever its format.

use std::collections::BTreeMap;

use crate::lm::checkpoint::{Tensor, Unread};

/// The tensors of one file.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) tensors: BTreeMap<String, Tensor>,
    pub(super) unread: BTreeMap<String, Unread>,
}
