//! RISC-V: `gp` is the per-CPU register, and linkers think that it is theirs.

use links::{Arch, Image, Link, Linker, disassembly, image_for};

fn relaxed() -> Image {
    image_for(Arch::RiscV64, "code", &["-Ctarget-feature=+relax"])
}

/// Links the accessors.
fn link(image: &Image, linker: Linker) -> Link {
    let accessors = ["-uonce_read", "-uonce_pointer"];
    accessors.into_iter().fold(image.link(linker), Link::arg)
}

#[test]
fn defect_23_relaxation_leaves_the_accesses_alone() {
    let image = relaxed();
    for linker in Linker::ALL {
        let elf = link(&image, linker).script("riscv.ld").run().unwrap();
        let code = disassembly(elf.path());
        for (access, last) in [("once_read", "ld"), ("once_pointer", "addi")] {
            let mnemonics: Vec<_> = code[access]
                .iter()
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            assert_eq!(
                mnemonics,
                ["lui", "add", last, "ret"],
                "{linker:?}: {code:#?}"
            );
            assert!(code[access][1].ends_with("gp"), "{linker:?}: {code:#?}");
        }
    }
}

#[test]
fn defect_23_a_global_pointer_is_reported() {
    let image = relaxed();
    for linker in Linker::ALL {
        let link = link(&image, linker).script("riscv-gp.ld");
        let error = link.run().unwrap_err();
        let text = "ERROR(percpu-hv): your script defines __global_pointer$";
        assert!(error.contains(text), "{linker:?}: {error}");
    }
}
