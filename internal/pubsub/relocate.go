package pubsub

import "granary/internal/mem"

// fewSubscribers is up to how many subscriptions a topic is moved with: each of them refers to it.
const fewSubscribers = 256

// RelocateTopics serves compaction: it moves topics and blocks of their table to where the allocator would rather have them,
// one bucket per call, and returns a cursor for the next; it begins and ends with 0. It may panic with
// mem.ErrOutOfMemory; the hub is whole then.
func (h *Hub) RelocateTopics(k Kind, cursor uint64) uint64 {
	next := h.topics[k].Relocate(cursor, h.moveTopic)
	if next == 0 {
		h.topics[k].RelocateRoot()
	}
	return next
}

// moveTopic moves a topic with few subscriptions, if that helps, and returns where it is.
func (h *Hub) moveTopic(t mem.Ref) mem.Ref {
	size := topicHead + len(topicName(t))
	if count(t) > fewSubscribers {
		mem.Stays(t, size, mem.PurposePubSub)
		return t
	}
	to := h.move(t, size)
	if to != t {
		for sub := ref(to, topicFirst); sub != 0; sub = ref(sub, subNext) {
			setRef(sub, subTopic, to)
		}
	}
	return to
}

// move moves a block, if that helps, and returns where it is.
func (h *Hub) move(r mem.Ref, n int) mem.Ref {
	if !mem.ShouldMove(r, n, mem.PurposePubSub) {
		return r
	}
	to := h.arena.Alloc(n, mem.PurposePubSub)
	copy(mem.Bytes(to, n), mem.Bytes(r, n))
	h.arena.Free(r, n, mem.PurposePubSub)
	return to
}

// RelocateSet does the same for the subscriptions of a client and their table.
func (h *Hub) RelocateSet(s *Set, k Kind, cursor uint64) uint64 {
	if s == nil || !s.open[k] {
		return 0
	}
	next := s.subs[k].Relocate(cursor, h.moveSubscription)
	if next == 0 {
		s.subs[k].RelocateRoot()
	}
	return next
}

// moveSubscription moves a subscription, if that helps, and returns where it is.
func (h *Hub) moveSubscription(sub mem.Ref) mem.Ref {
	to := h.move(sub, subSize)
	if to == sub {
		return sub
	}
	topic, next, prev := ref(to, subTopic), ref(to, subNext), ref(to, subPrev)
	if prev != 0 {
		setRef(prev, subNext, to)
	} else {
		setRef(topic, topicFirst, to)
	}
	if next != 0 {
		setRef(next, subPrev, to)
	} else {
		setRef(topic, topicLast, to)
	}
	return to
}
