//! If a kind could be made up: one whose variables give `&T` and `&mut T`.

enum Both {}
impl percpu_hv::kind::Kind for Both {}

fn main() {}
