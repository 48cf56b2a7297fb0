//! What lies at one offset in every area, and the instructions that reach it.

use super::memory::{
    compare_exchange_at, fetch_at, load_at, publish, same_bits, store_at, store_same_at, swap_at,
};
use super::scalar::{Bits, Integer, Scalar, one};
use super::{HOT_REACH, register_for_access};

/// A place in every area: a variable, or a field of the area's header.
///
/// The methods say how a copy is reached. An architecture that does it in fewer instructions than these take
/// overrides them.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`address`](Access::address) and [`displacement`](Access::displacement) name one place in
/// the per-CPU section.
pub unsafe trait Access {
    /// The address that the linker gave the place in the template.
    fn address() -> usize;

    /// What is added to the per-CPU register to reach this CPU's copy: the offset where the
    /// register holds the base, the address where it is biased.
    fn displacement() -> usize;

    /// The address of the copy of the CPU whose per-CPU register has this value.
    #[inline(always)]
    fn at(register: usize) -> usize {
        register.wrapping_add(Self::displacement())
    }

    /// The address of the copy of this CPU, whose per-CPU register has this value.
    #[inline(always)]
    fn pinned(register: usize) -> usize {
        Self::at(register)
    }

    /// Loads the copy of the CPU whose per-CPU register has this value.
    ///
    /// # Safety
    ///
    /// `V` is `T`; rules 2 and 5 of docs/safety.md.
    #[inline(always)]
    unsafe fn load_from<V: Scalar>(register: usize) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { load_at(Self::at(register)) }
    }

    /// Stores the copy of the CPU whose per-CPU register has this value.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from).
    #[inline(always)]
    unsafe fn store_to<V: Scalar>(register: usize, value: V) {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { store_at(Self::at(register), value) }
    }

    /// Whether the register is an operand of an access: its value in another register is of no use.
    const REGISTER_IS_OPERAND: bool = false;

    /// Whether the variable is among the hot ones.
    const HOT: bool;

    /// Whether the offset is part of an access: it takes no instruction.
    const OFFSET_IS_IMMEDIATE: bool = Self::HOT && HOT_REACH.is_some();

    /// Loads this CPU's copy, whose per-CPU register has this value.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from), and the context stays on this CPU.
    #[inline(always)]
    unsafe fn load_pinned<V: Scalar>(register: usize) -> V {
        // SAFETY: as here.
        unsafe {
            if Self::REGISTER_IS_OPERAND {
                Self::load()
            } else {
                Self::load_from(register)
            }
        }
    }

    /// Stores this CPU's copy, whose per-CPU register has this value.
    ///
    /// # Safety
    ///
    /// As [`load_pinned`](Access::load_pinned).
    #[inline(always)]
    unsafe fn store_pinned<V: Scalar>(register: usize, value: V) {
        // SAFETY: as here.
        unsafe {
            if Self::REGISTER_IS_OPERAND {
                Self::store(value);
            } else {
                Self::store_to(register, value);
            }
        }
    }

    /// The address of this CPU's copy.
    #[inline(always)]
    fn current() -> usize {
        if Self::OFFSET_IS_IMMEDIATE {
            return Self::at(register_for_access());
        }
        // First what does not change: the optimizer takes it out of a loop.
        let displacement = Self::displacement();
        register_for_access().wrapping_add(displacement)
    }

    /// Loads this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from).
    #[inline(always)]
    unsafe fn load<V: Scalar>() -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE {
                Self::load_from(register_for_access())
            } else {
                load_at(Self::current())
            }
        }
    }

    /// Stores this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn store<V: Scalar>(value: V) {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE {
                Self::store_to(register_for_access(), value);
            } else {
                store_at(Self::current(), value);
            }
        }
    }

    /// Replaces this CPU's copy by what `new` makes of it, by a load and a store, and gives what was
    /// there.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn replace_unprotected<V: Scalar>(new: impl FnOnce(V) -> V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE && Self::REGISTER_IS_OPERAND {
                let old = Self::load();
                Self::store(new(old));
                old
            } else if Self::OFFSET_IS_IMMEDIATE {
                let register = register_for_access();
                let old = Self::load_from(register);
                Self::store_to(register, new(old));
                old
            } else {
                let address = Self::current();
                let old = load_at(address);
                store_at(address, new(old));
                old
            }
        }
    }

    /// Lets `f` change the value of this CPU's copy, and stores it if its bits changed: a look leaves what a
    /// handler wrote meanwhile.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn edit<V: Scalar, R>(f: impl FnOnce(&mut V) -> R) -> R {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE && Self::REGISTER_IS_OPERAND {
                let old = Self::load();
                let (new, result) = edited(old, f);
                if same_bits(old, new) {
                    store_same_at(Self::current, old, new);
                } else {
                    publish::<V>();
                    Self::store(new);
                }
                result
            } else if Self::OFFSET_IS_IMMEDIATE {
                let register = register_for_access();
                let old = Self::load_from(register);
                let (new, result) = edited(old, f);
                if same_bits(old, new) {
                    store_same_at(|| Self::at(register), old, new);
                } else {
                    publish::<V>();
                    Self::store_to(register, new);
                }
                result
            } else {
                let address = Self::current();
                let old = load_at(address);
                let (new, result) = edited(old, f);
                if same_bits(old, new) {
                    store_same_at(|| address, old, new);
                } else {
                    publish::<V>();
                    store_at(address, new);
                }
                result
            }
        }
    }

    /// Whether the operations below are one instruction each, which no migration can split.
    const IN_ONE_INSTRUCTION: bool = false;

    /// Replaces this CPU's copy, and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn swap<V: Scalar>(value: V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { swap_at(Self::current(), value) }
    }

    /// Replaces this CPU's copy if it has the bits of `current`; what was there is `Ok` if so.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn compare_exchange<V: Scalar>(current: V, new: V) -> Result<V, V> {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { compare_exchange_at(Self::current(), current, new) }
    }

    /// Replaces this CPU's copy by what `new` makes of it, and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn replace<V: Scalar>(mut new: impl FnMut(V) -> V) -> V {
        // SAFETY: as here.
        unsafe {
            let mut old = Self::load();
            loop {
                match Self::compare_exchange(old, new(old)) {
                    Ok(old) => return old,
                    Err(found) => old = found,
                }
            }
        }
    }

    /// Combines this CPU's copy with `operand` by the operation `OP`, one of [`op`](super::op).
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load); `V: Integer` for `add` and `sub`.
    #[inline(always)]
    unsafe fn update<V: Bits, const OP: u8>(operand: V) {
        // SAFETY: as here.
        unsafe { fetch_at::<V, OP>(Self::current(), operand) };
    }

    /// Adds or subtracts 1.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn step<V: Integer, const OP: u8>() {
        // SAFETY: as here.
        unsafe { Self::update::<V, OP>(one()) };
    }

    /// As [`update`](Access::update), and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`update`](Access::update).
    #[inline(always)]
    unsafe fn fetch<V: Bits, const OP: u8>(operand: V) -> V {
        // SAFETY: as here.
        unsafe { fetch_at::<V, OP>(Self::current(), operand) }
    }
}

/// What `f` makes of a value, and its result.
#[inline(always)]
fn edited<V, R>(mut value: V, f: impl FnOnce(&mut V) -> R) -> (V, R) {
    let result = f(&mut value);
    (value, result)
}
