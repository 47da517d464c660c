package crash

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A Disk is a file system as a program sees it, and beside that what of it a failure of power leaves.
//
//	node (file)       data     what read answers          durable  as of the last fsync     changes  the writes between
//	node (directory)  names    what readdir answers       kept     as of the last fsync     Disk.moves
//
// A write is durable when fsync or fdatasync of its file has returned that was called behind it. A name that was made, changed
// or removed is durable when fsync of its directory has. Nothing else makes anything durable: neither close nor rename, nor fsync
// of a file that of its name. Renaming is atomic, also from one directory to another.
//
// Of what is not durable a failure leaves anything or nothing: see Cut.
type Disk struct {
	mu     sync.Mutex
	root   *node
	moves  []*move
	next   uint64 // number of the next change, move or node
	dead   bool   // the power has failed: everything answers EIO and changes nothing
	spans  []span
	rng    *rand.Rand
	delays bool // some syncs take long

	told func(name string) // is told of names that were made, changed and removed; nil: nobody is
}

type node struct {
	id    uint64
	isDir bool

	data, durable []byte
	changes       []change

	names, kept map[string]*node
	upTo        uint64 // changes that kept has
}

// change is a write, or with cut a new length.
type change struct {
	id   uint64
	at   int64
	data []byte
	cut  bool
}

// move gives a node a name, takes one away, or both.
type move struct {
	id       uint64
	n        *node
	from, to *node // directories; nil: none
	old, new string
}

// span is the time of an fsync. over is zero while it is under way.
type span struct{ begun, over time.Time }

// NewDisk returns an empty disk. With delays some syncs take up to a second and a half.
func NewDisk(seed uint64, delays bool) *Disk {
	d := &Disk{rng: rand.New(rand.NewPCG(seed, 1)), delays: delays}
	d.root = d.newNode(true)
	return d
}

func (d *Disk) number() uint64 {
	d.next++
	return d.next
}

func (d *Disk) newNode(isDir bool) *node {
	n := &node{id: d.number(), isDir: isDir}
	if isDir {
		n.names, n.kept = map[string]*node{}, map[string]*node{}
	}
	return n
}

// lock takes the lock, or says that the power has failed.
func (d *Disk) lock() syscall.Errno {
	d.mu.Lock()
	if d.dead {
		d.mu.Unlock()
		return syscall.EIO
	}
	return 0
}

// make creates a file or a directory.
func (d *Disk) make(dir *node, name string, isDir bool) (*node, syscall.Errno) {
	if no := d.lock(); no != 0 {
		return nil, no
	}
	defer d.mu.Unlock()
	if dir.names[name] != nil {
		return nil, syscall.EEXIST
	}
	n := d.newNode(isDir)
	d.move(&move{n: n, to: dir, new: name})
	return n, 0
}

// remove takes a name away.
func (d *Disk) remove(dir *node, name string, isDir bool) syscall.Errno {
	if no := d.lock(); no != 0 {
		return no
	}
	defer d.mu.Unlock()
	n := dir.names[name]
	switch {
	case n == nil:
		return syscall.ENOENT
	case n.isDir != isDir && isDir:
		return syscall.ENOTDIR
	case n.isDir != isDir:
		return syscall.EISDIR
	case len(n.names) > 0:
		return syscall.ENOTEMPTY
	}
	d.move(&move{n: n, from: dir, old: name})
	return 0
}

// rename gives a node another name.
func (d *Disk) rename(from *node, old string, to *node, name string) syscall.Errno {
	if no := d.lock(); no != 0 {
		return no
	}
	defer d.mu.Unlock()
	n := from.names[old]
	if n == nil {
		return syscall.ENOENT
	}
	if n != to.names[name] {
		d.move(&move{n: n, from: from, old: old, to: to, new: name})
	}
	return 0
}

func (d *Disk) move(m *move) {
	m.id = d.number()
	m.apply(func(dir *node) map[string]*node { return dir.names })
	d.moves = append(d.moves, m)
	if d.told != nil {
		d.told(m.old + " " + m.new)
	}
}

// apply does a move in the maps that of gives of a directory. One that comes without those before it does what it still can.
func (m *move) apply(of func(dir *node) map[string]*node) {
	if m.from != nil && of(m.from)[m.old] == m.n {
		delete(of(m.from), m.old)
	}
	if m.to != nil {
		of(m.to)[m.new] = m.n
	}
}

func kept(dir *node) map[string]*node { return dir.kept }

// write writes bytes to a file, at its end if at is negative.
func (d *Disk) write(n *node, p []byte, at int64) syscall.Errno {
	if no := d.lock(); no != 0 {
		return no
	}
	defer d.mu.Unlock()
	if at < 0 {
		at = int64(len(n.data))
	}
	c := change{id: d.number(), at: at, data: bytes.Clone(p)}
	n.data = c.apply(n.data)
	n.changes = append(n.changes, c)
	return 0
}

// truncate sets the length of a file.
func (d *Disk) truncate(n *node, size int64) syscall.Errno {
	if no := d.lock(); no != 0 {
		return no
	}
	defer d.mu.Unlock()
	c := change{id: d.number(), at: size, cut: true}
	n.data = c.apply(n.data)
	n.changes = append(n.changes, c)
	return 0
}

