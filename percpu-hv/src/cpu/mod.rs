//! The current CPU: its id, its per-CPU register, and the guards that keep a context on it.

mod arrival;
mod hook;
mod id;
mod irq;
mod lifecycle;
#[cfg(process)]
#[cfg_attr(not(hosted), path = "no_machine.rs")]
mod machine;
mod online;
mod pin;
mod preempt;
mod register;

pub use arrival::{add_area, add_area_from};
pub use hook::CpuHook;
pub use id::{CpuId, CpuIds, current_cpu};
pub use irq::IrqOff;
pub use lifecycle::{
    claim_first_percpu_reg, claim_percpu_reg, init_percpu_reg, poison_percpu_area,
    reinit_percpu_area, resume_percpu_reg,
};
#[cfg(process)]
pub use machine::{as_cpu, with_cpus};
pub use online::{BringUpError, OnlineCpus, bring_up, retire};
pub use pin::CpuPin;
pub use preempt::NoPreemptGuard;
pub(crate) use register::assert_register;
#[allow(unused_imports, reason = "one CPU has no register")]
pub(crate) use register::check_register;
pub use register::{read_percpu_reg, write_percpu_reg};
