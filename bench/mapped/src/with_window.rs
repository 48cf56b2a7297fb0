//! Each CPU sees its own area in the window: the addresses that the statics of the section `.mapped` are linked at.
//! An area is a
//! page. Other CPUs see it at its alias, its address in memory.

use core::{
    arch::asm,
    ptr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

struct Five {
    a: AtomicUsize,
    b: AtomicUsize,
    c: AtomicUsize,
    d: AtomicUsize,
    e: AtomicUsize,
}

/// Statics of the window. Their symbols are the linker's: what writes through an alias is unknown to the compiler.
macro_rules! mapped {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".mapped")]
        static $name: $type = $value;
    )*};
}

mapped! {
    MAPPED_WORD: AtomicUsize = AtomicUsize::new(0);
    MAPPED_FLAG: AtomicBool = AtomicBool::new(false);
    MAPPED_TABLE: [AtomicUsize; 8] = [const { AtomicUsize::new(7) }; 8];
    MAPPED_A: AtomicUsize = AtomicUsize::new(1);
    MAPPED_B: AtomicUsize = AtomicUsize::new(2);
    MAPPED_C: AtomicUsize = AtomicUsize::new(4);
    MAPPED_D: AtomicUsize = AtomicUsize::new(8);
    MAPPED_E: AtomicUsize = AtomicUsize::new(16);
    MAPPED_FIVE: Five = Five {
        a: AtomicUsize::new(1),
        b: AtomicUsize::new(2),
        c: AtomicUsize::new(4),
        d: AtomicUsize::new(8),
        e: AtomicUsize::new(16),
    };
    // The address of the area itself.
    MAPPED_ALIAS: AtomicUsize = AtomicUsize::new(0);
}

/// A variable in the area of an alias: the low bits of its address are its offset, as the window is a page.
macro_rules! at_alias {
    ($alias:expr, $variable:ident) => {{
        let mut pointer = &raw const $variable;
        let Alias(area) = $alias;
        // SAFETY: rule 10; rule 3, the promise of `of_area`.
        unsafe {
            asm!(
                "add {}, {}, #:lo12:{}",
                lateout(reg) pointer,
                in(reg) area,
                sym $variable,
                options(pure, nomem, nostack, preserves_flags)
            );
            &*pointer
        }
    }};
}

/// Loads a word from the area of an alias.
macro_rules! load_from_alias {
    ($alias:expr, $variable:ident) => {{
        let value: usize;
        let Alias(area) = $alias;
        // SAFETY: rule 10, a relaxed load; rule 3, the promise of `of_area`.
        unsafe {
            asm!(
                "ldr {}, [{}, #:lo12:{}]",
                lateout(reg) value,
                in(reg) area,
                sym $variable,
                options(readonly, nostack, preserves_flags)
            );
        };
        value
    }};
}

/// Stores a word to the area of an alias.
macro_rules! store_to_alias {
    ($alias:expr, $variable:ident, $value:expr) => {{
        let (value, Alias(area)) = ($value, $alias);
        // SAFETY: rule 10, a relaxed store; rule 3, the promise of `of_area`.
        unsafe {
            asm!(
                "str {}, [{}, #:lo12:{}]",
                in(reg) value,
                in(reg) area,
                sym $variable,
                options(nostack, preserves_flags)
            );
        }
    }};
}

unsafe extern "C" {
    safe static __mapped_start: u8;
}

/// Where the window is: a page.
pub fn window() -> usize {
    (&raw const __mapped_start).addr()
}

/// An area, as any CPU reaches it: its address.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Alias(usize);

impl Alias {
    /// That of the area at an address.
    ///
    /// # Safety
    ///
    /// The area is a page, holds the initial values or what the operations wrote, and lives for ever.
    pub unsafe fn of_area(area: usize) -> Self {
        Self(area)
    }

    /// The word that `write` writes, in this area.
    pub fn word(self) -> &'static AtomicUsize {
        at_alias!(self, MAPPED_WORD)
    }

    /// Tells the area its alias, before its CPU looks.
    pub fn keep(self) {
        at_alias!(self, MAPPED_ALIAS).store(self.0, Relaxed);
    }
}

