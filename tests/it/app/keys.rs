//! The table of keys, the table of messages, and the README that shows them.

use std::collections::BTreeSet;

use lmscope::app::keymap;
use lmscope::app::keymap::BINDINGS;
use lmscope::app::keymap::Scope;
use lmscope::state::PaneId;
use lmscope::ui::Language;
use lmscope::ui::Message;

use super::explorer;

#[test]
fn no_key_asks_for_two_things_in_one_scope() {
    for (index, binding) in BINDINGS.iter().enumerate() {
        for other in &BINDINGS[index + 1..] {
            let shared: Vec<_> = binding.keys.iter().filter(|key| other.keys.contains(key)).collect();
            assert!(shared.is_empty() || binding.scope != other.scope, "{shared:?}: {binding:?} and {other:?}");
        }
    }
}

#[test]
fn no_key_is_one_that_a_terminal_keeps_for_itself() {
    for binding in BINDINGS {
        for key in binding.keys {
            let name = key.name();
            assert!(!["Ctrl-M", "Ctrl-I", "Ctrl-H", "Ctrl-S", "Ctrl-Q"].contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn every_pane_shows_its_next_keys_in_the_footer() {
    for pane in PaneId::all() {
        let shown = keymap::footer(pane);
        assert!(!shown.is_empty(), "{pane:?}");
        let words: BTreeSet<_> = shown.iter().map(|binding| binding.footer.map(|(_, word)| word.texts().0)).collect();
        assert_eq!(words.len(), shown.len(), "a word twice in the footer of {pane:?}");
    }
}

#[test]
fn the_help_lists_every_key_of_the_pane() {
    for pane in PaneId::all() {
        let mut driver = explorer(Some("Once"), 120, 90);
        driver.keys("<tab>");
        if pane == PaneId::Text {
            continue;
        }
        driver.keys(if pane.digit() == 5 { "3" } else { "5" }).keys(&pane.keys()).keys("?");
        let screen = driver.screen();
        for (binding, _) in keymap::effective(pane) {
            assert!(screen.contains(Language::English.text(binding.help)), "{:?}:\n{screen}", binding.command);
        }
    }
}

#[test]
fn the_palette_finds_a_command_by_its_name_and_does_it() {
    let mut driver = explorer(Some("Once upon"), 120, 40);
    driver.keys("<tab> :").type_text("switch-lang").keys("<enter>");
    assert_eq!(driver.app.state().language, Language::Chinese);
}

#[test]
fn every_command_but_the_field_s_own_can_be_reached_from_the_palette() {
    let names: BTreeSet<String> = BINDINGS.iter().map(|binding| binding.command.name()).collect();
    for name in &names {
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{name}");
    }
    assert_eq!(
        names.len(),
        BINDINGS.iter().map(|binding| format!("{:?}", binding.command)).collect::<BTreeSet<_>>().len()
    );
}

#[test]
fn every_message_is_said_in_both_languages_with_the_same_holes() {
    for &message in Message::ALL {
        let (english, chinese) = message.texts();
        assert!(!english.is_empty() && !chinese.is_empty(), "{message:?}");
        assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{message:?}");
    }
}

#[test]
fn the_readme_shows_the_table_of_keys() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README");
    let table = keymap::markdown(Language::English);
    assert!(readme.contains(&table), "the README's table of keys should be:\n{table}");
}

#[test]
fn a_pane_s_own_binding_goes_before_the_common_one() {
    let first = BINDINGS.iter().find(|binding| binding.scope == Scope::Pane(PaneId::Attention)).expect("one");
    assert_eq!(first.command.name(), "key-left");
}
