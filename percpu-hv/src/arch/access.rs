//! The places of an area, and the methods that load, store and change a copy.

#[cfg_attr(
    displaced,
    allow(unused_imports, reason = "instructions replace some of them")
)]
use super::memory::{
    compare_exchange_at, fetch_at, load_at, publish, same_bits, store_at, store_same_at, swap_at,
};
#[cfg(named)]
use super::register_plus;
#[cfg_attr(
    displaced,
    allow(unused_imports, reason = "an instruction replaces `one`")
)]
use super::scalar::{Bits, Integer, Scalar, combine, one, op};
use super::{HOT_REACH, register_for_access};

/// Evaluates to its first operand where an access takes the displacement in a register, and to the second elsewhere.
#[cfg(displaced)]
macro_rules! by_displacement {
    ($access:expr, $otherwise:expr) => {
        $access
    };
}

#[cfg(not(displaced))]
macro_rules! by_displacement {
    ($access:expr, $otherwise:expr) => {
        $otherwise
    };
}

/// Evaluates to its first operand where loads and stores add a register to the per-CPU register, and to the second
/// elsewhere.
#[cfg(indexed)]
macro_rules! by_offset {
    ($access:expr, $otherwise:expr) => {
        $access
    };
}

#[cfg(not(any(displaced, indexed)))]
macro_rules! by_offset {
    ($access:expr, $otherwise:expr) => {
        $otherwise
    };
}

/// Returns the sum of the per-CPU register and a distance. The distance is computed before: if it is constant, the
/// optimizer hoists it out of loops.
#[cfg(not(named))]
#[inline(always)]
fn register_plus(distance: usize) -> usize {
    register_for_access().wrapping_add(distance)
}

/// Loads this CPU's copy of the place with a displacement. A debug build compiles it once for each type, not for each
/// variable.
///
/// # Safety
///
/// As [`Access::load`].
#[cfg(not(any(displaced, indexed)))]
#[inline]
unsafe fn load_displaced<V: Scalar>(displacement: usize) -> V {
    // SAFETY: as this function.
    unsafe { load_at(register_plus(displacement)) }
}

/// Stores this CPU's copy of the place with a displacement, as [`load_displaced`] loads it.
///
/// # Safety
///
/// As [`Access::store`].
#[cfg(not(any(displaced, indexed)))]
#[inline]
unsafe fn store_displaced<V: Scalar>(displacement: usize, value: V) {
    // SAFETY: as this function.
    unsafe { store_at(register_plus(displacement), value) }
}

/// The unit of an index: a number of bytes that a memory operand can scale by.
pub trait Unit {
    /// 1, 2, 4 or 8.
    const BYTES: usize;
}

/// A place in every area: a variable, or a field of the area's header.
///
/// The methods access a copy of the place. An architecture overrides those that it can do in fewer instructions.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`displacement`](Access::displacement) belongs to a place in the per-CPU section.
pub unsafe trait Access {
    /// Returns what an access adds to the per-CPU register to reach this CPU's copy. It is the offset if the register
    /// holds the base, and the address if the register is biased.
    fn displacement(&self) -> usize;

    /// As [`displacement`](Access::displacement), also of a hot variable that the linker put out of reach.
    #[inline(always)]
    fn linked(&self) -> usize {
        self.displacement()
    }

    /// Returns the address of a CPU's copy. `register` is the value of that CPU's per-CPU register.
    #[inline(always)]
    fn at(&self, register: usize) -> usize {
        register.wrapping_add(self.displacement())
    }

    /// Returns the address of this CPU's copy. `register` is the value of this CPU's per-CPU register.
    #[inline(always)]
    fn pinned(&self, register: usize) -> usize {
        self.at(register)
    }

