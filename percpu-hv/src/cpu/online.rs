//! Which CPUs are online: a CPU comes and goes, and functions of the image are told.

use core::fmt;
use core::mem;

use super::hook::{self, CpuHook};
use super::id::{CpuId, CpuIds, current_cpu};
#[cfg(not(process))]
use super::lifecycle::claim_percpu_reg;
use super::lifecycle::{keep_counts, owner_of};
use super::pin::CpuPin;
use crate::arch;
use crate::error::InitError;

impl CpuId {
    /// Returns whether the CPU is online: it was [brought up](bring_up), and did not [retire](retire) since.
    ///
    /// Whoever finds a CPU online sees all that its [hooks](crate::cpu_hook) stored. The CPU may go at any time.
    #[inline]
    pub fn is_online(self) -> bool {
        owner_of(self).is_online()
    }

    /// Returns the CPUs that are online, in the order of their ids. Each is asked when the iterator reaches it.
    #[inline]
    pub fn online() -> OnlineCpus {
        OnlineCpus(Self::all())
    }
}

/// An iterator over the CPUs that are online, made by [`CpuId::online`].
#[derive(Clone, Debug)]
pub struct OnlineCpus(CpuIds);

impl Iterator for OnlineCpus {
    type Item = CpuId;

    #[inline]
    fn next(&mut self) -> Option<CpuId> {
        self.0.find(|cpu| cpu.is_online())
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.0.size_hint().1)
    }
}

impl DoubleEndedIterator for OnlineCpus {
    #[inline]
    fn next_back(&mut self) -> Option<CpuId> {
        self.0.rfind(|cpu| cpu.is_online())
    }
}

/// The reason why a CPU did not come online. It is as it was before, except that it may have its id and its register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BringUpError {
    /// The CPU does not get the id.
    Id(InitError),
    /// The CPU with this id is online already, or is just coming or going.
    Online {
        /// The id of the CPU.
        cpu_id: usize,
    },
    /// A hook refused. The hooks that had run before it were taken back.
    Refused {
        /// The id of the CPU.
        cpu_id: usize,
        /// The name of the hook.
        hook: &'static str,
        /// What the hook says.
        reason: &'static str,
    },
}

impl fmt::Display for BringUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(error) => error.fmt(f),
            Self::Online { cpu_id } => write!(
                f,
                "CPU id {cpu_id} is online already, or is just coming or going; call `retire` on that CPU before \
                 `bring_up` again"
            ),
            Self::Refused {
                cpu_id,
                hook,
                reason,
            } => write!(
                f,
                "the CPU hook `{hook}` refuses CPU id {cpu_id}: {reason}; the hooks before it were taken back"
            ),
        }
    }
}

impl core::error::Error for BringUpError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Id(error) => Some(error),
            _ => None,
        }
    }
}

/// Brings the current CPU up as CPU `cpu_id`: gives it its area as [`claim_percpu_reg`](crate::claim_percpu_reg) does, runs the
/// [hooks](crate::cpu_hook) in order, and marks it online.
///
/// Call it in place of [`init_percpu_reg`](crate::init_percpu_reg) where CPUs come and go. A CPU that
/// [retired](retire), and even lost its register since, calls it again. It finds its values as it left them, unless its
/// area was [rebuilt](crate::reinit_percpu_area). (RISC-V identifies a hart by its register. There, a hart that lost it
/// calls [`resume_percpu_reg`](crate::resume_percpu_reg) first.)
///
/// An image that is linked high and still runs low takes the area by `init_percpu_reg`, and calls this later: hooks are
/// found by their linked addresses. In a process, any thread may bring up a CPU that is offline.
///
/// # Errors
///
/// [`BringUpError`]. If a hook refuses, those that ran before it are taken back, in reverse, and the CPU stays offline. It
/// keeps its id and its register, and may try again.
///
/// # Panics
///
/// At a wrong exception level, as [`init_percpu_reg`](crate::init_percpu_reg). If a hook makes this CPU another one.
#[track_caller]
pub fn bring_up(cpu_id: usize) -> Result<CpuId, BringUpError> {
    let cpu = enter(cpu_id)?;
    let changing = Changing(cpu);
    let _pin = CpuPin::new();
    let mut last = None;
    for hook in hook::in_order() {
        if let Err(reason) = (hook.up)(cpu) {
            take_back(cpu, last);
            let hook = hook.name;
            return Err(BringUpError::Refused {
                cpu_id,
                hook,
                reason,
            });
        }
        assert!(
            current_cpu() == cpu,
            "a CPU hook made CPU {cpu} another CPU; it must not call `bring_up` or `init_percpu_reg`"
        );
        last = Some(hook);
    }
    mem::forget(changing);
    owner_of(cpu).came();
    Ok(cpu)
}

/// A CPU that comes or goes. It is offline in the end, also if a hook panics in a process.
struct Changing(CpuId);

impl Drop for Changing {
    fn drop(&mut self) {
        owner_of(self.0).went();
    }
}

/// Gives the current CPU its area, and begins to come online.
#[cfg(not(process))]
fn enter(cpu_id: usize) -> Result<CpuId, BringUpError> {
    let cpu = claim_percpu_reg(cpu_id).map_err(BringUpError::Id)?;
    if owner_of(cpu).come(arch::memory_is_normal()) {
        Ok(cpu)
    } else {
        Err(BringUpError::Online { cpu_id })
    }
}

/// Begins to come online, and makes this thread run as the CPU.
#[cfg(process)]
fn enter(cpu_id: usize) -> Result<CpuId, BringUpError> {
    let cpu = CpuId::try_from(cpu_id).map_err(BringUpError::Id)?;
    super::lifecycle::check_built(cpu).map_err(BringUpError::Id)?;
    if !owner_of(cpu).come(arch::memory_is_normal()) {
        return Err(BringUpError::Online { cpu_id });
    }
    super::lifecycle::init_percpu_reg(cpu_id);
    Ok(cpu)
}

/// Takes the current CPU offline: marks it offline, runs the [hooks](crate::cpu_hook) in reverse, and moves its counts to
/// the counters' totals. Returns its id.
///
/// The CPU keeps its id, its register and its values, and goes on to use them. Software then switches it off, and
/// [`bring_up`] brings it back. To hand out its id or to have the initial values again is `unsafe`:
/// [`reinit_percpu_area`](crate::reinit_percpu_area).
///
/// After the hooks, this CPU's parts of all static counters move to the counters' totals. What this CPU counts later stays
/// in its parts, and with the MMU off all does, until the area is [rebuilt](crate::reinit_percpu_area).
///
/// `None` if the CPU is not online. Nothing happens then.
///
/// # Panics
///
/// As [`current_cpu`](crate::current_cpu).
#[track_caller]
pub fn retire() -> Option<CpuId> {
    let _pin = CpuPin::new();
    let cpu = current_cpu();
    if !owner_of(cpu).go(arch::memory_is_normal()) {
        return None;
    }
    let _changing = Changing(cpu);
    take_back(cpu, hook::last());
    Some(cpu)
}

/// Runs the second functions of the hooks from `last` to the first, and moves what the CPU counted to the totals.
fn take_back(cpu: CpuId, last: Option<&'static CpuHook>) {
    for hook in hook::back_from(last) {
        (hook.down)(cpu);
    }
    keep_counts(cpu);
}
