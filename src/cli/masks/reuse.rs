//! `lmscope masks --reuse`: what a cache is worth when a turn is added.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::arguments::Common;
use crate::cli::output::{Column, Output};
use crate::cli::session::{Session, stopwatch};
use crate::lab::masks::reuse::{Reading, Reuse, measure};
use crate::ui::Message;

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    reuse: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    reading: &'static str,
    own: bool,
    before: usize,
    added: usize,
    reused: usize,
    share: f64,
    going_on_ms: f64,
    anew_ms: f64,
}

pub(super) fn run(
    common: &Common,
    added: usize,
    session: &mut Session,
    ids: &[u32],
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let before = ids.len().saturating_sub(added);
    if before == 0 {
        return Err(Failure::Mask(crate::lab::masks::Misfit::Longer {
            mask: format!("--reuse {added}"),
            length: ids.len(),
        }));
    }
    let clock = stopwatch();
    let measured = measure(&session.model.engine, ids, before, &mut session.workspace, &|| true, &clock)?;
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let row = |reuse: &Reuse| Row {
        reading: match reuse.reading {
            Reading::DecoderOnly => "decoder-only",
            Reading::Prefix => "prefix",
            Reading::EncoderDecoder => "encoder-decoder",
            Reading::EncoderOnly => "encoder-only",
        },
        own: reuse.own,
        before: reuse.before,
        added: reuse.added,
        reused: reuse.reused,
        share: reuse.share(),
        going_on_ms: ms(reuse.going_on),
        anew_ms: ms(reuse.anew),
    };
    if common.json {
        let reuse = measured.iter().map(row).collect();
        return output.json(&Answer { model: &session.model.name, reuse });
    }
    let language = output.language;
    output.say(Message::ReuseTitle, &[&before, &added])?;
    let cells = |reuse: &Reuse| {
        let name = match reuse.reading {
            Reading::DecoderOnly => Message::ReuseDecoder,
            Reading::Prefix => Message::ReusePrefix,
            Reading::EncoderDecoder => Message::ReuseEncoderDecoder,
            Reading::EncoderOnly => Message::ReuseEncoder,
        };
        let name = name.text(language);
        vec![
            if reuse.own { Message::MaskOwn.say(language, &[&name]) } else { name.to_owned() },
            format!("{} ({:.0} %)", reuse.reused, reuse.share() * 100.0),
            format!("{:.1} ms", ms(reuse.going_on)),
            format!("{:.1} ms", ms(reuse.anew)),
        ]
    };
    let columns = [
        Column::Left(Message::ReuseReading),
        Column::Right(Message::ReuseUsed),
        Column::Right(Message::ReuseGoingOn),
        Column::Right(Message::ReuseAnew),
    ];
    output.table(&columns, &measured.iter().map(cells).collect::<Vec<_>>())?;
    output.say(Message::ReuseRule, &[])
}
