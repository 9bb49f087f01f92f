//! What a person can ask for.

use super::PaneId;

/// A named deed; keys, the palette and the mouse all end here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave the program.
    Quit,
    /// Close what is open, or leave the text field.
    Back,
    /// Show every key.
    Help,
    /// Find a command by its name.
    Palette,
    /// Go to the next pane.
    NextPane,
    /// Go to the pane before.
    PreviousPane,
    /// Go to a pane; to the next pane of its group, if it is the first and the group is in view.
    Go(PaneId),
    /// Go to the next pane of the group.
    Beside,
    /// Add up what the text costs by other units.
    Regroup,
    /// Count in nats, or in bits again.
    SwitchUnit,
    /// Mark the distribution at the selected token.
    Mark,
    /// Show two distributions in place of the list, or the list again.
    ShowPairs,
    /// Show one pane alone, or all again.
    Zoom,
    /// Switch between English and Chinese.
    SwitchLanguage,
    /// Draw the screen anew.
    Redraw,
    /// Hand the terminal back to the shell for a while.
    Suspend,
    /// Copy the text, with what was generated.
    CopyText,
    /// Open another model.
    OpenModel,
    /// Select the token before.
    TokenLeft,
    /// Select the token after.
    TokenRight,
    /// Select the first token.
    TokenFirst,
    /// Select the last token.
    TokenLast,
    /// Move up in the list.
    Up,
    /// Move down in the list.
    Down,
    /// Move up a page.
    PageUp,
    /// Move down a page.
    PageDown,
    /// Move to the top of the list.
    Top,
    /// Move to the bottom of the list.
    Bottom,
    /// Take what is highlighted.
    Take,
    /// Go to the step before.
    StepBack,
    /// Go to the step after.
    StepForward,
    /// Show the next method step by step.
    NextMethod,
    /// Show the method before.
    PreviousMethod,
    /// Show another text step by step.
    NextText,
    /// Learn from a file.
    LearnFile,
    /// Learn tokens of bytes, or of characters again.
    SwitchBytes,
    /// Write what was learned to a file.
    SaveTokenizer,
    /// Put what was learned among the tokenizers that are compared.
    CompareLearned,
    /// Ask why the text is cut at a place.
    Why,
    /// Hide the selected token behind the mask token.
    Hide,
    /// Draw one token.
    Step,
    /// Start or stop playing.
    Play,
    /// Take back the last step.
    Undo,
    /// Take the step again that was undone.
    Redo,
    /// Draw another continuation from the selected token.
    Branch,
    /// Go to the next branch.
    NextBranch,
    /// Go to the branch before.
    PreviousBranch,
    /// Make what was generated part of the text.
    Adopt,
    /// Break the line in the text.
    Newline,
    /// Find a token in the vocabulary.
    Search,
    /// Choose the parameter to turn.
    NextParameter,
    /// Turn the parameter up.
    TurnUp,
    /// Turn the parameter down.
    TurnDown,
    /// Compare the cures for repetition.
    Cure,
    /// Look for pieces of the vocabulary.
    FindPiece,
    /// Put the pieces of the vocabulary in another order.
    NextSort,
    /// Show only the pieces that no text gives, or all again.
    OnlyUnreachable,
    /// Draw the hidden tokens of an example anew.
    DrawAnew,
    /// Add a tokenizer or method to those compared.
    AddCutter,
    /// Take the selected one out of those compared.
    RemoveCutter,
    /// Write the run to a file.
    SaveRun,
    /// Open a saved run.
    OpenRun,
    /// Search with a beam from the end of the path.
    BeamSearch,
    /// Look where greedy decoding goes from each candidate.
    LookAhead,
    /// Look at the search's step before.
    SearchBack,
    /// Look at the search's step after.
    SearchForward,
    /// Fold what follows, or show it again.
    Fold,
    /// Cut a branch off.
    Prune,
    /// Give a place of the tree a name.
    Name,
    /// Add a stage to the pipeline.
    AddStage,
    /// Take the active stage out of the pipeline.
    RemoveStage,
    /// Switch the active stage off or on.
    SwitchStage,
    /// Move the active stage up.
    StageUp,
    /// Move the active stage down.
    StageDown,
    /// Write the pipeline as a line, or the active stage's text.
    WritePipeline,
    /// Take the head in view out, or put it back.
    AblateHead,
    /// Take the attention of the layer in view out, or put it back.
    AblateLayer,
    /// Take the feed-forward block of the layer in view out, or put it back.
    AblateFeedForward,
    /// Hide the selected token from all others, or show it again.
    BlockToken,
    /// Forbid the cell under the attention cursor, or allow it again.
    ForbidCell,
    /// Give the cell under the attention cursor a weight.
    ForceCell,
    /// Write the list of interventions.
    WriteChanges,
    /// Switch all interventions off, or on again.
    SwitchChanges,
    /// Show the next thing of attention: the head in view, an average, rollout.
    NextSubject,
    /// Draw attention in another way.
    NextDrawing,
    /// Point out the heads of the next habit.
    NextHabit,
    /// Sort the heads by the next measure.
    NextOrder,
    /// Sort the heads the other way round.
    ReverseOrder,
    /// Go to the next step of the calculation.
    NextPart,
    /// Go to the step of the calculation before.
    PreviousPart,
    /// Write queries, keys and values of one's own.
    WriteOwn,
    /// Write the masks to try.
    WriteMasks,
    /// Look at the next head.
    NextHead,
    /// Look at the head before.
    PreviousHead,
    /// Look at the next layer.
    NextLayer,
    /// Look at the layer before.
    PreviousLayer,
    /// Move the column cursor left.
    KeyLeft,
    /// Move the column cursor right.
    KeyRight,
}
