//! What is to be known of each kind of layer: its formula, what it is for, where it comes from, and the shader that
//! computes it.

use crate::experiment::Kind;
use crate::experiment::layers::{Activation, Merge, PoolMode, UpsampleMode};

/// One kind of layer, for the menu on its card.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// In LaTeX.
    pub formula: &'static str,
    /// Two sentences in the field's words.
    pub text: &'static str,
    /// Who wrote of it first, or the paper whose form it has here.
    pub source: &'static str,
    /// The stem of its file in `shaders/`; none for what computes nothing by itself.
    pub shader: Option<&'static str>,
}

/// What is to be known of a kind.
pub fn about(kind: &Kind) -> About {
    match kind {
        Kind::Conv(_) => CONV,
        Kind::TransposedConv(_) => TRANSPOSED_CONV,
        Kind::Linear(_) => LINEAR,
        Kind::BatchNorm(_) => BATCH_NORM,
        Kind::Activation(activation) => of_activation(*activation),
        Kind::Prelu(_) => PRELU,
        Kind::Pool(pool) => of_pool(pool.mode),
        Kind::GlobalAveragePool => GLOBAL_AVERAGE_POOL,
        Kind::Lrn(_) => LRN,
        Kind::Dropout(_) => DROPOUT,
        Kind::Upsample(upsample) => of_upsample(upsample.mode),
        Kind::Flatten => FLATTEN,
        Kind::Identity => IDENTITY,
        Kind::PermutePixels(_) => PERMUTE,
        Kind::Shortcut(_) => SHORTCUT,
        Kind::Branches(branches) => of_merge(branches.merge),
        Kind::Repeat(_) => REPEAT,
    }
}

const CONV: About = About {
    formula: r"y_{o,i,j} = b_o + \sum_{c,u,v} w_{o,c,u,v}\; x_{c,\,is+du-p,\,js+dv-p}",
    text: "Looks for the same small pattern at every place of the maps: local, and equal everywhere. Stride s \
           makes the maps smaller, padding p keeps their edges, dilation d spreads the filter's taps.",
    source: "LeCun et al. 1989, Backpropagation applied to handwritten zip code recognition",
    shader: Some("conv"),
};

const TRANSPOSED_CONV: About = About {
    formula: r"y_{o,\,is+du-p,\,js+dv-p} \mathrel{+}= w_{c,o,u,v}\; x_{c,i,j}",
    text: "The convolution's backward pass as a layer: every pixel prints its multiple of each filter, and where \
           prints overlap they are added. With a stride the maps grow, so that a decoder can come back to the size \
           of the picture.",
    source: "Zeiler, Krishnan, Taylor, Fergus 2010, Deconvolutional networks",
    shader: Some("conv"),
};

const LINEAR: About = About {
    formula: r"y_k = b_k + \sum_i w_{k,i}\; x_i",
    text: "Every output is a weighted sum of all inputs, wherever they lie. It is the classifier on top of a \
           convnet, and costs the most parameters by far where it reads large maps.",
    source: "Rosenblatt 1958, The perceptron",
    shader: Some("linear"),
};

const BATCH_NORM: About = About {
    formula: r"y = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta",
    text: "Each channel is brought to mean 0 and deviation 1 and then scaled and shifted as learned, so that signals \
           neither vanish nor explode and larger rates become possible. In training μ and σ are those of the batch, in \
           testing running means of them.",
    source: "Ioffe, Szegedy 2015, Batch normalization",
    shader: Some("batch_norm"),
};

const PRELU: About = About {
    formula: r"y = \max(0, x) + a\,\min(0, x)",
    text: "A ReLU that learns how much of what is negative it lets through. The slope a starts at 0.25, one for each \
           channel or one for all.",
    source: "He, Zhang, Ren, Sun 2015, Delving deep into rectifiers",
    shader: Some("prelu"),
};

const GLOBAL_AVERAGE_POOL: About = About {
    formula: r"y_c = \frac{1}{HW} \sum_{i,j} x_{c,i,j}",
    text: "Each map is reduced to its mean, whatever its size. What is left says how much there is of each feature and \
           no longer where, and the classifier on top needs few weights.",
    source: "Lin, Chen, Yan 2014, Network in network",
    shader: Some("pool"),
};

const LRN: About = About {
    formula: r"y_c = x_c \Big/ \Bigl(k + \alpha \sum_{c'=c-n/2}^{c+n/2} x_{c'}^2\Bigr)^{\beta}",
    text: "Each number is divided by the strength of its neighbours in other channels, as neurons in the cortex inhibit \
           one another. Later nets left it out: batch normalisation does more.",
    source: "Krizhevsky, Sutskever, Hinton 2012, ImageNet classification with deep convolutional neural networks",
    shader: Some("lrn"),
};

