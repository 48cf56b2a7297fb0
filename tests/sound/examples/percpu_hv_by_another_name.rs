//! Rule 24: a crate that is called `percpu_hv` does not take the place of the library in what derives rely on.
//!
//! must print: 1 2
#![forbid(unsafe_code)]
#![allow(unused_imports, unused_macros)]

extern crate percpu_hv as library;
extern crate self as percpu_hv;

pub(crate) use library::*;

/// Another `offset_of!`, whose fields are outside of the struct.
pub(crate) mod __core {
    pub(crate) use ::core::*;

    pub(crate) mod mem {
        pub(crate) use ::core::mem::*;

        macro_rules! outside {
            ($($field:tt)*) => {
                0_usize.wrapping_sub(16)
            };
        }
        pub(crate) use outside as offset_of;
    }
}

#[derive(library::Elements)]
struct Stats {
    exits: u32,
    traps: u64,
}

#[library::def_percpu(elements)]
static STATS: Stats = Stats { exits: 1, traps: 2 };

fn main() {
    library::init_hosted(1).unwrap();
    library::init_percpu_reg(0);
    let fields = STATS.fields();
    println!(
        "{} {}",
        fields.exits.read_current(),
        fields.traps.read_current()
    );
}
