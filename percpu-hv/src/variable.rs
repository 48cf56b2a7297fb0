//! A variable and its accessors, written once for every type and architecture.

use core::marker::PhantomData;
use core::ptr;

use crate::exclusive::Flag;
use crate::guard::NoPreemptGuard;
use crate::init::checked_register_of;
use crate::kind::{Borrows, Kind};
use crate::scalar::{
    compare_exchange_at, fetch_at, load_at, one, publish, same_bits, store_at, store_same_at,
    swap_at,
};
use crate::{Bits, CpuPin, Integer, Scalar, arch};

/// A variable's storage: its address, its displacement and its initial value.
///
/// # Safety
///
/// Rule 1 of docs/safety.md: [`address`](Symbol::address) and
/// [`displacement`](Symbol::displacement) name one static of type `T` in the per-CPU section.
/// Only the expansion of `def_percpu` implements this trait.
pub unsafe trait Symbol<T> {
    /// Which safe accessors the variable has.
    type Kind: Kind;

    /// The address that the linker gave the storage.
    fn address() -> usize;

    /// What is added to the per-CPU register to reach this CPU's copy: the offset where the
    /// register holds the base, the address where it is biased.
    fn displacement() -> usize;

    /// The initial value, evaluated anew.
    ///
    /// # Safety
    ///
    /// It becomes the value of a copy: one that is nobody's to give, as the template's is.
    unsafe fn initial() -> T;

    /// Where an exclusive variable's borrow flag is, and the variable's name.
    fn flag() -> Flag;

    /// The total of a counter, one for all CPUs.
    #[cfg(target_has_atomic = "64")]
    fn total() -> &'static crate::counter::Total;

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

    /// Lets `f` change the value of this CPU's copy, and stores it if its bits changed: a look leaves what a
    /// handler wrote meanwhile.
    ///
    /// # Safety
    ///
    /// As [`load`](Symbol::load).
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
                let register = arch::register_for_access();
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

/// What `f` makes of a value, and its result.
#[inline(always)]
fn edited<V, R>(mut value: V, f: impl FnOnce(&mut V) -> R) -> (V, R) {
    let result = f(&mut value);
    (value, result)
}

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

/// A variable's initial value: what a constant cannot be, as it may refer to other statics.
pub struct Initial<T>(pub T);

// SAFETY: rule 7: nobody gets a reference to the value, only bitwise copies, as the areas are.
unsafe impl<T> Sync for Initial<T> {}

impl<T> Initial<T> {
    /// A copy of the value.
    ///
    /// # Safety
    ///
    /// As [`Symbol::initial`].
    #[inline(always)]
    pub unsafe fn get(&'static self) -> T {
        // SAFETY: rule 3: each copy is what a CPU's area starts with; nothing writes or drops the original.
        unsafe { ptr::read(&raw const self.0) }
    }
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

    /// Calls `f` with this CPU's value; with the feature `preempt`, preemption is off meanwhile.
    ///
    /// | kind | `f` gets |
    /// |---|---|
    /// | [`Value`](crate::kind::Value) | a local copy, which is stored afterwards if its bits changed: what `f` does to the variable itself, or a handler that interrupts it, is overwritten then. If `f` panics, nothing is stored |
    /// | [`Exclusive`](crate::kind::Exclusive) | the variable itself |
    ///
    /// A [`Shared`](crate::kind::Shared) variable has no such method, as references to it may live.
    ///
    /// # Panics
    ///
    /// An `Exclusive` variable that is borrowed on this CPU: by an outer call of this method, or by the context
    /// that a handler interrupted. [`try_with_current`](Self::try_with_current) gives an error instead.
    #[inline]
    #[track_caller]
    pub fn with_current<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
        S::Kind: Borrows<T>,
    {
        let _guard = Self::enter();
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU.
        unsafe { <S::Kind as Borrows<T>>::with_current::<S, R>(f) }
    }

    /// As [`with_current`](Self::with_current), for every kind and type, with the variable itself, and without
    /// a look whether it is borrowed.
    ///
    /// # Safety
    ///
    /// Nothing else reaches this CPU's copy during the call (rule 5 of docs/safety.md): no other method inside of
    /// `f`, no handler, no reference that another accessor gave. If `T` is not `Send`, no other context finds
    /// what `f` leaves there.
    #[inline]
    #[track_caller]
    pub unsafe fn with_current_unchecked<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        let _guard = Self::enter();
        // SAFETY: rules 2, 3 and 13, the guard keeps the context on this CPU; rules 5 and 7 are the caller's.
        f(unsafe { self.current_ref_mut_raw() })
    }

    /// Assigns the initial value to this CPU's copy; the old value is dropped. Preemption is off meanwhile, as in
    /// [`with_current`](Self::with_current). (It is the initial expression evaluated once more: a static that is defined
    /// inside of it exists twice.)
    ///
    /// A [`Shared`](crate::kind::Shared) variable is reset through its own type, as by `Cell::set` or
    /// `RefCell::replace`; what its type gives no way to is reset by the `unsafe` [`reset_remote`](Self::reset_remote).
    ///
    /// # Panics
    ///
    /// As [`with_current`](Self::with_current).
    #[inline]
    #[track_caller]
    pub fn reset_to_init(&self)
    where
        S::Kind: Borrows<T>,
    {
        let _guard = Self::enter();
        // SAFETY: rules 2 and 13, the guard keeps the context on this CPU.
        unsafe { <S::Kind as Borrows<T>>::reset::<S>() };
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

    /// The address of the copy of the CPU that `pin` stays on.
    #[inline(always)]
    pub(crate) fn pinned(pin: &CpuPin) -> usize {
        S::pinned(pin.register())
    }

    /// What a safe accessor does first: it stays on this CPU, which has an area.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn enter() -> NoPreemptGuard {
        let guard = NoPreemptGuard::new();
        if <S::Kind as Kind>::CHECKED {
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
            address % align_of::<T>() == 0 || !<S::Kind as Kind>::CHECKED,
            "a per-CPU variable is misaligned in this area; link with percpu.x of percpu-hv, \
             which aligns areas to their variables"
        );
        ptr::with_exposed_provenance(address)
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
        storage = $storage:ident, symbol = $symbol:ident, alias = $alias:ident, kind = $kind:ident,
        group = $group:ident
    ) => {
        $crate::__storage! { $group [$($storage_attr)*] {static mut} $storage: $ty = $value; }

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        $vis enum $symbol {}

        // SAFETY: rule 1, the storage is the static above, of this type and in the section.
        unsafe impl $crate::__priv::Symbol<$ty> for $symbol {
            type Kind = $crate::__kind!($kind $ty);

            const HOT: ::core::primitive::bool = $crate::__is_hot!($group);

            $crate::__flag! { $kind $storage $name }

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
            unsafe fn initial() -> $ty {
                // Items have no hygiene: the name is none that the value may mention.
                // In braces, so that `&` of a temporary is as good as in the storage.
                static __PERCPU_INITIAL: $crate::__priv::Initial<$ty> =
                    $crate::__priv::Initial { 0: $value };
                // SAFETY: rule 3 is the caller's.
                unsafe { __PERCPU_INITIAL.get() }
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
