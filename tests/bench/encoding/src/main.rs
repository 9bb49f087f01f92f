//! Encoding with cl100k on one thread: lmscope beside `tokenizers`, `tiktoken-rs` and `bpe-openai`, on the same texts in
//! one run.
//!
//! ```text
//! cd tests/bench/encoding && cargo run --release -- TOKENIZER.JSON TEXT…
//! ```
//!
//! `TOKENIZER.JSON` is cl100k's as Hugging Face writes it. The four take turns, so that all see the same machine; every
//! one has to find the same ids. A line for each text: MB/s of the best of the turns, and lmscope's ratios to the others.

use std::{env, error::Error, fs, time::Instant};

const TURNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    // The threads of `tokenizers` stay out of it.
    // SAFETY: no other thread runs yet.
    unsafe { env::set_var("RAYON_NUM_THREADS", "1") };
    let mut arguments = env::args().skip(1);
    let json = arguments.next().ok_or("which tokenizer.json?")?;
    let bytes = fs::read(&json)?;
    let ours = lmscope::text::Tokenizer::from_json(&bytes).map_err(|error| format!("{error:?}"))?;
    let hugging_face = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| error.to_string())?;
    let tiktoken = tiktoken_rs::cl100k_base()?;
    let bpe = bpe_openai::cl100k_base();
    for path in arguments {
        let text = fs::read_to_string(&path)?;
        let all: [(&str, &dyn Fn() -> Vec<u32>); 4] = [
            ("lmscope", &|| ours.encode_ids(&text)),
            ("tokenizers", &|| {
                let encoded = hugging_face.encode_fast(text.as_str(), false);
                encoded.map(|encoding| encoding.get_ids().to_vec()).unwrap_or_default()
            }),
            ("tiktoken-rs", &|| tiktoken.encode_ordinary(&text).into_iter().map(|id| id as u32).collect()),
            ("bpe-openai", &|| bpe.encode(&text)),
        ];
        let mut best = [f64::INFINITY; 4];
        let expected = all[3].1();
        for _ in 0..TURNS {
            for (slot, (name, encode)) in best.iter_mut().zip(&all) {
                let start = Instant::now();
                let ids = encode();
                *slot = slot.min(start.elapsed().as_secs_f64());
                if ids != expected {
                    let at = ids.iter().zip(&expected).take_while(|(a, b)| a == b).count();
                    return Err(format!("{name} finds other ids in {path}, first at {at}").into());
                }
            }
        }
        let speed = |time: f64| text.len() as f64 / 1e6 / time;
        let line = all.iter().zip(best).map(|((name, _), time)| format!("{name} {:.1}", speed(time)));
        let ratios = best.iter().skip(1).map(|time| format!("{:.1}", time / best[0]));
        println!("{path}: {} MB/s; ratios {}", line.collect::<Vec<_>>().join(", "), ratios.collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
