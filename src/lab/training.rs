//! Learning a vocabulary from corpora of any size, and its steps in words.

mod corpus;
mod course;
mod error;
mod plan;
mod said;

pub use corpus::Counted;
pub use corpus::Source;
pub use corpus::count;
pub use course::Candidate;
pub use course::Course;
pub use course::Followed;
pub use error::TrainingError;
pub use plan::Material;
pub use plan::Method;
pub use plan::Plan;
pub use plan::SAMPLES;
pub use said::merged;
