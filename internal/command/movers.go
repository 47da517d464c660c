package command

import (
	"granary/internal/keyspace"
	"granary/internal/pubsub"
)

// What lies in the keyspace's arena, belongs to no key, and moves all the same (keyspace.Mover): topics and subscriptions,
// and the keys that clients cache. Each may be millions of blocks. What else the server keeps there does not move: it is
// little, or is gone soon (docs/memory.md has the list).

// movePubSub moves what there is of kind after kind: the topics, then the subscriptions of client after client.
func (e *Env) movePubSub(c *keyspace.MoverCursor) (more bool) {
	const kind, subs, id, at = 0, 1, 2, 3
	k := pubsub.Kind(c[kind])
	if c[subs] == 0 {
		if c[at] = e.PubSub.RelocateTopics(k, c[at]); c[at] == 0 {
			c[subs] = 1
		}
		return true
	}
	cl := e.Clients.From(int64(c[id]))
	if cl != nil && uint64(cl.ID) != c[id] {
		c[at] = 0
	}
	for n := 0; cl != nil && cl.Subs.Len(k) == 0; n++ {
		if n == moverClients {
			c[id] = uint64(cl.ID)
			return true
		}
		cl, c[at] = e.Clients.From(cl.ID+1), 0
	}
	if cl == nil {
		*c = keyspace.MoverCursor{kind: c[kind] + 1}
		return c[kind] < pubsub.NumKinds
	}
	c[id] = uint64(cl.ID)
	if c[at] = e.PubSub.RelocateSet(cl.Subs, k, c[at]); c[at] == 0 {
		c[id]++
	}
	return true
}

// moverClients is how many clients without subscriptions a unit passes over.
const moverClients = 1000

// moveTracked moves the keys that clients cache.
func (e *Env) moveTracked(c *keyspace.MoverCursor) (more bool) {
	if e.track.keys == nil {
		return false
	}
	c[0] = e.track.keys.Relocate(c[0])
	return c[0] != 0
}
