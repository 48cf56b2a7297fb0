//! CPUs that claim an id, and areas that are built anew.

use core::hint;
use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{
    CpuId, CpuPin, InitError, PerCpuOnce, claim_first_percpu_reg, claim_percpu_reg, current_cpu,
    def_percpu, init_percpu_reg, poison_percpu_area, reinit_percpu_area, resume_percpu_reg,
    write_percpu_reg,
};

use crate::{Bench, Test};

/// All of them build areas anew, and with them the variables of other tests.
pub(crate) const TESTS: &[Test] = &[
    ("each id is claimed by one CPU", claims),
    ("a CPU without an id claims one", firsts),
    ("an area is built anew", reinit),
    ("a counter outlasts an area", outlasting),
];

/// As many ids as are told apart: the CPUs of the largest machine that runs this.
const MOST: usize = 512;

/// Whether a CPU keeps its id; the threads of a process share theirs.
const KERNEL: bool = cfg!(target_os = "none");

/// Whether a CPU is known when its register is lost.
const KNOWS_ITS_HARDWARE: bool =
    KERNEL && cfg!(not(any(target_arch = "riscv32", target_arch = "riscv64")));

/// Takes the register from this CPU, as a reset does. On x86_64 it is written with an area only.
fn lose_register() {
    if cfg!(not(all(
        target_arch = "x86_64",
        any(target_os = "none", feature = "linux-gs")
    ))) {
        // SAFETY: rule 2, no variable is used until this CPU has an area again.
        unsafe { write_percpu_reg(0) };
    }
}

/// A point that all CPUs reach before one goes on, many times.
struct Meeting {
    cpus: usize,
    arrived: AtomicUsize,
}

impl Meeting {
    fn wait(&self) {
        let turn = |arrived| arrived / self.cpus;
        let own = turn(self.arrived.fetch_add(1, Ordering::AcqRel));
        while turn(self.arrived.load(Ordering::Acquire)) == own {
            hint::spin_loop();
        }
    }

    /// One CPU retires all, which use no variable until they have an area again.
    fn retire_all(&self, cpu: usize) {
        lose_register();
        self.wait();
        if cpu == 0 {
            for id in CpuId::all().take(self.cpus) {
                // SAFETY: rule 17, no CPU uses its area.
                let done = unsafe { reinit_percpu_area(id) };
                assert_eq!(done, Ok(()));
            }
        }
        self.wait();
    }
}

fn claims(bench: &Bench<'_>) {
    static WINNERS: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
    #[def_percpu]
    static VALUE: usize = 0;

    let cpus = bench.cpus().min(MOST);
    let meeting = Meeting {
        cpus: bench.cpus(),
        arrived: AtomicUsize::new(0),
    };
    bench.on_all(|cpu| {
        meeting.retire_all(cpu);
        // All want the same ids, in the same order.
        let mut own = None;
        for (id, winners) in WINNERS.iter().enumerate().take(cpus) {
            match claim_percpu_reg(id) {
                Ok(claimed) => {
                    winners.fetch_add(1, Ordering::Relaxed);
                    bench.equal(cpu, (claimed.index(), current_cpu()), (id, claimed));
                    own = Some(claimed);
                    break;
                }
                Err(error) => bench.equal(cpu, error, InitError::CpuTaken { cpu_id: id }),
            }
        }
        meeting.wait();
        if let Some(own) = own {
            keeps(bench, own);
            VALUE.write_current(own.index() + 1);
            comes_back(bench, own);
            bench.equal(cpu, VALUE.read_current(), own.index() + 1);
        }
        meeting.retire_all(cpu);
    });
    for (id, winners) in WINNERS[..cpus].iter().enumerate() {
        bench.equal(id, winners.load(Ordering::Relaxed), 1);
    }
    bench.on_all(|cpu| {
        let cpu_count = percpu_hv::percpu_area_num();
        for cpu_id in [cpu_count, usize::MAX] {
            let error = InitError::NoSuchCpu { cpu_id, cpu_count };
            bench.equal(cpu, claim_percpu_reg(cpu_id), Err(error));
        }
        // A refused claim leaves the register as it was.
        bench.equal(cpu, current_cpu().index(), cpu);
    });
}

fn firsts(bench: &Bench<'_>) {
    let meeting = Meeting {
        cpus: bench.cpus(),
        arrived: AtomicUsize::new(0),
    };
    let claim = |cpu: usize, cpu_id| {
        // SAFETY: rule 2, this CPU has no id: its area was built anew, and a claim that succeeds is its last one.
        let claimed = unsafe { claim_first_percpu_reg(cpu_id) };
        if claimed.is_ok() {
            bench.equal(cpu, current_cpu().index(), cpu_id);
        }
        claimed.map(CpuId::index)
    };
    bench.on_all(|cpu| {
        meeting.retire_all(cpu);
        let cpu_count = percpu_hv::percpu_area_num();
        let no_such = InitError::NoSuchCpu {
            cpu_id: cpu_count,
            cpu_count,
        };
        bench.equal(cpu, claim(cpu, cpu_count), Err(no_such));
        // CPUs with an even id come first.
        if cpu % 2 == 0 {
            bench.equal(cpu, claim(cpu, cpu), Ok(cpu));
        }
        meeting.wait();
        if cpu % 2 == 1 {
            let cpu_id = cpu - 1;
            bench.equal(cpu, claim(cpu, cpu_id), Err(InitError::CpuTaken { cpu_id }));
            bench.equal(cpu, claim(cpu, cpu), Ok(cpu));
        }
        meeting.wait();
        keeps(bench, current_cpu());
        meeting.retire_all(cpu);
    });
}

