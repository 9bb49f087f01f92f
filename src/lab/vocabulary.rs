//! A vocabulary searched, sorted, and surveyed for pieces that no text gives.

use std::fmt;
use std::str::FromStr;

use crate::text::{Browser, Never, Node, Reach, Tried};
use crate::ui::{Language, Message, safe};

/// In which order pieces stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By id.
    #[default]
    Id,
    /// The longest first, in bytes.
    Length,
    /// The piece that is merged first before the others; what no merge makes comes last.
    Rank,
    /// The most probable first; what has no score comes last.
    Score,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Id, Self::Length, Self::Rank, Self::Score];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Length => "length",
            Self::Rank => "rank",
            Self::Score => "score",
        }
    }
}

/// What pieces are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Those that contain these bytes; all where there are none.
    Bytes(Vec<u8>),
    /// The one with this id.
    Id(u32),
}

impl Default for Sought {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

/// Neither a text, nor `#` and an id, nor `0x` and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSought(pub String);

impl fmt::Display for NotSought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither an id, as #123, nor bytes, as 0xE4BD; a text stands as it is", self.0)
    }
}

impl std::error::Error for NotSought {}

impl FromStr for Sought {
    type Err = NotSought;

    fn from_str(text: &str) -> Result<Self, NotSought> {
        let wrong = || NotSought(text.to_owned());
        // A sign alone is looked for as it is.
        if let Some(id) = text.strip_prefix('#').filter(|id| !id.is_empty() && !id.starts_with('#')) {
            return id.parse().map(Self::Id).map_err(|_| wrong());
        }
        let Some(digits) = text.strip_prefix("0x").filter(|digits| !digits.is_empty()) else {
            return Ok(Self::Bytes(text.as_bytes().to_vec()));
        };
        let pairs = digits.as_bytes().chunks(2).map(|pair| {
            let pair =
                std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
            pair.filter(|pair| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())
        });
        pairs.collect::<Option<Vec<u8>>>().map(Self::Bytes).ok_or_else(wrong)
    }
}

impl Sought {
    fn fits(&self, id: u32, bytes: &[u8], spelling: Option<&str>) -> bool {
        match self {
            Self::Id(sought) => *sought == id,
            Self::Bytes(needle) => {
                contains(bytes, needle) || spelling.is_some_and(|text| contains(text.as_bytes(), needle))
            }
        }
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || bytes.windows(needle.len()).any(|window| window == needle)
}

/// A piece of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: u32,
    /// How many bytes it stands for.
    pub length: usize,
    /// The rank of the last merge that makes it.
    pub rank: Option<u32>,
    /// The logarithm of its probability.
    pub score: Option<f64>,
}

/// Every piece of a vocabulary with what it is sorted by; none where `go_on` said no.
pub fn entries(browser: &Browser<'_>, go_on: &dyn Fn() -> bool) -> Option<Vec<Entry>> {
    let entry = |id| {
        let length = browser.piece(id).len();
        go_on().then(|| Entry { id, length, rank: browser.rank(id), score: browser.score(id) })
    };
    (0..browser.len() as u32).map(entry).collect()
}

/// The entries that are looked for, in their order.
pub fn arrange(browser: &Browser<'_>, entries: &[Entry], sought: &Sought, sort: Sort) -> Vec<Entry> {
    let fits = |entry: &&Entry| sought.fits(entry.id, browser.piece(entry.id), browser.spelling(entry.id));
    let mut found: Vec<Entry> = entries.iter().filter(fits).copied().collect();
    match sort {
        Sort::Id => {}
        Sort::Length => found.sort_by_key(|entry| std::cmp::Reverse(entry.length)),
        Sort::Rank => found.sort_by_key(|entry| (entry.rank.is_none(), entry.rank)),
        Sort::Score => found.sort_by(|a, b| {
            let score = |entry: &Entry| entry.score.unwrap_or(f64::NEG_INFINITY);
            score(b).total_cmp(&score(a))
        }),
    }
    found
}

/// Why pieces do not come out of texts, without the particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// [`Never::Empty`]
    Empty,
    /// [`Never::NotUtf8`]
    NotUtf8,
    /// [`Never::Merges`]
    Merges,
    /// [`Never::Shadowed`]
    Shadowed,
    /// [`Never::Outscored`]
    Outscored,
    /// [`Tried::Mark`]
    Mark,
    /// [`Tried::Normalized`]
    Normalized,
    /// [`Tried::Cut`]
    Cut,
    /// [`Tried::Other`]
    Other,
}

