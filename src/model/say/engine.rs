//! Models that do not run, and runs that give nothing.

use super::Say;
use crate::lm::{ForwardError, Kind, MaskError, ModelError, NotFinite, PipelineError, TraceError, Unsound};
use crate::model::NotSound;

impl Say for ModelError {
    fn chinese(&self) -> String {
        match self {
            Self::Architecture { name } => format!("未知的架构 {name}：`lmscope models` 列出支持的架构"),
            Self::MissingSetting { key } => format!("文件没有说明 {key}：需要完整的文件头或 config.json"),
            Self::BadSetting { key, value } => format!("{key} 是 {value}，没有模型会这样：文件头已损坏"),
            Self::Unsupported { key, value } => format!("不支持 {key} = {value}：请换用没有它的模型"),
            Self::Indivisible { whole, of, part, by } => {
                format!("{whole}（{of}）不是 {part}（{by}）的倍数：文件头已损坏")
            }
            Self::Unread { name, dtype, tensors } => format!(
                "张量 {name} 以 {dtype} 存储，无法用它计算（这样的张量有 {tensors} 个）：请换用其他量化版本，例如 Q4_K_M 或 Q8_0"
            ),
            Self::MissingTensor { name } => {
                format!("缺少张量 {name}：文件不完整，或不是它所说的架构")
            }
            Self::Shape { name, expected, found } => {
                format!("张量 {name} 的形状是 {found:?}，按设置应为 {expected:?}：文件头与权重不相配")
            }
            Self::Size { name, dtype, expected, found } => {
                format!("张量 {name}（{dtype}）有 {found} 字节，按形状应为 {expected}：请重新下载")
            }
            Self::Dtype { name, dtype } => {
                format!("张量 {name} 以 {dtype} 存储，它所在的位置不能读取：请换用其他类型的文件")
            }
        }
    }
}

impl Say for ForwardError {
    fn chinese(&self) -> String {
        match self {
            Self::Stopped => "已停止".to_owned(),
            Self::ContextFull { length, context } => {
                format!("{length} 个词元超过模型的上下文长度 {context}：请缩短文本")
            }
            Self::UnknownToken { token, vocabulary } => {
                format!("词元 {token} 不在模型的 {vocabulary} 个词元之内：请使用该模型自己的分词器")
            }
            Self::UnknownSegment { segment, segments } => {
                format!("这个模型区分 {segments} 段文本，没有第 {segment} 段：请从 0 数起")
            }
            Self::NoEncoder => "这个模型的解码器前没有编码器：请只给一段文本".to_owned(),
            Self::NoSource => "解码器需要源文本：请给出编码器要读的文本".to_owned(),
            Self::NoHead => "文件里没有语言模型头，因此没有概率：请换用带有它的模型".to_owned(),
            Self::NoMaskToken => "分词器没有掩码词元，无法隐藏词元：请使用该模型自己的分词器".to_owned(),
            Self::NoSuchPosition { index, length } => {
                format!("长度为 {length} 的序列里没有位置 {index}：请从 0 数起")
            }
            Self::NoOwnAttention => {
                "解码器不注意自己写过的内容，没有可看、可遮的：由循环单元记住；编码器的注意力和对源文的注意力都在"
                    .to_owned()
            }
            Self::SeesAhead { past } => {
                format!("在这种掩码下，前 {past} 个位置会看到后面的位置：请一次计算整个序列")
            }
        }
    }
}

impl Say for NotFinite {
    fn chinese(&self) -> String {
        format!("词元 {} 的 logit 是 {}：权重已损坏，或超出 float32 的范围", self.index, self.value)
    }
}

impl Say for Unsound {
    fn chinese(&self) -> String {
        let Self { tensor, index, value, count } = self;
        format!("张量 {tensor} 有 {count} 个数不是有限数（第一个在 {index}：{value}）：请重新下载，或换用别的类型")
    }
}

impl Say for NotSound {
    fn chinese(&self) -> String {
        match &self.weights {
            Some(weights) => {
                format!("词元 {} 的 logit 是 {}：{}", self.logit.index, self.logit.value, weights.chinese())
            }
            None => self.logit.chinese(),
        }
    }
}

impl Say for TraceError {
    fn chinese(&self) -> String {
        match self {
            Self::File(error) => format!("无法写出记录：{error}"),
            Self::Format(error) => format!("记录不符合 safetensors 格式：{error}"),
        }
    }
}

impl Say for PipelineError {
    fn chinese(&self) -> String {
        match self {
            Self::Unknown(name) => {
                let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                format!("没有阶段 {name:?}；可用的阶段：{}", names.join("、"))
            }
            Self::Value { stage, found } => {
                let names: Vec<_> = stage.parameters().iter().map(|parameter| parameter.name).collect();
                format!("{found:?} 不能作 {} 的值：请写成 {0}={}", stage.name(), names.join(":"))
            }
            Self::Range { stage, parameter, range: (least, greatest) } => {
                format!("{} 的 {parameter} 须在 {least} 到 {greatest} 之间", stage.name())
            }
            Self::Text(stage) => format!("请写成 {}=\"文本\"，带引号", stage.name()),
        }
    }
}

impl Say for MaskError {
    fn chinese(&self) -> String {
        match self {
            Self::Unknown(name) => format!(
                "没有名为 {name:?} 的掩码：请用 causal、bidirectional、prefix:N、seq2seq:N、window:N、except:N 或 permutation:3,0,1,2"
            ),
            Self::Number(text) => format!("{text:?} 的名称后面要有位置数（窗口至少为 1），例如 window:8"),
            Self::Order(text) => format!("{text:?} 必须把每个位置恰好列出一次，从 0 数起"),
        }
    }
}
