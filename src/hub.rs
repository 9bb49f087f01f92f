//! Models of the Hugging Face hub, fetched once into the cache that Hugging Face's own programs use
//! (`huggingface_hub`'s "cache-system reference"): `models--owner--name/{blobs,refs,snapshots}`.
//!
//! Only the files a model needs are fetched. A fetch that broke goes on where it stopped; every file is checked by size and
//! by hash before it takes its place, and a lock keeps two programs from writing the same one. No thread and no terminal
//! here: whoever asks watches the [`Progress`] and may stop it.

mod cache;
mod choice;
mod download;
mod error;
mod hash;
mod http;
mod name;
mod surroundings;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

pub use error::{HubError, Unlike, several};
pub use name::Name;
pub use surroundings::Surroundings;

use cache::Cache;
use http::Http;

/// How far the file that is being fetched has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file's name in the repository.
    pub file: Arc<str>,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes of the whole file, where the server says.
    pub total: Option<u64>,
    /// Whether another program is fetching the file and is waited for.
    pub waiting: bool,
}

impl Progress {
    /// The part that is here, in tenths of a percent.
    pub fn permille(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((u128::from(self.done) * 1000 / u128::from(total)).min(1000) as u64)
    }
}

/// Is told of progress, several times a second where data flows; `Break` stops the fetch, which can go on another time.
pub type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// The folder, or the GGUF file, of a model on this machine; what is missing is fetched.
///
/// # Errors
/// See [`HubError`].
pub fn fetch(name: &Name, surroundings: &Surroundings, watch: Watch<'_>) -> Result<PathBuf, HubError> {
    let cache = Cache::new(surroundings, name)?;
    if let Some(found) = cache.complete(name) {
        return Ok(found);
    }
    if surroundings.offline {
        return Err(HubError::Offline { name: name.to_string() });
    }
    let http = Http::new(surroundings);
    let listing = http.listing(name)?;
    let snapshot = cache.snapshot(&listing.commit);
    for file in choice::small(name, &listing) {
        download::file(&http, &cache, &listing, &file, watch)?;
    }
    let weights = choice::weights(name, &listing, &snapshot)?;
    for file in &weights {
        download::file(&http, &cache, &listing, file, watch)?;
    }
    cache.note_absent(&listing)?;
    cache.note_revision(name, &listing.commit)?;
    let gguf = name.file.as_ref().or_else(|| weights.first().filter(|file| choice::is_gguf(file)));
    Ok(gguf.map_or_else(|| snapshot.clone(), |file| snapshot.join(file)))
}

/// The models of the cache that a branch is noted for, by `owner/name`, each with the folder of its files; some of them may
/// not be there whole.
pub fn kept(surroundings: &Surroundings) -> Vec<(String, PathBuf)> {
    surroundings.cache.as_deref().map(cache::kept).unwrap_or_default()
}
