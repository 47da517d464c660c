package hash

import (
	"fmt"

	"granary/internal/mem"
)

// Check verifies every invariant of the hash. It reads all fields.
func (h *Hash) Check() error {
	if err := h.t.Check(); err != nil {
		return err
	}
	var err error
	content := int64(0)
	h.Each(func(f Field) bool {
		content += int64(mem.Usable(f.Size()))
		err = f.check()
		return err == nil
	})
	if err == nil && content != h.FieldBytes() {
		err = fmt.Errorf("hash: fields of %d bytes, the sum says %d", content, h.FieldBytes())
	}
	return err
}

// check verifies that a field has the one form that its content allows.
func (f Field) check() error {
	s := f.shape()
	at := f.Expiry()
	if want := shapeOf(s.nameLen, s.valueLen, at); want != s {
		return fmt.Errorf("hash: field %.64q has the form %+v, want %+v", f.Name(), s, want)
	}
	if at < 0 || at > MaxExpiry {
		return fmt.Errorf("hash: field %.64q expires at %d", f.Name(), at)
	}
	return nil
}
