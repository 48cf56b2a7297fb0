//! hv-boot in short, with the copies in RAM that the firmware names instead of in the image: a block for each node.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| {
    use percpu_hv::{AreaSlot, add_area_from, init_from_each, split_areas};

    /// Where the copies of each CPU are.
    static TABLE: [AreaSlot; hv_boot::MAX_CPUS] = [const { AreaSlot::new() }; hv_boot::MAX_CPUS];
    #[percpu_hv::def_percpu]
    static EXITS: usize = 0;

    /// As on a machine with two nodes: a CPU's copies are in the memory of its node.
    const NODES: usize = 2;
    let cpus = machine.cpu_count();
    let layout = percpu_hv::percpu_area_layout_expected(cpus.div_ceil(NODES));
    let memories = [(); NODES].map(|()| machine.take_memory(layout).expect("memory of a node"));
    let blocks = memories.each_ref().map(|memory| memory.as_ptr_range());
    let mut areas = memories.map(split_areas);
    // From the end, to show that the order of the ids need not be that of the addresses.
    let mut area_of = |cpu: usize| areas[cpu % NODES].next_back().expect("room for each CPU");

    // The last CPU arrives later, unless it is the only one.
    let first = cpus.max(2) - 1;
    init_from_each(&TABLE, (0..first).map(&mut area_of)).expect("aligned memory");
    for cpu in first..cpus {
        let late = add_area_from(area_of(cpu)).expect("a slot for each CPU");
        assert_eq!(late.index(), cpu);
    }
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        EXITS.add_current(1 + cpu.id());
    });
    for (cpu, exits) in EXITS.values() {
        let base = percpu_hv::percpu_area_base(cpu.index());
        hv_boot::println!("cpu {cpu}: copies at {base:#x}, {exits} exits");
        let block = &blocks[cpu.index() % NODES];
        assert!((block.start.addr()..block.end.addr()).contains(&base));
        assert_eq!(exits, 1 + cpu.index());
    }
    assert_eq!(EXITS.values().len(), cpus);
    let level = machine.boot_cpu().level();
    hv_boot::println!("hv-boot: {cpus} CPUs at {level}, ok");
    hv_boot::ExitCode::SUCCESS
});
