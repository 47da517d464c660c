package keyspace

import (
	"encoding/binary"
	"errors"
	"time"

	"granary/internal/encoding/table"
	"granary/internal/mem"
	"granary/internal/object"
)

// A snapshot is all databases as they are at one moment, given to a sink while they go on changing.
//
// The keys of a database are cut into cells by the upper bits of their hash, a handful each. A walk gives the sink one cell
// after the other; whoever is about to change a key that the walk has not come to has its cell given first. So each key is given
// once, as it was at the beginning, and a key that came later lies in a cell that is done. A bit a cell is all that this takes, and
// what it costs a write is, once for each cell, the time to write a handful of entries.
//
//	hash    0                    next                              2^64
//	        |  done  |  done  |  done  |  to do  | done |  to do  |
//	                                               ^ somebody wrote there
//
// A large value is not given with its cell but in parts, one value at a time and as soon as it is met. Who wants to change it
// before its turn has it given as a whole first, and is held up by that; commands look at Holds before and wait instead.
//
// What a database had moves with it: SWAPDB exchanges the walks too, and what FLUSHDB empties is given back when the walk is
// through it.
type Snapshot struct {
	ks    *Keyspace
	sink  SnapshotSink
	parts []*part
	large []*largeValue // not given, or in part; the first is the one of which parts were given
	held  map[heldKey]*largeValue
	keys  int64 // given so far
	wide  int64 // large values that were given
	total int64 // to be given
}

// SnapshotSink takes what a snapshot gives.
type SnapshotSink interface {
	// Emit takes an entry as a whole.
	Emit(db int, e object.Entry)
	// EmitPart takes the next part of a large entry, which may have moved since the last, and reports whether that was the
	// last. Between two parts of one entry others may be given as wholes.
	EmitPart(db int, e object.Entry, all bool) (done bool)
	// Full reports whether no more is wanted just now. What has to be given is given all the same.
	Full() bool
}

// largeBytes is from how many usable bytes on a value is given in parts.
const largeBytes = 64 << 10

// cellKeys is about how many keys a cell has: no more than a bucket of a small table takes.
const cellKeys = 8

// part is the walk over what one database had at the beginning.
type part struct {
	snap  *Snapshot
	id    int // the number the database had
	db    *DB // that has it now, nil: none
	keys  table.Table
	rest  *tableJob // with which keys are given back, if no database has it
	shift uint      // of a hash, to its cell
	next  uint64    // the first cell the walk has not come to
	cells uint64    // how many there are
	done  mem.Ref   // a bit a cell, in words of 64
	words int
}

// largeValue is a large value that is not given, or in part.
type largeValue struct {
	p     *part
	key   []byte
	hash  uint64
	begun bool
}

type heldKey struct {
	p   *part
	key string
}

// ErrSnapshot says that a snapshot is under way.
var ErrSnapshot = errors.New("keyspace: a snapshot is under way")

// BeginSnapshot begins a snapshot of what there is now. Step, or whoever changes something, gives it to the sink.
func (ks *Keyspace) BeginSnapshot(sink SnapshotSink) (*Snapshot, error) {
	if ks.snapshot != nil {
		return nil, ErrSnapshot
	}
	s := &Snapshot{ks: ks, sink: sink, held: map[heldKey]*largeValue{}}
	ready := false
	defer func() {
		if !ready { // out of memory
			for _, p := range s.parts {
				ks.Arena.Free(p.done, 8*p.words, mem.PurposeSnapshotBuffer)
			}
		}
	}()
	for _, db := range ks.DBs {
		if n := db.Len(); n > 0 {
			p := newPart(s, db, n)
			s.parts = append(s.parts, p)
			s.total += int64(n)
		}
	}
	ready = true
	for _, p := range s.parts {
		p.db.part = p
	}
	ks.snapshot = s
	return s, nil
}

func newPart(s *Snapshot, db *DB, n int) *part {
	p := &part{snap: s, id: db.ID, db: db, shift: 64, cells: 1}
	for p.cells*cellKeys < uint64(n) && p.cells < 1<<28 {
		p.cells <<= 1
		p.shift--
	}
	p.words = int((p.cells + 63) / 64)
	p.done = s.ks.Arena.AllocZero(8*p.words, mem.PurposeSnapshotBuffer)
	return p
}

// Snapshotting reports whether a snapshot is under way.
func (ks *Keyspace) Snapshotting() bool { return ks.snapshot != nil }

// Progress returns how many keys were given, and how many there were.
func (s *Snapshot) Progress() (given, total int64) { return s.keys, s.total }

// LargeGiven returns how many large values were given.
func (s *Snapshot) LargeGiven() int64 { return s.wide }

// cell returns the cell of a hash.
func (p *part) cell(h uint64) uint64 {
	if p.shift == 64 {
		return 0
	}
	return h >> p.shift
}

func (p *part) word(c uint64) []byte { return mem.Bytes(p.done, 8*p.words)[c>>6<<3:] }

func (p *part) has(c uint64) bool { return binary.LittleEndian.Uint64(p.word(c))&(1<<(c&63)) != 0 }

func (p *part) mark(c uint64) {
	w := p.word(c)
	binary.LittleEndian.PutUint64(w, binary.LittleEndian.Uint64(w)|1<<(c&63))
}

func (p *part) table() *table.Table {
	if p.db != nil {
		return &p.db.keys
	}
	return &p.keys
}

// heldBy notes which database has what the part walks over.
func (p *part) heldBy(db *DB) {
	if p != nil {
		p.db = db
	}
}

// keep takes over the keys of a database that is emptied, until the walk is through them.
func (p *part) keep(j *tableJob) { p.db, p.keys, p.rest = nil, j.keys, j }

