//! A variable and its accessors, written once for every type and architecture.

use core::marker::PhantomData;
use core::ptr;

use crate::borrow::{Borrow, Flag};
use crate::guard::NoPreemptGuard;
use crate::init::checked_register_of;
use crate::scalar::{compare_exchange_at, fetch_at, load_at, one, store_at, swap_at};
use crate::{Bits, Integer, Scalar, arch};

/// A variable's storage: its address, its displacement and its initial value.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`address`](Symbol::address) and
/// [`displacement`](Symbol::displacement) name one static of type `T` in the per-CPU section.
/// Only the expansion of `def_percpu` implements this trait.
pub unsafe trait Symbol<T> {
    /// What the safe accessors ask of `T`, and of their callers.
    type Rules: Contract;

    /// The address that the linker gave the storage.
    fn address() -> usize;

    /// What is added to the per-CPU register to reach this CPU's copy: the offset where the
    /// register holds the base, the address where it is biased.
    fn displacement() -> usize;

    /// The initial value, evaluated anew.
    fn initial() -> T;

    /// The total of a counter, one for all CPUs.
    #[cfg(target_has_atomic = "64")]
    fn total() -> &'static crate::counter::Total;

    /// The displacement of the flag that tells nested borrows, and the variable's name, where
    /// they are looked for.
    #[inline(always)]
    fn flag() -> Option<Flag> {
        None
    }

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
    /// As [`load_from`](Symbol::load_from).
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
    const OFFSET_IS_IMMEDIATE: bool = Self::HOT && arch::HOT_REACH.is_some();

    /// The address of this CPU's copy.
    #[inline(always)]
    fn current() -> usize {
        if Self::OFFSET_IS_IMMEDIATE {
            return Self::at(arch::register_for_access());
        }
        // First what does not change: the optimizer takes it out of a loop.
        let displacement = Self::displacement();
        arch::register_for_access().wrapping_add(displacement)
    }

    /// Loads this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load_from`](Symbol::load_from).
    #[inline(always)]
    unsafe fn load<V: Scalar>() -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE {
                Self::load_from(arch::register_for_access())
            } else {
                load_at(Self::current())
            }
        }
    }

    /// Stores this CPU's copy.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
    #[inline(always)]
    unsafe fn store<V: Scalar>(value: V) {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE {
                Self::store_to(arch::register_for_access(), value);
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
    /// As [`load`](Symbol::load).
    #[inline(always)]
    unsafe fn replace_unprotected<V: Scalar>(new: impl FnOnce(V) -> V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe {
            if Self::OFFSET_IS_IMMEDIATE && Self::REGISTER_IS_OPERAND {
                let old = Self::load();
                Self::store(new(old));
                old
            } else if Self::OFFSET_IS_IMMEDIATE {
                let register = arch::register_for_access();
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

    /// Whether the operations below are one instruction each, which no migration can split.
    const IN_ONE_INSTRUCTION: bool = false;

    /// Replaces this CPU's copy, and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
    #[inline(always)]
    unsafe fn swap<V: Scalar>(value: V) -> V {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { swap_at(Self::current(), value) }
    }

    /// Replaces this CPU's copy if it has the bits of `current`; what was there is `Ok` if so.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
    #[inline(always)]
    unsafe fn compare_exchange<V: Scalar>(current: V, new: V) -> Result<V, V> {
        // SAFETY: rule 3; rules 2 and 5 are the caller's.
        unsafe { compare_exchange_at(Self::current(), current, new) }
    }

    /// Replaces this CPU's copy by what `new` makes of it, and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
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

    /// Combines this CPU's copy with `operand` by the operation `OP`, one of [`op`](crate::scalar::op).
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load); `V: Integer` for `add` and `sub`.
    #[inline(always)]
    unsafe fn update<V: Bits, const OP: u8>(operand: V) {
        // SAFETY: as here.
        unsafe { fetch_at::<V, OP>(Self::current(), operand) };
    }

    /// Adds or subtracts 1.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
    #[inline(always)]
    unsafe fn step<V: Integer, const OP: u8>() {
        // SAFETY: as here.
        unsafe { Self::update::<V, OP>(one()) };
    }

    /// As [`update`](Symbol::update), and gives what was there.
    ///
    /// # Safety
    ///
    /// As [`update`](Symbol::update).
    #[inline(always)]
    unsafe fn fetch<V: Bits, const OP: u8>(operand: V) -> V {
        // SAFETY: as here.
        unsafe { fetch_at::<V, OP>(Self::current(), operand) }
    }
}

/// The conditions under which safe code gets a `&mut T` of this CPU.
#[diagnostic::on_unimplemented(
    message = "`{T}` in a per-CPU variable cannot be reached by safe code: it is not `Send`",
    label = "another context on the same CPU would find what this one left there",
    note = "wrap what is shared in a `Send` type, or use the `unsafe` methods `current_ref_raw` \
            and `current_ref_mut_raw`"
)]
pub trait Rules<T> {}

/// What the safe accessors look for in debug builds.
pub trait Contract {
    /// Whether they verify the per-CPU register first.
    const CHECKED: bool;
}

/// The rules of docs/safety.md.
#[derive(Debug)]
pub enum Checked {}

/// Those of `percpu`, which asks for nothing: for the compat crates.
#[derive(Debug)]
pub enum Percpu {}

impl Contract for Checked {
    const CHECKED: bool = true;
}

impl Contract for Percpu {
    const CHECKED: bool = false;
}

// Rule 7: what another context may find.
impl<T: Send> Rules<T> for Checked {}
impl<T> Rules<T> for Percpu {}

/// In debug builds of a kernel, panics with a sentence if this CPU's register does not hold the base
/// of an area.
#[inline(always)]
#[track_caller]
pub(crate) fn assert_register() {
    #[cfg(all(
        debug_assertions,
        not(any(hosted, platform_areas, feature = "sp-naive"))
    ))]
    crate::init::assert_register();
}

