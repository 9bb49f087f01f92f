//! Architectures on one sentence: who sees whom, what is given, what is asked, and what a model of the kind makes of it.

mod generator;
mod picture;
mod stand_in;

pub use generator::Exchange;
pub use generator::exchange;
pub use picture::Cell;
pub use picture::Role;
pub use picture::first_in_view;
pub use picture::picture;
pub use stand_in::stand_in;

use crate::lab::masks;
use crate::lab::masks::TrialError;
use crate::lab::masks::objective;
use crate::lab::masks::objective::Example;
use crate::lab::masks::objective::Piece;
use crate::lm::Distribution;
use crate::lm::FAMILIES;
use crate::lm::Input;
use crate::lm::Mask;
use crate::lm::NotFinite;
use crate::lm::Position;
use crate::lm::Transformer;
use crate::lm::Workspace;
use crate::lm::blueprint::Objective;
use crate::model::Found;
use crate::model::Model;
use crate::text::Tokenizer;
use crate::ui::Language;
use crate::ui::Message;
use crate::ui::safe;

/// How the stacks of a model are put together, and who sees whom in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// One stack that only looks back.
    DecoderOnly,
    /// One stack whose first part sees itself whole.
    Prefix,
    /// One stack that sees everything.
    EncoderOnly,
    /// A stack that sees everything, and one that looks back and across to it.
    EncoderDecoder,
    /// One stack that looks back along an order drawn by chance.
    Permutation,
}

/// Every objective, those of one architecture beside one another.
pub const OBJECTIVES: [Objective; 10] = [
    Objective::NextToken,
    Objective::LongBlank,
    Objective::BlankFilling,
    Objective::Unified,
    Objective::MaskedTokens,
    Objective::ReplacedTokens,
    Objective::SpanCorruption,
    Objective::Denoising,
    Objective::Translation,
    Objective::Permutation,
];

impl Architecture {
    /// Every architecture.
    pub const ALL: [Self; 5] =
        [Self::DecoderOnly, Self::Prefix, Self::EncoderOnly, Self::EncoderDecoder, Self::Permutation];

    /// What is trained on an objective.
    pub fn of(objective: Objective) -> Self {
        match objective {
            Objective::NextToken | Objective::LongBlank => Self::DecoderOnly,
            Objective::BlankFilling | Objective::Unified => Self::Prefix,
            Objective::MaskedTokens | Objective::ReplacedTokens => Self::EncoderOnly,
            Objective::SpanCorruption | Objective::Denoising | Objective::Translation => Self::EncoderDecoder,
            Objective::Permutation => Self::Permutation,
        }
    }

    /// The name, as the field has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DecoderOnly => "decoder-only",
            Self::Prefix => "prefix",
            Self::EncoderOnly => "encoder-only",
            Self::EncoderDecoder => "encoder-decoder",
            Self::Permutation => "permutation",
        }
    }

    /// What it is, in a line.
    pub fn message(self) -> Message {
        match self {
            Self::DecoderOnly => Message::DecoderOnlyIs,
            Self::Prefix => Message::PrefixIs,
            Self::EncoderOnly => Message::EncoderOnlyIs,
            Self::EncoderDecoder => Message::EncoderDecoderIs,
            Self::Permutation => Message::PermutationIs,
        }
    }
}

/// What is asked of a model in training, in a line.
pub fn asks(objective: Objective) -> Message {
    match objective {
        Objective::NextToken => Message::AsksNext,
        Objective::BlankFilling => Message::AsksBlanks,
        Objective::LongBlank => Message::AsksLongBlank,
        Objective::Unified => Message::AsksUnified,
        Objective::MaskedTokens => Message::AsksMasked,
        Objective::ReplacedTokens => Message::AsksReplaced,
        Objective::SpanCorruption => Message::AsksSpans,
        Objective::Denoising => Message::AsksDenoised,
        Objective::Translation => Message::AsksTranslation,
        Objective::Permutation => Message::AsksPermuted,
    }
}

