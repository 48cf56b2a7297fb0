//! A process that has no variable, and asks for its areas alone: lld drops a section that nothing else names.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

#[test]
fn the_areas_have_a_size() {
    let size = percpu_hv::percpu_area_size();
    assert!(size >= size_of::<usize>());
    assert!(percpu_hv::percpu_area_layout_expected(1).size() >= size);
    assert_eq!(percpu_hv::percpu_area_num(), 0);
}

/// No variable aligns them.
#[test]
fn defect_58_areas_share_no_pair_of_lines() {
    let pairs = cfg!(any(target_arch = "aarch64", target_arch = "x86_64"));
    let layout = percpu_hv::percpu_area_layout_expected(1);
    assert!(layout.align() >= if pairs { 128 } else { 64 });
    assert_eq!(layout.size() % layout.align(), 0);
}
