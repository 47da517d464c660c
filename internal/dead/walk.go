package dead

import (
	"time"

	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Job says what a walk may free.
type Job struct {
	Free  Set
	Idle  int64 // seconds that a value, a client or a script must not have been used for its room to be freed
	Least int   // per cent of a block that have to be gained
}

// Outside is what lies beside the databases. A call takes some tens of microseconds.
type Outside interface {
	// Clients looks at a client after the one with an ID, and returns its ID, 0 at the end.
	Clients(after int64, job Job) (id int64, found, freed Amount)
	// Tracking looks at some keys that clients read, and returns the next cursor; it begins and ends with 0.
	Tracking(cursor uint64, free bool) (next uint64, found, freed Amount)
	// Scripts looks at all scripts.
	Scripts(job Job) (found, freed Amount)
	// FreeLive frees some of a kind that is known without a walk, and reports whether that was all.
	FreeLive(k Kind, deadline time.Time) (freed Amount, done bool)
}

// Walk makes one inventory.
type Walk struct {
	Inventory
	Job Job

	ks     *keyspace.Keyspace
	cfg    *config.Config
	out    Outside
	freed  *[NumKinds]Amount // of the State, counted along
	total  int64             // keys when it began
	phase  phase
	db     int
	cursor uint64
	client int64
	queue  []visit // values of the last bucket that take more than a moment, the last is next
}

type phase uint8

const (
	walkKeys phase = iota
	walkTables
	walkFieldsTables
	walkClients
	walkTracking
	walkScripts
	walkLive // the live kinds, from here on
	walkDone = walkLive + phase(NumKinds)
)

// NewWalk begins a walk. state learns of what is freed.
func NewWalk(ks *keyspace.Keyspace, cfg *config.Config, out Outside, state *State, job Job) *Walk {
	w := &Walk{ks: ks, cfg: cfg, out: out, Job: job, freed: &state.Freed}
	for _, db := range ks.DBs {
		w.total += int64(db.Len())
	}
	return w
}

// Progress returns how much of the keys the walk has seen, in per cent.
func (w *Walk) Progress() int64 {
	if w.phase > walkKeys || w.total == 0 {
		return 100
	}
	return min(100*w.Keys/w.total, 100)
}

// Slice goes on until the deadline, at least by one step, and reports whether the walk has come to its end.
// REQUIRES: the keyspace lock.
func (w *Walk) Slice(deadline time.Time) (done bool) {
	if w.phase == walkDone {
		return true
	}
	begin := time.Now()
	for w.phase != walkDone {
		w.step(deadline)
		if time.Now().After(deadline) {
			break
		}
	}
	ns := int64(time.Since(begin))
	w.Slices++
	w.Nanos += ns
	w.Longest = max(w.Longest, ns)
	if w.phase == walkDone {
		w.At = w.ks.Now
		return true
	}
	return false
}

// step does a piece of a few microseconds, as a rule.
func (w *Walk) step(deadline time.Time) {
	switch w.phase {
	case walkKeys:
		if n := len(w.queue); n > 0 {
			w.visit(&w.queue[n-1])
			return
		}
		db := w.ks.DBs[w.db]
		if w.cursor = db.Scan(w.cursor, func(e object.Entry) { w.entry(db, e) }); w.cursor == 0 {
			w.nextDB()
		}
	case walkTables, walkFieldsTables:
		db := w.ks.DBs[w.db]
		compact := db.CompactTable
		if w.phase == walkFieldsTables {
			compact = db.CompactFieldsTable
		}
		next, s := compact(w.cursor, w.may(Tables))
		w.note(Tables, s.Bytes, int64(s.Count))
		w.gave(Tables, s.Freed, int64(s.Count))
		if w.cursor = next; next == 0 {
			w.nextDB()
		}
	case walkClients:
		id, found, freed := w.out.Clients(w.client, w.Job)
		w.outside(Clients, found, freed)
		if w.client = id; id == 0 {
			w.phase++
		}
	case walkTracking:
		next, found, freed := w.out.Tracking(w.cursor, w.may(Tracking))
		w.outside(Tracking, found, freed)
		if w.cursor = next; next == 0 {
			w.phase++
		}
	case walkScripts:
		found, freed := w.out.Scripts(w.Job)
		w.outside(Scripts, found, freed)
		w.phase++
	default:
		k := Kind(w.phase - walkLive)
		if !k.Info().Live || !w.may(k) {
			w.phase++
			return
		}
		freed, done := w.out.FreeLive(k, deadline)
		w.gave(k, freed.Bytes, freed.Count)
		if done {
			w.phase++
		}
	}
}

// nextDB goes on with the next database, or with the next phase.
func (w *Walk) nextDB() {
	if w.db++; w.db == len(w.ks.DBs) {
		w.db = 0
		w.phase++
	}
}

func (w *Walk) may(k Kind) bool { return w.Job.Free.Has(k) }

func (w *Walk) note(k Kind, bytes, count int64) { w.Found[k].add(bytes, count) }

// gave counts what was freed; if that is nothing, nothing was done, but that a deleted field may leave a value as large as it
// was.
func (w *Walk) gave(k Kind, bytes, count int64) {
	if bytes != 0 || k == Fields && count != 0 {
		w.Freed[k].add(bytes, count)
		w.freed[k].add(bytes, count)
	}
}

func (w *Walk) outside(k Kind, found, freed Amount) {
	w.note(k, found.Bytes, found.Count)
	w.gave(k, freed.Bytes, freed.Count)
}
