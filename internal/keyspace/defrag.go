package keyspace

import (
	"time"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// Compaction of the data set. The allocator says which regions to move (mem.ShouldMove), here is who refers to them: a
// walk over all databases, and over what else lies in the arena and can be moved (Movers), in units of a few microseconds:
//
//	plan    the sparse slabs, one size class per unit
//	walk    a bucket of a key table with the entries in it and their small values; or a part of one large value; ...
//	end     slabs that were to be emptied and are not serve allocations again
//
// One round of it is a pass. Commands run between any two units, so nothing here holds a Ref from one unit to the next:
// a walk remembers positions in the order of hashes, ranks and IDs, and of large values their keys. What commands
// move, delete or rename meanwhile is visited twice or left out, and what was left out is there for the next pass.
//
// A unit visits one bucket: ten entries as a rule, thirty at most, and inlineParts parts of a value for each; of a large
// value it visits what RelocateParts does in one step. So a slice of 500 us ends in time (TestDefragUnits counts).

const (
	// inlineParts is up to how many parts a value is moved with its entry.
	inlineParts = 16

	endStep = 256 // marked slabs that a unit of the end takes back
)

// Mover moves what does not belong to a key but lies in the same arena. It does a bounded part per call and reports whether
// there is more; the cursor begins with zeros. It may panic with mem.ErrOutOfMemory, and is whole then.
type Mover struct {
	Name     string
	Relocate func(c *MoverCursor) (more bool)
}

// MoverCursor is how far a Mover has come.
type MoverCursor [4]uint64

// DefragStats counts what compaction has done.
type DefragStats struct {
	Passes    int64
	KeyHits   int64 // keys of which something was moved, each time they were visited
	KeyMisses int64
	Units     int64
	NoMemory  int64 // passes that ended because there was no memory to move to
}

// Defrag is the compaction of a keyspace.
type Defrag struct {
	Stats    DefragStats
	Promised int64 // bytes that the last plan said it would free

	phase defragPhase
	class int
	walk  walk
}

type defragPhase uint8

const (
	defragIdle defragPhase = iota
	defragPlan
	defragWalk
	defragEnd
)

// walk is a visit to everything in the arena that can be moved.
type walk struct {
	stage  walkStage
	index  int    // database or mover
	cursor uint64 // in its table
	mover  MoverCursor

	large [][]byte // keys of large values that the last bucket had, the last one is being visited
	spare [][]byte // memory for more
	parts object.PartsCursor

	visited func(db int, e object.Entry, mover string) // told after each entry, nil: nobody
}

type walkStage uint8

const (
	walkKeys walkStage = iota
	walkFields
	walkMovers
	walkDone
)

// AddMover lets compaction move what m knows.
func (ks *Keyspace) AddMover(m Mover) { ks.movers = append(ks.movers, m) }

// Defragmenting tells whether a pass is under way.
func (ks *Keyspace) Defragmenting() bool { return ks.Defrag.phase != defragIdle }

// BeginDefrag begins a pass, if none is under way.
func (ks *Keyspace) BeginDefrag() {
	d := &ks.Defrag
	if d.phase == defragIdle {
		d.phase, d.class, d.Promised = defragPlan, 0, 0
		d.walk.reset()
	}
}

// DefragUnits does n units, of one pass after the other, and returns the number of regions that moved. With all, passes that
// it begins move every region, whether it helps or not: for tests and DEBUG.
func (ks *Keyspace) DefragUnits(n int, all bool) (moved int64) {
	before := ks.Arena.Moves().Moved
	for range n {
		if ks.Defrag.phase == defragIdle {
			ks.BeginDefrag()
			if all {
				ks.Arena.PlanAll()
				ks.Defrag.phase = defragWalk
			}
		}
		ks.DefragUnit()
	}
	return ks.Arena.Moves().Moved - before
}

// StopDefrag ends a pass where it is. What has been moved stays moved.
func (ks *Keyspace) StopDefrag() {
	if ks.Defrag.phase != defragIdle {
		ks.Arena.EndCompaction()
		ks.Defrag.phase = defragIdle
	}
}

// DefragSlice goes on with a pass until the deadline, at least by one unit, and reports whether the pass has ended.
func (ks *Keyspace) DefragSlice(deadline time.Time) (done bool) {
	for ks.Defrag.phase != defragIdle {
		ks.DefragUnit()
		if time.Now().After(deadline) {
			break
		}
	}
	return ks.Defrag.phase == defragIdle
}

// DefragUnit does one unit of the pass that is under way, and reports whether that was the last.
func (ks *Keyspace) DefragUnit() (done bool) {
	d := &ks.Defrag
	d.Stats.Units++
	switch d.phase {
	case defragIdle:
		return true
	case defragPlan:
		d.Promised += ks.Arena.PlanCompaction(d.class)
		if d.class++; d.class == mem.NumSlabClasses() {
			d.phase = defragWalk
			if d.Promised == 0 {
				d.phase = defragEnd
			}
		}
	case defragWalk:
		if !ks.tryWalk(&d.walk) {
			d.Stats.NoMemory++
			d.phase = defragEnd
		} else if d.walk.stage == walkDone {
			d.phase = defragEnd
		}
	case defragEnd:
		if !ks.Arena.EndSome(endStep) {
			d.phase = defragIdle
			d.Stats.Passes++
		}
	}
	return d.phase == defragIdle
}

// tryWalk is walkUnit, and reports false if there was no memory to move to.
func (ks *Keyspace) tryWalk(w *walk) (ok bool) {
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			ok = false
		default:
			panic(e)
		}
	}()
	ks.walkUnit(w)
	return true
}

