//! A graph unrolled for one batch size and one purpose: forward, loss, backward and update as one ordered
//! list of steps over values. Inert data; both executors are given the same program.

mod inspection;

use std::collections::HashMap;

use super::layers::{self, StepOp};
use super::{Goal, Graph, NodeId, ParameterId, StatisticId};
use crate::experiment::{Augment, Optimiser};
use crate::tensor::Extent;
pub use inspection::{Back, BackwardRule, Inspection, Origin, Strongest};

/// Index into [`Program::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

/// An array that steps write and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// How many 32-bit floating-point numbers.
    pub len: usize,
    pub home: Home,
}

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the arena, from the step that writes it to the last that reads it.
    Transient,
    /// In a bank that outlives the program, from number `offset` on.
    Bank { bank: Bank, offset: usize },
}

/// The memory of a run. In each bank a tensor's place is the same for every program over the same graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bank {
    Parameters,
    Gradients,
    /// Running means and variances.
    Statistics,
    /// The optimiser's memory: momentum or first moment.
    Slot0,
    /// Second moment.
    Slot1,
}

impl Bank {
    pub const ALL: [Self; 5] =
        [Self::Parameters, Self::Gradients, Self::Statistics, Self::Slot0, Self::Slot1];
}

/// One step: an op over values. The outputs of one step never overlap each other or its inputs.
#[derive(Clone, Debug)]
pub struct Step {
    pub op: StepOp,
    pub inputs: Vec<ValueId>,
    /// Written; values in banks may also be read before (running statistics, parameters under update).
    pub outputs: Vec<ValueId>,
}

#[derive(Clone, Debug)]
pub struct Program {
    /// Pictures in a batch.
    pub batch: usize,
    pub values: Vec<Value>,
    pub steps: Vec<Step>,
    /// Pictures after normalisation and augmentation, `(N, C, H, W)`.
    pub pictures: ValueId,
    /// What is known of the pictures: classes `(N)`, tags `(N, K)` or classes of pixels `(N, H, W)`. Nothing is
    /// written into it where no loss was asked for.
    pub labels: ValueId,
    /// `[mean loss, wrong answers, answers given]` of the batch, if a loss was asked for.
    pub metrics: Option<ValueId>,
    /// The forward value of each node that was asked for, kept to the end.
    pub outputs: HashMap<NodeId, ValueId>,
    /// The gradient of the mean loss by each node that was asked for, kept likewise, where gradients are computed
    /// and the loss depends on the node.
    pub gradients: HashMap<NodeId, ValueId>,
    /// Where the caller writes the gradient that a way back begins with ([`Origin::Node`]).
    pub origin: Option<ValueId>,
    /// The strongest responses so far, if they were asked for: what the caller writes there before the first run
    /// takes part in all that follow ([`StrongestStep`](layers::strongest::StrongestStep)).
    pub strongest: Option<ValueId>,
}

/// What a program is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub batch: usize,
    pub mode: Mode,
    pub feed: Feed,
    /// What to hold the graph's output against.
    pub loss: Option<Goal>,
    /// Whether to compute the gradients of all parameters (asks for `loss`).
    pub gradients: bool,
    /// How to update the parameters afterwards (asks for `gradients`).
    pub update: Option<Update>,
    /// Nodes whose forward values are wanted afterwards, and the gradients by them where those are computed.
    pub wanted: Vec<NodeId>,
}

/// How parameters are updated. The constants of the rule come from the table of each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    pub rule: Optimiser,
    /// Whether a gradient that is longer than the table's `clip` is shortened to it first.
    pub clips: bool,
}

/// How batch normalisation and dropout behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Statistics of the batch, which also move the running ones; dropout active.
    Train,
    /// Running statistics; no dropout.
    Test,
}

/// Where the batch comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feed {
    /// Gathered on the device from the data set, normalised and augmented.
    DataSet { augment: Augment },
    /// Written into [`Program::pictures`] and [`Program::labels`] by the caller.
    Direct,
}

/// Where each parameter and statistic lies in its bank, in numbers. Those that decay come first, so that a
/// whole update is one pass with one boundary. Every tensor starts at a multiple of [`Placement::ALIGN`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub parameters: Vec<usize>,
    /// The first number of the bank that weight decay leaves alone.
    pub decay_end: usize,
    pub parameters_len: usize,
    pub statistics: Vec<usize>,
    pub statistics_len: usize,
    /// Which banks there is room in, in the order of [`Bank::ALL`].
    pub has_room: [bool; Bank::ALL.len()],
}

impl Placement {
    /// 64 numbers, 256 bytes: what a binding's offset must be a multiple of on every adapter.
    pub const ALIGN: usize = 64;

