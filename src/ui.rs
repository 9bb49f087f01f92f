//! Drawing: theme, heat, language, safe text, widgets.
//!
//! Widgets are data with public fields and a function `draw(&widget, area, buf, &theme)`; none keeps state, none draws
//! outside its area, and every area is allowed. [`draw::finish`] is the last step of a frame.

pub mod ascii;
pub mod bar;
mod cluster;
pub mod draw;
pub mod field;
pub mod footer;
pub mod grid;
pub mod heat;
pub mod language;
pub mod panel;
pub mod ribbon;
pub mod safe;
pub mod table;
pub mod theme;

pub use field::{Edit, Field};
pub use footer::Hint;
pub use grid::Grid;
pub use heat::Heat;
pub use language::Language;
pub use language::Message;
pub use panel::Panel;
pub use ribbon::{Ribbon, Stave};
pub use table::Table;
pub use theme::{Colours, Theme};
