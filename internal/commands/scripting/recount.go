package scripting

import (
	"granary/internal/mem"
	"granary/internal/script"
)

// CountMemory implements command.MemoryHolder.
func (e *engine) CountMemory(count func(p mem.Purpose, usable int64)) {
	for _, s := range e.scripts.by {
		count(mem.PurposeScript, s.source.size()+s.compiled)
	}
	for _, lib := range e.libs.by {
		count(mem.PurposeFunction, lib.source.size()+lib.compiled)
	}
	for i := range e.vm {
		m := &e.vm[i]
		n := int64(0)
		if m.in != nil {
			n = script.InterpSize
		}
		if e.run.active && e.run.mode() == script.Mode(i) {
			n += e.run.booked
		}
		count(m.purpose, n)
	}
	if e.reply.size > 0 {
		count(mem.PurposeScript, int64(mem.Usable(e.reply.size)))
	}
}
