//! Every colour, size and font of the window, light and dark. The colours are told apart in the common forms
//! of colour blindness, and nothing is said by colour alone.

use std::sync::Arc;

use egui::epaint::Shadow;
use egui::style::{ScrollStyle, WidgetVisuals};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, RichText, Stroke, Style,
    TextStyle, Theme, Ui, Vec2, Visuals, vec2,
};

/// Space between things that belong together, in points.
pub const GAP: f32 = 8.0;
/// Space within a thing.
pub const SMALL_GAP: f32 = 4.0;
/// Space between sections.
pub const LARGE_GAP: f32 = 16.0;
/// Height of a line of controls.
pub const ROW: f32 = 24.0;
/// Side of a square button with an icon.
pub const ICON_BUTTON: Vec2 = vec2(24.0, 24.0);
/// Margin inside panels.
pub const MARGIN: i8 = 12;
pub const CORNER: CornerRadius = CornerRadius::same(4);
pub const CARD_CORNER: CornerRadius = CornerRadius::same(6);

/// The window's text face, for those who draw text elsewhere.
pub const INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");

/// Seconds for which a button of the mouse may be held for a click, and between the two of a double click.
const LONGEST_CLICK: f64 = 3.0;
const LONGEST_DOUBLE_CLICK: f64 = 0.5;

/// How much larger everything is when it is shown to a hall.
pub const PRESENTING: f32 = 1.35;

/// Width of a window, in points, below which there is no room for three columns.
pub const LEAST_FOR_THREE: f32 = 1000.0;

/// How much thicker curves are then, beyond that.
pub const PRESENTING_LINES: f32 = 1.6;

/// The colours of one theme, by what they are for.
pub struct Palette {
    /// Behind the cards.
    pub background: Color32,
    /// Of the side panels and bars.
    pub panel: Color32,
    /// Of cards, menus and fields.
    pub card: Color32,
    /// Of what the pointer is on.
    pub hover: Color32,
    pub border: Color32,
    /// Of edges that must be seen.
    pub strong_border: Color32,
    pub text: Color32,
    /// Of captions and what is secondary.
    pub muted: Color32,
    /// Of what is selected or is the main thing to do.
    pub accent: Color32,
    pub on_accent: Color32,
    /// Of the area of what is selected.
    pub accent_area: Color32,
    pub warning: Color32,
    pub warning_area: Color32,
    pub danger: Color32,
    pub danger_area: Color32,
    /// Of curves over the training pictures.
    pub train: Color32,
    /// Of curves over the test pictures.
    pub test: Color32,
    pub rate: Color32,
    /// Of the run before.
    pub previous: Color32,
    /// Of runs side by side, after Okabe and Ito (2008), darker or lighter as the ground asks for.
    pub runs: [Color32; 8],
    /// Of layers with weights, non-linearities, pooling, normalisation, and what holds others.
    pub kinds: [Color32; 5],
}

static LIGHT: Palette = Palette {
    background: Color32::from_rgb(0xF1, 0xF3, 0xF6),
    panel: Color32::from_rgb(0xFA, 0xFB, 0xFC),
    card: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    hover: Color32::from_rgb(0xEC, 0xEF, 0xF3),
    border: Color32::from_rgb(0xDD, 0xE1, 0xE7),
    strong_border: Color32::from_rgb(0xB4, 0xBC, 0xC8),
    text: Color32::from_rgb(0x1A, 0x1F, 0x27),
    muted: Color32::from_rgb(0x5B, 0x65, 0x73),
    accent: Color32::from_rgb(0x1F, 0x62, 0xC4),
    on_accent: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    accent_area: Color32::from_rgb(0xE3, 0xED, 0xFB),
    warning: Color32::from_rgb(0x8A, 0x55, 0x00),
    warning_area: Color32::from_rgb(0xFF, 0xF3, 0xD9),
    danger: Color32::from_rgb(0xB0, 0x20, 0x2E),
    danger_area: Color32::from_rgb(0xFD, 0xEC, 0xEC),
    train: Color32::from_rgb(0x1F, 0x62, 0xC4),
    test: Color32::from_rgb(0xC4, 0x50, 0x0C),
    rate: Color32::from_rgb(0x0F, 0x7B, 0x6C),
    previous: Color32::from_rgb(0xA3, 0xAC, 0xB9),
    runs: [
        Color32::from_rgb(0x00, 0x5F, 0xA8),
        Color32::from_rgb(0xC8, 0x4E, 0x00),
        Color32::from_rgb(0x00, 0x8A, 0x62),
        Color32::from_rgb(0xB4, 0x4C, 0x8C),
        Color32::from_rgb(0x3A, 0x98, 0xD2),
        Color32::from_rgb(0xA8, 0x7E, 0x00),
        Color32::from_rgb(0x2B, 0x2F, 0x36),
        Color32::from_rgb(0x8C, 0x7A, 0xC8),
    ],
    kinds: [
        Color32::from_rgb(0x2F, 0x77, 0xD9),
        Color32::from_rgb(0xD0, 0x8A, 0x12),
        Color32::from_rgb(0x1B, 0x94, 0x84),
        Color32::from_rgb(0x86, 0x62, 0xC2),
        Color32::from_rgb(0x8B, 0x95, 0xA4),
    ],
};

