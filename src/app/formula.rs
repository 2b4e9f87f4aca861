//! Formulas in LaTeX, typeset as pictures: drawn once for each size, in white, and tinted in the colour of the
//! text, so that they follow the theme and are as sharp as the screen.

use std::sync::Arc;

use egui::emath::GuiRounding as _;
use egui::{
    Color32, ColorImage, Id, Rect, Response, RichText, Role, Sense, TextStyle, TextureHandle, TextureOptions,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};
use ratex_layout::LayoutOptions;
use ratex_render::RenderOptions;
use ratex_types::color::Color;
use ratex_types::math_style::MathStyle;

/// Whether a formula stands in a line of text or on a line of its own, where sums and fractions are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    Inline,
    Display,
}

/// Size of a formula's letters over the text's: Computer Modern has lower letters than Inter.
const ENLARGED: f32 = 1.18;

/// Longest formula that is typeset, in bytes of LaTeX.
const MAX_BYTES: usize = 4000;

/// A formula as points on the screen.
struct Typeset {
    texture: TextureHandle,
    /// In points.
    size: Vec2,
    /// How far it reaches below the line of the text, in points.
    depth: f32,
}

/// A formula as pixels.
struct Drawing {
    image: ColorImage,
    /// Pixels below the line of the text.
    depth: f32,
}

/// Draws a formula in the size and colour of the text around it. One that cannot be read is shown as it is
/// written, with what is wrong on hover.
pub fn formula_ui(ui: &mut Ui, latex: &str, setting: Setting) -> Response {
    match typeset(ui, latex, setting) {
        Ok(formula) => picture_ui(ui, latex, setting, &formula),
        Err(message) => {
            let text = RichText::new(latex).monospace().color(ui.visuals().error_fg_color);
            ui.add(egui::Label::new(text).wrap())
                .on_hover_text(format!("This formula cannot be set: {message}"))
        }
    }
}

fn picture_ui(ui: &mut Ui, latex: &str, setting: Setting, formula: &Typeset) -> Response {
    // In a line of text, what is above and below its letters goes evenly past the line's height.
    let text = ui.text_style_height(&TextStyle::Body);
    // On a line of its own, one that is too long for the line is drawn smaller.
    let (size, height) = match setting {
        Setting::Inline => (formula.size, formula.size.y.max(text)),
        Setting::Display => {
            let size = formula.size * (ui.available_width() / formula.size.x).clamp(0.1, 1.0);
            (size, size.y)
        }
    };
    let (rect, response) = ui.allocate_exact_size(vec2(size.x, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Math, true, latex));
    // The letters of the text stand at about a quarter of its height.
    let bottom = match setting {
        Setting::Inline => rect.center().y + 0.27 * text + formula.depth,
        Setting::Display => rect.bottom(),
    };
    let corner = pos2(rect.left(), bottom - size.y).round_to_pixels(ui.pixels_per_point());
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let place = Rect::from_min_size(corner, size);
    ui.painter().image(formula.texture.id(), place, whole, ui.visuals().text_color());
    response
}

/// The formula for this screen, from the last frame where it was there.
fn typeset(ui: &Ui, latex: &str, setting: Setting) -> Result<Arc<Typeset>, String> {
    let size = TextStyle::Body.resolve(ui.style()).size * ENLARGED;
    let scale = ui.pixels_per_point();
    let id = Id::unique(("formula", latex, setting, size.to_bits(), scale.to_bits()));
    if let Some(known) = ui.data(|data| data.get_temp::<Result<Arc<Typeset>, String>>(id)) {
        return known;
    }
    let largest = ui.input(|input| input.max_texture_side);
    let formula = draw(latex, setting, size * scale).and_then(|drawing| {
        if drawing.image.size.iter().any(|&side| side > largest) {
            return Err("it is larger than the screen can hold".into());
        }
        let [width, height] = drawing.image.size;
        let size = vec2(width as f32, height as f32) / scale;
        let texture = ui.ctx().load_texture("formula", drawing.image, TextureOptions::LINEAR);
        Ok(Arc::new(Typeset { texture, size, depth: drawing.depth / scale }))
    });
    ui.data_mut(|data| data.insert_temp(id, formula.clone()));
    formula
}

/// The formula in white on nothing, `em` pixels large.
fn draw(latex: &str, setting: Setting, em: f32) -> Result<Drawing, String> {
    if latex.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let style = match setting {
        Setting::Inline => MathStyle::Text,
        Setting::Display => MathStyle::Display,
    };
    let nodes = ratex_parser::parse(latex).map_err(|error| error.to_string())?;
    let options = LayoutOptions { style, color: Color::WHITE, ..LayoutOptions::default() };
    let layout = ratex_layout::layout(&nodes, &options);
    ratex_layout::validate_layout(&layout)?;
    let list = ratex_layout::to_display_list(&layout);
    // A pixel around it, for letters that lean out of their boxes.
    let options = RenderOptions {
        font_size: em,
        padding: 1.0,
        background_color: Color::new(0.0, 0.0, 0.0, 0.0),
        ..RenderOptions::default()
    };
    let png = ratex_render::render_to_png(&list, &options)?;
    let pixels = image::load_from_memory(&png).map_err(|error| error.to_string())?.into_rgba8();
    let size = [pixels.width() as usize, pixels.height() as usize];
    let colour = |pixel: &image::Rgba<u8>| {
        let [r, g, b, a] = pixel.0;
        Color32::from_rgba_unmultiplied(r, g, b, a)
    };
    let image = ColorImage::new(size, pixels.pixels().map(colour).collect());
    Ok(Drawing { image, depth: list.depth as f32 * em + 1.0 })
}

/// What is wrong with a formula, if anything.
#[cfg(test)]
pub fn problem(latex: &str) -> Option<String> {
    draw(latex, Setting::Display, 16.0).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_higher_on_a_line_of_its_own() {
        let height = |setting| draw(r"\frac{x - \mu}{\sigma}", setting, 20.0).unwrap().image.size[1];
        assert!(height(Setting::Display) > height(Setting::Inline));
    }

    #[test]
    fn letters_are_white_and_twice_as_fine_on_twice_the_scale() {
        let [once, twice] =
            [20.0, 40.0].map(|em| draw(r"\sum_i w_i x_i", Setting::Display, em).unwrap().image);
        assert!((twice.size[0] as f32 / once.size[0] as f32 - 2.0).abs() < 0.1, "{:?}", twice.size);
        assert!(once.pixels.contains(&Color32::WHITE));
        assert!(once.pixels.iter().any(|pixel| pixel.a() == 0));
        assert!(once.pixels.iter().all(|pixel| pixel.r() == pixel.a()), "white, more or less of it");
    }

    #[test]
    fn what_is_no_formula_is_an_error_and_no_panic() {
        for latex in [r"\frac{1", r"\unknowncommand", r"}", &"{".repeat(3999), &"x^".repeat(9000)] {
            assert!(draw(latex, Setting::Display, 16.0).is_err(), "{latex}");
        }
    }
}
