// Package dead finds memory that serves nobody any more, says how much it is and what frees it, and frees it.
//
//	dead.go   the kinds of it, and an inventory
//	walk.go   the walk that makes an inventory, in slices
//	value.go  one value
//
// What is found is found by a walk over all databases, and over what lies beside them (Outside), in slices between which
// commands run. So nothing is held from one slice to the next but positions in the order of hashes, IDs, and keys of values
// that take more than one slice: what moves, changes or goes away meanwhile is met twice or not at all. A walk that is
// allowed to (Job) takes the action as soon as it has found something. No action changes what a command answers, apart from
// OBJECT ENCODING (kind Encodings) and NOSCRIPT (kind Scripts), which nobody is given who did not ask for it; expired keys
// go as they always do. Nothing is told to replicas, to WATCH or to those who cache keys, because nothing has changed.
package dead

import "strings"

// Kind is a kind of dead memory.
type Kind uint8

// The kinds.
const (
	Expired   Kind = iota // keys whose time has come
	Fields                // fields of hashes whose time has come
	Strings               // room behind raw strings
	Lists                 // room in nodes of lists
	Streams               // entries of streams that are marked as deleted, and room in nodes
	Tables                // tables with fewer entries than they were made for
	Intsets               // integers in more bytes than they need
	Encodings             // values that are small again and stored as large ones
	Clients               // room in buffers of clients that wait for nothing
	Tracking              // keys remembered for clients that are gone
	Scripts               // scripts that came with EVAL and were not used for long
	Lazyfree              // removed, and not yet given back
	Pages                 // free pages that are still resident
	Slabs                 // slabs that compaction would empty
	NumKinds  = int(Slabs) + 1
)

// KindInfo describes a kind for people.
type KindInfo struct {
	Name   string
	Count  string // what is counted
	Action string // what frees it
	Live   bool   // known at any time, without a walk
	Seen   bool   // freeing it can be seen by clients: only whoever names it gets it
}

var kinds = [NumKinds]KindInfo{
	Expired:   {"expired", "keys", "deleted in the order of their time", false, false},
	Fields:    {"expired-fields", "fields", "deleted in the order of their time", false, false},
	Strings:   {"strings", "keys", "the block is cut to the length of the string", false, false},
	Lists:     {"lists", "keys", "nodes are cut to what they hold", false, false},
	Streams:   {"streams", "deleted entries", "nodes are written anew without them", false, false},
	Tables:    {"tables", "segments", "segments are made smaller and merged", false, false},
	Intsets:   {"intsets", "keys", "integers are stored in fewer bytes", false, false},
	Encodings: {"encodings", "keys", "stored in the small encoding again", false, true},
	Clients:   {"clients", "clients", "buffers are given back", false, false},
	Tracking:  {"tracking", "keys read by clients", "forgotten", false, false},
	Scripts:   {"scripts", "scripts", "forgotten: EVALSHA answers NOSCRIPT", false, true},
	Lazyfree:  {"lazyfree", "objects", "freed in slices", true, false},
	Pages:     {"pages", "pages", "given back to the system, as by MEMORY PURGE", true, false},
	Slabs:     {"slabs", "slabs", "emptied by compaction, as by activedefrag and MEMORY RELEASE", true, true},
}

// Info returns the kind's row.
func (k Kind) Info() KindInfo { return kinds[k] }

// String returns the kind's name.
func (k Kind) String() string { return kinds[k].Name }

// Named returns the kind with a name, in any case.
func Named(name string) (k Kind, ok bool) {
	for i := range kinds {
		if strings.EqualFold(kinds[i].Name, name) {
			return Kind(i), true
		}
	}
	return 0, false
}

// Set is a set of kinds, a bit for each.
type Set uint32

// Of returns a set of one kind.
func Of(k Kind) Set { return 1 << k }

// Has tells whether the kind is in the set.
func (s Set) Has(k Kind) bool { return s&(1<<k) != 0 }

// Unseen is all kinds that can be freed without anybody seeing it.
func Unseen() (s Set) {
	for i := range kinds {
		if !kinds[i].Seen {
			s |= Of(Kind(i))
		}
	}
	return s
}

// Amount is so much of a kind.
type Amount struct {
	Bytes int64 // usable
	Count int64 // of what KindInfo.Count says
}

func (a *Amount) add(bytes, count int64) {
	a.Bytes += bytes
	a.Count += count
}

// Inventory is what a walk has found and freed.
type Inventory struct {
	At      int64 // Unix ms at which it ended, 0: there was none
	Keys    int64 // looked at
	Slices  int64
	Nanos   int64 // time of all slices together
	Longest int64 // ns of the longest
	Found   [NumKinds]Amount
	Freed   [NumKinds]Amount
}

// Left returns what the walk has left of a kind.
func (v *Inventory) Left(k Kind) Amount {
	return Amount{max(v.Found[k].Bytes-v.Freed[k].Bytes, 0), max(v.Found[k].Count-v.Freed[k].Count, 0)}
}

// Total returns the bytes that the walk has left, and the kind with most of them.
func (v *Inventory) Total() (bytes int64, most Kind) {
	for i := range NumKinds {
		n := v.Left(Kind(i)).Bytes
		bytes += n
		if n > v.Left(most).Bytes {
			most = Kind(i)
		}
	}
	return bytes, most
}

// State is what is remembered of walks.
type State struct {
	Last  Inventory        // of the last walk that came to its end
	Freed [NumKinds]Amount // by all walks since the start
	Pass  *Walk            // in the background, nil: none is under way
}

// Note takes over what a walk that has ended has found. What it has freed counts as it frees it (Walk).
func (s *State) Note(w *Walk) { s.Last = w.Inventory }