static DARK: Palette = Palette {
    background: Color32::from_rgb(0x10, 0x12, 0x16),
    panel: Color32::from_rgb(0x16, 0x19, 0x1E),
    card: Color32::from_rgb(0x1D, 0x21, 0x27),
    hover: Color32::from_rgb(0x28, 0x2D, 0x36),
    border: Color32::from_rgb(0x2C, 0x32, 0x3B),
    strong_border: Color32::from_rgb(0x4B, 0x55, 0x63),
    text: Color32::from_rgb(0xE6, 0xE9, 0xEE),
    muted: Color32::from_rgb(0x9A, 0xA4, 0xB2),
    accent: Color32::from_rgb(0x6C, 0xA6, 0xFF),
    on_accent: Color32::from_rgb(0x0D, 0x16, 0x25),
    accent_area: Color32::from_rgb(0x1D, 0x2D, 0x48),
    warning: Color32::from_rgb(0xEB, 0xBB, 0x55),
    warning_area: Color32::from_rgb(0x2F, 0x27, 0x14),
    danger: Color32::from_rgb(0xFF, 0x8B, 0x8B),
    danger_area: Color32::from_rgb(0x3A, 0x1E, 0x20),
    train: Color32::from_rgb(0x6C, 0xA6, 0xFF),
    test: Color32::from_rgb(0xFF, 0x9D, 0x57),
    rate: Color32::from_rgb(0x4F, 0xC4, 0xB0),
    previous: Color32::from_rgb(0x5E, 0x69, 0x78),
    runs: [
        Color32::from_rgb(0x56, 0xB4, 0xE9),
        Color32::from_rgb(0xF0, 0x7D, 0x2C),
        Color32::from_rgb(0x2C, 0xC8, 0x97),
        Color32::from_rgb(0xE0, 0x93, 0xC2),
        Color32::from_rgb(0x4A, 0x7E, 0xE6),
        Color32::from_rgb(0xF0, 0xE4, 0x42),
        Color32::from_rgb(0xE6, 0xE9, 0xEE),
        Color32::from_rgb(0xB0, 0x90, 0x60),
    ],
    kinds: [
        Color32::from_rgb(0x5B, 0x98, 0xEE),
        Color32::from_rgb(0xE0, 0xA8, 0x3A),
        Color32::from_rgb(0x3F, 0xB5, 0xA4),
        Color32::from_rgb(0xA5, 0x88, 0xDD),
        Color32::from_rgb(0x7A, 0x85, 0x95),
    ],
};

impl Palette {
    /// The colours of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> &'static Self {
        Self::of_theme(if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light })
    }

    pub fn of_theme(theme: Theme) -> &'static Self {
        match theme {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }
}

/// Colours of the first classes: of different hue or lightness each, seen on light ground and on dark.
const TINTS: [Color32; 10] = [
    Color32::from_rgb(0x4C, 0x8D, 0xFF),
    Color32::from_rgb(0xF5, 0x8A, 0x1F),
    Color32::from_rgb(0x2F, 0xB4, 0x57),
    Color32::from_rgb(0xE5, 0x48, 0x4D),
    Color32::from_rgb(0x8E, 0x5B, 0xD9),
    Color32::from_rgb(0x99, 0x6A, 0x45),
    Color32::from_rgb(0xF0, 0x7E, 0xC0),
    Color32::from_rgb(0x8A, 0x94, 0xA2),
    Color32::from_rgb(0xCF, 0xBA, 0x17),
    Color32::from_rgb(0x1F, 0xC0, 0xD2),
];

/// A colour for class number `i` where many must be told apart. Of more than ten, hues as far from one another as they
/// can be for any number of them, by the golden ratio.
pub fn tint(i: usize) -> Color32 {
    if let Some(tint) = TINTS.get(i) {
        return *tint;
    }
    let hue = (i as f32 * 0.618_034 + 0.6).fract();
    let value = if i.is_multiple_of(2) { 0.95 } else { 0.75 };
    egui::ecolor::Hsva::new(hue, 0.75, value, 1.0).into()
}