/// The type of the static that `#[def_percpu]` leaves in place of the original: a name for one
/// `T` per CPU.
///
/// Methods that end in `_current` or contain `current` reach the copy of the CPU that runs them;
/// methods with `remote` in their name take a CPU id in `0..count`.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::def_percpu;
///
/// #[def_percpu]
/// static EXITS: u64 = 0;
///
/// percpu_hv::init_hosted(4).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// EXITS.write_current(EXITS.read_current() + 1);
/// assert_eq!(EXITS.read_current(), 1);
/// # }
/// ```
pub struct PerCpu<S, T> {
    symbol: PhantomData<fn() -> (S, T)>,
}

impl<S: Symbol<T>, T> PerCpu<S, T> {
    #[doc(hidden)]
    pub const fn __new() -> Self {
        Self {
            symbol: PhantomData,
        }
    }

    /// The address that the linker gave the variable in the template, equal on all CPUs.
    #[inline]
    pub fn symbol_vma(&self) -> usize {
        S::address()
    }

    /// The variable's distance in bytes from the start of any area.
    ///
    /// With `sp-naive` there are no areas: the address itself, as [`percpu_area_base`](crate::percpu_area_base) is 0 then.
    #[inline]
    pub fn offset(&self) -> usize {
        S::displacement().wrapping_sub(arch::bias())
    }

