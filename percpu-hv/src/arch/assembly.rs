//! Access in assembly: `adr_this_cpu!` and the other templates, written once over an architecture's texts.
//!
//! A template is chosen in three steps: `__this_cpu!` of the architecture says which registers an access takes, the
//! assembler selects the group and the size by the operand `VARIABLE_form`, and `__text!` has the instructions.

/// Returns what the operand `VARIABLE_form` tells of a variable or a field of type `T`: the size in bits 0 to 3, or 0 if
/// no instruction accesses it at once, whether it is hot in bit 7, and the offset of the field from bit 8 on.
pub(crate) const fn form<T>(hot: bool, offset: usize) -> u64 {
    let size = size_of::<T>();
    // An access that is not aligned may trap, and the linker refuses it in an immediate.
    let size = if matches!(size, 1 | 2 | 4 | 8) && align_of::<T>() >= size {
        size
    } else {
        0
    };
    size as u64 | (hot as u64) << 7 | (offset as u64) << 8
}

/// The template of the instructions that compute the address of this CPU's copy.
///
/// [The guide](crate::guide::assembly) explains the operands that the macro needs, and has the registers of each
/// architecture.
///
/// ```text
/// adr_this_cpu!(to, VARIABLE, scratch..)
/// ```
#[macro_export]
macro_rules! adr_this_cpu {
    ($to:tt, $variable:ident $(, $scratch:tt)* $(; $base:tt)? $(,)?) => {
        $crate::__this_cpu!([$crate::__with_registers] adr $variable [$to $($scratch)*] $($base)?)
    };
    ($($wrong:tt)*) => {
        $crate::__this_cpu!([$crate::__with_registers] wrong $($wrong)*)
    };
}

/// The template of the instructions that load this CPU's copy: 1, 2, 4 or 8 bytes, zero-extended.
///
/// [The guide](crate::guide::assembly) explains the operands that the macro needs, and has the registers of each
/// architecture.
///
/// ```text
/// ldr_this_cpu!(to, VARIABLE, scratch..)
/// ```
#[macro_export]
macro_rules! ldr_this_cpu {
    ($to:tt, $variable:ident $(, $scratch:tt)* $(; $base:tt)? $(,)?) => {
        $crate::__this_cpu!([$crate::__with_registers] ldr $variable [$to $($scratch)*] $($base)?)
    };
    ($($wrong:tt)*) => {
        $crate::__this_cpu!([$crate::__with_registers] wrong $($wrong)*)
    };
}

/// The template of the instructions that store a register's low 1, 2, 4 or 8 bytes to this CPU's copy.
///
/// [The guide](crate::guide::assembly) explains the operands that the macro needs, and has the registers of each
/// architecture.
///
/// ```text
/// str_this_cpu!(from, VARIABLE, scratch..)
/// ```
#[macro_export]
macro_rules! str_this_cpu {
    ($from:tt, $variable:ident $(, $scratch:tt)* $(; $base:tt)? $(,)?) => {
        $crate::__this_cpu!([$crate::__with_registers] str $variable [$from $($scratch)*] $($base)?)
    };
    ($($wrong:tt)*) => {
        $crate::__this_cpu!([$crate::__with_registers] wrong $($wrong)*)
    };
}

/// The template of the instructions that add a constant to this CPU's copy, which has 1, 2, 4 or 8 bytes.
///
/// Only x86_64 adds in one instruction. Elsewhere what a handler stores between the load and the store is lost.
///
/// [The guide](crate::guide::assembly) explains the operands that the macro needs, and has the registers of each
/// architecture.
///
/// ```text
/// add_this_cpu!(VARIABLE, constant, scratch..)
/// ```
#[macro_export]
macro_rules! add_this_cpu {
    ($variable:ident, $addend:literal $(, $scratch:tt)* $(; $base:tt)? $(,)?) => {
        $crate::__this_cpu!([$crate::__with_registers] add $variable $addend [$($scratch)*] $($base)?)
    };
    ($($wrong:tt)*) => {
        $crate::__this_cpu!([$crate::__with_registers] wrong $($wrong)*)
    };
}

