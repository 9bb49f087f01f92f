//! `lmscope vocabulary`: the pieces of a tokenizer, their merges, and those that no text gives.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::Failure;
use super::arguments::{Common, Vocabulary, spec};
use super::fetch::fetch;
use super::output::{Column, Output, thousands};
use super::session::{Piece, piece};
use crate::lab::vocabulary::{Entry, NotSought, Reason, Sort, Sought, arrange, branches, entries, say, unreachable};
use crate::model;
use crate::text::{Browser, Index, Never, Node, Reach};
use crate::ui::{Message, safe};

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    piece: Piece,
    spelling: Option<String>,
    length: usize,
    rank: Option<u32>,
    score: Option<f64>,
    special: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreachable: Option<Value>,
}

pub(super) fn run(common: &Common, options: &Vocabulary, output: &mut Output<'_>) -> Result<(), Failure> {
    let named = options.tokenizer.as_deref().map_or_else(|| common.model(), spec);
    fetch(&named, common.language)?;
    let tokenizer = model::open_tokenizer(&named)??;
    let index = Index::new(&tokenizer);
    let browser = Browser::new(&tokenizer, &index);
    if let Some(sought) = &options.tree {
        return tree(&browser, find(&browser, sought)?, common, output);
    }
    let all = entries(&browser, &|| true).unwrap_or_default();
    let sought = options.search.clone().unwrap_or_default();
    if let Sought::Id(id) = sought {
        exists(&browser, id)?;
    }
    let mut found = arrange(&browser, &all, &sought, options.sort);
    let mut reasons: HashMap<u32, Reach> = HashMap::new();
    if options.unreachable {
        reasons = unreachable(&browser, &|| true).unwrap_or_default().into_iter().collect();
        found.retain(|entry| reasons.contains_key(&entry.id));
    }
    let total = found.len();
    let counts = counts(&found, &reasons);
    if options.top > 0 {
        found.truncate(options.top);
    }
    if common.json {
        let row = |entry: &Entry| Row {
            piece: piece(entry.id, browser.piece(entry.id)),
            spelling: browser.spelling(entry.id).map(str::to_owned),
            length: entry.length,
            rank: entry.rank,
            score: entry.score,
            special: browser.is_special(entry.id),
            unreachable: reasons.get(&entry.id).map(|reach| told(&browser, reach)),
        };
        let rows: Vec<Row> = found.iter().map(row).collect();
        let mut answer = json!({
            "kind": browser.kind().name(), "size": browser.len(), "found": total, "pieces": rows,
        });
        if options.unreachable
            && let Some(answer) = answer.as_object_mut()
        {
            let count = |&(reason, count): &(Reason, usize)| (reason.name().to_owned(), json!(count));
            answer.insert("reasons".to_owned(), Value::Object(counts.iter().map(count).collect()));
        }
        return output.json(&answer);
    }
    print(&browser, options, &found, &reasons, output)?;
    for (reason, count) in &counts {
        let proof = if reason.is_proved() { Message::CliProved } else { Message::CliNotProved };
        output.say(
            Message::CliReasonCount,
            &[&thousands(*count as u64), &reason.message().text(output.language), &proof.text(output.language)],
        )?;
    }
    let sizes = [total, browser.len()].map(|size| thousands(size as u64));
    output.say(Message::CliPiecesFound, &[&browser.kind().name(), &sizes[0], &sizes[1]])
}

fn exists(browser: &Browser<'_>, id: u32) -> Result<u32, Failure> {
    if (id as usize) < browser.len() { Ok(id) } else { Err(Failure::NoId(id, browser.len())) }
}

/// The piece that is named by its id, its spelling, or its text.
fn find(browser: &Browser<'_>, sought: &str) -> Result<u32, Failure> {
    if let Ok(Sought::Id(id)) = sought.parse::<Sought>() {
        return exists(browser, id);
    }
    let bytes = match sought.parse() {
        Ok(Sought::Bytes(bytes)) => bytes,
        Ok(Sought::Id(_)) => Vec::new(),
        Err(NotSought(_)) => sought.as_bytes().to_vec(),
    };
    let spelled = browser.id_of(sought);
    let all = || 0..browser.len() as u32;
    spelled.or_else(|| all().find(|&id| browser.piece(id) == bytes)).ok_or_else(|| Failure::NoPiece(sought.to_owned()))
}

