//! Models on this machine, by what they were trained on.

use std::path::Path;

use serde_json::Value;

use super::EMBEDDED;
use super::Spec;
use super::describe;
use crate::hub::kept;
use crate::lm::FAMILIES;
use crate::lm::blueprint::Objective;

/// The largest settings file that is looked into, in bytes.
const LARGEST: u64 = 1 << 20;

/// A model that can be opened without fetching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What `--model` calls it.
    pub spec: String,
    /// Its family.
    pub family: &'static str,
    /// What it was trained on, or where only its family is known, what the family's best-known model was.
    pub objective: Objective,
}

/// The embedded models, and those that are kept in this folder, the hub's cache.
pub fn found(cache: Option<&Path>) -> Vec<Found> {
    let embedded = EMBEDDED.iter().filter_map(|model| {
        let blueprint = describe(&Spec::Embedded(model)).ok()?.engine.ok()?.blueprint;
        Some(Found { spec: model.name.to_owned(), family: blueprint.family, objective: blueprint.objective })
    });
    let cached = cache
        .map(kept)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, folder)| of_family(format!("hf:{name}"), &model_type(&folder)?));
    embedded.chain(cached).collect()
}

fn of_family(spec: String, model_type: &str) -> Option<Found> {
    let family = FAMILIES.iter().find(|family| family.model_types.contains(&model_type))?;
    Some(Found { spec, family: family.name, objective: (family.typical)().objective })
}

fn model_type(folder: &Path) -> Option<String> {
    let path = folder.join("config.json");
    if std::fs::metadata(&path).ok()?.len() > LARGEST {
        return None;
    }
    let settings: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(settings.get("model_type")?.as_str()?.to_owned())
}
