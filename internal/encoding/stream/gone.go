package stream

import "granary/internal/mem"

// Deleting a consumer with many pending entries.
//
// They pend with nobody then, at once; but to take them out of the group's tree takes time for each of them. So the consumer
// loses its name and stays, marked as gone, with its IDs and with the entries of the group that refer to it, until slices
// have freed them. What finds an entry of a consumer that is gone takes it for none. A consumer's block, when it is gone:
//
//	0        4    8         24      32             40
//	| length | 40 | own IDs | group | -2 - the     | name |
//	|        |    | tree    | Ref   | next Ref     |
//
// It is freed by who frees its entries: a group that goes away first leaves the block to it, and its Ref is 0 then.

// goneAtOnce is up to how many pending entries DetachConsumer frees itself.
const goneAtOnce = 256

// mostSkipped is how many entries of consumers that are gone a walk passes before it looks for the next entry where it is.
const mostSkipped = 16

// Gone is a deleted consumer whose pending entries wait to be freed.
type Gone struct {
	arena *mem.Arena
	ref   mem.Ref
}

// Empty reports whether there is nothing to free.
func (x *Gone) Empty() bool { return x.ref == 0 }

// Len returns how many entries wait to be freed.
func (x *Gone) Len() int {
	if x.ref == 0 {
		return 0
	}
	return Consumer{x.ref}.Pending()
}

func (c Consumer) gone() bool         { return c.head().active < Inactive }
func (c Consumer) nextGone() mem.Ref  { return mem.Ref(-2 - c.head().active) }
func (c Consumer) goneFrom() mem.Ref  { return mem.Ref(c.head().seen) }
func (c Consumer) linkGone(r mem.Ref) { c.head().active = -2 - int64(r) }

// forget marks a consumer, which has no name any more, as gone.
func (g *Group) forget(c Consumer) Gone {
	h := g.head()
	c.head().seen = int64(g.ref)
	c.linkGone(h.gone)
	h.gone = c.ref
	h.goneIDs += c.head().own.n
	return Gone{g.arena, c.ref}
}

// tellGone tells the consumers that are gone where the group is: 0 when it goes away.
func (g *Group) tellGone(ref mem.Ref) {
	for r := g.head().gone; r != 0; r = (Consumer{r}).nextGone() {
		Consumer{r}.head().seen = int64(ref)
	}
}

// FreeSlice frees about budget of the entries, and returns true when all are gone.
func (x *Gone) FreeSlice(budget int) bool {
	if x.ref == 0 {
		return true
	}
	c := Consumer{x.ref}
	own := &c.head().own
	var sum int64 // is in no group's books any more
	bk := books{x.arena, &sum}
	if r := c.goneFrom(); r != 0 {
		g := Group{x.arena, r}
		h := g.head()
		bk = g.books()
		own.freeSlice(bk, ownKind, budget, func(id ID, _ []byte) {
			h.pending.remove(bk, pendingKind, id)
			h.goneIDs--
		})
		if own.n > 0 {
			return false
		}
		g.unlink(c)
	} else if own.freeSlice(bk, ownKind, budget, nil); own.n > 0 {
		return false
	}
	bk.free(c.ref, recordBytes(c.ref), mem.PurposeStreamGroup)
	x.ref = 0
	return true
}

// unlink takes a consumer out of the list of those that are gone.
func (g *Group) unlink(c Consumer) {
	h := g.head()
	if h.gone == c.ref {
		h.gone = c.nextGone()
		return
	}
	for r := h.gone; r != 0; r = (Consumer{r}).nextGone() {
		if (Consumer{r}).nextGone() == c.ref {
			Consumer{r}.linkGone(c.nextGone())
			return
		}
	}
	panic("BUG: stream: a group does not know a consumer that is gone")
}

// live reports whether an entry pends with a consumer that is there.
func (g *Group) live(p *Pending) bool { return g.head().goneIDs == 0 || !p.Consumer.gone() }

// firstPending and lastPending return the first entry that pends and is not less than an ID, and the last of all, by
// looking at every consumer.
func (g *Group) firstPending(from ID) (first ID, ok bool) {
	it := g.EachConsumer()
	for it.Next() {
		if c := it.head().own.atLeast(ownKind, from); c.ok() {
			if id := c.key(ownKind); !ok || id.Less(first) {
				first, ok = id, true
			}
		}
	}
	return first, ok
}

func (g *Group) lastPending() (last ID) {
	it := g.EachConsumer()
	for it.Next() {
		if own := &it.head().own; own.n > 0 {
			if id, _ := own.last(ownKind); last.Less(id) {
				last = id
			}
		}
	}
	return last
}
