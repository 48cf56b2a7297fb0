//! The groups of variables, and the storage of a variable in its group.

/// A value with cache lines of its own. It takes two where a core prefetches lines in pairs (x86_64: Intel's
/// optimization manual, "Spatial Prefetcher") or where a line may have 128 bytes (AArch64).
#[derive(Debug)]
#[cfg_attr(line_128, repr(C, align(128)))]
#[cfg_attr(not(line_128), repr(C, align(64)))]
pub struct CacheLine<T>(pub T);

/// A value with pages of its own.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Page<T>(pub T);

/// Emits the storage of a variable in its group: an option of `def_percpu`, `flags` for borrow flags, or
/// `variables` for all others.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage {
    (page_aligned [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $crate::__place! {
            page_aligned [$($attr)*] {$($head)*}
            $name: $crate::__priv::Page<$ty> = $crate::__priv::Page { 0: $value };
        }
    };
    (cache_aligned [$($attr:tt)*] {$($head:tt)*} $name:ident: $ty:ty = $value:expr;) => {
        $crate::__place! {
            cache_aligned [$($attr)*] {$($head)*}
            $name: $crate::__priv::CacheLine<$ty> = $crate::__priv::CacheLine { 0: $value };
        }
    };
    ($($storage:tt)*) => {
        $crate::__place! { $($storage)* }
    };
}

#[cfg(all(test, hosted))]
mod tests {
    use super::CacheLine;

    #[test]
    fn defect_58_what_shares_no_line_shares_no_pair_of_lines() {
        let pairs = cfg!(any(target_arch = "aarch64", target_arch = "x86_64"));
        assert_eq!(align_of::<CacheLine<u8>>(), if pairs { 128 } else { 64 });
        assert_eq!(size_of::<CacheLine<u8>>(), align_of::<CacheLine<u8>>());
    }
}
