//! Statics in sections `.tdata`, reached by the local-exec forms of their offsets. The per-CPU register is the thread
//! pointer: it differs from the start of a copy by what the ABI puts there.

use core::arch::asm;
use core::ptr;
use core::sync::atomic::AtomicUsize;
#[cfg(not(target_arch = "x86_64"))]
use core::sync::atomic::Ordering::Relaxed;

#[unsafe(export_name = "thread_local_first")]
#[unsafe(link_section = ".tdata.percpu.FIRST")]
static FIRST: [usize; 4] = [1; 4];
#[unsafe(export_name = "thread_local_word")]
#[unsafe(link_section = ".tdata.percpu.WORD")]
static WORD: usize = 2;
#[unsafe(link_section = ".tdata.percpu.TABLE")]
static TABLE: [usize; 8] = [3; 8];

/// What LLVM makes of it is an ordinary address.
#[unsafe(export_name = "thread_local_address")]
static ADDRESS: &usize = &WORD;

/// Data, which is between the template and what precedes it.
#[unsafe(export_name = "thread_local_data")]
static DATA: AtomicUsize = AtomicUsize::new(6);

/// A thread-local of the image itself.
#[unsafe(export_name = "thread_local_own")]
#[unsafe(link_section = ".tdata.own")]
static OWN: usize = 4;

#[repr(align(4096))]
struct Page(#[allow(dead_code, reason = "it is only linked")] [usize; 512]);

#[unsafe(export_name = "thread_local_page")]
#[unsafe(link_section = ".tdata.percpu.PAGE")]
static PAGE: Page = Page([5; 512]);

/// The texts. Where there is a `read_hot`, an offset can be an immediate of the access.
#[cfg(target_arch = "aarch64")]
macro_rules! text {
    (reach) => {
        "mrs {to}, TPIDR_EL2\nadd {to}, {to}, :tprel_hi12:{symbol}\n"
    };
    (read_hot) => {
        "mrs {to}, TPIDR_EL2\nldr {to}, [{to}, :tprel_lo12_nc:{symbol}]"
    };
    (read) => {
        concat!(text!(reach), "ldr {to}, [{to}, :tprel_lo12_nc:{symbol}]")
    };
    (write) => {
        concat!(text!(reach), "str {value}, [{to}, :tprel_lo12_nc:{symbol}]")
    };
    (pointer) => {
        concat!(text!(reach), "add {to}, {to}, :tprel_lo12_nc:{symbol}")
    };
}

#[cfg(target_arch = "riscv64")]
macro_rules! text {
    (reach) => {
        "lui {to}, %tprel_hi({symbol})\nadd {to}, {to}, gp\n"
    };
    (read_hot) => {
        "ld {to}, %tprel_lo({symbol})(gp)"
    };
    (read) => {
        concat!(text!(reach), "ld {to}, %tprel_lo({symbol})({to})")
    };
    (write) => {
        concat!(text!(reach), "sd {value}, %tprel_lo({symbol})({to})")
    };
    (pointer) => {
        concat!(text!(reach), "addi {to}, {to}, %tprel_lo({symbol})")
    };
    (element) => {
        concat!(
            text!(reach),
            "add {to}, {to}, {index}\nld {to}, %tprel_lo({symbol})({to})"
        )
    };
}

#[cfg(target_arch = "loongarch64")]
macro_rules! text {
    (reach) => {
        "lu12i.w {to}, %le_hi20({symbol})\nori {to}, {to}, %le_lo12({symbol})\n"
    };
    (read_hot) => {
        "ld.d {to}, $r21, %le_lo12_r({symbol})"
    };
    (read) => {
        concat!(text!(reach), "ldx.d {to}, {to}, $r21")
    };
    (write) => {
        concat!(text!(reach), "stx.d {value}, {to}, $r21")
    };
    (pointer) => {
        concat!(text!(reach), "add.d {to}, {to}, $r21")
    };
    (element) => {
        concat!(
            text!(reach),
            "add.d {to}, {to}, {index}\nldx.d {to}, {to}, $r21"
        )
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! text {
    (read) => {
        "mov {to}, gs:[{symbol}@tpoff]"
    };
    (write) => {
        "mov gs:[{symbol}@tpoff], {value} /* {to} */"
    };
    (add) => {
        "add gs:[{symbol}@tpoff], {value}"
    };
    // The first load is of a place in the area that holds the register's value.
    (pointer) => {
        "mov {to}, gs:[thread_local_first@tpoff]\nlea {to}, [{to} + {symbol}@tpoff]"
    };
    (element) => {
        "mov {to}, gs:[{symbol}@tpoff + {index}*8]"
    };
}

/// The offset is a word behind the function.
#[cfg(target_arch = "arm")]
macro_rules! text {
    (reach) => {
        "ldr {to}, 2f\n.subsection 1\n2: .long {symbol}(tpoff)\n.subsection 0\nmrc p15, 0, {base}, c13, c0, 4\n"
    };
    (read) => {
        concat!(text!(reach), "ldr {to}, [{base}, {to}]")
    };
    (write) => {
        concat!(text!(reach), "str {value}, [{base}, {to}]")
    };
    (pointer) => {
        concat!(text!(reach), "add {to}, {base}, {to}")
    };
}

/// Evaluates to the register `{to}` of a text.
#[cfg(not(target_arch = "arm"))]
macro_rules! evaluate {
    ($operation:ident $symbol:ident $($operand:tt)*) => {{
        let to: usize;
        // SAFETY: rule 10: never run.
        unsafe { asm!(text!($operation), to = out(reg) to, symbol = sym $symbol, $($operand)* options(nostack)) };
        to
    }};
}

/// As above, with another register for the thread pointer.
#[cfg(target_arch = "arm")]
macro_rules! evaluate {
    ($operation:ident $symbol:ident $($operand:tt)*) => {{
        let to: usize;
        // SAFETY: rule 10: never run.
        unsafe {
            asm!(
                text!($operation), to = out(reg) to, base = out(reg) _, symbol = sym $symbol,
                $($operand)* options(nostack)
            );
        }
        to
    }};
}

functions! { "tls":
    "read"() -> usize { evaluate!(read WORD) }
    "write"(value: usize) { evaluate!(write WORD value = in(reg) value,); }
    "pointer"() -> *const [usize; 8] { ptr::without_provenance(evaluate!(pointer TABLE)) }
    "address"() -> *const usize { &raw const WORD }
}

// Elsewhere it would be the same function.
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "loongarch64",
    target_arch = "riscv64"
))]
functions! { "tls":
    "read_hot"() -> usize { evaluate!(read_hot WORD) }
}

