package command

import (
	"granary/internal/config"
	"granary/internal/journal"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/prefix"
)

// The journal of keys that were evicted or expired (MEMORY JOURNAL). While it is off the hooks of the keyspace are nil, and
// it costs nothing; noting a key that goes costs a tenth of a microsecond.

// ConfigureJournal takes over the directives. A journal of another length begins anew. If there is no memory for it, it is
// off.
func (e *Env) ConfigureJournal() {
	rows := int(e.Config.MemoryJournalMaxLen)
	e.journalPrefix = prefix.Split{Delim: e.Config.MemoryPrefixDelimiter, Depth: int(e.Config.MemoryPrefixDepth)}
	if j := e.Journal; j != nil && j.Rows() != rows {
		j.Close()
		e.Journal = nil
	}
	if e.Journal == nil && rows > 0 {
		e.Journal = e.openJournal(rows)
	}
	h := &e.Keys.Hooks
	h.Evicting, h.Expiring = nil, nil
	if e.Journal != nil {
		h.Evicting = e.noteEvicting
		if e.Config.MemoryJournalExpiries {
			h.Expiring = e.noteExpiring
		}
	}
}

func (e *Env) openJournal(rows int) (j *journal.Journal) {
	defer func() {
		if p := recover(); p != nil && p != mem.ErrOutOfMemory {
			panic(p)
		}
	}()
	return journal.Open(e.Keys.Arena, rows, e.Keys.Now)
}

// countJournal tells count of the journal's memory (audits).
func (e *Env) countJournal(count func(p mem.Purpose, usable int64)) {
	if e.Journal != nil {
		e.Journal.Blocks(func(usable int) { count(mem.PurposeJournal, int64(usable)) })
	}
}

func (e *Env) noteEvicting(db int, x object.Entry) {
	e.noteGone(db, x, ruleOf(e.Config.MaxMemoryPolicy))
}

func (e *Env) noteExpiring(db int, x object.Entry) { e.noteGone(db, x, journal.Expired) }

// ruleOf returns the journal's name for a policy that evicts.
func ruleOf(p config.MaxMemoryPolicy) journal.Rule {
	switch p {
	case config.VolatileLRU:
		return journal.VolatileLRU
	case config.VolatileLFU:
		return journal.VolatileLFU
	case config.VolatileRandom:
		return journal.VolatileRandom
	case config.VolatileTTL:
		return journal.VolatileTTL
	case config.AllKeysLRU:
		return journal.AllKeysLRU
	case config.AllKeysLFU:
		return journal.AllKeysLFU
	}
	return journal.AllKeysRandom
}

// noteGone notes a key that is about to go.
func (e *Env) noteGone(db int, x object.Entry, rule journal.Rule) {
	ks := e.Keys
	key := x.Key()
	ev := journal.Event{
		Time: ks.Now, Rule: rule, DB: db, Bytes: entryBytes(x), TTL: journal.NoTTL,
		Command: -1, KeyLen: len(key), Prefix: e.journalPrefix.Of(key),
	}
	if at := x.Expiry(); at != 0 {
		ev.TTL = at - ks.Now
	}
	switch {
	case !ks.Access.LFU:
		ev.Measure = ks.Access.Idle(x)
	case rule.ByFrequency():
		ev.Measure = int64(ks.Access.Frequency(x))
	}
	if c := e.current; c != nil {
		ev.Client = c.ID
		if spec := c.causing(e.limit.cause); spec != nil {
			ev.Command = spec.ID
		}
	}
	e.Journal.Add(&ev)
}

// causing returns the command that a client has the server do: the one being executed, the outermost if one executes others,
// or else the one about to be.
func (c *Client) causing(next *Spec) *Spec {
	switch {
	case c.outer != nil:
		return c.outer
	case c.running:
		return c.ctx.Spec
	}
	return next
}

// entryBytes returns the usable bytes of an entry and its value.
func entryBytes(x object.Entry) (n int64) {
	x.Blocks(func(_ mem.Purpose, usable int) { n += int64(usable) })
	return n
}
