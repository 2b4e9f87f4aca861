//! The sources of all shaders: the files in `shaders/`, some behind others that they draw on.

/// A shader's name, the stem of its file, and its source with what it draws on in front.
type Shader = (&'static str, &'static str);

macro_rules! shader {
    ($name:literal $(, behind $include:literal)*) => {
        ($name, concat!(
            $(include_str!(concat!("../../../shaders/", $include, ".wgsl")), "\n",)*
            include_str!(concat!("../../../shaders/", $name, ".wgsl"))
        ))
    };
}

const SHADERS: &[Shader] = &[
    shader!("activation"),
    shader!("add"),
    shader!("batch_norm"),
    shader!("bias"),
    shader!("concat"),
    shader!("conv"),
    shader!("conv_tiled", behind "tile"),
    shader!("cross_entropy"),
    shader!("dropout", behind "table", behind "random"),
    shader!("flatten"),
    shader!("gather", behind "table", behind "random"),
    shader!("linear"),
    shader!("linear_tiled", behind "tile"),
    shader!("lrn"),
    shader!("norm", behind "table"),
    shader!("permute"),
    shader!("pixel_cross_entropy"),
    shader!("pool"),
    shader!("prelu"),
    shader!("shortcut"),
    shader!("strongest", behind "table"),
    shader!("sum_parts"),
    shader!("unit_loss"),
    shader!("update", behind "table"),
    shader!("upsample"),
];

/// The text of a shader as its file holds it, for a person to read; none where there is no shader of this name.
pub fn source(name: &str) -> Option<&'static str> {
    let whole = SHADERS.iter().find(|shader| shader.0 == name)?.1;
    // One that is put behind others says so in its first line.
    Some(whole.find(PUT_BEHIND).map_or(whole, |start| &whole[start..]))
}

/// How a shader begins that is put behind others.
const PUT_BEHIND: &str = "// Put behind ";

/// Compiles a shader's source, without its constants yet.
pub fn module(device: &wgpu::Device, name: &str) -> wgpu::ShaderModule {
    let source = SHADERS.iter().find(|shader| shader.0 == name).expect("ops name shaders that are listed").1;
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: Some(name), source: wgpu::ShaderSource::Wgsl(source.into()) };
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
mod tests {
    use std::collections::BTreeSet;

    use wgpu::naga;

    use super::*;

    /// As wgpu will read it, with the constants' default values filled in; no graphics processor is needed.
    fn check(source: &str) -> Result<(), String> {
        let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
        let all = naga::valid::ValidationFlags::all();
        let info = naga::valid::Validator::new(all, naga::valid::Capabilities::empty())
            .validate(&module)
            .map_err(|error| error.emit_to_string(source))?;
        let constants = naga::back::PipelineConstants::default();
        naga::back::pipeline_constants::process_overrides(&module, &info, None, &constants)
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    #[test]
    fn every_shader_is_valid() {
        for (name, source) in SHADERS {
            check(source).unwrap_or_else(|error| panic!("shaders/{name}.wgsl: {error}"));
        }
    }

    #[test]
    fn every_file_is_a_shader_or_drawn_on_by_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "wgsl"));
        let stems: BTreeSet<String> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
        let shaders = SHADERS.iter().map(|shader| shader.0.to_string());
        let drawn_on = ["table", "random", "tile"].map(String::from);
        assert_eq!(stems, shaders.chain(drawn_on).collect());
    }

    #[test]
    fn every_shader_says_what_it_draws_on() {
        for (name, source) in SHADERS {
            let path = format!("{}/shaders/{name}.wgsl", env!("CARGO_MANIFEST_DIR"));
            let own = std::fs::read_to_string(path).unwrap();
            let says = own.starts_with(PUT_BEHIND);
            assert_eq!(says, own.len() < source.len(), "{name}");
            assert_eq!(super::source(name), Some(own.as_str()));
        }
    }
}
