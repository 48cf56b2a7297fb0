//! The this-CPU operations against a model, on all CPUs at once.

use core::fmt::Debug;
use core::ptr::NonNull;

use percpu_hv::kind::Value;
use percpu_hv::{Bits, Integer, PerCpu, Scalar, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("arithmetic on 8 and 16 bits", narrow),
    ("arithmetic on 32 bits and on words", wide),
    ("operations on 64 bits", double),
    ("arithmetic on signed integers", signed),
    ("arithmetic on 128 bits", widest),
    ("operations on bool", flag),
    ("swap and compare_exchange", exchange),
    ("neighbours of an operand stay as they are", neighbours),
];

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // A linear congruential generator; its high bits are the better ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 32 ^ self.0 << 32
    }
}

/// Methods that change, those that also fetch, and what both are to do.
type Operation<S, T> = (
    fn(&PerCpu<S, T>, T),
    fn(&PerCpu<S, T>, T) -> T,
    fn(T, T) -> T,
);

/// Applies operations to numbers of each CPU's own; the last value is seen by all other CPUs.
fn against<S, T>(
    bench: &Bench<'_>,
    variable: &PerCpu<S, T>,
    number: fn(u64) -> T,
    operations: &[Operation<S, T>],
) where
    S: percpu_hv::Place<T, Kind = Value> + Sync,
    T: Bits + PartialEq + Debug + Sync,
{
    bench.on_all(|cpu| {
        let mut numbers = Numbers(cpu as u64);
        for _ in 0..50 {
            for (change, fetch, model) in operations {
                let [first, second, third] = [(); 3].map(|()| number(numbers.next()));
                variable.write_current(first);
                change(variable, second);
                let changed = model(first, second);
                bench.equal(cpu, variable.read_current(), changed);
                bench.equal(cpu, fetch(variable, third), changed);
                bench.equal(cpu, variable.read_current(), model(changed, third));
            }
        }
    });
}

