//! The methods of [`Access`](super::Access) that an architecture overrides with fewer instructions, written once over
//! its texts. They expand to items of an impl in the user's crate.

/// Expands to the overrides for a place; after the word `unlinked`, without that of `linked`. The architecture's
/// `__direct_form!` selects one of the forms below, or none. It gets the group `hot` or, for all others, `variables`.
// These macros expand where the feature is not known.
#[cfg(not(feature = "small-template"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    (unlinked hot $($place:tt)*) => { $crate::__direct_hot! { $($place)* } };
    (unlinked $($place:tt)*) => { $crate::__direct! { $($place)* } };
    (hot $symbol:path, $offset:expr) => {
        $crate::__direct_hot! { $symbol, $offset }

        #[inline(always)]
        fn linked(&self) -> $crate::__core::primitive::usize {
            $crate::__displacement!(any $symbol, $offset)
        }
    };
    ($group:ident $($place:tt)*) => { $crate::__direct_form! { [$crate::__direct_as] variables $($place)* } };
}

/// Expands to the overrides for a place. The architecture's `__direct_form!` selects one of the forms below, or none. It
/// gets the group `hot` or, for all others, `variables`.
// As above.
#[cfg(feature = "small-template")]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct {
    (unlinked $($place:tt)*) => { $crate::__direct! { $($place)* } };
    (hot $($place:tt)*) => { $crate::__direct_hot! { $($place)* } };
    (variables $($place:tt)*) => { $crate::__direct_hot! { $($place)* } };
    ($group:ident $($place:tt)*) => { $crate::__direct_form! { [$crate::__direct_as] variables $($place)* } };
}

/// Expands to the overrides for a place whose offset is small.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_hot {
    ($($place:tt)*) => {
        const HOT: $crate::__core::primitive::bool = true;

        $crate::__direct_form! { [$crate::__direct_as] hot $($place)* }
    };
}

/// Expands to one form. Each requires other texts of the architecture:
/// * `register`, followed by the register class of an address: `__text!` of `address`, `load` and `store` for `hot`,
///   with no `reach` before them;
/// * `name`: `__text!` of `reach`, `address`, `load` and `store`, for each group, and of `reach` with an index;
/// * `memory`, followed by the register class of a byte: `__linked!(current)`, `__linked!(copy)`, `__by_width!`, and
///   `__on_copy!` of `load`, `store`, `update`, `step`, `fetch_add`, `swap` and `compare_exchange`.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_as {
    (register $($place:tt)*) => { $crate::__direct_by_base! { __text_by_base $($place)* } };
    (name hot $($place:tt)*) => {
        $crate::__direct_by_name! { hot $($place)* }
        $crate::__direct_by_base! { __text_by_any_base reg hot $($place)* }
    };
    (name $($place:tt)*) => { $crate::__direct_by_name! { $($place)* } };
    (memory $byte:ident $group:ident $symbol:path, $offset:expr) => {
        $crate::__direct_by_pointer! { $symbol, $offset }
        $crate::__direct_moves! { __text_by_operand $group $byte [symbol = sym $symbol, offset = const $offset,] [] }
        $crate::__direct_operations! { __text_by_operand [symbol = sym $symbol, offset = const $offset,] }
    };
}

/// Expands to the overrides for the places beyond a place. The group is as in [`__direct!`].
// These macros expand where the feature is not known.
#[cfg(not(feature = "small-template"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond {
    (hot $($place:tt)*) => { $crate::__direct_form! { [$crate::__beyond_as] hot $($place)* } };
    ($group:ident $($place:tt)*) => { $crate::__direct_form! { [$crate::__beyond_as] variables $($place)* } };
}

/// Expands to the overrides for the places beyond a place. The group is as in [`__direct!`].
// As above.
#[cfg(feature = "small-template")]
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond {
    (hot $($place:tt)*) => { $crate::__direct_form! { [$crate::__beyond_as] hot $($place)* } };
    (variables $($place:tt)*) => { $crate::__direct_form! { [$crate::__beyond_as] hot $($place)* } };
    ($group:ident $($place:tt)*) => { $crate::__direct_form! { [$crate::__beyond_as] variables $($place)* } };
}

