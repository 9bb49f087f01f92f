//! Every meaning has its look at every level of colour.

use lmscope::ui::{Colours, Theme};
use ratatui::style::{Color, Style};
use std::collections::BTreeSet;

fn themes() -> impl Iterator<Item = Theme> {
    Colours::ALL.into_iter().flat_map(|colours| [false, true].map(|ascii| Theme::new(colours, ascii)))
}

fn meanings(theme: Theme) -> Vec<(&'static str, Style)> {
    vec![
        ("focused title", theme.title(true)),
        ("title", theme.title(false)),
        ("dim", theme.dim()),
        ("accent", theme.accent()),
        ("selected row", theme.selected_row()),
        ("key", theme.key()),
        ("warning", theme.warning()),
        ("error", theme.error()),
        ("good", theme.good()),
        ("number", theme.number()),
        ("token", theme.token(false)),
        ("next token", theme.token(true)),
        ("special", theme.special()),
    ]
}

#[test]
fn the_environment_decides_the_colours() {
    for (set, colours) in [
        (vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Colours::True),
        (vec![("TERM", "xterm"), ("COLORTERM", "24bit")], Colours::True),
        (vec![("TERM", "tmux-256color")], Colours::Indexed),
        (vec![("TERM", "xterm-256color"), ("NO_COLOR", "")], Colours::Indexed),
        (vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Colours::None),
        (vec![("TERM", "linux")], Colours::Sixteen),
        (vec![("TERM", "vt100")], Colours::Sixteen),
        (vec![("TERM", "dumb"), ("COLORTERM", "truecolor")], Colours::None),
        (vec![], Colours::Sixteen),
    ] {
        let found =
            Colours::detect(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(found, colours, "{set:?}");
    }
}

#[test]
fn a_locale_that_is_not_utf8_draws_in_ascii() {
    for (set, ascii) in [
        (vec![], false),
        (vec![("LANG", "en_US.UTF-8")], false),
        (vec![("LANG", "C.utf8")], false),
        (vec![("LANG", "C")], true),
        (vec![("LANG", "zh_CN.GB18030")], true),
        (vec![("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], true),
        (vec![("LC_ALL", ""), ("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")], false),
    ] {
        let found =
            Theme::detect(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(found.ascii, ascii, "{set:?}");
    }
}

#[test]
fn what_must_be_told_apart_looks_apart() {
    for theme in themes() {
        let told: Vec<_> = ["accent", "selected row", "error", "warning", "special", "good", "dim", "number"].into();
        let all = meanings(theme);
        let looks: BTreeSet<String> =
            all.iter().filter(|(name, _)| told.contains(name)).map(|(_, style)| format!("{style:?}")).collect();
        assert_eq!(looks.len(), told.len(), "{theme:?}");
        assert_ne!(theme.token(false), theme.token(true));
        assert_ne!(theme.title(true), theme.title(false));
    }
}

#[test]
fn without_colour_no_colour_is_ever_set_and_the_selection_still_shows() {
    let theme = Theme::new(Colours::None, false);
    let mut styles = meanings(theme);
    styles.extend((0..=20).map(|step| ("heat", theme.heat(step as f32 / 20.0).style)));
    styles.extend((0..=20).map(|bits| ("surprisal", theme.surprisal(bits as f32))));
    for (name, style) in styles {
        assert_eq!((style.fg, style.bg), (None, None), "{name}");
    }
    assert!(!theme.accent().add_modifier.is_empty() && !theme.selected_row().add_modifier.is_empty());
}

#[test]
fn a_level_uses_no_colour_above_itself() {
    for theme in themes() {
        let mut styles = meanings(theme);
        styles.extend((0..=20).map(|step| ("heat", theme.heat(step as f32 / 20.0).style)));
        for colour in styles.iter().flat_map(|(_, style)| [style.fg, style.bg]).flatten() {
            let allowed = match theme.colours {
                Colours::True => true,
                Colours::Indexed => !matches!(colour, Color::Rgb(..)),
                Colours::Sixteen => !matches!(colour, Color::Rgb(..) | Color::Indexed(_)),
                Colours::None => false,
            };
            assert!(allowed, "{colour:?} at {:?}", theme.colours);
        }
    }
}

#[test]
fn heat_grows_in_glyph_and_in_colour() {
    for theme in themes() {
        let looks: Vec<_> = (0..=100).map(|step| theme.heat(step as f32 / 100.0)).collect();
        let glyphs: Vec<&str> = looks.iter().map(|heat| heat.glyphs).collect();
        let mut distinct = glyphs.clone();
        distinct.dedup();
        assert_eq!(distinct.len(), 5, "{distinct:?}");
        assert!(glyphs.iter().all(|glyphs| lmscope::ui::safe::width(glyphs) == 2));
        assert!(!theme.ascii || glyphs.iter().all(|glyphs| glyphs.is_ascii()));
        let styles: BTreeSet<String> = looks.iter().map(|heat| format!("{:?}", heat.style)).collect();
        assert!(styles.len() <= 16);
        assert_ne!(theme.heat(f32::NAN).glyphs, theme.heat(0.0).glyphs);
        assert_eq!(theme.heat(f32::INFINITY), theme.heat(1.0));
        assert_eq!(theme.heat(-1.0), theme.heat(0.0));
    }
}

/// WCAG 2.2, relative luminance.
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// xterm's colour of an index from 16 up.
fn xterm(index: u8) -> [u8; 3] {
    let cube = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index.checked_sub(16) {
        Some(place) if index < 232 => [place / 36, place / 6 % 6, place % 6].map(cube),
        _ => [8 + 10 * index.saturating_sub(232); 3],
    }
}

fn rgb(colour: Option<Color>) -> Option<[u8; 3]> {
    match colour {
        Some(Color::Rgb(r, g, b)) => Some([r, g, b]),
        Some(Color::Indexed(index)) => Some(xterm(index)),
        _ => None,
    }
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_text_is_readable_on_light_and_on_dark() {
    for (colours, least) in [(Colours::True, 4.3), (Colours::Indexed, 3.5)] {
        let theme = Theme::new(colours, false);
        let mut styles = meanings(theme);
        styles.extend((0..=14).map(|bits| ("surprisal", theme.surprisal(bits as f32))));
        for (name, style) in styles {
            let Some(text) = rgb(style.fg).map(luminance) else { continue };
            let grounds = rgb(style.bg).map_or(vec![0.0, 1.0], |ground| vec![luminance(ground)]);
            for ground in grounds {
                assert!(contrast(text, ground) >= least, "{name}: {:.2} {colours:?}", contrast(text, ground));
            }
        }
    }
}

#[test]
fn the_256_colour_heat_grows_in_lightness_as_viridis_does() {
    let theme = Theme::new(Colours::Indexed, false);
    let steps: Vec<f64> =
        (0..16).filter_map(|step| rgb(theme.heat(step as f32 / 15.0).style.fg).map(luminance)).collect();
    assert_eq!(steps.len(), 16);
    assert!(steps.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{steps:?}");
}

/// Full protanopia, deuteranopia and tritanopia in linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0.
const DEFICIENCIES: [[[f64; 3]; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
];

/// CIE L*a*b* (D65) of a colour as an eye sees it.
fn lab(colour: [u8; 3], eye: [[f64; 3]; 3]) -> [f64; 3] {
    let linear = colour.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let [r, g, b] = eye.map(|row| row.iter().zip(linear).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn colour_blind_eyes_tell_the_meanings_apart_by_colour_or_by_weight() {
    for (colours, least) in [(Colours::True, 12.0), (Colours::Indexed, 8.0)] {
        let theme = Theme::new(colours, false);
        let styles: Vec<_> = meanings(theme).into_iter().filter(|(_, style)| style.bg.is_none()).collect();
        for eye in DEFICIENCIES {
            for (index, (name, style)) in styles.iter().enumerate() {
                for (other, second) in &styles[index + 1..] {
                    let (Some(a), Some(b)) = (rgb(style.fg), rgb(second.fg)) else { continue };
                    let same = name.ends_with("title") || *other == "dim" && *name == "title";
                    if style.add_modifier != second.add_modifier || same {
                        continue;
                    }
                    let far: f64 =
                        lab(a, eye).iter().zip(lab(b, eye)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(far >= least, "{name} and {other}: {far:.1} {colours:?}");
                }
            }
        }
    }
}
