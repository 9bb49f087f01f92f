//! Tokenizers and dictionaries that cannot be read.

use super::Say;
use crate::model::StageError;
use crate::text::encoding::{Change, ChangeError};
use crate::text::segment::{GoldError, NoPlace};
use crate::text::train::TrainError;
use crate::text::{DictionaryError, ExpressionError, Fault, HmmError, Place, TokenizerError};

impl Say for TokenizerError {
    fn chinese(&self) -> String {
        match self {
            Self::Json { part, message, line, column } if *line > 0 => {
                format!("不是 {part}：第 {line} 行第 {column} 列 {message}；请重新下载")
            }
            Self::Json { part, message, .. } => format!("不是 {part}：{message}；请重新下载"),
            Self::Unsupported { part, kind } => {
                format!(
                    "不支持 {part} {kind}；支持已知种类的 BPE、WordPiece、Unigram 和 SentencePiece 词表，请换用这样的模型"
                )
            }
            Self::Field { part, field } => format!("{part} 没有可用的 {field}；文件已损坏或格式更新"),
            Self::Empty => "词表是空的；文件已损坏，或没有分词器".to_owned(),
            Self::NotBeside { file } => format!("它的词表 {file} 不在旁边；请把它也下载下来"),
            Self::Sparse { id, count } => format!("编号 {id} 与 {count} 个词元不相称；编号须基本连续"),
            Self::DuplicateId { id } => format!("两个词元的编号都是 {id}；每个词元须有自己的编号"),
            Self::DuplicatePiece { piece } => format!("词元 {piece} 出现了两次；请去掉一个"),
            Self::TooMany { part, count, limit } => format!("{part} 有 {count} 个，最多读取 {limit} 个"),
            Self::TooLong { part, length, limit } => format!("{part} 长 {length} 字节，最多读取 {limit} 字节"),
            Self::Merge { index, merge } => {
                format!("第 {index} 条合并 {merge} 不是两个词元合成第三个；词表与合并规则属于不同的模型")
            }
            Self::Lengths { part, found, pieces } => {
                format!("{part} 有 {found} 个，词元有 {pieces} 个；两个列表须一样长")
            }
            Self::UnknownToken { part, token } => format!("{part} 指定了 {token}，词表里没有"),
            Self::Pattern { pattern, message } => format!("正则表达式 {pattern} 无法编译：{message}"),
            Self::Damaged { part, place, fault } => {
                let place = match place {
                    Place::Line(line) => format!("第 {line} 行"),
                    Place::Byte(byte) => format!("第 {byte} 字节"),
                };
                format!("{part} 的{place}已损坏：{}；请重新下载", said(*fault))
            }
            Self::Score { id } => format!("词元 {id} 的分数不是有限的数"),
        }
    }
}

fn said(fault: Fault) -> &'static str {
    match fault {
        Fault::Truncated => "文件中途结束",
        Fault::Length => "长度超出剩余部分",
        Fault::NotUtf8 => "不是 UTF-8",
        Fault::Field => "字段种类不对",
        Fault::Reference => "表指向自身之外",
        Fault::Base64 => "不是 base64",
        Fault::Number => "没有可用的数字",
    }
}

impl Say for TrainError {
    fn chinese(&self) -> String {
        match self {
            Self::EmptyCorpus => "语料里没有词；请给出不为空的文本".to_owned(),
            Self::TooSmall { size, least } => {
                format!("{size} 个词元的词表放不下所有字符和特殊词元；请要 {least} 个以上，或限制字母表")
            }
            Self::TooManyWords { limit } => {
                format!("语料中不同的词占用超过 {limit} 字节；请选切得更细的预切分方式")
            }
            Self::WordPieceOfBytes => "WordPiece 以字符为单位；请去掉字节级".to_owned(),
            Self::WordPieceFallback => "WordPiece 不能退回字节；请去掉字节回退".to_owned(),
            Self::UnigramOfBytes => "Unigram 以字符为单位学习；请去掉字节".to_owned(),
            Self::FallbackOfBytes => "词元本来就由字节组成，不需要字节回退；请去掉其中之一".to_owned(),
            Self::MetaspaceOfBytes => "词元由字节组成时空格就是一个字节；请换一种预切分方式，或以字符为单位".to_owned(),
            Self::Tokenizer(error) => error.chinese(),
        }
    }
}

impl Say for DictionaryError {
    fn chinese(&self) -> String {
        match self {
            Self::NotUtf8 { byte, line } => {
                format!("第 {line} 行（第 {byte} 字节）不是 UTF-8；请先转换文件，例如用 iconv")
            }
            Self::Frequency { line, found } => {
                format!("第 {line} 行：{found} 不是词频；请写不带分隔符的整数")
            }
            Self::Columns { line } => format!("第 {line} 行：多于词、词频、词性三列"),
            Self::TooLong { line, length, limit } => format!("第 {line} 行：词长 {length} 字节，最多读取 {limit} 字节"),
            Self::Invisible { line } => format!("第 {line} 行：词里没有可见字符；请去掉这一行"),
            Self::Control { line } => format!("第 {line} 行：词里有控制字符；请去掉这一行"),
            Self::TooMany { line } => format!("第 {line} 行：词太多；请换用较小的词典"),
            Self::Total => "词频之和太大；请按比例缩小".to_owned(),
            Self::Empty => "文件里没有词；每行一个词，空格后是它的词频".to_owned(),
        }
    }
}

