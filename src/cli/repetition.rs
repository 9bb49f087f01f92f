//! `lmscope repetition`: how much a text says again, and how a model takes part in it.

use std::io::Read;

use serde::Serialize;

use super::arguments::{Common, Repetition};
use super::output::{Column, Output};
use super::session::{Given, Session};
use super::{Failure, input};
use crate::lab::repetition::copying::{self, Copier};
use crate::lab::repetition::{self, Cycle, Grams, ProbeError, Span};
use crate::lm::blueprint::Stacks;
use crate::ui::Message;
use crate::ui::safe;

/// The sizes of the n-grams that are counted.
const SIZES: [usize; 4] = [1, 2, 3, 4];
/// Columns of a bar.
const BAR: usize = 40;
/// Columns of a text in a table or a sentence.
const TEXT: usize = 60;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    tokens: usize,
    grams: Vec<Size>,
    longest: Option<Place>,
    copied: Option<Copied>,
    loops: Vec<Loop>,
    probe: Option<Probe>,
    heads: Option<Heads>,
}

#[derive(Serialize)]
struct Size {
    n: usize,
    all: usize,
    distinct: usize,
    rep: Option<f64>,
    distinct_share: Option<f64>,
    most: Option<Most>,
}

#[derive(Serialize)]
struct Most {
    text: String,
    times: usize,
}

#[derive(Serialize)]
struct Place {
    start: usize,
    before: usize,
    length: usize,
    text: String,
}

#[derive(Serialize)]
struct Copied {
    share: f64,
    tokens: usize,
    spans: Vec<Place>,
}

#[derive(Serialize)]
struct Loop {
    start: usize,
    period: usize,
    copies: usize,
    length: usize,
    text: String,
}

#[derive(Serialize)]
struct Probe {
    text: String,
    copies: Vec<Copy>,
}

#[derive(Serialize)]
struct Copy {
    before: usize,
    probability: f64,
    increased: Option<f64>,
    greedy: f64,
}

#[derive(Serialize)]
struct Heads {
    /// `text`, or `random` where the text repeats too little.
    measured_on: &'static str,
    places: usize,
    ranked: Vec<Copying>,
}

#[derive(Serialize)]
struct Copying {
    layer: usize,
    head: usize,
    score: f32,
}

pub(super) fn run(
    common: &Common,
    options: &Repetition,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let text = options.source.text.as_deref().map(|text| input::text_or_file(text, stdin)).transpose()?;
    let mut session = Session::open(common)?;
    let given = session.given(&options.source, text)?;
    if given.ids.is_empty() {
        return Err(Failure::NothingGiven);
    }
    let prompt = options.prompt.as_deref().map(|prompt| session.encode(prompt, false)).transpose()?;
    let loops = repetition::find(&given.ids);
    let probe = options.probe.map(|copies| probe(&mut session, &given, &loops, copies as usize)).transpose()?;
    let heads = if options.heads == 0 { None } else { heads(&mut session, &given.ids, options.heads)? };
    let ids = &given.ids;
    let quote = |ids: &[u32]| session.quote(ids.iter().copied());
    let place = |span: Span| Place {
        start: span.start,
        before: span.source,
        length: span.length,
        text: quote(&ids[span.start..][..span.length]),
    };
    let size = |n: usize| {
        let grams = Grams::of(ids, n);
        let most = repetition::most_repeated(ids, n).map(|(gram, times)| Most { text: quote(gram), times });
        let Grams { n, all, distinct } = grams;
        Size { n, all, distinct, rep: grams.repeated(), distinct_share: grams.distinct_share(), most }
    };
    let copied = prompt.map(|prompt| {
        let found = repetition::copied(&prompt, ids, options.least as usize);
        let spans = found.spans.iter().map(|&span| place(span)).collect();
        Copied { share: found.share(), tokens: found.tokens, spans }
    });
    let loops = loops.iter().map(|cycle| Loop {
        start: cycle.start,
        period: cycle.period,
        copies: cycle.copies(),
        length: cycle.length,
        text: quote(&ids[cycle.start..][..cycle.period]),
    });
    let answer = Answer {
        model: &session.model.name,
        tokens: ids.len(),
        grams: SIZES.map(size).into(),
        longest: repetition::longest_repeat(ids).map(place),
        copied,
        loops: loops.collect(),
        probe,
        heads,
    };
    if common.json { output.json(&answer) } else { print(&answer, output) }
}

