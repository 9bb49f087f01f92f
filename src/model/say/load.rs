//! Model files that cannot be opened.

use std::io;

use super::Say;
use crate::lm::load::{Count, Foreign, Item, LoadError, NotAFile, Problem, size};

const DAMAGED: &str = "文件已损坏或有意误导：请从来源重新下载";

impl Say for LoadError {
    fn chinese(&self) -> String {
        let said = format!("{}：{}", self.file.to_string_lossy(), problem(&self.problem));
        match self.byte {
            Some(byte) if byte > 0 => format!("{said}（第 {byte} 字节）"),
            _ => said,
        }
    }
}

fn problem(problem: &Problem) -> String {
    match problem {
        Problem::Io { kind: io::ErrorKind::NotFound } => "没有这个文件或文件夹：请检查路径".to_owned(),
        Problem::Io { kind: io::ErrorKind::PermissionDenied } => {
            "没有读取权限：请申请权限，或复制到自己的文件夹".to_owned()
        }
        Problem::Io { kind } => format!("系统无法读取（{kind}）：请检查路径和磁盘"),
        Problem::NotAFile { found } => {
            format!("这是{}，不是模型：请给出 .gguf 文件或 Hugging Face 文件夹", not_a_file(*found))
        }
        Problem::Empty => "文件是空的：请重新下载".to_owned(),
        Problem::Foreign { found, first } => {
            format!("这是{}，不是模型{}", kind(*found), advice(*found, *first))
        }
        Problem::Changed => "文件在打开时发生了变化：请等它完整后再试".to_owned(),
        Problem::NoConfig => {
            "文件夹里没有 config.json：请给出含有 config.json 和 model.safetensors 的文件夹，或 .gguf 文件".to_owned()
        }
        Problem::NoWeights => {
            "文件夹里没有 model.safetensors、pytorch_model.bin，也没有它们的索引：请把权重也下载下来".to_owned()
        }
        Problem::EndsEarly { missing } => {
            format!("文件比文件头所说的短 {}：请重新下载", size(*missing).replace("bytes", "字节"))
        }
        Problem::GoesOn { extra } => {
            format!("文件比文件头所说的长 {}：{DAMAGED}", size(*extra).replace("bytes", "字节"))
        }
        Problem::BigEndian => "这个文件是大端字节序：请下载小端版本".to_owned(),
        Problem::Version { found } => {
            format!("这是 GGUF 第 {found} 版，只读取第 2、3 版：请用新版 llama.cpp 转换")
        }
        Problem::TooMany { of, found, limit } => {
            format!("有 {found} {}，最多读取 {limit}：{DAMAGED}", count(*of))
        }
        Problem::NotUtf8 { item } => format!("某个{}的名称不是 UTF-8：{DAMAGED}", noun(*item)),
        Problem::NoName { item } => format!("某个{}没有名称：{DAMAGED}", noun(*item)),
        Problem::Twice { item, name } => format!("{} {name} 出现了两次：{DAMAGED}", noun(*item)),
        Problem::UnknownValueType { key, found } => format!("键 {key} 的类型 {found} 未知：{DAMAGED}"),
        Problem::NotBool { key, found } => format!("键 {key} 是布尔值，却为 {found}，不是 0 或 1：{DAMAGED}"),
        Problem::Nested { key } => format!("键 {key} 是数组的数组，没有模型会这样：{DAMAGED}"),
        Problem::Alignment { found: Some(found) } => {
            format!("general.alignment 是 {found}，不是不超过 1048576 的 2 的幂：{DAMAGED}")
        }
        Problem::Alignment { found: None } => format!("general.alignment 不是 32 位数：{DAMAGED}"),
        Problem::UnknownDtype { tensor, found } => {
            format!("张量 {tensor} 的类型 {found} 不能读取：请换用其他量化版本，例如 Q4_K_M 或 Q8_0")
        }
        Problem::NoElements { tensor } => format!("张量 {tensor} 有一维是 0，或没有维度：{DAMAGED}"),
        Problem::TooLarge { tensor } => format!("张量 {tensor} 的元素多得数不过来：{DAMAGED}"),
        Problem::PartialBlock { tensor, row, block } => {
            format!("张量 {tensor} 的一行有 {row} 个元素，不是块大小 {block} 的倍数：{DAMAGED}")
        }
        Problem::Place { tensor, expected, found } => {
            format!("张量 {tensor} 从张量数据的第 {found} 字节开始，应为 {expected}：{DAMAGED}")
        }
        Problem::Size { tensor, expected, found } => {
            format!("张量 {tensor} 占 {found} 字节，按形状应为 {expected}：{DAMAGED}")
        }
        Problem::Llama2cVersion { found: 2 } => {
            "这是 int8 的 llama2.c 检查点（第 2 版），只读取 float32 的第 0、1 版：请用 --version 1 重新导出".to_owned()
        }
        Problem::Llama2cVersion { found } => {
            format!("这是 llama2.c 第 {found} 版，只读取第 0、1 版：请用 --version 1 重新导出")
        }
        Problem::Llama2cSize { name, found } => {
            format!("按 llama2.c 检查点读取，其 {name} 是 {found}，没有模型会这样：请换一个文件，或重新下载")
        }
        Problem::Llama2cUneven { whole, of, part, by } => {
            format!("按 llama2.c 检查点读取，其 {whole}（{of}）不是 {part}（{by}）的倍数：{DAMAGED}")
        }
        Problem::NoSettings => {
            "按 Marian 模型读取，其中没有说明结构的 special:model.yml：请换一个文件，或重新下载".to_owned()
        }
        Problem::Setting { line } => format!("special:model.yml 里的一行 {line} 不是设置：{DAMAGED}"),
        Problem::Multiplier { tensor, found } => {
            format!("张量 {tensor} 的整数乘过 {found}，没有数会这样：{DAMAGED}")
        }
        Problem::PickleGlobal { name } => format!(
            "pickle 要用 Python 的 {name}，权重用不着它，其中的任何东西都不会运行：请保存模型的 state_dict()，或转换为 safetensors"
        ),
        Problem::PickleCode { found } => {
            format!("pickle 里有指令 0x{found:02x}，权重用不着它：请保存模型的 state_dict()，或转换为 safetensors")
        }
        Problem::NotAStateDict => {
            "pickle 构造的不是张量的字典：请保存模型的 state_dict()，或转换为 safetensors".to_owned()
        }
        Problem::ZipDirectory => format!("ZIP 压缩包的目录被截断，或与其中的文件不符：{DAMAGED}"),
        Problem::Compressed { name } => {
            format!("ZIP 压缩包里的文件 {name} 是压缩的，权重不会这样：请先解压，或重新保存模型")
        }
        Problem::NotInArchive { name } => format!("压缩包里没有文件 {name}：{DAMAGED}"),
        Problem::OutsideStorage { tensor } => format!("张量 {tensor} 的数比为它存储的还多：{DAMAGED}"),
        Problem::Json { reason } => format!("{reason}：{DAMAGED}"),
        Problem::ShardOutside { shard } => format!("索引里的文件 {shard} 不在文件夹之内：{DAMAGED}"),
        Problem::ShardMissing { shard } => format!("缺少属于这个模型的文件 {shard}：请把它也下载下来"),
        Problem::NotInShard { tensor, shard } => {
            format!("索引说张量 {tensor} 在 {shard} 里，那里却没有：请把两者重新下载")
        }
    }
}

