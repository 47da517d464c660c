package zsets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/set"
	"granary/internal/types/zset"
)

// source is a key that sorted sets are combined from: a sorted set, or a set, whose members have score 1.
type source struct {
	entry  object.Entry // 0: no such key
	zset   zset.Value
	set    set.Value
	weight float64
	n      int
}

// open makes s the source of a key, and answers an error when there is something else.
func (s *source) open(c *command.Ctx, key []byte) bool {
	s.weight = 1
	it := c.Read(key)
	if !it.Exists() {
		return true
	}
	s.entry = it.Entry
	switch it.Entry.Type() {
	case object.ZSet:
		s.zset = zset.Of(&it)
		s.n = s.zset.Len()
	case object.Set:
		s.set = set.Of(it.Entry)
		s.n = s.set.Len()
	default:
		c.Out.Error(command.ErrWrongType)
		return false
	}
	return true
}

// each gives fn the members with their scores until it returns false.
func (s *source) each(fn func(member []byte, score float64) bool) {
	if s.entry == 0 {
		return
	}
	if s.entry.Type() == object.Set {
		var m set.Member
		s.set.Each(&m, func() bool { return fn(m.Text(), 1) })
		return
	}
	var digits zset.Scratch
	at := s.zset.At(0)
	for ; at.Valid(); at.Next() {
		if !fn(at.Member(&digits), at.Score()) {
			return
		}
	}
}

// find returns the score of a member, and whether it is there.
func (s *source) find(member []byte) (float64, bool) {
	if s.entry == 0 {
		return 0, false
	}
	if s.entry.Type() == object.Set {
		var m set.Member
		m.SetText(member)
		return 1, s.set.Has(&m)
	}
	return s.zset.Score(member)
}
