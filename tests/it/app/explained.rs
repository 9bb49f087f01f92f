//! Interventions, the calculation of a cell, the layers: what the pages show is what the engine computes.

use lmscope::app::{App, Start};
use lmscope::lab::heads::Habit;
use lmscope::lm::AttentionKind;
use lmscope::lm::Conditions;
use lmscope::lm::Distribution;
use lmscope::lm::Workspace;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::state::PaneId;
use lmscope::ui::Language;

use super::{explorer, start};

const TEXT: &str = "Once upon a time, there was a dog";

#[test]
fn a_head_taken_out_changes_the_distribution_as_the_engine_says_and_undo_puts_it_back() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4").settle();
    let before: Vec<f32> = driver.app.state().row(5).expect("a row").to_vec();
    driver.keys("F { { F x").settle();
    let state = driver.app.state();
    assert_eq!(state.settings.changes.len(), 3);
    let effect = state.effect().expect("an effect");
    let model = state.model.as_ref().expect("a model");
    let (engine, mut workspace) = (&model.engine, Workspace::new(1));
    let changes = engine.interventions(state.changes(), &mut workspace, &|| true).expect("they fit");
    let under = Conditions { mask: &engine.blueprint.mask, interventions: &changes };
    let tokens: Vec<u32> = state.run.tokens().map(|node| node.token).collect();
    let context = engine.extend(&[], &tokens, under, &mut workspace, &|| true).expect("a pass");
    let logits = engine.logits(&context[state.selected..], &mut workspace).expect("logits");
    let after = Distribution::new(logits).expect("numbers");
    assert_eq!(effect.probability[1], after.probability(effect.choice));
    assert_eq!(effect.rank, after.rank(effect.choice).expect("a rank") + 1);
    assert_eq!(effect.now, after.most_probable());
    assert!(effect.kl_bits > 0.0);
    assert!(driver.screen().contains("KL "), "{}", driver.screen());
    let row = engine.attention(&context[..=5], under, AttentionKind::Own, state.layer, state.head, 5);
    assert_eq!(state.row(5).expect("a row").to_vec(), row, "the rows in view are the changed run's");
    driver.keys("u u u").settle();
    let state = driver.app.state();
    assert!(state.settings.changes.is_empty() && state.under.list().is_empty());
    assert!(!driver.screen().contains("KL "), "{}", driver.screen());
    driver.keys("} }").settle();
    assert_eq!(driver.app.state().row(5).expect("a row").to_vec(), before);
    driver.keys("C-r").settle();
    assert_eq!(driver.app.state().settings.changes.len(), 1);
}

#[test]
fn a_cell_can_be_forbidden_and_a_token_hidden_from_the_grid() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 <left>").settle();
    let key = driver.app.state().key_in_view().expect("a key");
    driver.keys("f").settle();
    let state = driver.app.state();
    assert_eq!(state.row(state.selected).expect("a row")[key], 0.0);
    assert!(driver.screen().contains("forbidden"), "{}", driver.screen());
    driver.keys("f <up> <up> B <down> <down>").settle();
    let state = driver.app.state();
    let hidden = state.selected - 2;
    assert_eq!(state.row(state.selected).expect("a row")[hidden], 0.0);
    assert!(driver.screen().contains("hidden"), "{}", driver.screen());
    driver.keys("t").settle();
    assert!(driver.screen().contains("all switched off"), "{}", driver.screen());
    assert!(driver.app.state().row(hidden + 2).expect("a row")[hidden] > 0.0);
}

#[test]
fn a_list_of_interventions_is_written_and_what_does_not_fit_is_refused_by_name() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 W");
    driver.type_text("head:1.9").keys("<enter>").settle();
    assert!(driver.screen().contains("there is no head 9 in layer 1"), "{}", driver.screen());
    for _ in 0.."head:1.9".len() {
        driver.keys("<backspace>");
    }
    driver.type_text("layer:2 -ff:1 patch:1@4=\"the dog ran\"@1").keys("<enter>").settle();
    let state = driver.app.state();
    assert_eq!(state.settings.changes.len(), 3);
    assert_eq!(state.changes().len(), 2);
    assert!(state.explained.effect.is_some());
    let screen = driver.screen();
    assert!(screen.contains("layer 3 out") && screen.contains("(feed-forward of layer 2 out)"), "{screen}");
}

