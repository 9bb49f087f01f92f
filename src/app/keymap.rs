//! One table of keys: dispatch, footer, help, palette and the README's table all read it.

use std::fmt::Write as _;

use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyModifiers;

use crate::state::Command;
use crate::state::PaneId;
use crate::ui::Language;
use crate::ui::Message;

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Where a binding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere, the text field included.
    Always,
    /// In every pane but the text field.
    Panes,
    /// In the panes that show the run: tokens, next token, attention.
    Run,
    /// In one pane; it goes before [`Scope::Panes`].
    Pane(PaneId),
}

/// Keys that ask for one command.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where they count.
    pub scope: Scope,
    /// The keys, the first one of which is shown in the footer; none for a pane that its group's digit leads to.
    pub keys: &'static [Key],
    /// What they ask for.
    pub command: Command,
    /// What it does, for help and palette.
    pub help: Message,
    /// Its turn in the footer and what it does in a word, if the footer shows it.
    pub footer: Option<(u8, Message)>,
}

const fn ch(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), modifiers: KeyModifiers::NONE }
}

const fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), modifiers: KeyModifiers::CONTROL }
}

const fn code(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::NONE }
}

const fn alt(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::ALT }
}

const fn row(
    scope: Scope,
    keys: &'static [Key],
    command: Command,
    help: Message,
    footer: Option<(u8, Message)>,
) -> Binding {
    Binding { scope, keys, command, help, footer }
}

use Command as C;
use KeyCode as K;
use Message as M;
use PaneId as P;
use Scope::Always;
use Scope::Pane;
use Scope::Panes;
use Scope::Run;

