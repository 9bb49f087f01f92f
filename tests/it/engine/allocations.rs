//! What a pass asks the system's memory for.

#![expect(unsafe_code, reason = "an allocator that counts hands every request on to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lmscope::lm::{Mask, Workspace};

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

/// Keys, values, queries and hidden states of sixteen positions lie in one block of storage: the token that finds the last one
/// full asks for the next. Everything else is computed in buffers that are there already, whatever the number of layers and of
/// tokens before.
#[test]
fn a_decoded_token_asks_for_no_memory_but_each_sixteenth_for_a_block_of_sixteen_positions() {
    for name in [
        "llama",
        "mistral-window",
        "qwen3",
        "gpt2",
        "gpt-neox",
        "glm",
        "gemma3",
        "rope-yarn",
        "t5",
        "bart",
        "marian",
        "xlnet",
    ] {
        let model = open(&fixture(name));
        // One that sees both ways goes on under a mask that looks back.
        let mask = if model.blueprint.predicts_next() { &model.blueprint.mask } else { &Mask::Causal };
        let mut workspace = Workspace::new(1);
        let mut path = Vec::with_capacity(64);
        if model.config.encoder.is_some() {
            path = model.encode(&[9, 8, 7], &mut workspace, &|| true).unwrap();
        }
        path.reserve(64);
        let (mut blocks, mut logits) = (0, Vec::new());
        let steps = 50.min(model.config.context as u32);
        for step in 0..steps {
            let (times, bytes, result) =
                asked(|| model.append(&mut path, &[4 + step % 32], mask, &mut workspace, &|| true));
            result.unwrap();
            if step == 0 {
                // The first finds the buffers empty.
                model.logits_into(&path[path.len() - 1..], &mut workspace, &mut logits).unwrap();
                continue;
            }
            if times > 0 {
                blocks += 1;
                // The block and what it is shared by.
                assert_eq!(times, 2, "{name}: step {step}");
                let tip = &path[path.len() - 1];
                assert!(bytes <= 16 * tip.bytes(), "{name}: {bytes} bytes for sixteen positions of {}", tip.bytes());
            }
            let (times, _, result) = asked(|| model.logits_into(&path[path.len() - 1..], &mut workspace, &mut logits));
            result.unwrap();
            assert_eq!((times, logits.len()), (0, model.config.vocabulary), "{name}: step {step}");
        }
        assert_eq!(blocks, (steps - 1) / 16, "{name}: the first block is asked for before the first token");
    }
}
