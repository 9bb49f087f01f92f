//! A run for reading: as Markdown, and as a recording that asciinema plays.

use std::fmt::Write as _;

use super::Chosen;
use super::Record;

/// Stands in every file of these forms, so that it is known again.
pub(super) const MARK: &str = "lmscope run";
/// Seconds between two tokens of a recording.
const PACE: f64 = 0.15;
/// Columns and rows of a recording.
const SIZE: (usize, usize) = (100, 24);

/// The text with what was generated, then every token of the path with how it was chosen and what it cost.
pub(super) fn markdown(record: &Record) -> String {
    let line = record.line();
    let generated: String = line.iter().map(|&index| record.nodes[index].text.as_str()).collect();
    let mut page = format!("# {MARK}: {}\n\n", record.model);
    let whole = format!("{}**{}**", record.text, generated.trim_end());
    let quoted: Vec<String> = whole.lines().map(|line| format!("> {line}")).collect();
    let _ = write!(page, "{}\n\n", quoted.join("\n"));
    let _ = write!(page, "- seed: {}\n- pipeline: `{}`\n", record.seed, record.pipeline);
    if !record.interventions.is_empty() {
        let _ = writeln!(page, "- interventions: `{}`", record.interventions.join(" "));
    }
    let bits: f64 = line.iter().filter_map(|&index| record.nodes[index].surprisal_bits).sum();
    let _ = writeln!(page, "- {} tokens, {bits:.2} bits", line.len());
    let _ = write!(page, "\n| # | token | id | chosen | bits | Σ bits |\n| ---: | --- | ---: | --- | ---: | ---: |\n");
    let mut sum = 0.0;
    for (number, &index) in line.iter().enumerate() {
        let node = &record.nodes[index];
        let chosen = match node.chosen {
            Chosen::Sampled(random) => format!("r = {random:.4}"),
            Chosen::Greedy => "greedy".to_owned(),
            Chosen::Picked => "by hand".to_owned(),
            Chosen::Searched => "beam".to_owned(),
        };
        sum += node.surprisal_bits.unwrap_or(0.0);
        let bits = node.surprisal_bits.map_or_else(|| "–".to_owned(), |bits| format!("{bits:.2}"));
        let text = serde_json::to_string(&node.text).unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(page, "| {} | `{text}` | {} | {chosen} | {bits} | {sum:.2} |", number + 1, node.token);
    }
    page
}

/// The text, then token by token what was generated, each in the colour of its surprisal (asciicast version 2).
pub(super) fn cast(record: &Record) -> String {
    let header = serde_json::json!({
        "version": 2, "width": SIZE.0, "height": SIZE.1, "title": format!("{MARK}: {}", record.model),
    });
    let mut film = format!("{header}\n");
    let mut event = |time: f64, text: &str| {
        let shown = text.replace('\n', "\r\n");
        let _ = writeln!(film, "{}", serde_json::json!([(time * 1e3).round() / 1e3, "o", shown]));
    };
    let plain = |text: &str| text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect::<String>();
    event(0.0, &plain(&record.text));
    for (number, &index) in record.line().iter().enumerate() {
        let node = &record.nodes[index];
        // From grey to yellow by the bits that a token cost, over xterm's palette.
        let colour = match node.surprisal_bits.unwrap_or(0.0) {
            bits if bits < 1.0 => 250,
            bits if bits < 3.0 => 79,
            bits if bits < 6.0 => 148,
            _ => 220,
        };
        let time = 1.0 + number as f64 * PACE;
        event(time, &format!("\u{1b}[38;5;{colour}m{}\u{1b}[0m", plain(&node.text)));
    }
    film
}