func (w *walk) reset() {
	w.stage, w.index, w.cursor = walkKeys, 0, 0
	w.spare = append(w.spare, w.large...)
	w.large = w.large[:0]
	w.parts, w.mover = object.PartsCursor{}, MoverCursor{}
}

// walkUnit visits the next bucket, or the next part of a large value.
func (ks *Keyspace) walkUnit(w *walk) {
	if len(w.large) > 0 {
		ks.walkLarge(w)
		return
	}
	switch w.stage {
	case walkKeys:
		if w.index >= len(ks.DBs) {
			w.stage, w.index, w.cursor = walkMovers, 0, 0
			return
		}
		db := ks.DBs[w.index]
		if db.keys.Root() != 0 {
			w.cursor = db.keys.Relocate(w.cursor, func(r mem.Ref) mem.Ref { return mem.Ref(w.entry(db, object.Entry(r))) })
			if w.cursor == 0 {
				db.keys.RelocateRoot()
			}
			db.epoch++
		}
		if w.cursor == 0 {
			w.stage = walkFields
		}
	case walkFields:
		db := ks.DBs[w.index]
		if db.fields.Root() != 0 {
			if w.cursor = db.fields.Relocate(w.cursor, nil); w.cursor == 0 {
				db.fields.RelocateRoot()
			}
		}
		if w.cursor == 0 {
			w.stage = walkKeys
			w.index++
		}
	case walkMovers:
		if w.index >= len(ks.movers) {
			w.stage = walkDone
			return
		}
		m := &ks.movers[w.index]
		more := m.Relocate(&w.mover)
		if w.visited != nil {
			w.visited(0, 0, m.Name)
		}
		if !more {
			w.index++
			w.mover = MoverCursor{}
		}
	}
}

