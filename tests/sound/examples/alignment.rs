//! Defect 42, rule 3: variables aligned to more than a page, on every CPU.
//!
//! must print: 0 misaligned
#![forbid(unsafe_code)]

use std::hint::black_box;

use percpu_hv::{CpuId, def_percpu};

#[repr(align(8192))]
struct Two(u8);
#[repr(align(65536))]
struct Sixteen([u8; 3]);
#[repr(align(1048576))]
struct Many(u64);
#[repr(align(128))]
struct Line(u8);

impl percpu_hv::Shared for Two {}
impl percpu_hv::Shared for Sixteen {}
impl percpu_hv::Shared for Many {}
impl percpu_hv::Shared for Line {}

#[def_percpu]
static FIRST: u8 = 1;
#[def_percpu]
static TWO: Two = Two(2);
#[def_percpu]
static LINE: Line = Line(2);
#[def_percpu]
static SIXTEEN: Sixteen = Sixteen([3; 3]);
#[def_percpu(page_aligned)]
static PAGE: Line = Line(5);
#[def_percpu(cache_aligned)]
static MANY: Many = Many(4);

fn misaligned<T>(reference: &T, align: usize) -> usize {
    // The optimizer takes the alignment for granted.
    let address = black_box(&raw const *reference).addr();
    usize::from(!address.is_multiple_of(align))
}

fn main() {
    percpu_hv::init_hosted(3).unwrap();
    percpu_hv::init_percpu_reg(2);
    let mut wrong = 0;
    for cpu in CpuId::all() {
        wrong += misaligned(TWO.on(cpu), 8192) + misaligned(LINE.on(cpu), 128);
        wrong += misaligned(SIXTEEN.on(cpu), 65536) + misaligned(MANY.on(cpu), 1 << 20);
        wrong += misaligned(PAGE.on(cpu), 4096);
        let values = (
            TWO.on(cpu).0,
            SIXTEEN.on(cpu).0,
            MANY.on(cpu).0,
            PAGE.on(cpu).0,
        );
        assert_eq!(values, (2, [3; 3], 4, 5));
        assert_eq!((FIRST.read_remote(cpu), LINE.on(cpu).0), (1, 2));
    }
    println!("{wrong} misaligned");
}
