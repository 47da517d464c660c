package object

import "granary/internal/mem"

// Free gives back the entry e, which no table refers to any more, with everything it holds. At most about budget
// elements are freed in one call, so that no value is too large to free; it reports how many objects were freed and
// whether that was all. Until then the entry stays and Free is called again.
func Free(a *mem.Arena, e Entry, budget int) (freed int, done bool) {
	switch {
	case e.Type() == String:
		FreeString(a, e)
	case e.IsFlat():
		FreeFlat(a, e)
	default:
		if freed, done = freeRooted(a, e, budget); !done {
			return freed, false
		}
		FreeEntry(a, e)
	}
	return freed + 1, true
}
