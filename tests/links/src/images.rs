//! Compiling the images, once a mode.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
};

use cargo_metadata::{BuildScript, Message};

use crate::{
    arch::Arch,
    link::{Link, Linker},
    tools::{root, run, target_directory},
};

/// The features that an image is compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `TPIDR_EL2`, 16-bit offsets.
    Default,
    /// `TPIDR_EL2`, any size and address.
    NonZeroVma,
    /// `TPIDR_EL1`, 16-bit offsets. Only the images `areas`, `compat` and `early`.
    El1,
    /// The safe accessors hold the guard of kernel_guard, which the kernel implements. Only the image `preempt`.
    Preempt,
    /// The kernel implements what kernel_guard 0.1 asks for.
    PreemptKernelGuard01,
    /// The safe accessors call the kernel's hook. Only the image `preempt`.
    PreemptHook,
    /// The platform makes the areas. Only the image `custom_base`.
    CustomBase,
    /// With percpu-hv's checks of debug builds. Only the image `hot_large`.
    Checked,
    /// Accesses as short as to hot variables. Only the images `areas`, `cold` and `large`.
    Small,
    /// The same at any address.
    SmallAnywhere,
}

impl Mode {
    fn cargo_options(self) -> &'static [&'static str] {
        match self {
            Self::Default => &["--examples"],
            Self::NonZeroVma => &["--examples", "--features=non-zero-vma"],
            Self::El1 => &[
                "--example=areas",
                "--example=compat",
                "--example=early",
                "--no-default-features",
            ],
            Self::PreemptKernelGuard01 => {
                &["--example=preempt", "--features=preempt-kernel-guard-0-1"]
            }
            Self::Preempt => &["--example=preempt", "--features=preempt"],
            Self::PreemptHook => &["--example=preempt", "--features=preempt-hook"],
            Self::CustomBase => &["--example=custom_base", "--features=custom-base"],
            Self::Checked => &[
                "--example=hot_large",
                // They are in percpu-hv's code wherever it is instantiated; for all packages, each would be built again.
                "--config=profile.release.package.percpu-hv.debug-assertions=true",
            ],
            Self::Small => &[
                "--example=areas",
                "--example=cold",
                "--example=large",
                "--features=small-template",
            ],
            Self::SmallAnywhere => &["--examples", "--features=small-template,non-zero-vma"],
        }
    }

    fn build(self) -> &'static Build {
        static BUILDS: [OnceLock<Build>; 10] = [const { OnceLock::new() }; 10];
        BUILDS[self as usize].get_or_init(|| Build::new(self))
    }
}

/// What cargo made in one mode.
#[derive(Debug)]
struct Build {
    archives: HashMap<String, PathBuf>,
    /// Where percpu-hv's build script put the linker fragment.
    fragment: PathBuf,
}

impl Build {
    /// # Panics
    ///
    /// If the images do not compile, with cargo's output.
    fn new(mode: Mode) -> Self {
        let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);

        let kept = target_directory().join("images").join(format!("{mode:?}"));
        fs::create_dir_all(&kept).expect("the target directory is writable");
        let (mut archives, mut fragment) = (HashMap::new(), None);
        for message in compile(Arch::Aarch64, "build", mode.cargo_options()) {
            match message {
                Message::CompilerArtifact(artifact) if artifact.target.is_example() => {
                    let name = artifact.target.name;
                    let archive = kept.join(format!("{name}.a"));
                    copy(artifact.filenames[0].as_std_path(), &archive);
                    archives.insert(name, archive);
                }
                Message::BuildScriptExecuted(build) if has_fragment(&build) => {
                    assert!(fragment.is_none(), "two percpu-hv in one image");
                    fragment = Some(build.out_dir.into_std_path_buf());
                }
                _ => {}
            }
        }
        Self {
            archives,
            fragment: fragment.expect("percpu-hv's build script writes the fragment"),
        }
    }
}

