//! The rules that GGUF names in `tokenizer.ggml.pre`, as patterns applied one after the other.

use super::{
    Step,
    scan::{GPT2, Scanner},
};
use crate::text::{error::TokenizerError, pattern::Pattern};

/// What a name stands for.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Patterns, each isolating what it finds.
    pub(crate) steps: Vec<Step>,
    /// Whether a word that is a piece is taken as it is, without merging.
    pub(crate) whole_words: bool,
    /// Whether text is first composed (NFC).
    pub(crate) compose: bool,
    /// Whether a beginning mark is put in front when the file does not say.
    pub(crate) add_bos: bool,
}

/// The rule called `name`; an empty name is GPT-2's, the first byte-level one.
pub(crate) fn rule(name: &str) -> Result<Rule, TokenizerError> {
    let known = |scanners: &[Scanner]| -> Vec<Step> {
        scanners.iter().map(|&scanner| Step::isolate(Pattern::Known(scanner))).collect()
    };
    let patterns = |patterns: &[&str]| -> Result<Vec<Step>, TokenizerError> {
        patterns.iter().map(|pattern| Ok(Step::isolate(Pattern::regex(pattern)?))).collect()
    };
    let digit = Scanner::Digits { digits: 1 };
    let steps = match name {
        "" | "gpt-2" | "phi-2" | "jina-es" | "jina-de" | "jina-v1-en" | "jina-v2-es" | "jina-v2-de"
        | "jina-v2-code" | "a.x-4.0" | "gigachat" | "mpt" | "olmo" | "jais" | "trillion" | "granite-docling"
        | "roberta-bpe" | "exaone4" => known(&[Scanner::Gpt2]),
        "starcoder" | "refact" | "command-r" | "smollm" | "codeshell" | "exaone" | "minerva-7b" | "mellum2" => {
            known(&[digit, Scanner::Gpt2])
        }
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2" | "dbrx"
        | "smaug-bpe" | "chatglm-bpe" | "glm4" | "cl100k" => known(&[Scanner::Gpt4 { digits: 3 }]),
        "qwen2" | "deepseek-r1-qwen" | "stablelm2" | "megrez" | "hunyuan" | "kormo" | "grok-2" => {
            known(&[Scanner::Gpt4 { digits: 1 }])
        }
        "gpt-4o" | "llama4" | "kanana2" | "minimax-m2" => known(&[Scanner::Gpt4o { contractions: true, digits: 3 }]),
        "tekken" => known(&[Scanner::Gpt4o { contractions: false, digits: 1 }]),
        "deepseek-v3" | "hunyuan-dense" => {
            known(&[Scanner::Digits { digits: 3 }, Scanner::DeepSeekCjk, Scanner::DeepSeek])
        }
        "deepseek-llm" => patterns(&[
            "[\r\n]",
            r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ\x{1F5F}-\x{1F7D}ᾀ-ᾴᾶ-ᾼ\x{1FBE}ῂ-ῄῆ-ῌῐ-\x{1FD3}ῖ-\x{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\x{2126}ℨ\x{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
            r"\s?[!-/:-~！-／：-～‘-‟\x{3000}-。]+",
            r"\s+$",
            r"[一-龥ࠀ-一가-\x{D7FF}]+",
            r"\p{N}+",
        ])?,
        "deepseek-coder" => patterns(&["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-\x{D7FF}]+", r"\p{N}"])?,
        "falcon" => patterns(&[r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"])?,
        "poro-chat" | "bloom" | "gpt3-finnish" => patterns(&[r" ?[^(\s|.,!?…。，、।۔،)]+"])?,
        "viking" => patterns(&[r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"])?,
        "default" => patterns(&[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"])?,
        _ => return Err(TokenizerError::Unsupported { part: "tokenizer.ggml.pre", kind: name.to_owned() }),
    };
    let llama3 =
        matches!(name, "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2");
    Ok(Rule {
        steps,
        whole_words: llama3 || name == "tekken",
        compose: matches!(name, "qwen2" | "deepseek-r1-qwen"),
        add_bos: llama3 || name == "tekken",
    })
}
