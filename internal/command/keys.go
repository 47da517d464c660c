package command

import (
	"granary/internal/object"
)

// Where the keys of a request are follows from the command's key specs (Spec.Keys), or from its GetKeys where no rule
// describes them well enough. COMMAND GETKEYS, ACL rules and cluster slots all ask here.

// HasKeys reports whether the command can have keys at all.
func (s *Spec) HasKeys() bool {
	if s.GetKeys != nil {
		return true
	}
	for i := range s.Keys {
		if s.Keys[i].Flags&KeyNotKey == 0 {
			return true
		}
	}
	return false
}

// FindKeys appends the positions of all keys of a request to dst. It reports false when the arguments do not add up, so
// that the keys cannot be told.
// REQUIRES: the number of arguments satisfies the arity.
func (s *Spec) FindKeys(args [][]byte, dst []KeyPos) ([]KeyPos, bool) {
	if s.GetKeys != nil && s.variable() {
		return s.GetKeys(args, dst)
	}
	n := len(dst)
	for i := range s.Keys {
		k := &s.Keys[i]
		if k.Flags&KeyNotKey != 0 {
			continue
		}
		var ok bool
		if dst, ok = k.find(args, dst); !ok || k.Flags&KeyIncomplete != 0 {
			if s.GetKeys != nil {
				return s.GetKeys(args, dst[:n])
			}
			if !ok {
				return dst[:n], false
			}
		}
	}
	return dst, true
}

// variable reports whether what is done with the keys depends on other arguments.
func (s *Spec) variable() bool {
	for i := range s.Keys {
		if s.Keys[i].Flags&KeyVariableFlags != 0 {
			return true
		}
	}
	return false
}

// find appends the keys of one key spec.
func (k *KeySpec) find(args [][]byte, dst []KeyPos) ([]KeyPos, bool) {
	if k.Unknown {
		return dst, false
	}
	first := k.begin(args)
	if first <= 0 || first >= len(args) {
		return dst, false
	}
	last, step := 0, max(k.KeyStep, 1)
	switch {
	case k.KeyNum:
		at := first + k.KeyNumIdx
		if at >= len(args) {
			return dst, false
		}
		n, ok := object.ParseInt(args[at])
		if !ok || n < 0 || n > int64(len(args)) {
			return dst, false
		}
		first += k.FirstKey
		last = first + (int(n)-1)*step
	case k.LastKey >= 0:
		last = first + k.LastKey
	case k.Limit > 1:
		last = first + (len(args)-first)/k.Limit + k.LastKey
	default:
		last = len(args) + k.LastKey
	}
	if last < first || last >= len(args) {
		return dst, false
	}
	for i := first; i <= last; i += step {
		dst = append(dst, KeyPos{Index: i, Flags: k.Flags})
	}
	return dst, true
}

// begin returns the position at which the keys of the spec begin, 0 when the keyword is missing.
func (k *KeySpec) begin(args [][]byte) int {
	if k.Keyword == "" {
		return k.Index
	}
	from, end, step := k.StartFrom, len(args)-1, 1
	if k.StartFrom < 0 {
		from, end, step = len(args)+k.StartFrom, 1, -1
	}
	// The keyword is never the last thing that is looked at: there would be no key behind it.
	for i := from; i != end && i > 0 && i < len(args); i += step {
		if foldEqual(args[i], k.Keyword) {
			return i + 1
		}
	}
	return 0
}

// foldEqual compares an argument with a word, both in any case.
func foldEqual(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(word[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// plain reports whether the spec is a range that begins at a fixed position.
func (k *KeySpec) plain() bool { return k.Keyword == "" && !k.KeyNum && !k.Unknown }

// KeyRange returns the first key, the last (negative: from the end) and the step as COMMAND INFO has shown them since
// before key specs: the fixed ranges that follow one another, zeros when there is none.
func (s *Spec) KeyRange() (first, last, step int) {
	if len(s.Keys) == 1 && s.Keys[0].plain() {
		k := &s.Keys[0]
		return k.Index, k.lastAbs(), k.KeyStep
	}
	for i := range s.Keys {
		k := &s.Keys[i]
		if !k.plain() || k.KeyStep != 1 || first != 0 && (last < 0 || k.Index != last+1) {
			continue
		}
		if first == 0 {
			first, step = k.Index, 1
		}
		last = k.lastAbs()
	}
	return first, last, step
}

func (k *KeySpec) lastAbs() int {
	if k.LastKey < 0 {
		return k.LastKey
	}
	return k.Index + k.LastKey
}
