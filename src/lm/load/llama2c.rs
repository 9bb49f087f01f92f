//! llama2.c's checkpoints (Karpathy 2023, `export.py` of karpathy/llama2.c): the float32 versions 0 and 1.
//!
//! A few sizes, then every tensor as float32 in an order the sizes fix; nothing has a name. Here the tensors get GGUF's
//! names and the sizes GGUF's keys, because it is the same model with the same order of rotary pairs. Version 2 keeps
//! int8 numbers and their scales apart, which no stored type here does, and is refused by name.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use super::error::{Fault, Problem};
use super::foreign::{Foreign, recognise};
use super::gguf::{Given, Metadata};
use crate::lm::checkpoint::{Bytes, Checkpoint, Dtype, Header, Tensor};

/// `ak42`, which versions 1 and 2 begin with; version 0 begins with its sizes.
const MAGIC: u32 = 0x616b_3432;
/// Where the tensors of version 1 begin.
const HEADER_BYTES: usize = 256;
/// Far above any model, far below overflow when three are multiplied.
const MOST: usize = 1 << 20;
/// Layers, each of nine tensors.
const MOST_LAYERS: usize = 1 << 12;
/// `run.c` adds this under every root.
const NORM_EPSILON: f32 = 1e-5;

/// The sizes of a checkpoint, by llama2.c's names.
#[derive(Clone, Copy)]
struct Sizes {
    dim: usize,
    hidden_dim: usize,
    n_layers: usize,
    n_heads: usize,
    n_kv_heads: usize,
    vocab_size: usize,
    seq_len: usize,
    /// Whether the classifier is the embedding.
    shared: bool,
}

/// Whether the bytes are a llama2.c checkpoint: by the magic, or, where the sizes come first, because they add up to the
/// file's size. A file named `.bin` whose content is nothing else known is taken for one too, to say what is wrong in it.
pub(super) fn recognised(bytes: &Bytes, named_bin: bool) -> bool {
    let magic = bytes.starts_with(&MAGIC.to_le_bytes());
    let unknown = || recognise(bytes) == Foreign::Unknown;
    magic || (unknown() && (named_bin || read(bytes).is_ok()))
}

/// Reads the header and finds every tensor.
pub(super) fn read(bytes: &Bytes) -> Result<Checkpoint, Fault> {
    let mut cursor = Cursor::new(bytes);
    let versioned = bytes.starts_with(&MAGIC.to_le_bytes());
    if versioned {
        cursor.take(size_of_val(&MAGIC))?;
        let at = cursor.at();
        let version = cursor.u32()?;
        if version != 1 {
            return Err(Problem::Llama2cVersion { found: version }.at(at));
        }
    }
    let mut sizes = sizes(&mut cursor, versioned)?;
    if versioned {
        sizes.shared = cursor.take(1)? != [0];
        cursor.take(HEADER_BYTES - cursor.at())?;
    }
    let mut tensors = Tensors { bytes, at: cursor.at() as u64, found: BTreeMap::new() };
    if versioned { version_1(&mut tensors, sizes) } else { version_0(&mut tensors, sizes) }?;
    let length = bytes.len() as u64;
    if tensors.at < length {
        return Err(Problem::GoesOn { extra: length - tensors.at }.at(tensors.at as usize));
    }
    Ok(Checkpoint {
        header: Header::Gguf(metadata(sizes)),
        tensors: tensors.found,
        unread: BTreeMap::new(),
        files: Vec::new(),
        bytes: length,
    })
}

fn sizes(cursor: &mut Cursor<'_>, versioned: bool) -> Result<Sizes, Fault> {
    let mut shared = true;
    let mut size = |name: &'static str| -> Result<usize, Fault> {
        let at = cursor.at();
        let found = cursor.u32()?.cast_signed();
        let mut size = found;
        if name == "vocab_size" && !versioned {
            // Version 0 says with the sign whether the classifier is the embedding.
            shared = found > 0;
            size = found.saturating_abs();
        }
        let most = if name == "n_layers" { MOST_LAYERS } else { MOST };
        match usize::try_from(size) {
            Ok(size) if (1..=most).contains(&size) => Ok(size),
            _ => Err(Problem::Llama2cSize { name, found }.at(at)),
        }
    };
    let (dim, hidden_dim, n_layers) = (size("dim")?, size("hidden_dim")?, size("n_layers")?);
    let (n_heads, n_kv_heads) = (size("n_heads")?, size("n_kv_heads")?);
    let (vocab_size, seq_len) = (size("vocab_size")?, size("seq_len")?);
    let uneven = |whole, of, part, by| Problem::Llama2cUneven { whole, of, part, by }.at(cursor.at());
    if dim % n_heads != 0 {
        return Err(uneven("dim", dim, "n_heads", n_heads));
    }
    if n_heads % n_kv_heads != 0 {
        return Err(uneven("n_heads", n_heads, "n_kv_heads", n_kv_heads));
    }
    Ok(Sizes { dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len, shared })
}