const DROPOUT: About = About {
    formula: r"y = \frac{m\,x}{1 - p}, \qquad m \sim \mathrm{Bernoulli}(1 - p)",
    text: "In training each number is set to 0 with probability p, so that no unit can rely on another one, which \
           keeps large layers from learning the pictures by heart. In testing everything passes unchanged.",
    source: "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, Dropout",
    shader: Some("dropout"),
};

const FLATTEN: About = About {
    formula: r"y_{(cH + i)W + j} = x_{c,i,j}",
    text: "All maps as one vector, channel after channel. A fully connected layer does so by itself; written out, it \
           shows where the places in the picture are forgotten.",
    source: "LeCun et al. 1998, Gradient-based learning applied to document recognition",
    shader: Some("flatten"),
};

const IDENTITY: About = About {
    formula: r"y = x",
    text: "The input as it is. By it a deeper net can do what a shallower one does, which plain nets find hard to \
           learn.",
    source: "He, Zhang, Ren, Sun 2016, Identity mappings in deep residual networks",
    shader: None,
};

const PERMUTE: About = About {
    formula: r"y_{c,\,\pi(i)} = x_{c,\,i}",
    text: "Every pixel goes to another place, always the same one, by a permutation π drawn from the seed. \
           Neighbours are torn apart, and with them goes all that a convolution knows about pictures; a fully connected \
           layer does not notice.",
    source: "Zhang, Bengio, Hardt, Recht, Vinyals 2017, Understanding deep learning requires rethinking generalization",
    shader: Some("permute"),
};

const SHORTCUT: About = About {
    formula: r"y_{c,i,j} = \begin{cases} x_{c,\,is,\,js} & c < C \\ 0 & c \ge C \end{cases}",
    text: "The input itself, every s-th pixel of it, with channels of zeros behind its own. It leads past a block that \
           makes the maps smaller and more, without any weights (option A of the paper).",
    source: "He, Zhang, Ren, Sun 2015, Deep residual learning for image recognition",
    shader: Some("shortcut"),
};

const REPEAT: About = About {
    formula: r"y = (f_n \circ \cdots \circ f_2 \circ f_1)(x)",
    text: "The layers inside, so many times one after the other, each time with weights of their own. A net of 56 \
           layers stays short to read.",
    source: "Simonyan, Zisserman 2015, Very deep convolutional networks",
    shader: None,
};

fn of_activation(activation: Activation) -> About {
    let (formula, text, source) = match activation {
        Activation::Relu => (
            r"y = \max(0, x)",
            "What is negative is cut off, what is positive passes unchanged, and so does its gradient. That lets deep \
             nets learn where sigmoid and tanh make the gradient vanish.",
            "Nair, Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
        ),
        Activation::LeakyRelu { .. } => (
            r"y = \max(0, x) + a\,\min(0, x)",
            "A ReLU that lets a small share a of what is negative through. A unit whose inputs are all negative still \
             has a gradient and can come back.",
            "Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
        ),
        Activation::Elu { .. } => (
            r"y = \begin{cases} x & x > 0 \\ \alpha\,(e^x - 1) & x \le 0 \end{cases}",
            "A ReLU that bends down to −α instead of breaking off at 0. Its outputs have a mean nearer to 0, which \
             speeds learning up.",
            "Clevert, Unterthiner, Hochreiter 2016, Fast and accurate deep network learning by ELUs",
        ),
        Activation::Selu => (
            r"y = \lambda \begin{cases} x & x > 0 \\ \alpha\,(e^x - 1) & x \le 0 \end{cases}",
            "An ELU whose two constants are so chosen that signals of mean 0 and variance 1 stay so from layer to \
             layer. Deep nets of fully connected layers then need no normalisation.",
            "Klambauer, Unterthiner, Mayr, Hochreiter 2017, Self-normalizing neural networks",
        ),
        Activation::Gelu => (
            r"y = x\,\Phi(x)",
            "x times the chance Φ(x) that a normal number lies below it: a ReLU rounded off. Smooth everywhere, and the \
             usual choice in transformers.",
            "Hendrycks, Gimpel 2016, Gaussian error linear units",
        ),
        Activation::Silu => (
            r"y = \frac{x}{1 + e^{-x}}",
            "x times its sigmoid: a ReLU rounded off, with a shallow dip below 0. Also known as swish.",
            "Elfwing, Uchibe, Doya 2018, Sigmoid-weighted linear units",
        ),
        Activation::Tanh => (
            r"y = \tanh(x)",
            "Squashes every number into −1 to 1, with a mean near 0. Far from 0 it is flat and has next to no gradient, \
             so that deep nets of it learn slowly.",
            "LeCun, Bottou, Orr, Müller 1998, Efficient backprop",
        ),
        Activation::Sigmoid => (
            r"y = \sigma(x) = \frac{1}{1 + e^{-x}}",
            "Squashes every number into 0 to 1. Its slope is 1/4 at most, so that a gradient shrinks to a quarter \
             or less at every layer.",
            "Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors",
        ),
    };
    About { formula, text, source, shader: Some("activation") }
}

