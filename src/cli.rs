//! The same content as text or JSON, without a screen: what scripts and tests drive.
//!
//! Results go to standard output, messages to standard error. The exit code is 0 when the work is done, 1 when it failed,
//! 2 when the command line was wrong; a reader that stops reading is no error.
//!
//! With `--json` each command prints one object on one line. A token is `id`, `text` and, where its bytes are no UTF-8 on
//! their own, `hex`; ranges are `[start, end]` in bytes of the text; what does not exist is null.
//!
//! - `tokenize`: `tokens` of a token and its `bytes`.
//! - `segment`: `method`, `words` of `text`, `bytes`, `known`.
//! - `tokenizers`: `bytes`, `characters`, `words`, `chinese_characters`, `parts` the text was read in, `tokenizers` of
//!   `name`, `tokens`, `bytes_per_token`, `tokens_per_word`, `tokens_per_chinese_character`, `used` (different ones),
//!   `vocabulary`, `entropy_bits` (per token), `entropy_bits_per_byte`, `agreement` with each in turn, `gold`
//!   (`words`, `found`, `right`, `precision`, `recall`, `f1`), `ends` of the pieces of a short text.
//! - `vocabulary`: `kind`, `size`, `found`, `pieces` of a token, its `spelling`, `length`, `rank`, `score`, `special`, and
//!   with `--unreachable` `unreachable` (`reason`, `proved`, `pieces` that come instead, `by`) and `reasons` counted. With
//!   `--tree`: `id`, `spelling`, `kind`, `tree` of `depth`, `id`, `text`, `bytes`, `rank`, and a `text` that gives the piece.
//! - `train-tokenizer`: with `--steps` first `steps` of `step`, `pair` and `second` (`left`, `right`, their `ids`, `count`,
//!   `score`), `joined`, its `id`, whether that is `new`, `rule` (`better`, `older_first`, `older_second`, `only`),
//!   `tokens_before`, `tokens_after`; then `algorithm`, `bytes`, `invalid_bytes`, `long_words` that were cut, `words`, `different_words`,
//!   `vocabulary_size`, `alphabet`, `merges`, `tokens_before`, `tokens_after`, `stopped` (`size`, `pairs`), `file`. Of `unigram`
//!   `seeds` (how many pieces it began with) in place of `merges`, and `steps` of `step`, `deed` (`fitted`, `pruned`,
//!   `finished`), `pieces_before`, `pieces_after`, `bits_per_word`, `kept` and `removed` (those nearest to the other: `text`
//!   and `expected`, `loss_bits` or `score_bits`), `unused`. Of `hmm`
//!   `algorithm`, `bytes`, `sentences`, `words`, `characters`, `file`, `steps` of `step`, `text`, `tags`,
//!   `new_characters`, `words`.
//! - `generate`: `model`, `prompt` (`text`, `ids`), the settings (`seed`, `temperature`, `top_k`, `top_p`, `min_p`), `text`
//!   (what was generated), `stopped` (`steps`, `end`, `context`), `steps` of a token and, by the model before the sampler,
//!   `probability`, `surprisal_bits`, `entropy_bits`, `rank` (from 1), then `sampler_probability`, `candidates`, `random`.
//!   With `--beam`: `model`, `prompt`, the settings, `steps` of `candidates` (`group`, `parent`, `fate` (`live`, `finished`,
//!   `ended`, `dropped`), `live` (its place), the token, `log_probability` and `paid` in nats, `score`), `stopped` by group
//!   (`full`, `unbeatable`, `length`, `exhausted`), `hypotheses` by score and `greedy`, each `text`, `score`,
//!   `log_probability`, `paid`, `bits`, `ended`, `group`, `tokens` of a token, `surprisal_bits`, `entropy_bits`, `rank`.
//! - `fill`: `model`, `ids`, `hidden` of an `index`, the `token` there, `entropy_bits`, `candidates` of a token with
//!   `probability` and `surprisal_bits`.
//! - `repetition`: `model`, `tokens`, `grams` of an `n` (how many are `all` and `distinct`, `rep` and `distinct_share` from 0
//!   to 1, the `most` repeated `text` and its `times`), `longest` (`start`, `before`, `length`, `text`), `copied` from the
//!   prompt (`share`, `tokens`, `spans`), `loops` (`start`, `period`, `copies`, `length`, `text`), `probe` (`text`, `copies`
//!   by how often it was said `before`: mean `probability`, the shares `increased` and `greedy`), `heads` (`measured_on`
//!   the `text` or `random` tokens, `places`, `ranked` by `score`). Tokens, layers and heads count from 0.
//! - `score`: `model`, `tokens` of a token, its `bytes`, `surprisal_bits`, `probability`, `rank`, `entropy_bits`,
//!   `cumulative_bits`; `scored`, `bits`, `nats`, `cross_entropy_bits` and `cross_entropy_nats` (per scored token),
//!   `perplexity` (2 to the former), `bits_per_byte` and `bits_per_character` (of the whole text), `bytes`, `characters`, and
//!   `window` and `stride` where the text is longer than a window. With `--by`, `by` and `units` of `text`, `bytes`,
//!   `surprisal_bits`, `tokens` (their range) and `shared`: whether a token reaches over an edge and was shared by bytes.
//!   The first token has nothing before it and is not scored. A model that fills in scores every token from all others
//!   (`pseudo` is true), one with an encoder the text after its `source`.
//! - `compare`: `p` and `q` (`model`, `temperature`), `vocabulary` (`same`, `different`), `first_difference`; of the same
//!   vocabulary `entropy_p_bits`, `entropy_q_bits`, `cross_entropy_pq_bits`, `cross_entropy_qp_bits`, `kl_pq_bits`,
//!   `kl_qp_bits`, `js_bits`, `identity_error_bits` (null where infinite), `compared` (how many distributions were added
//!   up), `tokens` of a token, `p`, `q` and what it adds to the divergences, and with `--along` `along`: these measures
//!   before each token. Of different vocabularies, in `p` and `q`: `scored`, `bits`, `bits_per_byte`, `bits_per_character`.
//! - `compress`: `model`, `file`, `bytes`, `compressed_bytes`, `code_bits`, `tokens`, `surprisal_bits`, `raw_bytes`,
//!   `raw_bits`, `bits_per_byte`, `ratio`, `window`, `kernel`, `rivals` of `name`, `bytes`, `ratio`.
//! - `decompress`: `model`, `file`, `bytes`.
//! - `trace`: `model`, `file`, `ids`, `decoder_ids`, `mask`, `layers`, `arrays`, `interventions`.
//! - `attention`: `model`, `mask`, `interventions`, `tokens` and `keys` (the source's, of cross attention); of every head
//!   `heads` of `layer`, `head`, `habit`, `score`, `entropy_bits`, `distance`, `effective_rank`; of a grid `layer`, `head`,
//!   `of` (`head`, `average`, `rollout`), `rows` of weights; of a cell `cell` (`q` and `k` `before` and `after` rotary
//!   positions, `v`), `scale`, `cap`, `greatest`, `sum`, `mixture`, `written`, `row` of `product`, `scaled`, `capped`,
//!   `distance`, `score`, `visible`, `shifted`, `exponential`, `weight`. With `--qkv` `scale` and `rows` of a `row`,
//!   `greatest`, `sum`, `mixture`.
//! - `lens`: `model`, `mask`, `interventions`, `positions` of `position`, a token, `choice`, `settled`, `layers` of `after`,
//!   `norm`, `entropy_bits`, `choice_rank`, `choice_probability`, `top` of a token and `probability`.
//! - `attribute`: `model`, `mask`, `interventions`, `position`, `token`, `logit`, `sum`, `capped` (the sum, bent), the
//!   `difference` of logit and sum, `norms_held`, `gate_held`, `parts` of `part`, `layer`, `head`, `logit`, and
//!   `stream_norms`.
//! - `architectures`: `model`, its `objective`, `architectures` of `architecture`, `objective`, `mask`, `families`, `found` on
//!   this machine, `input` of `given`, `id`, `place` in the sentence, `asked`, `bits`, the same of a `decoder`, `order`, `bits`.
//! - `masks`: `model`, `objective`, `own` (its mask), `tokens`, `layer` and `head` (from 0), `masks` of a `mask`, whether it
//!   is the `own`, the `way` a token is foretold (`next`, `hidden`, `query`; null without a head), `foretold` (how many are),
//!   `bits`, `bits_per_token`, `own_bits_per_token` (of the same tokens under the own mask), `peeked_bits_per_token` (what a pass that sees the answers would charge), `kl_bits_per_token`
//!   (from the own mask), `costs` (`bits`, `peeked`, `kl` by token), `visible` and `weights` by row, `query_weights` of a
//!   second stream. With `--rank`: `width` of a head, `heads` of `layer`, `head`, `causal` and `both_ways` (`singular`,
//!   `numerical`, `effective`, `log10_determinant`, `full`), `products` (the rank of q·kᵀ). With `--reuse`: `reuse` of a
//!   `reading`, `own`, `before`, `added`, `reused`, `share`, `going_on_ms`, `anew_ms`.
//! - `length`: `model`, `tokens`, `budget` (of the cache), `strategies` of a `strategy`, `bits` and `bits_per_token` of the
//!   same tokens, `lost_bits_per_token` (against `full`), `held` (at most), `seconds`, and `tokens` of `at`, `bits`, `kept`
//!   (ranges of the text that the cache held) and what the model had `written` before them. With `--cost`: `threads`,
//!   `points` of `tokens`, `cache_bytes`, `kept_bytes`, `prefill_ms`, `step_ms`, `quadratic_share`, and `prefill_fit` and
//!   `step_fit`: a, b, c of a + b·n + c·n² in milliseconds.
//! - `models`: `embedded` and `families`; of one model its names, sizes, `architecture`, `runs` and, where it does not,
//!   `reason`, `blueprint`, `parameters`, `bytes`, `memory` (`weights`, `per_token`, `context`), `tensors` by type,
//!   `every_tensor` (`name`, `dtype`, `shape`, `bytes`); with `--check`, `tensors` read and those `not_finite`; of
//!   several `models`.
//! - `bench`: `model`, `threads`, `prefill`, `decode`, `prefill_tokens_per_second`, `decode_tokens_per_second`
//!   (null for a model that fills in).
//! - without a command: `model`, `text`, `tokens` with `surprisal_bits`, `next` with `probability`, `entropy_bits`.