/// The template of the instruction that reads the per-CPU register, on AArch64 and 32-bit Arm. The other macros take the
/// result as `; register`, so that several accesses read it once. On the other architectures an access needs no
/// instruction to read the register.
///
/// [The guide](crate::guide::assembly) has an example.
///
/// ```text
/// this_cpu_register!(to)
/// ```
#[macro_export]
macro_rules! this_cpu_register {
    ($to:tt) => {
        $crate::__this_cpu!([$crate::__with_registers] register $to)
    };
    ($($wrong:tt)*) => {
        $crate::__this_cpu!([$crate::__with_registers] wrong $($wrong)*)
    };
}

/// Gives the registers of an access their roles. With `offset_and_base` two reach the copy: the second is for the value
/// of the per-CPU register, and comes last if the caller has read it before. With `one_register` and `no_register` the
/// instructions name the per-CPU register.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_registers {
    (offset_and_base register $to:tt) => {
        $crate::__core::concat!("/* ", $crate::__check_register!($to), " */\n", $crate::__text!(register $to))
    };
    (offset_and_base add $variable:ident $addend:literal [$value:tt $offset:tt $base:tt]) => {
        $crate::__assemble!(add $variable [$offset $base] $base [$value $offset $base] $value, $addend)
    };
    (offset_and_base add $variable:ident $addend:literal [$value:tt $offset:tt] $base:tt) => {
        $crate::__assemble!(add $variable [$offset $base] (given) [$value $offset $base] $value, $addend)
    };
    (offset_and_base str $variable:ident [$from:tt $offset:tt $base:tt]) => {
        $crate::__assemble!(str $variable [$offset $base] $base [$from $offset $base] $from)
    };
    (offset_and_base str $variable:ident [$from:tt $offset:tt] $base:tt) => {
        $crate::__assemble!(str $variable [$offset $base] (given) [$from $offset $base] $from)
    };
    (offset_and_base adr $variable:ident [$to:tt $offset:tt]) => {
        $crate::__assemble!(adr $variable [$offset $to] $to [$to $offset] $to)
    };
    (offset_and_base adr $variable:ident [$to:tt] $base:tt) => {
        $crate::__assemble!(adr $variable [$to $base] (given) [$to $base] $to)
    };
    (offset_and_base ldr $variable:ident [$to:tt $offset:tt]) => {
        $crate::__assemble!(ldr $variable [$offset $to] $to [$to $offset] $to)
    };
    (offset_and_base ldr $variable:ident [$to:tt] $base:tt) => {
        $crate::__assemble!(ldr $variable [$to $base] (given) [$to $base] $to)
    };
    (offset_and_base $($other:tt)*) => {
        $crate::__core::compile_error!(
            "wrong operands; on this architecture write `adr_this_cpu!(to, VARIABLE, scratch)`, \
             `ldr_this_cpu!(to, VARIABLE, scratch)`, `str_this_cpu!(from, VARIABLE, scratch, scratch)` or \
             `add_this_cpu!(VARIABLE, 1, scratch, scratch, scratch)`"
        )
    };
    (one_register adr $variable:ident [$to:tt]) => {
        $crate::__assemble!(adr $variable [$to] (named) [$to] $to)
    };
    (one_register ldr $variable:ident [$to:tt]) => {
        $crate::__assemble!(ldr $variable [$to] (named) [$to] $to)
    };
    (one_register str $variable:ident [$from:tt $reach:tt]) => {
        $crate::__assemble!(str $variable [$reach] (named) [$from $reach] $from)
    };
    (one_register add $variable:ident $addend:literal [$value:tt $reach:tt]) => {
        $crate::__assemble!(add $variable [$reach] (named) [$value $reach] $value, $addend)
    };
    (one_register $($other:tt)*) => {
        $crate::__core::compile_error!(
            "wrong operands; on this architecture write `adr_this_cpu!(to, VARIABLE)`, `ldr_this_cpu!(to, VARIABLE)`, \
             `str_this_cpu!(from, VARIABLE, scratch)` or `add_this_cpu!(VARIABLE, 1, scratch, scratch)`"
        )
    };
    (no_register add $variable:ident $addend:literal []) => {
        $crate::__assemble!(add $variable [] (named) [] (none), $addend)
    };
    (no_register $access:ident $variable:ident [$register:tt]) => {
        $crate::__assemble!($access $variable [] (named) [$register] $register)
    };
    (no_register $($other:tt)*) => {
        $crate::__core::compile_error!(
            "wrong operands; on this architecture write `adr_this_cpu!(to, VARIABLE)`, `ldr_this_cpu!(to, VARIABLE)`, \
             `str_this_cpu!(from, VARIABLE)` or `add_this_cpu!(VARIABLE, 1)`"
        )
    };
}

