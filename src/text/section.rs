//! A stretch of text on its way to tokens: what normalisation made of it, and where each byte came from.

use std::{borrow::Cow, ops::Range};

/// A stretch of the input, perhaps changed. `origin` leads back from a byte of `text` to a byte of the whole input.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    /// The text as changed so far.
    pub(super) text: Cow<'a, str>,
    base: usize,
    /// One entry for each byte of `text` and one for its end; absent while nothing was changed.
    map: Option<Vec<usize>>,
}

impl<'a> Section<'a> {
    /// `text`, which begins at byte `base` of the input.
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        Self { text: Cow::Borrowed(text), base, map: None }
    }

    /// The bytes `range` of the text as a section of their own.
    pub(super) fn part(&self, range: Range<usize>) -> Section<'_> {
        let text = Cow::Borrowed(self.slice(&range));
        let map = self.map.as_ref().and_then(|map| map.get(range.start..=range.end)).map(<[usize]>::to_vec);
        Section { text, base: self.base + if self.map.is_none() { range.start } else { 0 }, map }
    }

    /// The byte of the input that byte `at` of the text came from; ascends with `at`.
    pub(super) fn origin(&self, at: usize) -> usize {
        match &self.map {
            None => self.base + at,
            Some(map) => map.get(at).or(map.last()).copied().unwrap_or(self.base),
        }
    }

    /// The bytes `range` of the text.
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

/// A change to a section, made from its start to its end.
pub(super) struct Edit<'s, 'a> {
    section: &'s mut Section<'a>,
    text: String,
    map: Vec<usize>,
}

impl<'s, 'a> Edit<'s, 'a> {
    /// Begins with nothing taken over yet.
    pub(super) fn new(section: &'s mut Section<'a>) -> Self {
        let room = section.text.len() + 8;
        Self { text: String::with_capacity(room), map: Vec::with_capacity(room + 1), section }
    }

    /// Takes the bytes `range` over unchanged.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        self.text.push_str(self.section.slice(&range));
        self.map.extend(range.map(|at| self.section.origin(at)));
    }

    /// Puts `content` where byte `at` of the old text is.
    pub(super) fn put(&mut self, at: usize, content: &str) {
        self.text.push_str(content);
        self.map.extend(std::iter::repeat_n(self.section.origin(at), content.len()));
    }

    /// The length of the new text so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text before the change.
    pub(super) fn old(&self) -> &str {
        &self.section.text
    }

    /// Makes the change take effect.
    pub(super) fn finish(mut self) {
        self.map.push(self.section.origin(self.section.text.len()));
        self.section.text = Cow::Owned(self.text);
        self.section.map = Some(self.map);
    }
}
