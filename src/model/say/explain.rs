//! Interventions and explanations that cannot be made.

use super::Say;
use crate::lm::explain::{ExplainError, GivenError, PrepareError};
use crate::lm::{InterventionError, Side};
use crate::model::ChangeError;

impl Say for InterventionError {
    fn chinese(&self) -> String {
        match self {
            Self::Unknown(name) => format!(
                "没有干预 {name:?}：可用 head:L.H、even:L.H、attention:L、ff:L、layer:L、cell:L.H:Q>K=权重、cell:L.H:Q>K*倍数、forbid:L.H:Q>K、block:P 或 patch:L@P=编号@来源"
            ),
            Self::Form { text, like } => {
                format!("{text:?} 不是干预：请写成 {} 这样", like.replace(" or ", " 或 "))
            }
            Self::Weight(text) => format!("{text:?} 不是注意力权重：请给出 0 到 1 的数"),
            Self::Factor(text) => format!("{text:?} 不能乘以权重：请给出大于 0 的数（0 请用 forbid）"),
            Self::Layer { layer, layers } => no_layer(*layer, *layers),
            Self::Head { layer, head, heads } => no_head(*layer, *head, *heads),
            Self::Side(Side::Cross) => "这个模型没有对源文本的注意力：请去掉 x".to_owned(),
            Self::Side(_) => "这个模型的解码器前没有编码器：请去掉 e".to_owned(),
            Self::Position { what, position, length } => {
                format!("{what} 不适用：{length} 个词元里没有位置 {position}（从 0 数起）")
            }
            Self::Unseen { query, key, mask } => {
                format!("在掩码 {mask} 下，位置 {query} 看不到位置 {key}：不能给它权重")
            }
            Self::NoOwnAttention { what } => {
                format!(
                    "{what} 没有可改的：解码器不注意自己写过的内容，由循环单元记住；e 指编码器的注意力，x 指对源文的注意力"
                )
            }
            Self::TooMuch { what } => format!("加上 {what}，同一行指定的权重之和超过 1：请取小一些"),
        }
    }
}

fn no_layer(layer: usize, layers: usize) -> String {
    format!("没有第 {layer} 层：模型有 {layers} 层，从 0 数起")
}

fn no_head(layer: usize, head: usize, heads: usize) -> String {
    format!("第 {layer} 层没有第 {head} 个头：模型有 {heads} 个头，从 0 数起")
}

impl Say for PrepareError {
    fn chinese(&self) -> String {
        match self {
            Self::Intervention(error) => error.chinese(),
            Self::Forward(error) => error.chinese(),
        }
    }
}

impl Say for ChangeError {
    fn chinese(&self) -> String {
        match self {
            Self::Prepare(error) => error.chinese(),
            Self::NoTokenizer(error) => error.chinese(),
        }
    }
}

impl Say for ExplainError {
    fn chinese(&self) -> String {
        match self {
            Self::Forward(error) => error.chinese(),
            Self::NotFinite(error) => error.chinese(),
            Self::Layer { layer, layers } => no_layer(*layer, *layers),
            Self::Head { layer, head, heads } => no_head(*layer, *head, *heads),
        }
    }
}

impl Say for GivenError {
    fn chinese(&self) -> String {
        let name = |name: &str| {
            let (kind, of) = name.rsplit_once(' ').unwrap_or(("", name));
            match kind {
                "the width of" => format!("{of} 的宽度"),
                "the rows of" => format!("{of} 的行数"),
                _ => of.to_owned(),
            }
        };
        match self {
            Self::Json(error) => format!(
                "无法读取：{error}；请写成 {{\"q\":[[1,0]],\"k\":[[1,0],[0,1]],\"v\":[[1],[2]],\"mask\":[[1,1]]}} 这样"
            ),
            Self::Rows(of, rows) => format!("{of} 有 {rows} 行：请给出 1 到 64 行"),
            Self::Ragged(of) => format!("{of} 的各行长度必须相同，1 到 64"),
            Self::Sizes { one, is, other, of } => format!("{}（{is}）必须等于{}（{of}）", name(one), name(other)),
            Self::NotFinite(of) => format!("{of} 里有不是有限数的数"),
        }
    }
}