/// Loads the fonts and sets the style of both themes.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Light, Theme::Dark] {
        ctx.set_style_of(theme, style(theme));
    }
    // Times are those of frames: where these take long, a quick click seems to be a slow one and must count as well.
    ctx.options_mut(|options| {
        options.input_options.max_click_duration = LONGEST_CLICK;
        options.input_options.max_double_click_delay = LONGEST_DOUBLE_CLICK;
    });
}

/// Text in the heavier face.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).family(strong_family())
}

/// Text of a caption.
pub fn caption(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).small().color(Palette::of(ui).muted)
}

/// The font of figures, in which all digits are equally wide.
pub fn figures(ui: &Ui) -> FontId {
    TextStyle::Monospace.resolve(ui.style())
}

/// The font of the icons.
pub fn icons(size: f32) -> FontId {
    FontId::new(size, icon_family())
}

fn icon_family() -> FontFamily {
    FontFamily::Name("icons".into())
}

fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8]| {
        let mut data = FontData::from_static(bytes);
        if name == "lucide" {
            data.tweak.y_offset_factor = 0.08;
        }
        fonts.font_data.insert(name.into(), Arc::new(data));
    };
    add("inter", INTER);
    add("inter-strong", include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"));
    add("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"));
    add("lucide", lucide_icons::LUCIDE_FONT_BYTES);
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let mut family = |family: FontFamily, first: &[&str]| {
        let own = first.iter().map(|name| name.to_string());
        fonts.families.insert(family, own.chain(fallback.iter().cloned()).collect());
    };
    // The text face has glyphs of its own in the private area where the icons are.
    family(icon_family(), &["lucide"]);
    family(FontFamily::Proportional, &["inter"]);
    family(strong_family(), &["inter-strong"]);
    family(FontFamily::Monospace, &["jetbrains-mono", "inter"]);
    fonts
}

fn style(theme: Theme) -> Style {
    let palette = Palette::of_theme(theme);
    let mut style = Style { visuals: visuals(theme, palette), ..Style::default() };
    let size = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, size(11.5)),
        (TextStyle::Body, size(13.0)),
        (TextStyle::Button, size(13.0)),
        (TextStyle::Heading, FontId::new(14.5, strong_family())),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Monospace;
    style.animation_time = 0.08;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.35;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(GAP, SMALL_GAP);
    spacing.button_padding = vec2(GAP, 3.0);
    spacing.interact_size = vec2(28.0, ROW);
    spacing.icon_width = 16.0;
    spacing.combo_width = 60.0;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(MARGIN);
    spacing.tooltip_width = 320.0;
    spacing.slider_rail_height = 4.0;
    spacing.scroll = ScrollStyle { floating_allocated_width: 8.0, bar_width: 8.0, ..ScrollStyle::floating() };
    style
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    let widget = |fill, border: Color32, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: CORNER,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette.panel, palette.border, palette.text);
    widgets.inactive = widget(palette.card, palette.border, palette.text);
    widgets.hovered = widget(palette.hover, palette.strong_border, palette.text);
    widgets.active = widget(palette.accent_area, palette.accent, palette.text);
    widgets.open = widget(palette.hover, palette.strong_border, palette.text);
    visuals.weak_text_color = Some(palette.muted);
    visuals.hyperlink_color = palette.accent;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.border);
    visuals.extreme_bg_color = palette.card;
    visuals.faint_bg_color = palette.background;
    visuals.code_bg_color = palette.background;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.danger;
    visuals.selection.bg_fill = palette.accent_area;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CARD_CORNER;
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(40) };
    (visuals.window_shadow, visuals.popup_shadow) = (shadow, shadow);
    visuals.slider_trailing_fill = true;
    visuals.indent_has_left_vline = false;
    visuals.disabled_alpha = 0.45;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as in WCAG 2.1.
    fn luminance(colour: Color32) -> f64 {
        let linear = |byte: u8| {
            let x = byte as f64 / 255.0;
            if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.1, 1.4.3: 4.5 to 1 for text.
    #[test]
    fn text_can_be_read() {
        for palette in [&LIGHT, &DARK] {
            for area in [palette.background, palette.panel, palette.card, palette.hover] {
                for text in [palette.text, palette.muted, palette.accent, palette.danger, palette.warning] {
                    assert!(contrast(text, area) >= 4.5, "{text:?} on {area:?}: {}", contrast(text, area));
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
            assert!(contrast(palette.danger, palette.danger_area) >= 4.5);
            assert!(contrast(palette.warning, palette.warning_area) >= 4.5);
        }
    }
}
