//! Cuts files with jieba-rs and with lmscope, one thread each, in turn; prints megabytes per second and the ratios of the
//! medians. Where the words of route and HMM are not jieba-rs's own, the difference is shown: lmscope cuts as jieba 0.42.1 does, from
//! which jieba-rs 0.11 departs where letters stand around `-`, `_` or `.` and at rare Chinese characters.

use std::time::Instant;

use jieba_rs::Jieba;
use lmscope::text::segment::Gold;
use lmscope::text::{Dictionary, Method, segment};

const ROUNDS: usize = 7;

fn main() {
    let jieba = Jieba::new();
    let dictionary = Dictionary::embedded();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a file");
        let lines: Vec<String> = match path.ends_with(".conllu") {
            true => Gold::read(&bytes).expect("gold").sentences.into_iter().map(|sentence| sentence.text).collect(),
            false => String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect(),
        };
        let size: usize = lines.iter().map(String::len).sum();
        println!("{path}: {} lines, {size} bytes", lines.len());
        for (hmm, method) in [(false, Method::Route), (true, Method::Hmm)] {
            let mut differ = 0;
            for line in &lines {
                let theirs: Vec<&str> = jieba.cut(line, hmm).iter().map(|token| token.word).collect();
                let ours: Vec<&str> =
                    segment(line, method, dictionary).iter().map(|word| &line[word.start..word.end]).collect();
                if theirs != ours {
                    differ += 1;
                    if differ <= 3 {
                        println!("  differs: {}\n      lmscope: {}", theirs.join("/"), ours.join("/"));
                    }
                }
            }
            println!("  {method}: {differ} lines differ");
        }
        let passes = (4_000_000 / size.max(1)).max(1);
        let mut times: Vec<(&str, Vec<f64>)> =
            ["jieba-rs", "jieba-rs hmm", "fmm", "bmm", "bimm", "route", "hmm"].map(|name| (name, Vec::new())).into();
        for _ in 0..ROUNDS {
            for (name, seconds) in &mut times {
                let start = Instant::now();
                let mut words = 0;
                let method = name.parse::<Method>().ok();
                let hmm = name.ends_with(" hmm");
                for _ in 0..passes {
                    for line in &lines {
                        words += match method {
                            Some(method) => segment(line, method, dictionary).len(),
                            None => jieba.cut(line, hmm).len(),
                        };
                    }
                }
                assert!(words > 0);
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
        let median = |seconds: &[f64]| {
            let mut sorted = seconds.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[sorted.len() / 2]
        };
        let (plain, hidden) = (median(&times[0].1), median(&times[1].1));
        for (name, seconds) in &times {
            let time = median(seconds);
            let rival = if name.ends_with("hmm") { hidden } else { plain };
            println!("  {name:13} {:7.1} MB/s   × {:.2}", (size * passes) as f64 / time / 1e6, rival / time);
        }
    }
}
