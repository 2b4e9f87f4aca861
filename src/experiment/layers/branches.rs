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

impl Default for Branches {
    /// A residual block: two convolutions beside the identity.
    fn default() -> Self {
        let conv = || Layer::new(Kind::Conv(Conv { padding: Padding::Each([1, 1]), ..Conv::default() }));
        let relu = Layer::new(Kind::Activation(Activation::Relu));
        Self { merge: Merge::Add, branches: vec![vec![conv(), relu, conv()], Vec::new()] }
    }
}
