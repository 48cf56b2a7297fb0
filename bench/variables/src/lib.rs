//! Variables by the thousand, to see what they cost.
#![no_std]

#[cfg(feature = "percpu")]
use percpu::def_percpu;
#[cfg(all(feature = "percpu-hv", not(feature = "percpu")))]
use percpu_hv::def_percpu;

#[cfg(any(feature = "percpu", feature = "percpu-hv"))]
include!(concat!(env!("OUT_DIR"), "/variables.rs"));
