//! One allocation for many rows of numbers, each written by whoever takes it while the rows before are read.

#![expect(unsafe_code, reason = "a row is written while others of the same allocation are read")]

use std::{
    cell::UnsafeCell,
    fmt,
    ops::{Deref, DerefMut},
    slice,
    sync::Arc,
};

/// Rows of zeros that are handed out one after another, and what holds for all of them.
#[derive(Debug)]
pub(crate) struct Slab<C> {
    storage: Arc<Storage<C>>,
    taken: u32,
}

struct Storage<C> {
    common: C,
    width: usize,
    /// `[rows, width]`
    floats: Box<[UnsafeCell<f32>]>,
}

// SAFETY: a row's floats are written through its `Row` alone, of which there is one, and read through it or through the `Kept`
// that takes its place.
unsafe impl<C: Send + Sync> Sync for Storage<C> {}

impl<C> fmt::Debug for Storage<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("width", &self.width).finish_non_exhaustive()
    }
}

impl<C> Storage<C> {
    fn row(&self, index: u32) -> &[UnsafeCell<f32>] {
        &self.floats[index as usize * self.width..][..self.width]
    }
}

impl<C> Slab<C> {
    /// Zeros, `[rows, width]`, in one allocation beside that of the slab itself.
    pub(crate) fn new(rows: usize, width: usize, common: C) -> Self {
        let floats = Box::into_raw(vec![0.0_f32; rows * width].into_boxed_slice());
        // SAFETY: `UnsafeCell<f32>` is laid out as `f32` is, and the box is given up in turn.
        let floats = unsafe { Box::from_raw(floats as *mut [UnsafeCell<f32>]) };
        Self { storage: Arc::new(Storage { common, width, floats }), taken: 0 }
    }

    /// What holds for all rows.
    pub(crate) fn common(&self) -> &C {
        &self.storage.common
    }

    /// How many rows are left.
    pub(crate) fn left(&self) -> usize {
        let Storage { floats, width, .. } = &*self.storage;
        floats.len() / (*width).max(1) - self.taken as usize
    }

    /// The next row, if one is left.
    pub(crate) fn take(&mut self) -> Option<Row<C>> {
        (self.left() > 0).then(|| {
            self.taken += 1;
            Row(Kept { storage: Arc::clone(&self.storage), index: self.taken - 1 })
        })
    }
}

/// A row that is written: nobody else holds it.
#[derive(Debug)]
pub(crate) struct Row<C>(Kept<C>);

impl<C> Row<C> {
    /// Zeros, `[width]`, in an allocation of their own.
    pub(crate) fn new(width: usize, common: C) -> Self {
        Self(Kept { storage: Slab::new(1, width, common).storage, index: 0 })
    }

    /// What holds for all rows of the slab.
    pub(crate) fn common(&self) -> &C {
        self.0.common()
    }

    /// The row, never to be written again.
    pub(crate) fn keep(self) -> Kept<C> {
        self.0
    }
}

impl<C> Deref for Row<C> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl<C> DerefMut for Row<C> {
    fn deref_mut(&mut self) -> &mut [f32] {
        let cells = self.0.storage.row(self.0.index);
        // SAFETY: rows are disjoint, a slab hands each out once, and a `Row` is neither cloned nor lent but as `self` is here.
        unsafe { slice::from_raw_parts_mut(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) }
    }
}

/// A row that is never written again; who clones it shares it.
#[derive(Debug)]
pub(crate) struct Kept<C> {
    storage: Arc<Storage<C>>,
    index: u32,
}

impl<C> Kept<C> {
    /// What holds for all rows of the slab.
    pub(crate) fn common(&self) -> &C {
        &self.storage.common
    }
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Self { storage: Arc::clone(&self.storage), index: self.index }
    }
}

impl<C> Deref for Kept<C> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        let cells = self.storage.row(self.index);
        // SAFETY: the one `Row` that could write these floats is borrowed or has become this.
        unsafe { slice::from_raw_parts(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_slab_are_written_on_several_threads_while_others_are_read() {
        let mut slab = Slab::new(9, 50, "common");
        let mut first = slab.take().expect("there are nine");
        first.fill(0.5);
        let first = first.keep();
        let rows: Vec<_> = std::iter::from_fn(|| slab.take()).collect();
        assert_eq!((rows.len(), slab.left()), (8, 0));
        let kept: Vec<_> = std::thread::scope(|scope| {
            let write = |(number, mut row): (usize, Row<&'static str>)| {
                let first = first.clone();
                scope.spawn(move || {
                    assert!(row.iter().all(|x| *x == 0.0) && first.iter().all(|x| *x == 0.5));
                    row.fill(number as f32);
                    row.keep()
                })
            };
            let threads: Vec<_> = rows.into_iter().enumerate().map(write).collect();
            threads.into_iter().map(|thread| thread.join().expect("nothing fails")).collect()
        });
        drop(slab);
        for (number, row) in kept.iter().enumerate() {
            assert_eq!((&**row, *row.common()), (&[number as f32; 50][..], "common"));
        }
    }
}