impl Say for HmmError {
    fn chinese(&self) -> String {
        match self {
            Self::Json { message, line, column } => {
                format!(
                    "不是隐马尔可夫模型：第 {line} 行第 {column} 列 {message}；请用 `train-tokenizer --algorithm hmm` 训练一个"
                )
            }
            Self::Kind(kind) => format!("种类是 {kind:?}；隐马尔可夫模型的文件写的是 \"lmscope-hmm\""),
            Self::Tag(tag) => format!("标记 {tag:?}：标记只有 B、E、M、S"),
            Self::Step(None, tag) => format!("以 {tag:?} 开头的句子：句子以 B 或 S 开头"),
            Self::Step(Some(from), to) => format!("{from:?} 之后的 {to:?}：E、S 之后是 B 或 S，B、M 之后是 M 或 E"),
            Self::Empty => "什么也没有统计：请用词以空格分隔的文本训练".to_owned(),
            Self::Total => "计数之和超过 2^64".to_owned(),
        }
    }
}

impl Say for GoldError {
    fn chinese(&self) -> String {
        match self {
            Self::NotUtf8 { line } => format!("第 {line} 行不是 UTF-8；请先转换文件，例如用 iconv"),
            Self::Columns { line } => format!("第 {line} 行：不足两列；CoNLL-U 的词元是编号、制表符、词形"),
            Self::Empty => "文件里没有词；每行一个句子，词以空格分隔".to_owned(),
            Self::Differs { line, text, gold } => {
                format!("第 {line} 行不是这段文本的切分：文件是 {gold:?}，文本是 {text:?}")
            }
            Self::TooShort { text } => format!("文本后面还有 {text:?}，文件里没有"),
        }
    }
}

impl Say for ChangeError {
    fn chinese(&self) -> String {
        match self {
            Self::NotAPair(text) => format!("{text:?} 不是合并：请写两个词元，中间一个空格"),
            Self::Length(length) => format!("词元有 {length} 字节：词元应有 1 到 {} 字节", Change::LONGEST),
            Self::NoPiece(piece) => format!("词表里没有词元 {piece:?}：请按分词器文件里的写法"),
            Self::NoMerge(pair) => format!("词表里没有合并 {pair:?}：用 --steps 查看文本用到的合并"),
            Self::Merges(kind) => format!("这个分词器是 {kind}，没有合并：请改动它的词元"),
            Self::Pieces(piece) => format!("这个分词器靠合并，没有合并会得到 {piece:?}：请添加两个词元的合并"),
            Self::Unit(piece) => format!("合并从 {piece:?} 开始：只能去掉由合并得到的词元"),
            Self::Unknown(piece) => format!("{piece:?} 代表词表缺少的内容，必须保留"),
            Self::Present(piece) => format!("词表里已有 {piece:?}：请去掉这项改动"),
            Self::NeedsScore(piece) => format!("{piece:?} 需要分数（对数）：请写 {piece}:-8.5"),
            Self::NoScores(piece) => format!("{piece:?} 在这个词表里没有分数：请去掉数字"),
            Self::Score(piece) => format!("{piece:?} 的分数不是有限的数：请写如 -8.5 的数"),
        }
    }
}

impl Say for NoPlace {
    fn chinese(&self) -> String {
        match self {
            Self::Outside { length } if *length < 2 => "文本里没有两个字符之间的位置".to_owned(),
            Self::Outside { length } => format!("位置在两个字符之间：请选 1 到 {}", length - 1),
            Self::Inside { start, end } => format!("这里是第 {start} 到 {end} 字节的字符内部：请选其中之一"),
        }
    }
}

impl Say for StageError {
    fn chinese(&self) -> String {
        match self {
            Self::NoToken(word) => format!("词表里没有词元 {word:?}：请写一个词元的文本或 #编号，以空格分隔"),
            Self::NoTokenizer => "模型没有分词器：请用 #编号 指明词元".to_owned(),
            Self::Expression(error) => error.chinese(),
        }
    }
}

impl Say for ExpressionError {
    fn chinese(&self) -> String {
        match self {
            Self::Syntax(reason) => format!("这个正则表达式无法跟踪：{reason}"),
            Self::TooLarge => "这个正则表达式需要 8 MiB 以上：请缩短其中的重复".to_owned(),
            Self::Nothing => "没有文本符合这个正则表达式".to_owned(),
        }
    }
}
