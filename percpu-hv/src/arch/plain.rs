//! Places without instructions of an architecture: one copy, or a register that is a thread-local.

/// The address: the register is biased, or is 0.
#[doc(hidden)]
#[macro_export]
macro_rules! __displacement {
    ($symbol:path, $offset:expr) => {
        $crate::__address!($symbol).wrapping_add($offset)
    };
}

/// The address, exposed, since accesses may go through it.
#[doc(hidden)]
#[macro_export]
macro_rules! __address {
    ($symbol:path) => {
        (&raw const $symbol).expose_provenance()
    };
}

/// Nothing: an address in a register is as short.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    ($group:ident $symbol:path, $offset:expr) => {};
}
