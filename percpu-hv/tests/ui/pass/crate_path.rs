//! `crate = path`: through a re-export, absolute, and from a macro.

mod platform {
    pub use percpu_hv as runtime;

    pub mod prelude {
        pub use percpu_hv::*;
    }
}

mod variables {
    use crate::platform::runtime::def_percpu;

    #[def_percpu(crate = crate::platform::runtime)]
    pub static OF_CRATE: u8 = 1;

    #[def_percpu(crate = super::platform::prelude)]
    pub static OF_SUPER: u8 = 2;

    #[def_percpu(crate = ::percpu_hv,)]
    pub static ABSOLUTE: u8 = 3;

    use crate::platform::runtime as nearby;

    #[def_percpu(crate = nearby)]
    pub static RELATIVE: u8 = 4;

    #[def_percpu(crate = self::nearby)]
    pub static OF_SELF: u8 = 5;
}

macro_rules! counter {
    ($name:ident) => {
        #[percpu_hv::def_percpu(crate = $crate::platform::runtime)]
        static $name: u8 = 6;
    };
    ($name:ident in $path:path) => {
        #[percpu_hv::def_percpu(crate = $path)]
        static $name: u8 = 7;
    };
    ($name:ident at $($path:tt)*) => {
        #[percpu_hv::def_percpu(crate = $($path)*)]
        static $name: u8 = 8;
    };
}

counter!(OF_MACRO);
counter!(OF_FRAGMENT in platform::runtime);
counter!(OF_TOKENS at crate::platform::runtime);

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    assert_eq!(variables::OF_CRATE.read_current(), 1);
    assert_eq!(variables::OF_SUPER.read_current(), 2);
    assert_eq!(variables::ABSOLUTE.read_current(), 3);
    assert_eq!(variables::RELATIVE.read_current(), 4);
    assert_eq!(variables::OF_SELF.read_current(), 5);
    assert_eq!(OF_MACRO.read_current(), 6);
    assert_eq!(OF_FRAGMENT.read_current(), 7);
    assert_eq!(OF_TOKENS.read_current(), 8);
}
