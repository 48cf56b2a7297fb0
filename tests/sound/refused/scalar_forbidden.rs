//! Rule 14: `unsafe` that is not written by hand is none of the user's either.
//!
//! must not compile: implementation of an `unsafe` trait
#![forbid(unsafe_code)]

#[derive(Clone, Copy)]
struct Padded(u8, u32);
unsafe impl percpu_hv::Scalar for Padded {} //~

macro_rules! hidden {
    ($ty:ty) => {
        unsafe impl percpu_hv::Bits for $ty {} //~
    };
}
hidden!(Padded);

fn main() {}
