//! The text of every piece, one after the other.

/// What each id stands for, in one buffer.
#[derive(Debug, Default)]
pub(in crate::text) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds the text of the next id.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// The number of ids.
    pub(in crate::text) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of `id`; nothing for an id outside.
    pub(in crate::text) fn get(&self, id: u32) -> &[u8] {
        let at = id as usize;
        let Some(&end) = self.ends.get(at) else { return &[] };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The ids whose text contains `needle`.
    pub(super) fn find<'a>(&'a self, needle: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        (0..self.len() as u32)
            .filter(move |&id| needle.is_empty() || self.get(id).windows(needle.len()).any(|window| window == needle))
    }
}
