//! What the outside must do.

use crate::job::Generation;
use crate::job::Job;
use crate::job::Lane;

/// A deed of the outside world, as data: the host performs it.
#[derive(Debug)]
pub enum Effect {
    /// Run a job on a lane; everything older on that lane is stale from now on.
    Submit(Lane, Generation, Job),
    /// Stop what the lane does: the generation given is newer than any job's.
    Cancel(Lane, Generation),
    /// Put text on the person's clipboard (OSC 52).
    Copy(String),
    /// Draw every cell anew, for a terminal that lost its picture.
    Redraw,
    /// Give the terminal back and stop, as `SIGTSTP` does; draw anew when continued.
    Suspend,
    /// Leave the program.
    Quit,
}