/// Expands to those of one form. An index in the form `register` is added to the register by itself.
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond_as {
    (register $($place:tt)*) => {};
    (name $($place:tt)*) => { $crate::__beyond_by_name! { $($place)* } };
    (memory $($place:tt)*) => { $crate::__beyond_by_operand! { $($place)* } };
}

/// For an architecture whose loads and stores add an immediate offset to the register's value in `{register}`. `text` is
/// a `__text_by` macro of moves.rs, and `address` the class of registers that can hold an address.
#[cfg(any(not(feature = "non-zero-vma"), paged))]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_base {
    ($text:ident $address:ident $group:ident $symbol:path, $offset:expr) => {
        #[inline(always)]
        fn at(&self, __register: $crate::__core::primitive::usize) -> $crate::__core::primitive::usize {
            let __to: $crate::__core::primitive::usize;
            // SAFETY: rule 10. `pure` and `nomem`: the sum of the operand and a constant of the linker.
            unsafe {
                $crate::__core::arch::asm!(
                    $crate::$text!(address $group),
                    to = out(reg) __to,
                    register = in($address) __register,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            __to
        }

        #[inline(always)]
        unsafe fn load_from<V: $crate::Scalar>(&self, __register: $crate::__core::primitive::usize) -> V {
            // SAFETY: rule 10, one load. The caller keeps rules 2 and 5, and `V` is the variable's type.
            unsafe {
                $crate::__load!(
                    $crate::__priv::Access::at(self, __register),
                    $text $group
                    [symbol = sym $symbol, offset = const $offset, register = in($address) __register,]
                )
            }
        }

        #[inline(always)]
        unsafe fn store_to<V: $crate::Scalar>(&self, __register: $crate::__core::primitive::usize, __value: V) {
            // SAFETY: rule 10, one store. The rest is as in `load_from`.
            unsafe {
                $crate::__store!(
                    __value, $crate::__priv::Access::at(self, __register),
                    $text $group reg
                    [symbol = sym $symbol, offset = const $offset, register = in($address) __register,]
                )
            }
        }
    };
}

/// Expands to nothing: no relocation yields the offset.
#[cfg(all(feature = "non-zero-vma", not(paged)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_base {
    ($($place:tt)*) => {};
}

