use super::{Activation, Conv, Kind, Layer, Padding};

/// Several paths from one input that meet again. An empty branch is the identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Branches {
    pub merge: Merge,
    pub branches: Vec<Vec<Layer>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Merge {
    /// Sum, number by number; all branches must end in one shape.
    Add,
    /// Channels one behind the other; all branches must end in maps of one size.
    Concat,
}

impl Merge {
    pub const ALL: [Self; 2] = [Self::Add, Self::Concat];

    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Concat => "concat",
        }
    }
}

impl Branches {
    /// What the field calls them, as far as it has a name.
    pub fn title(&self) -> &'static str {
        let filled: Vec<&Vec<Layer>> = self.branches.iter().filter(|list| !list.is_empty()).collect();
        let shortcuts = self.branches.iter().filter(|list| is_shortcut(list)).count();
        match (self.merge, &filled[..]) {
            (_, []) => "Branches that meet",
            (Merge::Add, filled) if shortcuts == 1 && self.branches.len() == 2 => {
                let path = filled.iter().find(|list| !is_shortcut(list));
                match path.map(|path| kernels(path)) {
                    Some(kernels) if kernels[..] == [1, 3, 1] => "Bottleneck",
                    Some(kernels) if !kernels.is_empty() => "Residual block",
                    _ => "Branches that meet",
                }
            }
            (Merge::Concat, [_]) if self.branches.len() == 2 => "Skip connection",
            (Merge::Concat, [_, _, _, ..]) => "Inception",
            _ => "Branches that meet",
        }
    }
}

/// Whether a branch brings its input on as it is, but for its shape (He et al. 2015, options A and B).
fn is_shortcut(layers: &[Layer]) -> bool {
    layers.iter().all(|layer| match &layer.kind {
        Kind::Conv(conv) => conv.kernel == [1, 1],
        Kind::Shortcut(_) | Kind::Identity | Kind::BatchNorm(_) => true,
        _ => false,
    })
}

/// The heights of the kernels of its convolutions.
fn kernels(layers: &[Layer]) -> Vec<usize> {
    let kernel = |layer: &Layer| match &layer.kind {
        Kind::Conv(conv) => Some(conv.kernel[0]),
        _ => None,
    };
    layers.iter().filter_map(kernel).collect()
}

impl Default for Branches {
    /// A residual block: two convolutions beside the identity.
    fn default() -> Self {
        let conv = || Layer::new(Kind::Conv(Conv { padding: Padding::Each([1, 1]), ..Conv::default() }));
        let relu = Layer::new(Kind::Activation(Activation::Relu));
        Self { merge: Merge::Add, branches: vec![vec![conv(), relu, conv()], Vec::new()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets::{self, blocks::BLOCKS};
    use crate::tensor::Extent;

    /// The titles of all branches in some layers.
    fn titles(layers: &[Layer]) -> Vec<&'static str> {
        let of = |layer: &Layer| {
            let own = matches!(layer.kind, Kind::Branches(_)).then(|| layer.kind.title());
            own.into_iter()
                .chain(layer.kind.children().into_iter().flat_map(|list| titles(list)))
                .collect::<Vec<_>>()
        };
        layers.iter().flat_map(of).collect()
    }

    #[test]
    fn blocks_are_called_what_the_papers_call_them() {
        for (preset, title) in
            [("resnet-20", "Residual block"), ("resnet-18", "Residual block"), ("resnet-50", "Bottleneck")]
        {
            let network = presets::build(preset, Extent::new(3, 224, 224), 10).expect("a preset");
            let titles = titles(&network.layers);
            assert!(!titles.is_empty() && titles.iter().all(|found| *found == title), "{preset}: {titles:?}");
        }
        for (block, expected) in BLOCKS.iter().zip([
            None,
            Some("Residual block"),
            Some("Residual block"),
            Some("Residual block"),
            Some("Bottleneck"),
            Some("Inception"),
            Some("Branches that meet"),
        ]) {
            assert_eq!(titles(&block.layers(16)).first().copied(), expected, "{}", block.title);
        }
    }
}
