//! The live parts of a text, by name: what there is, and which settings each has. How they are drawn is the
//! window's affair.

use super::settings::{Setting, Settings, Sort};
use crate::experiment::Problem;
use crate::experiment::file::node::Document;
use crate::experiment::words::{remedy, shortened};

/// One kind of live part.
#[derive(Debug)]
pub struct Kind {
    /// The word behind `live`.
    pub name: &'static str,
    pub help: &'static str,
    pub settings: &'static [Setting],
}

const OF: Setting = Setting { name: "of", sort: Sort::Setups, help: "experiments of the lesson" };
const OF_ONE: Setting = Setting { name: "of", sort: Sort::Setup, help: "an experiment of the lesson" };

/// All of them, in the order in which the lessons' manual lists them.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "curves",
        help: "error or loss of runs over the epochs, drawn over each other",
        settings: &[
            OF,
            Setting {
                name: "show",
                sort: Sort::Word(&["test-error", "train-error", "test-loss", "train-loss"]),
                help: "what is drawn; the training error where left out",
            },
            Setting {
                name: "over",
                sort: Sort::Word(&["epochs", "rate"]),
                help: "along which axis; over the rate, on a logarithmic one, only what training tells",
            },
        ],
    },
    Kind { name: "filters", help: "the filters of the first layer as they form", settings: &[OF_ONE] },
    Kind {
        name: "plane",
        help: "what a net makes of every point of the plane, where its pictures are points",
        settings: &[OF_ONE],
    },
    Kind {
        name: "layers",
        help: "the table of a net's layers: output, parameters, multiply-adds, receptive field",
        settings: &[OF_ONE],
    },
    Kind {
        name: "convolution",
        help: "a kernel to type, slid over a picture, with the sum being formed at one position",
        settings: &[
            Setting {
                name: "kernel",
                sort: Sort::Word(&[
                    "identity",
                    "blur",
                    "edge-vertical",
                    "edge-horizontal",
                    "sharpen",
                    "gabor",
                ]),
                help: "the kernel at the beginning",
            },
            Setting {
                name: "stride",
                sort: Sort::Count { from: 1, to: 4 },
                help: "the stride at the beginning",
            },
            Setting {
                name: "padding",
                sort: Sort::Count { from: 0, to: 4 },
                help: "the padding at the beginning",
            },
        ],
    },
    Kind {
        name: "functions",
        help: "activation functions and their derivatives, with the value under the pointer",
        settings: &[],
    },
    Kind {
        name: "gratings",
        help: "what the filters of the first layer prefer, shown gratings as cells are",
        settings: &[OF_ONE],
    },
    Kind {
        name: "instrument",
        help: "one of the instruments that look inside a run",
        settings: &[
            OF_ONE,
            Setting {
                name: "show",
                sort: Sort::Word(&[
                    "activations",
                    "patches",
                    "why",
                    "convolution",
                    "statistics",
                    "blocks",
                    "answers",
                    "embedding",
                    "shift",
                    "loss-surface",
                ]),
                help: "which of them; statistics where left out",
            },
        ],
    },
    Kind {
        name: "descent",
        help: "the optimisers' paths down a surface of two weights",
        settings: &[
            Setting {
                name: "surface",
                sort: Sort::Word(&["ravine", "saddle", "plateau", "rosenbrock", "beale"]),
                help: "the surface at the beginning",
            },
            Setting {
                name: "rules",
                sort: Sort::Words(&["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]),
                help: "the optimisers that are shown at the beginning",
            },
        ],
    },
    Kind {
        name: "grid",
        help: "what the runs of grids came to, as maps that fill while a check measures them",
        settings: &[
            OF,
            Setting {
                name: "show",
                sort: Sort::Word(&["train-error", "test-error", "train-loss", "test-loss"]),
                help: "what is shown; the training error where left out",
            },
        ],
    },
    Kind {
        name: "signals",
        help: "the signal and its gradient through a deep net before the first step",
        settings: &[
            Setting {
                name: "depth",
                sort: Sort::Count { from: 2, to: 60 },
                help: "convolutions at the beginning",
            },
            Setting {
                name: "function",
                sort: Sort::Word(&["relu", "tanh", "sigmoid", "selu"]),
                help: "the function behind each at the beginning",
            },
            Setting {
                name: "initialisation",
                sort: Sort::Word(&["he", "xavier"]),
                help: "the rule at the beginning",
            },
        ],
    },
];

/// A live part with its settings.
#[derive(Clone, Debug)]
pub struct Live {
    pub kind: &'static Kind,
    pub settings: Settings,
}

impl Live {
    /// Reads the part of this name from the text of its block.
    ///
    /// # Errors
    /// No such part, or a setting that it has not; lines are counted from the first of the block's text.
    pub fn read(name: &str, body: &str) -> Result<Self, Problem> {
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
            let remedy = remedy(name, KINDS.iter().map(|kind| kind.name));
            return Err(Problem::new(format!("There is no live part `{}`{remedy}", shortened(name))));
        };
        let document = Document::parse(body)?;
        let mut settings = Settings::default();
        for entry in document.entries() {
            match kind.settings.iter().find(|setting| setting.name == entry.name) {
                Some(setting) => settings.read(setting, &entry)?,
                None => {
                    let known: Vec<&str> = kind.settings.iter().map(|setting| setting.name).collect();
                    return Err(entry.unknown(&format!("`live {name}`"), &known));
                }
            }
        }
        Ok(Self { kind, settings })
    }

    /// The experiments that it shows.
    pub fn setups(&self) -> impl Iterator<Item = &str> {
        let one = self.settings.text("of").into_iter();
        one.chain(self.settings.texts("of").iter().map(String::as_str))
    }
}
