//! Questions that are answered in one line.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::lm::Sampler;
use crate::model::Spec;
use crate::state::Ctx;
use crate::state::Notice;
use crate::state::run::NodeId;
use crate::ui::Message;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Question {
    /// The model to open.
    Model,
    /// The whole pipeline.
    Pipeline,
    /// The text of a stage, by its index.
    StageText(usize),
    /// The pieces to look for.
    Piece,
    /// The tokenizer or method to compare.
    Cutter,
    /// The width and the rules of a beam search.
    Beam,
    /// The interventions.
    Changes,
    /// Queries, keys and values of one's own.
    Own,
    /// The masks to try.
    Masks,
    /// The file to write the run to.
    Save,
    /// The file of a run to open.
    Recall,
    /// The file to learn a vocabulary from.
    Corpus,
    /// The file to write what was learned to.
    Tokenizer,
    /// The name of a place of the tree.
    Name(NodeId),
}

impl Question {
    /// What it says before the answer.
    pub(super) fn words(self) -> Message {
        match self {
            Self::Model => Message::OpenWhich,
            Self::Pipeline => Message::WhichPipeline,
            Self::StageText(_) => Message::WhichStageText,
            Self::Name(_) => Message::WhichName,
            Self::Piece => Message::WhichPiece,
            Self::Cutter => Message::WhichCutter,
            Self::Beam => Message::WhichBeam,
            Self::Changes => Message::WhichChanges,
            Self::Own => Message::WhichOwn,
            Self::Masks => Message::WhichMasks,
            Self::Save => Message::WhichFileSaved,
            Self::Recall => Message::WhichFile,
            Self::Corpus => Message::WhichCorpus,
            Self::Tokenizer => Message::WhichTokenizer,
        }
    }

    /// What Enter does, in a word.
    pub(super) fn deed(self) -> Message {
        match self {
            Self::Model | Self::Recall | Self::Corpus => Message::KeyOpen,
            Self::Save | Self::Tokenizer => Message::KeySave,
            Self::Cutter => Message::KeyAdd,
            Self::Piece => Message::KeySearch,
            _ => Message::KeyDo,
        }
    }

    /// Takes the answer; returns whether it could be taken.
    pub(super) fn answer(self, ctx: &mut Ctx<'_>, answer: &str) -> bool {
        match self {
            Self::Model | Self::Save | Self::Recall | Self::Cutter | Self::Corpus | Self::Tokenizer
                if answer.trim().is_empty() => {}
            Self::Model => ctx.open(Spec::new(OsStr::new(answer.trim()))),
            Self::Pipeline => match answer.parse::<Sampler>() {
                Ok(sampler) => ctx.set_pipeline(sampler),
                Err(error) => {
                    ctx.say(Notice::failure(&error));
                    return false;
                }
            },
            Self::StageText(index) => ctx.set_stage_text(index, answer),
            Self::Piece => return ctx.find_pieces(answer),
            Self::Cutter => ctx.add_cutter(answer.trim()),
            Self::Beam => return ctx.search(answer),
            Self::Changes => return ctx.set_changes(answer),
            Self::Own => return ctx.set_own(answer),
            Self::Masks => return ctx.set_masks(answer),
            Self::Save => ctx.save(PathBuf::from(answer.trim())),
            Self::Corpus => ctx.learn_from(PathBuf::from(answer.trim())),
            Self::Tokenizer => ctx.save_tokenizer(PathBuf::from(answer.trim())),
            Self::Recall => ctx.recall(PathBuf::from(answer.trim())),
            Self::Name(node) => ctx.name(node, answer),
        }
        true
    }
}
