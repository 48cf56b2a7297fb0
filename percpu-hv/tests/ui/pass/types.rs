//! Types as a static's may be: aliases, what leaves lifetimes out, what has `=`, `>` or `;` inside.

use std::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::def_percpu;

type Id = u32;
type Handler = fn(&mut [u8]) -> &u8;

struct Guest<'a, const N: usize = 4> {
    name: &'a str,
    pages: [u8; N],
}

static SHARED: AtomicUsize = AtomicUsize::new(5);

fn first(bytes: &mut [u8]) -> &u8 {
    &bytes[0]
}

#[def_percpu]
static ALIAS: Id = 1;
#[def_percpu]
static UNIT: () = ();
#[def_percpu]
static SIGNED: i64 = -1;
#[def_percpu]
static TEXT: &str = "boot";
#[def_percpu]
static BORROWED: &AtomicUsize = &SHARED;
#[def_percpu]
static NESTED: Option<(&Id, &&'static str, [&[u8]; 1 & 3])> = None;
#[def_percpu]
static GUEST: Guest<'_, { 1 + 1 }> = Guest {
    name: "linux",
    pages: [1; 2],
};
#[def_percpu]
static HANDLER: fn(&mut [u8]) -> &u8 = first;
#[def_percpu]
static HANDLERS: [Option<Handler>; 2 & 3] = [Some(first), None];
#[def_percpu]
static DYN: Option<&(dyn Fn(&u8) -> &u8 + Send + Sync)> = Some(&|byte: &u8| byte);
#[def_percpu]
static ITERATOR: Option<Box<dyn Iterator<Item = &u8> + Send>> = None;
#[def_percpu]
#[rustfmt::skip]
static SHIFT: Vec<Vec<u8>>= Vec::new();
#[def_percpu]
static PROJECTED: <std::ops::Range<u8> as Iterator>::Item = 1 << 2;
#[def_percpu]
static BLOCK: u64 = {
    let mut sum = 0;
    while sum < 10 {
        sum += 1;
    }
    sum
};

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(ALIAS.read_current(), 1);
    UNIT.with_current(|unit| assert_eq!(*unit, ()));
    assert_eq!(SIGNED.read_current(), -1);
    assert_eq!(TEXT.with_current(|text| *text), "boot");
    BORROWED.with_current(|shared| shared.fetch_add(1, Ordering::Relaxed));
    assert_eq!(SHARED.load(Ordering::Relaxed), 6);
    assert!(NESTED.with_current(|nested| nested.is_none()));
    assert_eq!(
        GUEST.with_current(|guest| (guest.name, guest.pages[1])),
        ("linux", 1)
    );
    assert_eq!(HANDLER.with_current(|handler| *handler(&mut [7])), 7);
    assert_eq!(HANDLERS.with_current(|all| *all[0].unwrap()(&mut [8])), 8);
    assert_eq!(DYN.with_current(|f| *f.unwrap()(&9)), 9);
    assert!(ITERATOR.with_current(|iterator| iterator.is_none()));
    SHIFT.with_current(|rows| rows.push(vec![1]));
    assert_eq!(SHIFT.with_current(|rows| rows[0][0]), 1);
    assert_eq!(PROJECTED.read_current(), 4);
    assert_eq!(BLOCK.read_current(), 10);
}
