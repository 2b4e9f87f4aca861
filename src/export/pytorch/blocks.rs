//! Blocks of branches that meet: those of one build become one small class, and what differs between them its
//! arguments. Innermost blocks first, so that a class is defined before another uses it.

use super::expression::{Argument, Block, Expression, Role, Setting};
use crate::experiment::layers::{Branches, Conv, Merge};
use crate::experiment::{Kind, Layer};

/// The class of all blocks of one build.
pub struct BlockClass {
    name: String,
    /// In which settings that differ are names of arguments.
    body: Block,
    arguments: Vec<(String, Role)>,
    /// The blocks with all settings taken out.
    build: Expression,
    /// For each setting, the argument that gives it, if one does.
    places: Vec<Option<usize>>,
}

/// Turns all blocks in an expression into calls of classes, which are given in the order of definition.
/// `taken` are names that mean something else already.
pub fn into_classes(expression: &mut Expression, taken: &mut Vec<String>) -> Vec<BlockClass> {
    let mut classes = Vec::new();
    loop {
        let mut innermost = Vec::new();
        collect_innermost(expression, &mut innermost);
        if innermost.is_empty() {
            return classes;
        }
        let mut found: Vec<BlockClass> = Vec::new();
        for block in &innermost {
            let build = block.build();
            if !found.iter().any(|class| class.build == build) {
                let alike: Vec<&Expression> =
                    innermost.iter().filter(|other| other.build() == build).collect();
                found.extend(BlockClass::of(&alike, taken));
            }
        }
        replace_innermost(expression, &found);
        classes.extend(found);
    }
}

/// The blocks that have no block inside.
fn collect_innermost(expression: &Expression, innermost: &mut Vec<Expression>) {
    let n_before = innermost.len();
    expression.parts().into_iter().for_each(|part| collect_innermost(part, innermost));
    if matches!(expression, Expression::Block(_)) && innermost.len() == n_before {
        innermost.push(expression.clone());
    }
}

/// Puts calls in the place of the blocks that have a class; gives whether there was one inside.
fn replace_innermost(expression: &mut Expression, classes: &[BlockClass]) -> bool {
    let mut has_inner = false;
    for part in expression.parts_mut() {
        has_inner |= replace_innermost(part, classes);
    }
    let is_block = matches!(expression, Expression::Block(_));
    if is_block
        && !has_inner
        && let Some(call) = classes.iter().find_map(|class| class.call(expression))
    {
        *expression = call;
    }
    has_inner || is_block
}

impl BlockClass {
    /// The class of blocks of one build; none without blocks.
    fn of(alike: &[&Expression], taken: &mut Vec<String>) -> Option<Self> {
        let Some(Expression::Block(first)) = alike.first() else { return None };
        let build = alike[0].build();
        let settings: Vec<Vec<&Setting>> = alike.iter().map(|block| block.settings()).collect();
        // For each place the values there, one for each block; and the places that are one argument.
        let column = |i: usize| settings.iter().map(|all| all[i].value.as_str()).collect::<Vec<_>>();
        let mut kept: Vec<(Vec<&str>, Role)> = Vec::new();
        for (i, setting) in settings[0].iter().enumerate() {
            let column = column(i);
            let differs = column.iter().any(|value| *value != column[0]);
            if differs && !kept.iter().any(|(other, role)| *other == column && related(*role, setting.role)) {
                kept.push((column, setting.role));
            }
        }
        // By their place first, then those by their name.
        kept.sort_by_key(|(_, role)| matches!(role, Role::Named(_)));
        let names = argument_names(&kept.iter().map(|(_, role)| *role).collect::<Vec<_>>());
        let place = |(i, setting): (usize, &&Setting)| {
            kept.iter().position(|(other, role)| *other == column(i) && related(*role, setting.role))
        };
        let places: Vec<Option<usize>> = settings[0].iter().enumerate().map(place).collect();
        let mut body = alike[0].clone();
        for (setting, place) in body.settings_mut().into_iter().zip(&places) {
            if let Some(argument) = place {
                setting.value.clone_from(&names[*argument]);
            }
        }
        let Expression::Block(body) = body else { return None };
        let arguments = names.into_iter().zip(kept.iter().map(|(_, role)| *role)).collect();
        Some(Self { name: new_name(first.title, taken), body: *body, arguments, build, places })
    }

    /// The call that makes this block, if it is of this class.
    fn call(&self, block: &Expression) -> Option<Expression> {
        if block.build() != self.build {
            return None;
        }
        let settings = block.settings();
        let argument = |(k, (name, role)): (usize, &(String, Role))| {
            let place = self.places.iter().position(|place| *place == Some(k))?;
            let setting = Setting { role: *role, value: settings[place].value.clone() };
            let keyword = matches!(role, Role::Named(_)).then(|| name.clone());
            Some(Argument { keyword, ..Argument::plain(Expression::Setting(setting)) })
        };
        let arguments = self.arguments.iter().enumerate().filter_map(argument).collect();
        Some(Expression::call(self.name.clone(), arguments))
    }