    /// The address of this CPU's copy: the per-CPU register plus an offset.
    ///
    /// # Safety
    ///
    /// This CPU ran [`init_percpu_reg`](crate::init_percpu_reg), and the context stays on this
    /// CPU for as long as it uses the pointer (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn current_ptr(&self) -> *const T {
        Self::pointer(S::current())
    }

    /// This CPU's copy, shared.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing writes the copy while the reference
    /// lives, unless `T` is `Sync` and writes through shared references.
    #[inline]
    pub unsafe fn current_ref_raw(&self) -> &T {
        // SAFETY: rule 3, the pointer is into this CPU's area; rules 2 and 5 are the caller's.
        unsafe { &*self.current_ptr() }
    }

    /// This CPU's copy, exclusive.
    ///
    /// # Safety
    ///
    /// As [`current_ptr`](Self::current_ptr), and nothing else reaches the copy while the
    /// reference lives: no interrupt handler, no other CPU, no second call.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn current_ref_mut_raw(&self) -> &mut T {
        // SAFETY: rule 3, the pointer is into this CPU's area; rules 2 and 5 are the caller's.
        unsafe { &mut *self.current_ptr().cast_mut() }
    }

    /// Calls `f` with this CPU's copy; with the feature `preempt`, preemption is off meanwhile.
    ///
    /// It exists for `T: Send`, since another context on this CPU finds what `f` left there.
    ///
    /// `f` must not reach the same variable again, directly or from a handler that interrupts it:
    /// two exclusive references would exist (rule 5 of docs/safety.md). Debug builds, and the
    /// feature `borrow-check`, tell a nested `with_current`. Nor may it be called while a reference
    /// lives that [`get`](Self::get), [`get_local`](Self::get_local), [`on`](Self::on) or
    /// [`iter`](Self::iter) gave (rule 16).
    ///
    /// # Panics
    ///
    /// If the variable is borrowed on this CPU and nested borrows are looked for.
    #[inline]
    #[track_caller]
    pub fn with_current<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
        S::Rules: Rules<T>,
    {
        let _guard = Self::enter();
        let mut _borrow = None;
        // No closure: the panic tells the caller's line.
        if let Some((flag, name)) = S::flag() {
            let flag = arch::register_for_access().wrapping_add(flag);
            // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU.
            _borrow = Some(unsafe { Borrow::new(flag, name) });
        }
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rule 5 is the
        // documented duty of the caller; rule 7, `S::Rules`.
        f(unsafe { self.current_ref_mut_raw() })
    }

    /// Assigns the initial value to this CPU's copy; the old value is dropped.
    ///
    /// The initial expression is evaluated as a constant once more. It exists for `T: Send`.
    #[inline]
    #[track_caller]
    pub fn reset_to_init(&self)
    where
        S::Rules: Rules<T>,
    {
        self.with_current(|value| *value = S::initial());
    }

    /// The address of the copy of CPU `cpu_id`.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// The pointer is valid for as long as the image runs; what goes through it must not race
    /// with the accesses of that CPU (rule 6 of docs/safety.md).
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ptr(&self, cpu_id: usize) -> *const T {
        Self::pointer(S::at(checked_register_of(cpu_id)))
    }

    /// The copy of CPU `cpu_id`, shared.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing writes that copy while the reference lives, unless `T` is `Sync` and writes
    /// through shared references.
    #[inline]
    #[track_caller]
    pub unsafe fn remote_ref_raw(&self, cpu_id: usize) -> &T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &*self.remote_ptr(cpu_id) }
    }

    /// The copy of CPU `cpu_id`, exclusive.
    ///
    /// # Panics
    ///
    /// Before init, and if there is no such CPU.
    ///
    /// # Safety
    ///
    /// Nothing else reaches that copy while the reference lives.
    #[inline]
    #[track_caller]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn remote_ref_mut_raw(&self, cpu_id: usize) -> &mut T {
        // SAFETY: rules 3 and 4, the id was checked; rule 6 is the caller's.
        unsafe { &mut *self.remote_ptr(cpu_id).cast_mut() }
    }

    /// What a safe accessor does first: it stays on this CPU, which has an area.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn enter() -> NoPreemptGuard {
        let guard = NoPreemptGuard::new();
        if <S::Rules as Contract>::CHECKED {
            assert_register();
        }
        Self::assert_reach();
        guard
    }

    /// Panics, in debug builds of a kernel, if the linker script put a hot variable where its accesses
    /// do not reach.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn assert_reach() {
        #[cfg(all(debug_assertions, not(feature = "sp-naive")))]
        if let (true, Some(reach)) = (S::HOT, arch::HOT_REACH) {
            let offset = S::address().wrapping_sub(crate::section::start());
            let name = core::any::type_name::<S>().rsplit("__PERCPU_SYM_").next();
            assert!(
                offset < reach,
                "the hot per-CPU variable `{}` is {offset:#x} bytes into the template, but its accesses \
                 reach only {reach:#x}; link with percpu.x of percpu-hv, or put `*(percpu_hot)` first \
                 into `.percpu` and make fewer variables hot",
                name.unwrap_or_default()
            );
        }
    }

    #[inline(always)]
    #[track_caller]
    pub(crate) fn pointer(address: usize) -> *const T {
        Self::assert_reach();
        // A script written for percpu fixes the stride itself and cannot honour more than 64.
        debug_assert!(
            address % align_of::<T>() == 0 || !<S::Rules as Contract>::CHECKED,
            "a per-CPU variable is misaligned in this area; link with percpu.x of percpu-hv, \
             which aligns areas to their variables"
        );
        ptr::with_exposed_provenance(address)
    }
}

