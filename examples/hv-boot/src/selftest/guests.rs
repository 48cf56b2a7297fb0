//! What `percpu_hv::guide::in_a_hypervisor` says of guests, of the interrupts that end their runs, and of interrupts
//! that no mask stops: on each core, with a guest of a few instructions.

use core::{fmt, time::Duration};

use conformance::Count;
use percpu_hv::{IrqOff, current_cpu, def_percpu};

use crate::{
    Cpu, Machine,
    guests::{self, Exit, GUEST_VALUE, Interrupts, Virtualization},
    interrupts, println, wait_until,
};

/// How often a guest runs.
const RUNS: usize = 100;
/// From the start of a timer to its interrupt.
const DELAY: Duration = Duration::from_micros(200);
/// A guest that no interrupt ends goes on for longer than that, and one that an interrupt ends would go on for seconds.
const SOME_TURNS: usize = 5_000_000;
const MANY_TURNS: usize = u32::MAX as usize;

#[def_percpu]
static OWN: usize = 0;
/// How many interrupts this core took, and how many that no mask stops.
#[def_percpu]
static TAKEN: u32 = 0;
#[def_percpu]
static UNMASKED: u32 = 0;
/// How many of these found [`BORROWED`] borrowed.
#[def_percpu]
static REFUSED: u32 = 0;
#[def_percpu(exclusive)]
static BORROWED: [u32; 2] = [0; 2];
/// What this core found wrong, or how often it looked.
#[def_percpu(exclusive)]
static FOUND: Result<usize, Wrong> = Ok(0);

/// What is not as the page says.
#[derive(Clone, Copy)]
enum Wrong {
    Register(Exit),
    Variable,
    Interrupted(bool),
    Early(u32),
    Unmasked { taken: u32, refused: u32 },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Register(exit) => {
                let Exit {
                    register, guests, ..
                } = exit;
                write!(
                    f,
                    "the exit found {register:#x} in the register, and the guest's {guests:#x}"
                )
            }
            Self::Variable => write!(f, "after the exit a variable is another core's"),
            Self::Interrupted(true) => write!(f, "an interrupt ended the run"),
            Self::Interrupted(false) => write!(f, "no interrupt ended the run"),
            Self::Early(taken) => write!(f, "{taken} interrupts came before the guard ended"),
            Self::Unmasked { taken, refused } => {
                write!(
                    f,
                    "{taken} interrupts came that no mask stops, {refused} were refused a borrow"
                )
            }
        }
    }
}

/// A guest changes the register or does not, and after its run this core's variables are this core's.
pub(super) fn leave_the_register(machine: &Machine) -> Count {
    on_all_cores(machine, "guests_leave_the_register", |cpu, kind| {
        for run in 0..RUNS {
            OWN.write_current(cpu.id() + run);
            let exit = (kind.run)(1);
            let is_guests = exit.register == GUEST_VALUE;
            if exit.guests != GUEST_VALUE || is_guests != kind.guest_writes_register {
                return Err(Wrong::Register(exit));
            }
            if OWN.read_current() != cpu.id() + run || current_cpu().index() != cpu.id() {
                return Err(Wrong::Variable);
            }
        }
        Ok(RUNS)
    })
}

/// An interrupt of the hypervisor's ends a guest's run whatever the guest masks. If the hypervisor has an `IrqOff`
/// meanwhile, the handler waits for the end of that guard. Where its mask counts for the guest, the end of the run
/// waits, too.
pub(super) fn end_by_interrupts(machine: &Machine) -> Count {
    on_all_cores(machine, "interrupts_end_a_run", |cpu, kind| {
        let mut taken = 0;
        for guarded in [false, true] {
            let ends = match kind.interrupts {
                Interrupts::All => true,
                Interrupts::Unmasked => !guarded,
                Interrupts::None => false,
            };
            interrupts::enable();
            let irq = guarded.then(IrqOff::new);
            interrupts::start_timer(DELAY, || TAKEN.inc_current());
            let exit = (kind.run)(if ends { MANY_TURNS } else { SOME_TURNS });
            let early = TAKEN.read_current();
            drop(irq);
            wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
                TAKEN.read_current() > 0
            });
            interrupts::disable();
            prepare(cpu);
            taken += 1;
            if exit.interrupted != ends {
                return Err(Wrong::Interrupted(exit.interrupted));
            }
            if guarded && early != 0 {
                return Err(Wrong::Early(early));
            }
        }
        Ok(taken)
    })
}

/// What comes although an `IrqOff` lives. It may use values, and ask for what is exclusive.
fn unmasked() {
    UNMASKED.inc_current();
    if BORROWED.try_with_current(|pair| pair[1] += 1).is_err() {
        REFUSED.inc_current();
    }
    drop(IrqOff::new());
}

