//! Singular values, by one-sided Jacobi rotations (Hestenes 1958): rows are turned against one another until all are
//! orthogonal; their lengths are the singular values.

/// Rotations that change nothing any more end the sweeps.
const SMALL: f64 = 1e-14;
/// Sweeps converge quadratically; this many are never needed.
const SWEEPS: usize = 40;

/// The singular values of the matrix with these rows, falling, as many as there are rows. Shorter rows end in zeros.
///
/// Of a few long rows they are the roots of those of their products with one another, which takes far less time; values
/// below a hundred-millionth of the greatest are then rounding.
pub fn values<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> = rows.map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    for row in &mut rows {
        row.resize(width, 0.0);
    }
    if width > 2 * rows.len() {
        let products = rows.iter().map(|a| rows.iter().map(|b| dot(a, b)).collect()).collect();
        return orthogonal(products).into_iter().map(f64::sqrt).collect();
    }
    orthogonal(rows)
}

/// The lengths of rows of one width once they are turned to be orthogonal, falling: the singular values of the matrix they
/// make, the small ones as accurate as the great ones (Demmel and Veselić 1992).
pub fn orthogonal(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    for _ in 0..SWEEPS {
        let mut turned = false;
        for second in 1..rows.len() {
            let (before, after) = rows.split_at_mut(second);
            for first in before {
                turned |= turn(first, &mut after[0]);
            }
        }
        if !turned {
            break;
        }
    }
    let mut values: Vec<f64> = rows.iter().map(|row| dot(row, row).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Turns two rows so that they are orthogonal; says whether they were not.
fn turn(a: &mut [f64], b: &mut [f64]) -> bool {
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    if ab.abs() <= SMALL * (aa * bb).sqrt() || ab == 0.0 {
        return false;
    }
    let tau = (bb - aa) / (2.0 * ab);
    let tangent = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
    let cos = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sin = cos * tangent;
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (cos * *a - sin * *b, sin * *a + cos * *b);
    }
    true
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// e to the entropy of the singular values' shares: 1 where all rows are alike, their number where they have nothing in
/// common (Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality", section 2). 0 of nothing.
pub fn effective_rank(values: &[f64]) -> f64 {
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let shares = values.iter().map(|value| value / total).filter(|share| *share > 0.0);
    shares.map(|share| -share * share.ln()).sum::<f64>().exp()
}
