//! The names of the panes, and the groups they stand in.

use crate::ui::Message;

/// The name of a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneId {
    /// The text, typed and generated.
    Text,
    /// The text's words and tokens.
    Tokens,
    /// The text's words, step by step.
    Steps,
    /// The pieces of the vocabulary.
    Vocabulary,
    /// Tokenizers side by side.
    Compare,
    /// A vocabulary that is learned, merge by merge.
    Training,
    /// The distribution of the next token.
    Next,
    /// The choice of the next token, stage by stage.
    Sampler,
    /// The run as a tree.
    Tree,
    /// Who looks at whom.
    Attention,
    /// One cell of attention, step by step.
    Calculation,
    /// What each layer would say, and what each part adds.
    Layers,
    /// The text under one mask after another.
    Masks,
    /// The text with less of it kept, and what length costs.
    Length,
    /// The model, and others to open.
    Models,
    /// Architectures on the text: who sees whom, what is asked.
    Architectures,
    /// What the text costs, and how far distributions are apart.
    Information,
    /// What the path says again.
    Repetition,
}

use Message as M;
use PaneId as P;

/// The panes with their titles, in groups, in the order of the groups' digits. A group's first pane is what its digit goes to.
const GROUPS: [&[(PaneId, Message)]; 6] = [
    &[(P::Text, M::TitleText)],
    &[
        (P::Tokens, M::TitleTokens),
        (P::Steps, M::TitleSteps),
        (P::Vocabulary, M::TitleVocabulary),
        (P::Compare, M::TitleCompare),
        (P::Training, M::TitleTraining),
    ],
    &[(P::Next, M::TitleNext), (P::Sampler, M::TitleSampler), (P::Tree, M::TitleTree)],
    &[
        (P::Attention, M::TitleAttention),
        (P::Calculation, M::TitleCalculation),
        (P::Layers, M::TitleLayers),
        (P::Masks, M::TitleMasks),
        (P::Length, M::TitleLength),
    ],
    &[(P::Models, M::TitleModels), (P::Architectures, M::TitleArchitectures)],
    &[(P::Information, M::TitleInformation), (P::Repetition, M::TitleRepetition)],
];

impl PaneId {
    /// Every pane, group after group.
    pub fn all() -> impl Iterator<Item = Self> {
        GROUPS.iter().flat_map(|group| group.iter().map(|&(pane, _)| pane))
    }

    /// The first pane of each group.
    pub fn firsts() -> impl Iterator<Item = Self> {
        (0..GROUPS.len()).map(first)
    }

    /// Its title.
    pub fn title(self) -> Message {
        let (group, index) = self.place();
        GROUPS[group][index].1
    }

    /// Where it stands: the index of its group, and its own in the group.
    fn place(self) -> (usize, usize) {
        let within = |(group, panes): (usize, &&[(Self, Message)])| {
            panes.iter().position(|&(pane, _)| pane == self).map(|index| (group, index))
        };
        GROUPS.iter().enumerate().find_map(within).unwrap_or_default()
    }

    /// The panes of its group.
    pub fn group(self) -> impl ExactSizeIterator<Item = Self> {
        GROUPS[self.place().0].iter().map(|&(pane, _)| pane)
    }

    /// The digit that goes to its group.
    pub fn digit(self) -> usize {
        self.place().0 + 1
    }

    /// The keys that go to it from another group: its digit, as often as it takes.
    pub fn keys(self) -> String {
        vec![self.digit().to_string(); self.place().1 + 1].join(" ")
    }

    /// Whether it is not among those that a large screen shows together.
    pub fn has_a_page(self) -> bool {
        !matches!(self, Self::Text | Self::Tokens | Self::Next | Self::Attention)
    }

    /// Whether the text above it would only take its room.
    pub fn takes_all(self) -> bool {
        use PaneId::{Architectures, Compare, Information, Length, Masks, Models, Steps, Vocabulary};
        matches!(self, Architectures | Models | Information | Steps | Vocabulary | Compare | Masks | Length)
    }

    /// The next pane of its group, round.
    #[must_use]
    pub fn beside(self) -> Self {
        let (group, index) = self.place();
        GROUPS[group][(index + 1) % GROUPS[group].len()].0
    }

    /// Where a request for a pane leads from this one: there, or, when it is the first of the group that this one stands
    /// in, to the next pane of the group.
    #[must_use]
    pub fn to(self, wanted: Self) -> Self {
        let again = self.digit() == wanted.digit() && wanted.place().1 == 0;
        if again { self.beside() } else { wanted }
    }

    /// The first pane of the group after this one's, round.
    #[must_use]
    pub fn next(self) -> Self {
        first((self.place().0 + 1) % GROUPS.len())
    }

    /// The first pane of the group before this one's, round.
    #[must_use]
    pub fn previous(self) -> Self {
        first((self.place().0 + GROUPS.len() - 1) % GROUPS.len())
    }

    /// Where leaving it leads: to the first pane of its group, from there to what comes next.
    #[must_use]
    pub fn outside(self) -> Self {
        let (group, index) = self.place();
        if index > 0 { first(group) } else { Self::Next }
    }
}

/// The first pane of a group.
fn first(group: usize) -> PaneId {
    GROUPS[group][0].0
}
