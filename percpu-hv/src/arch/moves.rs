//! One access to a copy, as an expression: the texts of an architecture with the operands of `asm!`. Of these are made
//! the forms of direct.rs, and the methods of `Access` that take a displacement in a register.

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

/// The texts of the form `name` for a hot copy of any CPU, the value of whose register is in `{register}`.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_any_base {
    (address hot) => { $crate::__text_by_any_base!(@ [address] {to}) };
    (load $width:ident hot) => { $crate::__text_by_any_base!(@ [load $width] {to}) };
    (store $width:ident hot) => { $crate::__text_by_any_base!(@ [store $width] {value}) };
    (@ [$($access:ident)+] $register:tt) => {
        $crate::__core::concat!(
            $crate::__mark_hot!(),
            $crate::__text!($($access)+ hot_beyond $register [{register}] "{symbol}+{offset}")
        )
    };
}

/// The texts of the form `name`. An access to a hot variable needs no scratch register, but `asm!` requires that `{to}`
/// occurs.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_name {
    (address $group:ident) => {
        $crate::__core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(address $group {to} [{to}] "{symbol}+{offset}")
        )
    };
    (load $width:ident $group:ident) => {
        $crate::__core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(load $width $group {to} [{to}] "{symbol}+{offset}")
        )
    };
    (store $width:ident $group:ident) => {
        $crate::__core::concat!(
            $crate::__text!(reach $group [{to}] "{symbol}+{offset}"),
            $crate::__text!(store $width $group {value} [{to}] "{symbol}+{offset}"),
            "/* {to} */"
        )
    };
}

/// The texts of the form `name` for a place beyond a symbol. The index is in bytes.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_index {
    (address $group:ident) => { $crate::__text_by_index!(@ $group [address] {to}) };
    (load $width:ident $group:ident) => { $crate::__text_by_index!(@ $group [load $width] {to}) };
    (store $width:ident $group:ident) => { $crate::__text_by_index!(@ $group [store $width] {value}) };
    (@ hot $access:tt $register:tt) => { $crate::__text_by_index!(@ hot as hot_beyond $access $register) };
    (@ $group:ident $access:tt $register:tt) => { $crate::__text_by_index!(@ $group as $group $access $register) };
    (@ $group:ident as $beyond:ident [$($access:ident)+] $register:tt) => {
        $crate::__core::concat!(
            $crate::__text!(reach $group [{to} {index}] "{symbol}+{offset}"),
            $crate::__text!($($access)+ $beyond $register [{to}] "{symbol}+{offset}")
        )
    };
}

/// The texts of the form `memory`. The group is of no account.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_operand {
    ($access:ident $width:ident $group:ident) => {
        $crate::__on_copy!($access $width {to}, $crate::__linked!(copy "{symbol}+{offset}"))
    };
}

/// The texts of the form `memory` for a place beyond a symbol.
#[cfg(not(feature = "non-zero-vma"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_indexed_operand {
    ($access:ident $width:ident $group:ident) => {
        $crate::__on_copy!($access $width {to}, $crate::__linked!(copy "{symbol}+{offset}+{index}*{unit}"))
    };
}

/// The texts of the form `memory` for a place that is not a symbol: a register holds its displacement.
#[cfg(displaced)]
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_displacement {
    ($access:ident $width:ident $group:ident) => {
        $crate::__on_copy!($access $width {to}, $crate::__linked!(displaced "{base}"))
    };
}

/// The texts of the form `memory` for a place beyond one that is not a symbol.
#[cfg(displaced)]
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_displaced_index {
    ($access:ident $width:ident $group:ident) => {
        $crate::__on_copy!($access $width {to}, $crate::__linked!(displaced "{base}+{index}*{unit}"))
    };
}

/// The texts of the form `name` for a place that is not a symbol: a register holds its displacement.
#[cfg(indexed)]
#[doc(hidden)]
#[macro_export]
macro_rules! __text_by_offset {
    (load $width:ident $group:ident) => {
        $crate::__text!(load $width $group {to} [{displacement}] "")
    };
    (store $width:ident $group:ident) => {
        $crate::__text!(store $width $group {value} [{displacement}] "")
    };
}

/// Loads a `V` by one instruction, or by `load_at` if no register holds a `V`. `text` is one of the `__text_by` macros
/// above, and the list has its operands.
#[doc(hidden)]
#[macro_export]
macro_rules! __load {
    ($address:expr, $($place:tt)*) => {
        match $crate::__core::mem::size_of::<V>() {
            1 => {
                let __byte = $crate::__load!(@ byte $crate::__core::primitive::usize, $($place)*).assume_init();
                // So that the optimizer does not zero-extend the value again.
                $crate::__core::hint::assert_unchecked(__byte < 1 << 8);
                <V as $crate::Scalar>::__loaded(__byte);
                $crate::__core::mem::transmute_copy(&(__byte as $crate::__core::primitive::u8))
            }
            2 => {
                let __half = $crate::__load!(@ half $crate::__core::primitive::usize, $($place)*).assume_init();
                $crate::__core::hint::assert_unchecked(__half < 1 << 16);
                $crate::__core::mem::transmute_copy(&(__half as $crate::__core::primitive::u16))
            }
            4 => $crate::__core::mem::transmute_copy(&$crate::__load!(@ word $crate::__core::primitive::u32, $($place)*)),
            8 if $crate::__core::mem::size_of::<$crate::__core::primitive::usize>() == 8 => {
                $crate::__core::mem::transmute_copy(&$crate::__load!(@ double $crate::__core::primitive::usize, $($place)*))
            }
            _ => $crate::__priv::load_at($address),
        }
    };
    (@ $width:ident $bits:ty, $text:ident $group:ident [$($operand:tt)*]) => {{
        // `MaybeUninit` keeps a pointer's provenance. An integer would drop it.
        let __to: $crate::__core::mem::MaybeUninit<$bits>;
        $crate::__core::arch::asm!(
            $crate::$text!(load $width $group),
            to = out(reg) __to,
            $($operand)*
            options(readonly, nostack, preserves_flags)
        );
        __to
    }};
}

