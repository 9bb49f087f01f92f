//! Widgets and themes.

mod field;
mod ribbon;
mod safe;
mod theme;
mod widgets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A buffer's text, one line per row, cells hidden under wide glyphs left out.
fn text_of(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in buf.area.rows().map(|row| row.y) {
        let mut x = buf.area.left();
        while x < buf.area.right() {
            let symbol = buf[(x, y)].symbol();
            text.push_str(symbol);
            x += lmscope::ui::safe::width(symbol).max(1) as u16;
        }
        text.push('\n');
    }
    text
}

fn buffer(width: u16, height: u16) -> Buffer {
    Buffer::empty(Rect::new(0, 0, width, height))
}

/// Texts that want to steer the terminal, hide, or break layouts: RELIABILITY section 5 and case 3.64.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]52;c;AAAA\u{7}",
        "\u{1b}]8;;http://x\u{1b}\\link",
        "\u{1b}c",
        "\u{1b}#8",
        "\u{1b}[6n",
        "\u{1b}[c",
        "\u{1b}P+q544e\u{1b}\\",
        "\u{1b}_apc\u{1b}\\",
        "\u{1b}^pm\u{1b}\\",
        "\u{1b}Xsos\u{1b}\\",
        "\u{1b}]0;unterminated",
        "\u{9b}31m",
        "\u{9d}0;x\u{9c}",
        "\u{90}q\u{9c}",
        "\0\u{1}\u{8}\u{7f}",
        "a\rb",
        "a\r\nb",
        "\t\n\u{b}\u{c}",
        "\u{202e}evil\u{202c}",
        "\u{2066}a\u{2069}\u{61c}\u{200e}\u{200f}",
        "\u{e0001}\u{e0041}\u{e007f}",
        "\u{e0100}\u{e01ef}",
        "\u{200b}\u{2060}\u{2064}\u{feff}\u{ad}\u{34f}\u{180e}",
        "\u{115f}\u{1160}\u{3164}\u{ffa0}",
        "\u{fff9}\u{fffa}\u{fffb}",
        "\u{2028}\u{2029}",
        "\u{fffe}\u{ffff}\u{10ffff}",
        "\u{e000}\u{f8ff}\u{100000}",
        "\u{378}\u{e0fff}\u{1fffe}",
        "\u{200d}",
        "\u{200d}\u{200d}\u{200d}",
        "\u{301}",
        "\u{301}\u{302}\u{303}",
        "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
        "👨‍👩‍👧‍👦",
        "🏴\u{e0067}\u{e0062}\u{e007f}",
        "🇨🇳🇫",
        "1\u{fe0f}\u{20e3}",
        "☺\u{fe0e}☺\u{fe0f}",
        "\u{fe0f}\u{fe0e}",
        "नमस्ते",
        "ﷺ",
        "\u{1242b}",
        "ｶﾞﾟ",
        "각",
        "\u{1100}\u{1100}\u{1161}",
        "می‌خواهم",
        "a\u{200c}b",
        "研究生命起源",
        "\u{3000}\u{a0}\u{2003}",
        "\u{0600}1",
        "\u{110bd}x",
        "|│┆‹›",
        "",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("a{}", "\u{301}".repeat(100_000)));
    texts.push("\u{200d}👩".repeat(5_000));
    texts.push("\u{1100}".repeat(1_000));
    texts.push("🇨".repeat(3_001));
    texts
}