/// The families whose best-known model was trained on an objective.
pub fn families(objective: Objective) -> Vec<&'static str> {
    FAMILIES.iter().filter(|family| (family.typical)().objective == objective).map(|family| family.name).collect()
}

/// One place of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What is given there.
    pub given: Named,
    /// What is asked for there.
    pub asked: Option<Named>,
    /// What that costs the model, in bits, where it was trained on this.
    pub bits: Option<f64>,
    /// How likely the model takes it to be that the token took another's place, where it tells replaced tokens.
    pub replaced: Option<f64>,
    /// The position in the text and that in the blank, where a token has two.
    pub positions: Option<(usize, usize)>,
}

/// A piece with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What it is.
    pub piece: Piece,
    /// How it is written.
    pub label: String,
    /// Its id in the model's vocabulary, where it has one.
    pub id: Option<u32>,
}

/// An objective's example on a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The model whose vocabulary and numbers these are.
    pub model: String,
    /// The objective.
    pub objective: Objective,
    /// The stack that reads; what it has to say too, where it is the only one.
    pub first: Vec<Place>,
    /// Who sees whom in it.
    pub first_mask: Mask,
    /// The decoder behind it.
    pub decoder: Option<Vec<Place>>,
    /// The order in which tokens are foretold, where it is drawn.
    pub order: Option<Vec<usize>>,
    /// The tokens that gave way to others.
    pub exchanged: Vec<Exchange>,
}

/// The example of an objective on the tokens of a sentence, in the words of a model's vocabulary; chance is the seed's alone.
pub fn scene(model: &Model, tokens: &[u32], objective: Objective, seed: u64) -> Scene {
    let example = objective::example(objective, tokens.len(), seed);
    let speller = Speller { model, tokens, objective };
    let first_mask = mask_of(objective, &example, tokens.len());
    let Example { input, decoder, target, order } = example;
    let asked: Vec<Option<Named>> = target.into_iter().map(|piece| piece.map(|piece| speller.name(piece))).collect();
    let places = |given: Vec<Piece>, asked: Vec<Option<Named>>| -> Vec<Place> {
        let asked = asked.into_iter().chain(std::iter::repeat(None));
        given
            .into_iter()
            .zip(asked)
            .map(|(piece, asked)| Place {
                given: speller.name(piece),
                asked,
                bits: None,
                replaced: None,
                positions: None,
            })
            .collect()
    };
    let exchanged = input.iter().enumerate().filter_map(|(place, piece)| match piece {
        &Piece::Replaced(at, _) => Some(Exchange { place, stood: speller.name(Piece::Token(at)).label, by: None }),
        _ => None,
    });
    let exchanged = exchanged.collect();
    let positions = if objective == Objective::BlankFilling { objective::two_positions(&input) } else { Vec::new() };
    let (mut first, decoder) = match decoder {
        Some(decoder) => (places(input, Vec::new()), Some(places(decoder, asked))),
        None => (places(input, asked), None),
    };
    for (place, two) in first.iter_mut().zip(positions) {
        place.positions = Some(two);
    }
    Scene { model: model.name.clone(), objective, first, first_mask, decoder, order, exchanged }
}

/// Who sees whom in the stack that reads.
fn mask_of(objective: Objective, example: &Example, length: usize) -> Mask {
    match objective {
        Objective::NextToken | Objective::LongBlank => Mask::Causal,
        Objective::BlankFilling => {
            let text = example.input.iter().position(|piece| *piece == Piece::Start);
            Mask::Prefix(text.unwrap_or(example.input.len()))
        }
        Objective::Unified => Mask::SeqToSeq(length / 2),
        Objective::Permutation => Mask::Permutation(example.order.clone().unwrap_or_default()),
        _ => Mask::Bidirectional,
    }
}

struct Speller<'a> {
    model: &'a Model,
    tokens: &'a [u32],
    objective: Objective,
}

