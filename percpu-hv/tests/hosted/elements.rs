//! Parts of a variable: each access reaches its own part on its own CPU, and nothing beside it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use percpu_hv::{
    Bits, CpuId, CpuPin, Elements, Integer, IrqOff, PerCpuCounter, Scalar, Shared, current_cpu,
    def_percpu,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::common::{CPUS, on_cpu};

#[derive(Clone, Copy, Debug, PartialEq, Scalar)]
#[repr(u16)]
enum World {
    Host,
    Guest = 0x1234,
}

/// A generic newtype, whose `PhantomData` is not `Copy` and no scalar.
#[derive(Debug, PartialEq, Scalar)]
#[repr(transparent)]
struct Id<T: 'static>(u32, PhantomData<fn() -> T>);

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}

type VcpuId = Id<Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Elements)]
struct Inner {
    flag: bool,
    // 3 is no power of two: the unit of an index is smaller than an element.
    halves: [u16; 3],
    deep: [[u32; 2]; 3],
    world: World,
    id: VcpuId,
}

#[derive(Clone, Copy, Debug, PartialEq, Elements)]
struct Outer<T: Copy, const N: usize>(u8, [Inner; N], T, [u8; 5]);

const INNER: Inner = Inner {
    flag: true,
    halves: [1, 2, 3],
    deep: [[4, 5], [6, 7], [8, 9]],
    world: World::Host,
    id: Id(11, PhantomData),
};

const LENGTH: usize = 4;
const INITIAL: Outer<u64, LENGTH> = Outer(7, [INNER; LENGTH], 1 << 40, [1, 2, 3, 4, 5]);

#[def_percpu(elements)]
static OUTER: Outer<u64, LENGTH> = INITIAL;
#[def_percpu(elements, hot)]
static HOT: Outer<u64, LENGTH> = INITIAL;

/// What is done to a part.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write,
    WriteByPin,
    Swap,
    SwapUnprotected,
    CompareExchange,
    Add,
    FetchSub,
    FetchXor,
    AndUnprotected,
    Inc,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Write),
        Just(Step::WriteByPin),
        Just(Step::Swap),
        Just(Step::SwapUnprotected),
        Just(Step::CompareExchange),
        Just(Step::Add),
        Just(Step::FetchSub),
        Just(Step::FetchXor),
        Just(Step::AndUnprotected),
        Just(Step::Inc),
    ]
}

/// Takes the step on a part of any type, and on its model. Evaluates to whether it is one of a scalar.
macro_rules! scalar {
    ($part:expr, $model:expr, $step:expr, $value:expr) => {{
        let (part, model, value) = (&$part, &mut $model, $value);
        assert_eq!(part.read_current(), *model);
        assert_eq!(part.read_remote(current_cpu()), *model);
        assert_eq!(part.read(&CpuPin::new()), *model);
        match $step {
            Step::Write => part.write_current(value),
            Step::WriteByPin => part.write(&CpuPin::new(), value),
            Step::Swap => assert_eq!(part.swap_current(value), *model),
            Step::SwapUnprotected => assert_eq!(part.swap_current_unprotected(value), *model),
            _ => assert_eq!(part.compare_exchange_current(*model, value), Ok(*model)),
        }
        *model = value;
    }};
}

macro_rules! integer {
    ($part:expr, $model:expr, $step:expr, $value:expr) => {{
        let (part, model, value) = (&$part, &mut $model, $value);
        match $step {
            Step::Add => {
                part.add_current(value);
                *model = model.wrapping_add(value);
            }
            Step::FetchSub => {
                assert_eq!(part.fetch_sub_current(value), *model);
                *model = model.wrapping_sub(value);
            }
            Step::FetchXor => {
                assert_eq!(part.fetch_xor_current(value), *model);
                *model ^= value;
            }
            Step::AndUnprotected => {
                part.and_current_unprotected(value);
                *model &= value;
            }
            Step::Inc => {
                part.inc_current();
                *model = model.wrapping_add(1);
            }
            step => scalar!(*part, *model, step, value),
        }
    }};
}