fn counts(found: &[Entry], reasons: &HashMap<u32, Reach>) -> Vec<(Reason, usize)> {
    let of = |entry: &Entry| reasons.get(&entry.id).and_then(Reason::of);
    let count = |reason| (reason, found.iter().filter(|entry| of(entry) == Some(reason)).count());
    Reason::ALL.into_iter().map(count).filter(|&(_, count)| count > 0).collect()
}

fn print(
    browser: &Browser<'_>,
    options: &Vocabulary,
    found: &[Entry],
    reasons: &HashMap<u32, Reach>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let has_scores = options.sort == Sort::Score || found.iter().any(|entry| entry.score.is_some());
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|entry| {
            let order = if has_scores {
                entry.score.map(|score| format!("{score:.4}"))
            } else {
                entry.rank.map(|rank| rank.to_string())
            };
            let mut row = vec![
                entry.id.to_string(),
                safe::token_label(browser.piece(entry.id)),
                entry.length.to_string(),
                order.unwrap_or_default(),
            ];
            row.extend(reasons.get(&entry.id).map(|reach| say(browser, reach, output.language)));
            row
        })
        .collect();
    let order = if has_scores { Message::CliLogProbability } else { Message::CliMergeRank };
    let mut columns = vec![
        Column::Right(Message::CliId),
        Column::Left(Message::CliToken),
        Column::Right(Message::CliBytes),
        Column::Right(order),
    ];
    if options.unreachable {
        columns.push(Column::Left(Message::CliWhyNever));
    }
    output.table(&columns, &rows)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

fn tree(browser: &Browser<'_>, id: u32, common: &Common, output: &mut Output<'_>) -> Result<(), Failure> {
    let nodes = browser.tree(id);
    let reach = browser.reach(id);
    if common.json {
        let node = |node: &Node| {
            let text = String::from_utf8_lossy(&node.bytes).into_owned();
            json!({"depth": node.depth, "id": node.id, "text": text, "bytes": hex(&node.bytes), "rank": node.rank})
        };
        let text = if let Reach::Text(text) = &reach { Some(text) } else { None };
        let never = Reason::of(&reach).map(|_| told(browser, &reach));
        return output.json(&json!({
            "id": id, "spelling": browser.spelling(id), "kind": browser.kind().name(),
            "tree": nodes.iter().map(node).collect::<Vec<_>>(), "text": text, "unreachable": never,
        }));
    }
    for (node, branch) in nodes.iter().zip(branches(&nodes)) {
        let rank = node.rank.map(|rank| Message::CliMergedAt.say(output.language, &[&rank]));
        let own = node.id.map_or_else(|| "–".to_owned(), |id| format!("#{id}"));
        let end = rank.unwrap_or_else(|| hex(&node.bytes));
        output.line(&format!("{branch}{}  {own}  {end}", safe::token_label(&node.bytes)))?;
    }
    if let Reach::Text(text) = &reach {
        return output.say(Message::CliGivenBy, &[&safe::token_label(text.as_bytes())]);
    }
    let said = say(browser, &reach, output.language);
    output.line(&said)
}

/// Why no text gives a piece, as JSON.
fn told(browser: &Browser<'_>, reach: &Reach) -> Value {
    let reason = Reason::of(reach);
    let pieces = |ids: &[u32]| ids.iter().map(|&id| json!(piece(id, browser.piece(id)))).collect::<Vec<_>>();
    let mut told = json!({
        "reason": reason.map(Reason::name), "proved": reason.is_some_and(Reason::is_proved),
    });
    if let Some(told) = told.as_object_mut() {
        match reach {
            Reach::Never(Never::Merges(ids)) => drop(told.insert("pieces".to_owned(), json!(pieces(ids)))),
            Reach::Never(Never::Outscored(ids, by)) => {
                told.insert("pieces".to_owned(), json!(pieces(ids)));
                told.insert("by".to_owned(), json!(by));
            }
            Reach::Never(Never::Shadowed(id)) => drop(told.insert("pieces".to_owned(), json!(pieces(&[*id])))),
            _ => {}
        }
    }
    told
}
