//! Placeholder of the lead; overwrite.
