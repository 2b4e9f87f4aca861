//! A net on a device for answers only: no training plan, no gradients, no data set.

use std::sync::Arc;

use super::evaluate::{self, Evaluation, Evaluator};
use super::weights::WeightsFile;
use super::{Net, TrainError, net};
use crate::data::{DataSet, Normalisation, Prospect};
use crate::engine::{Beside, Device, Memory, Part, PictureSource, Plan, StepTable, layout};
use crate::experiment::Experiment;
use crate::graph::program::{Feed, Mode, Placement, Program, Request, ValueId};
use crate::graph::{Goal, Graph};
use crate::tensor::Extent;

/// A net on a device, ready to be asked.
pub struct Model {
    fused: Graph,
    /// What the net answers, as far as its loss tells.
    goal: Goal,
    normalisation: Arc<Normalisation>,
    device: Arc<dyn Device>,
    memory: Arc<dyn Memory>,
    batch: usize,
}

/// Goes through pictures batch by batch, see [`Model::reader`].
pub struct Reader {
    plan: Box<dyn Plan>,
    pictures: ValueId,
    logits: ValueId,
    batch: usize,
    input: Extent,
    output: Extent,
    normalisation: Arc<Normalisation>,
}

impl Model {
    /// Lays the net on the device, to be asked about so many pictures.
    ///
    /// # Errors
    /// A device without room for the net and what it computes for a batch: how much that is in all, and how much
    /// there is.
    pub fn new(net: &Net, device: Arc<dyn Device>, n_pictures: usize) -> Result<Self, TrainError> {
        Self::with(net, device, n_pictures, |placement, memory| {
            Ok(net.numbers.write_to(&net.graph, placement, memory)?)
        })
    }

    /// The same of a net whose numbers are in its file ([`Net::open`]): they are nowhere else then but on the device.
    ///
    /// # Errors
    /// The same, and a file that does not fit the net.
    pub fn of_file(
        (net, file): (&Net, &mut WeightsFile),
        device: Arc<dyn Device>,
        n_pictures: usize,
    ) -> Result<Self, TrainError> {
        Self::with(net, device, n_pictures, |placement, memory| file.lay(&net.graph, placement, memory))
    }

    /// Whether a net whose weights are still in their file can be asked about so many of the pictures that are not there
    /// yet.
    ///
    /// # Errors
    /// A net that does not fit the pictures; how much room it needs together with them and how much there is. Where only
    /// the pictures will tell their classes, nothing is known of either.
    pub fn foresee(
        experiment: &Experiment,
        pictures: &Prospect,
        device: &dyn Device,
        n_pictures: usize,
    ) -> Result<(), TrainError> {
        Self::foresee_beside(experiment, pictures, device, n_pictures, |_| 0)
    }

    /// The same of a [`Net`], which keeps its weights beside those on the device.
    ///
    /// # Errors
    /// The same.
    pub fn foresee_of_net(
        experiment: &Experiment,
        pictures: &Prospect,
        device: &dyn Device,
        n_pictures: usize,
    ) -> Result<(), TrainError> {
        Self::foresee_beside(experiment, pictures, device, n_pictures, net::weight_bytes)
    }

    /// The same beside so many bytes that are `kept` of the graph here.
    fn foresee_beside(
        experiment: &Experiment,
        pictures: &Prospect,
        device: &dyn Device,
        n_pictures: usize,
        kept: impl FnOnce(&Graph) -> u64,
    ) -> Result<(), TrainError> {
        let Some((graph, goal)) = net::graph_for(experiment, pictures)? else { return Ok(()) };
        let on_device = pictures.bytes_of(n_pictures);
        let beside = net::beside_pictures(pictures, device, on_device, kept(&graph))?;
        Self::check_room(&graph, goal, device, n_pictures, beside).map(drop)
    }

    /// Whether there is room to ask a net about so many pictures; gives how many would be asked about at a time.
    fn check_room(
        graph: &Graph,
        goal: Goal,
        device: &dyn Device,
        n_pictures: usize,
        beside: Beside,
    ) -> Result<usize, TrainError> {
        let fused = graph.fused();
        let batch = evaluate::fitting_batch(&fused, goal).min(n_pictures.max(1));
        let program = evaluate::test_program(&fused, goal, batch);
        let many = if batch == 1 { "one picture".to_string() } else { format!("{batch} pictures") };
        let with = if beside.taken > 0 { ", with the whole set," } else { "" };
        let what = format!("Answering for {many} at a time{with}");
        device.footprint(&Placement::forward_only(graph), &program)?.check_beside(&what, device, beside)?;
        Ok(batch)
    }

    fn with(
        net: &Net,
        device: Arc<dyn Device>,
        n_pictures: usize,
        lay: impl FnOnce(&Placement, &dyn Memory) -> Result<(), TrainError>,
    ) -> Result<Self, TrainError> {
        let placement = Placement::forward_only(&net.graph);
        let goal = Goal::answering(net.experiment.train.loss, net.classes.len());
        let batch = Self::check_room(&net.graph, goal, &*device, n_pictures, Beside::default())?;
        let fused = net.graph.fused();
        let memory = device.memory(&placement)?;
        lay(&placement, &*memory)?;
        let normalisation = Arc::new(net.normalisation.clone());
        Ok(Self { fused, goal, normalisation, device, memory, batch })
    }

