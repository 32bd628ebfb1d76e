//! Where tracked runs are kept.
