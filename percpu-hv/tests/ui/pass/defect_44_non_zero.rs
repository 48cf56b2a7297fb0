//! `NonZero` and its `Option` are values.

use std::num::{NonZero, NonZeroU8, NonZeroUsize};

use percpu_hv::{CpuId, def_percpu};

#[def_percpu]
static VMID: Option<NonZero<u32>> = None;
#[def_percpu]
static ROOT: NonZero<u64> = NonZero::new(0x1000).unwrap();
#[def_percpu]
static SIGNED: NonZero<i16> = NonZero::<i16>::MIN;
#[def_percpu]
static PRIORITY: Option<NonZeroU8> = NonZeroU8::new(1);
#[def_percpu]
static SIZE: NonZeroUsize = NonZeroUsize::MIN;
#[def_percpu]
static KEY: Option<NonZero<u128>> = NonZero::new(1 << 100);

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    assert_eq!(VMID.swap_current(NonZero::new(7)), None);
    assert_eq!(VMID.read_current().map(NonZero::get), Some(7));
    assert_eq!(
        VMID.compare_exchange_current(NonZero::new(7), None),
        Ok(NonZero::new(7))
    );
    assert_eq!(ROOT.read_remote(CpuId::new(0).unwrap()).get(), 0x1000);
    assert_eq!(
        (SIGNED.read_current().get(), SIZE.read_current().get()),
        (i16::MIN, 1)
    );
    PRIORITY.with_current(|priority| *priority = None);
    assert_eq!(
        PRIORITY
            .values()
            .map(|(_, priority)| priority.is_some())
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(KEY.read_current(), NonZero::new(1 << 100));
}