#[test]
fn an_intervention_that_no_longer_fits_the_text_is_told_and_stands_switched_off_until_it_is_wanted_again() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 <up> B").settle();
    driver.keys("1");
    for _ in 0..TEXT.len() - 4 {
        driver.keys("<backspace>");
    }
    driver.settle();
    let screen = driver.screen();
    assert!(screen.contains("switched off (W lists it): block:8 does not fit: there is no position 8"), "{screen}");
    let state = driver.app.state();
    assert!(state.settings.changes.len() == 1 && !state.settings.changes[0].on && state.under.list().is_empty());
    driver.type_text(" upon a time there was a little girl").settle();
    driver.keys("<enter> 4 t").settle();
    assert!(driver.screen().contains("KL "), "{}", driver.screen());
}

#[test]
fn the_calculation_page_ends_in_the_weight_that_the_grid_shows() {
    let mut driver = explorer(Some(TEXT), 120, 60);
    driver.keys("<enter> 4 <left> <left>").settle();
    let state = driver.app.state();
    let (query, key) = (state.selected, state.key_in_view().expect("a key"));
    let weight = state.row(query).expect("a row")[key];
    driver.keys("4").settle();
    assert_eq!(driver.app.focus(), PaneId::Calculation);
    let found = driver.app.state().explained.cell.as_ref().expect("computed").as_ref().expect("a cell").clone();
    assert!((found.row.cells[key].weight - weight).abs() < 1e-6);
    let screen = driver.screen();
    assert!(screen.contains(&format!("weight {weight:.5}")), "{screen}");
    assert!(screen.contains("through W_O into the residual stream"), "{screen}");
    let (token, added) = found.logit.expect("a logit");
    let said = format!("of the logit of {}: {added:+.4}", driver.app.state().label(token));
    assert!(screen.contains(&said), "{said}: {screen}");
    driver.keys("<left>").settle();
    let cell = driver.app.state().explained.cell.as_ref().expect("computed").as_ref().expect("a cell").cell;
    assert_eq!((cell.query, cell.key), (query, key - 1));
}

#[test]
fn a_persons_own_queries_and_keys_go_through_the_same_steps() {
    let mut driver = explorer(Some(TEXT), 100, 40);
    driver.keys("<enter> 4 4 W <enter>").settle();
    let screen = driver.screen();
    assert!(screen.contains("your own queries, keys and values"), "{screen}");
    // softmax(0, 1/√2) by hand.
    let weight = 1.0 / (1.0 + (0.5_f64).sqrt().exp());
    assert!(screen.contains(&format!("{weight:.4}")), "{weight:.4} {screen}");
    driver.keys("W");
    for _ in 0..80 {
        driver.keys("<backspace>");
    }
    driver.type_text("{").keys("<enter>");
    assert!(driver.screen().contains("not read"), "{}", driver.screen());
    driver.keys("<backspace> <enter>").settle();
    assert!(driver.screen().contains("q and k"), "{}", driver.screen());
}

#[test]
fn the_layers_page_shows_what_each_would_say_and_parts_that_add_up() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 4 4 <left>").settle();
    assert_eq!(driver.app.focus(), PaneId::Layers);
    let state = driver.app.state();
    let lens = state.explained.lens(state.selected).expect("a lens");
    let shown = state.shown().expect("a distribution");
    assert_eq!(lens.choice, shown.distribution.most_probable());
    assert_eq!(lens.depths.len(), 7);
    let found = state.explained.attribution.as_ref().expect("parts");
    assert_eq!((found.position, found.token), (state.selected, lens.choice));
    assert!(found.difference().abs() < 1e-3);
    let screen = driver.screen();
    assert!(screen.contains(&format!("sum {:.4} · logit {:.4}", found.sum, found.logit)), "{screen}");
    driver.keys("<down> <down>").settle();
    assert!(driver.screen().contains("after layer 4"), "{}", driver.screen());
    driver.keys("<down> <down> <down> <down>").settle();
    assert!(driver.screen().contains("E: the embedding, before layer 1"), "{}", driver.screen());
}