impl Speller<'_> {
    fn name(&self, piece: Piece) -> Named {
        let id = self.id(piece);
        let spelled = || {
            let id = id?;
            let tokenizer = self.model.tokenizer.as_ref()?;
            let spelling = safe::token_label(tokenizer.piece(id));
            Some(spelling).filter(|spelling| !spelling.is_empty())
        };
        let label = match piece {
            Piece::Token(_) | Piece::Replaced(..) => {
                spelled().unwrap_or_else(|| id.map_or_else(String::new, |id| format!("#{id}")))
            }
            Piece::Changed(changed) => if changed { "≠" } else { "=" }.to_owned(),
            // As T5's figure 2 has them; its vocabulary spells them <extra_id_0> and so on.
            Piece::Sentinel(number) => match ["<X>", "<Y>", "<Z>"].get(number) {
                Some(&sign) => sign.to_owned(),
                None => format!("<{number}>"),
            },
            Piece::Mask => spelled().unwrap_or_else(|| self.mask().to_owned()),
            Piece::Start if self.objective == Objective::BlankFilling => "<sop>".to_owned(),
            Piece::Start if self.objective == Objective::LongBlank => spelled().unwrap_or_else(|| "<sop>".to_owned()),
            Piece::End if self.objective == Objective::BlankFilling => "<eop>".to_owned(),
            Piece::Start => spelled().unwrap_or_else(|| "<s>".to_owned()),
            Piece::End => spelled().unwrap_or_else(|| "</s>".to_owned()),
        };
        Named { piece, label, id }
    }

    fn mask(&self) -> &'static str {
        match self.objective {
            Objective::Denoising => "<mask>",
            Objective::LongBlank => "[gMASK]",
            _ => "[MASK]",
        }
    }

    fn id(&self, piece: Piece) -> Option<u32> {
        let tokenizer = self.model.tokenizer.as_ref();
        let vocabulary = self.model.engine.config.vocabulary as u64;
        match piece {
            Piece::Token(at) => self.tokens.get(at).copied(),
            Piece::Replaced(_, chance) => Some(((u64::from(chance) * vocabulary) >> 32) as u32),
            Piece::Mask if self.objective == Objective::LongBlank => tokenizer?.id_of("[gMASK]"),
            Piece::Mask => self.model.mask(),
            Piece::Sentinel(number) => tokenizer?.id_of(&format!("<extra_id_{number}>")),
            // GLM-4 writes it with brackets, ChatGLM2 and ChatGLM3 without.
            Piece::Start if self.objective == Objective::LongBlank => {
                ["<sop>", "sop"].into_iter().find_map(|name| tokenizer?.id_of(name))
            }
            Piece::Start => self.model.engine.config.decoder_start.or_else(|| tokenizer?.bos()),
            Piece::End => tokenizer.and_then(Tokenizer::eos),
            Piece::Changed(_) => None,
        }
    }
}

/// Whether a model that was trained on `own` was trained on `objective`: the first of `UniLM`'s three masks is BERT's (Dong et
/// al. 2019, section 2.3).
pub fn trained_on(own: Objective, objective: Objective) -> bool {
    own == objective || (own, objective) == (Objective::Unified, Objective::MaskedTokens)
}

/// Whether a model can be asked: it was trained on this objective, and has what the example needs.
pub fn can_ask(model: &Model, scene: &Scene) -> bool {
    let engine = &model.engine;
    let has_ids = |places: &[Place]| places.iter().all(|place| place.given.id.is_some());
    let has_head = match scene.objective {
        Objective::ReplacedTokens => engine.has_detector(),
        _ => engine.has_head(),
    };
    // A sentence alone does not say what its translation is.
    trained_on(engine.blueprint.objective, scene.objective)
        && scene.objective != Objective::Translation
        && has_head
        && has_ids(&scene.first)
        && scene.decoder.as_deref().is_none_or(has_ids)
}

