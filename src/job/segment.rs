//! One text under the two schools: words of a dictionary, tokens of a model.

use std::sync::Arc;

use super::Body;
use super::Send;
use super::Stop;
use super::bounds;
use super::said;
use super::steps;
use crate::model::Model;
use crate::text;
use crate::text::Edit;
use crate::text::Method;
use crate::text::Token;
use crate::text::Word;

/// A text cut into the words of a dictionary.
#[derive(Clone, Debug)]
pub struct Words {
    /// The text.
    pub text: Arc<str>,
    /// The words that have another frequency than in the dictionary.
    pub edits: Arc<[Edit]>,
    /// Its words by each method, in the order of [`Words::METHODS`].
    pub words: Vec<(Method, Vec<Word>)>,
}

impl Words {
    /// The methods shown beside the model's own tokens.
    pub const METHODS: [Method; 3] = [Method::Forward, Method::Backward, Method::Bidirectional];
}

/// A text cut into a model's tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The text.
    pub text: Arc<str>,
    /// The tokens that the tokenizer puts before it.
    pub start: Vec<u32>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// The tokens that the tokenizer puts behind it.
    pub end: Vec<u32>,
}

pub(super) fn tokenize(text: Arc<str>, model: &Model, send: Send<'_>) -> Result<(), Stop> {
    let (start, end) = bounds::template(model);
    let tokens = match &model.tokenizer {
        Some(tokenizer) => tokenizer.encode(&text),
        None => ids(&text, model.engine.config.vocabulary),
    };
    said(send(Body::Tokens(Tokens { text, start, tokens, end })))
}

/// The token ids that a text lists, for a model without a tokenizer; none where anything else stands in it.
fn ids(text: &str, vocabulary: usize) -> Vec<Token> {
    let separator = |letter: char| letter.is_whitespace() || letter == ',';
    let id = |word: &str| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let id = word.parse().ok().filter(|&id: &u32| (id as usize) < vocabulary)?;
        Some(Token { id, start, end: start + word.len() })
    };
    let words = text.split(separator).filter(|word| !word.is_empty());
    words.map(id).collect::<Option<Vec<_>>>().unwrap_or_default()
}

pub(super) fn words(text: Arc<str>, edits: Arc<[Edit]>, send: Send<'_>) -> Result<(), Stop> {
    let dictionary = steps::dictionary(&text, &edits);
    let words = Words::METHODS.into_iter().map(|method| (method, text::segment(&text, method, &dictionary))).collect();
    said(send(Body::Words(Arc::new(Words { text, edits, words }))))
}
