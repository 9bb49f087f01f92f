//! A tokenizer from a `SentencePiece` model (Kudo & Richardson 2018): `tokenizer.model`, `spiece.model`; the fields are those of
//! its `sentencepiece_model.proto`.

mod protobuf;

use super::{
    Tokenizer,
    parts::{self, Ids, SPACE_SIGN},
    plain, scored,
    settings::Settings,
};
use crate::text::{
    encoder::Encoder,
    error::{Fault, TokenizerError},
    normalize::{
        Step,
        charsmap::{Charsmap, Rule},
        white_space::WhiteSpace,
    },
    trie::Trie,
    vocabulary::{PieceKind, Vocabulary},
};
use protobuf::{Field, Message, PART, damaged};

/// `ModelProto`.
struct Model {
    vocabulary: Vocabulary,
    trainer: Trainer,
    white_space: WhiteSpace,
}

/// `TrainerSpec`, as far as it matters for use.
struct Trainer {
    kind: i64,
    begin: i64,
    end: i64,
}

/// `TrainerSpec.ModelType`.
const UNIGRAM: i64 = 1;
const BPE: i64 = 2;

/// Builds the tokenizer. Control pieces are found in text as they are spelled, as with every other kind of file; the library
/// itself takes such spellings for ordinary text.
pub(super) fn build(bytes: &[u8], settings: &Settings) -> Result<Tokenizer, TokenizerError> {
    let Model { mut vocabulary, trainer, white_space } = read(bytes)?;
    check(&vocabulary)?;
    let id = |id: i64| u32::try_from(id).ok().filter(|&id| (id as usize) < vocabulary.pieces.len());
    let unknown = (0..).zip(&vocabulary.kinds).find(|(_, kind)| **kind == PieceKind::Unknown).map(|(id, _)| id);
    if unknown.is_none() {
        return Err(TokenizerError::Field { part: PART, field: "<unk>" });
    }
    (vocabulary.bos, vocabulary.eos) = (id(trainer.begin), id(trainer.end));
    vocabulary.unknown = unknown;
    settings.add_to(&mut vocabulary)?;
    plain::check(&vocabulary)?;

    let mut tokenizer = plain::skeleton(&vocabulary, plain::spaced_text, |kind| kind == PieceKind::Control, false);
    tokenizer.encoder = match trainer.kind {
        UNIGRAM => Encoder::Unigram(scored::unigram(&vocabulary, false)?),
        BPE => Encoder::BytePairs(scored::byte_pairs(&vocabulary, false)?),
        other => return Err(TokenizerError::Unsupported { part: "model_type", kind: other.to_string() }),
    };
    if !vocabulary.charsmap.is_empty() {
        let mut kept = Trie::default();
        for ((id, piece), kind) in (0..).zip(&vocabulary.pieces).zip(&vocabulary.kinds) {
            if *kind == PieceKind::UserDefined {
                parts::check_sought(piece)?;
                kept.insert(piece.as_bytes(), id);
            }
        }
        let map = Charsmap::new(&vocabulary.charsmap, Rule::Longest(kept))?;
        tokenizer.normalizer.push(Step::Charsmap(Box::new(map)));
    }
    tokenizer.normalizer.push(Step::WhiteSpace(white_space));
    if white_space.prefix || white_space.squeeze {
        tokenizer.strip = Some((b' ', if white_space.squeeze { usize::MAX } else { 1 }));
    }
    put_marks(&mut tokenizer, trainer.kind, settings);
    Ok(tokenizer)
}

/// The marks around a text: those of `XLNet`, `ChatGLM` and ALBERT where their pieces are there, else the beginning for merged pieces (as
/// `LLaMA` has it) and the end for probable ones (as T5 has it), unless the settings say otherwise.
fn put_marks(tokenizer: &mut Tokenizer, kind: i64, settings: &Settings) {
    let all = |names: [&str; 2]| {
        let ids = names.map(|name| tokenizer.id_of(name).filter(|&id| tokenizer.is_special(id)));
        ids.iter().all(Option::is_some).then(|| ids.into_iter().flatten().collect::<Vec<_>>())
    };
    let begins = settings.add_bos_token.unwrap_or(kind == BPE);
    let ends = settings.add_eos_token.unwrap_or(kind == UNIGRAM);
    let (before, after) = if let Some(marks) = all(["<sep>", "<cls>"]) {
        (Vec::new(), marks)
    } else if let Some(marks) = all(["[gMASK]", "sop"]) {
        (marks, Vec::new())
    } else if let Some([before, after]) = all(["[CLS]", "[SEP]"]).as_deref() {
        (vec![*before], vec![*after])
    } else {
        let mark = |id: Option<u32>, wanted: bool| id.filter(|_| wanted).into_iter().collect();
        (mark(tokenizer.bos, begins), mark(tokenizer.eos, ends))
    };
    tokenizer.before = before;
    tokenizer.after = after;
}

fn check(vocabulary: &Vocabulary) -> Result<(), TokenizerError> {
    let mut seen = Ids::default();
    for (piece, id) in vocabulary.pieces.iter().zip(0..) {
        if seen.insert(piece.as_str().into(), id).is_some() {
            return Err(TokenizerError::DuplicatePiece { piece: piece.clone() });
        }
    }
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Model, TokenizerError> {
    let mut model = Model {
        vocabulary: Vocabulary::default(),
        trainer: Trainer { kind: UNIGRAM, begin: 1, end: 2 },
        white_space: WhiteSpace { prefix: true, squeeze: true, sign: SPACE_SIGN, suffix: false },
    };
    let mut message = Message::new(bytes);
    while let Some(field) = message.next()? {
        match field.number {
            1 => model.piece(field)?,
            2 => model.trainer(field)?,
            3 => model.normalizer(field)?,
            _ => {}
        }
    }
    Ok(model)
}

impl Model {
    fn piece(&mut self, field: Field<'_>) -> Result<(), TokenizerError> {
        let (mut piece, mut score, mut kind) = ("", 0.0, PieceKind::Normal);
        let mut message = field.message()?;
        while let Some(field) = message.next()? {
            match field.number {
                1 => piece = field.text()?,
                2 => score = field.float()?,
                3 => kind = PieceKind::from_number(field.integer()?),
                _ => {}
            }
        }
        if piece.is_empty() {
            return Err(damaged(field.at, Fault::Field));
        }
        self.vocabulary.pieces.push(piece.to_owned());
        self.vocabulary.scores.push(score);
        self.vocabulary.kinds.push(kind);
        Ok(())
    }

    fn trainer(&mut self, field: Field<'_>) -> Result<(), TokenizerError> {
        let mut message = field.message()?;
        while let Some(field) = message.next()? {
            match field.number {
                3 => self.trainer.kind = field.integer()?,
                24 => self.white_space.suffix = field.integer()? != 0,
                41 => self.trainer.begin = field.integer()?,
                42 => self.trainer.end = field.integer()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn normalizer(&mut self, field: Field<'_>) -> Result<(), TokenizerError> {
        let mut message = field.message()?;
        while let Some(field) = message.next()? {
            match field.number {
                2 => self.vocabulary.charsmap = field.bytes()?.to_vec(),
                3 => self.white_space.prefix = field.integer()? != 0,
                4 => self.white_space.squeeze = field.integer()? != 0,
                5 => self.white_space.sign = if field.integer()? == 0 { ' ' } else { SPACE_SIGN },
                _ => {}
            }
        }
        Ok(())
    }
}
