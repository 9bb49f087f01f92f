//! Naming a model of the hub.

use std::fmt;
use std::path::{Component, Path};

use super::HubError;

/// What a name begins with.
const SCHEME: &str = "hf:";
/// The revision where none is named.
const MAIN: &str = "main";

/// A model of the hub: `hf:owner/name`, `hf:owner/name/file.gguf`, either with `@revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Whose it is.
    pub owner: String,
    /// What it is called.
    pub name: String,
    /// The GGUF file, where one is named.
    pub file: Option<String>,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl Name {
    /// Reads a name; `None` where it does not begin with `hf:`.
    ///
    /// # Errors
    /// It begins so and goes on in a way no name does.
    pub fn parse(spec: &str) -> Option<Result<Self, HubError>> {
        let rest = spec.strip_prefix(SCHEME)?;
        let (path, revision) = rest.split_once('@').unwrap_or((rest, MAIN));
        let mut parts = path.splitn(3, '/');
        let (owner, name, file) = (parts.next(), parts.next(), parts.next());
        let name = match (owner, name) {
            (Some(owner), Some(name)) if word(owner) && word(name) => Some((owner.to_owned(), name.to_owned())),
            _ => None,
        };
        let file_is_good = file.is_none_or(|file| inside(file) && file.to_ascii_lowercase().ends_with(".gguf"));
        Some(match name {
            Some((owner, name)) if file_is_good && inside(revision) => {
                Ok(Self { owner, name, file: file.map(str::to_owned), revision: revision.to_owned() })
            }
            _ => Err(HubError::Name { spec: spec.to_owned() }),
        })
    }

    /// `owner/name`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Whether the revision is a commit, which never changes.
    pub(super) fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.owner, self.name)?;
        if let Some(file) = &self.file {
            write!(f, "/{file}")?;
        }
        if self.revision == MAIN { Ok(()) } else { write!(f, "@{}", self.revision) }
    }
}

/// Whether a text is a git commit's full hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the hub allows an owner or a model of this name.
fn word(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !word.is_empty() && word.len() <= 96 && !word.starts_with('.') && word.bytes().all(allowed) && !word.contains("--")
}

/// Whether a path stays inside the folder it is joined to, and can stand in an address as it is.
pub(super) fn inside(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/ ".contains(&byte);
    let parts = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let normal = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    parts && normal && path.len() <= 1024 && path.bytes().all(allowed)
}
