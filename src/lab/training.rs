//! Learning a vocabulary from corpora of any size, and its steps in words.

mod corpus;
mod said;

pub use corpus::CorpusError;
pub use corpus::Counted;
pub use corpus::Source;
pub use corpus::count;
pub use said::merged;