/// The modes share a target directory, so that what they have in common is compiled once; the next mode's archives
/// replace the last one's, which are therefore kept elsewhere.
static ONE_BY_ONE: Mutex<()> = Mutex::new(());

/// Compiles images, and gives cargo's messages.
///
/// # Panics
///
/// If they do not compile, with cargo's output.
fn compile(arch: Arch, command: &str, options: &[&str]) -> Vec<Message> {
    let target = arch.target();
    let script = r#"source scripts/common.sh && bare_cargo "$@""#;
    let usual = "--package=images --release --message-format=json-render-diagnostics";
    let output = run(Command::new("bash")
        .args(["-c", script, "links", target, command])
        .args(usual.split_whitespace())
        .args(options)
        .current_dir(root())
        // These are libraries of the tests' compiler, which may be another one than the images'.
        .env_remove("LD_LIBRARY_PATH"));
    assert!(
        output.status.success(),
        "the images do not compile for {target} with {options:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Message::parse_stream(&*output.stdout)
        .map(|message| message.expect("cargo prints its messages"))
        .collect()
}

/// The image that `tests/images/examples/<name>.rs` describes, for any architecture, in the default mode and
/// compiled with more arguments for rustc.
///
/// # Panics
///
/// If it does not compile.
pub fn image_for(arch: Arch, name: &str, rustc_arguments: &[&str]) -> Image {
    let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = target_directory().join("images").join(arch.name());
    fs::create_dir_all(&kept).expect("the target directory is writable");
    let archive = kept.join(format!("{name}{}.a", rustc_arguments.concat()));
    let mut options = vec!["--example", name, "--"];
    options.extend(rustc_arguments);
    let mut fragment = None;
    for message in compile(arch, "rustc", &options) {
        match message {
            Message::CompilerArtifact(artifact) if artifact.target.is_example() => {
                copy(artifact.filenames[0].as_std_path(), &archive);
            }
            Message::BuildScriptExecuted(build) if has_fragment(&build) => {
                fragment = Some(build.out_dir.into_std_path_buf());
            }
            _ => {}
        }
    }
    Image {
        arch,
        archive,
        fragment: fragment.expect("percpu-hv's build script writes the fragment"),
    }
}

fn has_fragment(build: &BuildScript) -> bool {
    build.out_dir.join("percpu-insert.x").is_file()
}

/// Copies a file; another test process that reads the target meanwhile sees the old one or the new one.
fn copy(from: &Path, to: &Path) {
    let part = to.with_extension(std::process::id().to_string());
    fs::copy(from, &part)
        .and_then(|_| fs::rename(&part, to))
        .unwrap_or_else(|error| panic!("{} cannot be copied: {error}", from.display()));
}

/// A compiled image: a static library that no linker has seen.
#[derive(Clone, Debug)]
pub struct Image {
    arch: Arch,
    archive: PathBuf,
    fragment: PathBuf,
}

impl Image {
    /// The static library.
    pub fn archive(&self) -> &Path {
        &self.archive
    }

    /// What it is compiled for.
    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// Begins to link the image.
    pub fn link(&self, linker: Linker) -> Link {
        Link::new(linker, self.arch, &self.archive, &self.fragment)
    }
}

/// The image that `tests/images/examples/<name>.rs` describes, for AArch64.
///
/// # Panics
///
/// If there is none, or if it does not compile.
pub fn image(mode: Mode, name: &str) -> Image {
    let Build { archives, fragment } = mode.build();
    let archive = archives.get(name);
    Image {
        arch: Arch::Aarch64,
        archive: archive
            .unwrap_or_else(|| panic!("there is no image `{name}`"))
            .clone(),
        fragment: fragment.clone(),
    }
}

/// The directory that percpu-hv's build script puts on the linker's search path.
///
/// # Panics
///
/// If the images do not compile.
pub fn fragment_directory(mode: Mode) -> &'static Path {
    &mode.build().fragment
}
