//! What the surfaces of a scene look like: colour, shading and texture.

use crate::data::procedural::Dice;
use std::f32::consts::TAU;

/// Red, green and blue, 0 to 1.
pub type Colour = [f32; 3];

/// The few colours of a scene, from which its surfaces take theirs: in a natural picture, too, what lies
/// together looks alike.
pub struct Palette {
    colours: [Colour; 4],
    mean: Colour,
}

/// A surface.
#[derive(Clone, Copy)]
pub struct Material {
    colour: Colour,
    /// How brightness changes over the surface from one side to the other: direction times strength.
    shade: [f32; 2],
    /// How much darker the surface grows towards its edge.
    rim: f32,
    texture: Texture,
    /// How far the texture lightens and darkens; 0 for a plain surface.
    contrast: f32,
    /// Waves per unit across the surface, as vectors.
    waves: [[f32; 2]; 2],
    phases: [f32; 2],
}

#[derive(Clone, Copy)]
enum Texture {
    Stripes,
    Checks,
    Dots,
    Mottle,
}

impl Palette {
    pub fn draw(dice: &mut Dice) -> Self {
        let tone = colour(dice);
        let spread = dice.range(0.35, 0.85);
        let near_tone = |other: Colour| [0, 1, 2].map(|c| tone[c] + spread * (other[c] - tone[c]));
        let colours = [(); 4].map(|()| near_tone(colour(dice)));
        let mean = [0, 1, 2].map(|c| colours.iter().map(|colour| colour[c]).sum::<f32>() / 4.0);
        Self { colours, mean }
    }

    /// A colour of the scene, varied.
    fn pick(&self, dice: &mut Dice) -> Colour {
        let light = 0.11 * dice.normal();
        self.colours[dice.below(4)].map(|value| value + light + 0.025 * dice.normal())
    }

    /// A colour that stands out from the scene: of a few at random the one farthest from its mean.
    fn stand_out(&self, dice: &mut Dice) -> Colour {
        let distance = |colour: &Colour| (0..3).map(|c| (colour[c] - self.mean[c]).powi(2)).sum::<f32>();
        let candidates = [(); 6].map(|()| colour(dice));
        let farthest = |a: Colour, b: Colour| if distance(&b) > distance(&a) { b } else { a };
        candidates.into_iter().reduce(farthest).unwrap_or(self.mean)
    }
}

/// A colour as they are met outdoors: any brightness, mostly faint, and rather between blue and orange than
/// between green and purple.
fn colour(dice: &mut Dice) -> Colour {
    let light = dice.range(0.1, 0.88);
    let vividness = if dice.chance(0.25) { 0.22 } else { 0.09 };
    let (warm, red) = (vividness * dice.normal(), 0.65 * vividness * dice.normal());
    [light + warm + red, light + 0.15 * warm - 0.6 * red, light - 1.2 * warm + 0.2 * red]
}

impl Material {
    /// The surface of a leaf: one in three textured.
    pub fn of_leaf(palette: &Palette, dice: &mut Dice) -> Self {
        let colour = palette.pick(dice);
        let contrast = if dice.chance(0.35) { dice.range(0.05, 0.2) } else { 0.0 };
        Self::draw(colour, contrast, dice)
    }

    /// The surface of the thing that the picture is of.
    pub fn of_thing(palette: &Palette, dice: &mut Dice) -> Self {
        let colour = palette.stand_out(dice);
        let contrast = if dice.chance(0.7) { dice.range(0.05, 0.25) } else { 0.0 };
        Self { rim: dice.range(0.0, 0.35), ..Self::draw(colour, contrast, dice) }
    }

    fn draw(colour: Colour, contrast: f32, dice: &mut Dice) -> Self {
        let (sin, cos) = dice.range(0.0, TAU).sin_cos();
        let strength = dice.range(0.0, 0.3);
        let (wave_sin, wave_cos) = dice.range(0.0, TAU).sin_cos();
        let frequency = dice.range(0.16, 0.34); // per pixel: periods of three to six
        let texture = [Texture::Stripes, Texture::Checks, Texture::Dots, Texture::Mottle][dice.below(4)];
        Self {
            colour,
            shade: [strength * cos, strength * sin],
            rim: 0.0,
            texture,
            contrast,
            waves: [
                [TAU * frequency * wave_cos, TAU * frequency * wave_sin],
                [-TAU * frequency * wave_sin, TAU * frequency * wave_cos],
            ],
            phases: [dice.range(0.0, TAU), dice.range(0.0, TAU)],
        }
    }

    /// The colour of the surface at `(x, y)` pixels from its middle, for a thing `radius` pixels large; `depth`
    /// is the distance from the edge in pixels.
    #[inline]
    pub fn at(&self, x: f32, y: f32, radius: f32, depth: f32) -> Colour {
        let mut light = 1.0 + (self.shade[0] * x + self.shade[1] * y) / radius;
        light -= self.rim * (1.0 - 0.4 * depth).max(0.0);
        if self.contrast > 0.0 {
            light += self.contrast * self.texture(x, y);
        }
        self.colour.map(|value| value * light)
    }

    /// Between −1 and 1.
    fn texture(&self, x: f32, y: f32) -> f32 {
        let wave = |i: usize| (self.waves[i][0] * x + self.waves[i][1] * y + self.phases[i]).sin();
        match self.texture {
            Texture::Stripes => (2.0 * wave(0)).clamp(-1.0, 1.0),
            Texture::Checks => (3.0 * wave(0) * wave(1)).clamp(-1.0, 1.0),
            Texture::Dots => (3.0 * (wave(0) + wave(1) - 0.7)).clamp(-1.0, 1.0),
            Texture::Mottle => 0.6 * wave(0) + 0.6 * (1.7 * wave(1) + 1.3 * wave(0)).sin(),
        }
    }
}
