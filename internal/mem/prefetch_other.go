//go:build !amd64 && !arm64

package mem

import "unsafe"

// Prefetch brings lines of memory into the processor's caches: there is no instruction for it that Go knows here, and reading
// them would wait.
func Prefetch([]unsafe.Pointer) {}
