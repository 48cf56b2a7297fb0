//! With an invented id, `on` would access memory behind the last area.

use percpu_hv::CpuId;

fn main() {
    let _last = CpuId(1 << 20);
    let _last = CpuId::from(1 << 20);
    let _last = CpuId::default();
}
