//! A recurrent cell in the place of a stack's attention to itself.

use super::{
    super::{
        elementary::exp32,
        kernel,
        position::{Fresh, Position},
        weights::Cell,
        workspace::Workspace,
    },
    Pass,
};

impl Pass<'_> {
    /// Takes the new positions into the cell, one after the other, and writes what it gives, `[rows, width]`, as the
    /// sublayer's output. The state after each position stays with it: stepping back needs no more.
    ///
    /// The simpler simple recurrent unit (Kim et al. 2019, section 3.1).
    pub(super) fn recur(&self, number: usize, cell: &Cell, new: &mut [Fresh], workspace: &mut Workspace) {
        let width = self.width;
        let Workspace { team, isa, input, output, beside, .. } = workspace;
        beside.clear();
        beside.extend_from_slice(self.past.last().map_or(&[], |position: &Position| position.view().cell(number)));
        beside.resize(width, 0.0);
        output.resize(new.len() * 2 * width, 0.0);
        kernel::multiply(team, *isa, input, &cell.projections, output, 2 * width);
        for (i, position) in new.iter_mut().enumerate() {
            let (taken, gate) = output[i * 2 * width..][..2 * width].split_at(width);
            for ((c, x), f) in beside.iter_mut().zip(taken).zip(gate) {
                let kept = 1.0 / (1.0 + exp32(-f));
                *c = kept * *c + (1.0 - kept) * x;
            }
            position.cell_mut(number).copy_from_slice(beside);
            // What is read of the products lies behind what is written.
            output[i * width..][..width].iter_mut().zip(&*beside).for_each(|(out, c)| *out = c.max(0.0));
        }
        output.truncate(new.len() * width);
    }
}