/// Every binding. The footer shows those with a word, the lowest number first.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    row(Pane(P::Text), &[code(K::Enter)], C::Take, M::HelpTextEnter, Some((1, M::KeyLook))),
    row(Pane(P::Text), &[code(K::Tab)], C::NextPane, M::HelpNextPane, Some((2, M::KeyPane))),
    row(Pane(P::Text), &[code(K::BackTab)], C::PreviousPane, M::HelpPreviousPane, None),
    row(Pane(P::Text), &[ctrl('_')], C::Undo, M::HelpTextUndo, Some((3, M::KeyUndo))),
    row(Pane(P::Text), &[ctrl('r'), ctrl('y')], C::Redo, M::HelpTextRedo, None),
    row(Pane(P::Text), &[alt(K::Enter), ctrl('j')], C::Newline, M::HelpNewline, Some((5, M::KeyNewline))),
    row(Pane(P::Text), &[code(K::F(1))], C::Help, M::HelpHelp, Some((4, M::KeyHelp))),

    row(Pane(P::Attention), &[code(K::Left), ch('h')], C::KeyLeft, M::HelpKeyLeft, Some((1, M::KeyKey))),
    row(Pane(P::Attention), &[code(K::Right), ch('l')], C::KeyRight, M::HelpKeyRight, None),
    row(Pane(P::Attention), &[code(K::Up), ch('k')], C::TokenLeft, M::HelpTokenLeft, None),
    row(Pane(P::Attention), &[code(K::Down), ch('j')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Attention), &[ch(']')], C::NextHead, M::HelpNextHead, Some((3, M::KeyHead))),
    row(Pane(P::Attention), &[ch('}')], C::NextLayer, M::HelpNextLayer, Some((4, M::KeyLayer))),

    row(Pane(P::Attention), &[ch('x')], C::AblateHead, M::HelpAblateHead, Some((5, M::KeyTakeOut))),
    row(Pane(P::Attention), &[ch('X')], C::AblateLayer, M::HelpAblateLayer, None),
    row(Pane(P::Attention), &[ch('F')], C::AblateFeedForward, M::HelpAblateFeedForward, None),
    row(Pane(P::Attention), &[ch('B')], C::BlockToken, M::HelpBlockToken, Some((25, M::KeyBlock))),
    row(Pane(P::Attention), &[ch('f')], C::ForbidCell, M::HelpForbidCell, Some((24, M::KeyForbid))),
    row(Pane(P::Attention), &[ch('w')], C::ForceCell, M::HelpForceCell, None),
    row(Pane(P::Attention), &[ch('W')], C::WriteChanges, M::HelpWriteChanges, Some((13, M::KeyWrite))),
    row(Pane(P::Attention), &[ch('t')], C::SwitchChanges, M::HelpSwitchChanges, None),
    row(Pane(P::Attention), &[ch('c')], C::NextSubject, M::HelpNextSubject, None),
    row(Pane(P::Attention), &[ch('d')], C::NextDrawing, M::HelpNextDrawing, Some((6, M::KeyDraw))),
    row(Pane(P::Attention), &[ch('r')], C::NextHabit, M::HelpNextHabit, None),
    row(Pane(P::Attention), &[ch('R')], C::NextOrder, M::HelpNextOrder, Some((7, M::KeySort))),
    row(Pane(P::Attention), &[ch('V')], C::ReverseOrder, M::HelpReverseOrder, None),

    row(Pane(P::Calculation), &[code(K::Left), ch('h')], C::KeyLeft, M::HelpKeyLeft, Some((2, M::KeyKey))),
    row(Pane(P::Calculation), &[code(K::Right), ch('l')], C::KeyRight, M::HelpKeyRight, None),
    row(Pane(P::Calculation), &[code(K::Up), ch('k')], C::TokenLeft, M::HelpTokenLeft, None),
    row(Pane(P::Calculation), &[code(K::Down), ch('j')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Calculation), &[ch('.')], C::NextPart, M::HelpNextPart, Some((1, M::KeyNextStep))),
    row(Pane(P::Calculation), &[ch(',')], C::PreviousPart, M::HelpPreviousPart, None),
    row(Pane(P::Calculation), &[ch(']')], C::NextHead, M::HelpNextHead, Some((3, M::KeyHead))),
    row(Pane(P::Calculation), &[ch('}')], C::NextLayer, M::HelpNextLayer, Some((4, M::KeyLayer))),
    row(Pane(P::Calculation), &[ch('W')], C::WriteOwn, M::HelpWriteOwn, Some((5, M::KeyOwn))),

    row(Pane(P::Layers), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((1, M::KeyToken))),
    row(Pane(P::Layers), &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Layers), &[ch('.')], C::NextPart, M::HelpPartsOn, Some((2, M::KeyParts))),
    row(Pane(P::Layers), &[ch(',')], C::PreviousPart, M::HelpPartsBack, None),

    row(Pane(P::Masks), &[code(K::Left), ch('h')], C::KeyLeft, M::HelpMaskLeft, Some((1, M::KeyMask))),
    row(Pane(P::Masks), &[code(K::Right), ch('l')], C::KeyRight, M::HelpMaskRight, None),
    row(Pane(P::Masks), &[code(K::Up), ch('k')], C::TokenLeft, M::HelpTokenLeft, None),
    row(Pane(P::Masks), &[code(K::Down), ch('j')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Masks), &[ch('.')], C::NextPart, M::HelpMaskPart, Some((2, M::KeyPart))),
    row(Pane(P::Masks), &[ch(',')], C::PreviousPart, M::HelpMaskPartBack, None),
    row(Pane(P::Masks), &[ch('+'), ch('=')], C::TurnUp, M::HelpMaskUp, Some((3, M::KeyNumber))),
    row(Pane(P::Masks), &[ch('-')], C::TurnDown, M::HelpMaskDown, None),
    row(Pane(P::Masks), &[ch('W')], C::WriteMasks, M::HelpWriteMasks, Some((4, M::KeyWrite))),
    row(Pane(P::Masks), &[ch('d')], C::NextDrawing, M::HelpMaskPicture, Some((5, M::KeyDraw))),
    row(Pane(P::Masks), &[ch(']')], C::NextHead, M::HelpNextHead, Some((6, M::KeyHead))),
    row(Pane(P::Masks), &[ch('}')], C::NextLayer, M::HelpNextLayer, Some((7, M::KeyLayer))),
    row(Pane(P::Masks), &[ch(' ')], C::Play, M::HelpPauseTrials, Some((8, M::KeyStop))),

    row(Pane(P::Length), &[code(K::Up), ch('k')], C::Up, M::HelpStrategyUp, None),
    row(Pane(P::Length), &[code(K::Down), ch('j')], C::Down, M::HelpStrategyDown, Some((1, M::KeyStrategy))),
    row(Pane(P::Length), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((2, M::KeyToken))),
    row(Pane(P::Length), &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Length), &[ch('+'), ch('=')], C::TurnUp, M::HelpLengthUp, Some((3, M::KeyCacheSize))),
    row(Pane(P::Length), &[ch('-')], C::TurnDown, M::HelpLengthDown, None),
    row(Pane(P::Length), &[ch('.'), ch(',')], C::NextPart, M::HelpLengthPart, Some((4, M::KeyPart))),
    row(Pane(P::Length), &[ch(' ')], C::Play, M::HelpPauseTrials, Some((5, M::KeyStop))),

    row(Pane(P::Tokens), &[code(K::Up), ch('k')], C::TokenLeft, M::HelpTokenLeft, None),
    row(Pane(P::Tokens), &[code(K::Down), ch('j')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Tokens), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((1, M::KeyToken))),

    row(Pane(P::Steps), &[ch('.'), code(K::Right), ch('l')], C::StepForward, M::HelpStepForward, Some((1, M::KeyStepForward))),
    row(Pane(P::Steps), &[ch(','), code(K::Left), ch('h')], C::StepBack, M::HelpStepBack, Some((2, M::KeyStepBack))),
    row(Pane(P::Steps), &[ch(' ')], C::Play, M::HelpPlaySteps, Some((3, M::KeyPlay))),
    row(Pane(P::Steps), &[ch(']')], C::NextMethod, M::HelpNextMethod, Some((4, M::KeyMethod))),
    row(Pane(P::Steps), &[ch('[')], C::PreviousMethod, M::HelpPreviousMethod, None),
    row(Pane(P::Steps), &[ch('t')], C::NextText, M::HelpNextText, Some((5, M::KeyOtherText))),
    row(Pane(P::Steps), &[ch('w')], C::Why, M::HelpWhy, Some((6, M::KeyWhy))),
    row(Pane(P::Steps), &[code(K::Enter)], C::Take, M::HelpTakeFlip, Some((7, M::KeyApply))),
    row(Pane(P::Steps), &[ch('u')], C::Undo, M::HelpUndoFlip, Some((8, M::KeyUndo))),

    row(Pane(P::Architectures), &[code(K::Up), ch('k')], C::Up, M::HelpObjective, Some((1, M::KeyObjective))),
    row(Pane(P::Architectures), &[code(K::Down), ch('j')], C::Down, M::HelpObjective, None),
    row(Pane(P::Architectures), &[ch('r')], C::DrawAnew, M::DoesDrawAnew, Some((2, M::KeyDrawAnew))),
    row(Pane(P::Architectures), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((3, M::KeyToken))),
    row(Pane(P::Architectures), &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),
    row(Pane(P::Training), &[ch('.'), code(K::Right), ch('l'), code(K::Enter)], C::StepForward, M::HelpStepForward, Some((1, M::KeyStepForward))),
    row(Pane(P::Training), &[ch(','), code(K::Left), ch('h')], C::StepBack, M::HelpStepBack, Some((2, M::KeyStepBack))),
    row(Pane(P::Training), &[ch(' ')], C::Play, M::HelpPlayTraining, Some((3, M::KeyPlay))),
    row(Pane(P::Training), &[ch(']')], C::NextMethod, M::HelpNextTrainer, Some((4, M::KeyMethod))),
    row(Pane(P::Training), &[ch('[')], C::PreviousMethod, M::HelpPreviousTrainer, None),
    row(Pane(P::Training), &[ch('t')], C::NextText, M::HelpNextCorpus, Some((5, M::KeyOtherText))),
    row(Pane(P::Training), &[ch('f')], C::LearnFile, M::HelpLearnFile, Some((6, M::KeyFile))),
    row(Pane(P::Training), &[ch('S')], C::SaveTokenizer, M::HelpSaveTokenizer, Some((7, M::KeySave))),
    row(Pane(P::Training), &[ch('C')], C::CompareLearned, M::HelpCompareLearned, Some((8, M::KeyCompare))),
    row(Pane(P::Training), &[ch('B')], C::SwitchBytes, M::HelpSwitchBytes, Some((9, M::KeyBytes))),
    row(Pane(P::Training), &[ch('+'), ch('=')], C::TurnUp, M::HelpSizeUp, Some((10, M::KeySize))),
    row(Pane(P::Training), &[ch('-')], C::TurnDown, M::HelpSizeDown, None),

    row(Pane(P::Vocabulary), &[ch('/')], C::FindPiece, M::HelpFindPiece, Some((1, M::KeySearch))),
    row(Pane(P::Vocabulary), &[ch('s')], C::NextSort, M::HelpNextSort, Some((2, M::KeyOrder))),
    row(Pane(P::Vocabulary), &[ch('x')], C::OnlyUnreachable, M::HelpOnlyUnreachable, Some((3, M::KeyUnreachable))),
    row(Pane(P::Vocabulary), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((4, M::KeyToken))),
    row(Pane(P::Vocabulary), &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),

    row(Pane(P::Compare), &[ch('A')], C::AddCutter, M::HelpAddCutter, Some((1, M::KeyAdd))),
    row(Pane(P::Compare), &[ch('D'), code(K::Delete)], C::RemoveCutter, M::HelpRemoveCutter, Some((2, M::KeyTakeOut))),
    row(Pane(P::Compare), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((3, M::KeyToken))),
    row(Pane(P::Compare), &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),

    row(Pane(P::Models), &[code(K::Enter)], C::Take, M::HelpTakeModel, Some((1, M::KeyOpen))),
    row(Pane(P::Models), &[ch('o')], C::OpenModel, M::HelpOpenModel, Some((2, M::KeyOther))),

    row(Pane(P::Information), &[code(K::Up), ch('k')], C::TokenLeft, M::HelpUnitBefore, None),
    row(Pane(P::Information), &[code(K::Down), ch('j')], C::TokenRight, M::HelpUnitAfter, Some((1, M::KeyUnit))),
    row(Pane(P::Information), &[code(K::Left), ch('h')], C::TokenLeft, M::HelpUnitBefore, None),
    row(Pane(P::Information), &[code(K::Right), ch('l')], C::TokenRight, M::HelpUnitAfter, None),
    row(Pane(P::Information), &[code(K::PageUp)], C::PageUp, M::HelpPageUp, None),
    row(Pane(P::Information), &[code(K::PageDown)], C::PageDown, M::HelpPageDown, None),
    row(Pane(P::Information), &[code(K::Home), ch('g')], C::TokenFirst, M::HelpTokenFirst, None),
    row(Pane(P::Information), &[code(K::End), ch('G')], C::TokenLast, M::HelpTokenLast, None),
    row(Pane(P::Information), &[ch('r')], C::Regroup, M::HelpRegroup, Some((2, M::KeyRegroup))),
    row(Pane(P::Information), &[ch('c')], C::ShowPairs, M::HelpShowPairs, Some((3, M::KeyCompare))),
    row(Pane(P::Information), &[ch('v')], C::Mark, M::HelpMark, Some((4, M::KeyMark))),
    row(Pane(P::Information), &[ch('w')], C::SwitchUnit, M::HelpSwitchUnit, Some((5, M::KeyBitsNats))),
    row(Pane(P::Sampler), &[ch('A')], C::AddStage, M::HelpAddStage, Some((3, M::KeyAdd))),
    row(Pane(P::Sampler), &[ch('t')], C::SwitchStage, M::HelpSwitchStage, Some((4, M::KeyOnOff))),
    row(Pane(P::Sampler), &[ch('J')], C::StageDown, M::HelpStageDown, Some((5, M::KeyMove))),
    row(Pane(P::Sampler), &[ch('K')], C::StageUp, M::HelpStageUp, None),
    row(Pane(P::Sampler), &[ch('D'), code(K::Delete)], C::RemoveStage, M::HelpRemoveStage, None),
    row(Pane(P::Sampler), &[ch('W')], C::WritePipeline, M::HelpWritePipeline, Some((6, M::KeyWrite))),
    row(Pane(P::Sampler), &[ch('p')], C::NextParameter, M::HelpNextParameter, Some((1, M::KeyParameter))),
    row(Pane(P::Sampler), &[ch('+'), ch('=')], C::TurnUp, M::HelpTurnUp, Some((2, M::KeyTurn))),

    row(Pane(P::Repetition), &[code(K::Enter)], C::Take, M::HelpTakeRepetition, Some((1, M::KeyGoThere))),
    row(Pane(P::Repetition), &[ch('c')], C::Cure, M::HelpCure, Some((2, M::KeyCures))),

    row(Pane(P::Tree), &[code(K::Enter)], C::Take, M::HelpGoThere, Some((1, M::KeyGoThere))),
    row(Pane(P::Tree), &[ch('f')], C::Fold, M::HelpFold, Some((2, M::KeyFold))),
    row(Pane(P::Tree), &[ch('B')], C::BeamSearch, M::HelpBeam, Some((5, M::KeyBeam))),
    row(Pane(P::Tree), &[ch('F')], C::LookAhead, M::HelpLookAhead, Some((6, M::KeyAhead))),
    row(Pane(P::Tree), &[ch(',')], C::SearchBack, M::HelpSearchBack, None),
    row(Pane(P::Tree), &[ch('.')], C::SearchForward, M::HelpSearchForward, None),
    row(Pane(P::Tree), &[ch('M')], C::Name, M::HelpName, Some((3, M::KeyName))),
    row(Pane(P::Tree), &[ch('D'), code(K::Delete)], C::Prune, M::HelpPrune, Some((4, M::KeyPrune))),

    row(Run, &[code(K::Enter)], C::Take, M::HelpTake, Some((10, M::KeyTake))),
    row(Run, &[ch(' ')], C::Play, M::HelpPlay, Some((11, M::KeyPlay))),
    row(Run, &[ch('s')], C::Step, M::HelpStep, Some((13, M::KeyStep))),
    row(Run, &[ch('x')], C::Hide, M::HelpHide, Some((13, M::KeyHide))),
    row(Run, &[ch('u')], C::Undo, M::HelpUndo, Some((14, M::KeyUndo))),
    row(Run, &[ctrl('r')], C::Redo, M::HelpRedo, None),
    row(Run, &[ch('b')], C::Branch, M::HelpBranch, Some((15, M::KeyBranch))),
    row(Run, &[ch('n')], C::NextBranch, M::HelpNextBranch, None),
    row(Run, &[ch('N')], C::PreviousBranch, M::HelpPreviousBranch, None),
    row(Run, &[code(K::Left), ch('h')], C::TokenLeft, M::HelpTokenLeft, Some((17, M::KeyToken))),
    row(Run, &[code(K::Right), ch('l')], C::TokenRight, M::HelpTokenRight, None),
    row(Run, &[ch('0'), ch('^')], C::TokenFirst, M::HelpTokenFirst, None),
    row(Run, &[ch('$')], C::TokenLast, M::HelpTokenLast, None),
    row(Run, &[ch('p')], C::NextParameter, M::HelpNextParameter, Some((18, M::KeyParameter))),
    row(Run, &[ch('+'), ch('=')], C::TurnUp, M::HelpTurnUp, Some((19, M::KeyTurn))),
    row(Run, &[ch('-')], C::TurnDown, M::HelpTurnDown, None),
    row(Run, &[ch('/')], C::Search, M::HelpSearch, Some((20, M::KeySearch))),
    row(Run, &[ch('S')], C::SaveRun, M::HelpSaveRun, None),
    row(Run, &[ch('O')], C::OpenRun, M::HelpOpenRun, None),
    row(Run, &[ch('a')], C::Adopt, M::HelpAdopt, None),
    row(Run, &[ch(']')], C::NextHead, M::HelpNextHead, None),
    row(Run, &[ch('[')], C::PreviousHead, M::HelpPreviousHead, None),
    row(Run, &[ch('}')], C::NextLayer, M::HelpNextLayer, None),
    row(Run, &[ch('{')], C::PreviousLayer, M::HelpPreviousLayer, None),

    row(Panes, &[code(K::Up), ch('k')], C::Up, M::HelpUp, None),
    row(Panes, &[code(K::Down), ch('j')], C::Down, M::HelpDown, None),
    row(Panes, &[code(K::PageUp)], C::PageUp, M::HelpPageUp, None),
    row(Panes, &[code(K::PageDown)], C::PageDown, M::HelpPageDown, None),
    row(Panes, &[code(K::Home), ch('g')], C::Top, M::HelpTop, None),
    row(Panes, &[code(K::End), ch('G')], C::Bottom, M::HelpBottom, None),
    row(Panes, &[ch('?'), code(K::F(1))], C::Help, M::HelpHelp, Some((12, M::KeyHelp))),
    row(Panes, &[code(K::Tab)], C::NextPane, M::HelpNextPane, Some((16, M::KeyPane))),
    row(Panes, &[code(K::BackTab)], C::PreviousPane, M::HelpPreviousPane, None),
    row(Panes, &[ch('1'), ch('e'), ch('i')], C::Go(P::Text), M::HelpGoText, Some((21, M::KeyText))),
    row(Panes, &[ch('2')], C::Go(P::Tokens), M::HelpGoTokens, None),
    row(Panes, &[], C::Go(P::Steps), M::HelpGoSteps, None),
    row(Panes, &[], C::Go(P::Vocabulary), M::HelpGoVocabulary, None),
    row(Panes, &[], C::Go(P::Compare), M::HelpGoCompare, None),
    row(Panes, &[], C::Go(P::Training), M::HelpGoTraining, None),
    row(Panes, &[ch('3')], C::Go(P::Next), M::HelpGoNext, None),
    row(Panes, &[], C::Go(P::Sampler), M::HelpGoSampler, None),
    row(Panes, &[], C::Go(P::Tree), M::HelpGoTree, None),
    row(Panes, &[ch('4')], C::Go(P::Attention), M::HelpGoAttention, None),
    row(Panes, &[], C::Go(P::Calculation), M::HelpGoCalculation, None),
    row(Panes, &[], C::Go(P::Layers), M::HelpGoLayers, None),
    row(Panes, &[], C::Go(P::Masks), M::HelpGoMasks, None),
    row(Panes, &[], C::Go(P::Length), M::HelpGoLength, None),
    row(Panes, &[ch('5'), ch('m')], C::Go(P::Models), M::HelpGoModels, None),
    row(Panes, &[], C::Go(P::Architectures), M::HelpGoArchitectures, None),
    row(Panes, &[ch('6')], C::Go(P::Information), M::HelpGoInformation, None),
    row(Panes, &[], C::Go(P::Repetition), M::HelpGoRepetition, None),
    row(Panes, &[ch('>')], C::Beside, M::HelpBeside, Some((16, M::KeyBeside))),
    row(Panes, &[ch('z')], C::Zoom, M::HelpZoom, Some((22, M::KeyZoom))),
    row(Panes, &[ch('o')], C::OpenModel, M::HelpOpenModel, None),
    row(Panes, &[ch('y')], C::CopyText, M::HelpCopyText, None),
    row(Panes, &[ch(':')], C::Palette, M::HelpPalette, None),
    row(Panes, &[ch('L')], C::SwitchLanguage, M::HelpLanguage, None),
    row(Panes, &[ch('q')], C::Quit, M::HelpQuit, Some((23, M::KeyQuit))),

    row(Always, &[code(K::Esc)], C::Back, M::HelpBack, None),
    row(Always, &[ctrl('c')], C::Quit, M::HelpQuitAlways, None),
    row(Always, &[ctrl('l')], C::Redraw, M::HelpRedraw, None),
    row(Always, &[ctrl('z')], C::Suspend, M::HelpSuspend, None),
];

