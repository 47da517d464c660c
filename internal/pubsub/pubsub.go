// Package pubsub knows who is subscribed to what: to channels, to patterns of channels, and to shard channels. It knows
// clients by their number and sends nothing; internal/command does.
//
// Everything lies in the arena, under PurposePubSub. A name that has subscribers is a topic; each pair of a client and a
// topic is a subscription, which is in the topic's list and in the client's table. So subscribing, unsubscribing and the
// end of a client cost the same however many others there are, and a subscription takes 24 bytes and its place in a
// table (7.5 on average).
//
//	Hub                topics by name, a table for each kind
//	  topic            | n:32 | first Ref | last Ref | length:32 | name ...                18 bytes and the name
//	    subscription   | client:64 | topic Ref | next Ref | previous Ref |                 23 bytes
//	Set (one client)   subscriptions by the name of their topic, a table for each kind
package pubsub

import (
	"encoding/binary"
	"fmt"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Kind is what a name means.
type Kind uint8

// The kinds.
const (
	Channel  Kind = iota // SUBSCRIBE
	Pattern              // PSUBSCRIBE
	Shard                // SSUBSCRIBE
	NumKinds = 3
)

// Offsets in a topic.
const (
	topicCount = 0
	topicFirst = 4
	topicLast  = 9
	topicLen   = 14
	topicHead  = 18 // the name begins here
)

// Offsets in a subscription.
const (
	subClient = 0
	subTopic  = 8
	subNext   = 13
	subPrev   = 18
	subSize   = 23
)

var (
	topicKind = table.Kind{Name: "topics", Key: topicName, Purpose: mem.PurposePubSub}
	subKind   = table.Kind{Name: "subscriptions", Key: subName, Purpose: mem.PurposePubSub}
)

func topicName(t mem.Ref) []byte {
	n := int(binary.LittleEndian.Uint32(mem.Bytes(t, topicHead)[topicLen:]))
	return mem.Bytes(t, topicHead+n)[topicHead:]
}

func subName(s mem.Ref) []byte { return topicName(ref(s, subTopic)) }

func ref(block mem.Ref, off int) mem.Ref { return mem.LoadRef(mem.Bytes(block, off+mem.RefSize)[off:]) }

func setRef(block mem.Ref, off int, to mem.Ref) {
	mem.PutRef(mem.Bytes(block, off+mem.RefSize)[off:], to)
}

func count(t mem.Ref) uint32 { return binary.LittleEndian.Uint32(mem.Bytes(t, 4)) }

func setCount(t mem.Ref, n uint32) { binary.LittleEndian.PutUint32(mem.Bytes(t, 4), n) }

func client(s mem.Ref) int64 { return int64(binary.LittleEndian.Uint64(mem.Bytes(s, 8))) }

// Hub is all topics of a server. Like its arena it is used by one goroutine at a time.
type Hub struct {
	arena  *mem.Arena
	topics [NumKinds]table.Table
}

// New returns a hub without topics.
func New(a *mem.Arena) *Hub {
	h := &Hub{arena: a}
	for k := range h.topics {
		h.topics[k] = table.New(a, &topicKind)
	}
	return h
}

// Set is what one client is subscribed to. The zero Set is subscribed to nothing.
type Set struct {
	client int64
	subs   [NumKinds]table.Table
	open   [NumKinds]bool // the table exists
	blocks int64          // usable bytes of the subscriptions
}

// NewSet returns the empty set of a client.
func NewSet(client int64) *Set { return &Set{client: client} }

// Len returns the number of subscriptions of a kind. s may be nil.
func (s *Set) Len(k Kind) int {
	if s == nil || !s.open[k] {
		return 0
	}
	return s.subs[k].Len()
}

// Total returns the number of all subscriptions. s may be nil.
func (s *Set) Total() int { return s.Len(Channel) + s.Len(Pattern) + s.Len(Shard) }

// Each gives fn the name of every subscription of a kind until it returns false. fn must not change the set.
func (s *Set) Each(k Kind, fn func(name []byte) bool) {
	if s.Len(k) > 0 {
		s.subs[k].Each(func(r mem.Ref) bool { return fn(subName(r)) })
	}
}

// Bytes returns the usable bytes of the set: tables and subscriptions, but for the topics, which are everybody's.
func (s *Set) Bytes() int64 {
	if s == nil {
		return 0
	}
	n := s.blocks
	for k := range s.subs {
		if s.open[k] {
			n += s.subs[k].Bytes()
		}
	}
	return n
}

// Subscribe adds a name to what a client is subscribed to. It reports false if it was there. After a panic with
// mem.ErrOutOfMemory nothing has changed.
func (h *Hub) Subscribe(s *Set, k Kind, name []byte) bool {
	hash := table.Hash(name)
	if s.open[k] {
		if _, r := s.subs[k].Find(hash, name); r != 0 {
			return false
		}
	} else {
		s.subs[k] = table.New(h.arena, &subKind)
		s.open[k] = true
	}
	var topic, sub mem.Ref
	defer func() {
		if sub == 0 {
			h.forget(s, k, topic) // no memory
		}
	}()
	topic = h.topic(k, hash, name)
	r := h.arena.Alloc(subSize, mem.PurposePubSub)
	binary.LittleEndian.PutUint64(mem.Bytes(r, subSize), uint64(s.client))
	setRef(r, subTopic, topic)
	h.insert(s, k, hash, r)
	sub = r

	last := ref(topic, topicLast)
	setRef(sub, subNext, 0)
	setRef(sub, subPrev, last)
	if last != 0 {
		setRef(last, subNext, sub)
	} else {
		setRef(topic, topicFirst, sub)
	}
	setRef(topic, topicLast, sub)
	setCount(topic, count(topic)+1)
	s.blocks += int64(mem.Usable(subSize))
	return true
}

// insert adds a subscription to the client's table, or frees it if there is no memory.
func (h *Hub) insert(s *Set, k Kind, hash uint64, sub mem.Ref) {
	done := false
	defer func() {
		if !done {
			h.arena.Free(sub, subSize, mem.PurposePubSub)
		}
	}()
	s.subs[k].Insert(hash, sub)
	done = true
}

// topic returns the topic of a name, a new one without subscribers if there is none.
func (h *Hub) topic(k Kind, hash uint64, name []byte) mem.Ref {
	if _, t := h.topics[k].Find(hash, name); t != 0 {
		return t
	}
	size := topicHead + len(name)
	t := h.arena.Alloc(size, mem.PurposePubSub)
	b := mem.Bytes(t, size)
	clear(b[:topicLen])
	binary.LittleEndian.PutUint32(b[topicLen:], uint32(len(name)))
	copy(b[topicHead:], name)
	done := false
	defer func() {
		if !done {
			h.arena.Free(t, size, mem.PurposePubSub)
		}
	}()
	h.topics[k].Insert(hash, t)
	done = true
	return t
}

// forget gives back what nobody needs any more: a topic without subscribers, and a client's table without subscriptions.
func (h *Hub) forget(s *Set, k Kind, topic mem.Ref) {
	if topic != 0 && count(topic) == 0 {
		name := topicName(topic)
		if at, found := h.topics[k].FindEntry(table.Hash(name), topic); found {
			size := topicHead + len(name)
			h.topics[k].Delete(at)
			h.arena.Free(topic, size, mem.PurposePubSub)
		}
	}
	if s.open[k] && s.subs[k].Len() == 0 {
		s.subs[k].Free(nil)
		s.subs[k], s.open[k] = table.Table{}, false
	}
}

// Unsubscribe takes a name away from what a client is subscribed to. It reports false if it was not there. name may be a
// view of the subscription itself and is not valid afterwards.
func (h *Hub) Unsubscribe(s *Set, k Kind, name []byte) bool {
	if s == nil || !s.open[k] {
		return false
	}
	at, sub := s.subs[k].Find(table.Hash(name), name)
	if sub == 0 {
		return false
	}
	s.subs[k].Delete(at)
	topic, next, prev := ref(sub, subTopic), ref(sub, subNext), ref(sub, subPrev)
	if prev != 0 {
		setRef(prev, subNext, next)
	} else {
		setRef(topic, topicFirst, next)
	}
	if next != 0 {
		setRef(next, subPrev, prev)
	} else {
		setRef(topic, topicLast, prev)
	}
	h.arena.Free(sub, subSize, mem.PurposePubSub)
	s.blocks -= int64(mem.Usable(subSize))
	setCount(topic, count(topic)-1)
	h.forget(s, k, topic)
	return true
}

// Leave unsubscribes a client from everything.
func (h *Hub) Leave(s *Set) {
	for k := range Kind(NumKinds) {
		for s.Len(k) > 0 {
			h.Unsubscribe(s, k, subName(s.subs[k].Random(0)))
		}
	}
}

// Any returns a name of a kind that the client is subscribed to, nil if there is none. It is valid until the set changes.
func (s *Set) Any(k Kind) []byte {
	if s.Len(k) == 0 {
		return nil
	}
	return subName(s.subs[k].Random(0))
}

// Len returns the number of topics of a kind.
func (h *Hub) Len(k Kind) int { return h.topics[k].Len() }

// Subscribers returns the number of clients that are subscribed to a name.
func (h *Hub) Subscribers(k Kind, name []byte) int {
	if _, t := h.topics[k].Find(table.Hash(name), name); t != 0 {
		return int(count(t))
	}
	return 0
}

// Each gives fn the clients that are subscribed to a name, in the order in which they came. fn must not change the hub.
func (h *Hub) Each(k Kind, name []byte, fn func(client int64)) {
	if h.topics[k].Len() == 0 {
		return
	}
	if _, t := h.topics[k].Find(table.Hash(name), name); t != 0 {
		each(t, fn)
	}
}

func each(topic mem.Ref, fn func(client int64)) {
	for s := ref(topic, topicFirst); s != 0; s = ref(s, subNext) {
		fn(client(s))
	}
}

// Topics gives fn every name of a kind until it returns false, and a function that gives the clients that are subscribed
// to it. fn must not change the hub.
func (h *Hub) Topics(k Kind, fn func(name []byte, clients func(func(client int64))) bool) {
	if h.topics[k].Len() == 0 {
		return
	}
	h.topics[k].Each(func(t mem.Ref) bool {
		return fn(topicName(t), func(fn func(client int64)) { each(t, fn) })
	})
}

// Bytes returns the usable bytes of all topics. With the Bytes of all sets it is what is booked under PurposePubSub.
func (h *Hub) Bytes() int64 {
	n := int64(0)
	for k := range h.topics {
		n += h.topics[k].Bytes()
		h.topics[k].Each(func(t mem.Ref) bool {
			n += int64(mem.Usable(topicHead + len(topicName(t))))
			return true
		})
	}
	return n
}

// Check verifies every invariant of the hub; sets are those of all clients.
func (h *Hub) Check(sets ...*Set) error {
	subs := [NumKinds]int{}
	for _, s := range sets {
		blocks := int64(0)
		for k := range Kind(NumKinds) {
			if !s.open[k] {
				continue
			}
			if s.subs[k].Len() == 0 {
				return fmt.Errorf("client %d keeps an empty table", s.client)
			}
			if err := s.subs[k].Check(); err != nil {
				return err
			}
			var bad error
			s.subs[k].Each(func(r mem.Ref) bool {
				subs[k]++
				blocks += int64(mem.Usable(subSize))
				if client(r) != s.client {
					bad = fmt.Errorf("client %d holds a subscription of %d to %q", s.client, client(r), subName(r))
				}
				return bad == nil
			})
			if bad != nil {
				return bad
			}
		}
		if blocks != s.blocks {
			return fmt.Errorf("client %d books %d bytes of subscriptions and has %d", s.client, s.blocks, blocks)
		}
	}
	for k := range Kind(NumKinds) {
		if err := h.topics[k].Check(); err != nil {
			return err
		}
		listed := 0
		var bad error
		h.topics[k].Each(func(t mem.Ref) bool {
			n, last := 0, mem.Ref(0)
			for s := ref(t, topicFirst); s != 0 && bad == nil; s = ref(s, subNext) {
				if ref(s, subTopic) != t || ref(s, subPrev) != last {
					bad = fmt.Errorf("a subscription to %q is not where its list says", topicName(t))
				}
				n, last = n+1, s
			}
			listed += n
			if bad == nil && (n == 0 || n != int(count(t)) || ref(t, topicLast) != last) {
				bad = fmt.Errorf("topic %q counts %d subscribers and lists %d", topicName(t), count(t), n)
			}
			return bad == nil
		})
		if bad != nil {
			return bad
		}
		if listed != subs[k] {
			return fmt.Errorf("topics of kind %d list %d subscriptions, clients have %d", k, listed, subs[k])
		}
	}
	return nil
}
