//! Feed-forward non-linearities.

use super::{blueprint::Activation, elementary::exp32};

/// Applies the activation to `gate`, and multiplies by `up` where the layer is gated.
pub(crate) fn activate(activation: Activation, gate: &[f32], up: Option<&[f32]>, out: &mut [f32]) {
    match activation {
        Activation::Silu => map(gate, up, out, |x| x / (1.0 + exp32(-x))),
        // (1 + tanh u)/2 = σ(2u), which loses no digits where tanh nears −1.
        Activation::GeluTanh => map(gate, up, out, |x| {
            let u = 0.797_884_6 * (x + 0.044_715 * x * x * x);
            x / (1.0 + exp32(-2.0 * u))
        }),
        Activation::Gelu => map(gate, up, out, |x| x * normal_cdf(x)),
        // A NaN stays one.
        Activation::Relu => map(gate, up, out, |x| if x < 0.0 { 0.0 } else { x }),
    }
}

#[inline]
fn map(gate: &[f32], up: Option<&[f32]>, out: &mut [f32], f: impl Fn(f32) -> f32) {
    match up {
        Some(up) => {
            for ((out, &gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = f(gate) * up;
            }
        }
        None => {
            for (out, &gate) in out.iter_mut().zip(gate) {
                *out = f(gate);
            }
        }
    }
}

/// Φ(x), the standard normal distribution function, in float64: Marsaglia's series (2004, "Evaluating the Normal
/// Distribution"), which converges for every number x and is summed until it stops changing.
fn normal_cdf(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    let x = f64::from(x);
    if x < -8.0 {
        return 0.0;
    }
    if x > 8.0 {
        return 1.0;
    }
    let (mut sum, mut term, mut odd) = (x, x, 1.0);
    loop {
        odd += 2.0;
        term *= x * x / odd;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    let density = super::elementary::exp64(-0.5 * x * x) * 0.398_942_280_401_432_7;
    (0.5 + sum * density) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_stays_none_and_what_is_endless_comes_out_at_once() {
        let x = [f32::NAN, f32::INFINITY, f32::MAX, -0.0];
        for activation in [Activation::Silu, Activation::GeluTanh, Activation::Gelu, Activation::Relu] {
            let mut out = [1.0; 4];
            activate(activation, &x, None, &mut out);
            assert!(out[0].is_nan(), "{activation:?}: {out:?}");
            assert_eq!(out[1..], [f32::INFINITY, f32::MAX, 0.0], "{activation:?}");
        }
    }
}
