//! Starting the other cores, and running a function on all of them.

use core::{
    marker::PhantomData,
    mem,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use spin::Mutex;

use crate::{
    machine::Machine,
    platform::{self, wait::wait_until},
};

/// The CPU that runs this code.
#[derive(Debug)]
pub struct Cpu {
    id: usize,
    /// Neither `Send` nor `Sync`.
    _here: PhantomData<*mut ()>,
}

impl Cpu {
    /// The CPU id: `0..cpu_count`, the boot core is 0.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The id that the hardware shows (AArch64: the affinity fields of `MPIDR_EL1`).
    pub fn hardware_id(&self) -> u64 {
        platform::hardware_id()
    }

    /// Switches this core off. [`Machine::start_core`] starts it again, at its beginning. Returns only if the firmware
    /// refuses.
    #[cfg(target_arch = "aarch64")]
    pub fn switch_off(self) -> smccc::psci::error::Error {
        platform::switch_off()
    }

    /// The privilege level that this CPU runs at (AArch64: `EL2` or `EL1`).
    pub fn level(&self) -> &'static str {
        platform::privilege()
    }
}

type Job = &'static (dyn Fn(Cpu) + Sync);

/// What the cores run that [`Machine::start_core`] starts.
static MAIN: Mutex<Option<fn(Cpu) -> !>> = Mutex::new(None);

static JOB: Mutex<Option<Job>> = Mutex::new(None);
/// How many jobs there have been.
static JOBS: AtomicUsize = AtomicUsize::new(0);
/// How many secondaries wait for a job, or have finished the current one.
static READY: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicBool = AtomicBool::new(false);

impl Machine {
    /// The boot core, which `main` runs on.
    ///
    /// # Panics
    ///
    /// On any other core.
    pub fn boot_cpu(&self) -> Cpu {
        assert_eq!(
            platform::hardware_id(),
            self.hardware_id(0),
            "boot_cpu() is for the boot core"
        );
        here(0)
    }

    /// Starts the secondary cores, if they do not run yet; each then waits for [`run_on_all`](Self::run_on_all).
    ///
    /// # Panics
    ///
    /// If the firmware does not start a core, or a core does not arrive in time ([`wait_until`]).
    pub fn start_secondaries(&self) {
        if STARTED.swap(true, Ordering::Relaxed) {
            return;
        }
        for (id, &hardware_id) in self.cpus.iter().enumerate().skip(1) {
            if let Err(reason) = platform::start_core(id, hardware_id) {
                panic!("the firmware does not start cpu {id}: {reason}");
            }
        }
        self.wait_for_secondaries("to start");
    }

    /// Starts core `cpu`, which runs `main` on a stack of its own, whatever it ran before it was switched off. All
    /// cores have the `main` of the last call, and none of them waits for [`run_on_all`](Self::run_on_all).
    ///
    /// # Errors
    ///
    /// The firmware's, if it does not start the core.
    ///
    /// # Panics
    ///
    /// If `cpu` is not below [`cpu_count`](Self::cpu_count).
    #[cfg(target_arch = "aarch64")]
    pub fn start_core(
        &self,
        cpu: usize,
        main: fn(Cpu) -> !,
    ) -> Result<(), smccc::psci::error::Error> {
        *MAIN.lock() = Some(main);
        platform::start_core(cpu, self.hardware_id(cpu))
    }

    /// Returns whether core `cpu` is off, as the firmware says.
    ///
    /// # Panics
    ///
    /// If `cpu` is not below [`cpu_count`](Self::cpu_count).
    #[cfg(target_arch = "aarch64")]
    pub fn is_off(&self, cpu: usize) -> bool {
        platform::is_off(self.hardware_id(cpu))
    }

    /// Runs `job` on every CPU at once, the caller included, and returns when all have returned.
    ///
    /// # Panics
    ///
    /// If it is called while it runs, if a core does not start, or if a core does not return in time ([`wait_until`])
    /// after the caller's own `job` has returned. A panic of `job` on any core stops the machine.
    pub fn run_on_all(&self, job: impl Fn(Cpu) + Sync) {
        assert!(
            !RUNNING.swap(true, Ordering::Acquire),
            "run_on_all is running already"
        );
        self.start_secondaries();
        let job: &(dyn Fn(Cpu) + Sync) = &job;
        // SAFETY: rule 16, only the lifetime changes; this function returns when no core uses `job` any more, and
        // a panic does not unwind: it stops the machine.
        let job = unsafe { mem::transmute::<&(dyn Fn(Cpu) + Sync), Job>(job) };
        *JOB.lock() = Some(job);
        READY.store(0, Ordering::Relaxed);
        JOBS.fetch_add(1, Ordering::Release);
        platform::send_event();
        job(self.boot_cpu());
        self.wait_for_secondaries("to return");
        RUNNING.store(false, Ordering::Release);
    }

    fn wait_for_secondaries(&self, what: &str) {
        let expected = self.cpu_count() - 1;
        wait_until(format_args!("{expected} secondary cpus {what}"), || {
            READY.load(Ordering::Acquire) == expected
        });
    }
}

/// The loop of a secondary core with its MMU on: waits for a job, and runs it.
#[unsafe(export_name = "__hv_boot_serve")]
extern "C" fn serve(id: usize) -> ! {
    let main = *MAIN.lock();
    if let Some(main) = main {
        main(here(id));
    }
    let mut done = 0;
    loop {
        READY.fetch_add(1, Ordering::Release);
        while JOBS.load(Ordering::Acquire) == done {
            platform::wait_for_event();
        }
        done += 1;
        let job = JOB.lock().expect("a job is stored before it is announced");
        job(here(id));
    }
}

fn here(id: usize) -> Cpu {
    Cpu {
        id,
        _here: PhantomData,
    }
}
