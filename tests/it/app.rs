//! The explorer driven headless: the shipping loop's parts, jobs run inline, no time.

mod bad_input;
mod changed;
mod explained;
mod families;
mod fetching;
mod generating;
mod informed;
mod keys;
mod length;
mod linked;
mod masks;
mod narrow;
mod paths;
mod pictures;
mod recurrent;
mod repetition;
mod sizes;
mod steps;
mod training;
mod vocabulary;

use lmscope::app::App;
use lmscope::app::Start;
use lmscope::model::EMBEDDED;
use lmscope::model::Spec;
use lmscope::runtime::headless::Driver;
use lmscope::state::Settings;
use lmscope::ui::Colours;
use lmscope::ui::Language;
use lmscope::ui::Theme;

/// How the tests begin: the embedded model of a language, true colour, one thread.
pub(crate) fn start(language: Language, text: Option<&str>) -> Start {
    let model = EMBEDDED.iter().find(|model| model.language == language).expect("a model for every language");
    Start {
        model: Spec::Embedded(model),
        text: text.map(str::to_owned),
        language,
        theme: Theme::new(Colours::True, false),
        threads: 1,
        settings: Settings::default(),
        cache: None,
    }
}

/// The English explorer on a screen, its first work done.
pub(crate) fn explorer(text: Option<&str>, width: u16, height: u16) -> Driver {
    let mut driver = Driver::new(App::new(start(Language::English, text)), width, height);
    driver.settle();
    driver
}

/// The ids of the path.
pub(crate) fn path(driver: &Driver) -> Vec<u32> {
    driver.app.state().run.tokens().map(|node| node.token).collect()
}

/// The whole text, typed and generated.
pub(crate) fn whole(driver: &Driver) -> String {
    driver.app.farewell()
}
