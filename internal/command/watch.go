package command

import (
	"encoding/binary"

	"granary/internal/encoding/table"
	"granary/internal/keyspace"
	"granary/internal/mem"
)

// WATCH: who wants to know of a change of which key. Each database in which a key is watched has a table of such keys; all
// is in our memory (PurposeWatch, in the keyspace's arena), and nothing is there, and no hook set, while nobody watches.
//
// A watch is one block: one client that watches one key. The table refers to the first of those of a key, which are a
// list; those of a client are another. Numbers are little endian.
//
//	0       5       10      15      19    23     24      32
//	+-------+-------+-------+-------+-----+------+-------+-----+
//	| prev  | next  | mine  | slot  | db  | gone | len   | key |
//	+-------+-------+-------+-------+-----+------+-------+-----+
//
// prev and next are neighbours in the list of the key, mine is the next one of the client, and slot is the client's place
// in Env.watch.clients.
//
// gone: the time of the key had come before it was watched, though it was still there. To the client it did not exist, so
// that its deletion changes nothing.

const (
	watchPrevOff = 0
	watchNextOff = watchPrevOff + mem.RefSize
	watchMineOff = watchNextOff + mem.RefSize
	watchSlotOff = watchMineOff + mem.RefSize
	watchDBOff   = watchSlotOff + 4
	watchGoneOff = watchDBOff + 4
	watchLenOff  = watchGoneOff + 1
	watchHead    = watchLenOff + 8
)

var _ = [1]int{}[watchHead-32]

// watchRef is a watch.
type watchRef mem.Ref

func (w watchRef) head() []byte { return mem.Bytes(mem.Ref(w), watchHead) }

func (w watchRef) ref(off int) watchRef    { return watchRef(mem.LoadRef(w.head()[off:])) }
func (w watchRef) set(off int, r watchRef) { mem.PutRef(w.head()[off:], mem.Ref(r)) }

func (w watchRef) slot() int { return int(binary.LittleEndian.Uint32(w.head()[watchSlotOff:])) }
func (w watchRef) db() int   { return int(binary.LittleEndian.Uint32(w.head()[watchDBOff:])) }
func (w watchRef) gone() bool {
	return w.head()[watchGoneOff] != 0
}

func (w watchRef) setGone(gone bool) {
	w.head()[watchGoneOff] = 0
	if gone {
		w.head()[watchGoneOff] = 1
	}
}

func (w watchRef) size() int {
	return watchHead + int(binary.LittleEndian.Uint64(w.head()[watchLenOff:]))
}

func (w watchRef) key() []byte {
	n := w.size()
	return mem.Bytes(mem.Ref(w), n)[watchHead:n:n]
}

var watchKind = &table.Kind{
	Name:    "watched",
	Key:     func(r mem.Ref) []byte { return watchRef(r).key() },
	Purpose: mem.PurposeWatch,
}

// watches is all that is watched. Guarded by the keyspace lock.
type watches struct {
	dbs     []table.Table // by database
	clients []*Client     // by slot; nil: free
	free    []int         // slots
	n       int           // clients that watch
}

// watchState is what one client watches. Guarded by the keyspace lock.
type watchState struct {
	first  watchRef
	slot   int
	n      int
	bytes  int64 // usable
	broken bool  // something that was watched was changed
}

// Watching returns the number of clients that watch keys, and of watched keys.
func (e *Env) Watching() (clients, keys int) {
	for i := range e.watch.dbs {
		if t := &e.watch.dbs[i]; t.Root() != 0 {
			keys += t.Len()
		}
	}
	return e.watch.n, keys
}

// Watch has the client told (WatchBroken) when a key is changed from now on.
func (c *Client) Watch(db *keyspace.DB, key []byte) {
	env := c.Env
	a := env.Keys.Arena
	h := table.Hash(key)
	t := env.watch.open(a, len(env.Keys.DBs), db.ID)
	pos, head := t.Find(h, key)
	if c.watches(db.ID, key, watchRef(head)) {
		return
	}
	size := watchHead + len(key)
	w := watchRef(tryAllocZero(a, size, mem.PurposeWatch))
	if w == 0 {
		env.watch.close(db.ID)
		panic(mem.ErrOutOfMemory)
	}
	p := mem.Bytes(mem.Ref(w), size)
	binary.LittleEndian.PutUint32(p[watchDBOff:], uint32(db.ID))
	binary.LittleEndian.PutUint64(p[watchLenOff:], uint64(len(key)))
	copy(p[watchHead:], key)
	it := db.Find(key)
	w.setGone(it.Exists() && env.Keys.IsExpired(it.Entry))
	if head != 0 {
		w.set(watchNextOff, watchRef(head))
		watchRef(head).set(watchPrevOff, w)
		t.Replace(pos, mem.Ref(w))
	} else {
		done := false
		defer func() {
			if !done {
				a.Free(mem.Ref(w), size, mem.PurposeWatch)
				env.watch.close(db.ID)
			}
		}()
		t.Insert(h, mem.Ref(w))
		done = true
	}
	if c.watch.n == 0 {
		env.enterWatch(c)
	}
	binary.LittleEndian.PutUint32(p[watchSlotOff:], uint32(c.watch.slot))
	w.set(watchMineOff, c.watch.first)
	c.watch.first = w
	c.watch.n++
	c.watch.bytes += int64(mem.Usable(size))
}

// watches reports whether the client watches a key that head is the first watch of, 0 for none. Both the watches of the
// key and those of the client would tell: whichever list ends first does.
func (c *Client) watches(db int, key []byte, head watchRef) bool {
	of, mine := head, c.watch.first
	for of != 0 && mine != 0 {
		if of.slot() == c.watch.slot || mine.db() == db && string(mine.key()) == string(key) {
			return true
		}
		of, mine = of.ref(watchNextOff), mine.ref(watchMineOff)
	}
	return false
}