// apply does a change. What lies between the end and where it begins is zeros.
func (c *change) apply(b []byte) []byte {
	if c.cut {
		return resize(b, int(c.at))
	}
	end := int(c.at) + len(c.data)
	if len(b) < end {
		b = resize(b, end)
	}
	copy(b[c.at:], c.data)
	return b
}

func resize(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	had := len(b)
	b = slices.Grow(b, size-had)[:size]
	clear(b[had:])
	return b
}

// sync makes durable what was done to a node before the call.
func (d *Disk) sync(n *node) syscall.Errno {
	if no := d.lock(); no != 0 {
		return no
	}
	upTo, names := d.next, maps.Clone(n.names)
	mine := len(d.spans)
	d.spans = append(d.spans, span{begun: time.Now()})
	wait := time.Duration(0)
	switch r := d.rng.IntN(400); {
	case d.delays && r == 0:
		wait = time.Duration(d.rng.IntN(1500)) * time.Millisecond
	case r < 40:
		wait = time.Duration(d.rng.IntN(4000)) * time.Microsecond
	}
	d.mu.Unlock()
	time.Sleep(wait)
	if no := d.lock(); no != 0 {
		return no
	}
	defer d.mu.Unlock()
	d.spans[mine].over = time.Now()
	if n.isDir {
		d.moves = slices.DeleteFunc(d.moves, func(m *move) bool {
			if m.id > upTo || m.from != n && m.to != n {
				return false
			}
			m.apply(kept)
			return true
		})
		if upTo > n.upTo { // a sync that began later may have ended before: that of another process
			n.kept, n.upTo = names, upTo
		}
		return 0
	}
	k := 0
	for ; k < len(n.changes) && n.changes[k].id <= upTo; k++ {
		n.durable = n.changes[k].apply(n.durable)
	}
	n.changes = slices.Delete(n.changes, 0, k)
	return 0
}

// Fail is the failure of power: from now on nothing reaches the disk. It returns when that was, and the syncs so far.
func (d *Disk) Fail() (at time.Time, spans []span) {
	at = time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	return at, d.spans
}

// Syncs returns the syncs so far.
func (d *Disk) Syncs() []span {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.spans)
}

// Remains says what a failure of power leaves of what was not durable.
type Remains int

// What a failure of power may leave.
const (
	Nothing Remains = iota // what is durable, not a byte more
	All                    // everything: the disk was fast
	Prefix                 // of each file the writes up to one, which may be torn; of all names the changes up to one
	Zeros                  // the same, and behind the end of some files zeros: the length came before the bytes
	Subset                 // any writes without those before them, torn or not, with zeros between them; any changes of names
	remainsCount
)

// String names it.
func (r Remains) String() string {
	return [...]string{"nothing", "all", "prefix", "zeros", "subset"}[r]
}

// Cut makes the disk what a failure of power has left, and brings it up again: all of that is durable then.
func (d *Disk) Cut(r Remains) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stop := len(d.moves)
	switch r {
	case Nothing:
		stop = 0
	case Prefix, Zeros:
		stop = d.rng.IntN(stop + 1)
	}
	for _, m := range d.moves[:stop] {
		if r != Subset || d.rng.IntN(2) == 0 {
			m.apply(kept)
		}
	}
	d.moves, d.spans, d.dead = nil, nil, false
	d.root = d.revive(d.root, r, map[*node]*node{})
}

// Settle makes everything durable.
func (d *Disk) Settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moves = nil
	seen := map[*node]bool{}
	var settle func(n *node)
	settle = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		n.durable, n.changes, n.kept = bytes.Clone(n.data), nil, maps.Clone(n.names)
		for _, c := range n.names {
			settle(c)
		}
	}
	settle(d.root)
}

// revive returns what is left of a node and all below it.
func (d *Disk) revive(n *node, r Remains, seen map[*node]*node) *node {
	if c := seen[n]; c != nil {
		return c
	}
	c := d.newNode(n.isDir)
	seen[n] = c
	if n.isDir {
		for _, name := range slices.Sorted(maps.Keys(n.kept)) {
			c.kept[name] = d.revive(n.kept[name], r, seen)
		}
		c.names = maps.Clone(c.kept)
		return c
	}
	c.durable = d.left(n, r)
	c.data = bytes.Clone(c.durable)
	return c
}

// left returns the bytes that are left of a file.
func (d *Disk) left(n *node, r Remains) []byte {
	b := bytes.Clone(n.durable)
	k := len(n.changes)
	switch r {
	case Nothing:
		return b
	case Prefix, Zeros:
		k = d.rng.IntN(k + 1)
	}
	for i, c := range n.changes[:k] {
		if r == Subset && d.rng.IntN(3) == 0 {
			continue
		}
		torn := r == Subset && d.rng.IntN(8) == 0 || (r == Prefix || r == Zeros) && i == k-1
		if torn && !c.cut {
			c.data = c.data[:d.rng.IntN(len(c.data)+1)]
		}
		b = c.apply(b)
	}
	if r == Zeros && len(n.data) > len(b) && d.rng.IntN(2) == 0 {
		b = resize(b, len(b)+1+d.rng.IntN(len(n.data)-len(b)))
	}
	return b
}
