//! Every widget in every area, with every theme and any text.

use super::{buffer, hostile, text_of};
use lmscope::ui::grid::{self, Grid};
use lmscope::ui::table::{self, Column, Table, Width};
use lmscope::ui::{Colours, Field, Hint, Panel, Ribbon, Theme, ascii, bar, draw, footer, panel, ribbon, safe};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::time::{Duration, Instant};

const COLUMNS: [Column<'_>; 3] = [
    Column { title: "token", width: Width::Share(2), align: Alignment::Left },
    Column { title: "model", width: Width::Share(1), align: Alignment::Center },
    Column { title: "p", width: Width::Exact(6), align: Alignment::Right },
];

/// Draws one of everything.
fn everything(text: &str, area: Rect, buf: &mut Buffer, theme: Theme) {
    let boxed = Panel { title: text, details: text, note: text, foot: text, focused: true, rule: false };
    let inside = panel::draw(&boxed, area, buf, &theme);
    panel::draw(&Panel { rule: true, ..boxed }, inside, buf, &theme);
    panel::scrollbar(3, 4, 50, area, buf, &theme);
    let cell = |row: usize, column: usize| Line::from(format!("{text}{row}{column}"));
    let table = Table { columns: &COLUMNS, rows: 1000, offset: 990, selected: Some(995), cell: &cell };
    table::draw(&table, area, buf, &theme);
    for spread in [false, true] {
        let label = |index: usize| format!("{index}{text}");
        let value = |row: usize, column: usize| (column <= row).then_some(column as f32 / 10.0);
        let grid = Grid {
            rows: 30,
            columns: 30,
            value: &value,
            row_label: &label,
            column_label: &label,
            cursor: Some((3, 2)),
            offset: (1, 1),
            spread,
        };
        grid::draw(&grid, area, buf, &theme);
        grid.cell_at(area, Position::new(area.x, area.y));
        grid::thumbnail(30, &value, area, buf, &theme);
    }
    footer::draw(&[Hint { key: "q".into(), what: text.into() }], text, area, buf, &theme);
    Field::new(text).draw(area, buf, &theme, &|_| theme.token(true));
    let boundaries = [0, 1, 2, 3];
    for stave in ribbon::staves(text, &[Ribbon { name: text, boundaries: &boundaries }], usize::from(area.width)) {
        stave.draw(0, area, buf, &theme, &|_| theme.token(false));
    }
    draw::line(buf, area, &Line::from(text), Alignment::Right, &theme);
    draw::clear(buf, area);
    ascii::degrade(buf, area);
}

