//! Rule 16: a kind of the user's own, which would allow anything.
//!
//! must not compile: sealed::Sealed` is not satisfied
#![forbid(unsafe_code)]

enum Mine {}
impl percpu_hv::kind::Kind for Mine {} //~

fn main() {}
