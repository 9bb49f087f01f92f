//! What a pass asks the system's memory for.

#![expect(unsafe_code, reason = "an allocator that counts hands every request on to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lmscope::lm::Workspace;

use super::{fixture, open};

thread_local! {
    /// How often this thread has asked for memory, and for how many bytes.
    static ASKED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The system's allocator, counting for each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: usize) {
    // A thread that ends has nothing left to count with.
    let _ = ASKED.try_with(|asked| asked.set((asked.get().0 + 1, asked.get().1 + bytes)));
}

// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What the calling thread asks for while `task` runs: how often, and how many bytes.
fn asked<T>(task: impl FnOnce() -> T) -> (usize, usize, T) {
    let before = ASKED.get();
    let result = task();
    let after = ASKED.get();
    (after.0 - before.0, after.1 - before.1, result)
}

/// Keys, values, queries and the hidden state of a position are kept, and the logits handed out; everything else is computed
/// in buffers that are there already, whatever the number of layers and of tokens before.
#[test]
fn a_decoded_token_asks_for_the_memory_of_its_position_and_of_its_logits_alone() {
    for name in ["llama", "mistral-window", "qwen3", "gpt2", "gpt-neox", "glm", "gemma3", "rope-yarn"] {
        let model = open(&fixture(name));
        let (mut workspace, mask) = (Workspace::new(1), &model.blueprint.mask);
        let mut path = model.extend(&[], &[3, 5, 7], mask, &mut workspace, &|| true).unwrap();
        path.reserve(32);
        // The first of each kind finds the buffers empty.
        for step in 0..20 {
            let extend = || model.extend(&path, &[4 + step], mask, &mut workspace, &|| true).unwrap();
            let (times, bytes, new) = asked(extend);
            // Its four parts, it itself and the list it comes in: once while it is made, once when it is shared.
            assert!(step == 0 || times <= 7, "{name}: {times} requests at step {step}");
            let kept = new[0].bytes();
            assert!(step == 0 || bytes <= kept + 512, "{name}: {bytes} bytes for {kept} at step {step}");
            path.extend(new);
            let (times, bytes, logits) = asked(|| model.logits(&path[path.len() - 1..], &mut workspace).unwrap());
            assert!(step == 0 || (times, bytes) == (1, 4 * logits.len()), "{name}: {times} requests for logits");
        }
    }
}
