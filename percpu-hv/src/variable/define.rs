//! The expansion of `def_percpu`.

/// Defines a variable. Only the expansion of `#[def_percpu]` invokes this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __variable {
    // A literal is a part of a constant, which costs the compiler less than a static.
    (
        [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:literal;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = scalar,
        group = $group:ident
    ) => {
        $crate::__define! {
            unsafe [$($attr)*] [$($storage_attr)*] [$($lint)*] $vis static $name: $ty;
            storage = $storage: $ty = $value;
            symbol = $symbol, alias = $alias, text = $text, kind = scalar, group = $group
            {} { $crate::__direct! { $group $storage, 0 } }
            {
                // A mistake in the literal is told of the storage, once.
                #[allow(overflowing_literals)]
                const ORIGINAL: *const $ty = &$value;
            }
        }
    };
    (
        [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt,
        group = $group:ident
    ) => {
        $crate::__define! {
            unsafe [$($attr)*] [$($storage_attr)*] [$($lint)*] $vis static $name: $ty;
            storage = $storage: $ty = $crate::__copy!(unsafe <$symbol as $crate::__priv::Typed<$ty>>::ORIGINAL);
            symbol = $symbol, alias = $alias, text = $text, kind = $kind, group = $group
            {} { $crate::__direct! { $group $storage, 0 } }
            { $crate::__original! { $ty = $value } }
        }
    };
    // The option `init`: the areas start with zero bytes, and `make` makes each value before they are published.
    (
        [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*]
        $vis:vis static $name:ident: $ty:ty; init = $init:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt,
        group = $group:ident
    ) => {
        $crate::__refuse_init!();
        $crate::__record! { unsafe make, $crate::__priv::make::<$symbol, $ty> }

        $crate::__define! {
            unsafe [$($attr)*] [$($storage_attr)*] [$($lint)*] $vis static $name: $ty;
            storage = $storage: $crate::__core::mem::MaybeUninit<$ty> = $crate::__priv::unmade::<$symbol, _>();
            symbol = $symbol, alias = $alias, text = $text, kind = $kind, group = $group
            { $crate::__assert_made!(); }
            { $crate::__direct_made! { $group $storage, 0 } }
            { $crate::__made! { $ty, $init } }
        }
    };
}

/// Defines a variable. The blocks have what precedes an access, the overrides of `Access`, and the items of `Typed`.
/// `unsafe`: the storage starts with a value of the type, or a function makes it, and has no other handle (rule 1).
///
/// Each body and each macro of this expansion costs the compiler time, for every variable.
#[doc(hidden)]
#[macro_export]
macro_rules! __define {
    (
        unsafe [$($attr:tt)*] [$($storage_attr:tt)*] [$($lint:tt)*] $vis:vis static $name:ident: $ty:ty;
        storage = $storage:ident: $stored:ty = $value:expr;
        symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt, group = $group:ident
        {$($made:tt)*} {$($direct:tt)*} {$($typed:tt)*}
    ) => {
        $crate::__refuse_host!();
        // As visible as the variable: assembly names it as an operand `sym`.
        $crate::__storage! {
            $group [$($storage_attr)* #[doc(hidden)] #[allow(private_interfaces)]]
            {$vis static mut} $storage: $stored = $value;
        }

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        $vis struct $symbol;

        // SAFETY: rule 1, the storage is the static above, which is in the section.
        unsafe impl $crate::__priv::Access for $symbol {
            #[inline(always)]
            fn displacement(&self) -> $crate::__core::primitive::usize {
                $($made)*
                $crate::__displacement!($group $storage)
            }

            $($direct)*
        }

        // SAFETY: rule 1, the marker has no fields, and the methods return what the names say.
        $($lint)*
        unsafe impl $crate::__priv::Defined for $symbol {
            type Kind = $crate::__kind!($kind $ty);

            $crate::__beside! { $kind $storage $name $ty }
        }

        // SAFETY: rule 1, the storage is of this type.
        $($lint)*
        unsafe impl $crate::__priv::Typed<$ty> for $symbol {
            $($typed)*
        }

        $($lint)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, private_interfaces)]
        $vis type $alias = $crate::PerCpu<$symbol, $ty>;

        $($attr)*
        #[allow(private_interfaces)]
        $vis static $name: $alias = $crate::__handle!(unsafe $kind $symbol, $ty);

        $crate::__list! { $kind $symbol, $ty; $name, $group }
        $crate::__inform! { $storage, $ty; $name, $text }
    };
}

/// Emits the original of a variable: its initial value, which the storage is a copy of.
///
/// It is no part of the storage, whose bytes may be those of an area. Since it is not `mut`, the compiler refuses a `&mut` in
/// it, of which each CPU would have a copy.
#[doc(hidden)]
#[macro_export]
macro_rules! __original {
    ($ty:ty = $value:expr) => {
        const ORIGINAL: *const $ty = {
            // The struct literal extends the life of a temporary behind `&`.
            static __PERCPU_INITIAL: $crate::__priv::Initial<$ty> = {
                // Items have no hygiene: in `$value` the name is this one.
                #[allow(dead_code)]
                const __PERCPU_INITIAL: () = ();
                $crate::__priv::Initial {
                    0: $value,
                    // SAFETY: rule 3, only copies of the original are used.
                    1: unsafe { $crate::__priv::Unshared::new() },
                }
            };
            &raw const __PERCPU_INITIAL.0
        };
    };
}

