//! The expansion of `def_percpu` with the option `elements`.

/// Defines a variable of the kind `Elements`. Its accesses take a constant offset, which folds into the symbol, so the
/// marker has the path to a part as a parameter. Only the expansion of `#[def_percpu]` invokes this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __elements {
    (
        [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = elements,
        group = $group:ident
    ) => {
        $($lint)*
        $($lint)*
        impl $symbol<$crate::__priv::Whole<$ty>> {
            $crate::__original! { $ty = $value }
        }

        $crate::__define_elements! {
            unsafe [$($attr)*] [$($storage_attr)*] [$($lint)*] $vis static $name: $ty;
            storage = $storage: $ty = $crate::__copy!(unsafe $symbol::<$crate::__priv::Whole<$ty>>::ORIGINAL);
            symbol = $symbol, alias = $alias, text = $text, group = $group
            {} { $crate::__direct! { $group $storage, <__O as $crate::__priv::Path>::OFFSET } }
            {
                #[inline(always)]
                unsafe fn initial(
                    &self,
                    _: impl $crate::__core::ops::FnOnce() -> $crate::__core::primitive::usize,
                ) -> $ty {
                    $crate::__copy!(unsafe Self::ORIGINAL)
                }
            }
        }
    };
    // The option `init`, as in `__variable!`.
    (
        [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*]
        $vis:vis static $name:ident: $ty:ty; init = $init:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = elements,
        group = $group:ident
    ) => {
        $crate::__refuse_init!();
        $crate::__record! { unsafe make, $crate::__priv::make::<$symbol<$crate::__priv::Whole<$ty>>, $ty> }

        $crate::__define_elements! {
            unsafe [$($attr)*] [$($storage_attr)*] [$($lint)*] $vis static $name: $ty;
            storage = $storage: $crate::__core::mem::MaybeUninit<$ty> = $crate::__priv::unmade::<$symbol<$crate::__priv::Whole<$ty>>, _>();
            symbol = $symbol, alias = $alias, text = $text, group = $group
            { $crate::__assert_made!(); }
            { $crate::__direct_made! { $group $storage, <__O as $crate::__priv::Path>::OFFSET } }
            { $crate::__made! { $ty, $init } }
        }
    };
}

/// Defines a variable of the kind `Elements`. The blocks have what precedes an access, the overrides of `Access`, and how
/// the initial value is found. `unsafe`: as in `__define!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __define_elements {
    (
        unsafe [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*] $vis:vis static $name:ident: $ty:ty;
        storage = $storage:ident: $stored:ty = $value:expr;
        symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, group = $group:ident
        {$($made:tt)*} {$($direct:tt)*} {$($initial:tt)*}
    ) => {
        $crate::__refuse_host!();

        $crate::__storage! {
            $group [$($storage_attr)* #[doc(hidden)] #[allow(private_interfaces)]]
            {$vis static mut} $storage: $stored = $value;
        }

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        $vis struct $symbol<__O>($crate::__priv::End<__O>);

        // SAFETY: rules 1 and 21, the storage is the static above, which is in the section, and the path is inside.
        unsafe impl<__O: $crate::__priv::Path> $crate::__priv::Access for $symbol<__O> {
            #[inline(always)]
            fn displacement(&self) -> $crate::__core::primitive::usize {
                $($made)*
                $crate::__displacement!($group $storage, <__O as $crate::__priv::Path>::OFFSET)
            }

            $($direct)*
            $crate::__beyond! { $group $storage, <__O as $crate::__priv::Path>::OFFSET }
        }

        // SAFETY: rules 1 and 21, the path leads from the storage to a part of this type.
        $($lint)*
        unsafe impl<__O: $crate::__priv::Path<Of = $ty>> $crate::Place<__O::To> for $symbol<__O> {
            type Kind = $crate::kind::Elements;
            type Part<'whole, __Q: $crate::__priv::Path<Of = __O::To>> = $symbol<$crate::__priv::Then<__O, __Q>>
            where
                Self: 'whole;

            fn flag(&self) -> $crate::__priv::Flag {
                $crate::__core::unreachable!()
            }

            $crate::__no_totals! {}
        }

        impl<'whole, __O, __Q> $crate::__priv::Within<'whole, $symbol<__O>> for $symbol<$crate::__priv::Then<__O, __Q>> {
            #[inline(always)]
            unsafe fn within(_: &'whole $symbol<__O>) -> Self {
                // SAFETY: rule 21 is the caller's.
                Self(unsafe { $crate::__priv::End::new() })
            }
        }

        // SAFETY: as `Place`.
        $($lint)*
        unsafe impl $crate::__priv::Symbol<$ty> for $symbol<$crate::__priv::Whole<$ty>> {
            const PLACE: Self = Self($crate::__priv::End::WHOLE);

            $($initial)*
        }

        $($lint)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, private_interfaces)]
        $vis type $alias = $crate::PerCpu<$symbol<$crate::__priv::Whole<$ty>>, $ty>;

        $($attr)*
        #[allow(private_interfaces)]
        $vis static $name: $alias =
            // SAFETY: rule 1, the place and the type are the variable's.
            unsafe { $crate::PerCpu::__new($symbol($crate::__priv::End::WHOLE)) };

        $crate::__list! { elements $symbol<$crate::__priv::Whole<$ty>>, $ty; $name, $group }
        $crate::__inform! { $storage, $ty; $name, $text }
    };
}

/// Emits no totals: a counter is no scalar.
#[cfg(target_has_atomic = "64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __no_totals {
    () => {
        #[inline(always)]
        unsafe fn total(
            &self,
            __distance: $crate::__core::primitive::usize,
        ) -> $crate::__core::option::Option<&$crate::__core::sync::atomic::AtomicI64> {
            $crate::__core::option::Option::None
        }
    };
}

/// Emits nothing: the target has no counters.
#[cfg(not(target_has_atomic = "64"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __no_totals {
    () => {};
}
