//! The methods of [`Access`](super::Access) that an architecture overrides with fewer instructions, written once over
//! its texts. They expand to items of an impl in the user's crate.

/// Expands to the overrides for a place. The architecture's `__direct_form!` selects one of the forms below, or none.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__direct_form! { [$crate::__direct_as] $group $symbol, $offset }
    };
}

/// Expands to one form. Each requires other texts of the architecture:
/// * `register`, followed by the register class of an address: `__text!` of `address`, `load` and `store` for `hot`,
///   with no `reach` before them;
/// * `name`: `__text!` of `reach`, `address`, `load` and `store`, for each group;
/// * `memory`, followed by the register class of a byte: `__linked!(current)`, `__by_width!`, and `__text!` of `load`,
///   `store`, `update`, `step`, `fetch_add` and `compare_exchange`.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_as {
    (register $($place:tt)*) => { $crate::__direct_by_base! { $($place)* } };
    (name $($place:tt)*) => { $crate::__direct_by_name! { $($place)* } };
    (memory $byte:ident $group:ident $symbol:path, $offset:expr) => {
        $crate::__direct_by_pointer! { $symbol, $offset }
        $crate::__direct_moves! { __text_by_operand $group $symbol, $offset, $byte, [] }
        $crate::__direct_operations! { $symbol, $offset }
    };
}

/// For an architecture whose loads and stores add an immediate offset to the register's value in `{register}`.
/// `address` is the class of registers that can hold an address.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_base {
    ($address:ident $group:ident $symbol:path, $offset:expr) => {
        #[inline(always)]
        fn at(&self, register: ::core::primitive::usize) -> ::core::primitive::usize {
            let to: ::core::primitive::usize;
            // SAFETY: rule 10. `pure` and `nomem`: the sum of the operand and a constant of the linker.
            unsafe {
                ::core::arch::asm!(
                    $crate::__text_by_base!(address hot),
                    to = out(reg) to,
                    register = in($address) register,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            to
        }

        #[inline(always)]
        unsafe fn load_from<V: $crate::Scalar>(&self, register: ::core::primitive::usize) -> V {
            // SAFETY: rule 10, one load. The caller keeps rules 2 and 5, and `V` is the variable's type.
            unsafe {
                $crate::__load!(
                    $crate::__priv::Access::at(self, register),
                    __text_by_base $group $symbol, $offset, [register = in($address) register,]
                )
            }
        }

        #[inline(always)]
        unsafe fn store_to<V: $crate::Scalar>(&self, register: ::core::primitive::usize, value: V) {
            // SAFETY: rule 10, one store. The rest is as in `load_from`.
            unsafe {
                $crate::__store!(
                    value, $crate::__priv::Access::at(self, register),
                    __text_by_base $group $symbol, $offset, reg, [register = in($address) register,]
                )
            }
        }
    };
}

/// Expands to nothing: no relocation yields the offset.
#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_base {
    ($($place:tt)*) => {};
}

/// For an architecture whose loads and stores name the per-CPU register. `text` is one of the `__text_by` macros below,
/// and `byte` the register class of a byte that is stored. `operand` lists further operands of a store.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_moves {
    ($text:ident $group:ident $symbol:path, $offset:expr, $byte:ident, [$($operand:tt)*]) => {
        const REGISTER_IS_OPERAND: ::core::primitive::bool = true;

        #[inline(always)]
        unsafe fn load<V: $crate::Scalar>(&self) -> V {
            // SAFETY: rule 10, one load. The caller keeps rules 2 and 5, and `V` is the variable's type. Not `pure`:
            // the register changes when the context moves.
            unsafe {
                $crate::__load!($crate::__priv::Access::current(self), $text $group $symbol, $offset, [])
            }
        }

        #[inline(always)]
        unsafe fn store<V: $crate::Scalar>(&self, value: V) {
            // SAFETY: rule 10, one store. The rest is as in `load`.
            unsafe {
                $crate::__store!(
                    value, $crate::__priv::Access::current(self), $text $group $symbol, $offset, $byte, [$($operand)*]
                )
            }
        }
    };
}

/// For an architecture whose additions name the per-CPU register too, and take as many instructions as a load or store.
/// A store has the scratch register `{to}`, which it does not need if the copy is hot.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_name {
    ($group:ident $symbol:path, $offset:expr) => {
        $crate::__direct_moves! { __text_by_name $group $symbol, $offset, reg, [to = out(reg) _,] }

        #[inline(always)]
        fn pinned(&self, _: ::core::primitive::usize) -> ::core::primitive::usize {
            $crate::__priv::Access::current(self)
        }

        #[inline(always)]
        fn current(&self) -> ::core::primitive::usize {
            let to: ::core::primitive::usize;
            // SAFETY: rule 10, no memory. Not `pure`: the register changes when the context moves.
            unsafe {
                ::core::arch::asm!(
                    $crate::__text_by_name!(address $group),
                    to = out(reg) to,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(nomem, nostack, preserves_flags)
                );
            }
            to
        }
    };
}

