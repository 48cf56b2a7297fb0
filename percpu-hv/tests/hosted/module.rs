//! The per-CPU sections of modules.

use std::alloc::Layout;
use std::collections::BTreeMap;

use object::{Object, ObjectSymbol};
use percpu_hv::{CpuId, DynError, DynPerCpu, ModuleSection, def_percpu, module_symbols};

use crate::common::{CPUS, on_cpu, panic_text};

/// More than the tests beside it leave free.
const WHOLE: usize = 64 << 10;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// The bytes of a CPU's section.
fn bytes(section: &ModuleSection, cpu: CpuId) -> Vec<u8> {
    let size = section.layout().size();
    // SAFETY: rule 6, only this test knows the section, which is initialized.
    unsafe { std::slice::from_raw_parts(section.remote_ptr(cpu), size) }.to_vec()
}

#[test]
fn initial_bytes_are_on_every_cpu() {
    on_cpu(0, || {
        // Twice: the second one finds what the first one left.
        for _ in 0..2 {
            let mut section = ModuleSection::new(layout(100, 64)).unwrap();
            for cpu in CpuId::all() {
                assert_eq!(bytes(&section, cpu), [0; 100]);
            }
            section.write(7, &[1, 2, 3]);
            section.write(98, &[8, 9]);
            section.write(100, &[]);
            let mut expected = [0; 100];
            expected[7..10].copy_from_slice(&[1, 2, 3]);
            expected[98..].copy_from_slice(&[8, 9]);
            for cpu in CpuId::all() {
                assert_eq!(section.remote_ptr(cpu).addr() % 64, 0);
                assert_eq!(bytes(&section, cpu), expected);
            }
            let last = CpuId::new(CPUS - 1).unwrap();
            // SAFETY: rules 6 and 23, only this test knows the section.
            unsafe { section.write_remote(last, 0, &[5; 100]) };
            for cpu in CpuId::all() {
                let whole = if cpu == last { [5; 100] } else { expected };
                assert_eq!(bytes(&section, cpu), whole);
            }
        }
    });
}

/// A relocation to the address of the section gets what one to the symbol of a static variable gets.
#[test]
fn the_address_is_that_of_a_variable() {
    #[def_percpu]
    static LINKED: u64 = 0;

    on_cpu(0, || {
        let section = ModuleSection::new(layout(16, 16)).unwrap();
        for cpu in CpuId::all() {
            // SAFETY: rule 6, only its address is used.
            let linked = unsafe { LINKED.remote_ptr(cpu.index()) }.addr();
            let distance = section.address().wrapping_sub(LINKED.symbol_vma());
            let found = section.remote_ptr(cpu).addr();
            assert_eq!(found, linked.wrapping_add(distance));
        }
    });
}

#[test]
fn sections_and_variables_share_the_reserve() {
    on_cpu(0, || {
        let section = ModuleSection::new(layout(4096, 16)).unwrap();
        let variable = DynPerCpu::<u128>::new(u128::MAX).unwrap();
        let other = ModuleSection::new(layout(4096, 16)).unwrap();
        assert_ne!(section.address(), other.address());
        for cpu in CpuId::all() {
            assert_eq!(variable.read_remote(cpu), u128::MAX);
            assert_eq!(bytes(&section, cpu), [0; 4096]);
        }
        // More often than there is space.
        for _ in 0..100 {
            drop(ModuleSection::new(layout(4096, 16)).unwrap());
        }
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    on_cpu(0, || {
        let refused = |size, align| ModuleSection::new(layout(size, align)).unwrap_err();
        let needed = WHOLE + 16;
        match refused(WHOLE + 1, 1) {
            DynError::OutOfSpace { needed: all, free } => {
                assert!(all == needed && free < needed);
            }
            other => panic!("{other}"),
        }
        assert!(matches!(
            refused(1, 1 << 20),
            DynError::Misaligned {
                align: 0x10_0000,
                ..
            }
        ));
    });
}

#[test]
fn a_write_outside_is_refused() {
    for (offset, count) in [(0, 17), (16, 1), (17, 0), (usize::MAX, 2)] {
        let text = panic_text(|| {
            on_cpu(0, || {
                let mut section = ModuleSection::new(layout(16, 1)).unwrap();
                section.write(offset, &vec![0; count]);
            });
        });
        assert_eq!(
            text,
            format!(
                "{count} bytes at {offset} are not inside of a per-CPU section of 16 bytes; make the section as large \
                 as the module's"
            )
        );
    }
}

/// The names are those in the symbol table of this program, and the addresses differ as there.
#[test]
#[cfg_attr(miri, ignore = "Miri assembles nothing")]
fn symbols_have_their_names() {
    let program = std::fs::read("/proc/self/exe").unwrap();
    let file = object::File::parse(&*program).unwrap();
    let linked: BTreeMap<_, _> = file
        .symbols()
        .filter_map(|symbol| Some((symbol.name().ok()?, symbol.address() as usize)))
        .collect();
    let mut moved = module_symbols().map(|(name, address)| {
        let linked = linked.get(name);
        address - linked.unwrap_or_else(|| panic!("there is no symbol {name}"))
    });
    let first = moved.next().unwrap();
    let others: Vec<_> = moved.collect();
    assert!(others.len() > 3);
    assert!(others.iter().all(|&distance| distance == first));
}