// entry moves an entry with its value, leaves large values for later units, and returns where the entry is.
func (w *walk) entry(db *DB, e object.Entry) object.Entry {
	ks := db.ks
	before := ks.Arena.Moves().Moved
	if !db.inSnapshot(e.Key()) {
		object.RelocateValue(ks.Arena, e)
		if n := e.Parts(); n > inlineParts {
			w.large = append(w.large, append(w.buffer(), e.Key()...))
		} else if n > 0 {
			for c := (object.PartsCursor{}); object.RelocateParts(ks.Arena, e, &c); {
			}
		}
	}
	e = object.Relocate(ks.Arena, e, func(old, now object.Entry) {
		if old.HasFields() {
			db.movedFields(table.Hash(old.Key()), old, now)
		}
	})
	if w.visited != nil {
		w.visited(db.ID, e, "")
	} else {
		ks.Defrag.count(ks.Arena.Moves().Moved != before)
	}
	return e
}

// inSnapshot reports whether a snapshot is in the midst of a value, which it walks over part by part: its blocks stay.
func (db *DB) inSnapshot(key []byte) bool {
	if db.part == nil {
		return false
	}
	l := db.part.snap.held[heldKey{db.part, string(key)}]
	return l != nil && l.begun
}

func (d *Defrag) count(hit bool) {
	if hit {
		d.Stats.KeyHits++
	} else {
		d.Stats.KeyMisses++
	}
}

// buffer returns an empty slice that may have been used before.
func (w *walk) buffer() []byte {
	n := len(w.spare) - 1
	if n < 0 {
		return nil
	}
	b := w.spare[n][:0]
	w.spare = w.spare[:n]
	return b
}

// keepKey is the most memory that is kept for the key of a large value.
const keepKey = 1 << 10

// walkLarge visits the next part of the large value whose turn it is.
func (ks *Keyspace) walkLarge(w *walk) {
	last := len(w.large) - 1
	db := ks.DBs[w.index]
	it := db.find(w.large[last])
	if it.Entry != 0 && it.Entry.Parts() > 0 && !db.inSnapshot(it.key) {
		more := object.RelocateParts(ks.Arena, it.Entry, &w.parts)
		if w.visited != nil {
			w.visited(db.ID, it.Entry, "")
		}
		if more {
			return
		}
	}
	w.parts = object.PartsCursor{}
	if b := w.large[last]; cap(b) <= keepKey {
		w.spare = append(w.spare, b)
	}
	w.large = w.large[:last]
}

// A SlabWalk finds out who owns the regions of some slabs, in units as a pass does, and moves nothing.
type SlabWalk struct {
	ks    *Keyspace
	w     walk
	slabs []mem.Slab
	found func(Owner)
}

// Owner is who owns a region.
type Owner struct {
	mem.Sighting
	DB    int
	Entry object.Entry // whose key it is, valid during the call; 0: no key's
	Mover string       // what it belongs to if it is no key's; neither: the key table
}

// WalkSlabs begins a walk that calls found for each region of the slabs that a key or a mover owns.
func (ks *Keyspace) WalkSlabs(slabs []mem.Slab, found func(Owner)) *SlabWalk {
	s := &SlabWalk{ks: ks, slabs: slabs, found: found}
	s.w.visited = s.visited
	return s
}

// Slice goes on until the deadline, at least by one unit, and reports whether all was visited.
func (s *SlabWalk) Slice(deadline time.Time) (done bool) {
	mem.Watch(s.slabs, func() {
		for s.w.stage != walkDone {
			db := s.w.index
			s.ks.walkUnit(&s.w)
			for _, x := range mem.Sightings() { // blocks of tables without entries
				s.found(Owner{Sighting: x, DB: db})
			}
			if time.Now().After(deadline) {
				break
			}
		}
	})
	return s.w.stage == walkDone
}

// visited tells of what was seen since the last visit.
func (s *SlabWalk) visited(db int, e object.Entry, mover string) {
	for _, x := range mem.Sightings() {
		o := Owner{Sighting: x, DB: db, Entry: e, Mover: mover}
		if e != 0 && (x.Purpose == mem.PurposeTable || x.Purpose == mem.PurposeExpire && e.Type() != object.Hash) {
			o.Entry = 0 // the bucket's own segment
		}
		s.found(o)
	}
}
