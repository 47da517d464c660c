package acl

import "strconv"

// Context says where a command was refused.
type Context uint8

// The contexts.
const (
	TopLevel Context = iota
	Multi            // queued in a transaction, or executed by EXEC
	Script           // called by a script
)

// String returns the word of ACL LOG.
func (c Context) String() string { return [...]string{"toplevel", "multi", "lua"}[c] }

// Entry is an entry of the log: one refusal, or several alike.
type Entry struct {
	ID      int64
	Count   int64
	Reason  Verdict
	Context Context
	Object  string // the command, key or channel
	User    string // the name that was tried for DeniedAuth
	Client  string // the line of CLIENT LIST of the client that was refused last
	Created int64  // Unix ms
	Updated int64  // Unix ms
}

const (
	groupMillis = 60_000 // refusals that are alike and so near in time are one entry
	groupLook   = 10     // entries, the latest ones, among which one that is alike is looked for
	maxObject   = 4096   // bytes kept of an object, a name or a client: anybody may have a key refused that is as large as requests may be
)

// Log is what ACL LOG shows: refusals, the latest ones. The zero value keeps nothing.
type Log struct {
	Max     int // acllog-max-len; entries go when one is added
	entries []Entry
	nextID  int64
}

// Add notes a refusal at a time in Unix ms. ID, Count and times of the entry are set here.
func (l *Log) Add(e Entry, now int64) {
	e.Object, e.User, e.Client = clip(e.Object), clip(e.User), clip(e.Client)
	e.Created, e.Updated, e.Count = now, now, 1
	if i := l.alike(&e); i >= 0 {
		old := l.entries[i]
		old.Count++
		old.Updated, old.Client = now, e.Client
		copy(l.entries[i:], l.entries[i+1:])
		l.entries[len(l.entries)-1] = old
		return
	}
	e.ID = l.nextID
	l.nextID++
	l.entries = append(l.entries, e)
	if over := len(l.entries) - max(l.Max, 0); over > 0 {
		clear(l.entries[:over])
		l.entries = l.entries[over:]
	}
}

// alike returns the position of a recent entry that the refusal belongs to, -1 if there is none.
func (l *Log) alike(e *Entry) int {
	for i := len(l.entries) - 1; i >= max(0, len(l.entries)-groupLook); i-- {
		x := &l.entries[i]
		if x.Reason == e.Reason && x.Context == e.Context && e.Updated-x.Updated <= groupMillis && x.Object == e.Object && x.User == e.User {
			return i
		}
	}
	return -1
}

// Len returns the number of entries.
func (l *Log) Len() int { return len(l.entries) }

// Latest returns up to n entries, the latest first.
func (l *Log) Latest(n int) []*Entry {
	n = min(max(n, 0), len(l.entries))
	list := make([]*Entry, 0, n)
	for i := len(l.entries) - 1; len(list) < n; i-- {
		list = append(list, &l.entries[i])
	}
	return list
}

// Reset forgets all entries. IDs go on.
func (l *Log) Reset() { l.entries = nil }

// clip cuts what is longer than maxObject, and says so.
func clip(s string) string {
	if len(s) <= maxObject {
		return s
	}
	return s[:maxObject] + "... (" + strconv.Itoa(len(s)-maxObject) + " more bytes)"
}
