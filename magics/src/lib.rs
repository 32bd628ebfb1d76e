//! ironbook-magics
