//! Models of the hub that cannot be fetched.

use super::Say;
use crate::hub::{HubError, Progress, Unlike, several};
use crate::lm::load::size;
use crate::ui::{Language, Message, safe};

/// How far a fetch has come, in one line that is safe to show.
pub fn say_progress(progress: &Progress, language: Language) -> String {
    let sized = |bytes| match language {
        Language::English => size(bytes),
        Language::Chinese => size(bytes).replace("bytes", "字节"),
    };
    let (file, done) = (safe::visible(&progress.file), sized(progress.done));
    match (progress.total, progress.permille()) {
        _ if progress.waiting => language.say(Message::FetchWaiting, &[&file]),
        (Some(total), Some(permille)) => {
            let percent = format!("{}.{}", permille / 10, permille % 10);
            language.say(Message::Fetching, &[&file, &done, &sized(total), &percent])
        }
        _ => language.say(Message::FetchingSome, &[&file, &done]),
    }
}

impl Say for HubError {
    fn chinese(&self) -> String {
        match self {
            Self::Name { spec } => {
                format!(
                    "{spec} 不是 hub 上的模型名：请写 hf:owner/name、hf:owner/name@revision 或 hf:owner/name/file.gguf"
                )
            }
            Self::Offline { name } => {
                format!("缓存里没有 {name}，而 HF_HUB_OFFLINE 已设置：请取消它，或在有网络处先下载模型")
            }
            Self::Unreachable { host, reason } => {
                format!("连不上 {host}（{reason}）：请检查网络和 HTTPS_PROXY，或把 HF_ENDPOINT 设为镜像")
            }
            Self::Unauthorized { name, token: false } => {
                format!("{name} 不存在，或不对所有人开放：请检查名称，或把 HF_TOKEN 设为有权读取的令牌")
            }
            Self::Unauthorized { name, token: true } => {
                format!("hub 不接受读取 {name} 的令牌：请检查名称，以及 HF_TOKEN 或令牌文件")
            }
            Self::Forbidden { name } => {
                format!("没有读取 {name} 的权限：请在浏览器里打开其页面、接受条款，并设置 HF_TOKEN")
            }
            Self::NotFound { name } => format!("hub 上没有 {name}：请检查名称和版本"),
            Self::TooManyRequests { seconds: Some(seconds) } => {
                format!("hub 收到的请求过多：请在 {seconds} 秒后再试，或设置 HF_TOKEN")
            }
            Self::TooManyRequests { seconds: None } => "hub 收到的请求过多：请稍后再试，或设置 HF_TOKEN".to_owned(),
            Self::Status { host, status } => {
                format!("{host} 返回状态 {status}：请稍后再试，或把 HF_ENDPOINT 设为镜像")
            }
            Self::Redirects { host } => format!("{host} 没完没了地重定向：请检查 HF_ENDPOINT"),
            Self::Answer { host, what } => {
                format!("{host} 的回答不像 hub（{}）：请检查 HF_ENDPOINT，以及网络是否要求登录", answer(*what))
            }
            Self::NoWeights { name } => {
                format!(
                    "{name} 既没有 config.json 加 safetensors 或 pytorch_model.bin，也没有 GGUF 文件：请换一个模型或版本"
                )
            }
            Self::ManyGguf { name, files } => {
                format!("{name} 有几个 GGUF 文件：请指明其中一个，例如 {}", several(name, files))
            }
            Self::Broken { file, done } => {
                let here = size(*done).replace("bytes", "字节");
                format!("下载 {file} 时连接中断（已有 {here}）：请再运行一次，会从断处继续")
            }
            Self::Damaged { file } => format!("收到的 {file} 与声明的不符，已丢弃：请再运行一次"),
            Self::DiskFull { folder, needed: Some(needed) } => format!(
                "{} 放不下另外 {}：请腾出空间，或把 HF_HOME 设到别的磁盘",
                folder.display(),
                size(*needed).replace("bytes", "字节")
            ),
            Self::DiskFull { folder, needed: None } => {
                format!("{} 已没有空间：请腾出空间，或把 HF_HOME 设到别的磁盘", folder.display())
            }
            Self::NoCache => "没有可以存放模型的文件夹：请把 HF_HOME 设为一个文件夹".to_owned(),
            Self::Io { path, kind } => {
                format!("无法读写 {}（{kind}）：请检查权限，或把 HF_HOME 设为别的文件夹", path.display())
            }
            Self::Stopped => "已停止：再运行一次，会从断处继续".to_owned(),
        }
    }
}

fn answer(what: Unlike) -> &'static str {
    match what {
        Unlike::Listing => "文件列表不对",
        Unlike::Index => "权重索引不对",
        Unlike::Tag => "文件没有可用的 ETag",
        Unlike::Range => "给的不是所要的那一段",
    }
}