#[test]
fn on_a_small_screen_every_part_of_a_logit_is_a_page_away_and_what_is_out_of_view_is_summed() {
    let mut driver = explorer(Some(TEXT), 80, 24);
    driver.keys("<enter> 4 4 4").settle();
    let found = driver.app.state().explained.attribution.clone().expect("parts");
    let count = found.parts.len();
    let number = |line: &str| {
        line.split_whitespace().filter(|word| word.starts_with(['+', '-'])).find_map(|word| word.parse::<f64>().ok())
    };
    let mut seen = 0;
    for page in 0..count {
        let screen = driver.screen();
        let title = screen.lines().find(|line| line.contains(" of 44")).expect("which parts these are").to_owned();
        let (from, to) = title.rsplit_once(" · ").and_then(|(_, shown)| shown.split_once(" to ")).expect("a range");
        let from: usize = from.trim().parse().expect("the first");
        let to: usize = to.split(' ').next().expect("the last").parse().expect("a number");
        assert!(from <= seen + 1 && to > seen, "page {page}: {title}");
        seen = to;
        let rows = screen.lines().skip_while(|line| !line.contains(" of 44")).skip(1);
        let shown: Vec<f64> = rows.take_while(|line| !line.contains("sum")).map_while(number).collect();
        assert_eq!(shown.len(), to + 2 - from, "the parts and the others: {screen}");
        assert!((shown.iter().sum::<f64>() - found.sum).abs() < 0.01, "{screen}");
        if to == count {
            break;
        }
        driver.keys(".");
    }
    assert_eq!(seen, count);
    for _ in 0..count {
        driver.keys(",");
    }
    assert!(driver.screen().contains("1 to "), "{}", driver.screen());
}

#[test]
fn averages_and_rollout_take_the_place_of_the_head_in_every_drawing() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4").settle();
    for (name, drawing) in [("average of layer", "d"), ("average of all heads", "d"), ("rollout to layer", "d")] {
        driver.keys("c").keys(drawing).settle();
        let screen = driver.screen();
        assert!(screen.contains(name), "{screen}");
        let state = driver.app.state();
        let row = state.row(state.selected).expect("a row");
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{name}");
    }
    driver.keys("c").settle();
    assert!(driver.screen().contains(" · head "), "{}", driver.screen());
}

#[test]
fn pointing_out_a_habit_leaves_the_other_heads_without_a_letter() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 z").settle();
    let before = driver.screen();
    driver.keys("r").settle();
    let heads = driver.app.state().overview().expect("an overview").heads.iter().flatten();
    let count = heads.filter(|view| view.score.is_some_and(|score| score.habit == Habit::ALL[0])).count();
    assert!(driver.screen().contains(&format!(" · {count} of 36 heads")), "{}", driver.screen());
    driver.keys("r r r").settle();
    assert_ne!(driver.screen(), before);
    driver.keys("r r r r").settle();
    assert_eq!(driver.screen(), before);
}

#[test]
fn interventions_are_kept_with_the_run() {
    let path = std::env::temp_dir().join(format!("lmscope-changed-{}.json", std::process::id()));
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 x F t").settle();
    driver.keys("S");
    for _ in 0.."run.json".len() {
        driver.keys("<backspace>");
    }
    driver.type_text(path.to_str().expect("a path")).keys("<enter>").settle();
    let kept = driver.app.state().settings.changes.clone();
    assert_eq!(kept.len(), 2);
    let mut other = explorer(Some("Something else"), 120, 40);
    other.keys("<enter> O").type_text(path.to_str().expect("a path")).keys("<enter>").settle();
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(other.app.state().settings.changes, kept);
}

#[test]
fn every_page_of_attention_draws_at_every_size_in_every_family() {
    for (width, height) in [(40, 12), (80, 24), (200, 60)] {
        let mut driver = explorer(Some(TEXT), width, height);
        driver.keys("<enter> 4").settle();
        for keys in ["d", "d", "d", "x", "4", ".", ".", ".", ".", ",", "4", "<down>", "<left>", "L", "4", "4", "4"] {
            driver.keys(keys).settle();
            assert!(!driver.screen().is_empty());
        }
    }
}

