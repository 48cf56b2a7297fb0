//! Sequences of operations on several CPUs, against a model that has an array where the library has
//! areas.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::{CpuId, CpuPin, IrqOff, PerCpuCounter, PerCpuOnce, current_cpu, def_percpu};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::common::{CPUS, on_cpu};

#[def_percpu]
static WORD: u64 = 3;
#[def_percpu]
static BYTE: i8 = -3;
#[def_percpu]
static FLAG: bool = true;
#[def_percpu]
static LIST: Vec<u8> = Vec::new();
#[def_percpu]
static PAIR: [u32; 2] = [7, !7];
#[def_percpu]
static LOCAL: Cell<u64> = Cell::new(4);
#[def_percpu]
static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());
#[def_percpu]
static ATOMICS: [AtomicU32; 2] = [AtomicU32::new(1), AtomicU32::new(2)];
#[def_percpu]
static ONCE: PerCpuOnce<u8> = PerCpuOnce::new();
#[def_percpu]
static COUNT: PerCpuCounter<5> = PerCpuCounter::new();

/// What one CPU holds.
#[derive(Clone, Debug, PartialEq)]
struct Cpu {
    word: u64,
    byte: i8,
    flag: bool,
    list: Vec<u8>,
    pair: u32,
    local: u64,
    queue: Vec<u8>,
    atomics: [u32; 2],
    once: Option<u8>,
}

impl Cpu {
    const INITIAL: Self = Self {
        word: 3,
        byte: -3,
        flag: true,
        list: Vec::new(),
        pair: 7,
        local: 4,
        queue: Vec::new(),
        atomics: [1, 2],
        once: None,
    };
}

/// An operation with an operand, in the form `0..FORMS` of its several ones.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write(u64),
    Add(u64),
    Sub(u64),
    And(u64),
    Or(u64),
    Xor(u64),
    Inc,
    Dec,
    Swap(u64),
    CompareExchange(u64, u64),
    Push(u8),
    Pop,
    Count(i64),
    /// A look at a value that is written meanwhile, as by a handler.
    Look(u64),
    /// A change of a value that is written meanwhile.
    Overwrite(u64, u64),
    Borrow(u32),
    Local(u64),
    Queue(u8),
    Atomic(u32),
    Once(u8),
    Reset,
    ResetRemote(usize),
}

const FORMS: u8 = 4;

fn any_step() -> impl Strategy<Value = Step> {
    // Small numbers too, so that a comparison succeeds now and then.
    let number = || prop_oneof![0_u64..4, any::<u64>()];
    prop_oneof![
        number().prop_map(Step::Write),
        number().prop_map(Step::Add),
        number().prop_map(Step::Sub),
        number().prop_map(Step::And),
        number().prop_map(Step::Or),
        number().prop_map(Step::Xor),
        Just(Step::Inc),
        Just(Step::Dec),
        number().prop_map(Step::Swap),
        (number(), number()).prop_map(|(a, b)| Step::CompareExchange(a, b)),
        any::<u8>().prop_map(Step::Push),
        Just(Step::Pop),
        (-12_i64..12).prop_map(Step::Count),
        number().prop_map(Step::Look),
        (number(), number()).prop_map(|(a, b)| Step::Overwrite(a, b)),
        any::<u32>().prop_map(Step::Borrow),
        number().prop_map(Step::Local),
        any::<u8>().prop_map(Step::Queue),
        any::<u32>().prop_map(Step::Atomic),
        any::<u8>().prop_map(Step::Once),
        Just(Step::Reset),
        (0..CPUS).prop_map(Step::ResetRemote),
    ]
}

/// One operation of `Integer` or `Bits` on the three scalars, in one of its forms; the old values
/// are compared where the form gives them.
macro_rules! change {
    (
        $form:ident, $cpu:ident, $operand:expr, [$($name:ident $field:ident: $ty:ty),*],
        $update:ident, $fetch:ident, $update_unprotected:ident, $fetch_unprotected:ident,
        |$a:ident, $b:ident| $model:expr
    ) => {{$(
        let operand = $operand as $ty;
        match $form {
            0 => $name.$update(operand),
            1 => assert_eq!($name.$fetch(operand), $cpu.$field),
            2 => $name.$update_unprotected(operand),
            _ => assert_eq!($name.$fetch_unprotected(operand), $cpu.$field),
        }
        let ($a, $b) = ($cpu.$field, operand);
        $cpu.$field = $model;
    )*}};
}

