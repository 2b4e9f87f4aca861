//! What mends a net whose shapes do not fit one another. Edits that might are tried, the smallest first, and the first
//! behind which the layer fits is offered: a remedy that is offered is one that works.

use super::Remedy;
use crate::experiment::layers::{Branches, Conv, Merge, Padding, Shortcut};
use crate::experiment::{Kind, Layer, LayerId, Network};
use crate::graph::{ShapeProblem, build};
use crate::tensor::Extent;

/// Strides by which a shortcut may catch up with the other branch.
const STRIDES: [usize; 4] = [1, 2, 4, 8];

/// The edit that makes the layer fit at which the shapes stop fitting; none where no small one does.
pub fn shape_remedy(network: &Network, problem: &ShapeProblem) -> Option<Remedy> {
    let id = problem.layer?;
    let candidates =
        match super::find(&network.layers, id)? {
            Kind::Branches(branches) => meetings(network, branches),
            Kind::Conv(conv) => windows(conv.kernel, |kernel| Kind::Conv(Conv { kernel, ..conv.clone() }))
                .chain((conv.groups > 1).then(|| {
                    (Kind::Conv(Conv { groups: 1, ..conv.clone() }), "Do without groups".to_string())
                }))
                .collect(),
            Kind::Pool(pool) => windows(pool.window, |window| {
                let padding = [0, 1].map(|axis| pool.padding[axis].min(window[axis] / 2));
                Kind::Pool(crate::experiment::layers::Pool { window, padding, ..pool.clone() })
            })
            .collect(),
            _ => return None,
        };
    let fits = |(kind, _): &(Kind, String)| fits(network, id, kind);
    let (kind, how) = candidates.into_iter().find(fits)?;
    Some(Remedy::Change(id, kind, how))
}

/// Whether the shapes fit as far as behind this layer once it is of that kind.
fn fits(network: &Network, id: LayerId, kind: &Kind) -> bool {
    let mut changed = network.clone();
    let reached = |network: &Network| {
        let (graph, problem) = build::flatten(network);
        (graph.layers.len(), problem)
    };
    let (before, _) = reached(network);
    if !replace(&mut changed.layers, id, kind) {
        return false;
    }
    match reached(&changed) {
        (_, None) => true,
        (after, Some(problem)) => problem.layer != Some(id) && after > before,
    }
}

fn replace(layers: &mut [Layer], id: LayerId, kind: &Kind) -> bool {
    layers.iter_mut().any(|layer| match layer.id == id {
        true => {
            layer.kind = kind.clone();
            true
        }
        false => layer.kind.children_mut().into_iter().any(|list| replace(list, id, kind)),
    })
}

/// The same layer with smaller and smaller windows.
fn windows<'a>(
    own: [usize; 2],
    with: impl Fn([usize; 2]) -> Kind + 'a,
) -> impl Iterator<Item = (Kind, String)> + 'a {
    let largest = own[0].max(own[1]);
    (1..largest).rev().map(move |most| {
        let [height, width] = own.map(|side| side.min(most));
        (with([height, width]), format!("Make it {height}×{width}"))
    })
}

/// Ways for branches to meet that end in different shapes.
fn meetings(network: &Network, branches: &Branches) -> Vec<(Kind, String)> {
    let (graph, _) = build::flatten(network);
    let output = |id: LayerId| graph.layers.iter().rev().find(|report| report.layer == id);
    let ends: Vec<Option<Extent>> = branches
        .branches
        .iter()
        .map(|list| list.iter().rev().find_map(|layer| Some(output(layer.id)?.output)))
        .collect();
    let mut all = Vec::new();
    if branches.merge == Merge::Add {
        let wanted = ends.iter().flatten().copied();
        wanted.for_each(|wanted| all.extend(added(branches, wanted)));
    }
    all.extend(padded(branches));
    if branches.merge == Merge::Add {
        let stacked = Branches { merge: Merge::Concat, ..branches.clone() };
        all.push((Kind::Branches(stacked), "Stack their channels instead".into()));
    }
    all
}

