//! The head that says of each token whether it was replaced (Clark et al. 2020, section 2, D(x, t) = sigmoid(wᵀh(x)ₜ); the
//! released models have a dense layer and its activation before it).

use super::{
    activation::activate, error::ForwardError, kernel, position::Position, transformer::Transformer,
    workspace::Workspace,
};

impl Transformer {
    /// Whether there is a head that tells replaced tokens.
    pub fn has_detector(&self) -> bool {
        self.weights.detector.is_some()
    }

    /// How likely it is that the token at each position took another's place, `[positions]`, from 0 to 1.
    ///
    /// # Errors
    /// The model has no such head.
    pub fn detect(&self, positions: &[Position], workspace: &mut Workspace) -> Result<Vec<f64>, ForwardError> {
        let (dense, linear) = self.weights.detector.as_ref().ok_or(ForwardError::NoHead)?;
        let (rows, width) = (positions.len(), self.config.width);
        let mut out = vec![0.0; rows];
        let Workspace { team, isa, input, output, .. } = workspace;
        input.reset(rows, width);
        for (i, position) in positions.iter().enumerate() {
            input.row_mut(i).copy_from_slice(position.hidden());
        }
        output.resize(rows * width, 0.0);
        kernel::multiply(team, *isa, input, std::slice::from_ref(dense), output, width);
        input.reset(rows, width);
        for (i, row) in output.chunks_exact(width).enumerate() {
            activate(self.blueprint.activation, row, None, input.row_mut(i));
        }
        kernel::multiply(team, *isa, input, std::slice::from_ref(linear), &mut out, 1);
        Ok(out.into_iter().map(|logit| 1.0 / (1.0 + f64::from(-logit).exp())).collect())
    }
}
