//! Access in assembly: `adr_this_cpu!` and its siblings agree with the methods.

use core::mem::offset_of;

use percpu_hv::def_percpu;

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("assembly: addresses", addresses),
    ("assembly: loads are zero-extended", loads),
    ("assembly: stores spare their neighbours", stores),
    ("assembly: additions carry and borrow", additions),
    ("assembly: fields of a variable", fields),
    ("assembly: the id of the CPU", id),
    (
        "assembly: one read of the register for several accesses",
        one_read,
    ),
];

/// Runs one access of a template macro to a variable, given by its storage and form, in registers of the compiler's
/// choice. `ldr` and `adr` return a `usize`.
///
/// ```text
/// in_assembly!(adr storage, form)
/// in_assembly!(ldr storage, form)
/// in_assembly!(str storage, form, value)
/// in_assembly!(add storage, form, literal)
/// ```
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
#[macro_export]
macro_rules! in_assembly {
    (adr $($place:tt)*) => { $crate::in_assembly!(@ to adr_this_cpu [out(reg) _,] ({0}, X, {1}) $($place)*) };
    (ldr $($place:tt)*) => { $crate::in_assembly!(@ to ldr_this_cpu [out(reg) _,] ({0}, X, {1}) $($place)*) };
    (str $storage:path, $form:expr, $value:expr) => {
        $crate::__assembly!(
            ::percpu_hv::str_this_cpu!({from}, X, {a}, {b}), $storage, $form,
            [from = in(reg) $value, a = out(reg) _, b = out(reg) _,] [preserves_flags]
        )
    };
    (add $storage:path, $form:expr, $addend:literal) => {
        $crate::__assembly!(
            ::percpu_hv::add_this_cpu!(X, $addend, {a}, {b}, {c}), $storage, $form,
            [a = out(reg) _, b = out(reg) _, c = out(reg) _,] [preserves_flags]
        )
    };
    (@ to $access:ident [$($scratch:tt)*] $template:tt $storage:path, $form:expr) => {{
        let to: ::core::primitive::usize;
        $crate::__assembly!(
            ::percpu_hv::$access! $template, $storage, $form, [out(reg) to, $($scratch)*] [preserves_flags]
        );
        to
    }};
}

/// Runs one access of a template macro to a variable, given by its storage and form, in registers of the compiler's
/// choice. `ldr` and `adr` return a `usize`.
#[cfg(any(
    target_arch = "loongarch64",
    target_arch = "riscv32",
    target_arch = "riscv64"
))]
#[macro_export]
macro_rules! in_assembly {
    (adr $($place:tt)*) => { $crate::in_assembly!(@ to adr_this_cpu ({0}, X) $($place)*) };
    (ldr $($place:tt)*) => { $crate::in_assembly!(@ to ldr_this_cpu ({0}, X) $($place)*) };
    (str $storage:path, $form:expr, $value:expr) => {
        $crate::__assembly!(
            ::percpu_hv::str_this_cpu!({from}, X, {a}), $storage, $form,
            [from = in(reg) $value, a = out(reg) _,] [preserves_flags]
        )
    };
    (add $storage:path, $form:expr, $addend:literal) => {
        $crate::__assembly!(
            ::percpu_hv::add_this_cpu!(X, $addend, {a}, {b}), $storage, $form,
            [a = out(reg) _, b = out(reg) _,] [preserves_flags]
        )
    };
    (@ to $access:ident $template:tt $storage:path, $form:expr) => {{
        let to: ::core::primitive::usize;
        $crate::__assembly!(
            ::percpu_hv::$access! $template, $storage, $form, [out(reg) to,] [preserves_flags]
        );
        to
    }};
}

/// Runs one access of a template macro to a variable, given by its storage and form, in registers of the compiler's
/// choice. `ldr` and `adr` return a `usize`.
#[cfg(target_arch = "x86_64")]
#[macro_export]
macro_rules! in_assembly {
    (adr $($place:tt)*) => { $crate::in_assembly!(@ to adr_this_cpu [] $($place)*) };
    (ldr $($place:tt)*) => { $crate::in_assembly!(@ to ldr_this_cpu [preserves_flags] $($place)*) };
    (str $storage:path, $form:expr, $value:expr) => {
        $crate::__assembly!(
            ::percpu_hv::str_this_cpu!({from}, X), $storage, $form, [from = in(reg) $value,] [preserves_flags]
        )
    };
    (add $storage:path, $form:expr, $addend:literal) => {
        $crate::__assembly!(::percpu_hv::add_this_cpu!(X, $addend), $storage, $form, [] [])
    };
    (@ to $access:ident $options:tt $storage:path, $form:expr) => {{
        let to: ::core::primitive::usize;
        $crate::__assembly!(::percpu_hv::$access!({0}, X), $storage, $form, [out(reg) to,] $options);
        to
    }};
}

