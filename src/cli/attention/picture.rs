//! A grid as a picture, in the colours of the screen.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::Failure;
use crate::ui::heat::viridis;
use crate::ui::safe;

/// Pixels of a cell's side.
const CELL: usize = 14;
/// Room for the tokens of an SVG.
const MARGIN: usize = 120;
/// The most cells on a side.
const MOST: usize = 2048;
/// The most pixels on a side of a PNG; cells become smaller.
const PIXELS: usize = 4096;

/// What a picture is written as.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Svg,
    Png,
}

impl Kind {
    /// By the end of the file's name.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let end = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        match end.as_deref().and_then(|end| end.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(Failure::PictureName(path.to_path_buf())),
        }
    }
}

/// The picture's bytes. A row that sees nothing is drawn as it is: dark.
pub(super) fn draw(kind: Kind, rows: &[Vec<f32>], queries: &[String], keys: &[String]) -> Result<Vec<u8>, Failure> {
    let side = rows.len().max(keys.len());
    if side > MOST {
        return Err(Failure::PictureSize(side));
    }
    match kind {
        Kind::Svg => Ok(svg(rows, queries, keys).into_bytes()),
        Kind::Png => png(rows, keys.len()),
    }
}

fn svg(rows: &[Vec<f32>], queries: &[String], keys: &[String]) -> String {
    let (width, height) = (MARGIN + keys.len() * CELL, MARGIN + rows.len() * CELL);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"10\">\n"
    );
    let baseline = CELL - 4;
    for (index, key) in keys.iter().enumerate() {
        let (x, y) = (MARGIN + index * CELL + baseline, MARGIN - 4);
        let _ = writeln!(svg, "<text transform=\"translate({x} {y}) rotate(-90)\">{}</text>", escaped(key));
    }
    for (index, (row, query)) in rows.iter().zip(queries).enumerate() {
        let y = MARGIN + index * CELL;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            MARGIN - 4,
            y + baseline,
            escaped(query)
        );
        for (key, weight) in row.iter().enumerate() {
            let [r, g, b] = viridis(*weight);
            let x = MARGIN + key * CELL;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"#{r:02x}{g:02x}{b:02x}\"><title>{} → {}: {weight:.4}</title></rect>",
                escaped(query),
                escaped(&keys[key])
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    safe::visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn png(rows: &[Vec<f32>], keys: usize) -> Result<Vec<u8>, Failure> {
    let cell = (PIXELS / rows.len().max(keys).max(1)).clamp(1, CELL);
    let mut pixels = Vec::with_capacity(rows.len() * cell * keys * cell * 3);
    for row in rows {
        let line: Vec<u8> = row.iter().flat_map(|weight| viridis(*weight).repeat(cell)).collect();
        for _ in 0..cell {
            pixels.extend_from_slice(&line);
        }
    }
    let mut bytes = Vec::new();
    let failed = |error: png::EncodingError| Failure::Output(error.into());
    let mut encoder = png::Encoder::new(&mut bytes, (keys * cell) as u32, (rows.len() * cell) as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