/// Stores a `V` by one instruction, or by `store_at` if no register holds a `V`. `byte` is the register class of a
/// byte.
#[doc(hidden)]
#[macro_export]
macro_rules! __store {
    ($value:ident, $address:expr, $text:ident $group:ident $byte:ident $operands:tt) => {
        match $crate::__core::mem::size_of::<V>() {
            1 => $crate::__store!(@ byte $byte $crate::__core::primitive::u8, $value, $text $group $operands),
            2 => $crate::__store!(@ half reg $crate::__core::primitive::u16, $value, $text $group $operands),
            4 => $crate::__store!(@ word reg $crate::__core::primitive::u32, $value, $text $group $operands),
            8 if $crate::__core::mem::size_of::<$crate::__core::primitive::usize>() == 8 => {
                $crate::__store!(@ double reg $crate::__core::primitive::usize, $value, $text $group $operands)
            }
            _ => $crate::__priv::store_at($address, $value),
        }
    };
    (@ $width:ident $class:ident $bits:ty, $value:ident, $text:ident $group:ident [$($operand:tt)*]) => {
        $crate::__core::arch::asm!(
            $crate::$text!(store $width $group),
            value = in($class) $crate::__core::mem::transmute_copy::<V, $crate::__core::mem::MaybeUninit<$bits>>(&$value),
            $($operand)*
            options(nostack, preserves_flags)
        )
    };
}

/// Emits the instruction of an operation, which the assembler selects.
#[doc(hidden)]
#[macro_export]
macro_rules! __update {
    ($width:ident $class:ident $bits:ty, $old:tt, $value:ident, $op:ident, $text:ident [$($operand:tt)*]) => {
        $crate::__core::arch::asm!(
            $crate::$text!(update $width copy),
            op = const $op,
            value = in($class) $crate::__core::mem::transmute_copy::<V, $bits>(&$value),
            $($operand)*
            options(nostack)
        )
    };
}

/// Emits the increment or decrement, which the assembler selects.
#[doc(hidden)]
#[macro_export]
macro_rules! __step {
    ($width:ident $class:ident $bits:ty, $old:tt, $op:ident, $text:ident [$($operand:tt)*]) => {
        $crate::__core::arch::asm!($crate::$text!(step $width copy), op = const $op, $($operand)* options(nostack))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fetch_add {
    ($width:ident $class:ident $bits:ty, $old:tt, $value:ident, $text:ident [$($operand:tt)*]) => {{
        let mut __value = $crate::__core::mem::transmute_copy::<V, $bits>(&$value);
        $crate::__core::arch::asm!(
            $crate::$text!(fetch_add $width copy), value = inout($class) __value, $($operand)* options(nostack)
        );
        $crate::__core::mem::transmute_copy::<$bits, V>(&__value)
    }};
}

/// Emits the loop that replaces a copy. It is one text, because the flags are no operand: outside of it the comparison
/// would be an instruction of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __swap {
    ($width:ident $class:ident $bits:ty, $old:tt, $new:ident, $text:ident [$($operand:tt)*]) => {{
        use $crate::__core::mem::{MaybeUninit, transmute_copy};
        // `MaybeUninit` keeps a pointer's provenance. An integer would drop it.
        let __found: MaybeUninit<$bits>;
        $crate::__core::arch::asm!(
            $crate::$text!(swap $width copy),
            value = in($class) transmute_copy::<V, MaybeUninit<$bits>>(&$new),
            $($operand)*
            out($old) __found,
            options(nostack)
        );
        transmute_copy::<MaybeUninit<$bits>, V>(&__found)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __compare_exchange {
    ($width:ident $class:ident $bits:ty, $old:tt, $current:ident, $new:ident, $text:ident [$($operand:tt)*]) => {{
        use $crate::__core::mem::{MaybeUninit, transmute_copy};
        // `MaybeUninit` keeps a pointer's provenance. An integer would drop it.
        let __found: MaybeUninit<$bits>;
        let __new = transmute_copy::<V, MaybeUninit<$bits>>(&$new);
        let __old = transmute_copy::<V, MaybeUninit<$bits>>(&$current);
        $crate::__core::arch::asm!(
            $crate::$text!(compare_exchange $width copy),
            value = in($class) __new,
            $($operand)*
            inout($old) __old => __found,
            options(nostack)
        );
        let __value = transmute_copy::<MaybeUninit<$bits>, V>(&__found);
        // The instruction's own flag would save this comparison, but an `asm!` with an output for it costs as much where
        // the caller branches: a flag in a register is tested.
        if __found.assume_init() == transmute_copy::<V, $bits>(&$current) {
            $crate::__core::result::Result::Ok(__value)
        } else {
            $crate::__core::result::Result::Err(__value)
        }
    }};
}