    pub fn of(graph: &Graph) -> Self {
        let mut parameters = vec![0; graph.parameters.len()];
        let mut end = 0;
        let mut decay_end = 0;
        for decays in [true, false] {
            for (place, parameter) in parameters.iter_mut().zip(&graph.parameters) {
                if parameter.decays() == decays {
                    *place = end;
                    end += parameter.len().next_multiple_of(Self::ALIGN);
                }
            }
            if decays {
                decay_end = end;
            }
        }
        let mut statistics_len = 0;
        let statistics = graph
            .statistics
            .iter()
            .map(|statistic| {
                let place = statistics_len;
                statistics_len += statistic.len.next_multiple_of(Self::ALIGN);
                place
            })
            .collect();
        // A bank is never empty, so that it can be bound.
        let at_least = |len: usize| len.max(Self::ALIGN);
        Self {
            parameters,
            decay_end,
            parameters_len: at_least(end),
            statistics,
            statistics_len: at_least(statistics_len),
            has_room: [true; Bank::ALL.len()],
        }
    }

    /// The same places, with no room for learning: about a quarter of the memory.
    pub fn forward_only(graph: &Graph) -> Self {
        Self::of(graph).with_room_for(|bank| matches!(bank, Bank::Parameters | Bank::Statistics))
    }

    /// The same places, with room for what a program over the graph needs: descent without momentum has no use
    /// for the optimiser's slots.
    pub fn for_program(graph: &Graph, program: &Program) -> Self {
        let touches = |bank| {
            let is_there = |home: Home| matches!(home, Home::Bank { bank: touched, .. } if touched == bank);
            program.values.iter().any(|value| is_there(value.home))
        };
        Self::of(graph)
            .with_room_for(|bank| matches!(bank, Bank::Parameters | Bank::Statistics) || touches(bank))
    }

    fn with_room_for(self, wanted: impl Fn(Bank) -> bool) -> Self {
        Self { has_room: Bank::ALL.map(wanted), ..self }
    }

    /// Numbers in a bank.
    pub fn len(&self, bank: Bank) -> usize {
        match bank {
            // A bank is never empty, so that it can be bound.
            _ if !self.has_room[bank as usize] => Self::ALIGN,
            Bank::Statistics => self.statistics_len,
            Bank::Parameters | Bank::Gradients | Bank::Slot0 | Bank::Slot1 => self.parameters_len,
        }
    }
}

impl Program {
    /// The steps that do what `request` asks of `graph` (fused or not, as it is given).
    pub fn new(graph: &Graph, request: &Request) -> Self {
        assert!(request.batch > 0, "a batch holds at least one picture");
        let mut emit = Emit::new(graph, request);
        emit.feed(request);
        for node in 1..graph.nodes.len() {
            layers::forward(&mut emit, NodeId(node));
        }
        if let Some(goal) = &request.loss {
            layers::loss::forward(&mut emit, graph.output, goal);
        }
        if request.gradients {
            for node in (1..graph.nodes.len()).rev() {
                layers::backward(&mut emit, NodeId(node));
            }
        }
        if let Some(update) = request.update {
            layers::update::emit(&mut emit, update);
        }
        emit.finish(request)
    }

    /// Numbers in the constant tables of all steps.
    pub fn constants_len(&self) -> usize {
        self.steps.iter().map(|step| step.op.constant_len()).sum()
    }
}

/// The program under construction, as the layers' rules see it.
pub(super) struct Emit<'a> {
    pub graph: &'a Graph,
    pub placement: Placement,
    pub batch: usize,
    pub mode: Mode,
    pub metrics: Option<ValueId>,
    /// Whether the gradients by the parameters are of use.
    pub learns: bool,
    pub rule: BackwardRule,
    /// Gradients by nodes before this one are of no use.
    first_wanted: NodeId,
    origin: Option<ValueId>,
    strongest: Option<ValueId>,
    values: Vec<Value>,
    steps: Vec<Step>,
    /// Forward value of each node.
    forward: Vec<Option<ValueId>>,
    /// Further values that a node's forward step leaves for its backward step.
    saved: HashMap<NodeId, Vec<ValueId>>,
    /// Gradient of the loss by each node's value, as far as it has come in.
    gradients: Vec<Option<ValueId>>,
    labels: Option<ValueId>,
}

impl<'a> Emit<'a> {
    fn new(graph: &'a Graph, request: &Request) -> Self {
        Self {
            graph,
            placement: Placement::of(graph),
            batch: request.batch,
            mode: request.mode,
            metrics: None,
            learns: true,
            rule: BackwardRule::Plain,
            // The pictures are not learned.
            first_wanted: NodeId(1),
            origin: None,
            strongest: None,
            values: Vec::new(),
            steps: Vec::new(),
            forward: vec![None; graph.nodes.len()],
            saved: HashMap::new(),
            gradients: vec![None; graph.nodes.len()],
            labels: None,
        }
    }

