//! A CPU uses a variable of an area that was overwritten: in debug builds, the panic says where to look.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|_| {
    #[percpu_hv::def_percpu]
    static EXITS: usize = 0;

    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    percpu_hv::init_percpu_reg(0);
    EXITS.inc_current();
    let area = core::ptr::with_exposed_provenance_mut::<u8>(percpu_hv::percpu_area_base(0));
    // SAFETY: none, which is the point: rule 6, the area is in use. It is mapped and writable.
    unsafe { area.write_bytes(0x5a, percpu_hv::percpu_area_size()) };
    EXITS.inc_current();
    hv_boot::ExitCode::SUCCESS
});