/// For an architecture that reads the register's value from the area's header: the address of a copy starts from there.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_pointer {
    ($symbol:path, $offset:expr) => {
        const OFFSET_IS_IMMEDIATE: ::core::primitive::bool = true;

        #[inline(always)]
        fn current(&self) -> ::core::primitive::usize {
            let to: ::core::primitive::usize;
            // SAFETY: rule 10. One load from this CPU's area, and an addition, which changes the flags. Not `pure`: the
            // area changes when the context moves to another CPU.
            unsafe {
                ::core::arch::asm!(
                    $crate::__linked!(current {to} "{own}" "{symbol}+{offset}"),
                    to = out(reg) to,
                    own = sym $crate::__priv::__percpu_hv_header,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(readonly, nostack)
                );
            }
            to
        }
    };
}

/// The texts of the form `register`.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_base {
    (address $group:ident) => {
        $crate::__text!(address $group {to} [{register} {register}] "{symbol}+{offset}")
    };
    (load $width:ident $group:ident) => {
        $crate::__text!(load $width $group {to} [{register} {register}] "{symbol}+{offset}")
    };
    (store $width:ident $group:ident) => {
        $crate::__text!(store $width $group {value} [{register} {register}] "{symbol}+{offset}")
    };
}

/// The texts of the form `name`. An access to a hot variable needs no scratch register, but `asm!` requires that `{to}`
/// occurs.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_name {
    (address $group:ident) => {
        ::core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(address $group {to} [{to}] "{symbol}+{offset}")
        )
    };
    (load $width:ident $group:ident) => {
        ::core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(load $width $group {to} [{to}] "{symbol}+{offset}")
        )
    };
    (store $width:ident $group:ident) => {
        ::core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(store $width $group {value} [{to}] "{symbol}+{offset}"),
            "/* {to} */"
        )
    };
}

/// The texts of the form `memory`. A byte to store has a class of its own, since its register has another name.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_operand {
    (load $width:ident $group:ident) => {
        $crate::__text!(load $width $group {to} [] "{symbol}+{offset}")
    };
    (store $width:ident $group:ident) => {
        $crate::__text!(change "mov " $width)
    };
}

/// Loads a `V` by one instruction, or by `load_at` if no register holds a `V`.
#[doc(hidden)]
#[macro_export]
macro_rules! __load {
    ($address:expr, $($place:tt)*) => {
        match ::core::mem::size_of::<V>() {
            1 => {
                let byte = $crate::__load!(@ byte ::core::primitive::usize, $($place)*).assume_init();
                // So that the optimizer does not zero-extend the value again.
                ::core::hint::assert_unchecked(byte < 1 << 8);
                <V as $crate::Scalar>::__loaded(byte);
                ::core::mem::transmute_copy(&(byte as ::core::primitive::u8))
            }
            2 => {
                let half = $crate::__load!(@ half ::core::primitive::usize, $($place)*).assume_init();
                ::core::hint::assert_unchecked(half < 1 << 16);
                ::core::mem::transmute_copy(&(half as ::core::primitive::u16))
            }
            4 => ::core::mem::transmute_copy(&$crate::__load!(@ word ::core::primitive::u32, $($place)*)),
            8 if ::core::mem::size_of::<::core::primitive::usize>() == 8 => {
                ::core::mem::transmute_copy(&$crate::__load!(@ double ::core::primitive::usize, $($place)*))
            }
            _ => $crate::__priv::load_at($address),
        }
    };
    (@ $width:ident $bits:ty, $text:ident $group:ident $symbol:path, $offset:expr, [$($operand:tt)*]) => {{
        // `MaybeUninit` keeps a pointer's provenance. An integer would drop it.
        let to: ::core::mem::MaybeUninit<$bits>;
        ::core::arch::asm!(
            $crate::$text!(load $width $group),
            to = out(reg) to,
            symbol = sym $symbol,
            offset = const $offset,
            $($operand)*
            options(readonly, nostack, preserves_flags)
        );
        to
    }};
}

/// Stores a `V` by one instruction, or by `store_at` if no register holds a `V`.
#[doc(hidden)]
#[macro_export]
macro_rules! __store {
    (
        $value:ident, $address:expr, $text:ident $group:ident $symbol:path, $offset:expr, $byte:ident, $operands:tt
    ) => {
        match ::core::mem::size_of::<V>() {
            1 => $crate::__store!(@ byte $byte ::core::primitive::u8, $value, $text $group $symbol, $offset, $operands),
            2 => $crate::__store!(@ half reg ::core::primitive::u16, $value, $text $group $symbol, $offset, $operands),
            4 => $crate::__store!(@ word reg ::core::primitive::u32, $value, $text $group $symbol, $offset, $operands),
            8 if ::core::mem::size_of::<::core::primitive::usize>() == 8 => {
                $crate::__store!(@ double reg ::core::primitive::usize, $value, $text $group $symbol, $offset, $operands)
            }
            _ => $crate::__priv::store_at($address, $value),
        }
    };
    (
        @ $width:ident $class:ident $bits:ty, $value:ident,
        $text:ident $group:ident $symbol:path, $offset:expr, [$($operand:tt)*]
    ) => {
        ::core::arch::asm!(
            $crate::$text!(store $width $group),
            value = in($class) ::core::mem::transmute_copy::<V, ::core::mem::MaybeUninit<$bits>>(&$value),
            symbol = sym $symbol,
            offset = const $offset,
            $($operand)*
            options(nostack, preserves_flags)
        )
    };
}

