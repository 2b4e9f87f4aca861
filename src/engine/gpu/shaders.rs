//! The sources of all shaders: the files in `shaders/`, some behind others that they draw on.

/// A file in `shaders/`: its stem and its text.
type File = (&'static str, &'static str);

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../shaders/", $name, ".wgsl")))
    };
}

/// The shaders, each with the stems of what is always put before it. Before those of tiled products stands more,
/// which differs from one dispatch to the next ([`Dispatch::behind`](super::Dispatch::behind)).
const SHADERS: &[(File, &[&str])] = &[
    (file!("activation"), &[]),
    (file!("add"), &[]),
    (file!("batch_norm"), &[]),
    (file!("bias"), &[]),
    (file!("concat"), &[]),
    (file!("conv"), &[]),
    (file!("conv_tiled"), &[]),
    (file!("conv_winograd"), &[]),
    (file!("cross_entropy"), &[]),
    (file!("dropout"), &["table", "random"]),
    (file!("flatten"), &[]),
    (file!("gather"), &["table", "random"]),
    (file!("linear"), &[]),
    (file!("lrn"), &[]),
    (file!("norm"), &["table"]),
    (file!("permute"), &[]),
    (file!("pixel_cross_entropy"), &[]),
    (file!("pool"), &[]),
    (file!("prelu"), &[]),
    (file!("shortcut"), &[]),
    (file!("strongest"), &["table"]),
    (file!("sum_parts"), &[]),
    (file!("unit_loss"), &[]),
    (file!("update"), &["table"]),
    (file!("upsample"), &[]),
];

/// What shaders draw on.
const PARTS: &[File] = &[
    file!("fours"),
    file!("numbers_f16"),
    file!("numbers_f32"),
    file!("ones"),
    file!("random"),
    file!("registers_4x4"),
    file!("registers_8x4"),
    file!("registers_8x8"),
    file!("table"),
    file!("tile"),
];

fn shader(name: &str) -> Option<&'static (File, &'static [&'static str])> {
    SHADERS.iter().find(|shader| shader.0.0 == name)
}

/// The text of a shader as its file holds it, for a person to read; none where there is no shader of this name.
pub fn source(name: &str) -> Option<&'static str> {
    Some(shader(name)?.0.1)
}

/// The whole text of a shader: the parts given, what it always draws on, its own.
fn whole(name: &str, parts: &[&str]) -> String {
    let ((_, own), always) = shader(name).expect("ops name shaders that are listed");
    let part = |stem: &&str| PARTS.iter().find(|part| part.0 == *stem).expect("parts are listed").1;
    let before = parts.iter().chain(*always).map(part);
    before.chain([*own]).collect::<Vec<_>>().join("\n")
}

/// All texts, in one number: what was measured of other shaders does not hold of these.
pub fn digest() -> u64 {
    let files = SHADERS.iter().map(|shader| shader.0).chain(PARTS.iter().copied());
    // FNV-1a.
    let bytes = files.flat_map(|file| file.1.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3))
}

/// Compiles a shader's source, without its constants yet.
pub fn module(device: &wgpu::Device, name: &str, parts: &[&str]) -> wgpu::ShaderModule {
    let source = wgpu::ShaderSource::Wgsl(whole(name, parts).into());
    let descriptor = wgpu::ShaderModuleDescriptor { label: Some(name), source };
    let checks = wgpu::ShaderRuntimeChecks {
        // The innermost loops read workgroup memory, where a check costs as much as what it checks.
        bounds_checks: !name.ends_with("_tiled"),
        // wgpu would count every loop's rounds, so that it may be stopped, and thereby keep it from being
        // unrolled.
        force_loop_bounding: false,
        ..wgpu::ShaderRuntimeChecks::checked()
    };
    // SAFETY: every loop in our shaders counts to a bound that it does not change; the tiled ones read and
    // write workgroup memory at places that follow from the sizes they are compiled with, and buffers only
    // after comparing with the edges.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeSet;

    use wgpu::naga;

    use super::*;
    use crate::engine::gpu::pipelines::Kernel;
    use crate::engine::gpu::product::{Products, SHAPES};

    /// The least memory that a workgroup has on any adapter, in bytes.
    const LEAST_MEMORY: u32 = 16352;

    /// How a shader begins that is put behind others.
    const PUT_BEHIND: &str = "// Put behind ";

    /// Parts that stand before a tiled shader, in all their combinations.
    fn combinations() -> Vec<Vec<&'static str>> {
        let mut all = Vec::new();
        for products in [Products::Tiled, Products::Half] {
            for registers in SHAPES.iter().map(|shape| shape.registers).collect::<BTreeSet<_>>() {
                for arrays in ["ones", "fours"] {
                    all.push(vec![products.numbers(), registers, "tile", arrays]);
                }
            }
        }
        all
    }

    /// As wgpu will read it, with the constants filled in; no graphics processor is needed. Gives the bytes of
    /// workgroup memory that are used.
    fn check(source: &str, constants: &[(&str, f64)]) -> Result<u32, String> {
        let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
        let all = naga::valid::ValidationFlags::all();
        let info = naga::valid::Validator::new(all, naga::valid::Capabilities::SHADER_FLOAT16)
            .validate(&module)
            .map_err(|error| error.emit_to_string(source))?;
        let constants = constants.iter().map(|&(name, value)| (name.to_string(), value)).collect();
        let (module, _) = naga::back::pipeline_constants::process_overrides(&module, &info, None, &constants)
            .map_err(|error| error.to_string())?;
        let shared = module.global_variables.iter().filter(|v| v.1.space == naga::AddressSpace::WorkGroup);
        Ok(shared.map(|variable| module.types[variable.1.ty].inner.size(module.to_ctx())).sum())
    }

    /// Bytes of workgroup memory that a kernel asks for, at least as many as it uses.
    pub fn workgroup_memory(kernel: &Kernel) -> u32 {
        check(&whole(kernel.shader, &kernel.parts), &kernel.constants).expect("a valid kernel")
    }

    #[test]
    fn every_shader_is_valid_and_small() {
        for ((name, _), _) in SHADERS {
            let variants = if name.ends_with("_tiled") { combinations() } else { vec![Vec::new()] };
            for parts in variants {
                let memory = check(&whole(name, &parts), &[])
                    .unwrap_or_else(|error| panic!("shaders/{name}.wgsl behind {parts:?}: {error}"));
                assert!(memory <= LEAST_MEMORY, "{name} behind {parts:?} takes {memory} bytes");
            }
        }
    }

    #[test]
    fn every_file_is_a_shader_or_drawn_on_by_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "wgsl"));
        let stems: BTreeSet<String> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
        let listed = SHADERS.iter().map(|shader| shader.0.0).chain(PARTS.iter().map(|part| part.0));
        assert_eq!(stems, listed.map(String::from).collect());
        let always = SHADERS.iter().flat_map(|shader| shader.1.iter().copied());
        let drawn_on: BTreeSet<&str> = always.chain(combinations().into_iter().flatten()).collect();
        assert_eq!(drawn_on, PARTS.iter().map(|part| part.0).collect());
    }

    #[test]
    fn every_shader_says_what_it_draws_on() {
        for ((name, own), always) in SHADERS {
            let draws_on = !always.is_empty() || name.ends_with("_tiled");
            assert_eq!(own.starts_with(PUT_BEHIND), draws_on, "{name}");
            let first_line = own.lines().next().unwrap_or_default();
            always.iter().for_each(|part| assert!(first_line.contains(part), "{name} draws on {part}"));
        }
    }
}