/// Takes the step on the CPU that this thread runs as, and in the model.
fn take(step: Step, form: u8, own: usize, model: &mut [Cpu], count: &mut i64) {
    if let Step::ResetRemote(other) = step {
        let other = CpuId::new(other).unwrap();
        // SAFETY: rule 6, one thread runs as all CPUs.
        unsafe {
            WORD.reset_remote(other);
            BYTE.reset_remote(other);
            FLAG.reset_remote(other);
            LIST.reset_remote(other);
        }
        reset_others(other);
        model[other.index()] = Cpu::INITIAL;
        return;
    }
    let cpu = &mut model[own];
    match step {
        Step::Write(value) => {
            let (byte, flag) = (value as i8, value & 1 != 0);
            match form {
                0 => {
                    WORD.write_current(value);
                    BYTE.write_current(byte);
                    FLAG.write_current(flag);
                }
                1 => {
                    let pin = CpuPin::new();
                    WORD.write(&pin, value);
                    BYTE.write(&pin, byte);
                    FLAG.write(&pin, flag);
                }
                2 => {
                    WORD.with_current(|word| *word = value);
                    BYTE.with_current(|old| *old = byte);
                    FLAG.with_current(|old| *old = flag);
                }
                // SAFETY: rules 2 and 5, one thread runs as all CPUs.
                _ => unsafe {
                    WORD.write_current_raw(value);
                    *BYTE.current_ref_mut_raw() = byte;
                    *FLAG.remote_ref_mut_raw(own) = flag;
                },
            }
            (cpu.word, cpu.byte, cpu.flag) = (value, byte, flag);
        }
        Step::Add(operand) => change!(
            form, cpu, operand, [WORD word: u64, BYTE byte: i8],
            add_current, fetch_add_current, add_current_unprotected, fetch_add_current_unprotected,
            |a, b| a.wrapping_add(b)
        ),
        Step::Sub(operand) => change!(
            form, cpu, operand, [WORD word: u64, BYTE byte: i8],
            sub_current, fetch_sub_current, sub_current_unprotected, fetch_sub_current_unprotected,
            |a, b| a.wrapping_sub(b)
        ),
        Step::And(operand) => {
            change!(
                form, cpu, operand, [WORD word: u64, BYTE byte: i8],
                and_current, fetch_and_current, and_current_unprotected,
                fetch_and_current_unprotected, |a, b| a & b
            );
            assert_eq!(FLAG.fetch_and_current(operand & 1 != 0), cpu.flag);
            cpu.flag &= operand & 1 != 0;
        }
        Step::Or(operand) => {
            change!(
                form, cpu, operand, [WORD word: u64, BYTE byte: i8],
                or_current, fetch_or_current, or_current_unprotected,
                fetch_or_current_unprotected, |a, b| a | b
            );
            FLAG.or_current(operand & 1 != 0);
            cpu.flag |= operand & 1 != 0;
        }
        Step::Xor(operand) => {
            change!(
                form, cpu, operand, [WORD word: u64, BYTE byte: i8],
                xor_current, fetch_xor_current, xor_current_unprotected,
                fetch_xor_current_unprotected, |a, b| a ^ b
            );
            FLAG.xor_current_unprotected(operand & 1 != 0);
            cpu.flag ^= operand & 1 != 0;
        }
        Step::Inc if form < 2 => {
            WORD.inc_current();
            BYTE.inc_current_unprotected();
            (cpu.word, cpu.byte) = (cpu.word.wrapping_add(1), cpu.byte.wrapping_add(1));
        }
        Step::Inc => {
            WORD.inc_current_unprotected();
            BYTE.inc_current();
            (cpu.word, cpu.byte) = (cpu.word.wrapping_add(1), cpu.byte.wrapping_add(1));
        }
        Step::Dec if form < 2 => {
            WORD.dec_current();
            BYTE.dec_current_unprotected();
            (cpu.word, cpu.byte) = (cpu.word.wrapping_sub(1), cpu.byte.wrapping_sub(1));
        }
        Step::Dec => {
            WORD.dec_current_unprotected();
            BYTE.dec_current();
            (cpu.word, cpu.byte) = (cpu.word.wrapping_sub(1), cpu.byte.wrapping_sub(1));
        }
        Step::Swap(value) => {
            let (byte, flag) = (value as i8, value & 1 != 0);
            let before = if form < 2 {
                (
                    WORD.swap_current(value),
                    BYTE.swap_current_unprotected(byte),
                    FLAG.swap_current(flag),
                )
            } else {
                (
                    WORD.swap_current_unprotected(value),
                    BYTE.swap_current(byte),
                    FLAG.swap_current_unprotected(flag),
                )
            };
            assert_eq!(before, (cpu.word, cpu.byte, cpu.flag));
            (cpu.word, cpu.byte, cpu.flag) = (value, byte, flag);
        }
        Step::CompareExchange(current, new) => {
            // Half of them with what is there.
            let current = if form < 2 { cpu.word } else { current };
            let result = WORD.compare_exchange_current(current, new);
            if cpu.word == current {
                assert_eq!(result, Ok(current));
                cpu.word = new;
            } else {
                assert_eq!(result, Err(cpu.word));
            }
            let byte = current as i8;
            let result = BYTE.compare_exchange_current(byte, new as i8);
            if cpu.byte == byte {
                assert_eq!(result, Ok(byte));
                cpu.byte = new as i8;
            } else {
                assert_eq!(result, Err(cpu.byte));
            }
        }
        Step::Push(value) => {
            LIST.with_current(|list| list.push(value));
            cpu.list.push(value);
        }
        Step::Pop => assert_eq!(LIST.with_current(Vec::pop), cpu.list.pop()),
        Step::Count(amount) => {
            COUNT.add(amount);
            *count += amount;
        }
        Step::Look(value) => {
            let looked = WORD.with_current(|word| {
                WORD.write_current(value);
                *word
            });
            assert_eq!(looked, cpu.word);
            cpu.word = value;
        }
        Step::Overwrite(meanwhile, value) => {
            WORD.with_current(|word| {
                WORD.write_current(meanwhile);
                *word = value;
            });
            cpu.word = if value == cpu.word { meanwhile } else { value };
        }
        Step::Borrow(value) => {
            let borrow = |pair: &mut [u32; 2]| {
                assert_eq!(*pair, [cpu.pair, !cpu.pair]);
                assert!(PAIR.try_with_current(|_| ()).is_err());
                pair[0] = value;
                LIST.with_current(|list| assert_eq!(*list, cpu.list));
                pair[1] = !value;
            };
            match form {
                0 => assert_eq!(PAIR.try_with_current(borrow), Ok(())),
                // SAFETY: rule 5, one thread runs as all CPUs; `borrow` is not told here.
                1 => unsafe {
                    PAIR.with_current_unchecked(|pair| *pair = [value, !value]);
                },
                _ => PAIR.with_current(borrow),
            }
            cpu.pair = value;
        }
        Step::Local(value) => {
            let swap = |irq: &IrqOff| LOCAL.get_local(irq).replace(value);
            let before = match form {
                0 => IrqOff::scoped(swap),
                _ => swap(&IrqOff::new()),
            };
            assert_eq!(before, cpu.local);
            cpu.local = value;
        }
        Step::Queue(value) => {
            let irq = IrqOff::new();
            if form == 0 {
                assert_eq!(QUEUE.borrow_mut(&irq).pop(), cpu.queue.pop());
            } else {
                let mut queue = QUEUE.borrow_mut(&irq);
                assert!(QUEUE.try_borrow(&irq).is_err());
                queue.push(value);
                cpu.queue.push(value);
            }
        }
        Step::Atomic(value) => {
            let at = usize::from(form % 2);
            let pin = CpuPin::new();
            let atomics = match form {
                0 | 1 => ATOMICS.get(&pin),
                2 => ATOMICS.on(current_cpu()),
                _ => ATOMICS.iter().nth(own).expect("the CPU is there").1,
            };
            assert_eq!(atomics[at].swap(value, Relaxed), cpu.atomics[at]);
            cpu.atomics[at] = value;
        }
        Step::Once(value) => {
            let pin = CpuPin::new();
            let made = *ONCE.get(&pin).get_or_init(|| value);
            assert_eq!(made, *cpu.once.get_or_insert(value));
        }
        Step::Reset => {
            reset_others(current_cpu());
            WORD.reset_to_init();
            BYTE.reset_to_init();
            FLAG.reset_to_init();
            LIST.reset_to_init();
            *cpu = Cpu::INITIAL;
        }
        Step::ResetRemote(_) => unreachable!("above"),
    }
}

