//! Everything a person can do by key or button, with its label, its tooltip and its shortcut, in one list.

use egui::gui_zoom::kb_shortcuts;
use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};
use lucide_icons::Icon;

/// What buttons, menus and keys ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    PlayPause,
    Step,
    Epoch,
    Reset,
    Evaluate,
    NextRun,
    PreviousRun,
    DuplicateRun,
    PastRuns,
    EnlargeCurves,
    Undo,
    Redo,
    Open,
    Save,
    SaveAs,
    SelectAbove,
    SelectBelow,
    MoveUp,
    MoveDown,
    Duplicate,
    Remove,
    BrowsePictures,
    LayerTable,
    EditText,
    Search,
    Present,
    MovePanels,
    ResetPanels,
    SwitchTheme,
    Larger,
    Smaller,
    UsualSize,
    Help,
}

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Action {
    /// All of them, in the order in which the overview shows them.
    pub const ALL: [Self; 33] = [
        Self::PlayPause,
        Self::Step,
        Self::Epoch,
        Self::Reset,
        Self::Evaluate,
        Self::NextRun,
        Self::PreviousRun,
        Self::DuplicateRun,
        Self::PastRuns,
        Self::EnlargeCurves,
        Self::SelectAbove,
        Self::SelectBelow,
        Self::MoveUp,
        Self::MoveDown,
        Self::Duplicate,
        Self::Remove,
        Self::Undo,
        Self::Redo,
        Self::Open,
        Self::Save,
        Self::SaveAs,
        Self::BrowsePictures,
        Self::LayerTable,
        Self::EditText,
        Self::Search,
        Self::Present,
        Self::MovePanels,
        Self::ResetPanels,
        Self::SwitchTheme,
        Self::Larger,
        Self::Smaller,
        Self::UsualSize,
        Self::Help,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::PlayPause => "Train or pause",
            Self::Step => "One step",
            Self::Epoch => "One epoch",
            Self::Reset => "Reset",
            Self::Evaluate => "Test now",
            Self::NextRun => "Next run",
            Self::PreviousRun => "Previous run",
            Self::DuplicateRun => "Duplicate run",
            Self::PastRuns => "Past runs…",
            Self::EnlargeCurves => "Enlarge the curves",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Open => "Open experiment…",
            Self::Save => "Save experiment",
            Self::SaveAs => "Save experiment as…",
            Self::SelectAbove => "Select the layer above",
            Self::SelectBelow => "Select the layer below",
            Self::MoveUp => "Move up",
            Self::MoveDown => "Move down",
            Self::Duplicate => "Duplicate",
            Self::Remove => "Remove",
            Self::BrowsePictures => "Browse the pictures",
            Self::LayerTable => "Table of all layers",
            Self::EditText => "Text of the experiment",
            Self::Search => "Find an action…",
            Self::Present => "Presentation",
            Self::MovePanels => "Move panels",
            Self::ResetPanels => "Panels as at the beginning",
            Self::SwitchTheme => "Light or dark",
            Self::Larger => "Larger",
            Self::Smaller => "Smaller",
            Self::UsualSize => "Usual size",
            Self::Help => "Keyboard shortcuts",
        }
    }

    /// What it does, in a sentence that teaches.
    pub fn help(self) -> &'static str {
        match self {
            Self::PlayPause => "Trains until paused or until the last epoch is done.",
            Self::Step => "One update of the weights from one batch, then pause.",
            Self::Epoch => {
                "On to the end of the epoch, when every training picture has been seen once more; then pause."
            }
            Self::Reset => "Back to step 0 with the same initial weights. Another seed draws other weights.",
            Self::Evaluate => "Runs through all test pictures now, in test mode, without learning from them.",
            Self::NextRun => "Brings the next run of the list to the front.",
            Self::PreviousRun => "Brings the run before to the front.",
            Self::DuplicateRun => "Adds a run of the same experiment, to be changed and compared.",
            Self::PastRuns => "Lists the runs on the disk: to be opened, compared with or deleted.",
            Self::EnlargeCurves => "Shows the curves in the middle of the window, or at its side again.",
            Self::Undo => "Takes back the last edit of the experiment.",
            Self::Redo => "Does again what was undone last.",
            Self::Open => "Opens an experiment file (.toml).",
            Self::Save => "Writes the experiment to its file.",
            Self::SaveAs => "Writes the experiment to another file.",
            Self::SelectAbove => "Selects the card above, nearer to the pictures.",
            Self::SelectBelow => "Selects the card below, nearer to the loss.",
            Self::MoveUp => "Moves the selected layer towards the pictures.",
            Self::MoveDown => "Moves the selected layer towards the loss.",
            Self::Duplicate => "Puts a copy of the selected layer behind it.",
            Self::Remove => "Removes the selected layer.",
            Self::BrowsePictures => {
                "Shows all pictures by class, their means and pixel values, and what the net sees of each."
            }
            Self::LayerTable => {
                "Shapes, parameters, multiply-adds, memory and receptive fields of all layers, to sort and to copy."
            }
            Self::EditText => {
                "Shows the experiment as the text of its file, to be edited in step with the cards; or leaves it."
            }
            Self::Search => {
                "Lists all that can be done, to be found by a word: actions, runs, lessons, experiments."
            }
            Self::Present => {
                "For the last row of a lecture hall: larger type, thicker lines, fewer controls; and back."
            }
            Self::MovePanels => {
                "Gives every panel a tab, to be dragged beside, below or behind another one; again to be done."
            }
            Self::ResetPanels => "Puts every panel back where it stood at the first start.",
            Self::SwitchTheme => "Switches between light, dark and what the system says.",
            Self::Larger => "Draws everything a tenth larger.",
            Self::Smaller => "Draws everything a tenth smaller.",
            Self::UsualSize => "Draws everything in the size that the system asks for.",
            Self::Help => "Lists all keys.",
        }
    }

    pub fn icon(self) -> Icon {
        match self {
            Self::PlayPause => Icon::Play,
            Self::Step => Icon::StepForward,
            Self::Epoch => Icon::FastForward,
            Self::Reset => Icon::SkipBack,
            Self::Evaluate => Icon::Target,
            Self::NextRun => Icon::ChevronDown,
            Self::PreviousRun => Icon::ChevronUp,
            Self::DuplicateRun => Icon::Plus,
            Self::PastRuns => Icon::History,
            Self::EnlargeCurves => Icon::Maximize2,
            Self::Undo => Icon::Undo2,
            Self::Redo => Icon::Redo2,
            Self::Open => Icon::FolderOpen,
            Self::Save | Self::SaveAs => Icon::Save,
            Self::SelectAbove | Self::MoveUp => Icon::ArrowUp,
            Self::SelectBelow | Self::MoveDown => Icon::ArrowDown,
            Self::Duplicate => Icon::Copy,
            Self::Remove => Icon::Trash2,
            Self::BrowsePictures => Icon::Images,
            Self::LayerTable => Icon::Table2,
            Self::EditText => Icon::FileCode,
            Self::Search => Icon::Search,
            Self::Present => Icon::Presentation,
            Self::MovePanels => Icon::LayoutDashboard,
            Self::ResetPanels => Icon::PanelsTopLeft,
            Self::SwitchTheme => Icon::SunMoon,
            Self::Larger => Icon::ZoomIn,
            Self::Smaller => Icon::ZoomOut,
            Self::UsualSize => Icon::Scan,
            Self::Help => Icon::CircleQuestionMark,
        }
    }

    /// The keys for it; the first is the one that is shown.
    pub fn shortcuts(self) -> &'static [KeyboardShortcut] {
        const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
            KeyboardShortcut::new(modifiers, key)
        }
        match self {
            Self::PlayPause => &const { [key(NONE, Key::Space)] },
            Self::Step => &const { [key(NONE, Key::S)] },
            Self::Epoch => &const { [key(NONE, Key::E)] },
            Self::Reset => &const { [key(NONE, Key::R)] },
            Self::Evaluate => &const { [key(NONE, Key::T)] },
            Self::NextRun => &const { [key(NONE, Key::PageDown)] },
            Self::PreviousRun => &const { [key(NONE, Key::PageUp)] },
            Self::DuplicateRun => &const { [key(CTRL_SHIFT, Key::D)] },
            Self::PastRuns => &const { [key(CTRL, Key::H)] },
            Self::EnlargeCurves => &const { [key(NONE, Key::C)] },
            Self::Undo => &const { [key(CTRL, Key::Z)] },
            Self::Redo => &const { [key(CTRL_SHIFT, Key::Z), key(CTRL, Key::Y)] },
            Self::Open => &const { [key(CTRL, Key::O)] },
            Self::Save => &const { [key(CTRL, Key::S)] },
            Self::SaveAs => &const { [key(CTRL_SHIFT, Key::S)] },
            Self::SelectAbove => &const { [key(NONE, Key::ArrowUp)] },
            Self::SelectBelow => &const { [key(NONE, Key::ArrowDown)] },
            Self::MoveUp => &const { [key(Modifiers::ALT, Key::ArrowUp)] },
            Self::MoveDown => &const { [key(Modifiers::ALT, Key::ArrowDown)] },
            Self::Duplicate => &const { [key(CTRL, Key::D)] },
            Self::Remove => &const { [key(NONE, Key::Delete), key(NONE, Key::Backspace)] },
            Self::BrowsePictures => &const { [key(NONE, Key::B)] },
            Self::LayerTable => &const { [key(NONE, Key::L)] },
            Self::EditText => &const { [key(CTRL, Key::E)] },
            Self::Search => &const { [key(CTRL, Key::K)] },
            Self::Present => &const { [key(NONE, Key::F5)] },
            Self::MovePanels => &const { [key(NONE, Key::F6)] },
            Self::ResetPanels => &const { [key(Modifiers::SHIFT, Key::F6)] },
            Self::SwitchTheme => &const { [key(CTRL_SHIFT, Key::L)] },
            // These are read by egui itself, wherever the keyboard is.
            Self::Larger => &[kb_shortcuts::ZOOM_IN],
            Self::Smaller => &[kb_shortcuts::ZOOM_OUT],
            Self::UsualSize => &[kb_shortcuts::ZOOM_RESET],
            Self::Help => {
                &const {
                    [
                        key(NONE, Key::F1),
                        key(NONE, Key::Questionmark),
                        key(Modifiers::SHIFT, Key::Questionmark),
                    ]
                }
            }
        }
    }

    /// Its sentence with its key, for a tooltip.
    pub fn tooltip(self, ctx: &Context) -> String {
        format!("{}\n{}", self.help(), self.shortcut_text(ctx))
    }

    /// Its first key as written on this system.
    pub fn shortcut_text(self, ctx: &Context) -> String {
        self.shortcuts().first().map(|shortcut| ctx.format_shortcut(shortcut)).unwrap_or_default()
    }

    /// Those whose keys were pressed since the last frame, in this order, unless a field has the keyboard.
    pub fn pressed(ctx: &Context) -> Vec<Self> {
        let mut pressed = Vec::new();
        if !ctx.egui_wants_keyboard_input() {
            ctx.input_mut(|input| {
                input.events.retain(|event| {
                    let action = Self::of_event(event);
                    pressed.extend(action);
                    action.is_none()
                });
            });
        }
        pressed
    }

    /// What a key stands for; of two that fit, the one with more modifiers.
    fn of_event(event: &Event) -> Option<Self> {
        let Event::Key { key, pressed: true, modifiers, .. } = event else { return None };
        let n_modifiers = |shortcut: &KeyboardShortcut| {
            let fits = shortcut.logical_key == *key && modifiers.matches_logically(shortcut.modifiers);
            fits.then(|| n_modifiers(shortcut.modifiers))
        };
        let best = |action: &Self| action.shortcuts().iter().filter_map(n_modifiers).max();
        let fitting = Self::ALL.into_iter().filter_map(|action| Some((best(&action)?, action)));
        fitting.max_by_key(|(n, _)| *n).map(|(_, action)| action)
    }
}

fn n_modifiers(modifiers: Modifiers) -> u32 {
    [modifiers.alt, modifiers.shift, modifiers.command].into_iter().map(u32::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let all: Vec<_> = Action::ALL.iter().flat_map(|action| action.shortcuts()).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(a), "{a:?} stands for two actions");
        }
    }

    #[test]
    fn every_action_says_what_it_does() {
        for action in Action::ALL {
            assert!(action.help().ends_with('.') && !action.label().is_empty(), "{action:?}");
        }
    }
}
