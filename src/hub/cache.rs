//! The cache's folders: `blobs` by tag, `snapshots` of links to them by commit, `refs` from a branch to its commit,
//! `.no_exist` for files that a commit is known not to have, `.locks`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::choice::{self, CONFIG, TOKENIZER, WEIGHTS};
use super::http::Listing;
use super::name::is_commit;
use super::{HubError, Name, Surroundings};

/// The folder of one model.
pub(super) struct Cache {
    folder: PathBuf,
    locks: PathBuf,
}

/// A file that no other program writes while this lives.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

impl Cache {
    pub(super) fn new(surroundings: &Surroundings, name: &Name) -> Result<Self, HubError> {
        let cache = surroundings.cache.as_ref().ok_or(HubError::NoCache)?;
        let model = format!("models--{}--{}", name.owner, name.name);
        Ok(Self { folder: cache.join(&model), locks: cache.join(".locks").join(&model) })
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    pub(super) fn blob(&self, tag: &str) -> PathBuf {
        self.folder.join("blobs").join(tag)
    }

    /// The model, where everything it needs is here.
    pub(super) fn complete(&self, name: &Name) -> Option<PathBuf> {
        let commit = if name.is_pinned() {
            name.revision.clone()
        } else {
            fs::read_to_string(self.reference(name)).ok()?.trim().to_owned()
        };
        if !is_commit(&commit) {
            return None;
        }
        let (snapshot, absent) = (self.snapshot(&commit), self.absent(&commit));
        let has = |file: &str| snapshot.join(file).is_file();
        let lacks = |file: &str| absent.join(file).is_file();
        if let Some(file) = &name.file {
            return choice::parts(file).iter().all(|part| has(part)).then(|| snapshot.join(file));
        }
        let lacking = |(weights, index): &(&str, &str)| lacks(weights) && lacks(index);
        if !has(CONFIG) || WEIGHTS.iter().all(lacking) {
            return only_gguf(&snapshot);
        }
        let tokenizer = TOKENIZER.iter().all(|file| has(file) || lacks(file));
        let whole = |(weights, index): &(&str, &str)| {
            let shards = choice::shards(&snapshot.join(index));
            has(weights) || shards.is_ok_and(|shards| shards.iter().all(|shard| has(shard)))
        };
        (tokenizer && WEIGHTS.iter().any(whole)).then(|| snapshot.clone())
    }

    /// Notes which files the model does not have, so that they need not be asked for again.
    pub(super) fn note_absent(&self, listing: &Listing) -> Result<(), HubError> {
        let folder = self.absent(&listing.commit);
        let weights = WEIGHTS.into_iter().flat_map(|(weights, index)| [weights, index]);
        for file in [CONFIG].into_iter().chain(weights).chain(TOKENIZER).filter(|file| !listing.has(file)) {
            make(&folder)?;
            let path = folder.join(file);
            File::create(&path).map_err(|error| HubError::io(&path, &error))?;
        }
        Ok(())
    }

    /// Notes which commit a branch stands for.
    pub(super) fn note_revision(&self, name: &Name, commit: &str) -> Result<(), HubError> {
        if name.is_pinned() {
            return Ok(());
        }
        let path = self.reference(name);
        make(path.parent().unwrap_or(&self.folder))?;
        fs::write(&path, commit).map_err(|error| HubError::io(&path, &error))
    }

    /// Takes the lock of a blob; `None` while another program has it.
    pub(super) fn lock(&self, tag: &str) -> Result<Option<Lock>, HubError> {
        make(&self.locks)?;
        let path = self.locks.join(format!("{tag}.lock"));
        let io = |error: &io::Error| HubError::io(&path, error);
        let file = File::options().create(true).append(true).open(&path).map_err(|error| io(&error))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            // A file system without locks has no second program on another machine either, as far as one can tell.
            Err(rustix::io::Errno::NOLCK | rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS) => {
                Ok(Some(Lock(file)))
            }
            Err(error) => Err(io(&error.into())),
        }
    }

    /// Puts a blob into a snapshot under its name: a link, or a copy where there are no links.
    pub(super) fn link(&self, commit: &str, file: &str, tag: &str) -> Result<(), HubError> {
        let path = self.snapshot(commit).join(file);
        let io = |error: io::Error| HubError::io(&path, &error);
        make(path.parent().unwrap_or(&self.folder))?;
        if path.is_file() {
            return Ok(());
        }
        let _ = fs::remove_file(&path);
        let up = "../".repeat(2 + file.matches('/').count());
        match std::os::unix::fs::symlink(format!("{up}blobs/{tag}"), &path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) => fs::copy(self.blob(tag), &path).map(drop).map_err(io),
        }
    }

    /// Makes sure that `bytes` more fit on the disk, where the system says how much does.
    pub(super) fn check_room(&self, bytes: u64) -> Result<(), HubError> {
        let blobs = self.folder.join("blobs");
        make(&blobs)?;
        match rustix::fs::statvfs(&blobs) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < bytes => {
                Err(HubError::DiskFull { folder: blobs, needed: Some(bytes) })
            }
            _ => Ok(()),
        }
    }

    fn reference(&self, name: &Name) -> PathBuf {
        self.folder.join("refs").join(&name.revision)
    }

    fn absent(&self, commit: &str) -> PathBuf {
        self.folder.join(".no_exist").join(commit)
    }
}

/// Every model below the cache's folder, with the snapshot of the branch that is fetched unless another is named.
pub(super) fn kept(cache: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(cache).into_iter().flatten().filter_map(Result::ok);
    let one = |entry: fs::DirEntry| {
        let folder = entry.file_name().into_string().ok()?;
        let (owner, name) = folder.strip_prefix("models--")?.split_once("--")?;
        let commit = fs::read_to_string(entry.path().join("refs/main")).ok()?;
        let commit = commit.trim();
        let snapshot = entry.path().join("snapshots").join(commit);
        (is_commit(commit) && snapshot.is_dir()).then(|| (format!("{owner}/{name}"), snapshot))
    };
    let mut kept: Vec<_> = entries.filter_map(one).collect();
    kept.sort();
    kept
}

fn make(folder: &Path) -> Result<(), HubError> {
    fs::create_dir_all(folder).map_err(|error| HubError::io(folder, &error))
}

/// The first part of the only GGUF model in a folder.
fn only_gguf(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<String> = names.filter(|name| choice::is_gguf(name)).collect();
    files.sort();
    let first = files.first()?;
    (choice::parts(first) == files).then(|| folder.join(first))
}