/// The probability of the text's last loop, or of the whole text, against how often it was said before.
fn probe(session: &mut Session, given: &Given, loops: &[Cycle], copies: usize) -> Result<Probe, Failure> {
    let ids = &given.ids;
    let (start, end) = loops.last().map_or((0, ids.len()), |cycle| (cycle.start, cycle.start + cycle.period));
    let sentence = &ids[start..end];
    let context = match session.model.engine.blueprint.stacks {
        Stacks::Decoder => session.extend(&[], &ids[..start])?,
        _ => session.begin(ids)?,
    };
    let mut said = Vec::new();
    let (engine, under) = (&session.model.engine, session.model.under(&session.changes));
    repetition::probe(engine, under, context, sentence, copies, &mut session.workspace, &|| true, &mut |copy| {
        let repetition::Copy { before, mean: probability, increased, greedy, .. } = copy;
        said.push(Copy { before, probability, increased, greedy });
        true
    })
    .map_err(|error| match error {
        ProbeError::Forward(error) => error.into(),
        ProbeError::NotFinite(logit) => Failure::from(session.model.explain(logit, &|| true)),
    })?;
    Ok(Probe { text: session.quote(sentence.iter().copied()), copies: said })
}

/// The heads that copy most, measured on the text, or on random tokens where it repeats too little; none behind an encoder.
fn heads(session: &mut Session, ids: &[u32], most: usize) -> Result<Option<Heads>, Failure> {
    let engine = &session.model.engine;
    if engine.blueprint.stacks == Stacks::EncoderDecoder {
        return Ok(None);
    }
    let end = &ids[ids.len().saturating_sub(engine.config.context)..];
    let (measured_on, tokens) = if copying::places(end).len() >= copying::ENOUGH {
        ("text", end.to_vec())
    } else {
        ("random", copying::random_repeated(engine.config.vocabulary, engine.config.context))
    };
    let places = copying::places(&tokens);
    let context = session.extend(&[], &tokens)?;
    let ranked =
        copying::rank(&session.model.engine, session.model.under(&session.changes), &context, &places, &|| true)
            .unwrap_or_default();
    let ranked = ranked.into_iter().take(most).map(|Copier { layer, head, score }| Copying { layer, head, score });
    Ok(Some(Heads { measured_on, places: places.len(), ranked: ranked.collect() }))
}

fn print(answer: &Answer<'_>, output: &mut Output<'_>) -> Result<(), Failure> {
    let language = output.language;
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let bar = |value: f64| "▇".repeat((value * BAR as f64).round() as usize);
    let shown = |text: &str| safe::fit_visible(text, TEXT);
    let rows: Vec<Vec<String>> = answer
        .grams
        .iter()
        .map(|size| {
            let most = size.most.as_ref().map(|most| format!("{} × {}", most.times, shown(&most.text)));
            vec![
                size.n.to_string(),
                size.all.to_string(),
                size.distinct.to_string(),
                share(size.rep),
                share(size.distinct_share),
                most.unwrap_or_default(),
            ]
        })
        .collect();
    let columns = [
        Column::Right(Message::CliGramSize),
        Column::Right(Message::CliGrams),
        Column::Right(Message::CliGramsDifferent),
        Column::Right(Message::RepetitionRep),
        Column::Right(Message::RepetitionDistinct),
        Column::Left(Message::CliGramMost),
    ];
    output.table(&columns, &rows)?;
    output.line("")?;
    match &answer.longest {
        Some(found) => output.say(
            Message::CliLongestSpan,
            &[&found.length, &(found.start + 1), &(found.before + 1), &shown(&found.text)],
        )?,
        None => output.say(Message::RepetitionNoSpan, &[])?,
    }
    if let Some(copied) = &answer.copied {
        output.say(Message::CliCopied, &[&share(Some(copied.share)), &copied.tokens, &copied.spans.len()])?;
        for span in &copied.spans {
            output.say(Message::CliCopiedSpan, &[&(span.start + 1), &span.length, &shown(&span.text)])?;
        }
    }
    for found in &answer.loops {
        output.say(Message::CliLoop, &[&(found.start + 1), &found.period, &found.copies, &shown(&found.text)])?;
    }
    if answer.loops.is_empty() {
        output.say(Message::RepetitionNoLoop, &[])?;
    }
    if let Some(probe) = &answer.probe {
        output.line("")?;
        output.say(Message::CliProbe, &[&shown(&probe.text)])?;
        let rows: Vec<Vec<String>> = probe
            .copies
            .iter()
            .map(|copy| {
                vec![
                    copy.before.to_string(),
                    format!("{:.4}", copy.probability),
                    share(Some(copy.greedy)),
                    share(copy.increased),
                    bar(copy.probability),
                ]
            })
            .collect();
        let columns = [
            Column::Right(Message::CliSaidBefore),
            Column::Right(Message::CliProbability),
            Column::Right(Message::CliBeamGreedy),
            Column::Right(Message::CliIncreased),
            Column::Left(Message::CliBlank),
        ];
        output.table(&columns, &rows)?;
    }
    if let Some(heads) = &answer.heads {
        output.line("")?;
        let measured =
            if heads.measured_on == "text" { Message::RepetitionHeadsText } else { Message::RepetitionHeadsRandom };
        output.line(&measured.say(language, &[&heads.places]))?;
        let row = |head: &Copying| {
            let name = format!("L{}.H{}", head.layer + 1, head.head + 1);
            vec![name, format!("{:.1} %", head.score * 100.0), bar(f64::from(head.score))]
        };
        output.rows(&heads.ranked.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(())
}
