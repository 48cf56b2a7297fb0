//! The sections that hold the variables' storage, and by which the linker sorts it.

/// Puts each variable in an input section of its own, so that the linker can sort by alignment.
///
/// Hot variables share the section `percpu_hot`. A linker script written for `percpu` does not match that
/// name and leaves the section outside of the template; the linker then defines `__start_percpu_hot`, which
/// init detects.
#[cfg(not(hosted))]
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    (hot $($storage:tt)*) => {
        $crate::__place_in! { "percpu_hot", $($storage)* }
    };
    (variables [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $crate::__place_in! {
            ::core::concat!(".percpu.", ::core::stringify!($name)), [$($attr)*] {$($head)*} $name: $($rest)*
        }
    };
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $($rest:tt)*) => {
        $crate::__place_in! {
            ::core::concat!(".percpu..", ::core::stringify!($group), ".", ::core::stringify!($name)),
            [$($attr)*] {$($head)*} $name: $($rest)*
        }
    };
}

#[cfg(not(hosted))]
#[doc(hidden)]
#[macro_export]
macro_rules! __place_in {
    (
        $section:expr, [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;
    ) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        #[unsafe(link_section = $section)]
        $($head)* $name: $ty = $value;
    };
}

/// Puts all variables in the one section of a process, which has no groups.
#[cfg(hosted)]
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($group:ident [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $($attr)*
        #[allow(non_upper_case_globals)]
        #[cfg_attr(target_os = "linux", unsafe(link_section = "percpu_hv"))]
        $($head)* $name: $ty = $value;
    };
}