impl Reason {
    /// Every reason: those that are proved, then those that are not.
    pub const ALL: [Self; 9] = [
        Self::Empty,
        Self::NotUtf8,
        Self::Merges,
        Self::Shadowed,
        Self::Outscored,
        Self::Mark,
        Self::Normalized,
        Self::Cut,
        Self::Other,
    ];

    /// The reason of a verdict; none for a piece that a text gives.
    pub fn of(reach: &Reach) -> Option<Self> {
        Some(match reach {
            Reach::Text(_) => return None,
            Reach::Never(Never::Empty) => Self::Empty,
            Reach::Never(Never::NotUtf8) => Self::NotUtf8,
            Reach::Never(Never::Merges(_)) => Self::Merges,
            Reach::Never(Never::Shadowed(_)) => Self::Shadowed,
            Reach::Never(Never::Outscored(..)) => Self::Outscored,
            Reach::NotFound(Tried::Mark) => Self::Mark,
            Reach::NotFound(Tried::Normalized) => Self::Normalized,
            Reach::NotFound(Tried::Cut) => Self::Cut,
            Reach::NotFound(Tried::Other) => Self::Other,
        })
    }

    /// Whether it is proved that no text gives the piece.
    pub fn is_proved(self) -> bool {
        matches!(self, Self::Empty | Self::NotUtf8 | Self::Merges | Self::Shadowed | Self::Outscored)
    }

    /// What it is in words.
    pub fn message(self) -> Message {
        match self {
            Self::Empty => Message::NeverEmpty,
            Self::NotUtf8 => Message::NeverNotUtf8,
            Self::Merges => Message::NeverMerges,
            Self::Shadowed => Message::NeverShadowed,
            Self::Outscored => Message::NeverOutscored,
            Self::Mark => Message::NeverMark,
            Self::Normalized => Message::NeverNormalized,
            Self::Cut => Message::NeverCut,
            Self::Other => Message::NeverOther,
        }
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotUtf8 => "not-utf8",
            Self::Merges => "merges",
            Self::Shadowed => "shadowed",
            Self::Outscored => "outscored",
            Self::Mark => "mark",
            Self::Normalized => "normalized",
            Self::Cut => "cut",
            Self::Other => "other",
        }
    }
}

/// The pieces that no text gave, in ascending order; none where `go_on` said no.
pub fn unreachable(browser: &Browser<'_>, go_on: &dyn Fn() -> bool) -> Option<Vec<(u32, Reach)>> {
    let mut found = Vec::new();
    for id in 0..browser.len() as u32 {
        if !go_on() {
            return None;
        }
        let reach = browser.reach(id);
        if !matches!(reach, Reach::Text(_)) {
            found.push((id, reach));
        }
    }
    Some(found)
}

/// Why no text gives a piece, in one line; nothing for one that a text gives.
pub fn say(browser: &Browser<'_>, reach: &Reach, language: Language) -> String {
    let Some(reason) = Reason::of(reach) else { return String::new() };
    let said = reason.message().text(language);
    let label = |&id: &u32| {
        if (id as usize) < browser.len() { safe::token_label(browser.piece(id)) } else { "–".to_owned() }
    };
    let pieces = |ids: &[u32]| ids.iter().map(label).collect::<Vec<_>>().join(" ");
    match reach {
        Reach::Never(Never::Merges(ids)) => format!("{said}: {}", pieces(ids)),
        Reach::Never(Never::Outscored(ids, by)) => format!("{said}: {} (+{by:.3})", pieces(ids)),
        Reach::Never(Never::Shadowed(id)) => format!("{said}: #{id}"),
        _ => said.to_owned(),
    }
}

/// The lines that lead to each node of a tree: its own corner, and a bar for each one above that has another part below.
pub fn branches(nodes: &[Node]) -> Vec<String> {
    let branch = |(index, node): (usize, &Node)| {
        let rest = nodes.get(index + 1..).unwrap_or_default();
        let goes_on =
            |depth: usize| rest.iter().find(|other| other.depth <= depth).is_some_and(|other| other.depth == depth);
        let above = (1..node.depth).map(|depth| if goes_on(depth) { "│ " } else { "  " });
        let corner = if goes_on(node.depth) { "├─" } else { "└─" };
        above.chain((node.depth > 0).then_some(corner)).collect()
    };
    nodes.iter().enumerate().map(branch).collect()
}
