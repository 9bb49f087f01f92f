//! Numbers as they are shown: units once, the same width whatever the value. And sentences in lines.

use crate::ui::safe;

/// A probability in percent: `31.2 %`, `0.14 %`, and below a ten-thousandth of a percent as a power of ten. At most 7
/// columns.
pub fn percent(probability: f32) -> String {
    let percent = probability * 100.0;
    if percent >= 99.95 {
        format!("{percent:.0} %")
    } else if percent >= 10.0 {
        format!("{percent:.1} %")
    } else if percent >= 0.01 {
        format!("{percent:.2} %")
    } else if percent > 0.0 {
        format!("{percent:.0e} %")
    } else {
        "0 %".to_owned()
    }
}

/// Bits, to two places: `3.42`.
pub fn bits(bits: f64) -> String {
    format!("{bits:.2}")
}

/// Bits in so many columns: `3.42`, `892.17`, `14452.8`, `14453`.
pub fn bits_within(bits: f64, columns: usize) -> String {
    let places = (0..=2).rev().map(|places| format!("{bits:.places$}"));
    places.into_iter().find(|text| text.len() <= columns).unwrap_or_else(|| format!("{bits:.0e}"))
}

/// A count with its thousands apart: `49,152`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced
}

/// A large number in three digits: `3.0M`, `135M`, `1.1B`.
pub fn short(number: u64) -> String {
    let scaled = |unit: f64, letter: char| {
        let value = number as f64 / unit;
        if value < 10.0 { format!("{value:.1}{letter}") } else { format!("{value:.0}{letter}") }
    };
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => scaled(1e3, 'k'),
        1_000_000..1_000_000_000 => scaled(1e6, 'M'),
        _ => scaled(1e9, 'B'),
    }
}

/// A size in bytes: `3.3 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A sentence in lines of so many columns: words where there are spaces, letters where there are none.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive([' ', '/', '，', '；', '：']) {
        let line = lines.len() - 1;
        if !lines[line].is_empty() && safe::width(&lines[line]) + safe::width(word.trim_end()) > columns {
            lines.push(word.to_owned());
        } else {
            lines[line].push_str(word);
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Parts with ` · ` between them in lines of so many columns, broken between parts, and inside one only where it is longer
/// than a line.
pub fn listed(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(" · ") {
        match lines.last_mut() {
            Some(line) if safe::width(line) + 3 + safe::width(part) <= columns => {
                line.push_str(" · ");
                line.push_str(part);
            }
            _ => lines.extend(wrapped(part, columns)),
        }
    }
    lines
}
