//! The command line's own help and complaints, in Chinese where that is spoken; in English clap says them.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::ui::Language;

/// The language a command line asks for, before it is known whether the line is right.
pub(super) fn language(arguments: &[OsString], locale: &str) -> Language {
    let mut named = None;
    let mut words = arguments.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    while let Some(word) = words.next() {
        let code = match word.strip_prefix("--lang") {
            Some("") => words.next().map(Cow::into_owned),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        let language = code.and_then(|code| Language::ALL.into_iter().find(|language| language.code() == code));
        named = language.or(named);
    }
    named.unwrap_or_else(|| Language::of_locale(locale))
}

const TEMPLATE: &str = "{about}\n\n用法：{usage}\n\n{all-args}";

/// What each command does.
const COMMANDS: [(&str, &str); 21] = [
    ("tokenize", "一段文本的词元"),
    ("segment", "一段文本的词，按词典切分"),
    ("tokenizers", "几个分词器各怎样切同一段文本，在哪里一致"),
    ("vocabulary", "分词器的词元：查找、排序、合并过程、任何文本都不产生的词元"),
    ("train-tokenizer", "从文本学出一个词表，逐次合并"),
    ("generate", "逐个词元续写一段文本"),
    ("fill", "模型在隐藏的词元处填什么"),
    ("score", "一段文本的每个词元有多出人意料"),
    ("repetition", "一段文本重复了多少，模型多有把握再重复，哪些头在复制"),
    ("compare", "两个分布相差多远"),
    ("compress", "用模型压缩文件"),
    ("decompress", "还原压缩文件的字节"),
    ("trace", "把一次前向计算的全部结果写入 safetensors 文件"),
    ("attention", "谁看了谁：所有头一览、一个头的网格、一个单元的逐步计算"),
    ("lens", "模型若在每一层之后停下会说什么"),
    ("attribute", "每个头和每个块给一个词元的 logit 加了多少"),
    ("architectures", "各种架构：谁看到谁，训练时问什么，用一句话演示"),
    ("masks", "同样的权重和文本在各种掩码之下：看到什么、每个词元的代价、矩阵的秩、缓存的价值"),
    ("length", "长文本少保留一些会损失什么，长度在这台机器上的代价"),
    ("models", "内置的模型和可读取的家族，或某一个模型"),
    ("bench", "测量每秒词元数"),
];

/// What each argument means; a command's own meaning comes before the common one.
const ARGUMENTS: [(&str, &str, &str); 142] = [
    (
        "",
        "model",
        "内置模型（stories、poems、cloze、spans、spelling、orders）、.gguf 文件、llama2.c 或 Marian 的 .bin、Hugging Face 文件夹，或 hf:owner/name",
    ),
    ("", "seed", "所有随机选择的种子"),
    ("", "threads", "计算线程数；不给出则用全部核心"),
    ("", "lang", "语言：en 或 zh；不给出则按系统区域设置"),
    ("", "json", "输出 JSON"),
    ("", "temperature", "logit 除以 T；0 表示总取概率最大的词元"),
    ("", "top_k", "保留概率最大的 K 个词元；0 表示全部保留"),
    ("", "top_p", "保留概率之和达到 P 的最少词元"),
    ("", "min_p", "保留概率不低于最大概率 P 倍的词元"),
    ("", "stage", "流水线再加一个阶段：dry=0.8:1.75:2、repetition=1.1:64、xtc=0.5:0.1、ban=\"的\"；可以多次给出"),
    ("", "order", "各阶段的次序：hf（Hugging Face）或 llama.cpp"),
    ("", "pipeline", "按次序写出整条流水线：\"repetition=1.1 top-k=40 temperature=0.8\""),
    ("generate", "tree", "把运行写入文件：.json 可重新打开，.md 和 .cast（asciinema）供阅读"),
    ("generate", "replay", "按保存的文本、种子和流水线重放一次运行，并指出每个选择是否相同"),
    ("generate", "stages", "显示每个阶段之后的分布，列出概率最大的 N 个词元"),
    ("", "special", "按分词器模板在文本前后加上特殊词元"),
    ("", "ids", "用词元编号代替文本：1,2,3"),
    ("", "help", "显示帮助"),
    ("", "version", "显示版本"),
    ("lmscope", "text", "开始时的文本"),
    ("score", "text", "文本，或存有文本的文件；- 读取标准输入"),
    ("", "text", "文本；- 读取标准输入"),
    (
        "tokenize",
        "tokenizer",
        "从这里取分词器：tokenizer.json、SentencePiece 模型、vocab.txt、vocab.json 与 merges.txt、.tiktoken 词表、llama2.c 的 tokenizer.bin、模型文件或文件夹、内置模型；或 bpe、wordpiece、unigram：同一批中英文本学得的三种小分词器",
    ),
    ("tokenize", "method", "切分方式：own 按分词器自己的合并，longest 总取最长的词元"),
    ("tokenize", "steps", "显示每一步：各次合并与序号、各次查找，或格子图与分数"),
    ("tokenize", "why", "文本在这个字节前为何切或不切，改动词表的什么会改变它"),
    ("tokenize", "without_merge", "先从词表去掉一条合并：按分词器文件的写法给出两个词元；可以多次给出"),
    ("tokenize", "with_merge", "先加入一条合并，或移动它：放到这个序号的合并之前，不给序号则在最后；可以多次给出"),
    ("tokenize", "without_piece", "先去掉一个词元，连同得到它的所有合并；可以多次给出"),
    ("tokenize", "with_piece", "先加入一个词元，或改它的分数（用于取最长或最大概率的分词器）；可以多次给出"),
    ("segment", "method", "方法：fmm、bmm、bimm（最大匹配）、route（最大概率）、hmm（并识别未登录词）"),
    (
        "segment",
        "dictionary",
        "zh（jieba 的词）、en（英文词，用于没有空格的文本），或自己的词典：每行一个词，可带词频；不给出则连续字母用 en，其余用 zh",
    ),
    ("segment", "word", "先给一个词指定词频，0 表示去掉；不写数字则取使它成词的词频。可以多次给出"),
    ("segment", "split_letters", "最大匹配把不是词的连续字母和数字逐个切开"),
    ("segment", "hmm", "从已切分文本统计的隐马尔可夫模型，用于 hmm；不给出则用 jieba 的"),
    ("segment", "steps", "显示方法的每一步"),
    ("segment", "why", "每种方法为何在这个字节之前切或不切，以及改动哪个词会改变它"),
    ("segment", "gold", "与已切分的文件比较（词以空格分隔，或 CoNLL-U）；不给出文本则取文件里的词"),
    ("tokenizers", "text", "文本，或存有文本的文件，大小不限；- 读取标准输入"),
    (
        "tokenizers",
        "with",
        "比较什么：分词器（分词器文件、模型、hf:owner/name）和词典方法（fmm、bmm、bimm、route、hmm）；不给出则为内置模型的和两种方法",
    ),
    ("tokenizers", "gold", "与已切分的文件比较（词以空格分隔，或 CoNLL-U）；不给出文本则取文件里的词"),
    ("vocabulary", "tokenizer", "分词器文件、模型文件或文件夹、内置模型、hf:owner/name；不给出则按 --model"),
    ("vocabulary", "search", "只列出含有这段文本的词元；也可给字节，如 0xE4BD，或编号，如 #123"),
    ("vocabulary", "sort", "次序：id 编号、length 长的在前、rank 先合并的在前、score 概率大的在前"),
    ("vocabulary", "tree", "一个词元逐步合并的过程，直到字节：按文本、按文件的写法，或编号，如 #123"),
    ("vocabulary", "unreachable", "只列出任何文本都不产生的词元，并说明原因"),
    ("vocabulary", "top", "最多列出多少个；0 表示全部"),
    ("train-tokenizer", "corpora", "要学习的文本，每行是单独的一段；- 读取标准输入"),
    (
        "train-tokenizer",
        "algorithm",
        "bpe（字节对编码）、wordpiece、unigram，或 hmm（字的标记，从以空格分词的文本或 CoNLL-U 统计）",
    ),
    ("train-tokenizer", "vocab_size", "词元个数，包括字符和特殊词元；不给出则为 30000，unigram 为 8000"),
    ("train-tokenizer", "output", "要写的文件：tokenizer.json，或供 `segment --hmm` 用的模型；- 写到标准输出"),
    (
        "train-tokenizer",
        "pre_tokenizer",
        "先怎样把文本切成词：gpt2、gpt4、gpt4o、llama3、qwen2、whitespace、whitespace-split、bert、metaspace、none；不给出则 bpe 用 gpt4，wordpiece 用 bert，unigram 用 metaspace",
    ),
    ("train-tokenizer", "min_frequency", "出现次数更少的词元对不合并"),
    ("train-tokenizer", "special", "一个特殊词元，排在词表最前。可以多次给出"),
    ("train-tokenizer", "unknown", "词元由字符组成时，表示词表所没有的内容的词元；不给出则为 [UNK]，unigram 为 <unk>"),
    ("train-tokenizer", "byte_level", "词元由字节组成：bpe 通常如此"),
    ("train-tokenizer", "characters", "词元由字符组成：wordpiece 通常如此"),
    ("train-tokenizer", "byte_fallback", "词元由字符组成，词表没有的字符变成它的字节"),
    ("train-tokenizer", "uncased", "先像 BERT 那样全部小写并去掉重音"),
    ("train-tokenizer", "alphabet", "不论语料有没有都收入词表的字符"),
    ("train-tokenizer", "limit_alphabet", "只保留最常见的 N 个字符"),
    ("train-tokenizer", "prefix", "不在词首的词元以此开头；wordpiece 不给出则为 ##"),
    ("train-tokenizer", "suffix", "词末的词元以此结尾：</w>"),
    (
        "train-tokenizer",
        "max_token_length",
        "与 tokenizers 库一样，词元将有 N 个以上字符时不再合并；unigram 则为词元最多的字符数，不给出为 16",
    ),
    ("train-tokenizer", "choose", "合并哪一对：count 最常见的，likelihood 使似然提高最多的（慢：要看每一对）"),
    ("train-tokenizer", "shrinking", "unigram 模型每次去掉词元时保留的比例"),
    ("train-tokenizer", "iterations", "unigram 模型每次去掉词元之前拟合多少次"),
    ("train-tokenizer", "steps", "显示每一步"),
    ("generate", "steps", "最多生成多少个词元"),
    ("generate", "ignore_end", "遇到结束词元也继续"),
    ("generate", "beam", "同时搜索 N 条续写并显示每一步：Hugging Face 的束搜索"),
    ("generate", "length_penalty", "续写的对数概率除以长度的 X 次方：大于 0 时长的占优"),
    ("generate", "beam_groups", "把束分成 G 组，逐组选择"),
    ("generate", "diversity", "每有一条前面组的续写取了同一词元所付的代价（纳特）"),
    ("generate", "early_stopping", "有 N 条结束时：立即停（yes），看来没有更好的就停（no），不可能更好才停（never）"),
    ("generate", "no_repeat", "任何 N 个连续词元不出现两次；0 表示不限"),
    ("fill", "at", "改为逐个隐藏这些位置的词元，从 0 数起"),
    ("fill", "top", "每处列出多少个候选"),
    ("score", "given", "编码器读的文本，用于解码器前有编码器的模型"),
    ("repetition", "text", "文本，或存有文本的文件；- 读取标准输入"),
    ("repetition", "prompt", "文本所续写的开头：其中有多少是照抄的"),
    ("repetition", "least", "照抄片段至少有多少个词元"),
    ("repetition", "probe", "让模型把文本中的循环或整段文本读 K 遍：它给每一遍的概率"),
    ("repetition", "heads", "列出多少个复制头"),
    ("compare", "with", "第二个分布来自这个模型"),
    ("compare", "temperature", "两个分布的温度，大于 0；只给一个则与模型自己的相比"),
    ("compare", "other", "第二个分布在这段文本之后"),
    ("compare", "along", "在文本的每个词元之前比较并累加"),
    ("compare", "top", "显示多少个最能区分两者的词元"),
    ("compare", "nats", "用奈特而不用比特"),
    ("compress", "file", "任意字节的文件；- 读取标准输入"),
    ("compress", "window", "模型一次最多看到多少个词元；不给出则为 1024，上下文更短时为上下文"),
    ("compress", "stats", "给出这些字节的代价，并与 gzip、xz、zstd 比较"),
    ("compress", "output", "要写的文件；- 写到标准输出"),
    ("decompress", "file", "压缩文件；- 读取标准输入"),
    ("decompress", "output", "要写的文件；- 写到标准输出"),
    ("", "decoder_ids", "解码器的词元，用于解码器前有编码器的模型；不给出则为它的起始词元"),
    ("trace", "segments", "每个词元属于哪段文本，用于区分两段文本的模型：0,0,1,1"),
    ("score", "stride", "相邻窗口相距多少个词元，不超过窗口；不给出则为半个窗口"),
    ("score", "by", "按这些单位累加比特：tokens、bytes、chars、words，或另一个分词器或模型的词元"),
    ("score", "nats", "用奈特而不用比特"),
    ("score", "window", "模型一次看到多少个词元；不给出则为整个上下文"),
    (
        "",
        "mask",
        "哪些位置看到哪些位置：causal、bidirectional、prefix:N、seq2seq:N、window:N、except:N、permutation:3,0,1,2",
    ),
    (
        "",
        "intervene",
        "改动运行：head:L.H、even:L.H、attention:L、ff:L、layer:L、block:P、forbid:L.H:Q>K、cell:L.H:Q>K=权重、cell:L.H:Q>K*倍数、patch:L@P=\"文本\"@来源；可以多次给出",
    ),
    ("trace", "layers", "只要这些层：0,2,5..8（不含 8）"),
    ("trace", "heads", "只要每层的这些头"),
    ("attention", "layer", "一层，从 0 数起；不给出则所有头一览"),
    ("attention", "head", "其中一个头，从 0 数起"),
    ("attention", "kind", "哪种注意力：own 自身，cross 对源文本，encoder 源文本自身"),
    ("attention", "average", "这一层或所有层各头的平均"),
    ("attention", "rollout", "到这一层或最后一层为止，每个词元流向每个词元的份额：rollout（Abnar 与 Zuidema 2020）"),
    ("attention", "cell", "一个单元逐步算出：它的查询和键"),
    (
        "attention",
        "sort",
        "各头由大到小排序，依据 score、previous、first、same、induction、local、uniform、entropy、distance 或 rank",
    ),
    ("attention", "reverse", "由小到大"),
    ("attention", "last", "打印的网格显示最后多少个词元；文件里是全部"),
    (
        "attention",
        "qkv",
        "自己的查询、键、值和掩码，JSON 或存有它的文件：{\"q\":[[1,0]],\"k\":[[1,0],[0,1]],\"v\":[[1],[2]],\"mask\":[[1,1]]}",
    ),
    ("attention", "output", "把网格写成图片：.svg 带词元，.png 每个单元一个方块"),
    ("lens", "position", "一个位置，从 0 数起：每层最可能的词元；不给出则为所有位置"),
    ("lens", "top", "每层列出多少个词元"),
    ("attribute", "token", "哪个词元的 logit：文本或 #编号；不给出则为最可能的"),
    ("attribute", "position", "位置，从 0 数起；不给出则为最后一个"),
    ("attribute", "top", "打印多少个部分，最大的在前；JSON 里是全部"),
    ("trace", "output", "要写的文件"),
    ("architectures", "only", "只显示这一种架构"),
    ("masks", "given", "编码器读的文本，用于解码器前有编码器的模型；不给出则为文本本身"),
    (
        "masks",
        "mask",
        "只用这些掩码：causal、bidirectional、prefix[:N]、seq2seq[:N]、window[:N]、except:N、permutation[:3,0,1,2]；可多次给出",
    ),
    ("masks", "hide", "代替被隐藏词元的词元编号；不给出则为分词器的掩码词元"),
    ("masks", "layer", "显示哪一层的权重，从 0 数起"),
    ("masks", "head", "显示哪个头的权重，从 0 数起"),
    ("masks", "rank", "改为测量每个头的权重矩阵在因果掩码和双向之下的秩与行列式"),
    ("masks", "reuse", "改为把最后 N 个词元当作新的一轮，测量缓存有多少可以再用"),
    ("length", "text", "文本，或存有文本的文件；- 读取标准输入"),
    ("length", "budget", "缓存容纳多少个词元；不给出则为文本的一半，至多 128"),
    (
        "length",
        "strategies",
        "用哪些策略：full、chunks、overlap、window、sinks、heavy、surprising、summary；不给出则全部",
    ),
    ("length", "cue", "让模型写摘要的提示"),
    ("length", "cost", "改为测量长度在这台机器上的代价：缓存、读提示、再生成一个词元"),
    ("length", "upto", "测量的最长提示"),
    ("models", "specs", "内置模型、文件、Hugging Face 文件夹或 hf:owner/name；给出几个则并排比较"),
    ("models", "tensors", "列出每个张量：名称、类型、形状、字节"),
    ("models", "check", "读取每个权重，指出不是有限数的"),
    ("bench", "prefill", "提示的词元数，一起计算"),
    ("bench", "decode", "其后的词元数，逐个计算"),
];

/// The command with its help in a language.
pub(super) fn translated(command: Command, language: Language) -> Command {
    if language == Language::English {
        let help = "The text, or a file that holds it; - reads standard input";
        let named = |command: Command| command.mut_arg("text", |text| text.help(help));
        return command.mut_subcommand("score", named).mut_subcommand("repetition", named);
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = command.disable_help_flag(true).disable_version_flag(true).arg(help).arg(version);
    let command = one(command).about("探索语言模型：词元、分布、注意力，一步一步地看");
    command.subcommand_help_heading("命令").subcommand_value_name("命令").mut_subcommands(|subcommand| {
        let about = COMMANDS.iter().find(|(name, _)| *name == subcommand.get_name()).map(|(_, about)| *about);
        let subcommand = one(subcommand);
        match about {
            Some(about) => subcommand.about(about),
            None => subcommand,
        }
    })
}

fn one(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.help_template(TEMPLATE).mut_args(|argument| {
        let of = |command: &str| {
            ARGUMENTS.iter().find(|(of, id, _)| *of == command && argument.get_id() == *id).map(|(.., help)| *help)
        };
        let Some(help) = of(&name).or_else(|| of("")) else { return argument };
        let defaults: Vec<String> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        let help = match defaults.as_slice() {
            [] => help.to_owned(),
            _ if argument.get_action().takes_values() => format!("{help}（默认 {}）", defaults.join(",")),
            _ => help.to_owned(),
        };
        let heading = if argument.is_positional() { "参数" } else { "选项" };
        let takes_values = argument.get_action().takes_values();
        let argument = argument.help(help).help_heading(heading);
        if takes_values { argument.hide_default_value(true).hide_possible_values(true) } else { argument }
    })
}

/// What is wrong with a command line, in Chinese; `None` where clap's answer is no complaint, such as help.
pub(super) fn complaint(error: &clap::Error) -> Option<String> {
    let said = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let said = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return None,
        ErrorKind::UnknownArgument => format!("没有参数 {argument}"),
        ErrorKind::InvalidSubcommand => format!("没有命令 {}", said(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::ArgumentConflict if argument.is_empty() => {
            "文本写在了命令前面：请写在命令后面，或只留一个".to_owned()
        }
        ErrorKind::ArgumentConflict => format!("{argument} 不能与 {} 同用", said(ContextKind::PriorArg)),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => format!("{argument} 缺少值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let reason = error
                .source()
                .map(|source| format!("：{}", Language::Chinese.term(&source.to_string())))
                .unwrap_or_default();
            format!("{argument} 的值 {value} 无效{reason}")
        }
        _ => error.kind().to_string(),
    };
    Some(format!("错误：{said}\n\n详见 --help\n"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::arguments::Arguments;

    #[test]
    fn every_command_and_argument_has_its_chinese_help() {
        let command = translated(Arguments::command(), Language::Chinese);
        let translated = |text: Option<&clap::builder::StyledStr>| {
            text.is_some_and(|text| text.to_string().contains(|c: char| ('\u{4e00}'..'\u{a000}').contains(&c)))
        };
        let commands = std::iter::once(&command).chain(command.get_subcommands());
        for command in commands {
            assert!(translated(command.get_about()), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(translated(argument.get_help()), "{} {}", command.get_name(), argument.get_id());
            }
        }
    }
}
