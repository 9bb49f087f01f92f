//! A language model as a compressor: an arithmetic coder driven by the model's distribution of each next token. Any bytes
//! come back as they were, whatever the tokenizer does to text.
//!
//! Bytes are cut into the model's tokens where a token stands for just those bytes, and into runs of raw bytes elsewhere.
//! Before each token a flag says which of the two follows; flags and raw bytes are coded by how often each came before.
//! The model reads one token at a time on both sides, on the same instruction set, and sees at most a window of them: when
//! the window is full, its second half is read anew as the beginning of the next.

mod container;
mod identity;
mod pieces;
mod predictor;

use std::fmt;
use std::ops::ControlFlow;

pub use container::Container;
pub use identity::Identity;
pub use identity::identity;

use super::arithmetic_coding::Decoder;
use super::arithmetic_coding::Encoder;
use super::arithmetic_coding::Frequencies;
use super::information::Total;
use crate::lm::ForwardError;
use crate::lm::Workspace;
use crate::model::Model;
use crate::model::NoTokenizer;
use crate::model::NotSound;
use pieces::Piece;
use predictor::Predictor;

/// The most tokens that the model sees unless told otherwise.
const WINDOW: usize = 1024;
/// The most bytes of one file: what is read back is checked against it before anything is computed.
pub const MOST_BYTES: u64 = 1 << 30;
/// How much a byte that was seen counts for more than one that was not (Krichevsky and Trofimov 1981: one over a half).
const SEEN: u64 = 2;
/// The symbol that ends a run of raw bytes.
const LEAVE: usize = 256;
const TOKEN: usize = 0;
const RAW: usize = 1;

/// Told how many bytes of how many are done; stops the work with `Break`.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>;

/// Why bytes could not be compressed, or not be brought back.
#[derive(Clone, Debug, PartialEq)]
pub enum CompressionError {
    /// The bytes are no compressed file.
    NotCompressed,
    /// Compressed by a version of the format that is not known here.
    Version(u8),
    /// The file is not as it was written.
    Damaged,
    /// Compressed with another model, of this name.
    OtherModel(String),
    /// Compressed on an instruction set that this machine has not: other roundings would give other tokens.
    OtherKernel(String),
    /// The file is as it was written, and the model computes other numbers here: the bytes are not those it stands for.
    Diverged,
    /// The model of this name fills in and does not go on.
    FillsIn(String),
    /// The model has no tokenizer.
    NoTokenizer(NoTokenizer),
    /// The forward pass gave nothing.
    Forward(ForwardError),
    /// The model computed something that is no number.
    NotFinite(NotSound),
    /// Progress asked to stop.
    Stopped,
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompressed => write!(f, "not a compressed file"),
            Self::Version(version) => write!(f, "compressed by format {version}"),
            Self::Damaged => write!(f, "damaged"),
            Self::OtherModel(name) => write!(f, "compressed with another model: {name}"),
            Self::OtherKernel(kernel) => write!(f, "compressed on {kernel}"),
            Self::Diverged => write!(f, "the model computes other numbers here"),
            Self::FillsIn(name) => write!(f, "{name} fills in and does not go on"),
            Self::NoTokenizer(error) => error.fmt(f),
            Self::Forward(error) => error.fmt(f),
            Self::NotFinite(error) => error.fmt(f),
            Self::Stopped => write!(f, "stopped"),
        }
    }
}

impl std::error::Error for CompressionError {}

impl From<ForwardError> for CompressionError {
    fn from(error: ForwardError) -> Self {
        Self::Forward(error)
    }
}

/// What compressing came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The bytes there were.
    pub bytes: usize,
    /// How many tokens the model was asked for.
    pub tokens: usize,
    /// The surprisals of these tokens together, in bits.
    pub token_bits: f64,
    /// Bytes that no token stands for.
    pub raw_bytes: usize,
    /// What these cost, with the flags that tell them from tokens, in bits.
    pub raw_bits: f64,
    /// How long the code is, in bits.
    pub code_bits: u64,
    /// The whole file: the code, what it needs to be read, and its checksums.
    pub file: Vec<u8>,
    /// How many tokens the model saw at most.
    pub window: usize,
    /// The instruction set.
    pub kernel: &'static str,
}

/// What both sides know of the symbols that are not tokens.
struct Habits {
    flags: Frequencies,
    bytes: Frequencies,
}

impl Habits {
    fn new() -> Self {
        Self { flags: Frequencies::uniform(2), bytes: Frequencies::uniform(LEAVE + 1) }
    }
}

/// Codes a symbol, and returns what it cost.
fn code(encoder: &mut Encoder, frequencies: &mut Frequencies, symbol: usize) -> f64 {
    let Some(share) = frequencies.share(symbol) else { return 0.0 };
    encoder.encode(share);
    frequencies.add(symbol, SEEN);
    share.bits()
}

