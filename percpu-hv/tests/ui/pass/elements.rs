//! Fields of every form, in a crate that forbids what an expansion could get wrong.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

use percpu_hv::{Elements, PerCpu, PerCpuCounter, Place, Scalar, Shared, def_percpu, kind};

mod vcpu {
    use super::{Elements, Scalar};

    /// Has a private field of a private type.
    #[derive(Elements)]
    pub(crate) struct Vcpu<'a, T: Copy, const N: usize>
    where
        T: 'static,
    {
        pub r#type: [T; N],
        pub(super) read: u64,
        #[cfg(any())]
        pub gone: Gone,
        name: Option<&'a u8>,
        inner: Inner,
    }

    #[derive(Elements)]
    struct Inner(pub u8, bool);

    /// An enum has what a number has not.
    #[derive(Clone, Copy, Debug, PartialEq, Scalar)]
    #[repr(i8)]
    pub(crate) enum State {
        Off = -1,
        On,
    }

    impl Vcpu<'static, u16, 3> {
        pub(crate) const NEW: Self = Self {
            r#type: [0; 3],
            read: 1,
            name: None,
            inner: Inner(2, true),
        };
    }

    pub(crate) fn inner() -> (Option<&'static u8>, u8, bool) {
        let fields = super::VCPU.fields();
        let inner = fields.inner.fields();
        (fields.name.read_current(), inner.0.read_current(), inner.1.read_current())
    }
}

#[def_percpu(elements)]
static VCPU: vcpu::Vcpu<'static, u16, 3> = vcpu::Vcpu::NEW;
#[def_percpu(elements, hot)]
static STATES: [[vcpu::State; 2]; 2] = [[vcpu::State::Off; 2]; 2];
#[def_percpu(elements, cache_aligned)]
pub(crate) static PAIR: (u8, u8) = (0, 0);
// Also of one scalar.
#[def_percpu(elements)]
static ONE: u64 = 0;

#[derive(Elements)]
struct Counts {
    exits: [PerCpuCounter; 2],
}
impl Shared for Counts {}

#[def_percpu]
static COUNTS: Counts = Counts { exits: [PerCpuCounter::new(), PerCpuCounter::new()] };

/// A part is an argument like a variable.
fn count<P: Place<u16, Kind: kind::IntegerValues<u16>>>(events: &PerCpu<P, u16>) {
    events.inc_current();
}

/// So is an array of any length.
fn clear<P: Place<[u16; N], Kind = kind::Elements>, const N: usize>(events: &PerCpu<P, [u16; N]>) {
    for event in events.elements() {
        event.write_current(0);
    }
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(0);
    let fields = VCPU.fields();
    count(&fields.r#type.at(2));
    assert_eq!(fields.r#type.at(2).sum(), 1);
    clear(&fields.r#type);
    assert_eq!(fields.r#type.at(2).sum(), 0);
    // An element of a static is no borrow of a handle.
    let second = VCPU.fields().r#type.at(1);
    count(&second);
    // A field may have the name of a method.
    assert_eq!(fields.read.sum(), 2);
    assert_eq!(vcpu::inner(), (None, 2, true));
    assert_eq!(STATES.at(1).at(0).swap_current(vcpu::State::On), vcpu::State::Off);
    assert_eq!(PAIR.offset() % 64, 0);
    ONE.inc_current();
    COUNTS.fields().exits.at(1).add(3);
    assert_eq!(COUNTS.fields().exits.at(1).sum(), 3);
}
