//go:build invariants

// Package invariants says whether the build carries the expensive checks (build tag `invariants`). Code
// under `if invariants.Enabled` vanishes from an ordinary build, because Enabled is a constant.
package invariants

// Enabled is true in builds with the tag `invariants`.
const Enabled = true
