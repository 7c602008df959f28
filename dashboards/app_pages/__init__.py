"""One file per screen: what to show and in which order; no SQL and no arithmetic."""
