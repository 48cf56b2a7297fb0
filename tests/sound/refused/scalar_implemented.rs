//! Rule 14: safe code makes a type a scalar.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

#[derive(Clone, Copy)]
struct Pointer(&'static str);
impl percpu_hv::Scalar for Pointer {} //~
impl percpu_hv::Bits for Pointer {} //~
impl percpu_hv::Integer for Pointer {} //~

fn main() {}
