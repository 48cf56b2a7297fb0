//! A CPU uses a variable of an area that something wrote over: a panic that says where to look, in debug builds.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use core::ptr;

    use hv_boot::{ExitCode, Machine};
    use percpu_hv::def_percpu;

    #[def_percpu]
    static EXITS: usize = 0;

    pub(super) fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        percpu_hv::init_percpu_reg(0);
        EXITS.inc_current();
        let area = ptr::with_exposed_provenance_mut::<u8>(percpu_hv::percpu_area_base(0));
        // SAFETY: none, which is the point: rule 6, the area is in use. It is mapped and writable.
        unsafe { area.write_bytes(0x5a, percpu_hv::percpu_area_size()) };
        EXITS.inc_current();
        ExitCode::SUCCESS
    }
}
