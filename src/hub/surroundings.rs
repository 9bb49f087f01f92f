//! What the environment says about the hub, by the variables that Hugging Face's own programs read.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

const ENDPOINT: &str = "https://huggingface.co";

/// Where the hub is, where its files are kept, and who asks.
#[derive(Clone)]
pub struct Surroundings {
    /// `HF_ENDPOINT`: the hub or a mirror of it, without a slash at the end.
    pub endpoint: String,
    /// `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME/hub`, or `huggingface/hub` in the person's cache folder; `None`
    /// where the environment names no folder at all.
    pub cache: Option<PathBuf>,
    /// `HF_TOKEN`, or the first line of `HF_TOKEN_PATH` or `HF_HOME/token`.
    pub token: Option<String>,
    /// `HF_HUB_OFFLINE`.
    pub offline: bool,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token is a secret.
        let token = self.token.as_ref().map(|_| "…");
        let mut shown = f.debug_struct("Surroundings");
        shown.field("endpoint", &self.endpoint).field("cache", &self.cache).field("token", &token);
        shown.field("offline", &self.offline).finish()
    }
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self::read(&|name| std::env::var_os(name))
    }

    /// Those that `variable` tells.
    pub fn read(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| given(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| given(name).map(PathBuf::from);
        let below = |name: &str, rest: &str| path(name).map(|folder| folder.join(rest));
        let home = path("HF_HOME")
            .or_else(|| below("XDG_CACHE_HOME", "huggingface"))
            .or_else(|| below("HOME", ".cache/huggingface"));
        let cache = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| home.as_ref().map(|home| home.join("hub")));
        let token_file = path("HF_TOKEN_PATH").or_else(|| home.map(|home| home.join("token")));
        let token = text("HF_TOKEN").or_else(|| std::fs::read_to_string(token_file?).ok());
        let token = token.and_then(|token| token.lines().next().map(str::trim).map(str::to_owned));
        let offline = text("HF_HUB_OFFLINE")
            .is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str()));
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            cache,
            token: token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())),
            offline,
        }
    }
}
