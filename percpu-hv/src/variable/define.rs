//! The expansion of `def_percpu`.

/// Defines a variable. Only the expansion of `#[def_percpu]` invokes this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __variable {
    ($($variable:tt)*) => {
        $crate::__refuse_host!();
        $crate::__define! { $($variable)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __define {
    (
        [$($attr:tt)*] [$($storage_attr:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt,
        group = $group:ident
    ) => {
        // As visible as the variable: assembly names it as an operand `sym`.
        $crate::__storage! {
            $group [$($storage_attr)* #[doc(hidden)] #[allow(private_interfaces)]]
            {$vis static mut} $storage: $ty = $value;
        }

        $crate::__define_handle! {
            unsafe [$($attr)*] $vis static $name: $ty;
            storage = $storage, symbol = $symbol, alias = $alias, text = $text, kind = $kind, group = $group,
            made = linked, initial = |_cpu| {
                // Items have no hygiene, so `$value` must not mention this name. The struct literal extends
                // the life of a temporary behind `&`, as the storage does.
                static __PERCPU_INITIAL: $crate::__priv::Initial<$ty> =
                    $crate::__priv::Initial { 0: $value };
                // SAFETY: rule 3 is the caller's.
                unsafe { __PERCPU_INITIAL.get() }
            }
        }
    };
    // The option `init`: the areas start with zero bytes, and `make` makes each value before they are published.
    (
        [$($attr:tt)*] [$($storage_attr:tt)*]
        $vis:vis static $name:ident: $ty:ty; init = $init:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt,
        group = $group:ident
    ) => {
        $crate::__storage! {
            $group [$($storage_attr)* #[doc(hidden)] #[allow(private_interfaces)]]
            {$vis static mut} $storage: ::core::mem::MaybeUninit<$ty> = ::core::mem::MaybeUninit::zeroed();
        }

        $crate::__refuse_init!();
        $crate::__record! { unsafe make, $crate::__priv::make::<$symbol, $ty> }

        $crate::__define_handle! {
            unsafe [$($attr)*] $vis static $name: $ty;
            storage = $storage, symbol = $symbol, alias = $alias, text = $text, kind = $kind, group = $group,
            made = late, initial = |cpu| {
                let make: fn(::core::primitive::usize) -> $ty = $init;
                make(cpu())
            }
        }
    };
}

/// Defines all of a variable but its storage. `unsafe`: the storage is in the section, of this type, and has no other
/// handle (rule 1).
#[doc(hidden)]
#[macro_export]
macro_rules! __define_handle {
    (
        unsafe [$($attr:tt)*] $vis:vis static $name:ident: $ty:ty;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, text = $text:literal, kind = $kind:tt,
        group = $group:ident, made = $made:ident, initial = |$cpu:ident| $initial:block
    ) => {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        $vis struct $symbol;

        // SAFETY: rule 1, the storage is the static above, which is in the section.
        unsafe impl $crate::__priv::Access for $symbol {
            $crate::__is_hot! { $group }

            #[inline(always)]
            fn address(&self) -> ::core::primitive::usize {
                $crate::__address!($storage)
            }

            #[inline(always)]
            fn displacement(&self) -> ::core::primitive::usize {
                $crate::__assert_made!($made);
                $crate::__displacement!($storage, 0)
            }

            $crate::__direct! { $group $storage, 0 }
        }

        // SAFETY: rule 1, the storage is of this type.
        unsafe impl $crate::__priv::Defined for $symbol {
            type Kind = $crate::__kind!($kind $ty);

            $crate::__flag! { $kind $storage $name }

            $crate::__totals! { $ty }
        }

        // SAFETY: as `Defined`.
        unsafe impl $crate::__priv::Symbol<$ty> for $symbol {
            const PLACE: Self = $symbol;

            #[inline(always)]
            unsafe fn initial(
                &self,
                $cpu: impl ::core::ops::FnOnce() -> ::core::primitive::usize,
            ) -> $ty $initial
        }

        #[doc(hidden)]
        #[allow(non_camel_case_types, private_interfaces)]
        $vis type $alias = $crate::PerCpu<$symbol, $ty>;

        $($attr)*
        #[allow(private_interfaces)]
        $vis static $name: $alias = $crate::PerCpu::__new($symbol);

        $crate::__list! { $kind $symbol, $ty; $name, $group }
        $crate::__inform! { $storage, $ty; $name, $text }
    };
}

/// Emits the borrow flag of a variable. Only exclusive variables use it: each flag has a section of its own,
/// so the linker drops the others.
#[doc(hidden)]
#[macro_export]
macro_rules! __flag {
    (($kind:path) $storage:ident $name:ident) => {
        $crate::__flag! { shared $storage $name }
    };
    (shared $storage:ident $name:ident) => {};
    ($kind:ident $storage:ident $name:ident) => {
        #[inline(always)]
        fn flag(&self) -> $crate::__priv::Flag {
            $crate::__storage! { flags [] {static mut} $storage: ::core::primitive::bool = false; }
            (
                $crate::__displacement!($storage, 0),
                ::core::stringify!($name),
            )
        }
    };
}

/// Emits the totals of the counters in a variable. The probe does without a bound, which not all types would keep.
#[cfg(target_has_atomic = "64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __totals {
    ($ty:ty) => {
        #[inline(always)]
        unsafe fn total(&self, distance: ::core::primitive::usize) -> $crate::__priv::Total<'_> {
            use $crate::__priv::Otherwise as _;
            static TOTALS: $crate::__priv::Totals<
                { $crate::__priv::Probe::<$ty>::__PERCPU_COUNTERS },
            > = $crate::__priv::Totals::NEW;
            TOTALS.get(distance)
        }
    };
}

/// Emits nothing: the target has no counters.
#[cfg(not(target_has_atomic = "64"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __totals {
    ($ty:ty) => {};
}
