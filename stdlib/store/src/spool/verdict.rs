//! What a failure means for what waits in a spool.

use crate::client::is_passing;
use crate::error::{Code, Error};

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server is away, busy, or not what it should be: everything waits.
    Away,
    /// This call may work later: its lane waits.
    Later,
    /// This call will never work: it is set aside.
    Never,
}

/// The meaning of an error of the destination.
pub(super) fn verdict(error: &Error) -> Verdict {
    match error {
        Error::Unreachable { .. } => Verdict::Away,
        // No such route, a redirect, or a page instead of JSON: another server answers there for now.
        Error::Remote { code: Code::EndpointNotFound, .. } | Error::Remote { status: 200..=399, .. } => Verdict::Away,
        // Credentials are mended without touching what waits.
        Error::Remote { status: 401 | 407, .. } => Verdict::Away,
        Error::Remote { status: 429 | 502..=504, .. } => Verdict::Away,
        Error::Remote { status, .. } if is_passing(*status) => Verdict::Later,
        Error::Locked { .. } | Error::Full { .. } | Error::Io { .. } | Error::Database { .. } => Verdict::Later,
        _ => Verdict::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_will_never_work_is_set_aside() {
        for (status, code, expected) in [
            (400, Code::InvalidParameterValue, Verdict::Never),
            (404, Code::ResourceDoesNotExist, Verdict::Never),
            (404, Code::EndpointNotFound, Verdict::Away),
            (401, Code::Unauthenticated, Verdict::Away),
            (403, Code::PermissionDenied, Verdict::Never),
            (413, Code::BadRequest, Verdict::Never),
            (500, Code::InternalError, Verdict::Later),
            (503, Code::TemporarilyUnavailable, Verdict::Away),
            (302, Code::InternalError, Verdict::Away),
            (200, Code::InternalError, Verdict::Away),
        ] {
            let error = Error::Remote { uri: String::new(), status, code, message: String::new() };
            assert_eq!(verdict(&error), expected, "{status} {code:?}");
        }
    }
}
