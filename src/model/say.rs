//! Errors in a person's language. English is each error's `Display`, beside the error; Chinese is here, variant by variant,
//! so that an error without its translation does not compile.

mod beam;
mod engine;
mod explain;
mod hub;
mod load;
mod text;

use std::error::Error;

pub use hub::say_progress;

use super::{EMBEDDED, NoTokenizer, OpenError};
use crate::ui::{Language, safe};

/// An error that can be told in every language.
pub trait Say: Error {
    /// What is wrong and what to do about it, in Chinese.
    fn chinese(&self) -> String;

    /// What is wrong and what to do about it, in one line that is safe to show.
    fn say(&self, language: Language) -> String {
        let said = match language {
            Language::English => self.to_string(),
            Language::Chinese => self.chinese(),
        };
        safe::visible(&said)
    }
}

impl Say for OpenError {
    fn chinese(&self) -> String {
        match self {
            Self::Missing { spec } => {
                let names = EMBEDDED.map(|model| model.name).join("、");
                format!("没有文件或文件夹 {spec}：请检查路径，或使用内置模型（{names}）")
            }
            Self::Hub(error) => error.chinese(),
            Self::Load(error) => error.chinese(),
            Self::Model { name, error } => format!("{name}：{}", error.chinese()),
            Self::NoWeights { name } => format!(
                "{name} 只有词表，没有权重：可用于 `lmscope tokenize --tokenizer`；要运行模型，请给出有权重的文件"
            ),
            Self::Vocabulary { name, tokens, rows } => {
                format!("{name}：分词器有 {tokens} 个词元，权重只有 {rows} 个：两者请取自同一次发布")
            }
        }
    }
}

impl Say for NoTokenizer {
    fn chinese(&self) -> String {
        match self {
            Self::Absent { name } => {
                format!("{name} 没有分词器：请把 tokenizer.json 放在它旁边，或用词元编号（--ids）")
            }
            Self::Refused { name, error } => {
                format!("无法读取 {name} 的分词器：{}；仍可用词元编号（--ids）", error.chinese())
            }
        }
    }
}
