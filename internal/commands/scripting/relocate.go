package scripting

import (
	"granary/internal/keyspace"
	"granary/internal/mem"
)

// moveStep is how many sources a unit of compaction looks at.
const moveStep = 32

// moveSources moves sources of scripts to where the allocator would rather have them (keyspace.Mover). A script that runs
// needs its source no more: it was compiled.
func (c *cache) moveSources(at *keyspace.MoverCursor) (more bool) {
	arena := c.engine.env.Keys.Arena
	for range moveStep {
		if at[0] >= uint64(len(c.all)) {
			return false
		}
		t := &c.all[at[0]].source
		at[0]++
		if t.n > 0 && mem.ShouldMove(t.ref, t.n, mem.PurposeScript) {
			old := *t
			*t = keep(arena, old.bytes(), mem.PurposeScript)
			old.free(arena, mem.PurposeScript)
		}
	}
	return true
}