/// Asks a model: fills in what each thing that is asked costs it. Nothing is filled in where it [cannot be
/// asked](can_ask).
///
/// # Errors
/// The text is longer than the context; a logit that is no number; stopped by `go_on`.
pub fn ask(
    model: &Model,
    scene: &mut Scene,
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
) -> Result<(), TrialError> {
    if !can_ask(model, scene) {
        return Ok(());
    }
    let engine = &model.engine;
    let ids = |places: &[Place]| -> Vec<u32> { places.iter().filter_map(|place| place.given.id).collect() };
    let first = ids(&scene.first);
    if let Objective::Permutation = scene.objective {
        return foretold(engine, scene, &first, workspace, go_on);
    }
    if let Some(decoder) = &mut scene.decoder {
        let source = engine.encode(&first, workspace, go_on)?;
        let tokens = ids(decoder);
        let said = engine.extend(&source, &tokens, &engine.blueprint.mask, workspace, go_on)?;
        return price(engine, decoder, &said, workspace);
    }
    // What the template puts around a text stands around it here too, where the example has no signs of its own.
    let own_signs = scene.objective == Objective::LongBlank;
    let template = model.tokenizer.as_ref().filter(|_| !own_signs).map(Tokenizer::template);
    let (before, after) = template.unwrap_or_default();
    let tokens = [before, &first, after].concat();
    let mask = match &scene.first_mask {
        Mask::SeqToSeq(source) => Mask::SeqToSeq(source + before.len()),
        Mask::Causal => engine.blueprint.mask.clone(),
        mask => mask.clone(),
    };
    let segments = match mask {
        Mask::SeqToSeq(source) if engine.config.segments > 1 => {
            (0..tokens.len()).map(|at| u32::from(at >= source)).collect()
        }
        _ => Vec::new(),
    };
    let input = Input { tokens: &tokens, segments: &segments };
    let read = engine.extend(&[], input, &mask, workspace, go_on)?;
    let read = read.get(before.len()..).unwrap_or_default();
    if scene.objective == Objective::ReplacedTokens {
        return tell(engine, &mut scene.first, read, workspace);
    }
    price(engine, &mut scene.first, read, workspace)
}

fn foretold(
    engine: &Transformer,
    scene: &mut Scene,
    tokens: &[u32],
    workspace: &mut Workspace,
    go_on: &dyn Fn() -> bool,
) -> Result<(), TrialError> {
    let text = masks::Text { tokens, source: &[], hide: None };
    let told = masks::foretell(engine, text, &scene.first_mask, workspace, go_on, &mut |_| ())?;
    let costs = masks::costs(engine, tokens, &told, &told, workspace, go_on)?;
    for (place, cost) in scene.first.iter_mut().zip(costs) {
        place.bits = cost.bits.filter(|_| place.asked.is_some());
    }
    Ok(())
}

/// Fills in what is asked at each place, by the distribution of the position that was computed for it.
fn price(
    engine: &Transformer,
    places: &mut [Place],
    positions: &[Position],
    workspace: &mut Workspace,
) -> Result<(), TrialError> {
    let wanted = places.iter_mut().zip(positions).filter_map(|(place, position)| {
        let id = place.asked.as_ref()?.id?;
        Some(((place, id), position.clone()))
    });
    let (wanted, there): (Vec<_>, Vec<_>) = wanted.unzip();
    let logits = engine.logits(&there, workspace)?;
    let rows = logits.chunks_exact(engine.config.vocabulary.max(1));
    for ((place, id), row) in wanted.into_iter().zip(rows) {
        place.bits = Some(Distribution::new(row.to_vec())?.surprisal_bits(id));
    }
    Ok(())
}

/// Fills in how likely each token is a replaced one, and what the truth costs.
fn tell(
    engine: &Transformer,
    places: &mut [Place],
    positions: &[Position],
    workspace: &mut Workspace,
) -> Result<(), TrialError> {
    let positions = positions.get(..places.len()).unwrap_or(positions);
    for (index, (place, chance)) in places.iter_mut().zip(engine.detect(positions, workspace)?).enumerate() {
        if !chance.is_finite() {
            return Err(NotFinite { index, value: chance as f32 }.into());
        }
        let is = place.asked.as_ref().is_some_and(|asked| asked.piece == Piece::Changed(true));
        place.replaced = Some(chance);
        place.bits = Some(-(if is { chance } else { 1.0 - chance }).log2());
    }
    Ok(())
}

