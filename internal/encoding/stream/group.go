package stream

import (
	"encoding/binary"
	"unsafe"

	"granary/internal/mem"
)

// Group is a handle to a consumer group, valid until the group is destroyed or moved by Relocate. The zero Group is none.
//
// Its block, 88 bytes and the name (PurposeStreamGroup, as all that belongs to groups):
//
//	0        4    8       16        32        40        56          72      80      88
//	| length | 88 | bytes | last ID | entries | pending | consumers | gone  | gone  | name |
//	|        |    |       |         | read    | tree    | names     | first | IDs   |
//
//	bytes  usable bytes of the group's blocks, this one included
//	gone   consumers that were deleted, and how many entries refer to them (gone.go)
//
// A consumer's block, 40 bytes and the name:
//
//	0        4    8         24     32       40
//	| length | 40 | own IDs | seen | active | name |
//	|        |    | tree    | time | time   |
//
// A value of the tree of pending entries:
//
//	0          5               11              16
//	| consumer | delivery time | deliveries:40 |
//	| Ref      | ms:48         |
type Group struct {
	arena *mem.Arena
	ref   mem.Ref
}

// groupBlock and consumerBlock are the layouts drawn above, without names.
type groupBlock struct {
	nameLen, nameAt uint32
	bytes           int64
	last            ID
	read            int64
	pending         tree
	consumers       names
	gone            mem.Ref
	goneIDs         uint64
}

type consumerBlock struct {
	nameLen, nameAt uint32
	own             tree
	seen, active    int64
}

const (
	groupBytes    = 88
	consumerBytes = 40
)

var (
	_ [groupBytes]byte    = [unsafe.Sizeof(groupBlock{})]byte{}
	_ [consumerBytes]byte = [unsafe.Sizeof(consumerBlock{})]byte{}
)

// Consumer is a handle to a consumer, valid as a Group is. The zero Consumer is none.
type Consumer struct{ ref mem.Ref }

// UnknownRead is the number of entries read by a group that has lost count.
const UnknownRead = -1

// Inactive is the active time of a consumer that never read an entry.
const Inactive = -1

// Ok reports whether g is a group.
func (g Group) Ok() bool { return g.ref != 0 }

// Ok reports whether c is a consumer.
func (c Consumer) Ok() bool { return c.ref != 0 }

func (g *Group) head() *groupBlock      { return (*groupBlock)(mem.Ptr(g.ref)) }
func (g *Group) books() books           { return books{g.arena, &g.head().bytes} }
func (c Consumer) head() *consumerBlock { return (*consumerBlock)(mem.Ptr(c.ref)) }

// Name returns the group's name, a view.
func (g *Group) Name() []byte { return recordName(g.ref) }

// LastID returns the last ID delivered.
func (g *Group) LastID() ID { return g.head().last }

// SetLastID sets the last ID delivered.
func (g *Group) SetLastID(id ID) { g.head().last = id }

// EntriesRead returns how many entries of the stream lie up to LastID, or UnknownRead.
func (g *Group) EntriesRead() int64 { return g.head().read }

// SetEntriesRead sets that.
func (g *Group) SetEntriesRead(n int64) { g.head().read = n }

// Pending returns the number of entries that were delivered and not acknowledged.
func (g *Group) Pending() int { return int(g.head().pending.n - g.head().goneIDs) }

// Consumers returns the number of consumers.
func (g *Group) Consumers() int { return int(g.head().consumers.n) }

// Bytes returns the usable bytes of the group's blocks.
func (g *Group) Bytes() int64 { return g.head().bytes }

// Name returns the consumer's name, a view.
func (c Consumer) Name() []byte { return recordName(c.ref) }

// Seen returns when the consumer last tried something, in Unix ms.
func (c Consumer) Seen() int64 { return c.head().seen }

// Active returns when the consumer last read, claimed or was given an entry, in Unix ms, or Inactive.
func (c Consumer) Active() int64 { return c.head().active }

// SetSeen sets when the consumer last tried something.
func (c Consumer) SetSeen(ms int64) { c.head().seen = ms }

// SetActive sets when the consumer last succeeded.
func (c Consumer) SetActive(ms int64) { c.head().active = max(ms, Inactive) }

// Pending returns the number of entries pending with the consumer.
func (c Consumer) Pending() int { return int(c.head().own.n) }

// newRecord makes a block of a fixed part, zero, and a name.
func newRecord(a *mem.Arena, fixed int, name []byte) mem.Ref {
	r := a.Alloc(fixed+len(name), mem.PurposeStreamGroup)
	b := mem.Bytes(r, fixed+len(name))
	clear(b[:fixed])
	binary.LittleEndian.PutUint32(b, uint32(len(name)))
	binary.LittleEndian.PutUint32(b[4:], uint32(fixed))
	copy(b[fixed:], name)
	return r
}

// recordBytes returns the bytes of a record's block.
func recordBytes(r mem.Ref) int {
	b := mem.Bytes(r, 8)
	return int(binary.LittleEndian.Uint32(b)) + int(binary.LittleEndian.Uint32(b[4:]))
}

// Group returns the group with a name; it is not Ok if there is none.
func (s *Stream) Group(name []byte) Group {
	_, r := s.head().groups.find(name)
	return Group{s.arena, r}
}

