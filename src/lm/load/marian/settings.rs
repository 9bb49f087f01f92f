//! The settings of a Marian file: as much of YAML as Marian writes. Keys with a value, or with a list below them; of values
//! numbers, switches and texts, in quotes or not.

use serde_json::{Map, Number, Value};

use super::super::error::{Fault, Item, Problem};

/// Reads the settings, which begin at the byte `start` of the file.
pub(super) fn parse(text: &[u8], start: usize) -> Result<Map<String, Value>, Fault> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).map_err(|_| Problem::NotUtf8 { item: Item::Key }.at(start))?;
    let mut settings = Map::new();
    // The key that the list below belongs to.
    let mut open: Option<String> = None;
    let mut at = start;
    for whole in text.split_inclusive('\n') {
        let (here, line) = (at, whole.trim_end());
        at += whole.len();
        let content = line.trim_start();
        let bad = || Problem::Setting { line: line.to_owned() }.at(here);
        if content.is_empty() || content.starts_with('#') || content == "---" {
            continue;
        }
        if let Some(element) = content.strip_prefix("- ") {
            let key = open.as_ref().ok_or_else(bad)?;
            match settings.get_mut(key) {
                Some(Value::Array(list)) => list.push(value(element)),
                _ => return Err(bad()),
            }
            continue;
        }
        // A part of a mapping in a mapping: nothing that is asked for.
        if line.len() > content.len() {
            continue;
        }
        let (key, rest) = content.split_once(':').ok_or_else(bad)?;
        let rest = rest.trim();
        let key = key.trim_matches(['"', '\'']).to_owned();
        if settings.contains_key(&key) {
            return Err(Problem::Twice { item: Item::Key, name: key }.at(here));
        }
        let found = match rest {
            "" | "[]" => Value::Array(Vec::new()),
            rest => value(rest),
        };
        settings.insert(key.clone(), found);
        open = rest.is_empty().then_some(key);
    }
    Ok(settings)
}

fn value(text: &str) -> Value {
    let text = text.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    match (quoted, text) {
        (Some(inside), _) => Value::String(inside.to_owned()),
        (None, "true") => Value::Bool(true),
        (None, "false") => Value::Bool(false),
        (None, "null" | "~") => Value::Null,
        (None, text) => {
            let whole = text.parse::<i64>().ok().map(Number::from);
            let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
            number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}