    /// Loads a CPU's copy. `register` is the value of that CPU's per-CPU register.
    ///
    /// # Safety
    ///
    /// `V` is the type of the place; rules 2 and 5 of docs/safety.md.
    #[inline(always)]
    unsafe fn load_from<V: Scalar>(&self, register: usize) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { load_at(self.at(register)) }
    }

    /// Stores a CPU's copy. `register` is the value of that CPU's per-CPU register.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from).
    #[inline(always)]
    unsafe fn store_to<V: Scalar>(&self, register: usize, value: V) {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { store_at(self.at(register), value) }
    }

    /// Whether loads and stores name the per-CPU register, so that they do not need its value in another register.
    const REGISTER_IS_OPERAND: bool = cfg!(any(displaced, named));

    /// Whether the place is reached as a hot variable.
    const HOT: bool = false;

    /// Whether the offset is an immediate of the access, and takes no instruction of its own.
    const OFFSET_IS_IMMEDIATE: bool = cfg!(displaced) || Self::HOT && HOT_REACH.is_some();

    /// Whether [`current`](Access::current) adds a constant last, which a load or a store takes as its immediate.
    const CONSTANT_IS_LAST: bool = false;

    /// Loads this CPU's copy. `register` is the value of this CPU's per-CPU register.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from), and the context stays on this CPU.
    #[inline(always)]
    unsafe fn load_pinned<V: Scalar>(&self, register: usize) -> V {
        // SAFETY: as this method.
        unsafe {
            if Self::REGISTER_IS_OPERAND {
                self.load()
            } else {
                self.load_from(register)
            }
        }
    }

    /// Stores this CPU's copy. `register` is the value of this CPU's per-CPU register.
    ///
    /// # Safety
    ///
    /// As [`load_pinned`](Access::load_pinned).
    #[inline(always)]
    unsafe fn store_pinned<V: Scalar>(&self, register: usize, value: V) {
        // SAFETY: as this method.
        unsafe {
            if Self::REGISTER_IS_OPERAND {
                self.store(value);
            } else {
                self.store_to(register, value);
            }
        }
    }

    /// Returns the address of this CPU's copy.
    #[inline(always)]
    fn current(&self) -> usize {
        if Self::OFFSET_IS_IMMEDIATE {
            return self.at(register_for_access());
        }
        register_plus(self.displacement())
    }

    /// Loads this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Access::load_from).
    #[inline(always)]
    unsafe fn load<V: Scalar>(&self) -> V {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__load!(
                    self.current(), __text_by_displacement copy [base = in(reg) self.displacement(),]
                ),
                if Self::OFFSET_IS_IMMEDIATE {
                    self.load_from(register_for_access())
                } else {
                    by_offset!(
                        crate::__load!(
                            self.current(), __text_by_offset copy [displacement = in(reg) self.displacement(),]
                        ),
                        if Self::CONSTANT_IS_LAST {
                            load_at(self.current())
                        } else {
                            load_displaced(self.displacement())
                        }
                    )
                }
            )
        }
    }

    /// Stores this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn store<V: Scalar>(&self, value: V) {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__store!(
                    value, self.current(), __text_by_displacement copy reg_byte
                    [base = in(reg) self.displacement(),]
                ),
                if Self::OFFSET_IS_IMMEDIATE {
                    self.store_to(register_for_access(), value);
                } else {
                    by_offset!(
                        crate::__store!(
                            value, self.current(), __text_by_offset copy reg
                            [displacement = in(reg) self.displacement(),]
                        ),
                        if Self::CONSTANT_IS_LAST {
                            store_at(self.current(), value)
                        } else {
                            store_displaced(self.displacement(), value)
                        }
                    );
                }
            )
        }
    }

    /// Replaces this CPU's copy with the result of `new`, by a load and a store. Returns the old value.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn replace_unprotected<V: Scalar>(&self, new: impl FnOnce(V) -> V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE && Self::REGISTER_IS_OPERAND {
                let old = self.load();
                self.store(new(old));
                old
            } else if Self::OFFSET_IS_IMMEDIATE {
                let register = register_for_access();
                let old = self.load_from(register);
                self.store_to(register, new(old));
                old
            } else {
                let address = self.current();
                let old = load_at(address);
                store_at(address, new(old));
                old
            }
        }
    }

    /// Calls `f` with the value of this CPU's copy, and stores the value if `f` changed its bits. Without a change it
    /// does not overwrite what a handler stored meanwhile.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn edit<V: Scalar, R>(&self, f: impl FnOnce(&mut V) -> R) -> R {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE && Self::REGISTER_IS_OPERAND {
                let old = self.load();
                let (new, result) = edited(old, f);
                if same_bits(old, new) {
                    store_same_at(|| self.current(), old, new);
                } else {
                    publish::<V>();
                    self.store(new);
                }
                result
            } else if Self::OFFSET_IS_IMMEDIATE {
                let register = register_for_access();
                let old = self.load_from(register);
                let (new, result) = edited(old, f);
                if same_bits(old, new) {
                    store_same_at(|| self.at(register), old, new);
                } else {
                    publish::<V>();
                    self.store_to(register, new);
                }
                result
            } else {
                let address = self.current();
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

    /// Whether each operation below is one instruction, which no migration can split, or a loop around one.
    const IN_ONE_INSTRUCTION: bool = cfg!(displaced);

    /// Replaces this CPU's copy. Returns the old value.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn swap<V: Scalar>(&self, value: V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __swap value, __text_by_displacement [base = in(reg) self.displacement(),]
                ),
                swap_at(self.current(), value)
            )
        }
    }

    /// Replaces this CPU's copy if it has the bits of `current`. Returns the old value, as `Ok` if it was replaced.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn compare_exchange<V: Scalar>(&self, current: V, new: V) -> Result<V, V> {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __compare_exchange current, new, __text_by_displacement [base = in(reg) self.displacement(),]
                ),
                compare_exchange_at(self.current(), current, new)
            )
        }
    }

    /// Replaces this CPU's copy with the result of `new`. Returns the old value.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn replace<V: Scalar>(&self, mut new: impl FnMut(V) -> V) -> V {
        // SAFETY: as this method.
        unsafe {
            let mut old = self.load();
            loop {
                match self.compare_exchange(old, new(old)) {
                    Ok(old) => return old,
                    Err(found) => old = found,
                }
            }
        }
    }

    /// Combines this CPU's copy with `operand` by `OP`, an operation of [`op`](super::op).
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load); `V: Integer` for `add` and `sub`.
    #[inline(always)]
    unsafe fn update<V: Bits, const OP: u8>(&self, operand: V) {
        // SAFETY: as this method; rule 10.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __update operand, OP, __text_by_displacement [base = in(reg) self.displacement(),]
                ),
                {
                    fetch_at::<V, OP>(self.current(), operand);
                }
            )
        }
    }

    /// Adds 1 to this CPU's copy, or subtracts 1 from it: `OP` is `add` or `sub`.
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load).
    #[inline(always)]
    unsafe fn step<V: Integer, const OP: u8>(&self) {
        // SAFETY: as this method; rule 10.
        unsafe {
            by_displacement!(
                crate::__by_width!(__step OP, __text_by_displacement [base = in(reg) self.displacement(),]),
                self.update::<V, OP>(one())
            )
        }
    }

    /// As [`update`](Access::update), and returns the old value.
    ///
    /// # Safety
    ///
    /// As [`update`](Access::update).
    #[inline(always)]
    unsafe fn fetch<V: Bits, const OP: u8>(&self, operand: V) -> V {
        // SAFETY: as this method; rule 14, a loop stores only values of `V`.
        unsafe {
            match OP {
                _ if !Self::IN_ONE_INSTRUCTION => fetch_at::<V, OP>(self.current(), operand),
                op::ADD => self.fetch_add(operand),
                op::SUB => self.fetch_add(combine::<V, { op::SUB }>(core::mem::zeroed(), operand)),
                _ => self.replace(|old| combine::<V, OP>(old, operand)),
            }
        }
    }

    /// As [`fetch`](Access::fetch), for `add`.
    ///
    /// # Safety
    ///
    /// As [`fetch`](Access::fetch).
    #[inline(always)]
    unsafe fn fetch_add<V: Bits>(&self, operand: V) -> V {
        // SAFETY: as this method; rule 10.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __fetch_add operand, __text_by_displacement [base = in(reg) self.displacement(),]
                ),
                fetch_at::<V, { op::ADD }>(self.current(), operand)
            )
        }
    }

    // The rest are accesses to the place that is `index` units `U` beyond this one: an element forwards to them.

    /// Returns the address of this CPU's copy of the place beyond.
    #[inline(always)]
    fn current_beyond<U: Unit>(&self, index: usize) -> usize {
        let bytes = index.wrapping_mul(U::BYTES);
        if Self::OFFSET_IS_IMMEDIATE && cfg!(named) {
            return self.current().wrapping_add(bytes);
        }
        if Self::OFFSET_IS_IMMEDIATE {
            return self.at(register_for_access().wrapping_add(bytes));
        }
        register_plus(self.displacement().wrapping_add(bytes))
    }

    /// As [`load`](Access::load).
    ///
    /// # Safety
    ///
    /// As [`load`](Access::load), of the place beyond, which is in the same variable.
    #[inline(always)]
    unsafe fn load_beyond<V: Scalar, U: Unit>(&self, index: usize) -> V {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__load!(
                    self.current_beyond::<U>(index), __text_by_displaced_index copy
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                if Self::OFFSET_IS_IMMEDIATE {
                    self.load_from(register_for_access().wrapping_add(index.wrapping_mul(U::BYTES)))
                } else {
                    by_offset!(
                        crate::__load!(
                            self.current_beyond::<U>(index), __text_by_offset copy
                            [displacement = in(reg) self.displacement().wrapping_add(index.wrapping_mul(U::BYTES)),]
                        ),
                        load_at(self.current_beyond::<U>(index))
                    )
                }
            )
        }
    }

    /// As [`store`](Access::store).
    ///
    /// # Safety
    ///
    /// As [`load_beyond`](Access::load_beyond).
    #[inline(always)]
    unsafe fn store_beyond<V: Scalar, U: Unit>(&self, index: usize, value: V) {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__store!(
                    value, self.current_beyond::<U>(index), __text_by_displaced_index copy reg_byte
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                if Self::OFFSET_IS_IMMEDIATE {
                    self.store_to(
                        register_for_access().wrapping_add(index.wrapping_mul(U::BYTES)),
                        value,
                    );
                } else {
                    by_offset!(
                        crate::__store!(
                            value, self.current_beyond::<U>(index), __text_by_offset copy reg
                            [displacement = in(reg) self.displacement().wrapping_add(index.wrapping_mul(U::BYTES)),]
                        ),
                        store_at(self.current_beyond::<U>(index), value)
                    );
                }
            )
        }
    }

    /// As [`swap`](Access::swap).
    ///
    /// # Safety
    ///
    /// As [`load_beyond`](Access::load_beyond).
    #[inline(always)]
    unsafe fn swap_beyond<V: Scalar, U: Unit>(&self, index: usize, value: V) -> V {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __swap value, __text_by_displaced_index
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                swap_at(self.current_beyond::<U>(index), value)
            )
        }
    }

    /// As [`compare_exchange`](Access::compare_exchange).
    ///
    /// # Safety
    ///
    /// As [`load_beyond`](Access::load_beyond).
    #[inline(always)]
    unsafe fn compare_exchange_beyond<V: Scalar, U: Unit>(
        &self,
        index: usize,
        current: V,
        new: V,
    ) -> Result<V, V> {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __compare_exchange current, new, __text_by_displaced_index
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                compare_exchange_at(self.current_beyond::<U>(index), current, new)
            )
        }
    }

    /// As [`update`](Access::update).
    ///
    /// # Safety
    ///
    /// As [`load_beyond`](Access::load_beyond); `V: Integer` for `add` and `sub`.
    #[inline(always)]
    unsafe fn update_beyond<V: Bits, U: Unit, const OP: u8>(&self, index: usize, operand: V) {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __update operand, OP, __text_by_displaced_index
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                {
                    fetch_at::<V, OP>(self.current_beyond::<U>(index), operand);
                }
            )
        }
    }

    /// As [`step`](Access::step).
    ///
    /// # Safety
    ///
    /// As [`load_beyond`](Access::load_beyond).
    #[inline(always)]
    unsafe fn step_beyond<V: Integer, U: Unit, const OP: u8>(&self, index: usize) {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __step OP, __text_by_displaced_index
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                self.update_beyond::<V, U, OP>(index, one())
            )
        }
    }

    /// As [`fetch_add`](Access::fetch_add).
    ///
    /// # Safety
    ///
    /// As [`update_beyond`](Access::update_beyond).
    #[inline(always)]
    unsafe fn fetch_add_beyond<V: Bits, U: Unit>(&self, index: usize, operand: V) -> V {
        // SAFETY: rules 3 and 10; rules 2 and 5 are the caller's.
        unsafe {
            by_displacement!(
                crate::__by_width!(
                    __fetch_add operand, __text_by_displaced_index
                    [base = in(reg) self.displacement(), index = in(reg) index, unit = const U::BYTES,]
                ),
                fetch_at::<V, { op::ADD }>(self.current_beyond::<U>(index), operand)
            )
        }
    }
}

/// Applies `f` to a value. Returns the changed value and the result of `f`.
#[inline(always)]
fn edited<V, R>(mut value: V, f: impl FnOnce(&mut V) -> R) -> (V, R) {
    let result = f(&mut value);
    (value, result)
}
