//! Interrupts masked while values live in almost all registers, to be disassembled and never linked. Only LoongArch64
//! has an instruction that some registers cannot be an operand of.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

#[cfg(target_arch = "loongarch64")]
mod functions {
    use core::arch::asm;

    use percpu_hv::IrqOff;

    /// A function that holds a value for each name in a register of its own while it masks interrupts.
    macro_rules! among {
        ($function:ident: $($value:ident)*) => {
            #[unsafe(no_mangle)]
            extern "C" fn $function() {
                $(let $value: usize;)*
                // SAFETY: rule 10: no instruction; what the registers hold is given back as it is.
                unsafe {
                    asm!(
                        concat!("#", $(" {", stringify!($value), "}"),*),
                        $($value = out(reg) $value,)*
                        options(nomem, nostack, preserves_flags)
                    );
                }
                IrqOff::scoped(|_| ());
                // SAFETY: rule 10: no instruction.
                unsafe {
                    asm!(
                        concat!("#", $(" {", stringify!($value), "}"),*),
                        $($value = in(reg) $value,)*
                        options(nomem, nostack, preserves_flags)
                    );
                }
            }
        };
    }

    // There are 28 registers: at some number only `$ra` is left for an operand that may be in any.
    among!(masked_among_22: a b c d e f g h i j k l m n o p q r s t u v);
    among!(masked_among_23: a b c d e f g h i j k l m n o p q r s t u v w);
    among!(masked_among_24: a b c d e f g h i j k l m n o p q r s t u v w x);
    among!(masked_among_25: a b c d e f g h i j k l m n o p q r s t u v w x y);
    among!(masked_among_26: a b c d e f g h i j k l m n o p q r s t u v w x y z);
}

// Brings the panic handler.
use hv_boot as _;
