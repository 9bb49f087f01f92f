//! `lmscope models`: what is built in and what can be read; or what one model is.

mod check;
mod tensors;

use serde::Serialize;

use super::Failure;
use super::arguments::{Common, Models, spec};
use super::fetch::fetch;
use super::output::{Column, Output, thousands};
use crate::lm::load::size;
use crate::lm::{Blueprint, Config, FAMILIES};
use crate::model::{self, Description, EMBEDDED, Engine, Hints, Memory, NoTokenizer, Say, Source, Spec, TensorInfo};
use crate::ui::Message;
use crate::ui::{Language, safe};

/// Columns of text for each model where several stand side by side.
const WIDEST: usize = 44;

type Rows = serde_json::Map<String, serde_json::Value>;

#[derive(Serialize)]
struct List {
    embedded: Vec<Answer>,
    families: Vec<Family>,
}

#[derive(Serialize)]
struct Several {
    models: Vec<Answer>,
}

#[derive(Serialize)]
struct Family {
    name: &'static str,
    source: &'static str,
    model_type: Option<&'static str>,
    model_types: &'static [&'static str],
    gguf: Option<&'static str>,
    suited_for: &'static str,
    blueprint: Rows,
}

#[derive(Serialize)]
struct Answer {
    name: String,
    title: Option<String>,
    description: Option<String>,
    license: Option<String>,
    files: Vec<String>,
    architecture: Option<String>,
    runs: bool,
    reason: Option<String>,
    family: Option<&'static str>,
    blueprint: Option<Rows>,
    parameters: u64,
    bytes: u64,
    layers: Option<u64>,
    heads: Option<u64>,
    kv_heads: Option<usize>,
    width: Option<u64>,
    head_width: Option<usize>,
    feed_forward: Option<usize>,
    context: Option<u64>,
    vocabulary: Option<u64>,
    tokens: Option<usize>,
    memory: Option<Needs>,
    tensors: Vec<StoredAs>,
    every_tensor: Vec<Tensor>,
}

#[derive(Serialize)]
struct Needs {
    weights: u64,
    per_token: u64,
    context: u64,
}

#[derive(Serialize)]
struct Tensor {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    bytes: u64,
    read: bool,
}

#[derive(Serialize)]
struct StoredAs {
    dtype: String,
    count: usize,
    bytes: u64,
}

pub(super) fn run(common: &Common, options: &Models, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut named: Vec<Spec> = options.specs.iter().map(|name| spec(name)).collect();
    if named.is_empty() {
        named.extend(common.named_model.clone());
    }
    named.iter().try_for_each(|spec| fetch(spec, common.language))?;
    if options.check {
        if named.is_empty() {
            named.push(common.model());
        }
        return check::run(common, &named, output);
    }
    let descriptions: Vec<Description> = named.iter().map(model::describe).collect::<Result<_, _>>()?;
    match (descriptions.as_slice(), common.json) {
        ([], _) => all(common, output),
        ([one], true) => output.json(&answer(one)),
        (several, true) => output.json(&Several { models: several.iter().map(answer).collect() }),
        (several, false) => {
            side_by_side(several, output)?;
            let shown = several.iter().filter(|_| options.tensors);
            shown.into_iter().try_for_each(|description| tensors::table(description, output))
        }
    }
}

/// One column for each model, one row for each fact that any of them has.
fn side_by_side(descriptions: &[Description], output: &mut Output<'_>) -> Result<(), Failure> {
    let columns: Vec<Vec<(String, String)>> =
        descriptions.iter().map(|description| facts(description, output.language)).collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in columns.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let widest = if descriptions.len() > 1 { WIDEST } else { usize::MAX };
    let rows: Vec<Vec<String>> = names
        .iter()
        .map(|name| {
            let values = columns.iter().map(|facts| {
                let values = facts.iter().filter(|(of, _)| of == *name).map(|(_, value)| value.as_str());
                safe::fit(&values.collect::<Vec<_>>().join("; "), widest)
            });
            std::iter::once((*name).clone()).chain(values).collect()
        })
        .collect();
    output.rows(&rows)
}