impl Scope {
    /// Where it is, for the README.
    fn name(self) -> Message {
        match self {
            Always => M::ScopeAlways,
            Panes => M::ScopePanes,
            Run => M::ScopeRun,
            Pane(pane) => pane.title(),
        }
    }
}

impl Key {
    /// The key of an event. Terminals differ on whether Shift is reported with a character, so it is not counted there.
    pub fn of(event: KeyEvent) -> Self {
        let mut modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code: event.code, modifiers }
    }

    /// Its name as the screen shows it.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(letter) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                letter.to_uppercase().to_string()
            }
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        let modifiers = [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-")];
        let held = modifiers.iter().filter(|(modifier, _)| self.modifiers.contains(*modifier));
        held.map(|(_, prefix)| *prefix).chain([name.as_str()]).collect()
    }
}

impl Command {
    /// Its name, for the palette: `NextPane` is `next-pane`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars().filter(char::is_ascii_alphabetic) {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }
}

/// The bindings that count in a pane, the most particular first.
pub fn bindings(pane: PaneId) -> impl Iterator<Item = &'static Binding> {
    let of = |scope: Scope| BINDINGS.iter().filter(move |binding| binding.scope == scope);
    let run =
        !matches!(pane, PaneId::Text | PaneId::Models | PaneId::Architectures | PaneId::Vocabulary | PaneId::Compare);
    let shared = [(Run, run), (Panes, pane != PaneId::Text), (Always, true)];
    of(Pane(pane)).chain(shared.into_iter().filter(|(_, counts)| *counts).flat_map(move |(scope, _)| of(scope)))
}