/// Selects by the group, which the operand `VARIABLE_form` tells: [`PerCpu::form`](crate::PerCpu::form). `reached` lists
/// the registers that reach the copy. The per-CPU register is read to `base`, or is `(given)` or `(named)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __assemble {
    ($access:ident $variable:ident $reached:tt $base:tt [$($register:tt)*] $($operand:tt)*) => {
        $crate::__core::concat!(
            $crate::__distinct!($variable $($register)*),
            ".if {", $crate::__core::stringify!($variable), "_form} & 128\n",
            $crate::__assemble_in!($access hot $variable $reached $base $($operand)*),
            ".else\n",
            $crate::__assemble_in!($access variables $variable $reached $base $($operand)*),
            ".endif\n"
        )
    };
}

/// Expands to the instructions of one group.
#[doc(hidden)]
#[macro_export]
macro_rules! __assemble_in {
    ($access:ident $group:ident $variable:ident $reached:tt $base:tt $($operand:tt)*) => {
        $crate::__core::concat!(
            $crate::__reach!($base $group $variable $reached),
            $crate::__read_register!($base),
            $crate::__by_size!($access $group $variable $reached $($operand)*)
        )
    };
}

/// The instructions before the per-CPU register is read.
#[cfg(any(named, not(paged)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __reach {
    ($base:tt $group:ident $variable:ident $reached:tt) => {
        $crate::__text!(reach $group $reached $crate::__symbol!($variable))
    };
}

/// The instructions before the per-CPU register is read. A distance that takes two registers has only one where the
/// caller has read it.
#[cfg(all(paged, not(named)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __reach {
    ((given) variables $variable:ident $reached:tt) => {
        $crate::__core::concat!(
            ".error \"percpu-hv: ", $crate::__core::stringify!($variable), " is in no part of the template that accesses reach at once, and \
             takes one more register here; name a scratch register instead of the one behind the semicolon\"\n"
        )
    };
    ($base:tt $group:ident $variable:ident $reached:tt) => {
        $crate::__text!(reach $group $reached $crate::__symbol!($variable))
    };
}

/// Reads the per-CPU register to `base`, unless a reason stands in its place.
#[doc(hidden)]
#[macro_export]
macro_rules! __read_register {
    (($reason:ident)) => {
        ""
    };
    ($base:tt) => {
        $crate::__text!(register $base)
    };
}

/// The symbol of the copy: the variable's, and the offset of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($variable:ident) => {
        $crate::__core::concat!(
            "{",
            $crate::__core::stringify!($variable),
            "}+({",
            $crate::__core::stringify!($variable),
            "_form} >> 8)"
        )
    };
}

/// Selects by the size, which the operand `VARIABLE_form` tells too.
#[doc(hidden)]
#[macro_export]
macro_rules! __by_size {
    (adr $group:ident $variable:ident $reached:tt $to:tt) => {
        $crate::__text!(address $group $to $reached $crate::__symbol!($variable))
    };
    ($access:ident $group:ident $variable:ident $($operand:tt)*) => {
        $crate::__core::concat!(
            ".if ({", $crate::__core::stringify!($variable), "_form} & 15) == 1\n",
            $crate::__sized_access!($access byte $group $variable $($operand)*),
            ".elseif ({", $crate::__core::stringify!($variable), "_form} & 15) == 2\n",
            $crate::__sized_access!($access half $group $variable $($operand)*),
            ".elseif ({", $crate::__core::stringify!($variable), "_form} & 15) == 4\n",
            $crate::__sized_access!($access word $group $variable $($operand)*),
            ".elseif ({", $crate::__core::stringify!($variable), "_form} & 15) == 8\n",
            $crate::__sized_access!($access double $group $variable $($operand)*),
            ".else\n",
            ".error \"percpu-hv: ", $crate::__core::stringify!($variable), " is not of 1, 2, 4 or 8 bytes and aligned to as many; \
             take its address by adr_this_cpu!\"\n",
            ".endif\n"
        )
    };
}

