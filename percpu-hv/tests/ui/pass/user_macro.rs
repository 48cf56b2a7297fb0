//! Statics that a user's own macro passes through, whole or in pieces.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use percpu_hv::def_percpu;

macro_rules! pieces {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $ty:ty = $value:expr;)*) => {
        $(#[def_percpu] $(#[$meta])* $vis static $name: $ty = $value;)*
    };
}

pieces! {
    /// The same.
    #[cfg(all())]
    #[cfg_attr(all(), allow(non_upper_case_globals))]
    #[unsafe(no_mangle)]
    pub static lower: u32 = 1 + 1;

    #[cfg(any())]
    static lower: Missing = 0;

    static TEXT: &str = "text";
    static OPTION: Option<&'static [u8; 2 + 1]> = Some(&[1, 2, 3]);
}

macro_rules! whole {
    ($($item:item)*) => {
        $(#[def_percpu] $item)*
    };
}

whole! {
    /// Documented.
    pub(crate) static ITEM: bool = true;
    static mut ITEM_MUT: char = 'x';
}

macro_rules! tokens {
    ($(#[$($meta:tt)*])* $name:ident; $($ty:tt)*) => {
        mod $name {
            #[percpu_hv::def_percpu]
            $(#[$($meta)*])*
            pub static VALUE: $($ty)* = <$($ty)*>::MAX;
        }
    };
}

tokens!(#[doc = "The largest."] unsigned; u16);
tokens!(signed; i16);

macro_rules! sized {
    ($name:ident, $len:literal, $count:expr, $life:lifetime) => {
        #[def_percpu]
        static $name: ([u8; $len], [&$life str; $count]) = ([0xff; $len], [""; $count]);
    };
}

sized!(SIZED, 3, 1 + 1, 'static);

/// Types, their impls and their variables.
macro_rules! types {
    ($($(#[$meta:meta])* $name:ident($inner:ty) = $variable:ident, $value:expr, $kind:ident;)*) => {$(
        $(#[$meta])*
        pub struct $name($inner);
        types!(@ $kind $name);

        #[def_percpu]
        static $variable: $name = $name($value);
    )*};
    (@ value $name:ident) => {
        // SAFETY: rule 14: transparent integers, which are `Send`.
        unsafe impl percpu_hv::Scalar for $name {}
    };
    (@ shared $name:ident) => {
        impl percpu_hv::Shared for $name {}
    };
    (@ exclusive $name:ident) => {};
}

types! {
    #[derive(Clone, Copy)]
    #[repr(transparent)]
    Vmid(u16) = VMID, 1, value;
    Load(std::sync::atomic::AtomicU32) = LOAD, std::sync::atomic::AtomicU32::new(0), shared;
    Names(Vec<&'static str>) = NAMES, Vec::new(), exclusive;
}

/// A type that is a macro's.
macro_rules! tuple {
    ($($ty:ty),*) => { ($($ty,)*) };
}

#[def_percpu]
static ATOMICS: tuple!(AtomicBool, AtomicBool) = (AtomicBool::new(true), AtomicBool::new(false));

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(lower.read_current(), 2);
    assert_eq!(TEXT.with_current(|text| text.len()), 4);
    assert_eq!(
        OPTION.with_current(|option| option.map(|bytes| bytes[2])),
        Some(3)
    );
    assert!(ITEM.read_current());
    assert_eq!(ITEM_MUT.with_current(|c| *c), 'x');
    assert_eq!(unsigned::VALUE.read_current(), u16::MAX);
    assert_eq!(signed::VALUE.with_current(|v| *v), i16::MAX);
    VMID.write_current(Vmid(VMID.read_current().0 + 1));
    assert_eq!(VMID.read_current().0, 2);
    let pin = percpu_hv::CpuPin::new();
    assert_eq!(LOAD.get(&pin).0.fetch_add(1, Relaxed), 0);
    assert!(NAMES.with_current(|names| names.0.is_empty()));
    assert!(ATOMICS.get(&pin).0.load(Relaxed));
    assert_eq!(SIZED.with_current(|s| (s.0[2], s.1.len())), (0xff, 2));
}