    fn feed(&mut self, request: &Request) {
        let extent = self.graph.input();
        let label_len = request.loss.map_or(1, |goal| goal.label_len(extent));
        let pictures = self.batch_of(extent);
        let labels = self.transient(self.batch * label_len);
        if let Feed::DataSet { augment } = request.feed {
            let (batch, told) = (self.batch, request.loss.map(|goal| goal.labels));
            let op = layers::gather::GatherStep { batch, extent, augment, labels: told, label_len };
            self.step(StepOp::Gather(op), vec![], vec![pictures, labels]);
        }
        self.forward[0] = Some(pictures);
        self.labels = Some(labels);
    }

    /// A new value of `len` numbers.
    pub fn transient(&mut self, len: usize) -> ValueId {
        self.push(Value { len, home: Home::Transient })
    }

    /// A new value for a batch of maps, `(N, C, H, W)`.
    pub fn batch_of(&mut self, extent: Extent) -> ValueId {
        self.transient(self.batch * extent.len())
    }

    pub fn parameter(&mut self, id: ParameterId) -> ValueId {
        self.in_bank(Bank::Parameters, self.placement.parameters[id.0], self.graph.parameters[id.0].len())
    }

    /// The gradient of the loss by a parameter: where nothing is learned, a value that nobody reads.
    pub fn parameter_gradient(&mut self, id: ParameterId) -> ValueId {
        if !self.learns {
            return self.transient(self.graph.parameters[id.0].len());
        }
        self.in_bank(Bank::Gradients, self.placement.parameters[id.0], self.graph.parameters[id.0].len())
    }

    pub fn statistic(&mut self, id: StatisticId) -> ValueId {
        self.in_bank(Bank::Statistics, self.placement.statistics[id.0], self.graph.statistics[id.0].len)
    }

    /// A whole bank.
    pub fn bank(&mut self, bank: Bank) -> ValueId {
        self.in_bank(bank, 0, self.placement.len(bank))
    }

    pub fn step(&mut self, op: StepOp, inputs: Vec<ValueId>, outputs: Vec<ValueId>) {
        self.steps.push(Step { op, inputs, outputs });
    }

    pub fn extent(&self, node: NodeId) -> Extent {
        self.graph.node(node).extent
    }

    /// The forward value of a node, which comes before those that read it.
    pub fn forward_value(&self, node: NodeId) -> ValueId {
        self.forward[node.0].expect("nodes are emitted in order")
    }

    pub fn set_forward(&mut self, node: NodeId, value: ValueId) {
        self.forward[node.0] = Some(value);
    }

    pub fn labels(&self) -> ValueId {
        self.labels.expect("the batch is fed before anything reads it")
    }

    /// Leaves values for the backward step of `node`.
    pub fn save(&mut self, node: NodeId, values: Vec<ValueId>) {
        self.saved.insert(node, values);
    }

    pub fn saved(&self, node: NodeId) -> &[ValueId] {
        self.saved.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Whether the gradient by this node's value is of use.
    pub fn wants_gradient(&self, node: NodeId) -> bool {
        node >= self.first_wanted
    }

    /// The gradient by a node's value, complete once all its readers have been differentiated; none if
    /// nothing that reaches the loss reads it.
    pub fn gradient(&self, node: NodeId) -> Option<ValueId> {
        self.gradients[node.0]
    }

    /// Adds `value` to the gradient by `node`. The value may be shared with another node, so a sum goes into
    /// a new one.
    pub fn contribute(&mut self, node: NodeId, value: ValueId) {
        let sum = match self.gradients[node.0] {
            None => value,
            Some(sum) => layers::merge::emit_sum(self, node, sum, value),
        };
        self.gradients[node.0] = Some(sum);
    }

    fn push(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        ValueId(self.values.len() - 1)
    }

    fn in_bank(&mut self, bank: Bank, offset: usize, len: usize) -> ValueId {
        self.push(Value { len, home: Home::Bank { bank, offset } })
    }

    fn finish(self, request: &Request) -> Program {
        let outputs = request.wanted.iter().map(|&node| (node, self.forward_value(node))).collect();
        let gradient = |&node: &NodeId| Some((node, self.gradient(node)?));
        let gradients = request.wanted.iter().filter_map(gradient).collect();
        Program {
            batch: self.batch,
            pictures: self.forward_value(NodeId(0)),
            labels: self.labels(),
            metrics: self.metrics,
            values: self.values,
            steps: self.steps,
            outputs,
            gradients,
            origin: self.origin,
            strongest: self.strongest,
        }
    }
}
