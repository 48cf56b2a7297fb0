//! hv-boot in short, with the copies in RAM that the firmware names instead of in the image.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| {
    #[percpu_hv::def_percpu]
    static EXITS: usize = 0;

    let cpus = machine.cpu_count();
    // For as many CPUs as there are, and no more.
    let layout = percpu_hv::percpu_area_layout_expected(cpus);
    let memory = machine
        .take_memory(layout)
        .expect("free memory for the copies");
    let range = memory.as_ptr_range();
    percpu_hv::init_from(memory, cpus).expect("memory of the expected layout");
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        EXITS.add_current(1 + cpu.id());
    });
    for (cpu, exits) in EXITS.values() {
        let base = percpu_hv::percpu_area_base(cpu.index());
        hv_boot::println!("cpu {cpu}: copies at {base:#x}, {exits} exits");
        assert!((range.start.addr()..range.end.addr()).contains(&base));
        assert_eq!(exits, 1 + cpu.index());
    }
    assert_eq!(EXITS.values().len(), cpus);
    let level = machine.boot_cpu().level();
    hv_boot::println!("hv-boot: {cpus} CPUs at {level}, ok");
    hv_boot::ExitCode::SUCCESS
});