/// Expands to the instructions of one size, where the copy was reached.
#[doc(hidden)]
#[macro_export]
macro_rules! __sized_access {
    (ldr double $group:ident $variable:ident $reached:tt $to:tt) => {
        $crate::__double!($variable $crate::__text!(load double $group $to $reached $crate::__symbol!($variable)))
    };
    (str double $group:ident $variable:ident $reached:tt $from:tt) => {
        $crate::__double!($variable $crate::__text!(store double $group $from $reached $crate::__symbol!($variable)))
    };
    (ldr word $group:ident $variable:ident $reached:tt $to:tt) => {
        $crate::__text!(load unsigned $group $to $reached $crate::__symbol!($variable))
    };
    (ldr $width:ident $group:ident $variable:ident $reached:tt $to:tt) => {
        $crate::__text!(load $width $group $to $reached $crate::__symbol!($variable))
    };
    (str $width:ident $group:ident $variable:ident $reached:tt $from:tt) => {
        $crate::__text!(store $width $group $from $reached $crate::__symbol!($variable))
    };
    (add $width:ident $group:ident $variable:ident $reached:tt $value:tt, $addend:literal) => {
        $crate::__text!(
            add [$crate::__load_add_store] $width $group $value $reached $crate::__symbol!($variable), $addend
        )
    };
}

/// Expands to an addition in a register, between a load and a store.
#[doc(hidden)]
#[macro_export]
macro_rules! __load_add_store {
    ($width:ident $group:ident $value:tt $reached:tt $symbol:expr, $addend:literal) => {
        $crate::__core::concat!(
            $crate::__text!(load $width $group $value $reached $symbol),
            $crate::__text!(increase $width $value $addend),
            $crate::__text!(store $width $group $value $reached $symbol)
        )
    };
}

/// Expands to the text of a load or a store of 8 bytes, where a register holds them.
#[cfg(target_pointer_width = "64")]
#[doc(hidden)]
#[macro_export]
macro_rules! __double {
    ($variable:ident $($text:tt)*) => {
        $($text)*
    };
}

/// Expands to an error: a register does not hold 8 bytes.
#[cfg(not(target_pointer_width = "64"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __double {
    ($variable:ident $($text:tt)*) => {
        $crate::__core::concat!(
            ".error \"percpu-hv: a register does not hold the 8 bytes of ",
            $crate::__core::stringify!($variable),
            "; take its address by adr_this_cpu!\"\n"
        )
    };
}

/// Checks the registers: each is one, and no two are the same.
#[doc(hidden)]
#[macro_export]
macro_rules! __distinct {
    ($variable:ident $($register:tt)*) => {
        $crate::__core::concat!(
            "/* ", $($crate::__check_register!($register), " ",)* "*/\n",
            $crate::__pairs!($variable $($register)*)
        )
    };
}

/// Checks that no two registers are the same.
#[doc(hidden)]
#[macro_export]
macro_rules! __pairs {
    ($variable:ident $a:tt $b:tt $c:tt) => {
        $crate::__core::concat!(
            $crate::__pairs!($variable $a $b), $crate::__pairs!($variable $a $c), $crate::__pairs!($variable $b $c)
        )
    };
    ($variable:ident $a:tt $b:tt) => {
        $crate::__lines! {
            [".ifc " {$crate::__whole!($a)} "," {$crate::__whole!($b)}]
            [
                ".error \"percpu-hv: an access to " {$crate::__core::stringify!($variable)} " names the register "
                {$crate::__whole!($a)} " twice; it needs another one\""
            ]
            [".endif"]
        }
    };
    ($variable:ident $($one:tt)?) => {
        ""
    };
}
