//! The register-tiled product that convolutions are made of.