// eachKept calls fn for all entries that are kept for the snapshot alone. s is nil when there is none.
func (s *Snapshot) eachKept(fn func(e object.Entry, j *tableJob)) {
	if s == nil {
		return
	}
	for _, p := range s.parts {
		if p.rest != nil {
			p.keys.Each(func(r mem.Ref) bool { fn(object.Entry(r), p.rest); return true })
		}
	}
}

// before gives what a change of a key would change.
func (p *part) before(h uint64, key []byte) {
	if c := p.cell(h); !p.has(c) {
		p.emit(c)
	}
	if len(p.snap.held) > 0 {
		if l := p.snap.held[heldKey{p, string(key)}]; l != nil {
			l.finish()
		}
	}
}

// emit gives a cell, and marks it.
func (p *part) emit(c uint64) {
	t := p.table()
	const positions = uint64(1) << 48
	from, to := uint64(0), positions
	if p.shift < 64 {
		from = table.Position(c << p.shift)
		if to = table.Position((c + 1) << p.shift); to == 0 {
			to = positions
		}
	}
	var buf [table.MaxAtHome]mem.Ref
	for pos := from; pos < to && t.Root() != 0; {
		begin, end := t.Span(pos)
		within := begin >= from && end <= to
		es := buf[:t.AtHome(pos, &buf)]
		t.FetchBeyond(es)
		for _, r := range es {
			if e := object.Entry(r); within || p.cell(table.Hash(e.Key())) == c {
				p.give(e)
			}
		}
		pos = end
	}
	p.mark(c)
}

// give gives an entry, or notes it for later if it is large.
func (p *part) give(e object.Entry) {
	s := p.snap
	if isLarge(e) {
		key := append([]byte(nil), e.Key()...)
		l := &largeValue{p: p, key: key, hash: table.Hash(key)}
		s.large = append(s.large, l)
		s.held[heldKey{p, string(key)}] = l
		return
	}
	s.sink.Emit(p.id, e)
	s.keys++
}

// isLarge reports whether an entry has a large value. A string is not: it is given as a reference to its bytes, which nobody
// changes as long as somebody else refers to them.
func isLarge(e object.Entry) bool {
	return e.Type() != object.String && !(e.IsFlat() && e.Embedded()) && keyBytes(e) > largeBytes
}

// entry looks the value up; it exists, as long as it is held.
func (l *largeValue) entry() object.Entry {
	_, r := l.p.table().Find(l.hash, l.key)
	return object.Entry(r)
}

// finish gives all of the value that was not given.
func (l *largeValue) finish() {
	s := l.p.snap
	if l.begun {
		s.sink.EmitPart(l.p.id, l.entry(), true)
	} else {
		s.sink.Emit(l.p.id, l.entry())
	}
	l.gone()
}

// gone forgets a value that was given.
func (l *largeValue) gone() {
	s := l.p.snap
	s.keys++
	s.wide++
	delete(s.held, heldKey{l.p, string(l.key)})
	for i, x := range s.large {
		if x == l {
			s.large = append(s.large[:i], s.large[i+1:]...)
			break
		}
	}
}

// Step gives something until the deadline, or until the sink is full, and reports whether everything was given.
func (s *Snapshot) Step(deadline time.Time) (done bool) {
	for n := 1; ; n++ {
		if s.sink.Full() || n&3 == 0 && time.Now().After(deadline) {
			return false
		}
		if len(s.large) > 0 {
			l := s.large[0]
			l.begun = true
			if s.sink.EmitPart(l.p.id, l.entry(), false) {
				l.gone()
			}
			continue
		}
		if !s.nextCell() {
			return true
		}
	}
}

// Finish gives everything that was not given.
func (s *Snapshot) Finish() {
	for len(s.large) > 0 || s.nextCell() {
		if len(s.large) > 0 {
			s.large[0].finish()
		}
	}
}

// nextCell gives the next cell that nobody has given. It reports false when there is none.
func (s *Snapshot) nextCell() bool {
	for _, p := range s.parts {
		for p.next < p.cells {
			c := p.next
			p.next++
			if !p.has(c) {
				p.emit(c)
				return true
			}
		}
		p.end()
	}
	return false
}

// end gives back what was kept for the walk alone. Large values of it may still be held.
func (p *part) end() {
	if p.rest == nil || p.heldAny() {
		return
	}
	p.snap.ks.giveBack(p.rest)
	p.rest = nil
}

func (p *part) heldAny() bool {
	for _, l := range p.snap.large {
		if l.p == p {
			return true
		}
	}
	return false
}

// End ends the snapshot, whether everything was given or not.
func (s *Snapshot) End() {
	s.large, s.held = nil, nil
	for _, p := range s.parts {
		p.end()
		if p.db != nil {
			p.db.part = nil
		}
		s.ks.Arena.Free(p.done, 8*p.words, mem.PurposeSnapshotBuffer)
	}
	s.ks.snapshot = nil
}

// Holds reports whether a change of the key would have to wait until much has been given: the key has a large value, and the
// snapshot has not come to it.
func (db *DB) Holds(key []byte) bool {
	p := db.part
	if p == nil {
		return false
	}
	if p.snap.held[heldKey{p, string(key)}] != nil {
		return true
	}
	h := table.Hash(key)
	if p.has(p.cell(h)) || p.table().Root() == 0 {
		return false
	}
	_, r := p.table().Find(h, key)
	e := object.Entry(r)
	if e == 0 || !isLarge(e) {
		return false
	}
	p.emit(p.cell(h)) // its turn comes sooner
	return true
}
