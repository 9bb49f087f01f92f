//! A buffer of each thread's own, so that no unit of work allocates.

use std::cell::RefCell;

thread_local! {
    static BUFFER: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Calls `task` with `length` floats of any value; must not be nested.
pub(crate) fn with<T>(length: usize, task: impl FnOnce(&mut [f32]) -> T) -> T {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < length {
            buffer.resize(length, 0.0);
        }
        task(&mut buffer[..length])
    })
}
