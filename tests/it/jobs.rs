//! Jobs run inline, as a lane's thread runs them.

use std::ops::ControlFlow;
use std::sync::Arc;

use lmscope::job::{Ahead, BeamSearch, Beams, Body, Desk, Generation, Job, LookAhead, execute};
use lmscope::lm::beam::{Fate, Rules, Stopped};
use lmscope::lm::{Distribution, Position, Workspace};
use lmscope::model::{EMBEDDED, Model, Spec, open};

fn stories() -> Arc<Model> {
    let model = EMBEDDED.iter().find(|model| model.name == "stories").expect("a model");
    Arc::new(open(&Spec::Embedded(model)).expect("it opens"))
}

fn read(model: &Model, text: &str) -> Vec<Position> {
    let mut ids: Vec<u32> =
        model.tokenizer.as_ref().expect("a tokenizer").encode(text).iter().map(|token| token.id).collect();
    ids.truncate(model.engine.config.context - 2);
    let mut workspace = Workspace::new(1);
    model.engine.extend(&[], &ids, &model.engine.blueprint.mask, &mut workspace, &|| true).expect("positions")
}

/// The replies of a job, until it ends or `most` have come; then a newer request makes its ticket stale.
fn replies(job: Job, most: usize) -> Vec<Body> {
    let desk = Arc::new(Desk::default());
    let ticket = desk.ticket(Generation(0), false);
    let mut bodies = Vec::new();
    execute(job, &ticket, &mut |body| {
        bodies.push(body);
        if bodies.len() == most {
            desk.raise(Generation(1));
        }
        ControlFlow::Continue(())
    });
    bodies
}

fn roads(bodies: Vec<Body>) -> Vec<Ahead> {
    bodies.into_iter().filter_map(|body| if let Body::Ahead(ahead) = body { Some(*ahead) } else { None }).collect()
}

#[test]
fn looking_ahead_starts_from_the_most_probable_tokens_and_goes_on_greedily() {
    let model = stories();
    let context = read(&model, "Once upon a time, there was a little");
    let (candidates, steps) = (4, 5);
    let job = LookAhead {
        model: Arc::clone(&model),
        context: context.clone(),
        candidates,
        steps,
        changes: Arc::default(),
        threads: 1,
    };
    let bodies = replies(Job::LookAhead(job), usize::MAX);
    assert!(matches!(bodies.last(), Some(Body::Done)));
    let ahead = roads(bodies);
    let mut workspace = Workspace::new(1);
    let mut after = |path: &[Position]| {
        let logits = model.engine.logits(&path[path.len() - 1..], &mut workspace).expect("logits");
        Distribution::new(logits).expect("numbers")
    };
    let first = after(&context);
    for road in 0..candidates {
        let mut path = context.clone();
        let mut next = first.order()[road];
        for (step, ahead) in ahead.iter().filter(|ahead| ahead.road == road).enumerate() {
            let before = after(&path);
            assert_eq!(ahead.token, next);
            assert_eq!(ahead.score.surprisal, before.surprisal_bits(next));
            assert_eq!(ahead.score.rank, if step == 0 { road } else { 0 });
            assert_eq!(ahead.last, step + 1 == steps);
            path.extend(ahead.position.clone());
            next = after(&path).most_probable();
        }
        assert_eq!(path.len(), context.len() + steps);
    }
}

#[test]
fn looking_ahead_stops_at_the_token_after_it_is_no_longer_wanted() {
    let model = stories();
    let context = read(&model, "Once upon a time");
    let job = LookAhead { model, context, candidates: 8, steps: 40, changes: Arc::default(), threads: 1 };
    let bodies = replies(Job::LookAhead(job), 11);
    assert_eq!(bodies.len(), 11, "nothing after it, not even that it is done");
    assert_eq!(roads(bodies).iter().map(|ahead| ahead.road).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2]);
}

#[test]
fn looking_ahead_goes_no_further_than_the_context() {
    let model = stories();
    let length = model.engine.config.context;
    let context = read(&model, &"a ".repeat(length));
    assert_eq!(context.len(), length - 2);
    let job = LookAhead { model, context, candidates: 1, steps: 9, changes: Arc::default(), threads: 1 };
    let ahead = roads(replies(Job::LookAhead(job), usize::MAX));
    assert!(ahead.last().expect("a road").last);
    assert_eq!(ahead.len(), 3, "two that fit and one after them");
    assert!(ahead[1].position.is_some() && ahead[2].position.is_none());
}

#[test]
fn a_beam_search_sends_every_step_and_ends_with_all_it_found_read() {
    let model = stories();
    let context = read(&model, "Once upon a time, there was a little");
    let rules = Rules::plain(3, 6, Vec::new());
    let job =
        BeamSearch { model: Arc::clone(&model), context: context.clone(), rules, changes: Arc::default(), threads: 1 };
    let bodies = replies(Job::Beam(job), usize::MAX);
    let steps: Vec<Box<Beams>> =
        bodies.into_iter().filter_map(|body| if let Body::Beams(beams) = body { Some(beams) } else { None }).collect();
    assert_eq!(steps.iter().map(|beams| beams.step.length).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    for beams in &steps[..5] {
        assert_eq!(beams.live.len(), 3);
        assert!(beams.live.iter().all(|(_, one)| one.positions.len() == one.choices.len()));
        assert_eq!(beams.step.candidates.iter().filter(|one| one.fate == Fate::Dropped).count(), 3);
    }
    let last = &steps[5];
    assert_eq!(last.stopped, [Some(Stopped::Length)]);
    let mut workspace = Workspace::new(1);
    for (_, found) in &last.finished {
        let tokens: Vec<u32> = found.tokens().collect();
        let mask = &model.engine.blueprint.mask;
        let read = model.engine.extend(&context, &tokens, mask, &mut workspace, &|| true).expect("positions");
        assert_eq!(found.positions, read, "what the search computed is what reading the text computes");
    }
}