mod architectures;
mod arguments;
mod attention;
mod attribute;
mod beam;
mod bench;
mod compare;
mod compress;
mod failure;
mod fetch;
mod file;
mod fill;
mod generate;
mod glance;
mod help;
mod input;
mod length;
mod lens;
mod looked;
mod masks;
mod meter;
mod models;
mod output;
mod repetition;
mod score;
mod segment;
mod session;
mod tokenize;
mod tokenizers;
mod trace;
mod train_tokenizer;
mod vocabulary;
mod windows;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;

pub use arguments::{
    Algorithm, Architectures, Attention, Attribute, Beam, Bench, Changes, Choose, Common, Compare, Compress,
    Decompress, ExploreOptions, Fill, Generate, Invocation, KindOfAttention, Length, Lens, Looked, Masks, Models,
    Numbers, Repetition, Sampling, Score, Segment, Source, Subcommand, Tokenize, Tokenizers, Trace, TrainTokenizer,
    Units, Vocabulary,
};
pub use failure::Failure;

use crate::ui::Language;
use output::Output;

/// Where a command reads from and writes to.
pub struct Streams<'a> {
    /// What `-` reads.
    pub input: &'a mut dyn Read,
    /// Results.
    pub output: &'a mut dyn Write,
    /// Messages.
    pub errors: &'a mut dyn Write,
}