// CreateGroup adds a group. created is false, and the group the one that is there, if the name is taken.
func (s *Stream) CreateGroup(name []byte, last ID, read int64) (g Group, created bool) {
	h := s.head()
	p, r := h.groups.find(name)
	if r != 0 {
		return Group{s.arena, r}, false
	}
	g = Group{s.arena, newRecord(s.arena, groupBytes, name)}
	n := groupBytes + len(name)
	done := false
	defer func() {
		if !done {
			s.arena.Free(g.ref, n, mem.PurposeStreamGroup)
		}
	}()
	h.groups.insert(s.books(), p, g.ref)
	done = true
	b := g.head()
	b.bytes, b.last, b.read = int64(mem.Usable(n)), last, read
	return g, true
}

// DetachGroup takes a group out of the stream. The caller frees it, with Group.Free or in slices.
func (s *Stream) DetachGroup(name []byte) (Group, bool) {
	h := s.head()
	p, r := h.groups.find(name)
	if r == 0 {
		return Group{}, false
	}
	h.groups.remove(s.books(), p)
	return Group{s.arena, r}, true
}

// GroupIter walks over the groups in the order of their names.
type GroupIter struct {
	Group
	list *names
	at   place
}

// EachGroup begins a walk over the groups.
func (s *Stream) EachGroup() GroupIter {
	return GroupIter{Group: Group{arena: s.arena}, list: &s.head().groups}
}

// GroupsAfter begins a walk over the groups behind the one with a name.
//
// REQUIRES: there is that group.
func (s *Stream) GroupsAfter(name []byte) GroupIter {
	list := &s.head().groups
	p, r := list.find(name)
	return GroupIter{Group: Group{s.arena, r}, list: list, at: p}
}

// Next moves to the next group.
func (it *GroupIter) Next() bool {
	if it.ref != 0 {
		it.at = it.list.next(it.at)
	}
	it.ref = it.list.get(it.at)
	return it.ref != 0
}

// ConsumerIter walks over the consumers in the order of their names.
type ConsumerIter struct {
	Consumer
	list *names
	at   place
}

// EachConsumer begins a walk over the consumers.
func (g *Group) EachConsumer() ConsumerIter { return ConsumerIter{list: &g.head().consumers} }

// ConsumersAfter begins a walk over the consumers behind the one with a name.
//
// REQUIRES: there is that consumer.
func (g *Group) ConsumersAfter(name []byte) ConsumerIter {
	list := &g.head().consumers
	p, r := list.find(name)
	return ConsumerIter{Consumer: Consumer{r}, list: list, at: p}
}

// Next moves to the next consumer.
func (it *ConsumerIter) Next() bool {
	if it.ref != 0 {
		it.at = it.list.next(it.at)
	}
	it.ref = it.list.get(it.at)
	return it.ref != 0
}

// Consumer returns the consumer with a name; it is not Ok if there is none.
func (g *Group) Consumer(name []byte) Consumer {
	_, r := g.head().consumers.find(name)
	return Consumer{r}
}

// CreateConsumer adds a consumer, seen now and inactive. created is false if the name is taken.
func (g *Group) CreateConsumer(name []byte, now int64) (c Consumer, created bool) {
	h := g.head()
	p, r := h.consumers.find(name)
	if r != 0 {
		return Consumer{r}, false
	}
	c = Consumer{newRecord(g.arena, consumerBytes, name)}
	n := consumerBytes + len(name)
	done := false
	defer func() {
		if !done {
			g.arena.Free(c.ref, n, mem.PurposeStreamGroup)
		}
	}()
	h.consumers.insert(g.books(), p, c.ref)
	done = true
	h.bytes += int64(mem.Usable(n))
	b := c.head()
	b.seen, b.active = now, Inactive
	return c, true
}

// DeleteConsumer removes a consumer and what is pending with it, and returns how many entries that was.
func (g *Group) DeleteConsumer(name []byte) (pending int, ok bool) {
	pending, gone, ok := g.DetachConsumer(name)
	for !gone.FreeSlice(1 << 30) {
	}
	return pending, ok
}

// DetachConsumer is DeleteConsumer for one with many pending entries: they are free to be claimed by others at once, but wait
// to be freed, in slices, by the caller.
func (g *Group) DetachConsumer(name []byte) (pending int, gone Gone, ok bool) {
	h := g.head()
	p, r := h.consumers.find(name)
	if r == 0 {
		return 0, gone, false
	}
	c := Consumer{r}
	pending = c.Pending()
	bk := g.books()
	if pending > goneAtOnce {
		h.consumers.remove(bk, p)
		return pending, g.forget(c), true
	}
	c.head().own.freeSlice(bk, ownKind, pending, func(id ID, _ []byte) { h.pending.remove(bk, pendingKind, id) })
	h.consumers.remove(bk, p)
	bk.free(r, recordBytes(r), mem.PurposeStreamGroup)
	return pending, gone, true
}

// Free frees a detached group.
func (g *Group) Free() {
	for !g.FreeSlice(1 << 30) {
	}
}

// FreeSlice frees a part of a detached group, about budget pending entries and consumers. It returns true when the group
// is gone. It is the only method that may be called then.
func (g *Group) FreeSlice(budget int) bool {
	if g.ref == 0 {
		return true
	}
	if g.empty(budget) == 0 {
		return false
	}
	g.arena.Free(g.ref, recordBytes(g.ref), mem.PurposeStreamGroup)
	g.ref = 0
	return true
}
