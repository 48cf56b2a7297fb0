//! The derives. Each emits one call of a macro here, which tells the path of this crate: in a user's crate
//! `::percpu_hv` may be another one, and the `unsafe` code of an expansion needs this one.

/// Expands `#[derive(Elements)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __derive_elements {
    ($($item:tt)*) => {
        $crate::__priv::expand_elements! { $crate $($item)* }
    };
}

/// Expands `#[derive(Scalar)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __derive_scalar {
    ($($item:tt)*) => {
        $crate::__priv::expand_scalar! { $crate $($item)* }
    };
}
