//! A square of values as a picture a few columns small.

use super::super::draw::put;
use super::super::heat;
use super::super::theme::{Colours, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const QUADRANTS: [&str; 16] = [" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█"];

/// Draws `size` × `size` values (0 to 1, nothing where masked) over the whole of `area`.
///
/// Each pixel is the greatest value it covers, so that a thin diagonal stays; every value is asked for once or more. Two pixels stand in a column where the
/// terminal has colours enough, four as quadrants where not (lit from half of the greatest value), one in ASCII.
pub fn thumbnail(
    size: usize,
    value: &dyn Fn(usize, usize) -> Option<f32>,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let area = area.intersection(buf.area);
    if area.is_empty() || size == 0 {
        return;
    }
    let (across, down) = match (theme.ascii, theme.colours) {
        (true, _) => (1, 1),
        (false, Colours::True | Colours::Indexed) => (1, 2),
        (false, Colours::Sixteen | Colours::None) => (2, 2),
    };
    let (width, height) = (usize::from(area.width) * across, usize::from(area.height) * down);
    let pixels = pool(size, value, width, height);
    let most = pixels.iter().flatten().fold(0.0_f32, |most, &value| most.max(value));
    for (index, position) in area.positions().enumerate() {
        let (row, column) = (index / usize::from(area.width) * down, index % usize::from(area.width) * across);
        let pixel = |down: usize, across: usize| pixels[(row + down) * width + column + across];
        let (glyph, style) = match (across, down) {
            (1, 1) => shade(pixel(0, 0), *theme),
            (1, _) => halves(pixel(0, 0), pixel(1, 0), *theme),
            _ => {
                let lit =
                    |value: Option<f32>| usize::from(value.is_some_and(|value| value > 0.0 && value >= most / 2.0));
                let bits = lit(pixel(0, 0)) | lit(pixel(0, 1)) << 1 | lit(pixel(1, 0)) << 2 | lit(pixel(1, 1)) << 3;
                (QUADRANTS[bits], theme.text())
            }
        };
        put(buf, area, position.x, position.y, glyph, style);
    }
}

fn shade(value: Option<f32>, theme: Theme) -> (&'static str, Style) {
    value.map_or((" ", Style::new()), |value| {
        let heat = theme.heat(value);
        (heat.glyphs.get(..1).unwrap_or(" "), heat.style)
    })
}

fn halves(top: Option<f32>, bottom: Option<f32>, theme: Theme) -> (&'static str, Style) {
    let colour = |value: Option<f32>| value.and_then(|value| theme.heat_colour(heat::step(value)));
    match (colour(top), colour(bottom)) {
        (Some(top), Some(bottom)) if top == bottom => ("█", Style::new().fg(top)),
        (Some(top), Some(bottom)) => ("▀", Style::new().fg(top).bg(bottom)),
        (Some(top), None) => ("▀", Style::new().fg(top)),
        (None, Some(bottom)) => ("▄", Style::new().fg(bottom)),
        (None, None) => (" ", Style::new()),
    }
}

/// The greatest value under each of `width` × `height` pixels; nothing where all are masked.
fn pool(size: usize, value: &dyn Fn(usize, usize) -> Option<f32>, width: usize, height: usize) -> Vec<Option<f32>> {
    let bounds = |pixel: usize, pixels: usize| {
        let first = pixel * size / pixels;
        first..((pixel + 1) * size / pixels).max(first + 1)
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut most: Option<f32> = None;
            for row in bounds(y, height) {
                for column in bounds(x, width) {
                    most = match (most, value(row, column)) {
                        (Some(most), Some(value)) => Some(most.max(value)),
                        (most, value) => most.or(value),
                    };
                }
            }
            pixels.push(most);
        }
    }
    pixels
}