fn bits<S, T>(bench: &Bench<'_>, variable: &PerCpu<S, T>, number: fn(u64) -> T)
where
    S: percpu_hv::Place<T, Kind = Value> + Sync,
    T: Bits + PartialEq + Debug + Sync,
    T: core::ops::BitAnd<Output = T> + core::ops::BitOr<Output = T> + core::ops::BitXor<Output = T>,
{
    let and: fn(T, T) -> T = |a, b| a & b;
    let or: fn(T, T) -> T = |a, b| a | b;
    let xor: fn(T, T) -> T = |a, b| a ^ b;
    against(
        bench,
        variable,
        number,
        &[
            (PerCpu::and_current, PerCpu::fetch_and_current, and),
            (PerCpu::or_current, PerCpu::fetch_or_current, or),
            (PerCpu::xor_current, PerCpu::fetch_xor_current, xor),
            (
                PerCpu::and_current_unprotected,
                PerCpu::fetch_and_current_unprotected,
                and,
            ),
            (
                PerCpu::or_current_unprotected,
                PerCpu::fetch_or_current_unprotected,
                or,
            ),
            (
                PerCpu::xor_current_unprotected,
                PerCpu::fetch_xor_current_unprotected,
                xor,
            ),
        ],
    );
}

fn arithmetic<S, T>(
    bench: &Bench<'_>,
    variable: &PerCpu<S, T>,
    number: fn(u64) -> T,
    add: fn(T, T) -> T,
    sub: fn(T, T) -> T,
) where
    S: percpu_hv::Place<T, Kind = Value> + Sync,
    T: Integer + PartialEq + Debug + Sync,
{
    let one = number(1);
    against(
        bench,
        variable,
        number,
        &[
            (PerCpu::add_current, PerCpu::fetch_add_current, add),
            (PerCpu::sub_current, PerCpu::fetch_sub_current, sub),
            (
                PerCpu::add_current_unprotected,
                PerCpu::fetch_add_current_unprotected,
                add,
            ),
            (
                PerCpu::sub_current_unprotected,
                PerCpu::fetch_sub_current_unprotected,
                sub,
            ),
        ],
    );
    bench.on_all(|cpu| {
        let mut numbers = Numbers(!(cpu as u64));
        for _ in 0..50 {
            let start = number(numbers.next());
            variable.write_current(start);
            variable.inc_current();
            bench.equal(cpu, variable.read_current(), add(start, one));
            variable.dec_current();
            variable.dec_current();
            bench.equal(cpu, variable.read_current(), sub(start, one));
            variable.inc_current_unprotected();
            variable.inc_current_unprotected();
            bench.equal(cpu, variable.read_current(), add(start, one));
            variable.dec_current_unprotected();
            bench.equal(cpu, variable.read_current(), start);
        }
    });
}

macro_rules! integers {
    ($($test:ident: $($name:ident: $ty:ty),*;)*) => {$(
        fn $test(bench: &Bench<'_>) {
            $({
                #[def_percpu]
                static $name: $ty = 0;
                bits(bench, &$name, |number| number as $ty);
                arithmetic(
                    bench, &$name, |number| number as $ty, <$ty>::wrapping_add, <$ty>::wrapping_sub,
                );
            })*
        }
    )*};
}

integers! {
    narrow: U8: u8, U16: u16;
    wide: U32: u32, USIZE: usize;
    signed: I8: i8, I16: i16, I32: i32, ISIZE: isize;
}

#[cfg(target_has_atomic = "64")]
fn double(bench: &Bench<'_>) {
    integers! { both: U64: u64, I64: i64; }
    #[def_percpu]
    static FLOAT: f64 = 0.0;

    both(bench);
    exchanges(bench, &FLOAT, [0.5, f64::INFINITY, -2.0]);
}

/// Without atomics of 64 bits there are the operations by a load and a store.
#[cfg(not(target_has_atomic = "64"))]
fn double(bench: &Bench<'_>) {
    #[def_percpu]
    static U64: u64 = 0;

    against(
        bench,
        &U64,
        |number| number,
        &[
            (
                PerCpu::add_current_unprotected,
                PerCpu::fetch_add_current_unprotected,
                u64::wrapping_add,
            ),
            (
                PerCpu::sub_current_unprotected,
                PerCpu::fetch_sub_current_unprotected,
                u64::wrapping_sub,
            ),
            (
                PerCpu::and_current_unprotected,
                PerCpu::fetch_and_current_unprotected,
                |a, b| a & b,
            ),
            (
                PerCpu::or_current_unprotected,
                PerCpu::fetch_or_current_unprotected,
                |a, b| a | b,
            ),
            (
                PerCpu::xor_current_unprotected,
                PerCpu::fetch_xor_current_unprotected,
                |a, b| a ^ b,
            ),
        ],
    );
    bench.on_all(|cpu| {
        U64.write_current(u64::from(u32::MAX));
        U64.inc_current_unprotected();
        bench.equal(cpu, U64.read_current(), 1 << 32);
        U64.dec_current_unprotected();
        let last = u64::from(u32::MAX);
        bench.equal(cpu, U64.swap_current_unprotected(1 << 40), last);
        bench.equal(cpu, U64.read_current(), 1 << 40);
    });
}

#[cfg(any(
    target_arch = "aarch64",
    all(target_os = "linux", not(feature = "linux-gs"))
))]
fn widest(bench: &Bench<'_>) {
    #[def_percpu]
    static U128: u128 = 1 << 127 | 1;
    #[def_percpu(hot)]
    static I128: i128 = -1;

    /// Carries between the halves are as likely as any.
    fn number(low: u64) -> u128 {
        u128::from(low.reverse_bits()) << 64 | u128::from(low)
    }

    bench.on_all(|cpu| {
        bench.equal(cpu, U128.read_current(), 1 << 127 | 1);
        bench.equal(cpu, I128.fetch_add_current(2), -1);
        bench.equal(cpu, I128.read_current(), 1);
    });
    let one = |bits: u64| if bits == 1 { 1 } else { number(bits) };
    bits(bench, &U128, one);
    arithmetic(bench, &U128, one, u128::wrapping_add, u128::wrapping_sub);
    exchanges(bench, &U128, [0, u128::MAX, 1 << 64]);
    exchanges(bench, &I128, [0, i128::MIN, 1 << 64]);
}

