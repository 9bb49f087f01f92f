//! How every method compares with gold.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::arguments::Common;
use crate::cli::output::{Column, Output, thousands};
use crate::text::segment::{Gold, Score};
use crate::text::{Method, Segmenter};
use crate::ui::Message;

#[derive(Serialize)]
struct Answer {
    sentences: usize,
    words: u64,
    methods: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    method: &'static str,
    found: u64,
    right: u64,
    precision: f64,
    recall: f64,
    f1: f64,
    oov_rate: f64,
    oov_recall: Option<f64>,
    iv_recall: Option<f64>,
}

pub(super) fn compare(
    segmenter: Segmenter<'_>,
    gold: &Gold,
    common: &Common,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let scores: Vec<(Method, Score)> =
        Method::ALL.into_iter().map(|method| (method, segmenter.score(gold, method))).collect();
    let words = scores.first().map_or(0, |(_, score)| score.gold);
    if common.json {
        let row = |(method, score): &(Method, Score)| Row {
            method: method.name(),
            found: score.found,
            right: score.right,
            precision: score.precision(),
            recall: score.recall(),
            f1: score.f1(),
            oov_rate: score.unknown_share(),
            oov_recall: score.unknown_recall(),
            iv_recall: score.known_recall(),
        };
        let methods = scores.iter().map(row).collect();
        return output.json(&Answer { sentences: gold.sentences.len(), words, methods });
    }
    let counts = [gold.sentences.len() as u64, words, segmenter.dictionary.len() as u64].map(thousands);
    output.say(Message::CliGoldTitle, &[&counts[0], &counts[1], &counts[2]])?;
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}"));
    let row = |(method, score): &(Method, Score)| {
        vec![
            method.name().to_owned(),
            thousands(score.found),
            share(Some(score.precision())),
            share(Some(score.recall())),
            share(Some(score.f1())),
            share(Some(score.unknown_share())),
            share(score.unknown_recall()),
            share(score.known_recall()),
        ]
    };
    let columns = [
        Column::Left(Message::CliMethod),
        Column::Right(Message::CliSegmented),
        Column::Right(Message::CliPrecision),
        Column::Right(Message::CliRecall),
        Column::Right(Message::CliF1),
        Column::Right(Message::CliUnknownRate),
        Column::Right(Message::CliUnknownRecall),
        Column::Right(Message::CliKnownRecall),
    ];
    output.table(&columns, &scores.iter().map(row).collect::<Vec<_>>())
}
