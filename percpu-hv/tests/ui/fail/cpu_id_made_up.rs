//! If an id could be made up: `on` reaches behind the last area.

use percpu_hv::CpuId;

fn main() {
    let _last = CpuId(1 << 20);
    let _last = CpuId::from(1 << 20);
    let _last = CpuId::default();
}
