package history

import "granary/internal/mem"

// CountMemory tells count of the pages that the recorder has in our memory, from the rings: an audit holds it against the books.
func (r *Recorder) CountMemory(count func(p mem.Purpose, usable int64)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.rings {
		g := &r.rings[i]
		for seq := g.first; seq <= g.last; seq++ {
			if g.slot(seq).ref != 0 {
				count(mem.PurposeHistory, int64(mem.Usable(pageSize)))
			}
		}
	}
}