    /// Goes through one split of a data set, whose pictures have the shape and classes of the net.
    pub fn evaluate(&self, set: &Arc<DataSet>, part: Part) -> Result<Evaluation, TrainError> {
        assert_eq!(set.extent, self.fused.input(), "the pictures have the shape that the net takes");
        let source = PictureSource { set: set.clone(), part, normalisation: self.normalisation.clone() };
        let pictures = self.device.pictures(&source)?;
        let n_pictures = source.split().len();
        let goal = set.goal(self.goal.loss);
        goal.check()?;
        let mut evaluator =
            Evaluator::new(&self.fused, goal, &*self.device, &self.memory, &pictures, n_pictures)?;
        loop {
            if let Some(found) = evaluator.advance()? {
                return Ok(found);
            }
        }
    }

    /// The most pictures that are read at a time: those for which there was room.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Makes ready to read pictures in batches of at most [`Model::batch`].
    pub fn reader(&self) -> Result<Reader, TrainError> {
        let batch = self.batch;
        let request = Request {
            batch,
            mode: Mode::Test,
            feed: Feed::Direct,
            loss: None,
            gradients: false,
            update: None,
            wanted: vec![self.fused.output],
        };
        let program = Program::new(&self.fused, &request);
        Ok(Reader {
            plan: self.device.plan(&program, &self.memory, None)?,
            pictures: program.pictures,
            logits: program.outputs[&self.fused.output],
            batch,
            input: self.fused.input(),
            output: self.fused.node(self.fused.output).extent,
            normalisation: self.normalisation.clone(),
        })
    }
}

impl Reader {
    /// What the net says of each picture of `(C, H, W)` bytes, as a data set or [`Net::read_picture`] has them: its
    /// logits, `(K)`, or whatever the last layer gives, `(K, H, W)`. Any number of pictures up to the reader's batch.
    pub fn read(&mut self, pictures: &[Vec<u8>]) -> Result<Vec<Vec<f32>>, TrainError> {
        assert!(pictures.len() <= self.batch, "a reader's batch holds the pictures");
        // The places of a batch that is not full are read too, and what comes of them is dropped: in test
        // mode no picture has a say in the others' logits.
        let mut numbers = Vec::with_capacity(self.batch * self.input.len());
        pictures.iter().for_each(|bytes| numbers.extend(self.normalisation.apply(self.input, bytes)));
        numbers.resize(self.batch * self.input.len(), 0.0);
        self.plan.write(self.pictures, &layout::maps_to_storage(&numbers, self.input))?;
        self.plan.run(&[StepTable::default()])?;
        let logits = layout::maps_from_storage(&self.plan.read(self.logits)?, self.output);
        Ok(logits.chunks_exact(self.output.len()).take(pictures.len()).map(<[f32]>::to_vec).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Source, catalogue};
    use crate::engine::cpu::Cpu;
    use crate::engine::cpu::small::Small;
    use crate::experiment::shipped;

    /// LeNet's weights take 1.6 MiB and its values for a batch of 128 much more: both are in the number that is
    /// told, and one picture fits where a batch does not.
    #[test]
    fn weights_and_values_are_asked_for_together() {
        let mut experiment = shipped::resolve("lenet-glyphs").expect("ships");
        (experiment.data.train, experiment.data.test) = (Some(64), Some(16));
        let set = catalogue::open(&experiment).expect("made here");
        let net = Net::initial(&experiment, &set).expect("it fits its pictures");
        let with = |mib: u64, n_pictures: usize| {
            Model::new(&net, Arc::new(Small(Cpu::new(), mib << 20)), n_pictures).map(|model| model.batch())
        };
        assert_eq!(with(64, usize::MAX).expect("room"), 128);
        assert_eq!(with(3, 1).expect("room for one"), 1);
        let message = with(3, usize::MAX).expect_err("no room for 128").to_string();
        assert!(message.starts_with("Answering for 128 pictures at a time needs "), "{message}");
        assert!(message.contains("this computer has 3.0 MiB left"), "{message}");
        let message = with(1, 1).expect_err("no room for the weights").to_string();
        assert!(message.starts_with("Answering for one picture at a time needs "), "{message}");
    }

    #[test]
    fn pictures_that_are_still_to_come_count() {
        let mut experiment = shipped::resolve("lenet-glyphs").expect("ships");
        experiment.data.test = Some(16);
        let mut foreseen = |n_pictures| {
            experiment.data.train = Some(n_pictures);
            let source = Source::find(&experiment).expect("made here");
            Model::foresee(&experiment, source.prospect(), &Small(Cpu::new(), 64 << 20), 1)
        };
        assert!(foreseen(64).is_ok());
        // 784 bytes each.
        let message = foreseen(100_000).expect_err("no room for so many").to_string();
        let said = "Answering for one picture at a time, with the whole set, needs ";
        assert!(message.starts_with(said) && message.contains("64.0 MiB left"), "{message}");
    }
}