/// Reads the command line of the process. Where it asks for help, or is wrong, that is said and the exit code returned.
///
/// # Errors
/// The exit code: 0 after `--help` and `--version`, 2 after a wrong command line.
pub fn parse() -> Result<Invocation, ExitCode> {
    let locale = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(locale).unwrap_or_default();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let language = help::language(&arguments, &locale);
    arguments::read(arguments, language).map_err(|error| {
        match complaint(&error, language) {
            Some(complaint) => drop(io::stderr().write_all(complaint.as_bytes())),
            None => drop(error.print()),
        }
        code(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// Runs a command, or the explorer's text form, on the standard streams.
pub fn run(invocation: &Invocation) -> ExitCode {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let mut streams = Streams {
        input: &mut stdin.lock(),
        output: &mut io::BufWriter::new(stdout.lock()),
        errors: &mut stderr.lock(),
    };
    code(run_on(invocation, &mut streams))
}

/// Reads `arguments` (the first is the program's name) and runs them on `streams`; gives the exit code.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>, locale: &str, streams: &mut Streams<'_>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let language = help::language(&arguments, locale);
    match arguments::read(arguments, language) {
        Ok(invocation) => run_on(&invocation, streams),
        Err(error) => {
            let to: &mut dyn Write = if error.use_stderr() { streams.errors } else { streams.output };
            let said = complaint(&error, language).unwrap_or_else(|| error.to_string());
            let _ = to.write_all(said.as_bytes());
            u8::try_from(error.exit_code()).unwrap_or(2)
        }
    }
}

/// What is wrong with a command line, where clap does not say it in the language.
fn complaint(error: &clap::Error, language: Language) -> Option<String> {
    (language == Language::Chinese).then(|| help::complaint(error)).flatten()
}

fn run_on(invocation: &Invocation, streams: &mut Streams<'_>) -> u8 {
    let common = invocation.common();
    let language = common.language;
    let mut output = Output::new(streams.output, language);
    let result = match invocation {
        Invocation::Explore(options) => glance::run(options, streams.input, &mut output),
        Invocation::Subcommand(common, subcommand) => match subcommand {
            Subcommand::Tokenize(options) => tokenize::run(common, options, streams.input, &mut output),
            Subcommand::Segment(options) => segment::run(common, options, streams.input, &mut output),
            Subcommand::Tokenizers(options) => tokenizers::run(common, options, streams.input, &mut output),
            Subcommand::Vocabulary(options) => vocabulary::run(common, options, &mut output),
            Subcommand::TrainTokenizer(options) => {
                train_tokenizer::run(common, options, streams.input, streams.errors, &mut output)
            }
            Subcommand::Generate(options) => generate::run(common, options, streams.input, &mut output),
            Subcommand::Fill(options) => fill::run(common, options, streams.input, &mut output),
            Subcommand::Score(options) => score::run(common, options, streams.input, &mut output),
            Subcommand::Repetition(options) => repetition::run(common, options, streams.input, &mut output),
            Subcommand::Compare(options) => compare::run(common, options, streams.input, &mut output),
            Subcommand::Compress(options) => compress::compress(common, options, streams.input, &mut output),
            Subcommand::Decompress(options) => compress::decompress(common, options, streams.input, &mut output),
            Subcommand::Trace(options) => trace::run(common, options, streams.input, &mut output),
            Subcommand::Attention(options) => attention::run(common, options, streams.input, &mut output),
            Subcommand::Lens(options) => lens::run(common, options, streams.input, &mut output),
            Subcommand::Attribute(options) => attribute::run(common, options, streams.input, &mut output),
            Subcommand::Architectures(options) => architectures::run(common, options, streams.input, &mut output),
            Subcommand::Masks(options) => masks::run(common, options, streams.input, &mut output),
            Subcommand::Length(options) => length::run(common, options, streams.input, &mut output),
            Subcommand::Models(options) => models::run(common, options, &mut output),
            Subcommand::Bench(options) => bench::run(common, options, &mut output),
        },
    };
    match result.and_then(|()| output.flush()) {
        Ok(()) | Err(Failure::NobodyReads) => 0,
        Err(failure) => {
            let _ = writeln!(streams.errors, "lmscope: {}", failure.say(language));
            failure.code()
        }
    }
}

fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
