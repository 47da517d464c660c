package snapshot

import (
	"granary/internal/mem"
	"granary/internal/object"
)

// CountMemory tells count of all blocks of the job, and of the strings that only it keeps, for an audit.
func (j *Job) CountMemory(count func(p mem.Purpose, usable int64)) {
	loose := map[mem.Ref]bool{}
	block := func(b block) {
		switch {
		case b.ref == 0:
		case !b.text:
			count(mem.PurposeSnapshotBuffer, int64(mem.Usable(blockSize)))
		case object.RawLoose(b.ref) && !loose[b.ref]:
			loose[b.ref] = true
			count(mem.PurposeReplyBuffer, int64(mem.Usable(object.RawSize(b.ref))))
		}
	}
	for _, s := range []*stream{j.main, j.side} {
		if s != nil {
			block(blockOf(s.cur))
		}
	}
	for _, b := range j.aside {
		block(b)
	}
	w := &j.out
	w.mu.Lock()
	defer w.mu.Unlock()
	block(w.hand)
	for _, b := range w.queue {
		block(b)
	}
	for _, b := range w.free {
		block(b)
	}
	for _, r := range w.pinned {
		block(textOf(r))
	}
}

func blockOf(r mem.Ref) block { return block{ref: r} }

func textOf(r mem.Ref) block { return block{ref: r, text: true} }
