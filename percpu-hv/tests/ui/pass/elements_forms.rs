//! Structs and newtypes of every form, beside names that an expansion might say.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    let_underscore_drop,
    single_use_lifetimes,
    unnameable_types,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    clippy::all,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks
)]
#![allow(dead_code)]

use percpu_hv::CpuId;

/// `Self` is the struct, also in bounds, lengths and what the names of a struct's own constants are.
mod of_itself {
    use std::marker::PhantomData;

    use percpu_hv::{Elements, Scalar, def_percpu};

    trait Unit {
        type Of;
    }

    #[derive(Elements)]
    struct Ring {
        entries: [u64; Self::LENGTH],
        more: [u8; if Self::LENGTH > 2 { <Self>::LENGTH + 1 } else { 0 }],
        next: Option<&'static Self>,
        convert: Option<fn(&'static Self) -> Self>,
        of: PhantomData<Self>,
    }

    impl Ring {
        const LENGTH: usize = 3;
    }

    #[derive(Elements)]
    struct Generic<'a, T: Copy + PartialEq<T>, const N: usize = 2>(
        [T; N],
        PhantomData<(&'a u8, fn(&Self))>,
        <Self as Unit>::Of,
    )
    where
        Self: Unit,
        Option<Self>: Sized,
        T: Into<u64>;

    impl<T: Copy + PartialEq<T> + Into<u64>, const N: usize> Unit for Generic<'_, T, N> {
        type Of = u16;
    }

    #[derive(Clone, Copy, Debug, PartialEq, Scalar)]
    #[repr(transparent)]
    struct Id<T: Scalar = u8>
    where
        Self: 'static,
    {
        id: T,
        of: PhantomData<fn() -> Self>,
    }

    #[def_percpu(elements)]
    static RING: Ring = Ring { entries: [0; 3], more: [0; 4], next: None, convert: None, of: PhantomData };
    #[def_percpu(elements)]
    static GENERIC: Generic<'static, u32> = Generic([0; 2], PhantomData, 7);
    #[def_percpu]
    static ID: Id = Id { id: 9, of: PhantomData };

    pub(super) fn run() {
        RING.fields().entries.at(2).inc_current();
        RING.fields().more.at(3).inc_current();
        assert!(RING.fields().next.read_current().is_none());
        assert!(RING.fields().convert.read_current().is_none());
        GENERIC.fields().0.at(1).inc_current();
        assert_eq!(GENERIC.fields().2.read_current(), 7);
        assert_eq!(ID.read_current().id, 9);
    }
}

mod forms {
    #![allow(non_camel_case_types)]

    use percpu_hv::{Elements, Scalar, def_percpu};

    /// A deprecated field has a deprecated place, and the expansion is no use of it.
    #[derive(Elements)]
    #[allow(non_snake_case)]
    pub(crate) struct Old<T = u8> {
        #[deprecated = "counted elsewhere"]
        pub(in crate::forms) exits: [T; 2],
        #[cfg_attr(all(), cfg(any()))]
        gone: Gone,
        nothing: (),
        none: [u64; 0],
        Mixed: T,
    }