/// Compresses bytes with a model that sees at most `window` tokens.
///
/// # Errors
/// The model has no tokenizer, does not go on with a text, or computes no numbers; `progress` asked to stop.
pub fn compress(
    model: &Model,
    bytes: &[u8],
    window: Option<usize>,
    threads: usize,
    progress: Progress<'_>,
) -> Result<Outcome, CompressionError> {
    let window = window.unwrap_or(WINDOW).min(model.engine.config.context).max(2);
    let workspace = Workspace::new(threads);
    let kernel = workspace.kernel();
    let mut predictor = Predictor::new(model, workspace, window)?;
    let tokenizer = model.tokenizer().map_err(CompressionError::NoTokenizer)?;
    let (mut encoder, mut habits) = (Encoder::default(), Habits::new());
    let (mut token_bits, mut raw_bits, mut tokens, mut raw_bytes) = (Total::default(), Total::default(), 0, 0);
    for piece in pieces::cut(tokenizer, bytes) {
        match piece {
            Piece::Token { id, end } => {
                raw_bits.add(code(&mut encoder, &mut habits.flags, TOKEN));
                let expected = predictor.expect()?;
                if let Some(share) = expected.frequencies.share(id as usize) {
                    encoder.encode(share);
                }
                token_bits.add(expected.surprisal(id));
                tokens += 1;
                predictor.push(id);
                go_on(progress(end, bytes.len()))?;
            }
            Piece::Raw(range) => {
                raw_bits.add(code(&mut encoder, &mut habits.flags, RAW));
                let end = range.end;
                raw_bytes += range.len();
                for &byte in &bytes[range] {
                    raw_bits.add(code(&mut encoder, &mut habits.bytes, usize::from(byte)));
                }
                raw_bits.add(code(&mut encoder, &mut habits.bytes, LEAVE));
                go_on(progress(end, bytes.len()))?;
            }
        }
    }
    let code_bits = encoder.bits();
    let container = Container::new(model, bytes, window, kernel, encoder.finish());
    Ok(Outcome {
        bytes: bytes.len(),
        tokens,
        token_bits: token_bits.bits(),
        raw_bytes,
        raw_bits: raw_bits.bits(),
        code_bits,
        file: container.to_bytes(),
        window,
        kernel,
    })
}

/// Brings back the bytes of a compressed file.
///
/// # Errors
/// The file is no compressed file, is damaged, stands for other bytes, or was made with another model or on an instruction set that this machine
/// has not; `progress` asked to stop.
pub fn decompress(
    model: &Model,
    file: &[u8],
    threads: usize,
    progress: Progress<'_>,
) -> Result<Vec<u8>, CompressionError> {
    let container = Container::read(file)?;
    if container.model != identity(model) {
        return Err(CompressionError::OtherModel(container.name));
    }
    let tokenizer = model.tokenizer().map_err(CompressionError::NoTokenizer)?;
    let Some(workspace) = Workspace::with_kernel(threads, &container.kernel) else {
        return Err(CompressionError::OtherKernel(container.kernel));
    };
    let window = container.window.clamp(2, model.engine.config.context.max(2));
    let mut predictor = Predictor::new(model, workspace, window)?;
    let (mut decoder, mut habits) = (Decoder::new(&container.code), Habits::new());
    let read = |decoder: &mut Decoder<'_>, frequencies: &mut Frequencies| {
        let symbol = decoder.decode(frequencies);
        frequencies.add(symbol, SEEN);
        if decoder.is_past_the_end() { Err(CompressionError::Diverged) } else { Ok(symbol) }
    };
    let mut bytes = Vec::new();
    while bytes.len() < container.length {
        if read(&mut decoder, &mut habits.flags)? == TOKEN {
            let id = decoder.decode(&predictor.expect()?.frequencies) as u32;
            let piece = pieces::bytes(tokenizer, id, bytes.is_empty());
            if piece.is_empty() || decoder.is_past_the_end() {
                return Err(CompressionError::Diverged);
            }
            bytes.extend_from_slice(&piece);
            predictor.push(id);
        } else {
            loop {
                match read(&mut decoder, &mut habits.bytes)? {
                    LEAVE => break,
                    byte => bytes.push(byte as u8),
                }
            }
        }
        go_on(progress(bytes.len(), container.length))?;
    }
    if container.holds(&bytes) { Ok(bytes) } else { Err(CompressionError::Diverged) }
}

fn go_on(flow: ControlFlow<()>) -> Result<(), CompressionError> {
    if flow.is_break() { Err(CompressionError::Stopped) } else { Ok(()) }
}
