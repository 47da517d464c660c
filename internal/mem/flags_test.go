package mem

import "granary/internal/invariants"

// checked is true when misuse within a size class is found.
const checked = invariants.Enabled