    #[derive(Elements)]
    pub(super) struct r#struct {
        pub(in super::forms) r#type: u8,
    }

    #[derive(Elements)]
    struct Tuple(#[cfg(any())] Gone, u16, #[deprecated] pub(crate) u32, ());

    #[derive(Elements)]
    struct Nested {
        old: [Old; 2],
        tuple: Tuple,
        raw: r#struct,
        state: State,
        id: Id,
    }

    #[deprecated]
    type Number = u8;

    #[derive(Clone, Copy, Scalar)]
    #[repr(u8)]
    enum State {
        Off,
        #[deprecated]
        On,
    }

    #[derive(Clone, Copy, Scalar)]
    #[repr(transparent)]
    #[allow(deprecated)]
    struct Id(Number);

    #[derive(Elements)]
    #[expect(deprecated)]
    struct Numbers(Number, [Number; 2]);

    #[derive(Elements)]
    #[deprecated]
    struct Unused {
        unused: u8,
    }

    macro_rules! number {
        () => { u16 };
    }

    macro_rules! define {
        ($(#[$attribute:meta])* $vis:vis struct $name:ident<$($generic:ident),*> { $($field:ident: $ty:ty, $length:expr)* }) => {
            $(#[$attribute])*
            #[derive(Elements)]
            $vis struct $name<$($generic),*> {
                $($field: [$ty; $length],)*
                whole: number!(),
            }
        };
    }

    define! {
        #[allow(unused_qualifications)]
        pub(crate) struct Made<T> { numbers: core::option::Option<T>, 4 / 2 }
    }

    #[def_percpu(elements)]
    static NESTED: Nested = Nested {
        old: [const { #[expect(deprecated)] Old { exits: [1, 2], nothing: (), none: [], Mixed: 3 } }; 2],
        tuple: Tuple(4, 5, ()),
        raw: r#struct { r#type: 6 },
        state: State::Off,
        id: Id(7),
    };
    #[def_percpu(elements)]
    static MADE: Made<&'static u8> = Made { numbers: [None; 2], whole: 8 };

    pub(super) fn run() {
        let fields = NESTED.fields();
        #[expect(deprecated)]
        let second = fields.old.at(1).fields().exits.at(1).read_current();
        assert_eq!(second, 2);
        assert_eq!(fields.old.at(1).fields().Mixed.read_current(), 3);
        assert_eq!(fields.tuple.fields().0.read_current(), 4);
        assert_eq!(fields.raw.fields().r#type.read_current(), 6);
        assert!(matches!(fields.state.read_current(), State::Off));
        assert_eq!(fields.id.read_current().0, 7);
        assert!(MADE.fields().numbers.at(1).read_current().is_none());
        assert_eq!(MADE.fields().whole.read_current(), 8);
    }
}

/// Nothing of an expansion is the user's, though `const` and `static` cannot be shadowed.
mod names {
    #![allow(clippy::upper_case_acronyms, non_camel_case_types, non_upper_case_globals, unused_macros)]

    mod core {}
    mod std {}
    mod percpu_hv {}

    struct Option;
    struct Some;
    struct None;
    struct Copy;
    struct Send;
    struct Sized;
    struct PerCpu;
    struct Place;
    struct Path;
    struct Field;
    struct Counters;
    struct Probe;
    struct usize;
    struct bool;

    const whole: () = ();
    const part: () = ();
    const value: () = ();
    static field: () = ();
    static byte: () = ();
    static address: () = ();
    static printer: () = ();
    static f: () = ();
    const HAS_ONE: () = ();
    const OFFSET: () = ();

    macro_rules! assert {
        () => {};
    }
    macro_rules! stringify {
        () => {};
    }

    #[derive(::percpu_hv::Elements)]
    pub(super) struct Whole<P, O> {
        pub(super) whole: P,
        part: O,
        pub(super) id: Id,
    }

    #[derive(::core::clone::Clone, ::core::marker::Copy, ::percpu_hv::Scalar)]
    #[repr(transparent)]
    pub(super) struct Id(pub(super) u32);

    #[derive(::core::clone::Clone, ::core::marker::Copy, ::percpu_hv::Scalar)]
    #[repr(u8)]
    pub(super) enum State {
        Off,
    }

    #[::percpu_hv::def_percpu(elements)]
    pub(super) static WHOLE: Whole<u8, State> = Whole { whole: 1, part: State::Off, id: Id(2) };
}

#[no_implicit_prelude]
mod no_prelude {
    #[derive(::percpu_hv::Elements)]
    pub(super) struct Stats {
        pub(super) exits: u8,
        last: ::std::option::Option<&'static u8>,
    }

    #[::percpu_hv::def_percpu(elements)]
    pub(super) static STATS: Stats = Stats { exits: 3, last: ::std::option::Option::None };
}

fn main() {
    let cpus = percpu_hv::init_hosted(2).unwrap();
    assert_eq!(cpus, CpuId::all().len());
    percpu_hv::init_percpu_reg(0);
    of_itself::run();
    forms::run();
    names::WHOLE.fields().whole.inc_current();
    assert_eq!(names::WHOLE.fields().whole.read_current(), 2);
    assert_eq!(names::WHOLE.fields().id.read_current().0, 2);
    assert_eq!(no_prelude::STATS.fields().exits.read_current(), 3);
    {
        #[derive(percpu_hv::Elements)]
        struct Local {
            exits: u8,
        }
        #[percpu_hv::def_percpu(elements)]
        static LOCAL: Local = Local { exits: 4 };
        assert_eq!(LOCAL.fields().exits.read_current(), 4);
    }
}
