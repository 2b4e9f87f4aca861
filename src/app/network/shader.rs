//! A shader to read: the program by which a graphics processor computes a layer.

use egui::{Context, Label, RichText, ScrollArea};
use lucide_icons::Icon;

use crate::app::code;
use crate::app::theme;
use crate::app::widgets;
use crate::engine;

/// Shows a shader over the other panels; whether it was closed.
pub fn shader_ui(ctx: &Context, name: &str) -> bool {
    let source = engine::shader(name).unwrap_or_default();
    let room = ctx.content_rect().size();
    let modal = widgets::modal("shader", ctx).show(ctx, |ui| {
        ui.set_width((0.8 * room.x).min(900.0));
        widgets::section_ui(ui, &format!("shaders/{name}.wgsl"), |ui| {
            let copy = ui.button((widgets::icon(Icon::Copy), "Copy"));
            if widgets::named(copy, "Copy the shader").clicked() {
                ui.ctx().copy_text(source.into());
            }
        });
        let help = "The plain form, which the tests hold against the fast ones. Values marked `override` are set for each \
                    layer when it is compiled.";
        ui.label(theme::caption(ui, help));
        ui.add_space(theme::GAP);
        let area = ScrollArea::both().max_height(0.7 * room.y).auto_shrink([false, true]);
        area.show(ui, |ui| {
            let text = code::coloured(ui, source, code::Grammar::Wgsl);
            ui.add(Label::new(text).selectable(true).extend());
        });
        ui.add_space(theme::GAP);
        ui.button(RichText::new("Close")).clicked()
    });
    modal.inner || modal.should_close()
}