impl Scene {
    /// Every place where something is asked.
    pub fn asked(&self) -> impl Iterator<Item = &Place> {
        let places = self.decoder.as_ref().unwrap_or(&self.first);
        places.iter().filter(|place| place.asked.is_some())
    }

    /// How many bits the model needs for everything that is asked, where it was asked.
    pub fn bits(&self) -> Option<f64> {
        let bits: Vec<f64> = self.asked().filter_map(|place| place.bits).collect();
        (!bits.is_empty()).then(|| bits.iter().sum())
    }
}

/// What is said of an example below its picture: the families, the models on this machine, what the open model needs.
pub fn said(scene: &Scene, model: &Model, found: &[Found], language: Language) -> Vec<String> {
    let of_kind = found.iter().filter(|found| trained_on(found.objective, scene.objective));
    let here: Vec<String> = of_kind.map(|found| format!("{} ({})", safe::visible(&found.spec), found.family)).collect();
    let none_is_read = families(scene.objective).is_empty();
    let here = match here.join(", ") {
        none if none.is_empty() && none_is_read => language.text(Message::ArchitectureLongBlankLeft).to_owned(),
        none if none.is_empty() => language.text(Message::ArchitectureNotFound).to_owned(),
        here => language.say(Message::ArchitectureFound, &[&here]),
    };
    let name = safe::visible(&scene.model);
    let stands_in = scene.model != model.name;
    let own = model.engine.blueprint.objective;
    let asked = scene.asked().filter(|place| place.bits.is_some()).count();
    let needs = match scene.bits() {
        Some(bits) => {
            let each = format!("{:.3}", bits / asked as f64);
            Some(language.say(Message::ArchitectureCosts, &[&name, &format!("{bits:.2}"), &asked, &each]))
        }
        None if stands_in => None,
        None if !trained_on(own, scene.objective) => {
            Some(language.say(Message::ArchitectureOther, &[&name, &language.term(own.name())]))
        }
        None if can_ask(model, scene) => None,
        None if scene.objective == Objective::ReplacedTokens => {
            Some(language.say(Message::ArchitectureNoDetector, &[&name]))
        }
        None => Some(language.say(Message::ArchitectureCannot, &[&name])),
    };
    let families = match families(scene.objective).join(", ") {
        none if none.is_empty() => language.text(Message::ArchitectureNoFamily).to_owned(),
        families => language.say(Message::ArchitectureFamilies, &[&families]),
    };
    let other = || [name.clone(), safe::visible(&model.name), language.term(own.name()).into_owned()];
    let instead = stands_in
        .then(other)
        .map(|[name, open, own]| language.say(Message::ArchitectureStandsIn, &[&name, &open, &own]));
    [families, here].into_iter().chain(drew(scene, language)).chain(instead).chain(needs).collect()
}

/// Who drew which tokens in the place of which.
fn drew(scene: &Scene, language: Language) -> Vec<String> {
    if scene.objective != Objective::ReplacedTokens {
        return Vec::new();
    }
    let mut by: Vec<&Option<String>> = scene.exchanged.iter().map(|one| &one.by).collect();
    by.sort();
    by.dedup();
    let one = |exchange: &Exchange| {
        let drawn = scene.first.get(exchange.place).map_or("", |place| &*place.given.label);
        let bare = |label: &str| label.trim_start_matches('␣').to_owned();
        format!("{} → {}", bare(&exchange.stood), bare(drawn))
    };
    let each = by.into_iter().rev().map(|by| {
        let drawn: Vec<String> = scene.exchanged.iter().filter(|exchange| exchange.by == *by).map(one).collect();
        let name = by.as_deref().unwrap_or_else(|| language.text(Message::ArchitectureChance));
        language.say(Message::ArchitectureDrew, &[&name, &drawn.join(", ")])
    });
    each.collect()
}