/// Each branch in turn brought to a shape in which another one ends.
fn added(branches: &Branches, wanted: Extent) -> Vec<(Kind, String)> {
    let channels = wanted.channels;
    let mut all = Vec::new();
    let mut with = |branch: usize, list: Vec<Layer>, how: String| {
        let mut changed = branches.clone();
        changed.branches[branch] = list;
        all.push((Kind::Branches(changed), how));
    };
    for (branch, list) in branches.branches.iter().enumerate() {
        if list.is_empty() {
            for stride in STRIDES.map(|stride| [stride; 2]) {
                let shortcut = Layer::new(Kind::Shortcut(Shortcut { channels, stride }));
                let strided = if stride == [1, 1] { "" } else { "strided " };
                let how =
                    format!("Put a {strided}shortcut to {channels} channels into branch {}", branch + 1);
                with(branch, vec![shortcut], how);
                let conv = Conv { filters: channels, kernel: [1, 1], stride, ..Conv::default() };
                let how = format!(
                    "Put a {strided}1×1 convolution of {channels} filters into branch {}",
                    branch + 1
                );
                with(branch, vec![Layer::new(Kind::Conv(conv))], how);
            }
        } else if let Some(last) = list.iter().rposition(|layer| matches!(layer.kind, Kind::Conv(_))) {
            let mut list = list.clone();
            if let Kind::Conv(conv) = &mut list[last].kind {
                conv.filters = channels;
            }
            with(branch, list, format!("Give branch {} {channels} filters at its end", branch + 1));
        }
    }
    all
}

/// All windows padded so that the maps keep their size but for the strides.
fn padded(branches: &Branches) -> Option<(Kind, String)> {
    let mut changed = branches.clone();
    for layer in changed.branches.iter_mut().flatten() {
        match &mut layer.kind {
            Kind::Conv(conv) => conv.padding = Padding::Same,
            Kind::Pool(pool) => pool.padding = pool.window.map(|side| (side - 1) / 2),
            _ => {}
        }
    }
    let how = "Pad the layers inside so that the maps keep their size";
    (changed != *branches).then(|| (Kind::Branches(changed), how.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::file;

    /// What a button would say, and the net once it is pressed, of layers over pictures of 3×32×32.
    fn mended(layers: &str) -> Option<(String, bool)> {
        let text = format!("[network]\nlayers = [{layers}]");
        let experiment = file::parse(&text).expect(layers);
        let mut network = experiment.network.network(Extent::new(3, 32, 32), 10).expect("layers of its own");
        let (_, problem) = build::flatten(&network);
        let remedy = shape_remedy(&network, &problem.expect("the shapes do not fit"))?;
        let label = remedy.label();
        let Remedy::Change(id, kind, _) = remedy else { panic!("{remedy:?}") };
        assert!(replace(&mut network.layers, id, &kind));
        Some((label, build::flatten(&network).1.is_none()))
    }

    fn check(layers: &str, label: &str) {
        assert_eq!(mended(layers), Some((label.to_string(), true)), "{layers}");
    }

    #[test]
    fn a_shortcut_follows_a_branch_that_strides_or_widens() {
        let block = |main: &str| format!("{{ merge = 'add', branches = [[{main}], []] }}");
        check(
            &block("{ conv = 16, kernel = 3, padding = 1 }"),
            "Put a shortcut to 16 channels into branch 2",
        );
        check(
            &block(
                "{ conv = 16, kernel = 3, padding = 1, stride = 2 }, { conv = 16, kernel = 3, padding = 1 }",
            ),
            "Put a strided shortcut to 16 channels into branch 2",
        );
        // No shortcut of zeros takes channels away.
        check(&block("{ conv = 2, kernel = 1 }"), "Put a 1×1 convolution of 2 filters into branch 2");
    }

    #[test]
    fn branches_with_layers_are_widened_padded_or_stacked() {
        check(
            "{ merge = 'add', branches = [[{ conv = 16, kernel = 3 }], [{ conv = 8, kernel = 3 }]] }",
            "Give branch 2 16 filters at its end",
        );
        check(
            "{ merge = 'concat', branches = [[{ conv = 16, kernel = 3 }], [{ conv = 8, kernel = 5 }], []] }",
            "Pad the layers inside so that the maps keep their size",
        );
        check(
            "{ merge = 'add', branches = [[{ conv = 4, kernel = 1 }, { upsample-nearest = 2 }, 'relu', \
             { average-pool = 2 }], ['relu']] }",
            "Give branch 1 3 filters at its end",
        );
    }

    #[test]
    fn a_window_is_made_as_small_as_the_maps() {
        check("{ max-pool = 8 }, { conv = 8, kernel = 5 }", "Make it 4×4");
        check("{ max-pool = 16 }, { max-pool = 3 }", "Make it 2×2");
    }

    #[test]
    fn what_no_small_edit_mends_has_no_button() {
        assert_eq!(mended("{ merge = 'concat', branches = [['flatten'], []] }"), None);
    }
}
