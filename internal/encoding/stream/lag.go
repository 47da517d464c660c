package stream

// How far a group is behind. A group counts the entries it has read, but the count means something only as long as no
// entry was deleted out of the middle: the greatest deleted ID tells. A lost count is found again where the number
// of entries before an ID is known: at the ends of the stream.

// tombstoneFrom reports whether an entry may have been deleted at id or after: the greatest deleted ID is not before it.
func (s *Stream) tombstoneFrom(id ID) bool {
	h := s.head()
	return h.length > 0 && !h.maxDeleted.IsZero() && !h.maxDeleted.Less(id)
}

// CountTo returns how many of the entries ever added have IDs up to id, if that can be known; otherwise UnknownRead.
func (s *Stream) CountTo(id ID) int64 {
	h := s.head()
	if h.added == 0 {
		return 0
	}
	c := id.Compare(h.last)
	switch {
	case h.length == 0 && c <= 0:
		return int64(h.added)
	case !id.IsZero() && id.Less(h.maxDeleted):
		// Some of what followed id is missing, perhaps before the first entry too.
		return UnknownRead
	case c == 0:
		return int64(h.added)
	case c > 0:
		return UnknownRead
	}
	if h.maxDeleted.IsZero() || h.maxDeleted.Less(h.first) {
		// Nothing is missing after the first entry.
		switch id.Compare(h.first) {
		case -1:
			return int64(h.added - h.length)
		case 0:
			return int64(h.added - h.length + 1)
		}
	}
	return UnknownRead
}

// Lag returns how many entries the group has yet to read, if that can be known.
func (s *Stream) Lag(g *Group) (lag int64, ok bool) {
	h := s.head()
	if h.added == 0 {
		return 0, true
	}
	read := g.EntriesRead()
	if read == UnknownRead || s.tombstoneFrom(g.LastID()) {
		read = s.CountTo(g.LastID())
	}
	if read == UnknownRead {
		return 0, false
	}
	return int64(h.added) - read, true
}

// Advance notes that an entry is being delivered for the first time: it becomes the group's last ID, and the count
// of what was read follows. It reports false, and does nothing, if the group was there before.
func (s *Stream) Advance(g *Group, id ID) bool {
	b := g.head()
	if !b.last.Less(id) {
		return false
	}
	if b.read != UnknownRead && !b.last.Less(s.head().first) && !s.tombstoneFrom(b.last) {
		b.read++
	} else if s.head().added > 0 {
		b.read = s.CountTo(id)
	}
	b.last = id
	return true
}
