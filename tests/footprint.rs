//! What is said of memory before a net is trained, held against what the allocator hands out. A suite of one test: the
//! allocator counts for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convscope::engine::{self, DeviceChoice, StepTable};
use convscope::experiment::{Experiment, Optimiser, file, presets};
use convscope::graph::program::{Feed, Mode, Placement, Program, Request, Update};
use convscope::graph::{Goal, Graph};
use convscope::tensor::Extent;

/// Bytes that are handed out.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: the system's allocator does the work; what is counted changes nothing about it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes of lists and names that a plan has beside its numbers, at most.
const BESIDE: usize = 1 << 20;

/// Bytes said beforehand and bytes handed out by some steps of training, on three threads of their own, whose working
/// memory is new.
fn said_and_taken(graph: &Graph, batch: usize) -> [usize; 2] {
    // Never ended: threads that end give their memory back while the next net is measured.
    let pool = Box::leak(Box::new(rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads")));
    pool.install(|| {
        let request = Request {
            batch,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(Goal::classes(10)),
            gradients: true,
            update: Some(Update { rule: Optimiser::Momentum { momentum: 0.9 }, clips: true }),
            wanted: Vec::new(),
        };
        let program = Program::new(graph, &request);
        let placement = Placement::for_program(graph, &program);
        let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
        let said = device.footprint(&placement, &program).expect("a footprint").total() as usize;
        let before = ALIVE.load(Ordering::Relaxed);
        let memory = device.memory(&placement).expect("room");
        let mut plan = device.plan(&program, &memory, None).expect("room");
        plan.run(&[StepTable::default(); 8]).expect("some steps");
        let taken = ALIVE.load(Ordering::Relaxed) - before;
        drop((plan, memory));
        [said, taken]
    })
}

#[test]
fn what_is_said_of_memory_is_what_is_taken() {
    let preset = |name: &str, side: usize| presets::build(name, Extent::new(3, side, side), 10).expect(name);
    // Sums of normalisations that weigh more than the maps, tiles at the points, columns, padded pictures.
    let text = "network.layers = [{ conv = 256, kernel = 1 }, 'batch-norm', 'relu', { conv = 64, kernel = 3, padding = 1 }, \
                'lrn', { conv = 48, kernel = 5, stride = 2, padding = 2, groups = 2 }, 'global-average-pool', { linear = 10 }]";
    let Experiment { network, .. } = file::parse(text).expect("an experiment");
    let own = network.network(Extent::new(3, 4, 4), 10).expect("its pictures");
    for (name, network, batch) in [
        ("own", own, 256),
        ("resnet-20", preset("resnet-20", 32), 16),
        ("quickstart", preset("quickstart", 28), 64),
    ] {
        let graph = Graph::new(&network).expect(name).fused();
        let [said, taken] = said_and_taken(&graph, batch);
        println!("{name}: said {said}, taken {taken}");
        assert!(taken <= said + BESIDE, "{name}: {taken} bytes were taken and {said} said");
        // Not every thread comes to every kernel.
        assert!(taken >= said / 10 * 8, "{name}: {said} bytes were said and {taken} taken");
    }
}
