//! One way in.

use std::process::ExitCode;

use lmscope::app::App;
use lmscope::app::Start;
use lmscope::cli;
use lmscope::cli::ExploreOptions;
use lmscope::cli::Invocation;
use lmscope::cli::Sampling;
use lmscope::hub::Surroundings;
use lmscope::lm::Kind;
use lmscope::runtime;
use lmscope::runtime::Refusal;
use lmscope::state::Settings;
use lmscope::ui::Theme;

fn main() -> color_eyre::Result<ExitCode> {
    color_eyre::install()?;
    let invocation = match cli::parse() {
        Ok(invocation) => invocation,
        Err(code) => return Ok(code),
    };
    if let Invocation::Explore(options) = &invocation
        && !options.common.json
    {
        let (app, first) = App::new(start(options));
        match runtime::explore(app, first, runtime::Options::default()) {
            // Without a terminal the same content is printed as text.
            Err(error) if error.is::<Refusal>() => {}
            outcome => return outcome.map(|()| ExitCode::SUCCESS),
        }
    }
    Ok(cli::run(&invocation))
}

/// How the explorer begins: as the command line says, on the terminal that the environment describes.
fn start(options: &ExploreOptions) -> Start {
    let ExploreOptions { common, text, sampling } = options;
    let mut settings = Settings { seed: common.seed, ..Settings::default() };
    let Sampling { temperature, top_k, top_p, min_p, .. } = sampling;
    if sampling.pipeline.is_some() {
        settings.pipeline = sampling.sampler().stages;
    } else {
        // The pipeline to begin with, with what was asked for in its place.
        let numbers = [
            (Kind::Temperature, *temperature),
            (Kind::TopK, top_k.map(|k| k as f64)),
            (Kind::TopP, *top_p),
            (Kind::MinP, *min_p),
        ];
        for (kind, number) in numbers {
            if let (Some(stage), Some(number)) = (settings.stage(kind), number) {
                stage.values[0] = number;
            }
        }
        settings.pipeline.extend(sampling.stage.iter().cloned());
        settings.pipeline = sampling.in_order(settings.pipeline);
    }
    Start {
        model: common.model(),
        text: text.clone(),
        language: common.language,
        theme: Theme::detect(|name| std::env::var(name).ok()),
        threads: common.threads,
        settings,
        cache: Surroundings::of_process().cache,
    }
}