/// Takes a step on the part that the indices select.
macro_rules! take {
    ($variable:ident, $model:expr, $step:expr, $value:expr, [$part:expr, $i:expr, $j:expr, $k:expr]) => {{
        let (model, step, value): (&mut Outer<u64, LENGTH>, Step, u64) = ($model, $step, $value);
        let (i, j, k) = ($i, $j, $k);
        let whole = $variable.fields();
        let inner = whole.1.at(i);
        match $part {
            0 => integer!(whole.0, model.0, step, value as u8),
            1 => scalar!(inner.fields().flag, model.1[i].flag, step, value & 1 != 0),
            2 => integer!(
                inner.fields().halves.at(j),
                model.1[i].halves[j],
                step,
                value as u16
            ),
            3 => integer!(
                inner.fields().deep.at(j).at(k),
                model.1[i].deep[j][k],
                step,
                value as u32
            ),
            4 => {
                let world = if value & 1 == 0 {
                    World::Host
                } else {
                    World::Guest
                };
                scalar!(inner.fields().world, model.1[i].world, step, world);
            }
            5 => scalar!(
                inner.fields().id,
                model.1[i].id,
                step,
                Id(value as u32, PhantomData)
            ),
            6 => integer!(whole.2, model.2, step, value),
            _ => integer!(whole.3.at(i), model.3[i], step, value as u8),
        }
    }};
}

proptest! {
    #![proptest_config(Config {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(21),
        ..Config::default()
    })]

    /// After each step the whole memory of all CPUs is that of the model.
    #[test]
    fn any_sequence_on_parts_agrees_with_the_model(
        steps in prop::collection::vec(
            (0..CPUS, any_step(), any::<u64>(), [0..8_usize, 0..LENGTH, 0..3_usize, 0..2_usize]), 1..60
        )
    ) {
        percpu_hv::init_hosted(CPUS).unwrap();
        let mut model = [[INITIAL; 2]; CPUS];
        for cpu in CpuId::all() {
            // SAFETY: rule 6, this test is the only one that uses the variables.
            unsafe {
                OUTER.reset_remote(cpu);
                HOT.reset_remote(cpu);
            }
        }
        for (cpu, step, value, [part, i, j, k]) in steps {
            let cpu = cpu % CpuId::all().len();
            on_cpu(cpu, || {
                take!(OUTER, &mut model[cpu][0], step, value, [part, i, j, k]);
                take!(HOT, &mut model[cpu][1], step, !value, [part, i, j, k]);
            });
            for cpu in CpuId::all() {
                // SAFETY: rule 6, no other thread uses the variables.
                let found = unsafe { [*OUTER.remote_ref_raw(cpu.index()), *HOT.remote_ref_raw(cpu.index())] };
                assert_eq!(found, model[cpu.index()]);
            }
            let model = &model[..CpuId::all().len()];
            let sum = model.iter().fold(0_u16, |sum, [cpu, _]| sum.wrapping_add(cpu.1[i].halves[j]));
            assert_eq!(OUTER.fields().1.at(i).fields().halves.at(j).sum(), sum);
            let all: Vec<u32> = model.iter().map(|[_, cpu]| cpu.1[i].deep[j][k]).collect();
            let part = HOT.fields().1.at(i).fields().deep;
            let found: Vec<u32> = part.at(j).at(k).values().map(|(_, value)| value).collect();
            assert_eq!(found, all);
        }
    }
}

/// A part is where the language has it.
#[test]
fn a_part_has_the_address_of_the_field() {
    percpu_hv::init_hosted(CPUS).unwrap();
    on_cpu(0, || {
        for index in 0..LENGTH {
            let inner = OUTER.fields().1.at(index);
            let part = inner.fields().deep;
            let element = part.at(2).at(1);
            // SAFETY: rules 2 and 5, the thread stays this CPU, and only an address is taken.
            unsafe {
                let whole = OUTER.current_ptr();
                assert_eq!(
                    element.current_ptr(),
                    &raw const (*whole).1[index].deep[2][1]
                );
                assert_eq!(
                    element.offset(),
                    OUTER.offset() + element.current_ptr() as usize - whole as usize
                );
                assert_eq!(
                    element.offset() - OUTER.offset(),
                    element.offset() - OUTER.offset()
                );
            }
        }
    });
}

#[test]
fn an_index_is_checked() {
    #[def_percpu(elements)]
    static FIVE: [[u8; 5]; 2] = [[0; 5]; 2];
    #[def_percpu(elements)]
    static NONE: [u64; 0] = [];

    for index in [5, 6, usize::MAX, usize::MAX / 8 + 1] {
        let panic = catch_unwind(|| FIVE.at(1).at(index).read_current()).unwrap_err();
        let expected = format!("the per-CPU array has 5 elements, and no element {index}");
        assert_eq!(*panic.downcast::<String>().unwrap(), expected);
        assert!(FIVE.at(0).try_at(index).is_none());
        assert!(NONE.try_at(index).is_none());
    }
    assert!(NONE.try_at(0).is_none());
    assert_eq!(NONE.elements().len(), 0);
    assert_eq!(FIVE.elements().len(), 2);
    on_cpu(0, || {
        FIVE.try_at(1).unwrap().at(4).inc_current();
        let sums: Vec<u8> = FIVE.at(1).elements().map(|element| element.sum()).collect();
        assert_eq!(sums, [0, 0, 0, 0, 1]);
    });
}

