//! The boot core's `main`.

mod error;
mod exports;
mod loader;
mod refusals;
mod relocation;

use core::{mem, sync::atomic::AtomicUsize, sync::atomic::Ordering::Relaxed};

use hv_boot::{ExitCode, LoadedCode, Machine, println};
use percpu_hv::CpuId;

use self::{error::Error, loader::Module};

/// How many packets the module counts on each core.
const PACKETS: u64 = 10_000;

/// Runs on the boot core.
pub(crate) fn main(machine: &'static Machine) -> ExitCode {
    // Once, before any access: each CPU gets a copy of every variable of the image, and a reserve.
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    machine.run_on_all(|cpu| percpu_hv::init_percpu_reg(cpu.id()));
    match load_and_run(machine) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("hv-boot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load_and_run(machine: &'static Machine) -> Result<(), Error<'static>> {
    // SAFETY: rule 9: nothing here writes to it.
    let object = unsafe { machine.initrd() }.ok_or(Error::NoInitrd)?;
    let mut memory = machine.take_loaded_code().expect("nobody has taken it");
    let first = run(machine, &Module::load(object, &mut memory)?)?;
    // The module is dropped: its code is gone, and its per-CPU section is free. The second one gets the same space.
    let second = run(machine, &Module::load(object, &mut memory)?)?;
    assert_eq!(first, second, "the reserve has lost space");
    refusals::check(machine, object, &mut memory);
    let cpus = machine.cpu_count();
    println!("hv-boot: a module with per-CPU variables ran on {cpus} CPUs, twice, ok");
    Ok(())
}

/// Runs the module on all cores, and compares what it counted there. Returns where its per-CPU section is.
fn run<'a>(machine: &Machine, module: &Module<'a, '_>) -> Result<usize, Error<'a>> {
    // SAFETY: rule 23: the module is loaded, and these are the types of its functions.
    let (init, is_fresh, count, packets, kicks) = unsafe {
        (
            mem::transmute::<usize, extern "C" fn() -> u64>(module.function("module_init")?),
            mem::transmute::<usize, extern "C" fn() -> bool>(module.function("module_is_fresh")?),
            mem::transmute::<usize, extern "C" fn(u64, usize)>(module.function("module_run")?),
            mem::transmute::<usize, extern "C" fn() -> u64>(module.function("module_packets")?),
            mem::transmute::<usize, extern "C" fn() -> u64>(module.function("module_kicks")?),
        )
    };
    // The areas of all CPUs have the initial values, also those of CPUs that this machine does not have.
    for cpu in CpuId::all() {
        assert_eq!(read::<u64>(module, "PACKETS", cpu)?, 1000);
        assert_eq!(read::<u32>(module, "BYTES", cpu)?, 0);
        let (queue, _) = module.variable("QUEUE", cpu)?;
        assert_eq!(queue.addr() % 64, 0, "an alignment is lost");
    }
    assert_eq!(init(), 0, "a static has no initial value");
    let cpus = machine.cpu_count();
    let fresh = AtomicUsize::new(0);
    machine.run_on_all(|_| {
        LoadedCode::synchronize();
        fresh.fetch_add(is_fresh().into(), Relaxed);
    });
    assert_eq!(fresh.into_inner(), cpus, "initial values are not there");
    machine.run_on_all(|cpu| count(PACKETS, (cpu.id() + 1) % cpus));
    for cpu in CpuId::all().take(cpus) {
        let packets = read::<u64>(module, "PACKETS", cpu)?;
        let bytes = read::<u32>(module, "BYTES", cpu)?;
        let kicks = read::<u64>(module, "KICKS", cpu)?;
        println!("cpu {cpu}: {packets} packets, {bytes} bytes, {kicks} kicks");
        let expected = (1000 + PACKETS, 64 * PACKETS as u32, 5 + PACKETS);
        assert_eq!((packets, bytes, kicks), expected);
        assert_eq!(read::<u64>(module, "QUEUE", cpu)?, PACKETS);
    }
    // The module's own sums are over all areas.
    let (areas, running) = (percpu_hv::percpu_area_num() as u64, cpus as u64);
    assert_eq!(packets(), 1000 * areas + PACKETS * running);
    assert_eq!(kicks(), 5 * areas + PACKETS * running);
    Ok(module.percpu_address())
}

/// Reads a CPU's copy of a variable of the module, or the first field of that.
fn read<'a, T: Copy>(
    module: &Module<'a, '_>,
    variable: &'static str,
    cpu: CpuId,
) -> Result<T, Error<'a>> {
    let (copy, size) = module.variable(variable, cpu)?;
    assert!(size >= size_of::<T>() as u64);
    // SAFETY: rule 23: the variable is of that type, and no core runs the module meanwhile.
    Ok(unsafe { copy.cast::<T>().read() })
}
