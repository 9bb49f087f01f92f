//! Bringing one file into the cache.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::cache::Cache;
use super::hash::Hasher;
use super::http::{About, Http, Listing};
use super::{HubError, Progress, Watch};

const CHUNK: usize = 128 << 10;
/// How often a connection may break without bringing anything before it is given up.
const PATIENCE: usize = 4;
/// How long to wait before looking again whether another program is done.
const PAUSE: Duration = Duration::from_millis(200);

/// Makes sure that a file of the model is in its snapshot.
pub(super) fn file(
    http: &Http,
    cache: &Cache,
    listing: &Listing,
    file: &str,
    watch: Watch<'_>,
) -> Result<(), HubError> {
    if cache.snapshot(&listing.commit).join(file).is_file() {
        return Ok(());
    }
    let about = http.about(listing, file)?;
    let mut progress = Progress { file: Arc::from(file), done: 0, total: about.size, waiting: false };
    let lock = loop {
        if let Some(lock) = cache.lock(&about.tag)? {
            break lock;
        }
        progress.waiting = true;
        tell(watch, &progress)?;
        std::thread::sleep(PAUSE);
    };
    progress.waiting = false;
    let blob = cache.blob(&about.tag);
    let whole = |found: u64| about.size.is_none_or(|size| size == found);
    if !fs::metadata(&blob).is_ok_and(|found| found.is_file() && whole(found.len())) {
        let partial = blob.with_extension("incomplete");
        fetch(http, cache, &about, &partial, &mut progress, watch)?;
        fs::rename(&partial, &blob).map_err(|error| HubError::io(&blob, &error))?;
    }
    cache.link(&listing.commit, file, &about.tag)?;
    drop(lock);
    Ok(())
}

/// Fetches what is missing of the file at `partial`, and checks it.
fn fetch(
    http: &Http,
    cache: &Cache,
    about: &About,
    partial: &Path,
    progress: &mut Progress,
    watch: Watch<'_>,
) -> Result<(), HubError> {
    let io = |error: &io::Error| HubError::io(partial, error);
    let here = fs::metadata(partial).map_or(0, |found| found.len());
    cache.check_room(about.size.unwrap_or(0).saturating_sub(here))?;
    let mut file = File::options().create(true).read(true).append(true).open(partial).map_err(|error| io(&error))?;
    let mut hasher = Hasher::new(&about.tag, about.size);
    if about.size.is_some_and(|size| here > size) {
        file.set_len(0).map_err(|error| io(&error))?;
    } else {
        // What came before the break counts towards the hash.
        copy(&mut file.try_clone().map_err(|error| io(&error))?, None, &mut hasher, progress, watch)
            .map_err(|fault| fault.into_error(partial, progress))?;
    }
    let mut failures = 0;
    let complete = |progress: &Progress| about.size.is_some_and(|size| progress.done >= size);
    while !complete(progress) {
        let before = progress.done;
        let outcome = http.content(about, &progress.file, progress.done).and_then(|content| {
            if content.start != progress.done {
                file.set_len(0).map_err(|error| io(&error))?;
                hasher = Hasher::new(&about.tag, about.size);
                progress.done = 0;
            }
            // One byte more than was announced is enough to see that it is too much.
            let most = about.size.map_or(u64::MAX, |size| size.saturating_sub(progress.done).saturating_add(1));
            match copy(&mut content.body.take(most), Some(&mut file), &mut hasher, progress, watch) {
                // The end of an answer without a length is the end of the file.
                Ok(()) => Ok(about.size.is_none()),
                Err(Fault::Read(_)) => Ok(false),
                Err(fault) => Err(fault.into_error(partial, progress)),
            }
        });
        match outcome {
            Ok(true) => break,
            Ok(false) => {}
            Err(HubError::Unreachable { .. }) if before > 0 || failures > 0 => {}
            Err(error) => return Err(error),
        }
        failures = if progress.done > before { 0 } else { failures + 1 };
        if failures > PATIENCE {
            return Err(HubError::Broken { file: progress.file.to_string(), done: progress.done });
        }
    }
    let size_fits = about.size.is_none_or(|size| size == progress.done);
    if !size_fits || !hasher.fits(&about.tag) {
        let _ = fs::remove_file(partial);
        return Err(HubError::Damaged { file: progress.file.to_string() });
    }
    file.sync_all().map_err(|error| io(&error))
}

/// Why copying ended early.
enum Fault {
    Read(io::Error),
    Write(io::Error),
    Stopped,
}

impl Fault {
    fn into_error(self, partial: &Path, progress: &Progress) -> HubError {
        match self {
            Self::Read(error) => HubError::io(partial, &error),
            Self::Write(error) => match HubError::io(partial, &error) {
                HubError::DiskFull { folder, .. } => {
                    let needed = progress.total.map(|total| total.saturating_sub(progress.done));
                    HubError::DiskFull { folder, needed }
                }
                error => error,
            },
            Self::Stopped => HubError::Stopped,
        }
    }
}

/// Reads to the end: into the hash, and into a file where there is one.
fn copy(
    from: &mut dyn Read,
    mut to: Option<&mut File>,
    hasher: &mut Hasher,
    progress: &mut Progress,
    watch: Watch<'_>,
) -> Result<(), Fault> {
    let mut buffer = vec![0; CHUNK];
    loop {
        tell(watch, progress).map_err(|_| Fault::Stopped)?;
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::Read(error)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        if let Some(to) = to.as_mut() {
            to.write_all(bytes).map_err(Fault::Write)?;
        }
        hasher.update(bytes);
        progress.done += count as u64;
    }
}

fn tell(watch: Watch<'_>, progress: &Progress) -> Result<(), HubError> {
    if watch(progress.clone()).is_break() { Err(HubError::Stopped) } else { Ok(()) }
}