/// All CPUs have an id, and this one has `own`: it gets that again, and no other.
fn keeps(bench: &Bench<'_>, own: CpuId) {
    let own_id = own.index();
    for cpu_id in 0..bench.cpus() {
        let expected = if KERNEL && cpu_id == own_id {
            Ok(own)
        } else {
            Err(InitError::CpuTaken { cpu_id })
        };
        bench.equal(own_id, claim_percpu_reg(cpu_id), expected);
    }
    let cpu_id = bench.cpus();
    if KERNEL && cpu_id < percpu_hv::percpu_area_num() {
        let error = InitError::HasOtherId { cpu_id, own_id };
        bench.equal(own_id, claim_percpu_reg(cpu_id), Err(error));
    }
    init_percpu_reg(own_id);
    bench.equal(own_id, current_cpu(), own);
}

/// A CPU that lost its register gets its area back.
fn comes_back(bench: &Bench<'_>, own: CpuId) {
    let cpu_id = own.index();
    lose_register();
    let expected = if KNOWS_ITS_HARDWARE {
        Ok(own)
    } else {
        Err(InitError::CpuTaken { cpu_id })
    };
    bench.equal(cpu_id, claim_percpu_reg(cpu_id), expected);
    lose_register();
    // SAFETY: rule 2, the id that this CPU has.
    unsafe { resume_percpu_reg(cpu_id) };
    bench.equal(cpu_id, current_cpu(), own);
    bench.equal(
        cpu_id,
        percpu_hv::read_percpu_reg(),
        percpu_hv::percpu_area_base(cpu_id),
    );
}

fn reinit(bench: &Bench<'_>) {
    #[def_percpu]
    static NUMBER: u64 = 5;
    #[def_percpu]
    static BYTES: [u8; 3] = *b"abc";
    #[def_percpu]
    static NAME: PerCpuOnce<usize> = PerCpuOnce::new();

    let Some(gone) = last_cpu(bench) else {
        return;
    };
    let last = gone.index();
    bench.on_all(|cpu| {
        NUMBER.write_current(6);
        BYTES.with_current(|bytes| bytes.fill(0xff));
        NAME.get(&CpuPin::new()).get_or_init(|| cpu);
    });
    // SAFETY: rules 6 and 17, that CPU waits for the next job.
    unsafe {
        NUMBER.reset_remote(gone);
        bench.equal(0, poison_percpu_area(gone), Ok(()));
        bench.equal(0, *BYTES.remote_ptr(last), [0x6b; 3]);
        bench.equal(0, claim_percpu_reg(last).is_err(), true);
        bench.equal(0, reinit_percpu_area(gone), Ok(()));
    }
    bench.on_all(|cpu| {
        // A kernel's CPU has it already.
        bench.equal(cpu, claim_percpu_reg(cpu).map(CpuId::index), Ok(cpu));
        bench.equal(cpu, current_cpu().index(), cpu);
        crate::areas::is_own(bench, cpu);
        let pin = CpuPin::new();
        let found = (NUMBER.read(&pin), BYTES.with_current(|bytes| *bytes));
        if cpu != last {
            bench.equal(cpu, found, (6, [0xff; 3]));
            bench.equal(cpu, NAME.get(&pin).get(), Some(&cpu));
        } else {
            bench.equal(cpu, found, (5, *b"abc"));
            bench.equal(cpu, NAME.get(&pin).get(), None);
        }
    });
}

#[cfg(target_has_atomic = "64")]
fn outlasting(bench: &Bench<'_>) {
    use percpu_hv::{PerCpuCounter, bring_up, retire};

    #[def_percpu]
    static COUNT: PerCpuCounter<4> = PerCpuCounter::new();

    let Some(gone) = last_cpu(bench) else {
        return;
    };
    // It goes by itself, and then without a word.
    for goes in [true, false] {
        bench.on_all(|cpu| {
            COUNT.add(cpu as i64 + 3);
            if goes && cpu == gone.index() {
                bench.equal(cpu, bring_up(cpu), Ok(gone));
                COUNT.add(3);
                bench.equal(cpu, retire(), Some(gone));
            }
        });
        let sum = COUNT.sum();
        // SAFETY: rules 6 and 17, that CPU waits for the next job.
        bench.equal(0, unsafe { reinit_percpu_area(gone) }, Ok(()));
        bench.equal(0, COUNT.sum(), sum);
        bench.on_all(|cpu| {
            if cpu == gone.index() {
                bench.equal(cpu, claim_percpu_reg(cpu), Ok(gone));
            }
            COUNT.add(1);
        });
        bench.equal(0, COUNT.sum(), sum + bench.cpus() as i64);
    }
}

#[cfg(not(target_has_atomic = "64"))]
fn outlasting(bench: &Bench<'_>) {
    bench.skip("this architecture has no atomics of 64 bits, which a counter is made of");
}

/// The CPU that the tests take for gone, if there is another one.
fn last_cpu(bench: &Bench<'_>) -> Option<CpuId> {
    let last = bench.cpus() - 1;
    let gone = CpuId::new(last).filter(|_| last > 0);
    if gone.is_none() {
        bench.skip("there is no CPU but the one that runs this");
    }
    gone
}
