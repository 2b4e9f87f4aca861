//! The overview of all keys.

use egui::{Context, Grid, RichText, ScrollArea};

use super::action::Action;
use super::theme;
use super::widgets;

/// Shows all keys; whether it was closed.
pub fn help_ui(ctx: &Context) -> bool {
    let modal = widgets::modal("keyboard shortcuts", ctx).show(ctx, |ui| {
        ui.set_width(520.0);
        ui.label(RichText::new("Keyboard shortcuts").heading());
        ui.add_space(theme::GAP);
        ScrollArea::vertical().max_height(480.0).show(ui, |ui| {
            Grid::new("keys").num_columns(2).spacing([theme::LARGE_GAP, 6.0]).show(ui, |ui| {
                for action in Action::ALL {
                    let keys: Vec<String> =
                        action.shortcuts().iter().take(2).map(|key| ctx.format_shortcut(key)).collect();
                    ui.label(RichText::new(keys.join(" or ")).monospace());
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        ui.label(theme::strong(action.label()));
                        ui.label(theme::caption(ui, action.help()));
                    });
                    ui.end_row();
                }
            });
        });
        ui.add_space(theme::GAP);
        ui.button("Close").clicked()
    });
    modal.inner || modal.should_close()
}
