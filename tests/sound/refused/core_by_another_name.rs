//! Rule 24: a crate that is called `core` does not decide what a `Scalar` is.
//!
//! must not compile: the trait bound `Id: std::marker::Copy` is not satisfied
//! must not compile: `*const u8` cannot be sent between threads safely
#![forbid(unsafe_code)]

extern crate self as core;

pub use std::*;

pub mod marker {
    pub trait Send {}
    impl<T> Send for T {}
    pub trait Copy {}
    impl<T> Copy for T {}
}

#[derive(percpu_hv::Scalar)]
#[repr(transparent)]
pub struct Id(u32); //~

#[derive(std::clone::Clone, std::marker::Copy, percpu_hv::Scalar)]
#[repr(transparent)]
pub struct Address(*const u8); //~

fn main() {}
