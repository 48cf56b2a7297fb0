//! RISC-V: `gp` is the per-CPU register, and linkers think that it is theirs.

use std::{path::Path, process::Command};

use links::{code_for, disassembly, rust_lld};

const TARGET: &str = "riscv64gc-unknown-none-elf";

/// Links the accessors with `script`, and gives what the linker says or the image.
fn link(
    linker: &str,
    archive: &Path,
    fragment: &Path,
    script: &str,
) -> Result<tempfile::TempPath, String> {
    let image = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let mut command = match linker {
        "lld" => {
            let mut lld = Command::new(rust_lld());
            lld.args(["-flavor", "gnu"]);
            lld
        }
        gnu => Command::new(gnu),
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let output = command
        .arg("-L")
        .arg(&scripts)
        .arg("-L")
        .arg(fragment)
        .arg("-T")
        .arg(scripts.join(script))
        .args([
            "--gc-sections",
            "-u",
            "ours_read_u64",
            "-u",
            "ours_current_ptr",
        ])
        .arg(archive)
        .arg("-o")
        .arg(&image)
        .output()
        .expect("scripts/setup.sh --tests installs the linkers");
    if output.status.success() {
        Ok(image)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn defect_23_relaxation_leaves_the_accesses_alone() {
    let (archive, fragment) = code_for(TARGET, &["-Ctarget-feature=+relax"]);
    for linker in ["lld", "riscv64-linux-gnu-ld"] {
        let image = link(linker, &archive, &fragment, "riscv.ld").unwrap();
        let code = disassembly(&image);
        for (access, last) in [("ours_read_u64", "ld"), ("ours_current_ptr", "addi")] {
            let mnemonics: Vec<_> = code[access]
                .iter()
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            assert_eq!(
                mnemonics,
                ["lui", "add", last, "ret"],
                "{linker}: {code:#?}"
            );
            assert!(code[access][1].ends_with("gp"), "{linker}: {code:#?}");
        }
    }
}

#[test]
fn defect_23_a_global_pointer_is_reported() {
    let (archive, fragment) = code_for(TARGET, &["-Ctarget-feature=+relax"]);
    for linker in ["lld", "riscv64-linux-gnu-ld"] {
        let error = link(linker, &archive, &fragment, "riscv-gp.ld").unwrap_err();
        let text = "ERROR(percpu-hv): your script defines __global_pointer$";
        assert!(error.contains(text), "{linker}: {error}");
    }
}