    /// The class in Python.
    pub fn text(&self) -> String {
        let names: String = self.arguments.iter().map(|(name, _)| format!(", {name}")).collect();
        let result = match (self.body.merge, self.body.branches.len()) {
            (Merge::Add, 2) => "self.branches[0](x) + self.branches[1](x)",
            (Merge::Add, _) => "sum(branch(x) for branch in self.branches)",
            (Merge::Concat, _) => "torch.cat([branch(x) for branch in self.branches], dim=1)",
        };
        let begin = "        self.branches = ";
        let branches = self.body.list().laid_out(8, begin.len(), 0);
        format!(
            "class {}(nn.Module):\n    \"\"\"{}\"\"\"\n\n    \
             def __init__(self{names}):\n        super().__init__()\n{begin}{branches}\n\n    \
             def forward(self, x):\n        return {result}\n",
            self.name,
            self.summary()
        )
    }

    fn summary(&self) -> String {
        let meeting = match self.body.merge {
            Merge::Add => "their outputs added",
            Merge::Concat => "their channels stacked",
        };
        let is_identity = |branch: &Expression| *branch == identity();
        match self.body.branches.len() {
            2 if self.body.branches.iter().any(is_identity) => {
                format!("Layers beside the identity, {meeting}.")
            }
            2 => format!("Two branches from the same input, {meeting}."),
            n => format!("{n} branches from the same input, {meeting}."),
        }
    }
}

/// What stands for a branch without layers.
pub fn identity() -> Expression {
    Expression::call("nn.Identity", Vec::new())
}

/// Whether two settings that always agree may be one argument: numbers of channels, whichever way they go.
fn related(a: Role, b: Role) -> bool {
    let are_channels = |role| matches!(role, Role::In | Role::Out);
    a == b || are_channels(a) && are_channels(b)
}

/// `channels` where there is one number of channels; `in_channels` and `channels` where there are two, then
/// `out_channels`; numbered ones beyond.
fn argument_names(roles: &[Role]) -> Vec<String> {
    let count = |role: Role| roles.iter().filter(|other| **other == role).count();
    let (n_in, n_out) = (count(Role::In), count(Role::Out));
    let name = |(i, &role): (usize, &Role)| {
        let nth = roles[..i].iter().filter(|other| **other == role).count();
        let numbered = |name: &str| if nth == 0 { name.into() } else { format!("{name}_{}", nth + 1) };
        match role {
            Role::In if n_in == 1 && n_out == 0 => "channels".into(),
            Role::In => numbered("in_channels"),
            Role::Out if n_out <= 2 => ["channels", "out_channels"][nth].into(),
            Role::Out => format!("channels_{}", nth + 1),
            Role::Named(name) => numbered(name),
        }
    };
    roles.iter().enumerate().map(name).collect()
}

/// The name, with a number if it is taken.
fn new_name(base: &str, taken: &mut Vec<String>) -> String {
    let mut name = base.to_string();
    for n in 2.. {
        if !taken.contains(&name) {
            break;
        }
        name = format!("{base}{n}");
    }
    taken.push(name.clone());
    name
}

/// What people call such a block.
pub fn title(branches: &Branches) -> &'static str {
    let has = |is: fn(&[Layer]) -> bool| branches.branches.iter().any(|branch| is(branch));
    let is_identity = |branch: &[Layer]| branch.is_empty();
    let is_padded = |branch: &[Layer]| matches!(branch, [Layer { kind: Kind::Shortcut(_), .. }]);
    match branches.merge {
        Merge::Add if has(is_bottleneck) && has(is_identity) => "Bottleneck",
        Merge::Add if has(is_bottleneck) && has(is_projection) => "ProjectedBottleneck",
        Merge::Add if has(is_identity) => "ResidualBlock",
        Merge::Add if has(is_padded) => "PaddedResidualBlock",
        Merge::Add if has(is_projection) => "ProjectedResidualBlock",
        Merge::Add => "AddedBranches",
        Merge::Concat if has(is_identity) => "SkipBlock",
        Merge::Concat => "StackedBranches",
    }
}

/// The convolutions of a branch.
fn convolutions(branch: &[Layer]) -> Vec<&Conv> {
    let mut found = Vec::new();
    for layer in branch {
        if let Kind::Conv(conv) = &layer.kind {
            found.push(conv);
        }
    }
    found
}

fn is_bottleneck(branch: &[Layer]) -> bool {
    let kernels: Vec<[usize; 2]> = convolutions(branch).iter().map(|conv| conv.kernel).collect();
    matches!(kernels[..], [[1, 1], _, [1, 1]])
}

fn is_projection(branch: &[Layer]) -> bool {
    branch.len() <= 2 && matches!(convolutions(branch)[..], [Conv { kernel: [1, 1], .. }])
}
