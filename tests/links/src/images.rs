//! Compiling the images, once a mode.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
};

use cargo_metadata::Message;

use crate::{
    link::{Link, Linker},
    tools::{root, run},
};

const TARGET: &str = "aarch64-unknown-none-softfloat";

/// The features that an image is compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `TPIDR_EL2`, 16-bit offsets.
    Default,
    /// `TPIDR_EL2`, any size and address.
    NonZeroVma,
    /// `TPIDR_EL1`, 16-bit offsets.
    El1,
}

impl Mode {
    fn cargo_options(self) -> &'static [&'static str] {
        match self {
            Self::Default => &[],
            Self::NonZeroVma => &["--features=non-zero-vma"],
            Self::El1 => &["--no-default-features"],
        }
    }

    fn build(self) -> &'static Build {
        static BUILDS: [OnceLock<Build>; 3] = [const { OnceLock::new() }; 3];
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
        // The modes share a target directory, so that core is compiled once; the next mode's archives replace
        // the last one's, which are therefore kept elsewhere.
        static ONE_BY_ONE: Mutex<()> = Mutex::new(());
        let _held = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);

        let target = root().join("target/links");
        let script = r#"source scripts/common.sh && bare_cargo "$@""#;
        let options = "build --package=images --examples --release \
                       --message-format=json-render-diagnostics --target-dir";
        let output = run(Command::new("bash")
            .args(["-c", script, "links", TARGET])
            .args(options.split_whitespace())
            .arg(&target)
            .args(mode.cargo_options())
            .current_dir(root())
            // These are libraries of the tests' compiler, which may be another one than the images'.
            .env_remove("LD_LIBRARY_PATH"));
        assert!(
            output.status.success(),
            "the images do not compile in mode {mode:?}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );

        let kept = target.join("images").join(format!("{mode:?}"));
        fs::create_dir_all(&kept).expect("the target directory is writable");
        let (mut archives, mut fragment) = (HashMap::new(), None);
        for message in Message::parse_stream(&*output.stdout) {
            match message.expect("cargo prints its messages") {
                Message::CompilerArtifact(artifact) if artifact.target.is_example() => {
                    let name = artifact.target.name;
                    let archive = kept.join(format!("{name}.a"));
                    copy(artifact.filenames[0].as_std_path(), &archive);
                    archives.insert(name, archive);
                }
                Message::BuildScriptExecuted(build) => {
                    let directory = build.out_dir.into_std_path_buf();
                    if directory.join("percpu-insert.x").is_file() {
                        assert!(fragment.is_none(), "two percpu-hv in one image");
                        fragment = Some(directory);
                    }
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

/// Copies a file; another test process that reads the target meanwhile sees the old one or the new one.
fn copy(from: &Path, to: &Path) {
    let part = to.with_extension(std::process::id().to_string());
    fs::copy(from, &part)
        .and_then(|_| fs::rename(&part, to))
        .unwrap_or_else(|error| panic!("{} cannot be copied: {error}", from.display()));
}

/// A compiled image: a static library that no linker has seen.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    mode: Mode,
    archive: &'static Path,
}

impl Image {
    /// The static library.
    pub fn archive(&self) -> &'static Path {
        self.archive
    }

    /// Begins to link the image.
    pub fn link(self, linker: Linker) -> Link {
        Link::new(linker, self.archive, fragment_directory(self.mode))
    }
}

/// The image that `tests/images/examples/<name>.rs` describes.
///
/// # Panics
///
/// If there is none, or if it does not compile.
pub fn image(mode: Mode, name: &str) -> Image {
    let archive = mode.build().archives.get(name);
    Image {
        mode,
        archive: archive.unwrap_or_else(|| panic!("there is no image `{name}`")),
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