#[cfg(target_arch = "x86_64")]
functions! { "tls":
    "add"(operand: usize) {
        // SAFETY: rule 10: never run.
        unsafe { asm!(text!(add), value = in(reg) operand, symbol = sym WORD, options(nostack)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
functions! { "tls":
    "add"(operand: usize) {
        let copy: *const AtomicUsize = ptr::without_provenance(evaluate!(pointer WORD));
        // SAFETY: rule 3: never run.
        unsafe { (*copy).fetch_add(operand, Relaxed) };
    }
}

#[cfg(target_arch = "x86_64")]
functions! { "tls":
    "element"(index: usize) -> usize {
        assert!(index < TABLE.len());
        evaluate!(element TABLE index = in(reg) index,)
    }
}

#[cfg(any(target_arch = "loongarch64", target_arch = "riscv64"))]
functions! { "tls":
    "element"(index: usize) -> usize {
        assert!(index < TABLE.len());
        evaluate!(element TABLE index = in(reg) index * size_of::<usize>(),)
    }
}

#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
functions! { "tls":
    "element"(index: usize) -> usize {
        assert!(index < TABLE.len());
        let copy: *const usize = ptr::without_provenance(evaluate!(pointer TABLE));
        // SAFETY: rule 3: never run.
        unsafe { copy.add(index).read() }
    }
}
