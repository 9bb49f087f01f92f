//! Which model it is: the same number for the same weights, make and vocabulary, wherever the file lies.

use sha2::Digest;
use sha2::Sha256;

use crate::model::Model;

/// Half a SHA-256 of all that the model's answers depend on.
pub type Identity = [u8; 16];

/// The identity of a model: its make and sizes, every tensor, every piece of its vocabulary.
pub fn identity(model: &Model) -> Identity {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(format!("{:?} {:?}", model.engine.blueprint, model.engine.config).as_bytes());
    for (name, tensor) in &model.tensors {
        add(name.as_bytes());
        add(format!("{} {:?}", tensor.dtype.name(), tensor.shape).as_bytes());
        add(&tensor.bytes);
    }
    if let Some(tokenizer) = &model.tokenizer {
        for id in 0..tokenizer.len() as u32 {
            add(tokenizer.piece(id));
        }
    }
    first(&hash.finalize())
}

/// The first bytes of a hash.
pub(super) fn first<const N: usize>(hash: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| hash.get(index).copied().unwrap_or(0))
}
