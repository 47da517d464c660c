package zset

import (
	"fmt"

	"granary/internal/encoding/ordered"
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Check verifies every invariant of the set. It reads all entries.
func (s *Set) Check() error {
	b := mem.Bytes(s.root, rootBytes)
	if mem.LoadRef(b) != s.table.Root() || mem.LoadRef(b[mem.RefSize:]) != s.tree.Root() || mem.LoadRef(b[2*mem.RefSize:]) != s.removed {
		return fmt.Errorf("zset: the root block refers to other roots than the handle")
	}
	if err := s.table.Check(); err != nil {
		return err
	}
	var removed []ordered.Tree
	gone := 0
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		if r.set() != s.root {
			return fmt.Errorf("zset: what was removed belongs to another set")
		}
		removed = append(removed, r.tree())
		gone += r.Len()
	}
	if err := s.tree.Check(removed...); err != nil {
		return err
	}
	if t, o := s.table.Len(), s.tree.Len(); t != o+gone {
		return fmt.Errorf("zset: %d members in the table, %d in the tree, %d removed", t, o, gone)
	}
	content := int64(0)
	for i := range removed {
		it := removed[i].First()
		for ; it.Valid(); it.Next() {
			m := Member(it.Entry())
			if _, r := s.table.Find(table.Hash(m), m); r != it.Entry() {
				return fmt.Errorf("zset: removed member %.40q is not in the table", m)
			}
			content += int64(usable(m))
		}
	}
	it := s.tree.First()
	for ; it.Valid(); it.Next() {
		e := it.Entry()
		m := Member(e)
		if _, r := s.table.Find(table.Hash(m), m); r != e {
			return fmt.Errorf("zset: member %.40q is entry %#x in the tree, %#x in the table", m, e, r)
		}
		if score := Score(e); score != score {
			return fmt.Errorf("zset: member %.40q has no number for a score", m)
		}
		content += int64(usable(m))
	}
	if got := s.table.Content(); got != content {
		return fmt.Errorf("zset: members take %d bytes, %d are noted", content, got)
	}
	return nil
}