fn advice(found: Foreign, first: [u8; 4]) -> String {
    match found {
        Foreign::Html => "：请在浏览器里打开该地址看服务器说了什么，再下载文件本身".to_owned(),
        Foreign::LfsPointer => "：请在它所在处运行 `git lfs pull` 取得真正的文件".to_owned(),
        Foreign::Pickle | Foreign::Zip => "：只读取 torch.save 保存的权重；请转换为 safetensors 或 GGUF".to_owned(),
        Foreign::Gzip | Foreign::Xz | Foreign::Zstd => "：请先解压".to_owned(),
        Foreign::Json => "：请给出含有 config.json 和 model.safetensors 的文件夹，或 .gguf 文件".to_owned(),
        Foreign::Npy | Foreign::Hdf5 | Foreign::Text | Foreign::Unknown => {
            let [a, b, c, d] = first;
            format!("（开头是 {a:02x} {b:02x} {c:02x} {d:02x}）：请给出 .gguf 文件或 Hugging Face 文件夹")
        }
    }
}

fn kind(found: Foreign) -> &'static str {
    match found {
        Foreign::Html => "网页",
        Foreign::LfsPointer => " Git LFS 指针",
        Foreign::Pickle => " Python pickle",
        Foreign::Zip => " ZIP 压缩包",
        Foreign::Gzip => " gzip 压缩包",
        Foreign::Xz => " xz 压缩包",
        Foreign::Zstd => " Zstandard 压缩包",
        Foreign::Json => " JSON 文件",
        Foreign::Npy => " NumPy 数组",
        Foreign::Hdf5 => " HDF5 文件",
        Foreign::Text => "文本文件",
        Foreign::Unknown => "别的东西",
    }
}

fn not_a_file(found: NotAFile) -> &'static str {
    match found {
        NotAFile::Folder => "文件夹",
        NotAFile::Pipe => "管道",
        NotAFile::Device => "设备",
        NotAFile::Socket => "套接字",
    }
}

fn count(of: Count) -> &'static str {
    match of {
        Count::Tensors => "个张量",
        Count::Keys => "个元数据键",
        Count::KeyBytes => "字节的键",
        Count::NameBytes => "字节的张量名",
        Count::TextBytes => "字节的文本",
        Count::ArrayElements => "个数组元素",
        Count::Dimensions => "个维度",
        Count::DimensionSize => "个元素在同一维",
        Count::HeaderBytes => "字节的文件头",
        Count::Files => "个文件组成一个模型",
        Count::FileBytes => "字节的文件要整个读取",
    }
}

fn noun(item: Item) -> &'static str {
    match item {
        Item::Key => "键",
        Item::Tensor => "张量",
    }
}