#[cfg(not(any(
    target_arch = "aarch64",
    all(target_os = "linux", not(feature = "linux-gs"))
)))]
fn widest(bench: &Bench<'_>) {
    bench.skip("this architecture has no operations on 128 bits");
}

fn flag(bench: &Bench<'_>) {
    #[def_percpu]
    static FLAG: bool = false;
    bits(bench, &FLAG, |number| number & 1 != 0);
}

/// The methods that any scalar has.
fn exchanges<S, T>(bench: &Bench<'_>, variable: &PerCpu<S, T>, values: [T; 3])
where
    S: percpu_hv::Place<T, Kind = Value> + Sync,
    T: Scalar + PartialEq + Debug + Sync,
{
    let [a, b, c] = values;
    bench.on_all(|cpu| {
        variable.write_current(a);
        bench.equal(cpu, variable.swap_current(b), a);
        bench.equal(cpu, variable.swap_current_unprotected(c), b);
        bench.equal(cpu, variable.compare_exchange_current(a, b), Err(c));
        bench.equal(cpu, variable.read_current(), c);
        bench.equal(cpu, variable.compare_exchange_current(c, a), Ok(c));
        bench.equal(cpu, variable.read_current(), a);
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum World {
    Host,
    Guest,
    Secure,
}

// SAFETY: rule 7: one byte, which is `Send`.
unsafe impl Scalar for World {}

fn exchange(bench: &Bench<'_>) {
    #[def_percpu]
    static BYTE: i8 = 0;
    #[def_percpu]
    static HALF: u16 = 0;
    #[def_percpu]
    static CHAR: char = 'a';
    #[def_percpu]
    static FLOAT: f32 = 0.0;
    #[def_percpu]
    static WORLD: World = World::Host;
    #[def_percpu]
    static NAME: Option<&'static u32> = None;
    #[def_percpu]
    static HANDLER: Option<fn(usize) -> usize> = None;
    #[def_percpu]
    static NEXT: Option<NonNull<u32>> = None;

    static FIRST: u32 = 1;
    static SECOND: u32 = 2;

    exchanges(bench, &BYTE, [-1, 0, 1]);
    exchanges(bench, &HALF, [0xffff, 0, 0x8000]);
    exchanges(bench, &CHAR, ['a', '\u{10ffff}', 'é']);
    exchanges(bench, &FLOAT, [0.5, f32::INFINITY, -2.0]);
    exchanges(bench, &WORLD, [World::Host, World::Guest, World::Secure]);
    exchanges(bench, &NAME, [None, Some(&FIRST), Some(&SECOND)]);

    bench.on_all(|cpu| {
        let double: fn(usize) -> usize = |n| 2 * n;
        bench.holds(cpu, HANDLER.swap_current(Some(double)).is_none());
        let handler = HANDLER.swap_current(None);
        bench.equal(cpu, handler.map(|handler| handler(cpu)), Some(2 * cpu));

        let mut own = cpu as u32;
        bench.equal(cpu, NEXT.swap_current(Some(NonNull::from(&mut own))), None);
        let next = NEXT.swap_current(None);
        // SAFETY: rule 5: `own` is alive, and reached only through the pointer, which a swap kept.
        let value = next.map(|next| unsafe { next.read() });
        bench.equal(cpu, value, Some(cpu as u32));
    });
}

fn neighbours(bench: &Bench<'_>) {
    #[def_percpu]
    static BEFORE: u8 = 0x5a;
    #[def_percpu]
    static OPERAND: u8 = 0xff;
    #[def_percpu]
    static AFTER: u8 = 0xa5;

    bench.on_all(|cpu| {
        OPERAND.write_current(0xff);
        OPERAND.inc_current();
        OPERAND.dec_current();
        OPERAND.add_current(0x80);
        OPERAND.sub_current(0x81);
        OPERAND.swap_current(0x7f);
        OPERAND.xor_current(0xff);
        bench.equal(cpu, OPERAND.read_current(), 0x80);
        bench.equal(cpu, OPERAND.compare_exchange_current(0x80, 0xff), Ok(0x80));
        bench.equal(cpu, BEFORE.read_current(), 0x5a);
        bench.equal(cpu, AFTER.read_current(), 0xa5);
    });
}