#[test]
fn every_size_is_drawn_inside_its_area() {
    for width in 0..=13 {
        for height in 0..=13 {
            for theme in
                [Theme::new(Colours::None, true), Theme::new(Colours::True, false), Theme::new(Colours::Sixteen, false)]
            {
                for area in [
                    Rect::new(0, 0, width, height),
                    Rect::new(2, 1, width, height),
                    Rect::new(9, 9, 40, 40),
                    Rect::new(u16::MAX, u16::MAX, 0, 0),
                ] {
                    let mut buf = buffer(12, 10);
                    everything("a研\u{1b}[31m", area, &mut buf, theme);
                    let mut inner = Buffer::filled(Rect::new(0, 0, 20, 20), ratatui::buffer::Cell::new("?"));
                    let small = Rect::new(3, 3, width, height).intersection(inner.area);
                    everything("a研b", small, &mut inner, theme);
                    for position in inner.area.positions() {
                        assert!(
                            small.contains(position) || inner[position].symbol() == "?",
                            "{position} outside {small}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn without_colour_no_widget_sets_one() {
    let mut buf = buffer(60, 20);
    let area = buf.area;
    let label = |index: usize| index.to_string();
    let theme = Theme::new(Colours::None, false);
    let grid = Grid {
        rows: 9,
        columns: 9,
        value: &attention,
        row_label: &label,
        column_label: &label,
        cursor: Some((1, 1)),
        offset: (0, 0),
        spread: true,
    };
    grid::draw(
        &grid,
        panel::draw(&Panel { title: "a", focused: true, ..Panel::default() }, area, &mut buf, &theme),
        &mut buf,
        &theme,
    );
    grid::thumbnail(9, &attention, Rect::new(40, 4, 8, 8), &mut buf, &theme);
    Field::new("a\u{200b}").draw(Rect::new(30, 0, 9, 2), &mut buf, &theme, &|_| theme.surprisal(8.0));
    footer::draw(&[Hint { key: "q".into(), what: "quit".into() }], "", area, &mut buf, &theme);
    assert!(buf.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn hostile_text_in_any_widget_leaves_no_control_character() {
    for text in hostile() {
        let theme = Theme::new(Colours::True, false);
        let (width, height) = if text.len() > 9_000 { (16, 4) } else { (60, 20) };
        let mut buf = buffer(width, height);
        let area = buf.area;
        everything(&text, area, &mut buf, theme);
        for colours in Colours::ALL {
            panel::draw(
                &Panel { title: &text, note: &text, ..Panel::default() },
                area,
                &mut buf,
                &Theme::new(colours, false),
            );
            draw::line(&mut buf, area, &Line::from(text.as_str()), Alignment::Left, &theme);
        }
        assert!(buf.content().iter().all(|cell| !cell.symbol().contains(char::is_control)), "{text:?}");
        let rows: Vec<usize> = text_of(&buf).lines().map(safe::width).collect();
        assert!(
            rows.iter().all(|&columns| columns == usize::from(width)),
            "{rows:?} of {:?}",
            text.chars().take(9).collect::<String>()
        );
    }
}

#[test]
fn a_panel_says_its_title_its_note_and_its_foot() {
    let theme = Theme::new(Colours::None, false);
    let mut buf = buffer(40, 3);
    let area = buf.area;
    let shown =
        Panel { title: "Text", details: "研究", note: "H 3.4 bits", foot: "14 tokens", focused: true, rule: false };
    assert_eq!(panel::draw(&shown, area, &mut buf, &theme), Rect::new(1, 1, 38, 1));
    assert_eq!(
        text_of(&buf),
        "╭─ Text ── 研究 ────────── H 3.4 bits ─╮\n│                                      │\n╰────────────────────────── 14 tokens ─╯\n"
    );
    assert!(buf[(4, 0)].modifier.contains(Modifier::BOLD));
    let mut buf = buffer(24, 3);
    panel::draw(&shown, area, &mut buf, &Theme::new(Colours::None, true));
    assert!(text_of(&buf).starts_with("+- Text"), "{}", text_of(&buf));
    assert!(!text_of(&buf).contains("bits"), "a note that does not fit is left out");
}

#[test]
fn a_table_draws_only_the_rows_it_shows_and_marks_the_selected_one() {
    let asked = std::cell::RefCell::new(Vec::new());
    let cell = |row: usize, column: usize| {
        asked.borrow_mut().push(row);
        Line::from([format!("␣token{row}"), "██".to_owned(), format!("{row}.5 %")][column].clone())
    };
    let table = Table { columns: &COLUMNS, rows: 1_000_000, offset: 500_000, selected: Some(500_001), cell: &cell };
    let mut buf = buffer(40, 4);
    let area = buf.area;
    let theme = Theme::new(Colours::None, false);
    table::draw(&table, area, &mut buf, &theme);
    assert_eq!(
        text_of(&buf),
        " token                   model         p\n ␣token500000             ██      50000…\n▸␣token500001             ██      50000…\n ␣token500002             ██      50000…\n"
    );
    assert_eq!(asked.borrow().iter().max(), Some(&500_002));
    assert!(
        buf[(0, 2)].modifier.contains(Modifier::UNDERLINED) && !buf[(0, 1)].modifier.contains(Modifier::UNDERLINED)
    );
    assert_eq!(table.row_at(area, Position::new(3, 2)), Some(500_001));
    assert_eq!(table.row_at(area, Position::new(3, 0)), None);
}

#[test]
fn the_scrollbar_reaches_its_ends_only_at_the_ends() {
    let theme = Theme::default();
    let area = Rect::new(0, 0, 4, 7);
    let thumb = |offset: usize| {
        let mut buf = buffer(4, 7);
        panel::scrollbar(offset, 5, 1000, area, &mut buf, &theme);
        text_of(&buf).lines().position(|line| line.contains('┃'))
    };
    assert_eq!(
        [thumb(0), thumb(1), thumb(994), thumb(995), thumb(usize::MAX)],
        [Some(1), Some(2), Some(5), Some(5), Some(5)]
    );
    let mut buf = buffer(4, 7);
    panel::scrollbar(0, 5, 5, area, &mut buf, &theme);
    assert_eq!(buf, buffer(4, 7));
}

#[test]
fn scrolling_follows_the_selection_as_little_as_it_can() {
    assert_eq!(table::follow(0, 5, 10, 100), 0);
    assert_eq!(table::follow(0, 12, 10, 100), 3);
    assert_eq!(table::follow(50, 12, 10, 100), 12);
    assert_eq!(table::follow(95, 99, 10, 100), 90);
    assert_eq!(table::follow(5, 0, 0, 0), 0);
}

#[test]
fn a_bar_is_exact_to_an_eighth_and_never_hides_a_value() {
    let theme = Theme::default();
    assert_eq!(bar::bar(0.5, 4, &theme), "██  ");
    assert_eq!(bar::bar(0.53125, 4, &theme), "██▏ ");
    assert_eq!(bar::bar(0.0, 3, &theme), "   ");
    assert_eq!(bar::bar(1e-9, 3, &theme), "▏  ");
    assert_eq!(bar::bar(7.0, 3, &theme), "███");
    assert_eq!(bar::bar(f32::NAN, 3, &theme), "   ");
    assert_eq!(bar::bar(0.4, 5, &Theme::new(Colours::None, true)), "##   ");
    assert_eq!(bar::bar_left(0.5, 4, &theme), "  ██");
    assert_eq!(bar::bar_left(0.625, 4, &theme), " ▐██");
    assert_eq!(bar::bar_left(1e-9, 3, &theme), "  ▕");
    assert_eq!(bar::bar_left(0.0, 3, &theme), "   ");
    assert_eq!(bar::bar_left(7.0, 3, &theme), "███");
    assert_eq!(bar::bar_left(0.3, 5, &Theme::new(Colours::None, true)), "   ##");
    assert_eq!(bar::sparkline([0.0, 1.0, f32::NAN, 0.5], &theme), "▁█ ▅");
    assert_eq!(bar::sparkline([], &theme), "");
    for value in 0..=100 {
        for columns in 0..9 {
            assert_eq!(safe::width(&bar::bar(value as f32 / 100.0, columns, &theme)), columns);
            assert_eq!(safe::width(&bar::bar_left(value as f32 / 100.0, columns, &theme)), columns);
        }
    }
}

fn attention(row: usize, column: usize) -> Option<f32> {
    (column <= row).then(|| if column == 0 { 0.75 } else { 1.0 / (1.0 + row as f32 - column as f32) })
}

#[test]
fn a_grid_shows_values_masks_labels_and_the_cursor_without_colour() {
    let words = ["Once", "upon", "研究", "time"];
    let label = |index: usize| words[index % 4].to_owned();
    let grid = Grid {
        rows: 4,
        columns: 4,
        value: &attention,
        row_label: &label,
        column_label: &label,
        cursor: Some((2, 1)),
        offset: (0, 0),
        spread: false,
    };
    let mut buf = buffer(24, 12);
    let area = buf.area;
    grid::draw(&grid, area, &mut buf, &Theme::new(Colours::None, false));
    let shown = text_of(&buf);
    let trimmed: Vec<&str> = shown.lines().map(str::trim_end).take(8).collect();
    assert_eq!(
        trimmed,
        [
            "      O u   t",
            "      n p   i",
            "      c o 研m",
            "      e n 究e",
            "Once  ▓▓ · · ·",
            "upon  ▓▓██ · ·",
            "研究▸ ▓▓▒▒██ ·",
            "time  ▓▓▒▒▒▒██"
        ],
        "{shown}"
    );
    assert_eq!(grid.cell_at(area, Position::new(8, 6)), Some((2, 1)));
    assert_eq!(grid.cell_at(area, Position::new(0, 6)), None);
}

#[test]
fn where_there_is_room_a_spread_grid_s_cells_are_as_high_as_they_look_wide() {
    let tokens = ["there", "was"];
    let value = |row: usize, column: usize| (column <= row).then_some(1.0);
    let label = |index: usize| tokens[index].to_owned();
    let grid = Grid {
        rows: 2,
        columns: 2,
        value: &value,
        row_label: &label,
        column_label: &label,
        cursor: Some((1, 0)),
        offset: (0, 0),
        spread: true,
    };
    let mut buf = buffer(24, 6);
    let area = buf.area;
    grid::draw(&grid, area, &mut buf, &Theme::new(Colours::None, false));
    let shown = text_of(&buf);
    let trimmed: Vec<&str> = shown.lines().map(str::trim_end).take(5).collect();
    assert_eq!(
        trimmed,
        ["       there was", "there  ██████ · · ·", "       ██████", "  was▸ ████████████", "       ████████████",],
        "{shown}"
    );
    assert_eq!(grid.cell_at(area, Position::new(8, 2)), Some((0, 0)));
    assert_eq!(grid.cell_at(area, Position::new(14, 4)), Some((1, 1)));
    // With less room a row is a row.
    assert_eq!(grid.layout(Rect { height: 4, ..area }).tall, 1);
}

#[test]
fn a_head_is_recognised_in_its_thumbnail() {
    let mut buf = buffer(6, 3);
    let area = buf.area;
    let diagonal = |row: usize, column: usize| (column <= row).then_some(f32::from(row == column));
    grid::thumbnail(60, &diagonal, area, &mut buf, &Theme::new(Colours::None, false));
    assert_eq!(
        text_of(&buf),
        "▚▖    \n  ▚▖  \n    ▚▖\n".replace("▚▖    ", "▀▄    ").replace("  ▚▖  ", "  ▀▄  ").replace("    ▚▖", "    ▀▄")
    );
}

#[test]
fn the_footer_keeps_the_most_important_keys() {
    let hints: Vec<Hint> = [("Enter", "take ␣saw"), ("Space", "play"), ("?", "help"), ("q", "quit")]
        .map(|(key, what)| Hint { key: key.into(), what: what.into() })
        .into();
    let line = |width: u16| {
        let mut buf = buffer(width, 1);
        let area = buf.area;
        footer::draw(&hints, "seed 7", area, &mut buf, &Theme::default());
        text_of(&buf).trim_end().to_owned()
    };
    assert_eq!(line(70), " Enter take ␣saw   Space play   ? help   q quit                seed 7");
    assert_eq!(line(30), " Enter take ␣saw       seed 7");
    assert_eq!(line(10), "");
}

#[test]
fn a_line_too_long_ends_in_an_ellipsis_across_spans() {
    let mut buf = buffer(6, 1);
    let area = buf.area;
    let spans = Line::from(vec!["研究".into(), "生命".into(), "x".into()]);
    draw::line(&mut buf, area, &spans, Alignment::Left, &Theme::default());
    assert_eq!(text_of(&buf), "研究… \n");
    draw::line(&mut buf, area, &Line::from("ab"), Alignment::Right, &Theme::default());
    assert!(text_of(&buf).ends_with("ab\n"));
}

#[test]
fn clearing_tears_no_glyph_at_its_edge() {
    let mut buf = buffer(6, 1);
    buf.set_string(0, 0, "研究生", Style::new());
    draw::clear(&mut buf, Rect::new(1, 0, 2, 1));
    assert_eq!(text_of(&buf), "    生\n");
}

#[test]
fn ascii_mode_draws_ascii() {
    let theme = Theme::new(Colours::Sixteen, true);
    let mut buf = buffer(60, 20);
    let area = buf.area;
    let cell = |row: usize, _: usize| {
        Line::from(format!("long label {row} in a table {}", bar::bar(0.4, 3, &Theme::default())))
    };
    let inside =
        panel::draw(&Panel { title: "Text", note: "note", focused: true, ..Panel::default() }, area, &mut buf, &theme);
    table::draw(
        &Table { columns: &COLUMNS, rows: 9, offset: 0, selected: Some(1), cell: &cell },
        inside,
        &mut buf,
        &theme,
    );
    draw::finish(&mut buf, &theme);
    assert!(text_of(&buf).is_ascii(), "{}", text_of(&buf));
    let label = |index: usize| index.to_string();
    let grid = Grid {
        rows: 9,
        columns: 9,
        value: &attention,
        row_label: &label,
        column_label: &label,
        cursor: Some((1, 1)),
        offset: (0, 0),
        spread: true,
    };
    grid::draw(&grid, area, &mut buf, &theme);
    grid::thumbnail(9, &attention, Rect::new(40, 4, 8, 8), &mut buf, &theme);
    assert!(text_of(&buf).is_ascii(), "{}", text_of(&buf));
}

#[test]
fn a_full_screen_of_heat_draws_within_a_frame() {
    let label = |index: usize| format!("token{index}");
    let grid = Grid {
        rows: 4000,
        columns: 4000,
        value: &attention,
        row_label: &label,
        column_label: &label,
        cursor: Some((3000, 20)),
        offset: (2990, 0),
        spread: false,
    };
    let mut buf = buffer(200, 60);
    let area = buf.area;
    let theme = Theme::new(Colours::True, false);
    let fastest = (0..10)
        .map(|_| {
            let started = Instant::now();
            grid::draw(&grid, area, &mut buf, &theme);
            started.elapsed()
        })
        .min();
    assert!(fastest < Some(Duration::from_millis(16)), "{fastest:?}");
}

/// What an emulator that knows no clusters shows after an empty frame and one with the text at the right of a panel.
fn emulated(text: &str) -> std::io::Result<vt100::Parser> {
    let mut bytes = Vec::new();
    let viewport = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 40, 4)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), viewport)?;
    for text in ["", text] {
        terminal.draw(|frame| {
            let (area, theme) = (frame.area(), Theme::new(Colours::None, false));
            let inside = panel::draw(&Panel::default(), area, frame.buffer_mut(), &theme);
            draw::put(frame.buffer_mut(), inside, inside.x, inside.y, text, Style::new());
            draw::line(
                frame.buffer_mut(),
                inside.rows().nth(1).unwrap_or_default(),
                &Line::from(text),
                Alignment::Right,
                &theme,
            );
            draw::finish(frame.buffer_mut(), &theme);
        })?;
    }
    drop(terminal);
    let (rows, columns) = (4.try_into().map_err(std::io::Error::other)?, 40.try_into().map_err(std::io::Error::other)?);
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(&bytes);
    Ok(parser)
}

#[test]
fn no_cluster_breaks_a_border_in_an_emulator_without_clusters() -> std::io::Result<()> {
    for text in hostile().iter().filter(|text| text.len() < 2_000) {
        let parser = emulated(text)?;
        let glyph = |row: u16, column: u16| parser.screen().cell(row, column).map_or("", |cell| cell.contents());
        let upright = (1..3).all(|row| glyph(row, 0) == "│" && glyph(row, 39) == "│");
        let flat = (1..39).all(|column| glyph(0, column) == "─" && glyph(3, column) == "─");
        assert!(upright && flat, "{text:?}\n{}", parser.screen().contents());
    }
    Ok(())
}
