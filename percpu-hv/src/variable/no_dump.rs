//! In place of `dump.rs` without the feature `dump`: no variable is listed.

/// Expands to nothing: there is no list.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($($variable:tt)*) => {};
}

/// Expands to nothing: there is no list.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_fields {
    ($($fields:tt)*) => {};
}