#[test]
fn heads_are_sorted_on_the_page_as_on_the_command_line_and_the_cursor_stays_on_its_head() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut driver = explorer(Some(TEXT), width, height);
        driver.keys("<enter> 4 z ]").settle();
        let here = |driver: &super::Driver| (driver.app.state().layer, driver.app.state().head);
        let (chosen, unsorted) = (here(&driver), driver.screen());
        driver.keys("R").settle();
        let overview = driver.app.state().overview().expect("an overview");
        let mut places: Vec<(f32, usize, usize)> = Vec::new();
        for (layer, heads) in overview.heads.iter().enumerate() {
            let score =
                |(head, view): (usize, &lmscope::job::HeadView)| (view.score.expect("a score").score, layer, head);
            places.extend(heads.iter().enumerate().map(score));
        }
        places.sort_by(|a, b| b.0.total_cmp(&a.0));
        let name = |at: usize| format!("L{}H{}", places[at].1 + 1, places[at].2 + 1);
        let screen = driver.screen();
        assert!(screen.contains("by clearest habit ▾"), "{screen}");
        assert!(screen.contains(&format!("[L{}H{}", chosen.0 + 1, chosen.1 + 1)), "{screen}");
        assert_eq!(here(&driver), chosen);
        let at = places.iter().position(|&(_, layer, head)| (layer, head) == chosen).expect("the head");
        let next = (at + 1) % places.len();
        driver.keys("]").settle();
        assert_eq!(here(&driver), (places[next].1, places[next].2), "the next in order");
        assert!(driver.screen().contains(&format!("[{}", name(next))), "{}", driver.screen());
        driver.keys("[ V").settle();
        assert!(driver.screen().contains("by clearest habit ▴"), "{}", driver.screen());
        assert_eq!(here(&driver), chosen);
        driver.keys("V R R R R R R R R R R").settle();
        assert_eq!(driver.screen(), unsorted, "after the last measure they stand as before");
    }
}

#[test]
fn on_a_large_screen_the_pictures_of_heads_grow_and_stay_where_they_are_clicked() {
    let apart = |width, height| -> (usize, usize) {
        let mut driver = explorer(Some(TEXT), width, height);
        driver.keys("<enter> 4 z").settle();
        let screen = driver.screen();
        let row = |name: &str| screen.lines().position(|line| line.contains(name)).expect(name);
        let column = screen.lines().nth(row("L2 ")).and_then(|line| line.find("L2 ")).expect("a layer's name");
        let line = screen.lines().nth(row("L2 ")).expect("its line");
        (row("L2 ") - row("L1 "), line[..column].chars().count())
    };
    assert_eq!(apart(120, 40).0, 3);
    let (rows, column) = apart(200, 60);
    assert_eq!(rows, 5, "one for the name and four for eight rows of pixels");
    let mut driver = explorer(Some(TEXT), 200, 60);
    driver.keys("<enter> 4 z").settle();
    let top = driver.screen().lines().position(|line| line.contains("L2 ")).expect("a layer");
    driver.click(column as u16 + 4 + 10 + 3, top as u16 + 2).settle();
    let state = driver.app.state();
    assert_eq!((state.layer, state.head), (1, 1), "{}", driver.screen());
}

#[test]
fn behind_a_source_the_keys_of_a_row_have_the_numbers_that_they_have_on_every_page() {
    let start = Start { model: Spec::new("spans".as_ref()), ..start(Language::English, Some("Once upon a time")) };
    let mut driver = Driver::new(App::new(start), 120, 40);
    driver.settle();
    driver.keys("<enter> s s 4 4").settle();
    for _ in 0..driver.app.state().run.len() {
        driver.keys("<right>");
    }
    driver.settle();
    let state = driver.app.state();
    let key = state.key_in_view().expect("a key") + 1;
    let label = state.label(state.run.at(key - 1).expect("a token").token);
    assert!(key > state.source_len(), "a decoder's own token");
    let screen = driver.screen();
    assert!(
        screen.contains(&format!("k of {key} {label}")) && screen.contains(&format!("▸ {key:>4} {label}")),
        "{screen}"
    );
    driver.keys("4 4 4 4 x 4").settle();
    assert!(driver.screen().contains("nothing of it is written"), "{}", driver.screen());
}

#[test]
fn to_reverse_an_order_that_there_is_not_says_what_sorts() {
    let mut driver = explorer(Some(TEXT), 120, 40);
    driver.keys("<enter> 4 V").settle();
    assert!(driver.screen().contains("R sorts them"), "{}", driver.screen());
    driver.keys("R V").settle();
    assert!(driver.screen().contains("▴"), "{}", driver.screen());
}
