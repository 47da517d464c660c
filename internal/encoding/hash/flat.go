package hash

import "granary/internal/encoding/listpack"

// The small form of a hash is a listpack, in two layouts that Redis has too and that RDB files carry:
//
//	listpack    | field | value | field | value | ...            no field has ever had an expiry
//	listpackex  | field | value | expiry | field | value | ...   expiry: Unix ms as an integer, 0 for none
//
// In a listpackex the fields that expire come first, in the order of their time; the others follow in the order in which
// they came. So what is due is at the beginning, and the first entry says when something will be.

// Groups of entries per field.
const (
	Pair   = 2 // listpack
	Triple = 3 // listpackex
)

// FindFlat returns the position of a field in a listpack of groups of step entries, 0 if there is none of that name.
func FindFlat(lp listpack.Listpack, step int, name listpack.Elem) int {
	return lp.Find(lp.First(), name, step-1)
}

// FlatExpiry returns the expiry of the field at p of a listpackex, 0 for none.
func FlatExpiry(lp listpack.Listpack, p int) int64 {
	at, _ := lp.GetInt(lp.Skip(p, 2))
	return at
}

// FlatEarliest returns the time at which the first field of a listpackex expires, 0 when none does.
func FlatEarliest(lp listpack.Listpack) int64 {
	p := lp.First()
	if p == 0 {
		return 0
	}
	return FlatExpiry(lp, p)
}

// FlatPlace returns the position in a listpackex before which a field belongs that expires at at, 0 for never; it may be
// End.
func FlatPlace(lp listpack.Listpack, at int64) int {
	if at != 0 {
		for p := lp.First(); p != 0; p = lp.Skip(p, Triple) {
			if has := FlatExpiry(lp, p); has == 0 || has > at {
				return p
			}
		}
	}
	return lp.End()
}

// CheckFlat verifies a listpackex: whole groups, times that are integers, in order.
func CheckFlat(lp listpack.Listpack) error {
	if err := lp.Check(); err != nil {
		return err
	}
	if n := lp.Len(); n%Triple != 0 {
		return &FlatError{"a number of entries that is no multiple of 3"}
	}
	last := int64(1)
	for p := lp.First(); p != 0; p = lp.Skip(p, Triple) {
		at, ok := lp.GetInt(lp.Skip(p, 2))
		switch {
		case !ok || at < 0 || at > MaxExpiry:
			return &FlatError{"an expiry that is no time"}
		case last == 0 && at != 0 || at != 0 && at < last:
			return &FlatError{"fields that are not in the order of their time"}
		}
		last = at
	}
	return nil
}

// FlatError says what is wrong with a listpackex.
type FlatError struct{ What string }

func (e *FlatError) Error() string { return "hash: a listpackex with " + e.What }
