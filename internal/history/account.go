package history

import (
	"hash/maphash"
	"slices"
)

// Who moves memory. The server calls Note when used memory has moved by a step; the difference is charged to the
// command, the client and the key prefix at hand, as a sampling profiler charges the code at hand. All of the difference is charged, so
// sums are right, and who adds more is met more often.
//
// The rows are Space-Saving tables (Metwally, Agrawal, El Abbadi 2005): the name that is not there takes the place of the
// one with the least, and inherits its bytes as a possible error. With 32 rows a count is too high by at most a 32nd of all
// bytes that were charged, and whoever moved more than that is in the table.

const accountRows = 32

// Client is a client as the record describes it.
type Client struct {
	ID               int64
	Name, Addr, User string
}

// Accounts are the tables of a second, or of a minute. Guarded by the keyspace lock.
type Accounts struct {
	sides [2]side // added, freed
}

// side is who moved memory in one direction.
type side struct {
	total                       int64
	commands, clients, prefixes table
	largest                     Single
	key                         [maxName]byte // of the largest
	keyLen                      int
}

// table is a Space-Saving table.
type table struct {
	n     int
	ids   [accountRows]uint64 // what tells rows apart
	bytes [accountRows]int64
	rows  [accountRows]row
}

type row struct {
	err        int64
	name       string // command, client
	addr, user string
	text       [maxName]byte // prefix
	textLen    int
}

var seed = maphash.MakeSeed()

// Note charges d bytes, which were added or if d is negative freed, to who was at work. client.ID is 0 for the server itself;
// key and prefix may be nil. Nothing is kept of the arguments but copies.
//
// REQUIRES: the keyspace lock.
func (a *Accounts) Note(d int64, command string, client Client, prefix, key []byte) {
	s, n := &a.sides[0], d
	if d < 0 {
		s, n = &a.sides[1], -d
	}
	s.total += n
	if n > s.largest.Bytes {
		s.largest = Single{Command: command, Client: client.ID, Bytes: n}
		s.keyLen = copy(s.key[:], key)
	}
	if x, fresh := s.commands.add(maphash.String(seed, command), n, 0); fresh {
		x.name = command
	}
	if client.ID != 0 {
		if x, fresh := s.clients.add(uint64(client.ID), n, 0); fresh {
			x.name, x.addr, x.user = client.Name, client.Addr, client.User
		}
	}
	if len(prefix) > 0 {
		prefix = prefix[:min(len(prefix), maxName)]
		if x, fresh := s.prefixes.add(maphash.Bytes(seed, prefix), n, 0); fresh {
			x.textLen = copy(x.text[:], prefix)
		}
	}
}

// add charges n bytes to a row. fresh tells that the row was not there: its names are to be set.
func (t *table) add(id uint64, n, err int64) (x *row, fresh bool) {
	for i, have := range t.ids[:t.n] {
		if have == id {
			t.bytes[i] += n
			t.rows[i].err += err
			return &t.rows[i], false
		}
	}
	i := t.n
	if i < accountRows {
		t.n++
	} else {
		i = 0
		for j, b := range t.bytes {
			if b < t.bytes[i] {
				i = j
			}
		}
		err += t.bytes[i]
		n += t.bytes[i]
	}
	t.ids[i], t.bytes[i], t.rows[i].err = id, n, err
	return &t.rows[i], true
}

// merge adds the rows of b.
func (a *Accounts) merge(b *Accounts) {
	for i := range b.sides {
		to, from := &a.sides[i], &b.sides[i]
		if from.total == 0 {
			continue
		}
		to.total += from.total
		if from.largest.Bytes > to.largest.Bytes {
			to.largest, to.key, to.keyLen = from.largest, from.key, from.keyLen
		}
		to.commands.merge(&from.commands)
		to.clients.merge(&from.clients)
		to.prefixes.merge(&from.prefixes)
	}
}

func (t *table) merge(from *table) {
	for i := range from.n {
		f := &from.rows[i]
		if x, fresh := t.add(from.ids[i], from.bytes[i], f.err); fresh {
			err := x.err
			*x = *f
			x.err = err
		}
	}
}

// reset empties the tables.
func (a *Accounts) reset() {
	for i := range a.sides {
		s := &a.sides[i]
		if s.total == 0 {
			continue
		}
		s.total, s.largest, s.keyLen = 0, Single{}, 0
		s.commands.reset()
		s.clients.reset()
		s.prefixes.reset()
	}
}

// reset forgets the rows, and the strings that they keep alive.
func (t *table) reset() {
	for i := range t.rows[:t.n] {
		x := &t.rows[i]
		x.name, x.addr, x.user, x.textLen = "", "", "", 0
	}
	clear(t.bytes[:t.n])
	t.n = 0
}

// Total returns the bytes that were added and freed since the last sample, as far as they were charged.
func (a *Accounts) Total() (added, freed int64) { return a.sides[0].total, a.sides[1].total }

// causes returns who moved most in the direction of a jump. Nobody did if all that was charged is less than a quarter of
// it: the process or the kernel moved then.
func (a *Accounts) causes(jump, threshold int64) *Causes {
	s := &a.sides[0]
	if jump < 0 {
		s = &a.sides[1]
	}
	c := &Causes{Freed: jump < 0, Threshold: threshold, Total: s.total}
	if s.total < max(jump, -jump)/4 {
		return c
	}
	c.Largest = s.largest
	c.Largest.Key = string(s.key[:s.keyLen])
	c.Commands, c.Clients, c.Prefixes = s.commands.top(), s.clients.top(), s.prefixes.top()
	return c
}

// top returns the rows with most bytes, most first.
func (t *table) top() []Cause {
	var order [accountRows]uint8
	for i := range order {
		order[i] = uint8(i)
	}
	list := order[:t.n]
	slices.SortFunc(list, func(a, b uint8) int {
		switch x, y := t.bytes[a], t.bytes[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return int(a) - int(b)
	})
	out := make([]Cause, 0, maxListed)
	for _, i := range list[:min(len(list), maxListed)] {
		x := &t.rows[i]
		cause := Cause{Name: x.name, Addr: x.addr, User: x.user, Bytes: t.bytes[i], Error: x.err}
		if x.textLen > 0 {
			cause.Name = string(x.text[:x.textLen])
		}
		if x.addr != "" || x.user != "" {
			cause.ID = int64(t.ids[i])
		}
		out = append(out, cause)
	}
	return out
}