/// For an architecture whose loads and stores name the per-CPU register. `text` is a `__text_by` macro of moves.rs, and
/// `byte` the register class of a byte that is stored. The first list has the operands of the text, and the second
/// further operands of a store.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_moves {
    ($text:ident $group:ident $byte:ident [$($operand:tt)*] [$($scratch:tt)*]) => {
        const REGISTER_IS_OPERAND: $crate::__core::primitive::bool = true;

        #[inline(always)]
        unsafe fn load<V: $crate::Scalar>(&self) -> V {
            // SAFETY: rule 10, one load. The caller keeps rules 2 and 5, and `V` is the variable's type. Not `pure`:
            // the register changes when the context moves.
            unsafe {
                $crate::__load!($crate::__priv::Access::current(self), $text $group [$($operand)*])
            }
        }

        #[inline(always)]
        unsafe fn store<V: $crate::Scalar>(&self, __value: V) {
            // SAFETY: rule 10, one store. The rest is as in `load`.
            unsafe {
                $crate::__store!(
                    __value, $crate::__priv::Access::current(self), $text $group $byte [$($operand)* $($scratch)*]
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
        $crate::__direct_moves! {
            __text_by_name $group reg [symbol = sym $symbol, offset = const $offset,] [to = out(reg) _,]
        }

        #[inline(always)]
        fn pinned(&self, _: $crate::__core::primitive::usize) -> $crate::__core::primitive::usize {
            $crate::__priv::Access::current(self)
        }

        #[inline(always)]
        fn current(&self) -> $crate::__core::primitive::usize {
            let __to: $crate::__core::primitive::usize;
            // SAFETY: rule 10, no memory. Not `pure`: the register changes when the context moves.
            unsafe {
                $crate::__core::arch::asm!(
                    $crate::__text_by_name!(address $group),
                    to = out(reg) __to,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(nomem, nostack, preserves_flags)
                );
            }
            __to
        }
    };
}

/// For an architecture that reads the register's value from the area's header: the address of a copy starts from there.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_by_pointer {
    ($symbol:path, $offset:expr) => {
        const OFFSET_IS_IMMEDIATE: $crate::__core::primitive::bool = true;

        #[inline(always)]
        fn current(&self) -> $crate::__core::primitive::usize {
            let __to: $crate::__core::primitive::usize;
            // SAFETY: rule 10. One load from this CPU's area, and an addition, which changes the flags. Not `pure`: the
            // area changes when the context moves to another CPU.
            unsafe {
                $crate::__core::arch::asm!(
                    $crate::__linked!(current {to} "{own}" "{symbol}+{offset}"),
                    to = out(reg) __to,
                    own = sym $crate::__priv::__percpu_hv_header,
                    symbol = sym $symbol,
                    offset = const $offset,
                    options(readonly, nostack)
                );
            }
            __to
        }
    };
}

/// For the form `name`: the index, in bytes, is added to what reaches the copy.
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond_by_name {
    ($group:ident $symbol:path, $offset:expr) => {
        #[inline(always)]
        fn current_beyond<U: $crate::__priv::Unit>(&self, __index: $crate::__core::primitive::usize) -> $crate::__core::primitive::usize {
            let __to: $crate::__core::primitive::usize;
            // SAFETY: rule 10, no memory. Not `pure`: the register changes when the context moves.
            unsafe {
                $crate::__core::arch::asm!(
                    $crate::__text_by_index!(address $group),
                    to = out(reg) __to,
                    symbol = sym $symbol,
                    offset = const $offset,
                    index = in(reg) __index * <U as $crate::__priv::Unit>::BYTES,
                    options(nomem, nostack, preserves_flags)
                );
            }
            __to
        }

        #[inline(always)]
        unsafe fn load_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(&self, __index: $crate::__core::primitive::usize) -> V {
            // SAFETY: as `load`.
            unsafe {
                $crate::__load!(
                    $crate::__priv::Access::current_beyond::<U>(self, __index), __text_by_index $group
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index * <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn store_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(
            &self, __index: $crate::__core::primitive::usize, __value: V
        ) {
            // SAFETY: as `store`.
            unsafe {
                $crate::__store!(
                    __value, $crate::__priv::Access::current_beyond::<U>(self, __index), __text_by_index $group reg
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index * <U as $crate::__priv::Unit>::BYTES, to = out(reg) _,]
                )
            }
        }
    };
}

/// For the form `memory`: the index, in units, is part of the memory operand.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond_by_operand {
    ($byte:ident $group:ident $symbol:path, $offset:expr) => {
        #[inline(always)]
        unsafe fn load_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(&self, __index: $crate::__core::primitive::usize) -> V {
            // SAFETY: as `load`.
            unsafe {
                $crate::__load!(
                    $crate::__priv::Access::current_beyond::<U>(self, __index), __text_by_indexed_operand $group
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn store_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(
            &self, __index: $crate::__core::primitive::usize, __value: V
        ) {
            // SAFETY: as `store`.
            unsafe {
                $crate::__store!(
                    __value, $crate::__priv::Access::current_beyond::<U>(self, __index),
                    __text_by_indexed_operand $group $byte
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn update_beyond<V: $crate::Bits, U: $crate::__priv::Unit, const OP: $crate::__core::primitive::u8>(
            &self, __index: $crate::__core::primitive::usize, __operand: V
        ) {
            // SAFETY: as `update`.
            unsafe {
                $crate::__by_width!(
                    __update __operand, OP, __text_by_indexed_operand
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn step_beyond<V: $crate::Integer, U: $crate::__priv::Unit, const OP: $crate::__core::primitive::u8>(
            &self, __index: $crate::__core::primitive::usize
        ) {
            // SAFETY: as `update`.
            unsafe {
                $crate::__by_width!(
                    __step OP, __text_by_indexed_operand
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn fetch_add_beyond<V: $crate::Bits, U: $crate::__priv::Unit>(
            &self, __index: $crate::__core::primitive::usize, __operand: V
        ) -> V {
            // SAFETY: as `update`.
            unsafe {
                $crate::__by_width!(
                    __fetch_add __operand, __text_by_indexed_operand
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn swap_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(
            &self, __index: $crate::__core::primitive::usize, __value: V
        ) -> V {
            // SAFETY: as `swap`.
            unsafe {
                $crate::__by_width!(
                    __swap __value, __text_by_indexed_operand
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }

        #[inline(always)]
        unsafe fn compare_exchange_beyond<V: $crate::Scalar, U: $crate::__priv::Unit>(
            &self, __index: $crate::__core::primitive::usize, __current: V, __new: V
        ) -> $crate::__core::result::Result<V, V> {
            // SAFETY: as `update`.
            unsafe {
                $crate::__by_width!(
                    __compare_exchange __current, __new, __text_by_indexed_operand
                    [symbol = sym $symbol, offset = const $offset,
                        index = in(reg) __index, unit = const <U as $crate::__priv::Unit>::BYTES,]
                )
            }
        }
    };
}

/// Expands to nothing: an address relative to the code is no part of an operand with an index. The methods of `Access`
/// take it in a register.
#[cfg(feature = "non-zero-vma")]
#[doc(hidden)]
#[macro_export]
macro_rules! __beyond_by_operand {
    ($($place:tt)*) => {};
}

/// For an architecture whose operations take a memory operand. Each is one instruction, and changes the flags. It does
/// not lock the bus, because only this CPU writes the copy. `__by_width!` calls a macro with the width, the register
/// class and the integer type of that width, and the register that `compare_exchange` compares.
#[doc(hidden)]
#[macro_export]
macro_rules! __direct_operations {
    ($text:ident $operands:tt) => {
        const IN_ONE_INSTRUCTION: $crate::__core::primitive::bool = true;

        #[inline(always)]
        unsafe fn update<V: $crate::Bits, const OP: $crate::__core::primitive::u8>(&self, __operand: V) {
            // SAFETY: rule 10, one instruction. The caller keeps rules 2 and 5, and `V` is the variable's type.
            unsafe { $crate::__by_width!(__update __operand, OP, $text $operands) }
        }

        #[inline(always)]
        unsafe fn step<V: $crate::Integer, const OP: $crate::__core::primitive::u8>(&self) {
            // SAFETY: rule 10, as `update`.
            unsafe { $crate::__by_width!(__step OP, $text $operands) }
        }

        #[inline(always)]
        unsafe fn fetch_add<V: $crate::Bits>(&self, __operand: V) -> V {
            // SAFETY: rule 10, as `update`.
            unsafe { $crate::__by_width!(__fetch_add __operand, $text $operands) }
        }

        #[inline(always)]
        unsafe fn swap<V: $crate::Scalar>(&self, __value: V) -> V {
            // SAFETY: rule 10, a loop around one instruction. The rest is as in `update`.
            unsafe { $crate::__by_width!(__swap __value, $text $operands) }
        }

        #[inline(always)]
        unsafe fn compare_exchange<V: $crate::Scalar>(&self, __current: V, __new: V) -> $crate::__core::result::Result<V, V> {
            // SAFETY: rule 10, as `update`.
            unsafe { $crate::__by_width!(__compare_exchange __current, __new, $text $operands) }
        }
    };
}
