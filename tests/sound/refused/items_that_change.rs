//! Rule 24: what a derive said of a struct holds for what another macro makes of the struct afterwards.
//!
//! must not compile: does not have a field named `on`
//! must not compile: cannot be used in union patterns
//! must not compile: one type is more general than the other
#![forbid(unsafe_code)]

use std::ops::Deref;

use percpu_hv::{Elements, Scalar};
use sound_macros::becomes;

struct Inner {
    on: bool,
}

#[derive(Clone, Copy, Scalar)]
#[becomes(struct Id { byte: u8 })]
#[repr(transparent)]
struct Id {
    on: bool, //~
}

impl Deref for Id {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &Inner { on: false }
    }
}

#[derive(Elements)] //~
#[becomes(union Parts { word: u64, name: &'static u64 })]
struct Parts {
    word: u64,
    name: &'static u64,
}

#[derive(Elements)] //~
#[becomes(struct Hook { of: &'static for<'a> fn(&'a String) })]
struct Hook {
    of: &'static fn(&'static String),
}

fn main() {}