impl<S: Symbol<T>, T: Scalar> PerCpu<S, T> {
    /// This CPU's value, in one load.
    ///
    /// # Safety
    ///
    /// This CPU ran [`init_percpu_reg`](crate::init_percpu_reg), and the context stays on it
    /// during the call (rules 2 and 5 of docs/safety.md).
    #[inline]
    pub unsafe fn read_current_raw(&self) -> T {
        // SAFETY: rule 1, `T` is the type of `S`; rules 2 and 5 are the caller's.
        unsafe { S::load() }
    }

    /// Stores this CPU's value, in one store.
    ///
    /// # Safety
    ///
    /// As [`read_current_raw`](Self::read_current_raw), and no reference to the copy is live.
    #[inline]
    pub unsafe fn write_current_raw(&self, value: T) {
        // SAFETY: rule 1, `T` is the type of `S`; rules 2 and 5 are the caller's.
        unsafe { S::store(value) }
    }

    /// This CPU's value; with the feature `preempt`, preemption is off meanwhile.
    #[inline]
    #[track_caller]
    pub fn read_current(&self) -> T {
        let _guard = Self::enter();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU.
        unsafe { self.read_current_raw() }
    }

    /// Stores this CPU's value; with the feature `preempt`, preemption is off meanwhile.
    #[inline]
    #[track_caller]
    pub fn write_current(&self, value: T) {
        let _guard = Self::enter();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU.
        unsafe { self.write_current_raw(value) }
    }
}

/// Everything that `#[def_percpu]` stands for. Called by its expansion alone.
#[doc(hidden)]
#[macro_export]
macro_rules! __variable {
    ($($variable:tt)*) => {
        $crate::__refuse_host!();
        $crate::__define! { $($variable)* }
    };
}

/// The path by which this crate's own variables reach their expansion: on a host where variables
/// are refused, they are nobody's mistake.
pub(crate) mod own {
    macro_rules! variable {
        ($($variable:tt)*) => {
            $crate::__define! { $($variable)* }
        };
    }
    pub(crate) use variable as __variable;
}

#[doc(hidden)]
#[macro_export]
macro_rules! __define {
    (
        [$($attr:tt)*] [$($storage_attr:tt)*]
        $vis:vis static $name:ident: $ty:ty = $value:expr;
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, rules = $rules:ident,
        group = $group:ident
    ) => {
        $crate::__storage! { $group [$($storage_attr)*] {static mut} $storage: $ty = $value; }

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        $vis enum $symbol {}

        // SAFETY: rule 1, the storage is the static above, of this type and in the section.
        unsafe impl $crate::__priv::Symbol<$ty> for $symbol {
            type Rules = $crate::__priv::$rules;

            const HOT: ::core::primitive::bool = $crate::__is_hot!($group);

            $crate::__borrow_flag! { $rules $name }

            #[inline(always)]
            fn address() -> ::core::primitive::usize {
                $crate::__address!($storage)
            }

            #[inline(always)]
            fn displacement() -> ::core::primitive::usize {
                $crate::__displacement!($storage)
            }

            $crate::__direct! { $group $storage, $ty }

            #[inline(always)]
            #[allow(clippy::declare_interior_mutable_const)]
            fn initial() -> $ty {
                const { $value }
            }

            #[cfg(target_has_atomic = "64")]
            #[inline(always)]
            fn total() -> &'static $crate::__priv::Total {
                static TOTAL: $crate::__priv::Total = $crate::__priv::Total::new();
                &TOTAL
            }
        }

        #[doc(hidden)]
        #[allow(non_camel_case_types, private_interfaces)]
        $vis type $alias = $crate::PerCpu<$symbol, $ty>;

        $($attr)*
        #[allow(private_interfaces)]
        $vis static $name: $alias = $crate::PerCpu::__new();
    };
}
