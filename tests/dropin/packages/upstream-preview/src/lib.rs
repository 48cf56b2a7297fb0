//! Nothing: cargo fetches the dependencies.