/// The address of a variable, by an instruction that reaches 1 MiB.
macro_rules! near {
    ($variable:ident) => {{
        let mut pointer = &raw const $variable;
        // SAFETY: rule 10, the same address as the compiler's.
        unsafe {
            asm!("adr {}, {}", out(reg) pointer, sym $variable, options(pure, nomem, nostack, preserves_flags));
            &*pointer
        }
    }};
}

/// Loads a word, by an instruction that reaches 1 MiB.
macro_rules! load_near {
    ($variable:ident $(.$field:ident)?) => {{
        let value: usize;
        // SAFETY: rule 10, a relaxed load.
        unsafe {
            asm!(
                "ldr {}, {} + {}",
                out(reg) value,
                sym $variable,
                const load_near!(@ $($field)?),
                options(readonly, nostack, preserves_flags)
            );
        };
        value
    }};
    (@ $field:ident) => { core::mem::offset_of!(Five, $field) };
    (@) => { 0 };
}

/// As a global of the compiler's.
macro_rules! far {
    ($variable:ident) => {
        &$variable
    };
}

/// Loads a word as the compiler does.
macro_rules! load_far {
    ($variable:ident $(.$field:ident)?) => {
        $variable$(.$field)?.load(Relaxed)
    };
}

macro_rules! operations {
    ($form:literal, $at:ident, $load:ident) => {
        functions! { $form:
            "read"() -> usize { $load!(MAPPED_WORD) }
            "write"(value: usize) { $at!(MAPPED_WORD).store(value, Relaxed) }
            "read_flag"() -> bool {
                let flag = $at!(MAPPED_FLAG).as_ptr();
                // SAFETY: rule 5, no other CPU writes it. (A load of an `AtomicBool` tests the byte.)
                unsafe { flag.read_volatile() }
            }
            "write_flag"(value: bool) { $at!(MAPPED_FLAG).store(value, Relaxed) }
            "increment"() {
                let word = $at!(MAPPED_WORD);
                word.store(word.load(Relaxed).wrapping_add(1), Relaxed);
            }
            "add"(operand: usize) { $at!(MAPPED_WORD).fetch_add(operand, Relaxed); }
            "add_one"() { $at!(MAPPED_WORD).fetch_add(1, Relaxed); }
            "add_one_anywhere"() { $at!(MAPPED_WORD).fetch_add(1, Relaxed); }
            "element"(index: usize) -> usize { $at!(MAPPED_TABLE)[index].load(Relaxed) }
            "pointer"() -> *const [AtomicUsize; 8] { at_alias!(Alias($load!(MAPPED_ALIAS)), MAPPED_TABLE) }
            "read_remote"(cpu: Alias) -> usize { load_from_alias!(cpu, MAPPED_WORD) }
            "read_five"() -> usize {
                $load!(MAPPED_A) ^ $load!(MAPPED_B) ^ $load!(MAPPED_C) ^ $load!(MAPPED_D) ^ $load!(MAPPED_E)
            }
            "read_five_fields"() -> usize {
                $load!(MAPPED_FIVE.a)
                    ^ $load!(MAPPED_FIVE.b)
                    ^ $load!(MAPPED_FIVE.c)
                    ^ $load!(MAPPED_FIVE.d)
                    ^ $load!(MAPPED_FIVE.e)
            }
        }
    };
}

operations!("mapped", far, load_far);
operations!("mapped-near", near, load_near);

functions! { "mapped":
    "write_five"(value: usize) {
        MAPPED_A.store(value, Relaxed);
        MAPPED_B.store(value, Relaxed);
        MAPPED_C.store(value, Relaxed);
        MAPPED_D.store(value, Relaxed);
        MAPPED_E.store(value, Relaxed);
    }
}

functions! { "mapped-near":
    "write_five"(value: usize) {
        // One instruction forms the address of the page for all.
        let here = Alias(ptr::from_ref(near!(__mapped_start)).addr());
        store_to_alias!(here, MAPPED_A, value);
        store_to_alias!(here, MAPPED_B, value);
        store_to_alias!(here, MAPPED_C, value);
        store_to_alias!(here, MAPPED_D, value);
        store_to_alias!(here, MAPPED_E, value);
    }
}
