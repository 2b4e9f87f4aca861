//! The experiments that ship with the program, by name.
