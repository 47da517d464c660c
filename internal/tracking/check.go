package tracking

import (
	"fmt"
	"slices"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Check verifies every invariant.
func (x *Keys) Check() error {
	if x.keys.Root() == 0 {
		if x.items != 0 {
			return fmt.Errorf("%d items without a key", x.items)
		}
		return nil
	}
	if x.keys.Len() == 0 {
		return fmt.Errorf("an empty table of keys")
	}
	if err := x.keys.Check(); err != nil {
		return err
	}
	items := 0
	var bad error
	x.keys.Each(func(r mem.Ref) bool {
		k, n := key(r), 0
		k.each(func(client int64) {
			n++
			if !k.holds(client) {
				bad = fmt.Errorf("%q holds client %d where it is not found", k.name(), client)
			}
		})
		if n == 0 || n != k.n() {
			bad = fmt.Errorf("%q counts %d clients and holds %d", k.name(), k.n(), n)
		}
		items += n
		return bad == nil
	})
	if bad == nil && items != x.items {
		bad = fmt.Errorf("%d items counted, %d held", x.items, items)
	}
	return bad
}

// Bytes returns the usable bytes of all keys, those that FreeSlice has to free not included.
func (x *Keys) Bytes() (n int64) {
	if x.keys.Root() == 0 {
		return 0
	}
	n = x.keys.Bytes()
	x.keys.Each(func(r mem.Ref) bool {
		n += int64(mem.Usable(key(r).size()))
		return true
	})
	return n
}

// Check verifies every invariant; sets are those of all clients.
func (x *Prefixes) Check(sets ...*Set) error {
	members := 0
	for _, s := range sets {
		n := 0
		for m := s.first; m != 0; m = ref(m, memMine) {
			if n++; memberID(m) != s.Client {
				return fmt.Errorf("client %d holds a membership of %d", s.Client, memberID(m))
			}
		}
		if n != s.n {
			return fmt.Errorf("client %d counts %d prefixes and holds %d", s.Client, s.n, n)
		}
		members += n
	}
	if x.table.Root() == 0 {
		if members != 0 || len(x.lengths) != 0 || len(x.dirty) != 0 {
			return fmt.Errorf("%d memberships without a prefix", members)
		}
		return nil
	}
	if err := x.table.Check(); err != nil {
		return err
	}
	var bad error
	lengths := map[int]int{}
	x.table.Each(func(p mem.Ref) bool {
		n, last := 0, mem.Ref(0)
		for m := ref(p, preFirst); m != 0 && bad == nil; m = ref(m, memNext) {
			if ref(m, memPrefix) != p || ref(m, memPrev) != last {
				bad = fmt.Errorf("a membership of %q is not where its list says", preName(p))
			}
			n, last = n+1, m
		}
		members -= n
		lengths[len(preName(p))]++
		changed := ref(p, preChanged)
		switch {
		case bad != nil:
		case n == 0 || n != preN(p) || last != ref(p, preLast):
			bad = fmt.Errorf("prefix %q counts %d clients and lists %d", preName(p), preN(p), n)
		case (changed != 0 || lost(p)) != slices.Contains(x.dirty, p):
			bad = fmt.Errorf("prefix %q is not noted as it should be", preName(p))
		case changed != 0:
			t := table.Open(x.arena, &chgKind, changed)
			bad = t.Check()
		}
		return bad == nil
	})
	if bad == nil && members != 0 {
		bad = fmt.Errorf("%d memberships are in no list", members)
	}
	for _, l := range x.lengths {
		if bad == nil && lengths[l.bytes] != l.n {
			bad = fmt.Errorf("%d prefixes of %d bytes, counted as %d", lengths[l.bytes], l.bytes, l.n)
		}
	}
	if bad == nil && len(lengths) != len(x.lengths) {
		bad = fmt.Errorf("%d lengths, counted as %d", len(lengths), len(x.lengths))
	}
	return bad
}

// Bytes returns the usable bytes of everything.
func (x *Prefixes) Bytes() (n int64) {
	if x.table.Root() == 0 {
		return 0
	}
	n = x.table.Bytes()
	x.table.Each(func(p mem.Ref) bool {
		n += int64(mem.Usable(preHead+len(preName(p)))) + int64(preN(p))*int64(mem.Usable(memSize))
		if root := ref(p, preChanged); root != 0 {
			t := table.Open(x.arena, &chgKind, root)
			n += t.Bytes()
			t.Each(func(c mem.Ref) bool {
				n += int64(mem.Usable(chgHead + len(chgName(c))))
				return true
			})
		}
		return true
	})
	return n
}
