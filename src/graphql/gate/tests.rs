//! The gate as sentences.