fn of_pool(mode: PoolMode) -> About {
    let (formula, text, source) = match mode {
        PoolMode::Max => (
            r"y_{c,i,j} = \max_{0 \le u,v < k} x_{c,\,is+u-p,\,js+v-p}",
            "Keeps the strongest response of each window. The maps become smaller, and a small shift of the picture moves \
             what is left less.",
            "Riesenhuber, Poggio 1999, Hierarchical models of object recognition in cortex",
        ),
        PoolMode::Average => (
            r"y_{c,i,j} = \frac{1}{k^2} \sum_{0 \le u,v < k} x_{c,\,is+u-p,\,js+v-p}",
            "Keeps the mean of each window. The maps become smaller and smoother; strong responses are mixed with \
             weak ones.",
            "LeCun et al. 1998, Gradient-based learning applied to document recognition",
        ),
        PoolMode::Sum => (
            r"y_{c,i,j} = \sum_{0 \le u,v < k} x_{c,\,is+u-p,\,js+v-p}",
            "Keeps the sum of each window: the mean, times the window's size. The signal grows by as much, which the next \
             layer's initial weights do not know of.",
            "LeCun et al. 1998, Gradient-based learning applied to document recognition",
        ),
    };
    About { formula, text, source, shader: Some("pool") }
}

fn of_upsample(mode: UpsampleMode) -> About {
    let (formula, text) = match mode {
        UpsampleMode::Nearest => (
            r"y_{c,i,j} = x_{c,\,\lfloor i/f \rfloor,\,\lfloor j/f \rfloor}",
            "Larger maps by repeating every pixel f times each way. With a convolution behind it, a decoder's way back \
             to the size of the picture, without the chequered patterns of transposed convolutions.",
        ),
        UpsampleMode::Bilinear => (
            r"y_{c}(t) = (1 - r)\,x_{c,\lfloor t \rfloor} + r\,x_{c,\lfloor t \rfloor + 1}, \qquad r = t - \lfloor t \rfloor",
            "Larger maps with straight lines between the pixels, along each axis. Smooth and without weights.",
        ),
    };
    let source = "Odena, Dumoulin, Olah 2016, Deconvolution and checkerboard artifacts";
    About { formula, text, source, shader: Some("upsample") }
}

fn of_merge(merge: Merge) -> About {
    match merge {
        Merge::Add => About {
            formula: r"y = F(x) + x",
            text: "Several paths from the same input, added where they meet. With an empty one beside it, a branch need \
                   only learn what differs from the input, the residual, and gradients reach the first layers undiminished.",
            source: "He, Zhang, Ren, Sun 2015, Deep residual learning for image recognition",
            shader: Some("add"),
        },
        Merge::Concat => About {
            formula: r"y = \bigl[F_1(x),\ F_2(x),\ \dots\bigr]",
            text: "Several paths from the same input, their channels put one behind the other where they meet. So a net \
                   sees at several scales at once, or brings what an encoder saw to its decoder.",
            source: "Szegedy et al. 2015, Going deeper with convolutions; Ronneberger, Fischer, Brox 2015, U-Net",
            shader: Some("concat"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::formula;
    use crate::engine;
    use crate::experiment::layers::{Branches, MENU};

    fn all() -> Vec<Kind> {
        let concat = Kind::Branches(Branches { merge: Merge::Concat, ..Branches::default() });
        MENU.iter().map(|make| make()).chain([concat]).collect()
    }

    #[test]
    fn every_formula_can_be_set() {
        for kind in all() {
            assert_eq!(formula::problem(about(&kind).formula), None, "{}", kind.title());
        }
    }

    #[test]
    fn every_shader_is_there() {
        for kind in all() {
            let About { shader, .. } = about(&kind);
            assert!(shader.is_none_or(|name| engine::shader(name).is_some()), "{}", kind.title());
        }
    }

    #[test]
    fn every_kind_is_explained_in_two_sentences_and_has_a_source_with_its_year() {
        for kind in all() {
            let About { text, source, .. } = about(&kind);
            let title = kind.title();
            assert!(text.ends_with('.') && text.matches(". ").count() == 1, "{title}: {text}");
            assert!(source.split(|c: char| !c.is_ascii_digit()).any(|word| word.len() == 4), "{title}");
        }
    }
}
