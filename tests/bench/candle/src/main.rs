//! Decoding speed of lmscope beside candle's quantised llama, on the same file and threads, in one run.
//!
//! ```text
//! cargo build --release
//! cd tests/bench/candle && cargo run --release -- SmolLM2-135M-Instruct.Q4_1.gguf [THREADS [PAIRS]]
//! ```
//!
//! Runs alternate, so that both see the same machine; each line is one pair, the last one the median of the ratios.

use std::{env, error::Error, fs::File, path::Path, process::Command, time::Instant};

use candle_core::{Device, Tensor, quantized::gguf_file};
use candle_transformers::models::quantized_llama::ModelWeights;

/// Tokens before decoding, and tokens decoded.
const PREFILL: usize = 16;
const DECODE: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let model = arguments.next().ok_or("which GGUF file?")?;
    let threads: usize = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let pairs: usize = arguments.next().map_or(Ok(7), |text| text.parse())?;
    // Read by candle's thread pool when it starts, which is later.
    // SAFETY: no other thread runs yet.
    unsafe { env::set_var("RAYON_NUM_THREADS", threads.to_string()) };
    let mut file = File::open(&model)?;
    let content = gguf_file::Content::read(&mut file)?;
    let mut weights = ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?;
    let mut ratios = Vec::new();
    for _ in 0..pairs {
        let ours = lmscope(&model, threads)?;
        let theirs = candle(&mut weights)?;
        ratios.push(ours / theirs);
        println!("decode {ours:6.1} beside {theirs:6.1} = {:.2}", ours / theirs);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio: decode {:.2}", ratios[pairs / 2]);
    Ok(())
}

/// candle's tokens per second.
fn candle(weights: &mut ModelWeights) -> Result<f64, Box<dyn Error>> {
    let prompt: Vec<u32> = (0..PREFILL as u32).map(|i| (i * 37 + 11) % 1000).collect();
    let mut logits = weights.forward(&Tensor::new(&prompt[..], &Device::Cpu)?.unsqueeze(0)?, 0)?;
    let start = Instant::now();
    for step in 0..DECODE {
        let token = logits.squeeze(0)?.argmax(0)?.to_scalar::<u32>()?;
        logits = weights.forward(&Tensor::new(&[[token]], &Device::Cpu)?, PREFILL + step)?;
    }
    Ok(DECODE as f64 / start.elapsed().as_secs_f64())
}

/// lmscope's tokens per second.
fn lmscope(model: &str, threads: usize) -> Result<f64, Box<dyn Error>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/release/lmscope");
    let (threads, prefill, decode) = (threads.to_string(), PREFILL.to_string(), DECODE.to_string());
    let output = Command::new(program)
        .args(["bench", "--json", "--model", model, "--threads", &threads, "--prefill", &prefill, "--decode", &decode])
        .output()?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    answer["decode_tokens_per_second"].as_f64().ok_or_else(|| "lmscope bench printed no rate".into())
}
