//! Repetition measured, against examples counted by hand and against plain searches.

use std::collections::HashSet;

use lmscope::lab::repetition::copying::{self, Copier};
use lmscope::lab::repetition::{Copy, Cycle, Grams, Span, Watch, copied, find, longest_repeat, most_repeated, probe};
use lmscope::lm::{Distribution, ForwardError, Workspace};
use lmscope::model::{EMBEDDED, Model, Spec, open};
use proptest::prelude::*;

fn letters(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn stories() -> Model {
    let model = EMBEDDED.iter().find(|model| model.name == "stories").expect("a model");
    open(&Spec::Embedded(model)).expect("it opens")
}

#[test]
fn rep_n_and_distinct_n_of_an_example_counted_by_hand() {
    // a b a b a c: of its 5 bigrams ab, ba, ab, ba, ac are 3 different.
    let text = letters("ababac");
    let expected = [(1, 6, 3), (2, 5, 3), (3, 4, 3), (4, 3, 3), (6, 1, 1), (7, 0, 0)];
    for (n, all, distinct) in expected {
        assert_eq!(Grams::of(&text, n), Grams { n, all, distinct });
    }
    let bigrams = Grams::of(&text, 2);
    assert_eq!(bigrams.repeated(), Some(1.0 - 3.0 / 5.0));
    assert_eq!(bigrams.distinct_share(), Some(3.0 / 6.0));
    assert_eq!(Grams::of(&text, 7).repeated(), None);
    assert_eq!(Grams::of::<char>(&[], 1).distinct_share(), None);
    assert_eq!(most_repeated(&text, 2), Some((&letters("ab")[..], 2)), "ba stands as often, and later");
    assert_eq!(most_repeated(&text, 4), None);
}

#[test]
fn the_longest_span_that_stands_twice_may_overlap_itself() {
    for (text, expected) in [
        ("banana", Some((1, 3, 3))),
        ("aaaa", Some((0, 1, 3))),
        ("abcdxabcy", Some((0, 5, 3))),
        ("abc", None),
        ("", None),
    ] {
        let found = longest_repeat(&letters(text)).map(|span| (span.source, span.start, span.length));
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_is_copied_from_the_prompt_is_its_longest_stretches_in_order() {
    let (prompt, text) = (letters("the cat sat on the mat"), letters("a cat sat on a mat"));
    let found = copied(&prompt, &text, 4);
    let spans: Vec<String> =
        found.spans.iter().map(|span| text[span.start..span.start + span.length].iter().collect()).collect();
    assert_eq!(spans, [" cat sat on ", " mat"]);
    for span in &found.spans {
        assert_eq!(text[span.start..][..span.length], prompt[span.source..][..span.length]);
    }
    assert_eq!((found.tokens, found.of), (16, 18));
    assert_eq!(found.longest().map(|span| span.length), Some(12));
    assert_eq!(copied(&prompt, &letters("xyz"), 1).share(), 0.0);
    assert_eq!(copied::<char>(&prompt, &[], 1).share(), 0.0);
}

#[test]
fn a_loop_is_found_at_the_token_that_makes_it_one() {
    let mut watch = Watch::default();
    let text = letters("oncexyzxyzxyzx");
    let mut when = Vec::new();
    for (at, &letter) in text.iter().enumerate() {
        when.extend(watch.push(letter).map(|cycle| (at, cycle)));
    }
    assert_eq!(when[0], (12, Cycle { start: 4, period: 3, length: 9 }), "with its third copy");
    assert_eq!(when[1], (13, Cycle { start: 4, period: 3, length: 10 }));
    assert_eq!((when[1].1.copies(), when[1].1.phase(), when[1].1.end()), (3, 1, 14));
    assert_eq!(find(&letters("very very")), []);
    assert_eq!(find(&letters("hahaha")), [Cycle { start: 0, period: 2, length: 6 }]);
    assert_eq!(find(&letters("aaaa")), [], "four times the same may be meant");
    assert_eq!(find(&letters("aaaaa")), [Cycle { start: 0, period: 1, length: 5 }]);
    let two = find(&letters("ababababcdecdecdecdez"));
    assert_eq!(two, [Cycle { start: 0, period: 2, length: 8 }, Cycle { start: 8, period: 3, length: 12 }]);
}

proptest! {
    #[test]
    fn counts_and_spans_are_those_of_a_plain_search(text in prop::collection::vec(0_u8..4, 0..40), n in 1_usize..5) {
        let grams = Grams::of(&text, n);
        let plain: HashSet<Vec<u8>> = text.windows(n).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(grams.distinct, plain.len());
        prop_assert_eq!(grams.all, text.windows(n).count());
        let mut longest = 0;
        for a in 0..text.len() {
            for b in a + 1..text.len() {
                longest = longest.max(text[a..].iter().zip(&text[b..]).take_while(|(x, y)| x == y).count());
            }
        }
        let found = longest_repeat(&text);
        prop_assert_eq!(found.map_or(0, |span| span.length), longest);
        if let Some(Span { start, source, length }) = found {
            prop_assert!(source < start);
            prop_assert_eq!(&text[start..start + length], &text[source..source + length]);
        }
    }

    #[test]
    fn every_loop_found_is_one_and_none_is_missed(text in prop::collection::vec(0_u8..3, 0..40)) {
        let loops = |text: &[u8]| {
            (1..=text.len() / 2).find_map(|period| {
                let run = text.iter().rev().zip(text.iter().rev().skip(period)).take_while(|(a, b)| a == b).count();
                let start = text.len() - (run + period).min(text.len());
                (run >= (2 * period).max(4)).then_some(Cycle { start, period, length: run + period })
            })
        };
        let mut watch = Watch::default();
        for (at, &token) in text.iter().enumerate() {
            prop_assert_eq!(watch.push(token), loops(&text[..=at]));
        }
    }
}

#[test]
fn the_probe_says_what_scoring_the_repeated_text_says() {
    let model = stories();
    let engine = &model.engine;
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let sentence: Vec<u32> = tokenizer.encode(" The dog ran to the park.").iter().map(|token| token.id).collect();
    let mut workspace = Workspace::new(1);
    let mut copies: Vec<Copy> = Vec::new();
    probe(engine, (&engine.blueprint.mask).into(), Vec::new(), &sentence, 4, &mut workspace, &|| true, &mut |copy| {
        copies.push(copy);
        true
    })
    .expect("a measurement");
    let whole = sentence.repeat(4);
    let positions = engine.extend(&[], &whole, &engine.blueprint.mask, &mut workspace, &|| true).expect("positions");
    assert_eq!(copies.len(), 4);
    for (number, copy) in copies.iter().enumerate() {
        assert_eq!(copy.before, number);
        let mut said = Vec::new();
        for (offset, probability) in copy.probabilities.iter().enumerate() {
            let at = number * sentence.len() + offset;
            let Some(before) = at.checked_sub(1) else {
                assert_eq!(*probability, None, "nothing stands before the first token");
                continue;
            };
            let logits = engine.logits(&positions[before..=before], &mut workspace).expect("logits");
            let next = Distribution::new(logits).expect("numbers");
            assert_eq!(*probability, Some(next.probability(whole[at])));
            said.push((f64::from(next.probability(whole[at])), next.most_probable() == whole[at]));
        }
        let mean = said.iter().map(|(p, _)| p).sum::<f64>() / said.len() as f64;
        let greedy = said.iter().filter(|(_, best)| *best).count() as f64 / said.len() as f64;
        assert!((copy.mean - mean).abs() < 1e-12 && (copy.greedy - greedy).abs() < 1e-12);
    }
    assert!(copies[3].mean > copies[0].mean, "saying it again makes it likelier: {copies:?}");
    assert_eq!(copies[0].increased, None);
}

#[test]
fn the_probe_stops_where_the_context_ends_and_when_it_is_told_to() {
    let model = stories();
    let sentence: Vec<u32> = (300..400).collect();
    let mut workspace = Workspace::new(1);
    let mut measure = |most, go_on: bool, tell: &mut dyn FnMut(Copy) -> bool| {
        let under = (&model.engine.blueprint.mask).into();
        probe(&model.engine, under, Vec::new(), &sentence, most, &mut workspace, &|| go_on, tell)
    };
    let mut told = 0;
    let mut few = |_: Copy| {
        told += 1;
        told < 3
    };
    measure(1000, true, &mut few).expect("a measurement");
    assert_eq!(told, 3);
    let mut all = 0;
    let mut every = |_: Copy| {
        all += 1;
        true
    };
    measure(1000, true, &mut every).expect("a measurement");
    assert_eq!(all, model.engine.config.context / 100);
    let stopped = measure(2, false, &mut |_| true);
    assert_eq!(stopped, Err(ForwardError::Stopped.into()));
}

#[test]
fn copying_heads_are_ranked_by_what_their_rows_say() {
    let model = stories();
    let engine = &model.engine;
    let tokens = copying::random_repeated(engine.config.vocabulary, engine.config.context);
    assert_eq!(tokens.len(), 72);
    assert_eq!(tokens[..24], tokens[24..48]);
    let mask = &engine.blueprint.mask;
    let context = engine.extend(&[], &tokens, mask, &mut Workspace::new(1), &|| true).expect("positions");
    let places = copying::places(&tokens);
    assert!(places.len() >= 48);
    let ranked =
        copying::rank(engine, (&engine.blueprint.mask).into(), &context, &places, &|| true).expect("a ranking");
    assert_eq!(ranked.len(), engine.config.layers * engine.config.heads);
    assert!(ranked.is_sorted_by(|a, b| a.score >= b.score));
    let Copier { layer, head, score } = ranked[0];
    let mut sum = 0.0;
    for &place in &places {
        let row = engine.attention(&context[..=place], mask, lmscope::lm::AttentionKind::Own, layer, head, place);
        sum += (1..=place).filter(|&key| tokens[key - 1] == tokens[place]).map(|key| row[key]).sum::<f32>();
    }
    assert!((sum / places.len() as f32 - score).abs() < 1e-6);
    assert!(copying::rank(engine, (&engine.blueprint.mask).into(), &context, &places, &|| false).is_none());
}