/// Expands to a copy of the original of a variable, for the initial value of its storage. So the compiler evaluates an
/// initial value once, and tells of a mistake in it once. `unsafe`: the original is a value, and is only copied.
#[doc(hidden)]
#[macro_export]
macro_rules! __copy {
    (unsafe $original:expr) => {
        // SAFETY: rule 3, only copies of the original are used.
        unsafe { $original.read() }
    };
}

/// Expands to the overrides of `Access` for a place whose value a function makes.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_made {
    ($group:ident $storage:ident, $offset:expr) => {
        $crate::__direct! { unlinked $group $storage, $offset }

        // Without the check: it tells where the value is made.
        #[inline(always)]
        fn linked(&self) -> $crate::__core::primitive::usize {
            $crate::__displacement!(any $storage, $offset)
        }
    };
}

/// Expands to the method that returns what the function of the option `init` makes.
#[doc(hidden)]
#[macro_export]
macro_rules! __made {
    ($ty:ty, $init:expr) => {
        #[inline(always)]
        unsafe fn initial(
            &self,
            __cpu: impl $crate::__core::ops::FnOnce() -> $crate::__core::primitive::usize,
        ) -> $ty {
            // In an item: the body of an `unsafe` function may do what else needs an `unsafe` block.
            #[inline(always)]
            fn __percpu_make(__cpu: $crate::__core::primitive::usize) -> $ty {
                let __make: fn($crate::__core::primitive::usize) -> $ty = $init;
                __make(__cpu)
            }
            __percpu_make(__cpu())
        }
    };
}

/// Expands to the value of a variable's handle. Where the spelling of the type tells the kind, it checks that the type is the
/// one of the language: here, since a check of its own would cost the compiler more. `unsafe`: the kind and the type are
/// the variable's.
#[doc(hidden)]
#[macro_export]
macro_rules! __handle {
    (unsafe scalar $symbol:ident, $ty:ty) => {
        // SAFETY: rule 1, the place and the type are the variable's.
        unsafe { $crate::__priv::primitive::<$ty, $symbol>($symbol) }
    };
    (unsafe scalars $symbol:ident, $ty:ty) => {
        // SAFETY: as above.
        unsafe { $crate::__priv::primitives::<$ty, $symbol>($symbol) }
    };
    (unsafe $kind:tt $symbol:ident, $ty:ty) => {
        // SAFETY: as above.
        unsafe { $crate::PerCpu::__new($symbol) }
    };
}

/// Expands to the methods of [`Defined`](crate::__priv::Defined) that a variable has by its kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __beside {
    (scalar $storage:ident $name:ident $ty:ty) => {};
    (scalars $storage:ident $name:ident $ty:ty) => {
        $crate::__flag! { $storage $name }
    };
    (exclusive $storage:ident $name:ident $ty:ty) => {
        $crate::__flag! { $storage $name }
    };
    (by_type $storage:ident $name:ident $ty:ty) => {
        $crate::__flag! { $storage $name }
        $crate::__total! { $ty }
    };
    ($kind:tt $storage:ident $name:ident $ty:ty) => {
        $crate::__total! { $ty }
    };
}

/// Emits the borrow flag of a variable. Only exclusive variables use it: each flag has a section of its own, so the linker
/// drops the others.
#[doc(hidden)]
#[macro_export]
macro_rules! __flag {
    ($storage:ident $name:ident) => {
        #[inline(always)]
        fn flag(&self) -> $crate::__priv::Flag {
            $crate::__place! { flags [] {static mut} $storage: $crate::__core::primitive::bool = false; }
            ($crate::__displacement!(variables $storage), $crate::__core::stringify!($name))
        }
    };
}

/// Emits the totals of the counters in a variable. The probe does without a bound, which not all types would keep. A
/// counter is used in a shared variable only.
#[cfg(target_has_atomic = "64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __total {
    ($ty:ty) => {
        #[inline(always)]
        fn total(
            &self,
            __distance: $crate::__core::primitive::usize,
        ) -> $crate::__core::option::Option<&'static $crate::__core::sync::atomic::AtomicI64> {
            use $crate::__priv::Otherwise as _;
            static __PERCPU_TOTALS: $crate::__priv::Totals<
                { $crate::__priv::Probe::<$ty>::__PERCPU_COUNTERS },
            > = $crate::__priv::Totals::NEW;
            $crate::__priv::Totals::get(&__PERCPU_TOTALS, __distance)
        }
    };
}

/// Emits nothing: the target has no counters.
#[cfg(not(target_has_atomic = "64"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __total {
    ($ty:ty) => {};
}
