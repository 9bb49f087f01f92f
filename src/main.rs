//! One way in.

use std::process::ExitCode;

use lmscope::app::App;
use lmscope::app::Start;
use lmscope::cli;
use lmscope::cli::ExploreOptions;
use lmscope::cli::Invocation;
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
    settings.temperature = sampling.temperature.unwrap_or(settings.temperature);
    settings.top_k = sampling.top_k.unwrap_or(settings.top_k);
    settings.top_p = sampling.top_p.unwrap_or(settings.top_p);
    settings.min_p = sampling.min_p.unwrap_or(settings.min_p);
    Start {
        model: common.model(),
        text: text.clone(),
        language: common.language,
        theme: Theme::detect(|name| std::env::var(name).ok()),
        threads: common.threads,
        settings,
    }
}
