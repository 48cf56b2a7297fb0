//! Variables whose names expansions could use for what is their own.
#![allow(non_upper_case_globals)]

use percpu_hv::def_percpu;

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[("a variable may have any name", any_name)];

macro_rules! variables {
    ($($name:ident)*) => {
        mod scalars {
            use percpu_hv::def_percpu;

            $(
                #[def_percpu]
                pub(crate) static $name: u32 = 1;
            )*
        }

        $(
            #[def_percpu(elements)]
            static $name: [u32; 2] = [2; 2];
        )*

        fn any_name(bench: &Bench<'_>) {
            bench.on_all(|cpu| {
                $(
                    scalars::$name.add_current($name.at(1).read_current());
                    bench.equal(cpu, scalars::$name.read_current(), 3);
                )*
            });
        }
    };
}
variables! { byte current found half index new old operand register to value }