/// A non-maskable interrupt comes inside of an `IrqOff` and inside of a borrow, and leaves both as they were.
pub(super) fn come_under_irq_off(machine: &Machine) -> Count {
    let name = "non_maskable_interrupts_come_under_irq_off";
    machine.run_on_all(|cpu| {
        prepare(&cpu);
        let found = interrupt_unmaskably(&cpu);
        FOUND.with_current(|own| *own = found);
    });
    verdict(machine, name, "an NMI")
}

fn interrupt_unmaskably(cpu: &Cpu) -> Result<usize, Wrong> {
    UNMASKED.write_current(0);
    REFUSED.write_current(0);
    interrupts::enable();
    let irq = IrqOff::new();
    interrupts::start_timer(DELAY, || TAKEN.inc_current());
    let sent = BORROWED.with_current(|pair| {
        let sent = interrupts::send_nmi(unmasked);
        if sent {
            wait_until(format_args!("an NMI of cpu {}", cpu.id()), || {
                UNMASKED.read_current() > 0
            });
        }
        pair[0] += 1;
        sent
    });
    let (early, unmasked, refused) = (
        TAKEN.read_current(),
        UNMASKED.read_current(),
        REFUSED.read_current(),
    );
    drop(irq);
    wait_until(format_args!("cpu {} to be interrupted", cpu.id()), || {
        TAKEN.read_current() > 0
    });
    interrupts::disable();
    interrupts::stop_timer();
    match (sent, early, unmasked, refused) {
        (false, 0, 0, 0) => Ok(0),
        (true, 0, 1, 1) => Ok(1),
        (_, 0, taken, refused) => Err(Wrong::Unmasked { taken, refused }),
        _ => Err(Wrong::Early(early)),
    }
}

/// A non-maskable interrupt that is sent before the exit has restored the register comes when it has, or its handler
/// loads the register itself and leaves it as it was.
pub(super) fn find_the_register(machine: &Machine) -> Count {
    let name = "non_maskable_interrupts_find_the_register";
    if guests::virtualizations()
        .iter()
        .all(|kind| kind.run_with_nmi.is_none())
    {
        println!("test guests::{name} ... left out: no such interrupt here");
        return Count::default();
    }
    on_all_cores(machine, name, |cpu, kind| {
        let Some(run) = kind.run_with_nmi else {
            return Ok(0);
        };
        UNMASKED.write_current(0);
        interrupts::send_nmi(unmasked);
        for run_number in 1..=RUNS as u32 {
            let exit = run(1);
            if exit.register != GUEST_VALUE {
                return Err(Wrong::Register(exit));
            }
            let taken = UNMASKED.read_current();
            if taken != 1 + run_number || current_cpu().index() != cpu.id() {
                let refused = REFUSED.read_current();
                return Err(Wrong::Unmasked { taken, refused });
            }
        }
        Ok(RUNS)
    })
}

/// Takes what is pending of earlier tests, which would end a run before the guest's first instruction.
fn prepare(cpu: &Cpu) {
    percpu_hv::init_percpu_reg(cpu.id());
    interrupts::stop_timer();
    interrupts::enable();
    interrupts::disable();
    // A handler has started it again.
    interrupts::stop_timer();
    TAKEN.write_current(0);
}

fn on_all_cores(
    machine: &Machine,
    name: &str,
    job: impl Fn(&Cpu, &Virtualization) -> Result<usize, Wrong> + Sync,
) -> Count {
    let kinds = guests::virtualizations();
    if kinds.is_empty() {
        println!("test guests::{name} ... left out: no guests here");
    }
    kinds.iter().fold(Count::default(), |count, kind| {
        machine.run_on_all(|cpu| {
            prepare(&cpu);
            let found = job(&cpu, kind);
            FOUND.with_current(|own| *own = found);
        });
        count.and(verdict(machine, name, kind.name))
    })
}

/// Whether no core found something wrong; left out where none looked.
fn verdict(machine: &Machine, name: &str, what: impl fmt::Display) -> Count {
    let (mut looks, mut failed) = (0, 0);
    for cpu in 0..machine.cpu_count() {
        // SAFETY: rule 6: a valid id, after init; the other cores have no job now.
        match unsafe { *FOUND.remote_ref_raw(cpu) } {
            Ok(times) => looks += times,
            Err(wrong) => {
                failed = 1;
                println!("    cpu {cpu}: {wrong}");
            }
        }
    }
    if failed == 0 && looks == 0 {
        println!("test guests::{name} ... left out: no such interrupt here");
        return Count::default();
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test guests::{name} ({what}: {looks} times) ... {verdict}");
    Count {
        passed: 1 - failed,
        failed,
    }
}
