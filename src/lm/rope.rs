//! Rotary positions (Su et al. 2021): frequencies, and the turning itself.

mod settings;

use std::borrow::Cow;
use std::f64::consts::PI;

use super::blueprint::{Pairs, Positions, Scaling};

pub(crate) use settings::{gguf, hugging_face, hugging_face_part};

/// The frequencies of a rotary encoding, ready to turn heads.
#[derive(Clone, Debug)]
pub(crate) struct Rotary {
    pairs: Pairs,
    base: f64,
    scaling: Scaling,
    /// What a file divides the frequencies by, `[dimensions / 2]`.
    factors: Option<Vec<f32>>,
    /// Radians per position, `[dimensions / 2]`, of a sequence no longer than those trained on.
    frequencies: Vec<f32>,
    /// What the turned elements are multiplied by.
    attention: f32,
}

impl Rotary {
    /// The frequencies of a blueprint; `factors` (`[dimensions / 2]`) divide them where a file says so.
    pub(crate) fn new(positions: &Positions, factors: Option<&[f32]>) -> Option<Self> {
        let Positions::Rotary { pairs, dimensions, base, scaling } = positions else { return None };
        let attention = match scaling {
            Scaling::Yarn { attention, .. } | Scaling::Long { attention, .. } => *attention,
            _ => 1.0,
        };
        let mut rotary = Self {
            pairs: *pairs,
            base: f64::from(*base),
            scaling: scaling.clone(),
            factors: factors.map(<[f32]>::to_vec),
            frequencies: vec![0.0; dimensions / 2],
            attention,
        };
        rotary.frequencies = rotary.computed(0);
        Some(rotary)
    }

    /// The frequencies for a sequence of this length: where scaling depends on it, every position that is computed while
    /// the sequence is so long is turned by these.
    pub(crate) fn frequencies(&self, length: usize) -> Cow<'_, [f32]> {
        match self.scaling {
            Scaling::Dynamic { original, .. } | Scaling::Long { original, .. } if length as f32 > original => {
                Cow::Owned(self.computed(length))
            }
            _ => Cow::Borrowed(&self.frequencies),
        }
    }

    fn computed(&self, length: usize) -> Vec<f32> {
        let half = self.frequencies.len();
        let mut base = self.base;
        if let Scaling::Dynamic { factor, original } = self.scaling
            && length as f32 > original
        {
            let (factor, share) = (f64::from(factor), length as f64 / f64::from(original));
            let dimensions = (2 * half) as f64;
            base *= (factor * share - (factor - 1.0)).powf(dimensions / (dimensions - 2.0).max(1.0));
        }
        let frequency = |i: usize| {
            let scaled = self.scaled(1.0 / base.powf(i as f64 / half as f64), i, length);
            (scaled / f64::from(self.factors.as_ref().and_then(|f| f.get(i)).copied().unwrap_or(1.0))) as f32
        };
        (0..half).map(frequency).collect()
    }

    /// The `i`-th frequency after scaling.
    fn scaled(&self, frequency: f64, i: usize, length: usize) -> f64 {
        let half = self.frequencies.len();
        match &self.scaling {
            Scaling::None | Scaling::Dynamic { .. } => frequency,
            Scaling::Linear { factor } => frequency / f64::from(*factor),
            Scaling::Proportional { rotated, factor } if i < *rotated => frequency / f64::from(*factor),
            Scaling::Proportional { .. } => 0.0,
            Scaling::Long { short, long, original, .. } => {
                let factors = if length as f32 > *original { long } else { short };
                frequency / f64::from(factors.get(i).copied().unwrap_or(1.0))
            }
            Scaling::Llama3 { factor, low, high, original } => {
                let [factor, low, high, original] = [*factor, *low, *high, *original].map(f64::from);
                let rotations = original * frequency / (2.0 * PI);
                if rotations > high {
                    frequency
                } else if rotations < low {
                    frequency / factor
                } else {
                    let smooth = (rotations - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
            Scaling::Yarn { factor, fast, slow, original, whole, .. } => {
                // The pair that makes `rotations` turns over the original context (the paper's equation 17 solved for i).
                let pair = |rotations: f32| {
                    half as f64 * (f64::from(*original) / (f64::from(rotations) * 2.0 * PI)).ln() / self.base.ln()
                };
                let (low, high) = (pair(*fast), pair(*slow));
                let (low, high) = if *whole { (low.floor(), high.ceil()) } else { (low, high) };
                let (low, high) = (low.max(0.0), high.min((2 * half) as f64 - 1.0));
                let span = if high > low { high - low } else { 0.001 };
                let ramp = ((i as f64 - low) / span).clamp(0.0, 1.0);
                frequency / f64::from(*factor) * ramp + frequency * (1.0 - ramp)
            }
        }
    }

    /// Cosines then sines of a position's angles, `[2, dimensions / 2]`, appended to `table`.
    pub(crate) fn angles(&self, frequencies: &[f32], position: usize, table: &mut Vec<f32>) {
        // The angle is rounded to float32, as the reference implementations round it.
        let angle = |frequency: &f32| f64::from(position as f32 * frequency);
        table.extend(frequencies.iter().map(|f| angle(f).cos() as f32 * self.attention));
        table.extend(frequencies.iter().map(|f| angle(f).sin() as f32 * self.attention));
    }

    /// Cosines then sines, `[2, dimensions / 2]`, that turn a head, turned before, as if it stood `by` places later.
    pub(crate) fn shift(frequencies: &[f32], by: f64) -> Vec<f32> {
        let angles = || frequencies.iter().map(|&frequency| by * f64::from(frequency));
        angles().map(|angle| angle.cos() as f32).chain(angles().map(|angle| angle.sin() as f32)).collect()
    }

    /// The length of one position's angles.
    pub(crate) fn stride(&self) -> usize {
        2 * self.frequencies.len()
    }

    /// Undoes [`turn`](Self::turn).
    pub(crate) fn turn_back(&self, head: &mut [f32], angles: &[f32]) {
        // Angles carry the factor that turned elements are multiplied by.
        let (cosines, sines) = angles.split_at(self.frequencies.len());
        let by = 1.0 / (self.attention * self.attention);
        let back: Vec<f32> = cosines.iter().map(|cos| cos * by).chain(sines.iter().map(|sin| -sin * by)).collect();
        self.turn(head, &back);
    }

    /// Turns one head in place by one position's angles.
    pub(crate) fn turn(&self, head: &mut [f32], angles: &[f32]) {
        let half = self.frequencies.len();
        let (cosines, sines) = angles.split_at(half);
        let rotate = |a: &mut f32, b: &mut f32, cos: f32, sin: f32| {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        };
        match self.pairs {
            Pairs::Halves => {
                let (first, second) = head[..2 * half].split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
                    rotate(a, b, *cos, *sin);
                }
            }
            Pairs::Interleaved => {
                for ((pair, cos), sin) in head.chunks_exact_mut(2).zip(cosines).zip(sines) {
                    let [a, b] = pair else { continue };
                    rotate(a, b, *cos, *sin);
                }
            }
        }
    }
}
