//! The access macros without instruction texts: for `sp-naive`, with one copy, and for a process, where the register is
//! a thread-local.

/// Expands to the address of a place, since the register is biased or 0.
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($symbol:path, $offset:expr) => {
        $crate::__address!($symbol).wrapping_add($offset)
    };
}

/// Expands to a symbol's address. It is exposed, because accesses may go through it.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {
        (&raw const $symbol).expose_provenance()
    };
}

/// Expands to nothing: no method needs an override.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    ($group:ident $symbol:path, $offset:expr) => {};
}

/// Expands to nothing: no method needs an override.
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond {
    ($group:ident $symbol:path, $offset:expr) => {};
}
