//! Architecture: the direction of `use`, the size of files, one crate version where two would be a trap.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Every layer, and the layers of the crate that it may use. `lm`, `text` and `ui` know nothing of the rest.
const LAYERS: &[(&str, &[&str])] = &[
    ("lm", &[]),
    ("text", &[]),
    ("ui", &[]),
    ("hub", &["lm"]),
    ("model", &["lm", "text", "ui", "hub"]),
    ("lab", &["lm", "text", "ui", "model"]),
    ("job", &["lm", "text", "ui", "hub", "model", "lab"]),
    ("state", &["lm", "text", "ui", "hub", "model", "lab", "job"]),
    ("cli", &["lm", "text", "ui", "hub", "model", "lab", "job"]),
    ("panes", &["lm", "text", "ui", "model", "lab", "job", "state"]),
    ("app", &["lm", "text", "ui", "model", "lab", "job", "state", "panes"]),
    ("runtime", &["lm", "text", "ui", "model", "lab", "job", "state", "panes", "app"]),
];

/// Files that are tables and may be long.
const TABLES: &[&str] = &["src/ui/language/messages.rs"];
/// The most lines of a file that is no table.
const MOST_LINES: usize = 500;

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    assert!(found.len() > 40);
    found
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside the crate");
    path.to_string_lossy().replace('\\', "/")
}

#[test]
fn a_layer_uses_only_what_is_below_it() {
    let mut wrong = Vec::new();
    for path in sources() {
        let name = relative(&path);
        let layer = name.trim_start_matches("src/").split(['/', '.']).next().expect("a name").to_owned();
        let Some((_, below)) = LAYERS.iter().find(|(of, _)| *of == layer) else {
            assert!(["lib", "main"].contains(&layer.as_str()), "{name} belongs to no layer");
            continue;
        };
        for (index, line) in fs::read_to_string(&path).expect("text").lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let used: String =
                    part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                let known = LAYERS.iter().any(|(of, _)| *of == used);
                if known && used != layer && !below.contains(&used.as_str()) {
                    wrong.push(format!("{name}:{}: {layer} uses {used}", index + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut long = Vec::new();
    for path in sources() {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        let name = relative(&path);
        if lines > MOST_LINES && !TABLES.contains(&name.as_str()) {
            long.push(format!("{name}: {lines}"));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn only_the_runtime_touches_threads_time_and_the_terminal() {
    // The engine's team of compute threads is part of its arithmetic; a ticket's clock belongs to the desk.
    let allowed = ["src/lm/kernel", "src/job/ticket.rs", "src/cli/bench.rs", "src/runtime", "src/cli/session.rs"];
    for path in sources() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).expect("text");
        for word in ["thread::spawn", "thread::Builder", "Instant::now", "SystemTime", "enable_raw_mode"] {
            let fits = allowed.iter().any(|prefix| name.starts_with(prefix));
            assert!(fits || !text.contains(word), "{name} uses {word}");
        }
    }
}

#[test]
fn one_version_of_what_two_versions_would_break() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).expect("a lock file");
    for name in ["ratatui", "ratatui-core", "crossterm", "ndarray", "unicode-width", "safetensors"] {
        let count = lock.matches(&format!("name = \"{name}\"\n")).count();
        assert_eq!(count, 1, "{name}");
    }
}