/// The `asm!` around a template.
#[doc(hidden)]
#[macro_export]
macro_rules! __assembly {
    ($template:expr, $storage:path, $form:expr, [$($operand:tt)*] [$($option:ident)?]) => {
        // SAFETY: rules 2, 5 and 10: the template accesses this CPU's copy, and no handler does meanwhile.
        unsafe {
            ::core::arch::asm!(
                $template,
                $($operand)*
                X = sym $storage,
                X_form = const $form,
                options(nostack $(, $option)?)
            )
        }
    };
}

/// Three elements of each width in a group; the tests access the one in the middle.
macro_rules! variables {
    ($group:ident $(($option:ident))?) => {
        mod $group {
            use percpu_hv::def_percpu;

            #[def_percpu $(($option))?]
            pub(super) static BYTES: [u8; 3] = [0; 3];
            #[def_percpu $(($option))?]
            pub(super) static HALVES: [u16; 3] = [0; 3];
            #[def_percpu $(($option))?]
            pub(super) static WORDS: [u32; 3] = [0; 3];
            #[def_percpu $(($option))?]
            pub(super) static DOUBLES: [u64; 3] = [0; 3];
        }
    };
}

variables!(ordinary);
variables!(hot(hot));
variables!(read_mostly(read_mostly));

/// Runs a block for the variables of each group: of all widths, or of those that a register holds.
macro_rules! for_each {
    (any |$variable:ident, $storage:ident, $element:ident| $body:block) => {
        for_each!(registers |$variable, $storage, $element| $body);
        for_each!(@ DOUBLES __PERCPU_DOUBLES u64 $variable $storage $element $body);
    };
    (registers |$variable:ident, $storage:ident, $element:ident| $body:block) => {
        for_each!(@ BYTES __PERCPU_BYTES u8 $variable $storage $element $body);
        for_each!(@ HALVES __PERCPU_HALVES u16 $variable $storage $element $body);
        for_each!(@ WORDS __PERCPU_WORDS u32 $variable $storage $element $body);
        #[cfg(target_pointer_width = "64")]
        for_each!(@ DOUBLES __PERCPU_DOUBLES u64 $variable $storage $element $body);
    };
    (@ $name:ident $path:ident $type:ident $variable:ident $storage:ident $element:ident $body:block) => {
        for_each!(@@ ordinary $name $path $type $variable $storage $element $body);
        for_each!(@@ hot $name $path $type $variable $storage $element $body);
        for_each!(@@ read_mostly $name $path $type $variable $storage $element $body);
    };
    (
        @@ $group:ident $name:ident $path:ident $type:ident
        $variable:ident $storage:ident $element:ident $body:block
    ) => {{
        use $group::{$name as $variable, $path as $storage};
        type $element = $type;
        $body
    }};
}

/// The operand that selects the middle of three elements.
macro_rules! middle {
    ($variable:ident, $element:ty) => {
        $variable.form_of_field::<$element>(size_of::<$element>())
    };
}

fn addresses(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        for_each!(
            any | VARIABLE,
            STORAGE,
            Element | {
                // SAFETY: rules 2 and 5, only the address is used.
                let expected = unsafe { VARIABLE.current_ptr() }.addr();
                bench.equal(cpu, in_assembly!(adr STORAGE, VARIABLE.form()), expected);
                let element = in_assembly!(adr STORAGE, middle!(VARIABLE, Element));
                bench.equal(cpu, element, expected + size_of::<Element>());
            }
        );
    });
}

fn loads(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        for_each!(
            registers | VARIABLE,
            STORAGE,
            Element | {
                let value = Element::MAX - cpu as Element;
                VARIABLE.with_current(|elements| *elements = [0, value, 0]);
                let found = in_assembly!(ldr STORAGE, middle!(VARIABLE, Element));
                bench.equal(cpu, found, value as usize);
            }
        );
    });
}

fn stores(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        for_each!(
            registers | VARIABLE,
            STORAGE,
            Element | {
                VARIABLE.with_current(|elements| *elements = [1, 2, 3]);
                in_assembly!(str STORAGE, middle!(VARIABLE, Element), usize::MAX - cpu);
                VARIABLE.with_current(|elements| {
                    bench.equal(cpu, *elements, [1, (usize::MAX - cpu) as Element, 3]);
                });
            }
        );
        // An operand that is narrower than a register is no warning.
        use ordinary::{__PERCPU_WORDS, WORDS};
        in_assembly!(str __PERCPU_WORDS, middle!(WORDS, u32), cpu as u32);
        WORDS.with_current(|elements| bench.equal(cpu, *elements, [1, cpu as u32, 3]));
    });
}