/// Where 64 bits may be torn, only such a newtype is a value: no code relies on which bits it has.
#[test]
fn any_bits_are_a_value_of_a_newtype_that_anyone_can_make() {
    #[derive(Clone, Copy, Scalar)]
    #[repr(transparent)]
    struct Newtype<T: Scalar + Send>(pub T);
    #[derive(Clone, Copy, Scalar)]
    #[repr(transparent)]
    struct Restricted(pub(crate) u64);
    #[derive(Clone, Copy, Scalar)]
    #[repr(transparent)]
    struct Number(u64);
    // SAFETY: rule 14, any bits are a number.
    unsafe impl Bits for Number {}
    // SAFETY: rule 14, any bits are a number.
    unsafe impl Integer for Number {}

    fn any_bits<T: Scalar>() -> bool {
        T::__ANY_BITS
    }
    assert!(any_bits::<Newtype<u64>>());
    assert!(any_bits::<Newtype<Newtype<f64>>>());
    assert!(any_bits::<Newtype<Option<std::num::NonZero<i64>>>>());
    assert!(!any_bits::<Newtype<std::num::NonZero<i64>>>());
    assert!(!any_bits::<Newtype<char>>());
    assert!(!any_bits::<Restricted>());
    assert!(any_bits::<Number>());
    assert!(!any_bits::<VcpuId>());
    assert!(!any_bits::<World>());
    assert_eq!((Restricted(1).0, Newtype(1).0, Number(1).0), (1, 1, 1));
}

/// Parts of a shared variable are shared, also in a struct that is no scalar.
#[test]
fn parts_of_a_shared_variable_are_shared() {
    #[derive(Elements)]
    struct Load {
        running: [AtomicU32; 3],
        local: Cell<u64>,
    }
    impl Shared for Load {}

    #[def_percpu]
    static LOAD: Load = Load {
        running: [const { AtomicU32::new(2) }; 3],
        local: Cell::new(0),
    };

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            LOAD.fields()
                .running
                .at(1)
                .get(&CpuPin::new())
                .fetch_add(1, Relaxed);
            LOAD.fields().local.get_local(&IrqOff::new()).set(9);
        });
    }
    let load = LOAD.fields();
    let cpus = CpuId::all().len();
    let sum = |index| {
        load.running
            .at(index)
            .fold(0, |sum, value| sum + value.load(Relaxed) as usize)
    };
    assert_eq!(
        [sum(0), sum(1), sum(2)],
        [2 * cpus, 2 * cpus + CPUS, 2 * cpus]
    );
    on_cpu(0, || {
        assert_eq!(LOAD.get_local(&IrqOff::new()).local.get(), 9)
    });
}

/// Each counter in an array has a total of its own.
#[test]
fn an_array_of_counters_counts_each() {
    #[def_percpu]
    static COUNTS: [[PerCpuCounter<4>; 2]; 3] = [const { [const { PerCpuCounter::new() }; 2] }; 3];

    let mut expected = [[0_i64; 2]; 3];
    for step in 0..60 * CPUS {
        let (i, j, amount) = (step % 3, step / 3 % 2, step as i64 % 7 - 2);
        expected[i][j] += amount;
        on_cpu(step % CPUS, || COUNTS.at(i).at(j).add(amount));
    }
    let cpus = CpuId::all().len() as i64;
    for cpu in CpuId::all().map(Some).chain([None]) {
        for (i, j) in (0..3).flat_map(|i| [(i, 0), (i, 1)]) {
            let row = COUNTS.at(i);
            let count = row.at(j);
            assert_eq!(count.sum(), expected[i][j]);
            assert!((count.approximate() - expected[i][j]).abs() < 4 * cpus);
            if let Some(cpu) = cpu {
                // SAFETY: rule 6, nobody adds.
                unsafe { count.retire(cpu) };
            } else {
                assert_eq!(count.approximate(), expected[i][j]);
            }
        }
    }
}
