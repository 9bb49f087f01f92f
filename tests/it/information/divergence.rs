//! Entropy, cross-entropy and divergences against exact values.

use lmscope::lab::information::{Divergence, Surprisals};
use lmscope::lm::Distribution;
use proptest::collection::vec;
use proptest::prelude::*;

fn exact(probabilities: &[f64]) -> Surprisals {
    let some = probabilities.iter().enumerate().map(|(id, &p)| (id as u32, p));
    Surprisals::of_some(probabilities.len(), some.filter(|(_, p)| *p > 0.0))
}

fn near(own: f64, expected: f64) {
    assert!((own - expected).abs() < 1e-12 * expected.abs().max(1.0), "{own}, not {expected}");
}

#[test]
fn the_measures_of_two_coins_are_the_textbooks() {
    // Cover and Thomas 2006, example 2.3.1: p = (1/2, 1/2), q = (3/4, 1/4).
    let measured = Divergence::of(&exact(&[0.5, 0.5]), &exact(&[0.75, 0.25])).expect("one vocabulary");
    near(measured.entropy_p, 1.0);
    near(measured.entropy_q, 2.0 - 0.75 * 3.0_f64.log2());
    near(measured.kl_pq, 1.0 - 0.5 * 3.0_f64.log2());
    near(measured.kl_qp, 0.75 * 3.0_f64.log2() - 1.0);
    near(measured.cross_pq, 2.0 - 0.5 * 3.0_f64.log2());
    near(measured.cross_qp, 1.0);
    let half = |p: f64| -p * p.log2() - (1.0 - p) * (1.0 - p).log2();
    near(measured.js, half(0.625) - 0.5 * (half(0.5) + half(0.75)));
}

#[test]
fn distributions_without_a_common_token_are_one_bit_apart_and_infinitely_divergent() {
    let measured = Divergence::of(&exact(&[1.0, 0.0]), &exact(&[0.0, 1.0])).expect("one vocabulary");
    near(measured.js, 1.0);
    assert_eq!((measured.kl_pq, measured.kl_qp, measured.cross_pq), (f64::INFINITY, f64::INFINITY, f64::INFINITY));
    assert_eq!((measured.entropy_p, measured.entropy_q), (0.0, 0.0));
}

#[test]
fn probabilities_that_underflow_still_count() {
    // q(1) = e^−2000 is 0 in float64; its surprisal is 2000 nats.
    let p = Distribution::new(vec![0.0, 0.0]).expect("finite");
    let q = Distribution::new(vec![2000.0, 0.0]).expect("finite");
    let measured = Divergence::of(&(&p).into(), &(&q).into()).expect("one vocabulary");
    near(measured.cross_pq, 1000.0 / std::f64::consts::LN_2);
    near(measured.kl_pq, 1000.0 / std::f64::consts::LN_2 - 1.0);
    // q is as good as (1, 0): JS is H(3/4, 1/4) − ½ H(1/2, 1/2).
    near(measured.js, 2.0 - 0.75 * 3.0_f64.log2() - 0.5);
}

#[test]
fn vocabularies_of_different_sizes_are_not_compared() {
    assert!(Divergence::of(&exact(&[1.0]), &exact(&[0.5, 0.5])).is_err());
}

#[test]
fn a_temperature_is_a_power_of_the_probabilities() {
    let distribution = Distribution::new(vec![0.0, 4.0_f32.ln(), 2.0_f32.ln()]).expect("finite");
    let warm = Surprisals::at(&distribution, 2.0);
    let whole = 1.0 + 2.0 + 2.0_f64.sqrt();
    assert!((warm.probability(1) - 2.0 / whole).abs() < 1e-7);
    assert!((warm.probability(2) - 2.0_f64.sqrt() / whole).abs() < 1e-7);
}

proptest! {
    #[test]
    fn cross_entropy_is_entropy_and_divergence_and_the_terms_add_up(
        p in vec(-30.0_f32..30.0, 2..60),
        seed in vec(-30.0_f32..30.0, 60),
    ) {
        let q = Distribution::new(seed[..p.len()].to_vec()).expect("finite");
        let p = Distribution::new(p).expect("finite");
        let (entropy, size) = (p.entropy_bits(), p.len());
        let (p, q) = (Surprisals::from(&p), Surprisals::from(&q));
        let measured = Divergence::of(&p, &q).expect("one vocabulary");
        prop_assert!(measured.identity_error().abs() < 1e-10);
        prop_assert!((measured.entropy_p - entropy).abs() < 1e-9);
        prop_assert!(measured.kl_pq >= 0.0 && measured.kl_qp >= 0.0 && (0.0..=1.0).contains(&measured.js));
        let terms: Vec<[f64; 3]> = (0..size as u32).map(|id| Divergence::terms(&p, &q, id)).collect();
        for (index, whole) in [measured.kl_pq, measured.kl_qp, measured.js].into_iter().enumerate() {
            prop_assert!((terms.iter().map(|term| term[index]).sum::<f64>() - whole).abs() < 1e-9);
        }
        let telling = Divergence::telling(&p, &q, 3);
        prop_assert_eq!(telling.len(), size.min(3));
        let greatest = terms.iter().map(|term| term[2]).fold(0.0, f64::max);
        prop_assert_eq!(terms[telling[0] as usize][2], greatest);
    }
}
