//! Every pane, by its name.

use crate::panes::Pane;
use crate::panes::architectures::Architectures;
use crate::panes::attention::Attention;
use crate::panes::calculation::Calculation;
use crate::panes::compare::Compare;
use crate::panes::generate::Generate;
use crate::panes::information::Information;
use crate::panes::layers::Layers;
use crate::panes::length::Length;
use crate::panes::masks::Masks;
use crate::panes::models::Models;
use crate::panes::prompt::Prompt;
use crate::panes::repetition::Repetition;
use crate::panes::sampler::Sampler;
use crate::panes::steps::Steps;
use crate::panes::tokens::Tokens;
use crate::panes::training::Training;
use crate::panes::tree::Tree;
use crate::panes::vocabulary::Vocabulary;
use crate::state::PaneId;

macro_rules! panes {
    ($($id:ident => $field:ident: $pane:ty,)*) => {
        /// Every pane.
        #[derive(Debug, Default)]
        pub(super) struct Panes {
            $(pub(super) $field: $pane,)*
        }

        impl Panes {
            pub(super) fn get(&self, pane: PaneId) -> &dyn Pane {
                match pane {
                    $(PaneId::$id => &self.$field,)*
                }
            }

            pub(super) fn get_mut(&mut self, pane: PaneId) -> &mut dyn Pane {
                match pane {
                    $(PaneId::$id => &mut self.$field,)*
                }
            }
        }
    };
}

panes! {
    Text => prompt: Prompt,
    Tokens => tokens: Tokens,
    Steps => steps: Steps,
    Training => training: Training,
    Vocabulary => vocabulary: Vocabulary,
    Compare => compare: Compare,
    Next => generate: Generate,
    Sampler => sampler: Sampler,
    Tree => tree: Tree,
    Attention => attention: Attention,
    Calculation => calculation: Calculation,
    Layers => layers: Layers,
    Masks => masks: Masks,
    Length => length: Length,
    Models => models: Models,
    Architectures => architectures: Architectures,
    Information => information: Information,
    Repetition => repetition: Repetition,
}
