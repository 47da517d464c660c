package object

import (
	"encoding/binary"
	"fmt"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// Check reports the first invariant that the entry's own block and the head of its value's block break.
// It trusts nothing but the key length.
func (e Entry) Check() error {
	if e == 0 {
		return fmt.Errorf("object: no entry")
	}
	h := e.head()
	fail := func(format string, args ...any) error {
		return fmt.Errorf("object: key %.64q: %s", e.Key(), fmt.Sprintf(format, args...))
	}
	flags := h[4]
	t, enc := e.Type(), e.Encoding()
	if !validPair(t, enc) {
		return fail("a %s in encoding %s (%d, %d)", t, enc, t, enc)
	}
	if off, n := e.keySpan(); off == headLong && n <= 255 {
		return fail("%d bytes in the form of a long key", n)
	}
	if flags&flagWide != 0 && flags&flagExpiry == 0 {
		return fail("a wide expiry without expiry")
	}
	if flags&flagExpiry != 0 {
		at := e.Expiry()
		if wide := uint64(at) > maxNarrow; at == 0 || wide != (flags&flagWide != 0) {
			return fail("expiry %d with flags %08b", at, flags)
		}
	}
	if enc != Int && flags&(widthMask|flagSharedInt) != 0 && !(t == Hash && flags&widthMask == 0) {
		return fail("flags of an int (%08b) on encoding %s", flags, enc)
	}
	switch {
	case flat(enc):
		if err := checkFlat(enc, e.Flat()); err != nil {
			return fail("%v", err)
		}
	case t != String:
		if e.Root() == 0 {
			return fail("no root")
		}
		if err := e.checkRooted(); err != nil {
			return fail("%v", err)
		}
	case enc == Int:
		n := e.Int()
		if w := int(flags&widthMask)>>widthShift + 1; w != intWidth(n) {
			return fail("%d in %d bytes, want %d", n, w, intWidth(n))
		}
		if e.IsSharedInt() && (n < 0 || n >= SharedInts || sharedRefs[n] == 0) {
			return fail("%d is marked as shared, which it is not", n)
		}
	case enc == Raw:
		if err := checkRaw(e.Root()); err != nil {
			return fail("%v", err)
		}
	}
	return nil
}

// checkFlat verifies the bytes of a flat value.
func checkFlat(enc Encoding, b []byte) error {
	if enc == Intset {
		return intset.Validate(b)
	}
	if enc == ListpackEx {
		return hash.CheckFlat(listpack.Open(b))
	}
	if err := listpack.Validate(b, nil); err != nil {
		return err
	}
	if listpack.Open(b).Empty() {
		return fmt.Errorf("an empty listpack")
	}
	return nil
}

func validPair(t Type, enc Encoding) bool {
	switch t {
	case String:
		return enc == Raw || enc == Int || enc == Embstr
	case List:
		return enc == Listpack || enc == Quicklist
	case Set:
		return enc == Intset || enc == Listpack || enc == Hashtable
	case ZSet:
		return enc == Listpack || enc == Skiplist
	case Hash:
		return enc == Listpack || enc == ListpackEx || enc == Hashtable
	case Stream:
		return enc == StreamTree
	}
	return false
}

func checkRaw(r mem.Ref) error {
	if r == 0 {
		return fmt.Errorf("no raw block")
	}
	b := mem.Bytes(r, rawHead)
	n, alloc, refs := get40(b[rawLenOff:]), get40(b[rawAllocOff:]), binary.LittleEndian.Uint16(b[rawRefsOff:])
	if n > alloc || refs == 0 {
		return fmt.Errorf("raw block of %d bytes in %d, %d references", n, alloc, refs)
	}
	return nil
}
