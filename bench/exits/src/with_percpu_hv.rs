//! percpu-hv: the macros in assembly, and a `CpuPin` in Rust.

/// A variable for each value, all with an option or none.
macro_rules! variables {
    ($name:literal, [$($option:ident)?]) => {
        use core::{
            ptr,
            sync::atomic::{AtomicU64, Ordering::Relaxed},
        };

        use percpu_hv::{CpuPin, def_percpu};

        use crate::exit::{self, HYPERCALL, Vcpu};

        #[def_percpu($($option)?)]
        static VCPU: *mut Vcpu = ptr::null_mut();
        #[def_percpu($($option)?)]
        static EXITS: u64 = 0;
        #[def_percpu($($option)?)]
        static PENDING: bool = false;
        #[def_percpu($($option)?)]
        static REASONS: [AtomicU64; exit::REASONS] = [const { AtomicU64::new(0) }; exit::REASONS];

        extern "C" fn handle() -> *mut Vcpu {
            let pin = CpuPin::new();
            exit::handle(
                |reason| {
                    let count = &REASONS.get(&pin)[reason];
                    // No handler interrupts this one.
                    count.store(count.load(Relaxed) + 1, Relaxed);
                },
                || VCPU.read(&pin),
                || PENDING.read(&pin),
            )
        }

        fn start(_cpu: usize, vcpu: *mut Vcpu) {
            VCPU.write_current(vcpu);
        }

        fn counts() -> (u64, u64) {
            let pin = CpuPin::new();
            (EXITS.read(&pin), REASONS.get(&pin)[HYPERCALL].load(Relaxed))
        }

        exit::variant! {
            $name,
            find concat!(percpu_hv::this_cpu_register!(x0), percpu_hv::ldr_this_cpu!(x1, VCPU; x0)),
            count percpu_hv::add_this_cpu!(EXITS, 1, x2, x3; x0),
            handle handle,
            start start,
            counts counts,
            VCPU = sym __PERCPU_VCPU,
            VCPU_form = const VCPU.form(),
            EXITS = sym __PERCPU_EXITS,
            EXITS_form = const EXITS.form(),
        }
    };
}

/// Hot variables.
pub(crate) mod hot {
    variables! { "percpu-hv-hot", [hot] }
}

/// Variables without an option.
pub(crate) mod ordinary {
    variables! { "percpu-hv", [] }
}

/// The fields of one variable: an exit takes its address once, and passes it on.
pub(crate) mod one_struct {
    use core::{
        mem::offset_of,
        ptr,
        sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed},
    };

    use percpu_hv::{CpuPin, def_percpu};

    use crate::exit::{self, HYPERCALL, Vcpu};

    struct Core {
        vcpu: AtomicPtr<Vcpu>,
        exits: AtomicU64,
        pending: AtomicBool,
        reasons: [AtomicU64; exit::REASONS],
    }

    #[def_percpu(shared)]
    static CORE: Core = Core {
        vcpu: AtomicPtr::new(ptr::null_mut()),
        exits: AtomicU64::new(0),
        pending: AtomicBool::new(false),
        reasons: [const { AtomicU64::new(0) }; exit::REASONS],
    };

    extern "C" fn handle(core: &Core) -> *mut Vcpu {
        exit::handle(
            |reason| {
                let count = &core.reasons[reason];
                // No handler interrupts this one.
                count.store(count.load(Relaxed) + 1, Relaxed);
            },
            || core.vcpu.load(Relaxed),
            || core.pending.load(Relaxed),
        )
    }

    fn start(_cpu: usize, vcpu: *mut Vcpu) {
        CORE.get(&CpuPin::new()).vcpu.store(vcpu, Relaxed);
    }

    fn counts() -> (u64, u64) {
        let pin = CpuPin::new();
        let core = CORE.get(&pin);
        (
            core.exits.load(Relaxed),
            core.reasons[HYPERCALL].load(Relaxed),
        )
    }

    exit::variant! {
        "percpu-hv-struct",
        find concat!(percpu_hv::adr_this_cpu!(x0, CORE, x1), "ldr x1, [x0, #{vcpu}]"),
        count "ldr x2, [x0, #{exits}]\nadd x2, x2, #1\nstr x2, [x0, #{exits}]",
        handle handle,
        start start,
        counts counts,
        CORE = sym __PERCPU_CORE,
        CORE_form = const CORE.form(),
        vcpu = const offset_of!(Core, vcpu),
        exits = const offset_of!(Core, exits),
    }
}