fn additions(bench: &Bench<'_>) {
    bench.on_all(|cpu| {
        for_each!(
            any | VARIABLE,
            STORAGE,
            Element | {
                // The second addition carries through all bytes.
                let old = Element::MAX - 100;
                VARIABLE.with_current(|elements| *elements = [1, old, 3]);
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), 100);
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), 7);
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), 1);
                VARIABLE.with_current(|elements| bench.equal(cpu, *elements, [1, 7, 3]));
                // The low half carries into the high one.
                let low: Element = (1 << (size_of::<Element>() * 4)) - 2;
                VARIABLE.with_current(|elements| elements[1] = low);
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), 5);
                VARIABLE.with_current(|elements| bench.equal(cpu, *elements, [1, low + 5, 3]));
                // A negative addend borrows from the high half, once.
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), -7);
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), -0x10);
                VARIABLE.with_current(|elements| {
                    bench.equal(cpu, *elements, [1, low.wrapping_sub(18), 3])
                });
                in_assembly!(add STORAGE, middle!(VARIABLE, Element), 0);
                VARIABLE.with_current(|elements| {
                    bench.equal(cpu, *elements, [1, low.wrapping_sub(18), 3])
                });
            }
        );
    });
}

fn fields(bench: &Bench<'_>) {
    #[repr(C)]
    struct Vcpu {
        registers: [usize; 31],
        exits: u16,
        stack: usize,
    }

    #[def_percpu]
    static VCPU: Vcpu = Vcpu {
        registers: [0; 31],
        exits: 0,
        stack: 0,
    };

    bench.on_all(|cpu| {
        VCPU.with_current(|vcpu| vcpu.stack = 0x1000 + cpu);
        let stack = in_assembly!(ldr __PERCPU_VCPU, VCPU.form_of_field::<usize>(offset_of!(Vcpu, stack)));
        bench.equal(cpu, stack, 0x1000 + cpu);
        in_assembly!(add __PERCPU_VCPU, VCPU.form_of_field::<u16>(offset_of!(Vcpu, exits)), 3);
        in_assembly!(str __PERCPU_VCPU, VCPU.form_of_field::<usize>(offset_of!(Vcpu, registers) + size_of::<usize>()), cpu);
        VCPU.with_current(|vcpu| {
            bench.equal(cpu, vcpu.exits, 3);
            bench.equal(cpu, vcpu.registers[..3].iter().sum::<usize>(), cpu);
            *vcpu = Vcpu { registers: [0; 31], exits: 0, stack: 0 };
        });
    });
}

fn id(bench: &Bench<'_>) {
    use percpu_hv::header::{CPU_ID, STORAGE};

    bench.on_all(|cpu| bench.equal(cpu, in_assembly!(ldr STORAGE, CPU_ID), cpu));
}

#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
fn one_read(bench: &Bench<'_>) {
    use core::arch::asm;

    use percpu_hv::{add_this_cpu, adr_this_cpu, ldr_this_cpu, str_this_cpu, this_cpu_register};

    #[def_percpu(hot)]
    static FIRST: usize = 0;
    #[def_percpu]
    static SECOND: usize = 0;

    bench.on_all(|cpu| {
        FIRST.write_current(cpu);
        SECOND.write_current(100);
        let (address, found): (usize, usize);
        // SAFETY: rules 2, 5 and 10: the template accesses this CPU's copies, and no handler does meanwhile.
        unsafe {
            asm!(
                this_cpu_register!({base}),
                add_this_cpu!(FIRST, 5, {a}, {b}; {base}),
                add_this_cpu!(SECOND, 7, {a}, {b}; {base}),
                ldr_this_cpu!({found}, FIRST; {base}),
                adr_this_cpu!({address}, SECOND; {base}),
                str_this_cpu!({found}, SECOND, {a}; {base}),
                base = out(reg) _,
                a = out(reg) _,
                b = out(reg) _,
                found = out(reg) found,
                address = out(reg) address,
                FIRST = sym __PERCPU_FIRST,
                FIRST_form = const FIRST.form(),
                SECOND = sym __PERCPU_SECOND,
                SECOND_form = const SECOND.form(),
                options(nostack, preserves_flags)
            );
        }
        bench.equal(cpu, found, cpu + 5);
        bench.equal(cpu, FIRST.read_current(), cpu + 5);
        bench.equal(cpu, SECOND.read_current(), cpu + 5);
        // SAFETY: rules 2 and 5, only the address is used.
        bench.equal(cpu, address, unsafe { SECOND.current_ptr() }.addr());
    });
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
fn one_read(bench: &Bench<'_>) {
    bench.skip("an access names the register here");
}
