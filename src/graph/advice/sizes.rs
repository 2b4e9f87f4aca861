//! Windows that do not fit what they slide over, and units that see too little.

use super::{Advice, Net, Remedy};
use crate::experiment::{Kind, LabelKind};
use crate::graph::layers::Window;
use crate::graph::{NodeId, Op};

/// Taps that lie in the padding at every position multiply nothing but zeros.
pub fn taps_beside_the_maps(net: &Net<'_>) -> Vec<Advice> {
    let advice = net.nodes().filter_map(|(id, node)| {
        let Op::Conv(conv) = &node.op else { return None };
        let maps = net.graph.node(node.inputs[0]).extent;
        let is_large = maps.area() == 1 && conv.window.kernel != [1, 1];
        let [height, width] = conv.window.kernel;
        let n_idle = height * width - 1;
        is_large.then_some(())?;
        net.about(
            id,
            |_| format!("Its kernel of {height}×{width} slides over maps of a single pixel."),
            format!("Of {} weights {n_idle} meet nothing but padding and learn nothing.", height * width),
            |layer| Some(Remedy::Change(layer, smaller(net.kind(layer)?)?, "Make its kernel 1×1".into())),
        )
    });
    advice.collect()
}

/// The convolution with a kernel of 1×1.
fn smaller(kind: &Kind) -> Option<Kind> {
    use crate::experiment::layers::{Conv, Padding};
    let Kind::Conv(conv) = kind else { return None };
    let padding = Padding::Each([0, 0]);
    Some(Kind::Conv(Conv { kernel: [1, 1], padding, dilation: [1, 1], ..conv.clone() }))
}

/// A window that moves further than it is large leaves pixels out. A kernel of 1×1 does so on purpose: it goes
/// along with a block that makes the maps smaller.
pub fn pixels_left_out(net: &Net<'_>) -> Vec<Advice> {
    let advice = net.nodes().filter_map(|(id, node)| {
        let window = window(&node.op)?;
        let maps = net.graph.node(node.inputs[0]).extent;
        let leaves_out = |axis: usize| {
            let side = [maps.height, maps.width][axis];
            window.kernel[axis] > 1 && window.stride[axis] > window.span()[axis] && side > window.span()[axis]
        };
        (leaves_out(0) || leaves_out(1)).then_some(())?;
        let ([kh, kw], [sh, sw]) = (window.kernel, window.stride);
        net.about(
            id,
            |_| format!("Its window of {kh}×{kw} moves by {sh}×{sw} and leaves pixels out."),
            "What stands between two windows is never looked at, and a small shift of the picture brings other pixels \
             under them.",
            |_| None,
        )
    });
    advice.collect()
}

fn window(op: &Op) -> Option<Window> {
    match op {
        Op::Conv(conv) => Some(conv.window),
        Op::Pool(pool) => Some(pool.window),
        _ => None,
    }
}

/// A pool over maps of one pixel has nothing to choose from.
pub fn pool_of_single_pixels(net: &Net<'_>) -> Vec<Advice> {
    let advice = net.nodes().filter_map(|(id, node)| {
        let Op::Pool(pool) = &node.op else { return None };
        let is_idle = net.graph.node(node.inputs[0]).extent.area() == 1 && pool.window.kernel != [1, 1];
        is_idle.then_some(())?;
        net.about(
            id,
            |_| "It pools over maps of a single pixel.".into(),
            "There is nothing left to pool: what it gives is what it gets.",
            |layer| Some(Remedy::Remove(layer)),
        )
    });
    advice.collect()
}

/// Share of the picture's sides that a unit should see before the places are given up.
const SEEN: f64 = 0.5;

/// Where maps are reduced to their means, each unit has had its say by what it saw alone; a class that shows in
/// larger parts only is out of its sight. A tag may stand for a small thing, so nothing is said of nets that tag.
pub fn blind_decision(net: &Net<'_>) -> Vec<Advice> {
    if net.goal.labels == LabelKind::Tags {
        return Vec::new();
    }
    let input = net.graph.input();
    let advice = net.nodes().filter_map(|(id, node)| {
        let before = *node.inputs.first()?;
        let maps = net.graph.node(before).extent;
        let is_global = matches!(&node.op, Op::Pool(pool) if pool.window.kernel == [maps.height, maps.width]);
        let is_answer = id == net.graph.output && node.extent.area() > 1;
        (is_answer || (is_global && maps.area() > 1)).then_some(())?;
        let seen = field(net, if is_answer { id } else { before })?;
        let is_small = [input.height, input.width].iter().zip(seen).any(|(&side, seen)| (seen as f64) < SEEN * side as f64);
        is_small.then_some(())?;
        let what = format!(
            "When it is decided, a unit has seen {}×{} of {}×{} pixels.",
            seen[0], seen[1], input.height, input.width
        );
        let why = "What shows only in larger parts of the picture cannot be told apart; more layers, larger kernels or \
                   pooling earlier widen the view.";
        net.about(id, |_| what, why, |_| None)
    });
    advice.collect()
}

/// Side of the part of the picture that the units of a node see.
fn field(net: &Net<'_>, node: NodeId) -> Option<[usize; 2]> {
    let report = net.owner(node)?;
    Some(report.receptive_field.size)
}

#[cfg(test)]
mod tests {
    use super::super::Remedy;
    use super::super::testing::{check, said_with};
    use crate::experiment::Train;

    #[test]
    fn a_kernel_over_a_single_pixel_is_mostly_idle() {
        let layers = "{ conv = 8, kernel = 32 }, 'relu', { conv = 8, padding = 1 }, 'relu', { linear = 10 }";
        check(layers, &[("layers.2", "3×3 slides over maps of a single pixel")]);
        let said = said_with(layers, Train::default());
        assert!(said[0].why.contains("Of 9 weights 8"), "{}", said[0].why);
        let without_bias = layers.replace("padding = 1", "padding = 1, bias = false");
        let said = said_with(&without_bias, Train::default());
        assert_eq!(said[0].remedy.as_ref().map(Remedy::label), Some("Make its kernel 1×1".into()));
    }

    #[test]
    fn a_window_should_not_leave_pixels_out() {
        check(
            "{ conv = 8, kernel = 2, stride = 3 }, 'relu', { linear = 10 }",
            &[("layers.0", "2×2 moves by 3×3")],
        );
        check("{ conv = 8, kernel = 1, stride = 2 }, 'relu', { linear = 10 }", &[]);
    }

    #[test]
    fn nothing_is_pooled_from_one_pixel() {
        let layers =
            "{ conv = 8, kernel = 32 }, 'relu', { max-pool = 3, stride = 1, padding = 1 }, { linear = 10 }";
        check(layers, &[("layers.2", "maps of a single pixel")]);
    }

    #[test]
    fn who_decides_must_have_seen_enough() {
        let layers = "{ conv = 8 }, 'relu', 'global-average-pool', { linear = 10 }";
        // The mean of a linear function's answers is a matter of its own.
        check(layers, &[("layers.2", "has seen 3×3 of 32×32 pixels")]);
        let wide = "{ conv = 8, kernel = 17 }, 'relu', 'global-average-pool', { linear = 10 }";
        check(wide, &[]);
        check("{ conv = 8 }, 'relu', { linear = 10 }", &[]);
    }
}
