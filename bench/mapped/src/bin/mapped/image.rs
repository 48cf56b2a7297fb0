//! Runs the operations on all cores, and looks at every copy through its alias.

use core::{
    alloc::Layout,
    array, ptr, slice,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed},
};

use aarch64_cpu::{
    asm::barrier,
    registers::{CNTFRQ_EL0, CNTPCT_EL0},
};
use hv_boot::{ExitCode, Machine, println};
use mapped::{Alias, window};
use tock_registers::interfaces::Readable;

use crate::tables::{self, Below, PAGE, Root};

hv_boot::main!(main);

/// The operations of a form.
struct Form {
    read: extern "C" fn() -> usize,
    write: extern "C" fn(usize),
    read_flag: extern "C" fn() -> bool,
    write_flag: extern "C" fn(bool),
    increment: extern "C" fn(),
    add: extern "C" fn(usize),
    add_one: extern "C" fn(),
    add_one_anywhere: extern "C" fn(),
    element: extern "C" fn(usize) -> usize,
    pointer: extern "C" fn() -> *const [AtomicUsize; 8],
    read_remote: extern "C" fn(Alias) -> usize,
    read_five: extern "C" fn() -> usize,
    read_five_fields: extern "C" fn() -> usize,
    write_five: extern "C" fn(usize),
}

macro_rules! form {
    ($form:literal: $($operation:ident($($type:ty)?) $(-> $result:ty)?;)*) => {{
        unsafe extern "C" {
            $(
                #[link_name = concat!($form, ".", stringify!($operation))]
                safe fn $operation($(_: $type)?) $(-> $result)?;
            )*
        }
        Form { $($operation),* }
    }};
    ($form:literal) => {
        form! { $form:
            read() -> usize;
            write(usize);
            read_flag() -> bool;
            write_flag(bool);
            increment();
            add(usize);
            add_one();
            add_one_anywhere();
            element(usize) -> usize;
            pointer() -> *const [AtomicUsize; 8];
            read_remote(Alias) -> usize;
            read_five() -> usize;
            read_five_fields() -> usize;
            write_five(usize);
        }
    };
}

static FORMS: [Form; 2] = [form!("mapped"), form!("mapped-near")];

/// What the word of a CPU is once it has run a form.
fn expected(cpu: usize) -> usize {
    1001 * cpu + 3
}

fn main(machine: &'static Machine) -> ExitCode {
    assert_eq!(
        CNTFRQ_EL0.get(),
        1_000_000_000,
        "the counter counts nanoseconds with `-cpu max`"
    );
    let cpus = machine.cpu_count();
    assert!(cpus > 1, "run with `-smp 2` or more");
    let last = cpus - 1;
    let areas = areas(machine);
    // SAFETY: rule 9, areas that are there for ever.
    let alias = |cpu: usize| unsafe { Alias::of_area(areas + cpu * PAGE) };
    (0..cpus).for_each(|cpu| alias(cpu).keep());

    let roots = take::<Root>(machine);
    let below = take::<Below>(machine);
    let start = now();
    for (cpu, (root, below)) in roots.iter_mut().zip(below).enumerate() {
        // SAFETY: rule 11, one core runs, and hv-boot's tables stay as they are.
        unsafe { tables::make(root, below, window(), areas + cpu * PAGE) };
    }
    let instructions = (now() - start) / cpus as u64;

    // SAFETY: rule 11, the tables stay as they are, and references into the window come later.
    machine.run_on_all(|cpu| unsafe { tables::switch_to(&roots[cpu.id()]) });
    for form in &FORMS {
        machine.run_on_all(|cpu| {
            run(form, cpu.id());
            let page = (form.pointer)().addr() / PAGE * PAGE;
            assert_eq!(page, areas + cpu.id() * PAGE);
        });
        // Through the aliases: every CPU has changed its own copy.
        machine.run_on_all(|cpu| {
            let next = (cpu.id() + 1) % cpus;
            assert_eq!((form.read_remote)(alias(next)), expected(next));
        });
        for cpu in 0..cpus {
            assert_eq!(alias(cpu).word().load(Relaxed), expected(cpu), "cpu {cpu}");
        }
    }

    let on = |wanted: usize, job: &(dyn Fn() + Sync)| {
        machine.run_on_all(|cpu| {
            if cpu.id() == wanted {
                job();
            }
        });
    };
    // A reference into the window, passed to another CPU, is one to that CPU's copy.
    // SAFETY: rule 9, the window itself.
    let here = unsafe { Alias::of_area(window()) }.word();
    let passed = AtomicPtr::new(ptr::null_mut());
    on(0, &|| passed.store(ptr::from_ref(here).cast_mut(), Relaxed));
    on(last, &|| {
        // SAFETY: rule 3, the window is mapped on every CPU.
        let found: &AtomicUsize = unsafe { &*passed.load(Relaxed) };
        assert_eq!(found.load(Relaxed), expected(last));
    });
    // A load and a store that a migration splits: neither copy has one more.
    let loaded = AtomicUsize::new(0);
    let [form, _] = &FORMS;
    on(0, &|| loaded.store((form.read)(), Relaxed));
    on(last, &|| (form.write)(loaded.load(Relaxed) + 1));
    let words = [0, last].map(|cpu| alias(cpu).word().load(Relaxed));
    assert_eq!(words, [expected(0), expected(0) + 1]);

    println!("cpus {cpus}");
    println!("area {PAGE}");
    println!("tables {}", tables::BYTES);
    println!("instructions {instructions}");
    ExitCode::SUCCESS
}

/// Runs the operations of a form on this CPU.
fn run(form: &Form, cpu: usize) {
    (form.write)(1000 * cpu);
    (form.increment)();
    (form.add)(cpu);
    (form.add_one)();
    (form.add_one_anywhere)();
    assert_eq!((form.read)(), expected(cpu));
    (form.write_flag)(cpu % 2 == 1);
    assert_eq!((form.read_flag)(), cpu % 2 == 1);
    // The initial values.
    assert_eq!(array::from_fn(|index| (form.element)(index)), [7; 8]);
    assert_eq!((form.read_five_fields)(), 31);
    (form.write_five)(5000 + cpu);
    assert_eq!((form.read_five)(), 5000 + cpu);
}

/// Makes an area for each CPU, with the initial values: what is at the window before a core has tables of its own.
fn areas(machine: &Machine) -> usize {
    let memory = take::<[u8; PAGE]>(machine);
    // SAFETY: rule 9, the window is a page of the image.
    let template = unsafe { *ptr::with_exposed_provenance::<[u8; PAGE]>(window()) };
    memory.fill(template);
    memory.as_mut_ptr().expose_provenance()
}

/// Zeroed memory for a value for each CPU, from the start of a page.
fn take<T: Copy>(machine: &Machine) -> &'static mut [T] {
    let layout = Layout::array::<T>(machine.cpu_count()).and_then(|layout| layout.align_to(PAGE));
    let layout = layout.expect("a layout");
    let memory = machine.take_memory(layout).expect("memory for all CPUs");
    let start = memory.as_mut_ptr();
    // SAFETY: rule 9, the memory that was just taken, as values of which any bits are some.
    unsafe {
        start.write_bytes(0, layout.size());
        slice::from_raw_parts_mut(start.cast(), machine.cpu_count())
    }
}

fn now() -> u64 {
    barrier::isb(barrier::SY);
    CNTPCT_EL0.get()
}