/// For an architecture whose operations take a memory operand. Each is one instruction, and changes the flags. It does
/// not lock the bus, because only this CPU writes the copy. `__by_width!` calls a macro with the width, the register
/// class and the integer type of that width, and the register that `compare_exchange` compares.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_operations {
    ($symbol:path, $offset:expr) => {
        const IN_ONE_INSTRUCTION: ::core::primitive::bool = true;

        #[inline(always)]
        unsafe fn update<V: $crate::Bits, const OP: ::core::primitive::u8>(&self, operand: V) {
            // SAFETY: rule 10, one instruction. The caller keeps rules 2 and 5, and `V` is the variable's type.
            unsafe { $crate::__by_width!(__update operand, OP, $symbol, $offset) }
        }

        #[inline(always)]
        unsafe fn step<V: $crate::Integer, const OP: ::core::primitive::u8>(&self) {
            // SAFETY: rule 10, as `update`.
            unsafe { $crate::__by_width!(__step OP, $symbol, $offset) }
        }

        #[inline(always)]
        unsafe fn fetch<V: $crate::Bits, const OP: ::core::primitive::u8>(&self, operand: V) -> V {
            use $crate::__priv::{combine, op};
            // SAFETY: rule 10, as `update`; rule 14, the loop stores only values of `V`.
            unsafe {
                let addend = match OP {
                    op::SUB => combine::<V, { op::SUB }>(::core::mem::zeroed(), operand),
                    _ => operand,
                };
                match OP {
                    op::ADD | op::SUB => $crate::__by_width!(__fetch_add addend, $symbol, $offset),
                    _ => $crate::__priv::Access::replace(self, |old| combine::<V, OP>(old, operand)),
                }
            }
        }

        #[inline(always)]
        unsafe fn swap<V: $crate::Scalar>(&self, value: V) -> V {
            // SAFETY: as `fetch`. An exchange instruction with a memory operand would lock the bus.
            unsafe { $crate::__priv::Access::replace(self, |_| value) }
        }

        #[inline(always)]
        unsafe fn compare_exchange<V: $crate::Scalar>(&self, current: V, new: V) -> ::core::result::Result<V, V> {
            // SAFETY: rule 10, as `update`.
            unsafe { $crate::__by_width!(__compare_exchange current, new, $symbol, $offset) }
        }
    };
}

/// Emits one instruction that changes memory.
#[doc(hidden)]
#[macro_export]
macro_rules! __in_memory {
    ($text:expr, $symbol:path, $offset:expr, $($operand:tt)*) => {
        ::core::arch::asm!($text, $($operand)* symbol = sym $symbol, offset = const $offset, options(nostack))
    };
}

/// Emits the instruction of an operation, which the assembler selects.
#[doc(hidden)]
#[macro_export]
macro_rules! __update {
    ($width:ident $class:ident $bits:ty, $old:tt, $operand:ident, $op:ident, $symbol:path, $offset:expr) => {
        $crate::__in_memory!(
            $crate::__text!(update $width), $symbol, $offset,
            op = const $op, value = in($class) ::core::mem::transmute_copy::<V, $bits>(&$operand),
        )
    };
}

/// Emits the increment or decrement, which the assembler selects.
#[doc(hidden)]
#[macro_export]
macro_rules! __step {
    ($width:ident $class:ident $bits:ty, $old:tt, $op:ident, $symbol:path, $offset:expr) => {
        $crate::__in_memory!($crate::__text!(step $width), $symbol, $offset, op = const $op,)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fetch_add {
    ($width:ident $class:ident $bits:ty, $old:tt, $operand:ident, $symbol:path, $offset:expr) => {{
        let mut value = ::core::mem::transmute_copy::<V, $bits>(&$operand);
        $crate::__in_memory!($crate::__text!(fetch_add $width), $symbol, $offset, value = inout($class) value,);
        ::core::mem::transmute_copy::<$bits, V>(&value)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __compare_exchange {
    ($width:ident $class:ident $bits:ty, $old:tt, $current:ident, $new:ident, $symbol:path, $offset:expr) => {{
        use ::core::mem::{MaybeUninit, transmute_copy};
        // `MaybeUninit` keeps a pointer's provenance. An integer would drop it.
        let found: MaybeUninit<$bits>;
        let new = transmute_copy::<V, MaybeUninit<$bits>>(&$new);
        let old = transmute_copy::<V, MaybeUninit<$bits>>(&$current);
        $crate::__in_memory!(
            $crate::__text!(compare_exchange $width), $symbol, $offset,
            value = in($class) new, inout($old) old => found,
        );
        let value = transmute_copy::<MaybeUninit<$bits>, V>(&found);
        if found.assume_init() == transmute_copy::<V, $bits>(&$current) {
            ::core::result::Result::Ok(value)
        } else {
            ::core::result::Result::Err(value)
        }
    }};
}