/// The bindings that count in a pane with the keys that no more particular binding takes; those left without are out.
pub fn effective(pane: PaneId) -> Vec<(&'static Binding, Vec<Key>)> {
    let mut taken: Vec<Key> = Vec::new();
    let mut left = Vec::new();
    for binding in bindings(pane) {
        let keys: Vec<Key> = binding.keys.iter().copied().filter(|key| !taken.contains(key)).collect();
        if !keys.is_empty() || binding.keys.is_empty() {
            taken.extend(&keys);
            left.push((binding, keys));
        }
    }
    left
}

/// The keys of a binding as the screen shows them, of which `keys` count.
pub fn names(binding: &Binding, keys: &[Key]) -> String {
    match binding.command {
        Command::Go(pane) if keys.is_empty() => pane.keys(),
        _ => keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" "),
    }
}

/// What a key asks for in a pane.
pub fn lookup(pane: PaneId, event: KeyEvent) -> Option<Command> {
    let key = Key::of(event);
    bindings(pane).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// What a key asks for wherever it is pressed.
pub fn always(event: KeyEvent) -> Option<Command> {
    let key = Key::of(event);
    let everywhere = |binding: &&Binding| binding.scope == Always && binding.keys.contains(&key);
    BINDINGS.iter().find(everywhere).map(|binding| binding.command)
}

/// The bindings that the footer shows in a pane, each command and each word once, the next sensible key first.
pub fn footer(pane: PaneId) -> Vec<&'static Binding> {
    let word = |binding: &Binding| binding.footer.map(|(_, word)| word);
    let mut shown: Vec<&Binding> = Vec::new();
    for (binding, _) in effective(pane).into_iter().filter(|(binding, _)| binding.footer.is_some()) {
        if !shown.iter().any(|seen| word(seen) == word(binding) || seen.command == binding.command) {
            shown.push(binding);
        }
    }
    shown.sort_by_key(|binding| binding.footer.map(|(turn, _)| turn));
    shown
}

/// The README's table of keys.
pub fn markdown(language: Language) -> String {
    let head = [M::Keys, M::Where, M::WhatTheyDo].map(|message| language.text(message)).join(" | ");
    let mut table = format!("| {head} |\n| --- | --- | --- |\n");
    for binding in BINDINGS {
        let mut keys: Vec<_> = binding.keys.iter().map(|key| format!("`{}`", key.name())).collect();
        if keys.is_empty() {
            keys.push(format!("`{}`", names(binding, &[])));
        }
        let (scope, help) = (language.text(binding.scope.name()), language.text(binding.help));
        let _ = writeln!(table, "| {} | {scope} | {help} |", keys.join(" "));
    }
    table
}