/// Takes tensor after tensor off the file.
struct Tensors<'a> {
    bytes: &'a Bytes,
    at: u64,
    found: BTreeMap<String, Tensor>,
}

impl Tensors<'_> {
    /// The next tensor, of this shape.
    fn next(&mut self, name: String, shape: &[usize]) -> Result<(), Fault> {
        let elements = shape.iter().try_fold(4_u64, |product, size| product.checked_mul(*size as u64));
        let end = elements.and_then(|bytes| self.at.checked_add(bytes));
        let range = end.and_then(|end| Some(usize::try_from(self.at).ok()?..usize::try_from(end).ok()?));
        let Some(range) = range else {
            return Err(Problem::TooLarge { tensor: name }.at(self.at as usize));
        };
        let missing = (range.end as u64).saturating_sub(self.bytes.len() as u64);
        self.at = range.end as u64;
        let Some(bytes) = self.bytes.slice(range) else {
            return Err(Problem::EndsEarly { missing }.at(self.bytes.len()));
        };
        self.found.insert(name, Tensor { dtype: Dtype::F32, shape: shape.to_vec(), bytes, scale: 1.0 });
        Ok(())
    }

    /// The next tensor of every layer, one layer after the other.
    fn layers(&mut self, sizes: Sizes, name: &str, shape: &[usize]) -> Result<(), Fault> {
        (0..sizes.n_layers).try_for_each(|layer| self.next(format!("blk.{layer}.{name}.weight"), shape))
    }

    fn attention(&mut self, sizes: Sizes) -> Result<(), Fault> {
        let Sizes { dim, n_heads, n_kv_heads, .. } = sizes;
        let keys = dim / n_heads * n_kv_heads;
        self.layers(sizes, "attn_q", &[dim, dim])?;
        self.layers(sizes, "attn_k", &[keys, dim])?;
        self.layers(sizes, "attn_v", &[keys, dim])?;
        self.layers(sizes, "attn_output", &[dim, dim])
    }

    fn feed_forward(&mut self, sizes: Sizes) -> Result<(), Fault> {
        let Sizes { dim, hidden_dim, .. } = sizes;
        self.layers(sizes, "ffn_gate", &[hidden_dim, dim])?;
        self.layers(sizes, "ffn_down", &[dim, hidden_dim])?;
        self.layers(sizes, "ffn_up", &[hidden_dim, dim])
    }

    fn classifier(&mut self, sizes: Sizes) -> Result<(), Fault> {
        if sizes.shared { Ok(()) } else { self.next("output.weight".into(), &[sizes.vocab_size, sizes.dim]) }
    }
}

/// `legacy_export`: the classifier comes after two tables of rotary angles, which nothing reads any more.
fn version_0(tensors: &mut Tensors<'_>, sizes: Sizes) -> Result<(), Fault> {
    let Sizes { dim, n_heads, vocab_size, seq_len, .. } = sizes;
    tensors.next("token_embd.weight".into(), &[vocab_size, dim])?;
    tensors.layers(sizes, "attn_norm", &[dim])?;
    tensors.attention(sizes)?;
    tensors.layers(sizes, "ffn_norm", &[dim])?;
    tensors.feed_forward(sizes)?;
    tensors.next("output_norm.weight".into(), &[dim])?;
    for table in ["freq_cis_real", "freq_cis_imag"] {
        tensors.next(table.into(), &[seq_len, dim / n_heads / 2])?;
        tensors.found.remove(table);
    }
    tensors.classifier(sizes)
}

/// `version1_export`: the norms first.
fn version_1(tensors: &mut Tensors<'_>, sizes: Sizes) -> Result<(), Fault> {
    let Sizes { dim, vocab_size, .. } = sizes;
    tensors.layers(sizes, "attn_norm", &[dim])?;
    tensors.layers(sizes, "ffn_norm", &[dim])?;
    tensors.next("output_norm.weight".into(), &[dim])?;
    tensors.next("token_embd.weight".into(), &[vocab_size, dim])?;
    tensors.attention(sizes)?;
    tensors.feed_forward(sizes)?;
    tensors.classifier(sizes)
}

fn metadata(sizes: Sizes) -> Metadata {
    let counts = [
        ("llama.embedding_length", sizes.dim),
        ("llama.feed_forward_length", sizes.hidden_dim),
        ("llama.block_count", sizes.n_layers),
        ("llama.attention.head_count", sizes.n_heads),
        ("llama.attention.head_count_kv", sizes.n_kv_heads),
        ("llama.vocab_size", sizes.vocab_size),
        ("llama.context_length", sizes.seq_len),
    ];
    let counts = counts.map(|(key, count)| (key, Given::Count(count as u32)));
    let epsilon = ("llama.attention.layer_norm_rms_epsilon", Given::Number(NORM_EPSILON));
    let architecture = ("general.architecture", Given::Text("llama"));
    Metadata::given(counts.into_iter().chain([epsilon, architecture]))
}