/// Resets the variables that only their types or `unsafe` code reset, and an array.
fn reset_others(cpu: CpuId) {
    // SAFETY: rule 6, one thread runs as all CPUs, and holds no reference.
    unsafe {
        PAIR.reset_remote(cpu);
        LOCAL.reset_remote(cpu);
        QUEUE.reset_remote(cpu);
        ATOMICS.reset_remote(cpu);
        ONCE.reset_remote(cpu);
    }
}

/// Checks what this CPU and all others hold, by every way to read it.
fn agrees(own: usize, model: &[Cpu], count: i64) {
    let cpu = &model[own];
    let pin = IrqOff::new();
    assert_eq!((WORD.read_current(), WORD.read(&pin)), (cpu.word, cpu.word));
    assert_eq!((BYTE.read_current(), BYTE.read(&pin)), (cpu.byte, cpu.byte));
    assert_eq!((FLAG.read_current(), FLAG.read(&pin)), (cpu.flag, cpu.flag));
    LIST.with_current(|list| assert_eq!(list, &cpu.list));
    PAIR.with_current(|pair| assert_eq!(*pair, [cpu.pair, !cpu.pair]));
    assert_eq!(LOCAL.get_local(&pin).get(), cpu.local);
    assert_eq!(*QUEUE.borrow(&pin), cpu.queue);
    assert_eq!(ONCE.get(&pin).get().copied(), cpu.once);
    for (id, cpu) in CpuId::all().zip(model) {
        assert_eq!(
            (
                WORD.read_remote(id),
                BYTE.read_remote(id),
                FLAG.read_remote(id)
            ),
            (cpu.word, cpu.byte, cpu.flag)
        );
        // SAFETY: rule 6, one thread runs as all CPUs.
        assert_eq!(unsafe { LIST.remote_ref_raw(id.index()) }, &cpu.list);
        let atomics = ATOMICS.on(id).each_ref().map(|atomic| atomic.load(Relaxed));
        assert_eq!(atomics, cpu.atomics);
        assert_eq!(ONCE.on(id).get().copied(), cpu.once);
    }
    let words = model
        .iter()
        .fold(0_u64, |sum, cpu| sum.wrapping_add(cpu.word));
    assert_eq!(WORD.sum(), words);
    let bytes = BYTE
        .values()
        .fold(0_i8, |sum, (_, byte)| sum.wrapping_add(byte));
    assert_eq!(BYTE.sum(), bytes);
    assert_eq!(COUNT.sum(), count);
    assert!((COUNT.approximate() - count).abs() < 5 * CPUS as i64);
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 2 } else { 100 },
        failure_persistence: None,
        // The same sequences in every run.
        rng_seed: RngSeed::Fixed(0x7063_6876),
        ..Config::default()
    })]

    #[test]
    fn any_sequence_agrees_with_the_model(
        steps in prop::collection::vec((0..CPUS, any_step(), 0..FORMS), 1..60),
    ) {
        on_cpu(0, || {
            let mut model = vec![Cpu::INITIAL; CPUS];
            let mut count = COUNT.sum();
            for own in 0..CPUS {
                percpu_hv::init_percpu_reg(own);
                take(Step::Reset, 0, own, &mut model, &mut count);
            }
            for (own, step, form) in steps {
                percpu_hv::init_percpu_reg(own);
                take(step, form, own, &mut model, &mut count);
                agrees(own, &model, count);
            }
        });
    }
}
