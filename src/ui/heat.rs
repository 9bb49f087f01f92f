//! Heat: a value between 0 and 1 as a glyph two columns wide and a colour, so that either alone still tells it.

use super::theme::{Colours, Theme};
use ratatui::style::{Color, Style};

/// How a value looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// Two columns whose density grows with the value.
    pub glyphs: &'static str,
    /// Its colour: viridis, the perceptually uniform map of Smith and van der Walt (matplotlib, 2015).
    pub style: Style,
}

/// The steps a value is rounded to; few, so that neighbours are equal and a frame stays small on a slow link.
pub const STEPS: u16 = 16;

const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
const ASCII_SHADES: [&str; 5] = ["  ", "..", "--", "++", "##"];
const SIXTEEN: [Color; 5] =
    [Color::LightBlue, Color::LightBlue, Color::LightCyan, Color::LightGreen, Color::LightYellow];
/// The dark ground under every heat cell: the map reads the same on a light terminal and on a dark one.
const GROUND: [u8; 3] = [0x1a, 0x10, 0x2b];

/// The 16 steps of viridis in xterm's 256 colours: the nearest hues whose lightness never falls.
const INDEXED: [u8; 16] = [53, 54, 54, 24, 60, 60, 30, 30, 31, 36, 71, 77, 113, 149, 184, 226];

/// Viridis at a value from 0 to 1, for a picture: red, green, blue.
pub fn viridis(value: f32) -> [u8; 3] {
    let colour = colorous::VIRIDIS.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
    [colour.r, colour.g, colour.b]
}

/// The step of a value, 0 to 15; below 0 and not a number count as 0, above 1 as 1.
pub fn step(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * f32::from(STEPS - 1)).round() as u16
}

impl Theme {
    /// The look of a value between 0 and 1. Not-a-number is marked as an error and never drawn as a value.
    pub fn heat(&self, value: f32) -> Heat {
        if value.is_nan() {
            return Heat { glyphs: "??", style: self.error() };
        }
        let step = step(value);
        let shade = usize::from(step).div_ceil(4).min(4);
        let shades = if self.ascii { &ASCII_SHADES } else { &SHADES };
        Heat { glyphs: shades[shade], style: self.heat_style(step) }
    }

    /// The colour of a step of heat on its ground.
    pub(super) fn heat_style(self, step: u16) -> Style {
        match self.colours {
            Colours::None => Style::new(),
            Colours::Sixteen => Style::new().fg(SIXTEEN[usize::from(step).div_ceil(4).min(4)]).bg(Color::Black),
            Colours::Indexed | Colours::True => {
                Style::new().fg(self.heat_colour(step).unwrap_or(Color::Reset)).bg(self.heat_ground())
            }
        }
    }

    /// The plain colour of a step, where the terminal has at least 256.
    pub(super) fn heat_colour(self, step: u16) -> Option<Color> {
        let step = step.min(STEPS - 1);
        match self.colours {
            Colours::True => {
                let colour = colorous::VIRIDIS.eval_rational(usize::from(step), usize::from(STEPS));
                let colour = if step + 1 == STEPS { colorous::VIRIDIS.eval_continuous(1.0) } else { colour };
                Some(Color::Rgb(colour.r, colour.g, colour.b))
            }
            Colours::Indexed => Some(Color::Indexed(INDEXED[usize::from(step)])),
            Colours::Sixteen | Colours::None => None,
        }
    }

    fn heat_ground(self) -> Color {
        if self.colours == Colours::True { Color::Rgb(GROUND[0], GROUND[1], GROUND[2]) } else { Color::Indexed(234) }
    }
}
