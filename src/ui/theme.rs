//! Styles by meaning, at four levels of colour: what a thing *is* decides how it looks, in one place.
//!
//! Text colours have a relative luminance near 0.18 (WCAG 2.2, definition of contrast ratio), the only one that is
//! readable on black and on white alike; styles with a background set their foreground too.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colours {
    /// None: weight, underline and reversal only.
    None,
    /// The sixteen of the user's own palette.
    #[default]
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

impl Colours {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::None, Self::Sixteen, Self::Indexed, Self::True];

    /// What the environment promises: a non-empty `NO_COLOR` wins, then `COLORTERM`, then `TERM`.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let terminal = variable("TERM").unwrap_or_default();
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || terminal == "dumb" {
            return Self::None;
        }
        let promise = variable("COLORTERM").unwrap_or_default().to_ascii_lowercase();
        if promise == "truecolor" || promise == "24bit" || terminal.ends_with("-direct") {
            Self::True
        } else if terminal.ends_with("256color")
            || ["alacritty", "xterm-kitty", "xterm-ghostty", "foot"].contains(&terminal.as_str())
        {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The look of every meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// The colours in use.
    pub colours: Colours,
    /// Draw with ASCII alone, for fonts without blocks and lines.
    pub ascii: bool,
}

/// One colour at three levels: 24 bits, xterm's index, the user's palette.
#[derive(Clone, Copy)]
struct Ink([u8; 3], u8, Color);

const GREY: Ink = Ink([0x76, 0x76, 0x76], 243, Color::DarkGray);
const BLUE: Ink = Ink([0x1f, 0x7a, 0xd0], 32, Color::LightBlue);
const GREEN: Ink = Ink([0x00, 0x87, 0x66], 29, Color::Green);
const AMBER: Ink = Ink([0xa5, 0x6c, 0x00], 130, Color::Yellow);
const RED: Ink = Ink([0xd4, 0x34, 0x50], 161, Color::Red);
const VIOLET: Ink = Ink([0x9d, 0x5c, 0xc9], 134, Color::Magenta);
const TEAL: Ink = Ink([0x00, 0x80, 0x9e], 31, Color::Cyan);
const PAPER: Ink = Ink([0xf2, 0xf4, 0xf7], 255, Color::White);
const SELECTION: Ink = Ink([0x1b, 0x4f, 0x8f], 25, Color::Blue);
const CHIP: Ink = Ink([0x23, 0x36, 0x47], 237, Color::Blue);
const OTHER_CHIP: Ink = Ink([0x40, 0x31, 0x4f], 240, Color::Magenta);

impl Theme {
    /// A theme for a terminal.
    pub const fn new(colours: Colours, ascii: bool) -> Self {
        Self { colours, ascii }
    }

    /// The theme for a terminal as its environment describes it: ASCII where the locale is named and is not UTF-8.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&variable).find(|value| !value.is_empty());
        let ascii = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !locale.contains("utf-8") && !locale.contains("utf8")
        });
        Self { colours: Colours::detect(variable), ascii }
    }

    fn ink(self, ink: Ink) -> Option<Color> {
        match self.colours {
            Colours::True => Some(Color::Rgb(ink.0[0], ink.0[1], ink.0[2])),
            Colours::Indexed => Some(Color::Indexed(ink.1)),
            Colours::Sixteen => Some(ink.2),
            Colours::None => None,
        }
    }

    fn on(self, ink: Ink, modifier: Modifier) -> Style {
        Style { fg: self.ink(ink), ..Style::new() }.add_modifier(modifier)
    }

    fn chip(self, ink: Ink, paper: Ink) -> Style {
        Style { fg: self.ink(ink), bg: self.ink(paper), ..Style::new() }
    }

    /// A pane's title.
    pub fn title(&self, focused: bool) -> Style {
        if focused { self.on(BLUE, Modifier::BOLD) } else { self.dim() }
    }

    /// A pane's border.
    pub fn border(&self, focused: bool) -> Style {
        if focused { self.on(BLUE, Modifier::empty()) } else { self.dim() }
    }

    /// What there is to read: the terminal's own foreground.
    pub fn text(&self) -> Style {
        Style::new()
    }

    /// Context: readable, and behind the rest.
    pub fn dim(&self) -> Style {
        match self.colours {
            Colours::None | Colours::Sixteen => Style::new().add_modifier(Modifier::DIM),
            _ => self.on(GREY, Modifier::empty()),
        }
    }

    /// The selected thing, wherever it appears.
    pub fn accent(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            _ => self.chip(PAPER, SELECTION).add_modifier(Modifier::BOLD),
        }
    }

    /// The row or column that holds the selected thing.
    pub fn selected_row(&self) -> Style {
        match self.colours {
            // Not reversed: a bar drawn in blocks would be turned inside out.
            Colours::None | Colours::Sixteen => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            _ => self.chip(PAPER, CHIP),
        }
    }

    /// A key one can press, in the footer and the help.
    pub fn key(&self) -> Style {
        self.on(AMBER, Modifier::BOLD)
    }

    /// Something to be careful about, and text that stands for something invisible.
    pub fn warning(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::ITALIC),
            _ => self.on(AMBER, Modifier::empty()),
        }
    }

    /// Something that failed.
    pub fn error(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::REVERSED),
            _ => self.on(RED, Modifier::BOLD),
        }
    }

    /// Something that succeeded, or agrees.
    pub fn good(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::BOLD | Modifier::ITALIC),
            _ => self.on(GREEN, Modifier::BOLD),
        }
    }

    /// A number that was computed.
    pub fn number(&self) -> Style {
        match self.colours {
            Colours::None => Style::new(),
            _ => self.on(TEAL, Modifier::empty()),
        }
    }

    /// A token's text; neighbours alternate `parity`.
    pub fn token(&self, parity: bool) -> Style {
        match (self.colours, parity) {
            (Colours::None, false) => Style::new(),
            (Colours::None, true) => Style::new().add_modifier(Modifier::UNDERLINED),
            (Colours::Sixteen, false) => self.on(BLUE, Modifier::empty()),
            (Colours::Sixteen, true) => self.on(VIOLET, Modifier::UNDERLINED),
            (_, false) => self.chip(PAPER, CHIP),
            (_, true) => self.chip(PAPER, OTHER_CHIP),
        }
    }

    /// A control or special token, which is not text.
    pub fn special(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::ITALIC | Modifier::UNDERLINED),
            _ => self.on(VIOLET, Modifier::ITALIC),
        }
    }

    /// Text coloured by its surprisal in bits: dim below 1, plain below 3.5, then ever hotter up to 12 and more.
    pub fn surprisal(&self, bits: f32) -> Style {
        let step = [1.0, 3.5, 6.0, 9.0, 12.0].iter().filter(|&&limit| bits >= limit).count();
        match (step, self.colours) {
            (0, _) => self.dim(),
            (1, _) => Style::new(),
            (2, Colours::None) => Style::new().add_modifier(Modifier::UNDERLINED),
            (3, Colours::None) => Style::new().add_modifier(Modifier::BOLD),
            (4, Colours::None) => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            (_, Colours::None) => Style::new().add_modifier(Modifier::REVERSED),
            (2, _) => self.on(TEAL, Modifier::empty()),
            (3, _) => self.on(VIOLET, Modifier::empty()),
            (4, _) => self.on(AMBER, Modifier::BOLD),
            _ => self.on(RED, Modifier::BOLD | Modifier::UNDERLINED),
        }
    }
}