// WatchBroken reports whether a watched key was changed, its time come included.
func (c *Client) WatchBroken() bool {
	if c.watch.broken {
		return true
	}
	ks := c.Env.Keys
	for w := c.watch.first; w != 0; w = w.ref(watchMineOff) {
		it := ks.DBs[w.db()].Find(w.key())
		if !w.gone() && it.Exists() && ks.IsExpired(it.Entry) {
			return true
		}
	}
	return false
}

// Changed reports whether EXEC is going to fail because of a change, as far as is known.
func (c *Client) Changed() bool { return c.watch.broken }

// Unwatch forgets all that the client watches, and that something of it was changed.
func (c *Client) Unwatch() {
	c.unwatchAll()
	c.watch.broken = false
}

func (c *Client) unwatchAll() {
	if c.watch.n == 0 {
		return
	}
	env := c.Env
	a := env.Keys.Arena
	for w := c.watch.first; w != 0; {
		mine, prev, next := w.ref(watchMineOff), w.ref(watchPrevOff), w.ref(watchNextOff)
		if next != 0 {
			next.set(watchPrevOff, prev)
		}
		if prev != 0 {
			prev.set(watchNextOff, next)
		} else {
			t := &env.watch.dbs[w.db()]
			pos, _ := t.Find(table.Hash(w.key()), w.key())
			if next != 0 {
				t.Replace(pos, mem.Ref(next))
			} else {
				t.Delete(pos)
				env.watch.close(w.db())
			}
		}
		a.Free(mem.Ref(w), w.size(), mem.PurposeWatch)
		w = mine
	}
	env.leaveWatch(c)
}

// open returns the table of a database.
func (x *watches) open(a *mem.Arena, databases, db int) *table.Table {
	if x.dbs == nil {
		x.dbs = make([]table.Table, databases)
	}
	if x.dbs[db].Root() == 0 {
		x.dbs[db] = table.New(a, watchKind)
	}
	return &x.dbs[db]
}

// close gives the table of a database back if it is empty.
func (x *watches) close(db int) {
	if t := &x.dbs[db]; t.Root() != 0 && t.Len() == 0 {
		t.Free(nil)
		x.dbs[db] = table.Table{}
	}
}

// enterWatch gives a client a slot.
func (e *Env) enterWatch(c *Client) {
	x := &e.watch
	if last := len(x.free) - 1; last >= 0 {
		c.watch.slot, x.free = x.free[last], x.free[:last]
		x.clients[c.watch.slot] = c
	} else {
		c.watch.slot = len(x.clients)
		x.clients = append(x.clients, c)
	}
	if x.n++; x.n == 1 {
		e.Keys.Hooks.Replacing = e.replacing
		e.hookChanges()
	}
}

// leaveWatch takes a client's slot back.
func (e *Env) leaveWatch(c *Client) {
	x := &e.watch
	x.clients[c.watch.slot] = nil
	x.free = append(x.free, c.watch.slot)
	c.watch = watchState{broken: c.watch.broken}
	if x.n--; x.n == 0 {
		x.clients, x.free = nil, nil
		e.Keys.Hooks.Replacing = nil
		e.hookChanges()
	}
}

// hookChanges sets the hook for keys that changed or went away, for those who want to know: nobody, those who watch, those
// who cache, or both.
func (e *Env) hookChanges() {
	h := &e.Keys.Hooks
	switch watching, tracking := e.watch.n > 0, e.track.clients > 0; {
	case watching && tracking:
		h.Modified = func(db int, key []byte, expired bool) {
			e.touched(db, key, expired)
			e.invalidate(db, key, expired)
		}
	case watching:
		h.Modified = e.touched
	case tracking:
		h.Modified = e.invalidate
	default:
		h.Modified = nil
	}
}

// touched is the hook for keys that changed or went away. A client that is told need not be told again: it watches
// nothing any more.
func (e *Env) touched(db int, key []byte, _ bool) {
	t := &e.watch.dbs[db]
	if t.Root() == 0 {
		return
	}
	_, head := t.Find(table.Hash(key), key)
	for w := watchRef(head); w != 0; {
		next := w.ref(watchNextOff)
		if w.gone() && !e.has(db, key) {
			w.setGone(false) // it is gone for good
		} else {
			c := e.watch.clients[w.slot()]
			c.watch.broken = true
			c.unwatchAll()
		}
		w = next
	}
}

// has reports whether a key is there, its time come or not.
func (e *Env) has(db int, key []byte) bool {
	it := e.Keys.DBs[db].Find(key)
	return it.Exists()
}

// replacing is the hook for a database that is about to be emptied, or to hold what another holds. What is there both
// before and after counts as changed, and what is there neither before nor after does not; a key whose time has come is
// there in neither sense.
func (e *Env) replacing(db, with *keyspace.DB) {
	t := &e.watch.dbs[db.ID]
	if t.Root() == 0 {
		return
	}
	t.Each(func(r mem.Ref) bool {
		key := watchRef(r).key()
		before := db.Find(key)
		var after keyspace.Item
		if with != nil {
			after = with.Find(key)
		}
		if !before.Exists() && !after.Exists() {
			return true
		}
		due := after.Exists() && e.Keys.IsExpired(after.Entry)
		for w := watchRef(r); w != 0; w = w.ref(watchNextOff) {
			switch {
			case w.gone() && !after.Exists():
				w.setGone(false)
			case w.gone() && due:
			case !w.gone() && !before.Exists() && due:
				w.setGone(true)
			default:
				e.watch.clients[w.slot()].watch.broken = true
			}
		}
		return true
	})
}
