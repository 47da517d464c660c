package listpack

import (
	"encoding/binary"
	"fmt"
)

// CorruptError says what is wrong with bytes from outside, and where.
type CorruptError struct {
	Format string // "listpack", "ziplist" or "zipmap"
	Offset int
	What   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt %s: %s at byte %d", e.Format, e.What, e.Offset)
}

func corrupt(offset int, what string) error { return &CorruptError{"listpack", offset, what} }

// ValidateHeader checks the header and the end of b, but no entry. It does not make b safe to use.
func ValidateHeader(b []byte) error {
	switch {
	case len(b) < EmptySize:
		return corrupt(len(b), "too short")
	case uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)):
		return corrupt(0, "total is not the size")
	case b[len(b)-1] != end:
		return corrupt(len(b)-1, "no end mark")
	}
	return nil
}

// Validate checks all of b, which may hold anything. If it returns nil, Open(b) is safe to use in every way, and ends
// where b ends. Each valid entry is shown to each, if that is not nil, with its index; an error of each is returned.
//
// What it does not check: that integers are stored as integers and everything in its smallest form (Redis does not
// either; see Elem.Canonical), and that elements differ (see Unique).
func Validate(b []byte, each func(lp Listpack, p, index int) error) error {
	if err := ValidateHeader(b); err != nil {
		return err
	}
	lp := Listpack(b[:len(b):len(b)])
	n, p := 0, headerSize
	for ; p < lp.End(); n++ {
		size, err := lp.checkEntry(p)
		if err != nil {
			return err
		}
		if each != nil {
			if err := each(lp, p, n); err != nil {
				return err
			}
		}
		p += size
	}
	if c := lp.count(); c != countUnknown && c != n {
		return corrupt(4, fmt.Sprintf("count is %d of %d entries", c, n))
	}
	return nil
}

// Check reports whether a listpack of ours is what it should be: Validate, and integers stored as integers.
func (lp Listpack) Check() error {
	return Validate(lp, func(lp Listpack, p, _ int) error {
		e := lp.Get(p)
		if c := e.Canonical(); c.Size() != lp.EntrySize(p) {
			return corrupt(p, "not the smallest form")
		}
		return nil
	})
}

// checkEntry checks the entry at p against what lies between p and the end mark, and returns its size.
func (lp Listpack) checkEntry(p int) (int, error) {
	room := lp.End() - p // at least 1
	head, text := 1, uint64(0)
	switch b := lp[p]; {
	case b > int64Enc:
		return 0, corrupt(p, fmt.Sprintf("no encoding 0x%02x", b))
	case b == str32:
		head = 5
	case b >= str12 && b < str32:
		head = 2
	}
	if head == 5 && room > head {
		text = uint64(binary.LittleEndian.Uint32(lp[p+1:]))
	}
	// The first comparison is for EntrySize: it may read head bytes, and its sum does not wrap around.
	if uint64(head)+text >= uint64(room) || lp.EntrySize(p) > room {
		return 0, corrupt(p, "entry passes the end")
	}
	size := lp.EntrySize(p)
	// The backlen must be the one that Prev reads: of this length, in the shortest form.
	var want [5]byte
	n := size - 1
	for n+backlenSize(n) > size {
		n--
	}
	k := putBacklen(want[:], n)
	if string(lp[p+n:p+size]) != string(want[:k]) {
		return 0, corrupt(p+n, "length backwards is wrong")
	}
	return size, nil
}

// fewGroups is up to where comparing all with all is faster than a Go map.
const fewGroups = 32

// Unique reports whether every step-th entry differs from the others: 2 for the fields of a hash or the members of a
// zset. It is for bytes from outside; it allocates if they are many.
func (lp Listpack) Unique(step int) bool {
	n := lp.Len()
	if n <= fewGroups*step {
		for p := lp.First(); p != 0; p = lp.Skip(p, step) {
			if lp.Find(lp.Skip(p, step), lp.Get(p).Canonical(), step-1) != 0 {
				return false
			}
		}
		return true
	}
	seen := make(map[string]struct{}, n/step)
	var room Scratch
	for p := lp.First(); p != 0; p = lp.Skip(p, step) {
		text := lp.Get(p).Text(&room)
		if _, has := seen[string(text)]; has {
			return false
		}
		seen[string(text)] = struct{}{}
	}
	return true
}
