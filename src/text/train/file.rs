//! What was learned as a `tokenizer.json`.

use serde_json::{Map, Value, json};

use super::{Algorithm, PairTraining, Recipe};

/// A longer word, in characters, is unknown to `WordPiece` as a whole.
const LONGEST_WORD: usize = 100;

impl Recipe {
    /// The bytes of the `tokenizer.json` of what was learned by [`Recipe::rules`] up to the merge `merges`, all of it where
    /// there are no more.
    pub fn file(&self, learned: &PairTraining, merges: usize) -> Vec<u8> {
        let vocabulary = learned.vocabulary_after(merges).iter().zip(0..);
        let vocabulary: Map<String, Value> = vocabulary.map(|(piece, id)| (piece.clone(), Value::from(id))).collect();
        let optional = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
        let spelled = |id| Value::from(learned.spelling(id));
        let merged =
            learned.merges_after(merges).into_iter().map(|(left, right)| json!([spelled(left), spelled(right)]));
        let model = match self.algorithm {
            Algorithm::WordPiece => json!({
                "type": "WordPiece",
                "unk_token": self.unknown,
                "continuing_subword_prefix": self.pairs.prefix,
                "max_input_chars_per_word": LONGEST_WORD,
                "vocab": vocabulary,
            }),
            Algorithm::Bpe => json!({
                "type": "BPE",
                "dropout": null,
                "unk_token": self.unknown,
                "continuing_subword_prefix": optional(&self.pairs.prefix),
                "end_of_word_suffix": optional(&self.pairs.suffix),
                "fuse_unk": false,
                "byte_fallback": self.byte_fallback,
                "ignore_merges": false,
                "vocab": vocabulary,
                "merges": merged.collect::<Vec<_>>(),
            }),
        };
        let mut bytes = serde_json::to_vec_pretty(&self.shell(&model, &self.added())).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The special tokens, which are the first of the vocabulary.
    fn added(&self) -> Value {
        let unknown = self.unknown.iter().filter(|unknown| !self.special.contains(unknown));
        let mut tokens: Vec<&String> = Vec::new();
        for token in unknown.chain(&self.special) {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        let token = |(token, id): (&&String, u32)| {
            json!({
                "id": id,
                "content": token,
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": false,
                "special": true,
            })
        };
        tokens.iter().zip(0..).map(token).collect()
    }
}
