//! Access to a variable in assembly.

/// The address of this CPU's copy of `$variable` in `$to`; `$scratch` changes.
#[cfg(not(feature = "non-zero-vma"))]
macro_rules! adr_this_cpu {
    ($to:ident, $variable:ident, $scratch:ident) => {
        concat!(
            "movz ",
            stringify!($scratch),
            ", #:abs_g0_nc:{",
            stringify!($variable),
            "}\n",
            "mrs ",
            stringify!($to),
            ", tpidr_el2\n",
            "add ",
            stringify!($to),
            ", ",
            stringify!($to),
            ", ",
            stringify!($scratch),
        )
    };
}

/// The address of this CPU's copy of `$variable` in `$to`; `$scratch` changes.
#[cfg(feature = "non-zero-vma")]
macro_rules! adr_this_cpu {
    ($to:ident, $variable:ident, $scratch:ident) => {
        concat!(
            "adrp ",
            stringify!($scratch),
            ", {",
            stringify!($variable),
            "}\n",
            "add ",
            stringify!($scratch),
            ", ",
            stringify!($scratch),
            ", :lo12:{",
            stringify!($variable),
            "}\n",
            "mrs ",
            stringify!($to),
            ", tpidr_el2\n",
            "add ",
            stringify!($to),
            ", ",
            stringify!($to),
            ", ",
            stringify!($scratch),
        )
    };
}

/// Adds a constant to this CPU's copy of `$variable`, a `u64`; the three registers change.
macro_rules! add_this_cpu {
    ($variable:ident, $n:literal, $value:ident, $address:ident, $scratch:ident) => {
        concat!(
            adr_this_cpu!($address, $variable, $scratch),
            "\nldr ",
            stringify!($value),
            ", [",
            stringify!($address),
            "]\n",
            "add ",
            stringify!($value),
            ", ",
            stringify!($value),
            ", #",
            stringify!($n),
            "\n",
            "str ",
            stringify!($value),
            ", [",
            stringify!($address),
            "]",
        )
    };
}

pub(crate) use {add_this_cpu, adr_this_cpu};