fn all(common: &Common, output: &mut Output<'_>) -> Result<(), Failure> {
    let descriptions: Vec<Description> =
        EMBEDDED.iter().map(|model| model::describe(&Spec::Embedded(model))).collect::<Result<_, _>>()?;
    if common.json {
        let families = FAMILIES.iter().map(|family| Family {
            name: family.name,
            source: family.source,
            model_type: family.model_types.first().copied(),
            model_types: family.model_types,
            gguf: family.gguf,
            suited_for: family.suited_for,
            blueprint: rows(&(family.typical)()),
        });
        return output
            .json(&List { embedded: descriptions.iter().map(answer).collect(), families: families.collect() });
    }
    output.line(Message::CliBuiltIn.text(output.language))?;
    let rows: Vec<Vec<String>> = descriptions
        .iter()
        .zip(EMBEDDED)
        .filter_map(|(description, model)| {
            let Engine { blueprint, config, .. } = description.engine.as_ref().ok()?;
            Some(vec![
                description.name.clone(),
                blueprint.family.to_owned(),
                thousands(description.parameters),
                format!("{} × {}", config.layers, config.heads),
                thousands(config.vocabulary as u64),
                model.prompt.to_owned(),
            ])
        })
        .collect();
    let columns = [
        Column::Left(Message::CliName),
        Column::Left(Message::CliFamily),
        Column::Right(Message::CliParameters),
        Column::Right(Message::CliLayersHeads),
        Column::Right(Message::CliVocabulary),
        Column::Left(Message::CliPrompt),
    ];
    output.table(&columns, &rows)?;
    output.line("")?;
    output.line(Message::CliFamilies.text(output.language))?;
    let rows: Vec<Vec<String>> = FAMILIES
        .iter()
        .map(|family| {
            let rows = (family.typical)().rows();
            let said = |what: &str| {
                let how = rows.iter().find(|(of, _)| *of == what).map_or("", |(_, how)| how);
                output.language.term(how).into_owned()
            };
            let norm = format!("{} {}", said("norm"), said("norm place"));
            vec![
                family.name.to_owned(),
                said("stacks"),
                said("trained to predict"),
                said("positions"),
                norm,
                said("feed-forward"),
                said("mask"),
                family.formats().to_owned(),
                family.source.to_owned(),
            ]
        })
        .collect();
    let columns = [
        Column::Left(Message::CliFamily),
        Column::Left(Message::Stacks),
        Column::Left(Message::TrainedTo),
        Column::Left(Message::TermPositions),
        Column::Left(Message::TermNorm),
        Column::Left(Message::TermFeedForward),
        Column::Left(Message::TermMask),
        Column::Left(Message::CliFormats),
        Column::Left(Message::CliSource),
    ];
    output.table(&columns, &rows)
}

fn answer(description: &Description) -> Answer {
    let engine = description.engine.as_ref().ok();
    let config = engine.map(|engine| &engine.config);
    let sized = |known: fn(&Config) -> usize, hint: Option<u64>| config.map(|config| known(config) as u64).or(hint);
    let hints = &description.hints;
    Answer {
        name: description.name.clone(),
        title: description.about.name.clone(),
        description: description.about.description.clone(),
        license: description.about.license.clone(),
        files: files(description),
        architecture: hints.architecture.clone(),
        runs: engine.is_some(),
        reason: description.engine.as_ref().err().map(|error| error.say(Language::English)),
        family: engine.map(|engine| engine.blueprint.family),
        blueprint: engine.map(|engine| rows(&engine.blueprint)),
        parameters: description.parameters,
        bytes: description.bytes,
        layers: sized(|config| config.layers, hints.layers),
        heads: sized(|config| config.heads, hints.heads),
        kv_heads: config.map(|config| config.kv_heads),
        width: sized(|config| config.width, hints.width),
        head_width: config.map(|config| config.head_width),
        feed_forward: config.map(|config| config.feed_forward),
        context: sized(|config| config.context, hints.context),
        vocabulary: sized(|config| config.vocabulary, hints.vocabulary),
        tokens: description.tokenizer.as_ref().ok().copied(),
        memory: engine.map(|engine| {
            let Memory { weights, per_token, context } = engine.memory;
            Needs { weights, per_token, context }
        }),
        tensors: description
            .dtypes
            .iter()
            .map(|(dtype, stored)| StoredAs { dtype: dtype.clone(), count: stored.tensors, bytes: stored.bytes })
            .collect(),
        every_tensor: description
            .tensors
            .iter()
            .map(|TensorInfo { name, dtype, shape, bytes, read }| Tensor {
                name: name.clone(),
                dtype: dtype.clone(),
                shape: shape.clone(),
                bytes: *bytes,
                read: *read,
            })
            .collect(),
    }
}

/// A blueprint's rows by names that scripts can use.
fn rows(blueprint: &Blueprint) -> Rows {
    let rows = blueprint.rows().into_iter();
    rows.map(|(what, how)| (what.replace([' ', '-'], "_"), how.into())).collect()
}

fn files(description: &Description) -> Vec<String> {
    match &description.source {
        Source::Embedded => Vec::new(),
        Source::Files(files) => files.iter().map(|file| file.display().to_string()).collect(),
    }
}

/// What is known of a model, by name.
fn facts(description: &Description, language: Language) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |word: Message, value: String| facts.push((word.text(language).to_owned(), value));
    let about = &description.about;
    fact(Message::CliName, safe::visible(about.name.as_ref().unwrap_or(&description.name)));
    for (word, text) in [(Message::CliDescription, &about.description), (Message::CliLicense, &about.license)] {
        if let Some(text) = text {
            fact(word, safe::visible(text));
        }
    }
    match &description.source {
        Source::Embedded => fact(Message::CliFile, Message::CliCompiled.text(language).to_owned()),
        Source::Files(_) => fact(Message::CliFile, safe::visible(&files(description).join(", "))),
    }
    fact(Message::CliSize, format!("{} {}", thousands(description.bytes), Message::CliBytes.text(language)));
    let number = |number: Option<u64>| number.map(thousands);
    let mut known = |word: Message, value: Option<String>| value.into_iter().for_each(|value| fact(word, value));
    known(Message::CliParameters, number(Some(description.parameters).filter(|parameters| *parameters > 0)));
    match &description.engine {
        Ok(Engine { blueprint, config, memory }) => {
            known(Message::CliFamily, Some(blueprint.family.to_owned()));
            known(Message::CliMemory, Some(needs(*memory, language)));
            known(Message::CliLayers, Some(config.layers.to_string()));
            known(Message::CliHeads, Some(config.heads.to_string()));
            known(Message::CliKvHeads, Some(config.kv_heads.to_string()));
            known(Message::CliWidth, Some(config.width.to_string()));
            known(Message::CliHeadWidth, Some(config.head_width.to_string()));
            known(Message::CliFeedForward, Some(config.feed_forward.to_string()));
            known(Message::CliContext, number(Some(config.context as u64)));
            known(Message::CliVocabulary, number(Some(config.vocabulary as u64)));
        }
        Err(error) => {
            let Hints { architecture, layers, width, heads, context, vocabulary } = &description.hints;
            known(Message::CliArchitecture, architecture.as_ref().map(|name| safe::visible(name)));
            known(Message::CliRuns, Some(Message::CliNo.say(language, &[&error.say(language)])));
            known(Message::CliLayers, number(*layers));
            known(Message::CliHeads, number(*heads));
            known(Message::CliWidth, number(*width));
            known(Message::CliContext, number(*context));
            known(Message::CliVocabulary, number(*vocabulary));
        }
    }
    let tokenizer = match &description.tokenizer {
        Ok(tokens) => Message::CliTokenCount.say(language, &[&thousands(*tokens as u64)]),
        Err(NoTokenizer::Absent { .. }) => Message::CliNoTokenizer.text(language).to_owned(),
        Err(error) => error.say(language),
    };
    fact(Message::CliTokenizer, tokenizer);
    for (dtype, stored) in &description.dtypes {
        let bytes = thousands(stored.bytes);
        fact(
            Message::CliStored,
            format!("{} × {}, {bytes} {}", stored.tensors, safe::visible(dtype), Message::CliBytes.text(language)),
        );
    }
    let blueprint = description.engine.iter().flat_map(|engine| engine.blueprint.rows());
    facts.extend(blueprint.map(|(what, how)| (language.term(what).into_owned(), language.term(&how).into_owned())));
    facts
}

/// What running a model takes.
fn needs(memory: Memory, language: Language) -> String {
    let Memory { weights, per_token, context } = memory;
    language.say(Message::CliMemoryOf, &[&size(weights), &size(per_token), &size(context)])
}
